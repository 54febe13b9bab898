"""The reader of each file suffix. Files are read through `index.readers.sandbox.Sandbox`, never directly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from index.readers.base import RawArticle, Reader, UnreadableError
from index.readers.docx import read_docx
from index.readers.encoding import decode_text
from index.readers.epub import read_epub
from index.readers.feed import read_feed
from index.readers.html import read_html
from index.readers.markdown import read_markdown
from index.readers.pdf import read_pdf
from index.readers.structured import read_csv, read_json, read_jsonl

__all__ = ["IN_PROCESS_READERS", "READERS", "READER_VERSION", "Reader", "UnreadableError", "reader_for"]


READER_VERSION = "2"  # changes whenever the same bytes would give other articles: all files are then read again


def read_text(data: bytes) -> Iterator[RawArticle | UnreadableError]:
    """Read plain text as one article."""
    yield RawArticle(decode_text(data))


READERS: dict[str, Reader] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".epub": read_epub,
    ".rss": read_feed,
    ".atom": read_feed,
    ".xml": read_feed,
}

# Read in this process: they use only the standard library, in time and memory that grow with the file.
IN_PROCESS_READERS = frozenset({read_text, read_jsonl, read_csv})


def reader_for(path: PurePath) -> Reader | None:
    """Return the reader of a file by its suffix, None when this kind of file is not read."""
    return READERS.get(path.suffix.lower())
