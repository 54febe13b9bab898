"""Here is a saved feed (RSS, Atom), give me its entries."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

from index.drafts import Draft, UnreadableError
from index.markup import plain


def read_feed(data: bytes) -> Iterator[Draft | UnreadableError]:
    """Read a feed: one article an entry, of its full content where it is given, else of its summary.

    The entry's own id is not taken: many feeds count from 1.
    """
    import feedparser

    # A stream, because a string or bytes could be taken for an address or a file's name.
    feed = feedparser.parse(io.BytesIO(data), resolve_relative_uris=False, sanitize_html=False)
    if not feed.entries:
        raise UnreadableError("there is no entry in it" if feed.version else "it is not an RSS or Atom feed")
    for entry in feed.entries:
        contents = [_said(content) for content in entry.get("content", [])]
        yield Draft(
            text=max([*contents, _said(entry.get("summary_detail"))], key=len),
            title=_said(entry.get("title_detail")),
            published=entry.get("published") or entry.get("updated"),
            source=feed.feed.get("title"),
            url=entry.get("link"),
        )


def _said(content: Mapping[str, str] | None) -> str:
    content = content or {}
    value = content.get("value") or ""
    return value if content.get("type") == "text/plain" else plain(value)
