"""The names of the folders a store is read from, and a copy of them beside it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from index.errors import DamagedStoreError, StoreError
from index.store.connection import (
    connect_read_only,
    translate_sqlite_errors,
)
from index.store.integrity import check_seal
from index.store.schema import is_initialized, source_names

COPY_SUFFIX = ".folders.json"  # beside the store: a copy of the names of its folders


def delete_store(path: Path) -> None:
    """Delete a store that nobody uses, with the files SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm", COPY_SUFFIX):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def recorded_sources(path: Path) -> tuple[str, ...]:
    """Return the folders that the store at `path` is read from, by the copy beside it when it cannot tell any more.

    Raises `StoreError` when that is lost too.
    """
    if not path.exists():
        return read_copy(path) or ()
    try:
        with translate_sqlite_errors(path), closing(connect_read_only(path)) as db:
            check_seal(db, path)
            return source_names(db) if is_initialized(db) else ()
    except DamagedStoreError:
        names = read_copy(path)
        if names is None:
            raise StoreError(
                f"the store {path} is damaged and cannot tell which folders it was read from. Move it away and name "
                "them: `mujib index update FOLDER ...`."
            ) from None
        return names


def had_sources(path: Path) -> bool:
    """Return whether the store at `path` was ever read from a folder."""
    return path.exists() and copy_path(path).exists()


def read_copy(path: Path) -> tuple[str, ...] | None:
    try:
        return tuple(json.loads(copy_path(path).read_text("utf-8")))
    except (OSError, ValueError):
        return None


def copy_path(path: Path) -> Path:
    return path.with_name(path.name + COPY_SUFFIX)
