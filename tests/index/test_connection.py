"""SQLite's errors become errors for the user by their result code, whatever their message says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from index.errors import BusyError, DamagedStoreError, MujibError, NoIndexError, StoreError
from index.store.connection import translate_sqlite_errors

MISLEADING = "Could not decode: 'the disk is locked, unable to open, readonly'"


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        (sqlite3.OperationalError, sqlite3.SQLITE_BUSY_SNAPSHOT, BusyError),
        (sqlite3.OperationalError, sqlite3.SQLITE_LOCKED_SHAREDCACHE, BusyError),
        (sqlite3.OperationalError, sqlite3.SQLITE_CANTOPEN_ISDIR, NoIndexError),
        (sqlite3.OperationalError, sqlite3.SQLITE_READONLY_DBMOVED, NoIndexError),
        (sqlite3.OperationalError, sqlite3.SQLITE_FULL, StoreError),
        (sqlite3.OperationalError, sqlite3.SQLITE_IOERR_FSYNC, StoreError),
        (sqlite3.OperationalError, sqlite3.SQLITE_ERROR, DamagedStoreError),
        (sqlite3.OperationalError, None, DamagedStoreError),
        (sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT_VTAB, DamagedStoreError),
        (sqlite3.DatabaseError, sqlite3.SQLITE_NOTADB, DamagedStoreError),
    ],
)
def test_the_code_decides(
    kind: type[sqlite3.DatabaseError], code: int | None, expected: type[MujibError], tmp_path: Path
) -> None:
    error = kind(MISLEADING)
    if code is not None:
        error.sqlite_errorcode = code
    with pytest.raises(MujibError) as caught, translate_sqlite_errors(tmp_path / "store.sqlite"):
        raise error
    assert type(caught.value) is expected
    assert "store.sqlite" in str(caught.value)


@pytest.mark.parametrize("kind", [sqlite3.IntegrityError, sqlite3.ProgrammingError])
def test_bugs_pass_unchanged(kind: type[sqlite3.DatabaseError], tmp_path: Path) -> None:
    with pytest.raises(kind), translate_sqlite_errors(tmp_path / "store.sqlite"):
        raise kind(MISLEADING)


def test_errors_as_sqlite_raises_them(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(path, timeout=0)) as db, closing(sqlite3.connect(path, timeout=0)) as other:
        db.execute("CREATE TABLE texts (text TEXT)")
        db.execute("INSERT INTO texts VALUES (CAST(x'ff' AS TEXT))")
        db.commit()
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BusyError), translate_sqlite_errors(path):
            db.execute("BEGIN EXCLUSIVE")
        other.rollback()
        with pytest.raises(DamagedStoreError, match="UTF-8"), translate_sqlite_errors(path):
            db.execute("SELECT text FROM texts").fetchall()
        with pytest.raises(DamagedStoreError, match="no such table"), translate_sqlite_errors(path):
            db.execute("SELECT 1 FROM nowhere")
    with pytest.raises(NoIndexError), translate_sqlite_errors(path):
        sqlite3.connect(tmp_path)
