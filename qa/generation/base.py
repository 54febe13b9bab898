"""The interface of an answering model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from qa.types import Prompt

_T = TypeVar("_T")

Cancelled = Callable[[], bool]  # asked again and again while a model works; True when its reply is no longer wanted


class ReplyCutError(Exception):
    """The reply has more to say but ends here: it is no longer wanted, or as long as a reply may be."""


class Generator(Protocol):
    """Writes a reply to a prompt, piece by piece. `identity` names the model."""

    identity: str

    def stream(self, prompt: Prompt, cancelled: Cancelled) -> Iterator[str]:
        """Yield the reply in pieces of about a token. Closing the iterator stops the writing.

        Raises `ReplyCutError` within a second when `cancelled` says so, and at the most tokens of a reply.
        """
        ...

    def count(self, prompt: Prompt) -> int:
        """Return how many tokens the prompt has, about."""
        ...


POLL_SECONDS = 0.2  # seconds between two looks at whether a waiting question is still wanted


def never_cancelled() -> bool:
    """Return False: the reply is wanted to its end."""
    return False


def run_in_background(work: Callable[[], _T]) -> Future[_T]:
    """Begin `work` in a thread of its own and return its result to come."""
    executor = ThreadPoolExecutor(max_workers=1)
    try:
        return executor.submit(work)
    finally:
        executor.shutdown(wait=False)
