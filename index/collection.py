"""The facade of the index: one collection of articles, from its folders to a snapshot that can be searched."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from index.errors import BusyError, MujibError, RemovalError, UsageError
from index.models.embedder import EmbeddingModel
from index.search.threads import use_one_blas_thread
from index.search.vector_index import FaissVectorIndex, MakeVectorIndex
from index.store.integrity_check import SAMPLE_PASSAGES, check_store
from index.store.recorded_sources import recorded_sources
from index.store.schema import SCHEMA_VERSION, schema_version
from index.store.snapshot import CollectionStatus, Snapshot, newest_generation, open_snapshot, require_store
from index.store.writer import Writer
from index.sync.sources import SourcePath, resolve_sources
from index.sync.update import (
    ProgressCallback,
    UpdateReport,
    estimate_report,
    forget_source,
    ignore_progress,
    preview_update,
    rebuild_store,
    require_confirmed_removals,
    update_store,
)
from index.sync.watch import watch_folders
from index.types import ReadLimits

__all__ = ["Collection", "CollectionPaths", "ProgressCallback", "UpdatePreview", "UpdateReport", "ignore_progress"]

_log = logging.getLogger("mujib.collection")


@dataclass(frozen=True, slots=True)
class UpdatePreview:
    """What an update would do, and why it would ask to be confirmed first (None: it would not)."""

    report: UpdateReport
    refusal: RemovalError | None


@dataclass(frozen=True, slots=True)
class CollectionPaths:
    """Where a collection lies.

    `store` is the store's file; `first_source` is read while no other source has been given; the names of sources
    below `base` are relative to it, so that they stay the same when `base` is moved.
    """

    store: Path
    first_source: Path
    base: Path


class Collection:
    """A collection of articles. Safe to use from several threads; opening one reads nothing yet.

    `model` embeds the articles; it is loaded only when there is something to embed. `make_vector_index` makes the
    index in which the nearest vectors are searched: FAISS in this process, or another `VectorIndex`.

    >>> collection.update([Path("~/news")]).added  # doctest: +SKIP
    120
    >>> with closing(collection): collection.snapshot().count()  # doctest: +SKIP
    431
    """

    def __init__(
        self,
        paths: CollectionPaths,
        model: EmbeddingModel,
        limits: ReadLimits,
        make_vector_index: MakeVectorIndex = FaissVectorIndex,
    ) -> None:
        self.paths = paths
        self._make_vector_index = make_vector_index
        self.model = model
        self._limits = limits
        self._snapshot: Snapshot | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the snapshot; the collection can go on being used."""
        with self._lock:
            if self._snapshot is not None:
                self._snapshot.close()
                self._snapshot = None

    def exists(self) -> bool:
        """Return whether there is a store already."""
        return self.paths.store.exists()

    def require(self) -> None:
        """Raise `NoIndexError` when there is no store yet, a `StoreError` when it cannot be read."""
        newest_generation(self.paths.store)

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot; an older one stays as it is for those who still use it.

        Raises a `StoreError` when there is no store, it is damaged, or its vectors are of another model.
        """
        with self._lock:
            store = self.paths.store
            if self._snapshot is None or self._snapshot.generation != newest_generation(store):
                use_one_blas_thread()
                self._snapshot = open_snapshot(store, self.model.identity, self._make_vector_index)
            return self._snapshot

    def status(self) -> CollectionStatus:
        """Return what the store holds. The embedding model need not be there."""
        with closing(open_snapshot(self.paths.store)) as snapshot:
            return snapshot.status()

    def sources(self, added: Sequence[Path] = ()) -> list[SourcePath]:
        """Return the folders and files that are read, with those `added`. Raises `UsageError` for an unusable path."""
        return resolve_sources(self.paths.store, added, self.paths.first_source, self.paths.base)

    def update(
        self,
        added: Sequence[Path] = (),
        *,
        confirmed: bool = False,
        progress: ProgressCallback = ignore_progress,
    ) -> UpdateReport:
        """Bring the store up to date with its sources, and with those `added` from now on.

        An interrupted update keeps what it had committed. Raises `RemovalError` when more than half of the articles
        would go and that is not `confirmed`.
        """
        sources = self.sources(added)
        with self._writer() as writer:
            report = update_store(writer, sources, self.model.load, self._limits, progress, confirmed=confirmed)
        _log_report("update", report)
        return report

    def preview(self, added: Sequence[Path] = ()) -> UpdatePreview:
        """Return what `update` would do; nothing is changed."""
        sources = self.sources(added)
        with TemporaryDirectory() as scratch:
            store = self._current_schema_copy(Path(scratch))
            with Writer(store, self.model.identity) as writer:
                view = preview_update(writer, sources, self._limits)
                report = estimate_report(writer, view.plan)
        try:
            require_confirmed_removals(view)
        except RemovalError as error:
            return UpdatePreview(report, error)
        return UpdatePreview(report, None)

    def rebuild(self, progress: ProgressCallback = ignore_progress) -> UpdateReport:
        """Make the store anew beside the old one, and put it in its place at the end."""
        sources = self.sources()
        model = self.model
        report = rebuild_store(self.paths.store, model.identity, sources, model.load, self._limits, progress)
        _log_report("rebuild", report)
        return report

    def forget(self, path: Path, *, confirmed: bool = False) -> int:
        """Take a source out of the collection, with its articles; return how many there were."""
        require_store(self.paths.store)
        source = SourcePath.of(path, self.paths.base)
        names = self.recorded_sources()
        if source.name not in names:
            known = ", ".join(names) or "none yet"
            raise UsageError(f"{path} is no folder of the collection. It is read from: {known}.")
        with self._writer() as writer:
            return forget_source(writer, source, confirmed=confirmed)

    def recorded_sources(self) -> tuple[str, ...]:
        """Return the names of the sources that the store records."""
        return recorded_sources(self.paths.store)

    def watch(
        self,
        on_update: Callable[[UpdateReport | MujibError], None],
        update: Callable[[], UpdateReport] | None = None,
    ) -> None:
        """Update now and whenever files of the sources have settled, until interrupted.

        `on_update` is given each report, and each error but only once while it stays the same. `update` is called
        in the place of `self.update`, to show its progress.
        """
        last_error = ""

        def try_update() -> bool:
            nonlocal last_error
            try:
                report = (update or self.update)()
            except MujibError as error:
                if last_error != str(error):
                    last_error = str(error)
                    on_update(error)
                return not isinstance(error, BusyError)
            last_error = ""
            on_update(report)
            return True

        watch_folders(lambda: [source.path for source in self.sources()], self.paths.store.parent.resolve(), try_update)

    def check(self, sample: int = SAMPLE_PASSAGES) -> list[str]:
        """Read everything again and embed a `sample` of passages again; return a line for each thing that is wrong."""
        return check_store(self.paths.store, self.model.load if sample else None, sample)

    def _writer(self) -> Writer:
        return Writer(self.paths.store, self.model.identity)

    def _current_schema_copy(self, scratch: Path) -> Path:
        """Return the store, or a copy in `scratch` where opening it for writing would bring it to another schema."""
        store = self.paths.store
        if store.exists() and schema_version(store) == SCHEMA_VERSION:
            return store
        copy = scratch / store.name
        if store.exists():
            shutil.copy(store, copy)
        return copy


def _log_report(action: str, report: UpdateReport) -> None:
    counts = {"added": report.added, "changed": report.changed, "moved": report.moved, "removed": report.removed}
    counts |= {"unchanged": report.unchanged, "rejected": len(report.rejected)}
    articles = ", ".join(f"{count} {name}" for name, count in counts.items())
    _log.info(
        "%s: %s; %d passages, %d embedded; %.1f s", action, articles, report.chunks, report.embedded, report.seconds
    )
