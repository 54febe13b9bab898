"""The interface of a reader: it takes the bytes of a file and yields raw articles.

A reader is a function that is entered in `registry.READERS` under the suffixes of its files:

    def read_text(data: bytes) -> Iterator[RawArticle | UnreadableError]:
        yield RawArticle(decode_text(data))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RawArticle:
    """One article as a file contains it, before anything is cleaned or derived.

    `details` are the fields that are shown and not searched, by their names: `author`.
    """

    text: str
    title: str = ""
    published: str | None = None
    language: str | None = None
    source: str | None = None
    url: str | None = None
    id: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)


class UnreadableError(Exception):
    """A file, or a part of it, holds no readable article; the message is the reason shown to the user.

    A reader raises it for a whole file, and yields it for a part while it goes on with the others.
    """


Reader = Callable[[bytes], Iterator[RawArticle | UnreadableError]]
