"""Calls an update whenever files in the folders have settled. The only importer of watchfiles."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_SETTLED = 1_000  # milliseconds without a change, after which files count as written
_LONGEST = 15_000  # milliseconds that changes are gathered at most, while they go on
_AGAIN = 5_000  # milliseconds after which an update that could not be done is tried again
_ANYWAY = 600.0  # seconds after which the folders are looked at even if nothing was told: network drives tell nothing


def watch_folders(folders: Callable[[], Sequence[Path]], data: Path, update: Callable[[], bool]) -> None:
    """Call `update` now and each time that files in the `folders` have settled, until interrupted.

    `update` returns whether it could be done; if not it is called again soon. The folders may change meanwhile,
    be away and come back. What happens in `data`, where updates themselves write, and to hidden files is passed over.
    """
    while True:
        there = _there(folders())
        done, last = update(), time.monotonic()
        for changed in _changes([path for path, _ in there], data):
            if there != _there(folders()):
                break
            if changed or not done or time.monotonic() - last > _ANYWAY:
                done, last = update(), time.monotonic()


def _there(folders: Sequence[Path]) -> list[tuple[Path, int]]:
    """Return the folders that are there, each with what tells it from another one made in its place."""
    found = []
    for path in folders:
        try:
            found.append((path, path.stat().st_ino))
        except OSError:
            continue
    return found


def _changes(folders: Sequence[Path], data: Path) -> Iterator[bool]:
    """Yield whether something has changed: when it has settled, and now and then anyway."""
    from watchfiles import watch as changes

    def counts(_change: object, path: str) -> bool:
        inside = next((Path(path).relative_to(folder) for folder in folders if Path(path).is_relative_to(folder)), None)
        hidden = inside is not None and any(part.startswith(".") for part in inside.parts)
        return not hidden and not Path(path).is_relative_to(data)

    while not folders:
        time.sleep(_AGAIN / 1000)
        yield False
    for changed in changes(
        *folders, watch_filter=counts, debounce=_LONGEST, step=_SETTLED, rust_timeout=_AGAIN, yield_on_timeout=True
    ):
        yield bool(changed)
