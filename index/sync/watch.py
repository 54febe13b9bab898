"""Calls an update whenever files in the folders have settled. The only importer of watchfiles."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_SETTLED = 1_000  # milliseconds without a change, after which files count as written
_LONGEST = 15_000  # milliseconds that changes are collected at most, while they go on
_RETRY = 5_000  # milliseconds after which an update that could not be done is tried again
_REGULARLY = 600.0  # seconds after which an update is made even without an event: network drives send none


def watch_folders(folders: Callable[[], Sequence[Path]], data: Path, update: Callable[[], bool]) -> None:
    """Call `update` now and each time that files in the `folders` have settled, until interrupted.

    `update` returns whether it could be done; if not it is called again soon. The list of folders may change
    meanwhile, and folders may disappear and come back. Changes in `data`, where updates themselves write, and of
    hidden files are ignored.
    """
    while True:
        inodes = _existing_folders(folders())
        done, last = update(), time.monotonic()
        for changed in _changes(list(inodes), data):
            if inodes != _existing_folders(folders()):
                break
            if changed or not done or time.monotonic() - last > _REGULARLY:
                done, last = update(), time.monotonic()


def _existing_folders(folders: Sequence[Path]) -> dict[Path, int]:
    """Return the inode of each folder that exists: it changes when the folder is replaced by another one."""
    inodes = {}
    for path in folders:
        try:
            inodes[path] = path.stat().st_ino
        except OSError:
            continue
    return inodes


def _changes(folders: Sequence[Path], data: Path) -> Iterator[bool]:
    """Yield True when changed files have settled, and False regularly while nothing changes."""
    from watchfiles import watch

    def is_watched(_change: object, name: str) -> bool:
        path = Path(name)
        relative = next((path.relative_to(folder) for folder in folders if path.is_relative_to(folder)), None)
        hidden = relative is not None and any(part.startswith(".") for part in relative.parts)
        return not hidden and not path.is_relative_to(data)

    while not folders:
        time.sleep(_RETRY / 1000)
        yield False
    for changed in watch(
        *folders, watch_filter=is_watched, debounce=_LONGEST, step=_SETTLED, rust_timeout=_RETRY, yield_on_timeout=True
    ):
        yield bool(changed)
