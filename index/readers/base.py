"""What every reader takes and returns: bytes in, raw articles out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RawArticle:
    """What a file says about one article, before anything is cleaned or derived."""

    text: str
    title: str = ""
    published: str | None = None
    language: str | None = None
    source: str | None = None
    url: str | None = None
    id: str | None = None


class UnreadableError(Exception):
    """The bytes are not what the name promises; the message is the reason told to the user."""


Reader = Callable[[bytes], Iterator[RawArticle | UnreadableError]]
