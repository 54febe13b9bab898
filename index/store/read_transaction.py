"""A read transaction that several threads share."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from index.store.connection import Connection, translate_sqlite_errors
from index.store.schema import SENTENCE_COLUMNS, SentenceRow, source_names

_BATCH_ROWS = 500  # rows read by one statement: SQLite takes at least 999 parameters


class ReadTransaction:
    """An open read transaction on the store at `path`: what it reads never changes. Safe to use from several threads.

    What is read is not checked here. Rows that do not exist are missing in the results.
    """

    def __init__(self, db: Connection, path: Path) -> None:
        """Take over `db`, in which a transaction has begun."""
        self.path = path
        self._db = db
        self._lock = threading.Lock()

    def close(self) -> None:
        """End the transaction."""
        self._db.close()

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Return all rows of a SELECT."""
        with self._lock, translate_sqlite_errors(self.path):
            return self._db.execute(statement, values).fetchall()

    def article_texts(self, numbers: Iterable[int]) -> Iterator[tuple[int, str]]:
        """Yield the number and text of these articles, in any order."""
        for batch in _batches(numbers):
            placeholders = ",".join("?" * len(batch))
            statement = f"SELECT number, text FROM articles WHERE number IN ({placeholders})"  # noqa: S608 - question marks
            yield from self.rows(statement, batch)

    def sentence_rows(self, numbers: Iterable[int]) -> Iterator[tuple[int, SentenceRow]]:
        """Yield the number of these passages and what is stored of their sentences, in any order."""
        for batch in _batches(numbers):
            placeholders = ",".join("?" * len(batch))
            statement = f"SELECT chunk, {SENTENCE_COLUMNS} FROM sentences WHERE chunk IN ({placeholders})"  # noqa: S608
            for number, *row in self.rows(statement, batch):
                yield number, SentenceRow._make(row)

    def source_names(self) -> tuple[str, ...]:
        """Return the names of the folders (or files) that the collection is read from."""
        with self._lock, translate_sqlite_errors(self.path):
            return source_names(self._db)


def _batches(numbers: Iterable[int]) -> Iterator[list[int]]:
    """Yield the different numbers, `_BATCH_ROWS` at a time."""
    remaining = iter(dict.fromkeys(numbers))
    while batch := list(islice(remaining, _BATCH_ROWS)):
        yield batch
