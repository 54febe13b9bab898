"""Seconds since a question was asked, stage by stage."""

from __future__ import annotations

import time


class Timings:
    """Seconds since it was made, each mark taken once."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.marks: dict[str, float] = {}

    def seconds(self) -> float:
        """Return the seconds since the timings began."""
        return time.monotonic() - self._start

    def mark(self, name: str) -> None:
        """Record when this happened, the first time it does."""
        self.marks.setdefault(name, self.seconds())

    def rounded(self) -> dict[str, float]:
        """Return the marks in milliseconds' precision."""
        return {name: round(seconds, 3) for name, seconds in self.marks.items()}
