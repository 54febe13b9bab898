"""Brings the store up to date with its folders: scan, diff, embed what is new, commit batch by batch."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import CollectionError, RemovalError, StoreError
from index.models.embedder import Embedder
from index.store.connection import lock_store
from index.store.hashing import passage_key
from index.store.recorded_sources import delete_store
from index.store.writer import Writer
from index.sync.diff import UpdatePlan, diff
from index.sync.scan import ScanResult, scan
from index.sync.sources import SourcePath
from index.text.chunking import sentence_spans, split_into_chunks
from index.types import ArticleChange, Chunk, FileRecord, ReadLimits, Rejection, StoredArticle

# Passages embedded and committed together: about 15 s of work on two cores, which is what an interruption can cost.
BATCH_CHUNKS = 64
_KEPT_REASONS = 100  # of rejections, in the log of updates

ProgressCallback = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """What an update did, or would do: how many articles and passages, and of which files."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    rejected: tuple[Rejection, ...] = ()
    chunks: int = 0
    embedded: int = 0
    seconds: float = 0.0
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by "added", "changed", "moved", "removed"

    @property
    def done(self) -> int:
        """Return how many articles it touched."""
        return self.added + self.changed + self.moved + self.removed


@dataclass(frozen=True, slots=True)
class UpdatePreview:
    """What is stored, what the folders hold, and so what is to be done."""

    plan: UpdatePlan
    stored: Mapping[str, StoredArticle]
    seen: Mapping[str, Sequence[FileRecord]]  # by folder
    news: bool  # whether a file or folder is not as it is remembered, even if no article is touched by that


def update_store(
    writer: Writer,
    folders: Sequence[SourcePath],
    embedder: Callable[[], Embedder],
    limits: ReadLimits,
    progress: ProgressCallback = lambda _done, _total: None,
    *,
    confirmed: bool = False,
) -> UpdateReport:
    """Bring the store up to date with `folders` and return what changed.

    Each batch is one transaction: an interruption at any moment keeps all that were committed, and the next update
    goes on from there. `embedder` is called only when there is something to embed. `progress` is told how many of
    how many passages are done. Raises `CollectionError` when the folders hold no article at all, and `RemovalError`
    when more than half of all articles would go and that is not `confirmed`.
    """
    start = time.monotonic()
    view = preview_update(writer, folders, limits)
    plan = view.plan
    if not confirmed:
        require_confirmed_removals(view)
    report = planned_report(plan)
    if not (report.done or view.news):
        return replace(report, seconds=round(time.monotonic() - start, 3))
    writer.record_files(view.seen)
    passages = [(change, split_into_chunks(change.article)) for change in plan.write]
    total = sum(len(chunks) for _, chunks in passages)
    progress(0, total)
    for batch in _batches(passages):
        rows, embedded = _vectors(writer, embedder, batch)
        writer.commit(plan.folder_of, rows)
        report = replace(
            report,
            chunks=report.chunks + sum(len(chunks) for _, chunks in batch),
            embedded=report.embedded + embedded,
        )
        progress(report.chunks, total)
    if plan.move:
        writer.move(plan.move, plan.folder_of)
    if plan.drop:
        writer.delete_articles([item.id for item in plan.drop])
    writer.remove_sources([name for folder in folders for name in folder.covers])
    report = replace(report, seconds=round(time.monotonic() - start, 3))
    writer.record_update(_as_log(report), datetime.now(UTC).isoformat(timespec="seconds"))
    return report


def rebuild_store(
    path: Path,
    embedding: str,
    folders: Sequence[SourcePath],
    embedder: Callable[[], Embedder],
    limits: ReadLimits,
    progress: ProgressCallback = lambda _done, _total: None,
) -> UpdateReport:
    """Make the store at `path` anew from `folders`, beside the old one, and put it in its place at the end.

    The old store serves until then. An interrupted rebuild goes on where it stopped.
    """
    taken = lock_store(path)
    try:
        beside = path.with_name(path.name + ".new")
        try:
            Writer(beside, embedding).__exit__()
        except StoreError:
            delete_store(beside)
        with Writer(beside, embedding) as writer:
            for name in {*writer.sources()} - {folder.name for folder in folders}:
                writer.forget(name)  # since it was interrupted
            report = update_store(writer, folders, embedder, limits, progress, confirmed=True)
            _require_whole(report)
            writer.replace(path)
        delete_store(beside)
    finally:
        taken.release()
    return report


def _require_whole(report: UpdateReport) -> None:
    waiting = next((rejection for rejection in report.rejected if rejection.for_now), None)
    if waiting is not None:
        raise CollectionError(
            f"the rebuilt index would lose what cannot be read now: {waiting.path} ({waiting.reason}). Make it "
            "readable or take it out (`mujib index forget`), and rebuild again: it goes on from here."
        )


def preview_update(writer: Writer, folders: Sequence[SourcePath], limits: ReadLimits) -> UpdatePreview:
    """Return what is stored, what the folders hold, and what an update would do."""
    stored = writer.stored_articles()
    known = writer.file_records(stored)
    files = [(folder.name, file) for folder in folders for file in _read(folder, limits, known)]
    found = [(name, item) for name, file in files for item in file.items]
    names = [folder.name for folder in folders]
    nothing = all(isinstance(item, Rejection) for _, item in found)
    away = {item.path for _, item in found if isinstance(item, Rejection) and item.for_now} >= set(names)
    if nothing and (away or not stored):
        where = ", ".join(str(folder.path) for folder in folders)
        reason = next((f" ({item.path}: {item.reason})" for _, item in found if isinstance(item, Rejection)), "")
        raise CollectionError(f"no article in {where}{reason}. Put articles there, or give another folder.")
    seen: dict[str, list[FileRecord]] = {name: [] for name in names}
    for name, file in files:
        seen[name] += [file.seen] if file.seen is not None else []
    now = {one.path: one for of_folder in seen.values() for one in of_folder}
    covered = [name for folder in folders for name in folder.covers]
    news = now != known or bool(covered) or not set(names) <= set(writer.sources())
    return UpdatePreview(diff(stored, [*names, *covered], found), stored, seen, news)


def _read(folder: SourcePath, limits: ReadLimits, known: Mapping[str, FileRecord]) -> Iterator[ScanResult]:
    """Yield what the files of a folder hold; one that is not there now keeps its articles."""
    try:
        yield from scan(folder.path, folder.name, limits, known)
    except CollectionError as error:
        yield ScanResult((Rejection(folder.name, f"{error} What is stored of it stays.", for_now=True),))


def forget_source(writer: Writer, folder: SourcePath, *, confirmed: bool = False) -> int:
    """Take a folder out of the collection and return how many articles went. Raises `RemovalError` as `update` does."""
    stored = writer.stored_articles()
    if not confirmed:
        _require_few(sum(item.folder == folder.name for item in stored.values()), len(stored))
    return writer.forget(folder.name)


def require_confirmed_removals(view: UpdatePreview) -> None:
    """Raise `RemovalError` when more than half of all articles would go, or all that a folder has held."""
    _require_few(len(view.plan.drop), len(view.stored))
    held, gone = (Counter(item.folder for item in items) for items in (view.stored.values(), view.plan.drop))
    for folder, count in gone.items():
        if count == held[folder]:
            raise RemovalError(
                f"there is no article in {folder} any more, where {count:,} were: is it the right disk? If they are "
                f"meant to go, say so with --yes; `mujib index forget {folder}` takes the folder out."
            )


def _require_few(gone: int, all_of_them: int) -> None:
    if 2 * gone > all_of_them:
        raise RemovalError(
            f"this would remove {gone:,} of the {all_of_them:,} articles in the index: is a disk or a folder missing? "
            "If they are meant to go, say so with --yes."
        )


def planned_report(plan: UpdatePlan) -> UpdateReport:
    """Return the report of a plan that nothing has been done of yet."""
    paths = {
        "added": tuple(change.article.path for change in plan.write if not change.replaces),
        "changed": tuple(change.article.path for change in plan.write if change.replaces),
        "moved": tuple(article.path for article in plan.move),
        "removed": tuple(item.path for item in plan.drop),
    }
    counts = {name: len(of_it) for name, of_it in paths.items()}
    return UpdateReport(**counts, unchanged=plan.kept, rejected=plan.rejected, paths=paths)


def estimate_report(writer: Writer, plan: UpdatePlan) -> UpdateReport:
    """Return the report that an update would give: also how many passages it would write and embed."""
    passages = [
        (change.article.title, chunk.text) for change in plan.write for chunk in split_into_chunks(change.article)
    ]
    keys = list(dict.fromkeys(passage_key(title, text) for title, text in passages))
    embedded = len(keys) - len(writer.known_vectors(keys))
    return replace(planned_report(plan), chunks=len(passages), embedded=embedded)


def _as_log(report: UpdateReport) -> str:
    """Return what is kept of a report: numbers, and the first reasons."""
    kept = replace(report, rejected=report.rejected[:_KEPT_REASONS], paths={})
    return json.dumps(asdict(kept) | {"rejected_files": len(report.rejected)}, ensure_ascii=False)


def _batches(
    passages: Sequence[tuple[ArticleChange, list[Chunk]]],
) -> Iterator[list[tuple[ArticleChange, list[Chunk]]]]:
    """Yield whole articles, `BATCH_CHUNKS` passages or a little more at a time."""
    batch: list[tuple[ArticleChange, list[Chunk]]] = []
    for item in passages:
        batch.append(item)
        if sum(len(chunks) for _, chunks in batch) >= BATCH_CHUNKS:
            yield batch
            batch = []
    if batch:
        yield batch


def _vectors(
    writer: Writer, embedder: Callable[[], Embedder], batch: Sequence[tuple[ArticleChange, list[Chunk]]]
) -> tuple[list[tuple[ArticleChange, list[Chunk], list[NDArray[np.float32]]]], int]:
    """Return the batch with the vectors of each passage's sentences, and how many passages had to be embedded."""
    texts = {
        passage_key(change.article.title, chunk.text): (change.article.title, chunk.text)
        for change, chunks in batch
        for chunk in chunks
    }
    vectors = writer.known_vectors(list(texts))
    missing = {key: text for key, text in texts.items() if key not in vectors}
    if missing:
        spans = [(title, text, start, end) for title, text in missing.values() for start, end in sentence_spans(text)]
        embedded = embedder().embed_passages(
            [title for title, *_ in spans], [text[start:end] for _, text, start, end in spans]
        )
        ends = np.cumsum([len(sentence_spans(text)) for _, text in missing.values()])
        vectors |= dict(zip(missing, np.split(embedded, ends[:-1]), strict=True))
    rows = [
        (change, chunks, [vectors[passage_key(change.article.title, chunk.text)] for chunk in chunks])
        for change, chunks in batch
    ]
    return rows, len(missing)
