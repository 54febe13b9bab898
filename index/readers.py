"""Here is a file's suffix, give me its reader. Bytes of strangers are read through `index.worker.Worker`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from index.drafts import Draft, Reader, UnreadableError
from index.encoding import decode
from index.feeds import read_feed
from index.markup import read_html, read_markdown
from index.packages import read_docx, read_epub
from index.pdf import read_pdf
from index.records import read_csv, read_json, read_jsonl

__all__ = ["READERS", "READING", "SIMPLE", "Draft", "Reader", "UnreadableError", "reader_for"]


READING = "1"  # changes whenever the same bytes would give other articles: all files are then read again


def read_text(data: bytes) -> Iterator[Draft | UnreadableError]:
    """Read plain text as one article."""
    yield Draft(decode(data))


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

# Read in this process: by the standard library, a line at a time, in time and memory that grow with the file.
SIMPLE = frozenset({read_text, read_jsonl, read_csv})


def reader_for(path: PurePath) -> Reader | None:
    """Return the reader for a file's name, None when this kind of file is not read."""
    return READERS.get(path.suffix.lower())
