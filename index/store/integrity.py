"""Checksums and row counts: they show whether what is read is what was written."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from index.errors import OtherModelError, OtherVersionError
from index.store.connection import REBUILD_CURE, Connection, damaged_store
from index.store.schema import SCHEMA_VERSION, read_version
from index.text.chunking import CHUNKING
from index.text.tokenize import TOKENIZATION


def row_checksum(*values: object) -> int:
    """Return the checksum of a row's values: bytes as they are, text, numbers and None by their `repr`."""
    checksum = 0
    for value in values:
        data = value if isinstance(value, bytes) else repr(value).encode()
        checksum = zlib.crc32(data, zlib.crc32(b"%d:" % len(data), checksum))
    return checksum


def write_meta_checksum(db: Connection) -> None:
    """Write the checksum of `meta`, the ledger and the folders.

    It is the last step of every transaction that changes one of them.
    """
    db.execute("INSERT OR REPLACE INTO meta VALUES ('crc', ?)", (str(_meta_checksum(db)),))


def check_meta_checksum(db: Connection, path: Path) -> None:
    """Raise `DamagedStoreError` when `meta`, the ledger or the folders are not as they were written."""
    written = db.execute("SELECT value FROM meta WHERE name = 'crc'").fetchone()
    if written is None or written[0] != str(_meta_checksum(db)):
        raise damaged_store(path, "what it says of itself is not as it was written")


def _meta_checksum(db: Connection) -> int:
    rows = (
        *db.execute("SELECT name, value FROM meta WHERE name != 'crc' ORDER BY name"),
        *db.execute("SELECT name, rows, total FROM ledger ORDER BY name"),
        *db.execute("SELECT name FROM folders ORDER BY name"),
    )
    return row_checksum(*rows)


def read_meta(db: Connection) -> dict[str, str]:
    """Return what `meta` says of the store, not checked."""
    return dict(db.execute("SELECT name, value FROM meta"))


def check_compatible(db: Connection, path: Path, embedding: str | None) -> dict[str, str]:
    """Return what `meta` says of the store.

    Raises a `StoreError` when the store is of another version, not as it was written, or has vectors of another model
    than `embedding` (None: any).
    """
    version = read_version(db)
    if version != SCHEMA_VERSION:
        cure = "Run `mujib index update`: it brings it up to date." if 1 < version < SCHEMA_VERSION else REBUILD_CURE
        cure = "Use that version, or a newer one." if version > SCHEMA_VERSION else cure
        raise OtherVersionError(f"the store {path} was written by another version of Mujib. {cure}")
    meta = read_meta(db)
    check_meta_checksum(db, path)
    check_text_processing(meta, path)
    if embedding is not None and meta["embedding"] != embedding:
        raise OtherModelError(
            f"the store {path} was made with the embedding model {meta['embedding']}, not {embedding}. {REBUILD_CURE}"
        )
    return meta


def check_text_processing(meta: Mapping[str, str], path: Path) -> None:
    """Raise `OtherVersionError` when the passages or tokens of the store are not cut as this version cuts them."""
    if (meta["chunking"], meta["analysis"]) != (CHUNKING, TOKENIZATION):
        raise OtherVersionError(f"the store {path} was written by another version of Mujib. {REBUILD_CURE}")


def read_verified(db: Connection, path: Path, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Return these columns of all rows of a table.

    Raises `DamagedStoreError` when a row is not as it was written, or one is missing or too many.
    """
    found = db.execute(f"SELECT crc, {columns} FROM {table}").fetchall()  # noqa: S608 - names of tables and columns
    rows = [row[1:] for row in found]
    if any(row_checksum(*row) != checksum for row, (checksum, *_) in zip(rows, found, strict=True)):
        raise damaged_store(path, f"one of its {table} is not as it was written")
    written, total = db.execute("SELECT rows, total FROM ledger WHERE name = ?", (table,)).fetchone()
    if (len(found), sum(row[0] for row in found)) != (written, total):
        raise damaged_store(path, f"{written} {table} were written, {len(found)} are there")
    return rows
