"""The folders and single files that the collection is read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.errors import UsageError
from index.readers.registry import reader_for
from index.store.recorded_sources import had_sources, recorded_sources


@dataclass(frozen=True, slots=True)
class SourcePath:
    """A folder of articles, or one file: where it is and the name that the articles' paths start with.

    `covers` are the names of recorded folders below it, which are part of it from now on.
    """

    path: Path
    name: str
    covers: tuple[str, ...] = ()

    @classmethod
    def of(cls, path: Path, project: Path) -> SourcePath:
        """Return the folder at `path`, named relative to the folder `project` when it lies below that, else in full."""
        path = path.expanduser().resolve()
        is_below = path.is_relative_to(project) and path != project
        return cls(path, path.relative_to(project).as_posix() if is_below else path.as_posix())

    @classmethod
    def named(cls, name: str, project: Path) -> SourcePath:
        """Return the folder that was recorded by its `name`."""
        return cls(project / name, name)


def resolve_sources(store: Path, given: Sequence[Path], first: Path, project: Path) -> list[SourcePath]:
    """Return the folders that the store records, and those `given`; `first` when there has never been one.

    A folder below another one is part of that. Raises `UsageError` for a path that cannot be read, and when all
    folders have been forgotten.
    """
    for path in given:
        _require_usable(path)
    recorded = [SourcePath.named(name, project) for name in recorded_sources(store)]
    by_path = {folder.path: folder for folder in [*(SourcePath.of(path, project) for path in given), *recorded]}
    outermost = [folder for path, folder in by_path.items() if not any(other in path.parents for other in by_path)]
    if not outermost:
        if had_sources(store):
            raise UsageError("the collection has no folder any more. Give one: `mujib index update FOLDER`.")
        return [SourcePath.of(first, project)]
    return [
        replace(folder, covers=tuple(other.name for other in recorded if folder.path in other.path.parents))
        for folder in outermost
    ]


def _require_usable(path: Path) -> None:
    if not path.exists():
        raise UsageError(f"there is no file or folder {path}. Give one that exists.")
    if path.is_file() and reader_for(path) is None:
        raise UsageError(f"{path}: files of this kind are not read. The README lists those that are.")
    if not path.resolve().as_posix().isprintable():  # bytes that are not UTF-8, line ends and the like
        raise UsageError(f"{path!a}: the name cannot be written down. Give the folder another one.")
