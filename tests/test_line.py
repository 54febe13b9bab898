"""Standing in line: first come, first served, up to a bound."""

from __future__ import annotations

import threading

import pytest

from index.errors import BusyError
from qa.line import Line
from qa.types import Waiting


def never() -> bool:
    return False


def test_first_come_first_served_and_each_is_told_how_many_are_before() -> None:
    line = Line()
    told: dict[int, list[int]] = {}
    served: list[int] = []
    joined = [threading.Event() for _ in range(5)]

    def ask(number: int) -> None:
        with line.place() as place:
            joined[number].set()
            told[number] = [waiting.ahead for waiting in place.turn(never)]
            served.append(number)

    with line.place() as first:
        assert list(first.turn(never)) == []
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
    line = Line(2)
    with line.place(), line.place(), pytest.raises(BusyError, match="Ask again in a moment"), line.place():
        pass
    with line.place() as place:
        assert list(place.turn(never)) == []


def test_who_no_longer_wants_an_answer_leaves_the_line() -> None:
    line = Line()
    stop = threading.Event()
    with line.place(), line.place() as second:
        waiting = second.turn(stop.is_set)
        assert next(waiting) == Waiting(1)
        stop.set()
        assert list(waiting) == []
