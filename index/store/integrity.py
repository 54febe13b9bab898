"""Checksums and row counts: is what is read what was written?"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from index.errors import OtherModelError, OtherVersionError
from index.store.connection import REBUILD_CURE, Connection, damaged_store
from index.store.schema import SCHEMA_VERSION, create_tables, is_initialized
from index.text.chunking import CHUNKING
from index.text.tokenize import TOKENIZATION


def create_schema(db: Connection, embedding: str) -> None:
    """Make the tables of a store for vectors of the model `embedding`, within the caller's transaction."""
    create_tables(db)
    meta = {"generation": "0", "embedding": embedding, "dimension": "0", "chunking": CHUNKING, "analysis": TOKENIZATION}
    db.executemany("INSERT INTO meta VALUES (?,?)", meta.items())
    write_seal(db)


def write_seal(db: Connection) -> None:
    """Write the checksum of `meta`, the ledger and the folders: the last step of every transaction that changes one."""
    db.execute("INSERT OR REPLACE INTO meta VALUES ('crc', ?)", (str(_seal_value(db)),))


def _seal_value(db: Connection) -> int:
    rows = (
        *db.execute("SELECT name, value FROM meta WHERE name != 'crc' ORDER BY name"),
        *db.execute("SELECT name, rows, total FROM ledger ORDER BY name"),
        *db.execute("SELECT name FROM folders ORDER BY name"),
    )
    return row_checksum(*rows)


def check_compatible(db: Connection, path: Path, embedding: str | None) -> dict[str, str]:
    """Return what `meta` says. Raises a `StoreError` when the store is not one that can be used.

    That is: of this version, whole, and with vectors of the model `embedding` (None: any).
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        cure = "Run `mujib index update`: it brings it up to date." if 1 < version < SCHEMA_VERSION else REBUILD_CURE
        cure = "Use that version, or a newer one." if version > SCHEMA_VERSION else cure
        raise OtherVersionError(f"the store {path} was written by another version of Mujib. {cure}")
    meta: dict[str, str] = dict(db.execute("SELECT name, value FROM meta"))
    check_seal(db, path)
    if (meta["chunking"], meta["analysis"]) != (CHUNKING, TOKENIZATION):
        raise OtherVersionError(f"the store {path} was written by another version of Mujib. {REBUILD_CURE}")
    if embedding is not None and meta["embedding"] != embedding:
        raise OtherModelError(
            f"the store {path} was made with the embedding model {meta['embedding']}, not {embedding}. {REBUILD_CURE}"
        )
    return meta


def check_seal(db: Connection, path: Path) -> None:
    """Raise `DamagedStoreError` when what a store of this version says of itself and its folders is not as written."""
    if is_initialized(db) and db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION:
        written = db.execute("SELECT value FROM meta WHERE name = 'crc'").fetchone()
        if written is None or written[0] != str(_seal_value(db)):
            raise damaged_store(path, "what it says of itself is not as it was written")


def read_verified(db: Connection, path: Path, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Return all rows of a table, each what was written, and none missing. Raises `DamagedStoreError` otherwise."""
    found = db.execute(f"SELECT crc, {columns} FROM {table}").fetchall()
    rows = [row[1:] for row in found]
    if any(row_checksum(*row) != checksum for row, (checksum, *_) in zip(rows, found, strict=True)):
        raise damaged_store(path, f"one of its {table} is not as it was written")
    written, total = db.execute("SELECT rows, total FROM ledger WHERE name = ?", (table,)).fetchone()
    if (len(found), sum(row[0] for row in found)) != (written, total):
        raise damaged_store(path, f"{written} {table} were written, {len(found)} are there")
    return rows


def row_checksum(*values: object) -> int:
    """Return the checksum of a row's values: text, numbers and None by how they are written, bytes as they are."""
    checksum = 0
    for value in values:
        data = value if isinstance(value, bytes) else repr(value).encode()
        checksum = zlib.crc32(data, zlib.crc32(b"%d:" % len(data), checksum))
    return checksum
