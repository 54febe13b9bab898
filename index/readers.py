"""Here are the bytes of a file, give me the articles in it. One small reader for each format."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

READING = "1"  # changes whenever the same bytes would give other articles: all files are then read again
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Draft:
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


Reader = Callable[[bytes], Iterator[Draft | UnreadableError]]


def read_text(data: bytes) -> Iterator[Draft | UnreadableError]:
    """Read plain text as one article."""
    yield Draft(decode(data))


def read_markdown(data: bytes) -> Iterator[Draft | UnreadableError]:
    """Read Markdown as one article; front matter may name `title`, `date`, `language`, `source`, `url`, `id`."""
    import frontmatter
    import yaml
    from markdown_it import MarkdownIt

    try:
        metadata, body = frontmatter.parse(decode(data))
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
    yield _draft({"title": heading, **metadata, "text": "\n\n".join(lines)})


def _inline_text(token: Any) -> str:
    if token.type in {"softbreak", "hardbreak"}:
        return "\n"
    return "" if token.type == "html_inline" else str(token.content)


# What a page holds but shows nobody: a place to hide orders to a model.
_STYLE = "translate(@style, ' ', '')"
_UNSEEN = (
    "//*[@hidden]",
    *(f"//*[contains({_STYLE}, '{rule}')]" for rule in ("display:none", "visibility:hidden", "font-size:0")),
)


def read_html(data: bytes) -> Iterator[Draft | UnreadableError]:
    """Read a saved web page: the article in it, with title, date, author's site and address where it says them."""
    import trafilatura
    from lxml.etree import LxmlError

    try:
        # Links and pictures are dropped; tables and comments are not part of an article's running text.
        page = trafilatura.bare_extraction(
            decode(data), with_metadata=True, include_comments=False, prune_xpath=list(_UNSEEN)
        )
    except (LxmlError, ValueError, RecursionError) as error:
        raise UnreadableError(f"no article could be taken out of the page ({type(error).__name__})") from None
    if page is None:
        raise UnreadableError("there is no article text in the page")
    yield Draft(
        text=page.text or "",
        title=page.title or "",
        published=page.date,
        source=page.sitename or page.hostname,
        url=page.url,
    )


def read_jsonl(data: bytes) -> Iterator[Draft | UnreadableError]:
    """Read JSON Lines: one article a line, with `text` and any of the other names of `Draft`."""
    for number, line in enumerate(decode(data).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if not isinstance(record, dict) or not isinstance(record.get("text"), str):
                raise UnreadableError("not an object with a `text`")
            yield _draft(record)
        except (ValueError, RecursionError):
            yield UnreadableError(f"line {number} is not JSON")
        except UnreadableError as error:
            yield UnreadableError(f"line {number}: {error}")


READERS: dict[str, Reader] = {
    ".txt": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".jsonl": read_jsonl,
}


def reader_for(path: PurePath) -> Reader | None:
    """Return the reader for a file's name, None when this kind of file is not read."""
    return READERS.get(path.suffix.lower())


def decode(data: bytes) -> str:
    """Return the text in `data`: UTF-8 or UTF-16 with a mark, UTF-8, or windows-1256 when that gives Arabic.

    Raises `UnreadableError` for anything else: a wrong guess would be indexed as nonsense.
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise UnreadableError(f"it starts like {encoding} but is not") from None
    if _CONTROLS.search(data.decode("latin-1")):
        raise UnreadableError("it is not text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    text = data.decode("cp1256")
    foreign = [c for c in text if ord(c) > 127]
    arabic = sum("\u0621" <= c <= "\u0652" for c in foreign)
    if arabic < 0.8 * len(foreign):  # Arabic prose is nearly all letters there; other encodings read so are not
        raise UnreadableError("its encoding is neither UTF-8 nor windows-1256")
    return text


def _draft(record: dict[str, Any]) -> Draft:
    def field(*names: str) -> str | None:
        values = (record[name] for name in names if record.get(name) is not None)
        return next((str(value) for value in values if isinstance(value, str | int | float) or _is_date(value)), None)

    return Draft(
        text=record["text"],
        title=field("title") or "",
        published=field("published", "date"),
        language=field("language", "lang"),
        source=field("source"),
        url=field("url"),
        id=field("id"),
    )


def _is_date(value: object) -> bool:
    return hasattr(value, "isoformat")
