"""Brings a store of an earlier schema to the present one, one numbered step after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

from index.store.connection import Connection, damaged_store
from index.store.integrity import row_checksum, write_seal
from index.store.schema import ARTICLE_HEAD_COLUMNS, CHUNK_COLUMNS, create_tables


def migrate(db: Connection, path: Path) -> None:
    """Bring the store in `db` to `layout.VERSION`, each step in one transaction; leave one that is too old as it is.

    Raises `DamagedStoreError` when it is not what was written.
    """
    while (step := _STEPS.get(version := db.execute("PRAGMA user_version").fetchone()[0])) is not None:
        db.execute("PRAGMA foreign_keys = OFF")  # tables are replaced; cannot be changed within a transaction
        db.execute("BEGIN IMMEDIATE")
        try:
            step(db, path)
            db.execute(f"PRAGMA user_version = {version + 1}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        finally:
            db.execute("PRAGMA foreign_keys = ON")


def _m003_checksums_and_file_records(db: Connection, path: Path) -> None:
    """A checksum for every row, a ledger of them, and what is remembered of each file (nothing yet)."""
    db.execute("PRAGMA legacy_alter_table = ON")  # other tables go on naming those that are made anew
    for table in ("meta", "folders", "articles", "chunks", "sentences", "terms", "updates"):
        db.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    for name in ("articles_by_path", "chunks_by_article", "chunks_by_key"):
        db.execute(f"DROP INDEX {name}")
    create_tables(db)
    for table in ("meta", "folders", "updates"):
        db.execute(f"INSERT INTO {table} SELECT * FROM old_{table}")
    for number, token in _rows(db, "SELECT number, token FROM old_terms"):
        db.execute("INSERT INTO terms VALUES (?,?,?)", (number, token, row_checksum(number, token)))
    for text, *head in _rows(db, f"SELECT text, {ARTICLE_HEAD_COLUMNS} FROM old_articles"):
        db.execute(
            f"INSERT INTO articles (crc, text, {ARTICLE_HEAD_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (row_checksum(*head), text, *head),
        )
    for vectors, places, inside, outside, *row in _rows(
        db,
        'SELECT vectors, places, s.crc, c.crc, number, article, ordinal, start, "end", key, vector, terms, counts'
        " FROM old_chunks c JOIN old_sentences s ON chunk = number",
    ):
        if _crc_of_2(vectors, places) != inside or _crc_of_2(*row[-3:]) != outside:
            raise damaged_store(path, "a vector is not the one written")
        row.append(row_checksum(vectors, places))
        db.execute(
            f"INSERT INTO chunks (crc, {CHUNK_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (row_checksum(*row), *row),
        )
        db.execute("INSERT INTO sentences VALUES (?,?,?)", (row[0], vectors, places))
    for table in ("sentences", "chunks", "articles", "terms", "folders", "meta", "updates"):
        db.execute(f"DROP TABLE old_{table}")
    write_seal(db)


def _rows(db: Connection, query: str) -> Iterator[list[Any]]:
    """Yield the rows of a query, which goes on while others are made."""
    for row in db.execute(query):
        yield list(row)


def _crc_of_2(*blobs: bytes) -> int:
    checksum = 0
    for blob in blobs:
        checksum = crc32(blob, checksum)
    return checksum


_STEPS: Mapping[int, Callable[[Connection, Path], None]] = {2: _m003_checksums_and_file_records}
