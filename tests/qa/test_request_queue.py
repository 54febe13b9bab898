"""The queue of questions: first come, first served, up to a bound."""

from __future__ import annotations

import threading

import pytest

from index.errors import BusyError
from qa.request_queue import RequestQueue
from qa.types import Waiting


def never() -> bool:
    return False


def test_first_come_first_served_and_each_learns_how_many_are_before() -> None:
    queue = RequestQueue()
    counts_of: dict[int, list[int]] = {}
    served: list[int] = []
    joined = [threading.Event() for _ in range(5)]

    def ask(number: int) -> None:
        with queue.take_ticket() as ticket:
            joined[number].set()
            counts_of[number] = [waiting.ahead for waiting in ticket.wait(never)]
            served.append(number)

    with queue.take_ticket() as first:
        assert list(first.wait(never)) == []
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
        for number, thread in enumerate(threads):
            thread.start()
            assert joined[number].wait(5)
        assert served == []
    for thread in threads:
        thread.join(5)
    assert served == [0, 1, 2, 3, 4]
    assert counts_of[4][0] == 5
    assert all(
        counts == sorted(counts, reverse=True) and counts[0] == number + 1 for number, counts in counts_of.items()
    )


def test_one_too_many_is_refused_and_a_ticket_that_is_given_back_is_free() -> None:
    queue = RequestQueue(2)
    with (
        queue.take_ticket(),
        queue.take_ticket(),
        pytest.raises(BusyError, match="Ask again in a moment"),
        queue.take_ticket(),
    ):
        pass
    with queue.take_ticket() as ticket:
        assert list(ticket.wait(never)) == []


def test_a_cancelled_question_leaves_the_queue() -> None:
    queue = RequestQueue()
    stop = threading.Event()
    with queue.take_ticket(), queue.take_ticket() as second:
        waiting = second.wait(stop.is_set)
        assert next(waiting) == Waiting(1)
        stop.set()
        assert list(waiting) == []
