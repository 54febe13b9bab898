"""Opens the store's SQLite file and translates SQLite's errors. The only importer of sqlite3."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from index.errors import BusyError, DamagedStoreError, NoIndexError, StoreError

Connection = sqlite3.Connection
WAIT_MS = 10_000  # for another program that holds the file
REBUILD_CURE = "Run `mujib index rebuild`: it reads the articles again and replaces the store."

# Primary result codes (https://www.sqlite.org/rescode.html) that are no damage of the file.
_IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_CANNOT_OPEN = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


def damaged_store(path: Path, what: str) -> DamagedStoreError:
    """Return the error that says `what` is wrong with the store."""
    return DamagedStoreError(f"the store {path} is damaged: {what}. {REBUILD_CURE}")


def connect(path: Path) -> Connection:
    """Open the file at `path`; create it when there is none."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=WAIT_MS / 1000)
    try:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA journal_mode = WAL")  # readers keep their generation while a batch is committed
        db.execute("PRAGMA synchronous = FULL")  # a committed batch survives a power cut
    except BaseException:
        db.close()
        raise
    return db


def connect_read_only(path: Path) -> Connection:
    """Open the file at `path` for reading, as it is on disk when its folder cannot be written to."""
    if os.access(path.parent, os.W_OK):
        return connect(path)
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)


def copy_database(db: Connection, target: Path) -> None:
    """Replace the content of the file at `target` in one transaction; one that is damaged is renamed first."""
    try:
        with closing(connect(target)) as other:
            db.backup(other)
    except sqlite3.DatabaseError:
        for suffix in ("", "-wal", "-shm"):
            damaged = target.with_name(target.name + suffix)
            if damaged.exists():
                damaged.rename(target.with_name(f"{target.name}.damaged{suffix}"))
        with closing(connect(target)) as other:
            db.backup(other)


@contextmanager
def translate_sqlite_errors(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as errors for the user, by SQLite's result code.

    `BusyError` when another program holds the file, `NoIndexError` when it cannot be opened, `StoreError` when the disk
    is full or fails, `DamagedStoreError` otherwise. Violated constraints and wrong calls are bugs and pass unchanged.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        code = _primary_code(error)
        if code in _IN_USE:
            raise BusyError(f"the store {path} is in use by another program. Close it and try again.") from error
        if code in _CANNOT_OPEN:
            raise NoIndexError(
                f"the store {path} cannot be opened ({error}). Check the folder's permissions."
            ) from None
        if code in _DISK:
            raise StoreError(
                f"the store {path} could not be read or written ({error}). Look to the disk, make room if it is full, "
                "and try again: what was committed is kept."
            ) from error
        raise damaged_store(path, str(error)) from error  # also a text that is not UTF-8, which has no code


def _primary_code(error: sqlite3.Error) -> int:
    """Return the primary result code (the low byte of the extended one), 0 for an error that Python itself raises."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def lock_store(path: Path) -> FileLock:
    """Return the acquired lock of the store at `path`. Raises `BusyError` when another process holds it."""
    lock = FileLock(path.with_name(path.name + ".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise BusyError("another update of this index is running. Wait for it to end.") from None
    except OSError as error:
        raise StoreError(
            f"the folder of the store {path} cannot be written to ({error.strerror}). Make room or give another in "
            "MUJIB_DATA."
        ) from None
    return lock
