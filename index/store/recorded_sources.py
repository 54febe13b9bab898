"""The names of the folders that a store is read from, and a copy of them in a file next to it.

The copy is for a store that is damaged and cannot be read any more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from index.errors import DamagedStoreError, StoreError
from index.store.connection import connect_read_only, translate_sqlite_errors
from index.store.integrity import check_meta_checksum
from index.store.schema import SCHEMA_VERSION, is_initialized, read_version, source_names

_COPY_SUFFIX = ".folders.json"
_FIRST_WITH_CHECKSUM = 3  # the schema version since which the names are covered by a checksum


def recorded_sources(path: Path) -> tuple[str, ...]:
    """Return the names of the folders that the store at `path` is read from, from the copy when it is damaged.

    Raises `StoreError` when there is no copy either.
    """
    if not path.exists():
        return _read_copy(path) or ()
    try:
        with translate_sqlite_errors(path), closing(connect_read_only(path)) as db:
            if not is_initialized(db):
                return ()
            if _FIRST_WITH_CHECKSUM <= read_version(db) <= SCHEMA_VERSION:
                check_meta_checksum(db, path)
            return source_names(db)
    except DamagedStoreError:
        names = _read_copy(path)
        if names is None:
            raise StoreError(
                f"the store {path} is damaged and cannot tell which folders it was read from. Move it away and name "
                "them: `mujib index update FOLDER ...`."
            ) from None
        return names


def had_sources(path: Path) -> bool:
    """Return whether the store at `path` was ever read from a folder."""
    return path.exists() and has_copy(path)


def has_copy(path: Path) -> bool:
    """Return whether there is a copy of the names next to the store at `path`."""
    return _copy_path(path).exists()


def write_copy(path: Path, names: Sequence[str]) -> None:
    """Write the copy of the names next to the store at `path`, in one step. Raises `StoreError` when it cannot."""
    copy = _copy_path(path)
    try:
        new = copy.with_name(copy.name + ".new")
        new.write_text(json.dumps(names, ensure_ascii=False), "utf-8")
        new.replace(copy)
    except OSError as error:
        raise StoreError(f"{copy} cannot be written ({error.strerror}). Make room and try again.") from None


def delete_store(path: Path) -> None:
    """Delete a store that nobody uses, with the files next to it."""
    for suffix in ("", "-wal", "-shm", _COPY_SUFFIX):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _read_copy(path: Path) -> tuple[str, ...] | None:
    try:
        return tuple(json.loads(_copy_path(path).read_text("utf-8")))
    except (OSError, ValueError):
        return None


def _copy_path(path: Path) -> Path:
    return path.with_name(path.name + _COPY_SUFFIX)
