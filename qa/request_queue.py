"""Questions that wait for the model, first come, first served, up to a bound."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from index.errors import BusyError
from qa.types import Waiting

MAX_WAITING = 16  # questions that are answered or wait at one time: more are asked to come again
_POLL_SECONDS = 0.2  # after which a waiting question looks whether its answer is still wanted


@dataclass(eq=False)
class RequestQueue:
    """First come, first served. Safe to use from several threads."""

    places: int = MAX_WAITING
    _tickets: list[Ticket] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def take_ticket(self) -> Iterator[Ticket]:
        """Take a place at the end of the queue, and give it back when done. Raises `BusyError` when none is free."""
        ticket = Ticket(self)
        with self._changed:
            if len(self._tickets) >= self.places:
                raise BusyError("as many questions as are taken wait already. Ask again in a moment.")
            self._tickets.append(ticket)
        try:
            yield ticket
        finally:
            with self._changed:
                self._tickets.remove(ticket)
                self._changed.notify_all()

    def ahead_of(self, ticket: Ticket) -> int:
        """Return how many are before a ticket."""
        with self._changed:
            return self._tickets.index(ticket)

    def wait_for_change(self) -> None:
        """Wait until somebody leaves the queue, or a moment."""
        with self._changed:
            self._changed.wait(_POLL_SECONDS)


@dataclass(eq=False, frozen=True)
class Ticket:
    """A place in the queue."""

    queue: RequestQueue

    def wait(self, cancelled: Callable[[], bool]) -> Iterator[Waiting]:
        """Yield how many are ahead whenever that changes; return when nobody is, or `cancelled` says so."""
        reported = 0
        while (ahead := self.queue.ahead_of(self)) and not cancelled():
            if ahead != reported:
                yield Waiting(ahead)
                reported = ahead
            self.queue.wait_for_change()
