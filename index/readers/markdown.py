"""Reads Markdown with front matter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from index.readers.base import RawArticle, UnreadableError
from index.readers.encoding import decode_text
from index.readers.structured import record_to_article


def read_markdown(data: bytes) -> Iterator[RawArticle | UnreadableError]:
    """Read Markdown as one article; front matter may name what a record may: `title`, `date`, `source`, `author`."""
    import frontmatter
    import yaml
    from markdown_it import MarkdownIt

    try:
        metadata, body = frontmatter.parse(decode_text(data))
    except yaml.YAMLError as error:
        raise UnreadableError(f"its front matter is not YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(metadata, dict):
        raise UnreadableError("its front matter is not a list of names and values")
    heading = ""
    lines: list[str] = []
    tokens = MarkdownIt().parse(body)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline":
            line = "".join(_inline_text(child) for child in token.children or [])
            if before is not None and before.tag == "h1" and not heading:
                heading = line
            else:
                lines.append(line)
        elif token.type in {"fence", "code_block"}:
            lines.append(token.content)
    yield record_to_article({"title": heading, **metadata, "text": "\n\n".join(lines)})


def _inline_text(token: Any) -> str:
    if token.type in {"softbreak", "hardbreak"}:
        return "\n"
    return "" if token.type == "html_inline" else str(token.content)
