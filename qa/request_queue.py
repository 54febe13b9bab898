"""Questions that wait for the model, first come, first served, up to a bound."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from index.errors import BusyError
from qa.types import Waiting

MAX_WAITING = 16  # questions that are answered or wait at one time: more are told to come again
_LOOK = 0.2  # seconds after which one who waits looks whether the answer is still wanted


@dataclass(eq=False)
class RequestQueue:
    """First come, first served. Safe to use from several threads."""

    places: int = MAX_WAITING
    _taken: list[Ticket] = field(default_factory=list)
    _moved: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def take_ticket(self) -> Iterator[Ticket]:
        """Take a place at the end of the line, and leave it at the end. Raises `BusyError` when none is free."""
        place = Ticket(self)
        with self._moved:
            if len(self._taken) >= self.places:
                raise BusyError("as many questions as are taken wait already. Ask again in a moment.")
            self._taken.append(place)
        try:
            yield place
        finally:
            with self._moved:
                self._taken.remove(place)
                self._moved.notify_all()


@dataclass(eq=False, frozen=True)
class Ticket:
    """A place in the line."""

    _line: RequestQueue

    def wait(self, stop: Callable[[], bool]) -> Iterator[Waiting]:
        """Yield how many are before this place whenever that changes, and return when none is, or `stop` says so."""
        told = 0
        while (ahead := self._ahead()) and not stop():
            if ahead != told:
                yield Waiting(ahead)
                told = ahead
            with self._line._moved:
                self._line._moved.wait(_LOOK)

    def _ahead(self) -> int:
        with self._line._moved:
            return self._line._taken.index(self)
