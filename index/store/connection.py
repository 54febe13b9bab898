"""Opens the store's SQLite file and translates what SQLite finds wrong with it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from index.errors import BusyError, DamagedStoreError, NoIndexError, StoreError

Connection = sqlite3.Connection
DatabaseError = sqlite3.DatabaseError
WAIT_MS = 10_000  # for another program that has the file to itself
REBUILD_CURE = "Run `mujib index rebuild`: it reads the articles again and replaces the store."


def damaged_store(path: Path, what: str) -> DamagedStoreError:
    """Return the error that says `what` is wrong with the store."""
    return DamagedStoreError(f"the store {path} is damaged: {what}. {REBUILD_CURE}")


def connect(path: Path) -> Connection:
    """Open the file at `path`, made if need be."""
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
    """Open the file at `path` for reading: as it lies there when nothing can be written beside it."""
    if os.access(path.parent, os.W_OK):
        return connect(path)
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)


@contextmanager
def translate_sqlite_errors(path: Path) -> Iterator[None]:
    """Tell what SQLite finds wrong with the file in one line with its cure."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BusyError(f"the store {path} is in use by another program. Close it and try again.") from error
        if "unable to open" in str(error) or "readonly" in str(error):
            raise NoIndexError(
                f"the store {path} cannot be opened ({error}). Check the folder's permissions."
            ) from None
        if "disk" in str(error):
            raise StoreError(
                f"the store {path} could not be read or written ({error}). Look to the disk, make room if it is full, "
                "and try again: what was committed is kept."
            ) from error
        raise damaged_store(path, str(error)) from error  # a schema or a text that is no longer one
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        raise damaged_store(path, str(error)) from error


def lock_store(path: Path) -> FileLock:
    """Return the lock of the store at `path`, taken. Raises `BusyError` when another process has it."""
    taken = FileLock(path.with_name(path.name + ".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        taken.acquire(timeout=0)
    except Timeout:
        raise BusyError("another update of this index is running. Wait for it to end.") from None
    except OSError as error:
        raise StoreError(
            f"the folder of the store {path} cannot be written to ({error.strerror}). Make room or give another in "
            "MUJIB_DATA."
        ) from None
    return taken
