"""Standing in line: first come, first served, up to a bound."""

from __future__ import annotations

import threading

import pytest

from index.errors import BusyError
from qa.request_queue import RequestQueue
from qa.types import Waiting


def never() -> bool:
    return False


def test_first_come_first_served_and_each_is_told_how_many_are_before() -> None:
    line = RequestQueue()
    told: dict[int, list[int]] = {}
    served: list[int] = []
    joined = [threading.Event() for _ in range(5)]

    def ask(number: int) -> None:
        with line.take_ticket() as place:
            joined[number].set()
            told[number] = [waiting.ahead for waiting in place.wait(never)]
            served.append(number)

    with line.take_ticket() as first:
        assert list(first.wait(never)) == []
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
        for number, thread in enumerate(threads):
            thread.start()
            assert joined[number].wait(5)
        assert served == []
    for thread in threads:
        thread.join(5)
    assert served == [0, 1, 2, 3, 4]
    assert told[4][0] == 5
    assert all(counts == sorted(counts, reverse=True) and counts[0] == number + 1 for number, counts in told.items())


def test_one_too_many_is_told_so_and_a_place_that_is_left_is_free() -> None:
    line = RequestQueue(2)
    with (
        line.take_ticket(),
        line.take_ticket(),
        pytest.raises(BusyError, match="Ask again in a moment"),
        line.take_ticket(),
    ):
        pass
    with line.take_ticket() as place:
        assert list(place.wait(never)) == []


def test_who_no_longer_wants_an_answer_leaves_the_line() -> None:
    line = RequestQueue()
    stop = threading.Event()
    with line.take_ticket(), line.take_ticket() as second:
        waiting = second.wait(stop.is_set)
        assert next(waiting) == Waiting(1)
        stop.set()
        assert list(waiting) == []
