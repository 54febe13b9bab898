"""Reads saved feeds (RSS, Atom): one article for each entry."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from index.readers.base import RawArticle, UnreadableError
from index.readers.html import html_to_text


def read_feed(data: bytes) -> Iterator[RawArticle | UnreadableError]:
    """Read a feed: one article for each entry, of its full content where there is any, else of its summary.

    The entry's own id is not used: many feeds count from 1.
    """
    import feedparser

    # A stream, because a string or bytes could be taken for an address or a file's name.
    feed = feedparser.parse(io.BytesIO(data), resolve_relative_uris=False, sanitize_html=False)
    if not feed.entries:
        raise UnreadableError("there is no entry in it" if feed.version else "it is not an RSS or Atom feed")
    for entry in feed.entries:
        contents = [_content_text(content) for content in entry.get("content", [])]
        author = _entry_author(entry)
        yield RawArticle(
            text=max([*contents, _content_text(entry.get("summary_detail"))], key=len),
            title=_content_text(entry.get("title_detail")),
            published=entry.get("published") or entry.get("updated"),
            source=feed.feed.get("title"),
            url=entry.get("link"),
            details={"author": author} if author else {},
        )


def _entry_author(entry: Mapping[str, Any]) -> str:
    """Return the names of an entry's authors, without their addresses where both are given."""
    names = [author.get("name") for author in entry.get("authors") or []]
    return ", ".join(name for name in names if name) or entry.get("author") or ""


def _content_text(content: Mapping[str, str] | None) -> str:
    content = content or {}
    value = content.get("value") or ""
    return value if content.get("type") == "text/plain" else html_to_text(value)
