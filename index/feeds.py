"""Here is a saved feed (RSS, Atom), give me its entries."""

from __future__ import annotations

import io
from collections.abc import Iterator

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
        contents = [content.get("value", "") for content in entry.get("content", [])]
        text = plain(max([*contents, entry.get("summary", "")], key=len) or "<p></p>")
        yield Draft(
            text=text,
            title=plain(entry.get("title", "")),
            published=entry.get("published") or entry.get("updated"),
            language=entry.get("language") or feed.feed.get("language"),
            source=feed.feed.get("title"),
            url=entry.get("link"),
        )
