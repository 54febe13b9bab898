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
from index.store.writer import EmbeddedArticle, Writer
from index.sync.diff import UpdatePlan, diff
from index.sync.scan import ScanResult, scan
from index.sync.sources import SourcePath
from index.text.chunking import split_into_chunks
from index.types import (
    Article,
    ArticleChange,
    Chunk,
    FileRecord,
    ReadLimits,
    Rejection,
    StoredArticle,
    UnchangedArticle,
)

# Passages embedded and committed together: about 15 s of work on two cores, which is what an interruption can cost.
BATCH_CHUNKS = 64
_LOGGED_REASONS = 100  # of rejections, in the log of updates

ProgressCallback = Callable[[int, int], None]  # called with how many of how many passages are done


def ignore_progress(_done: int, _total: int) -> None:
    """Take no notice of progress."""


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """What an update did, or would do: how many articles and passages, and of which files.

    `paths` are the paths of the articles by "added", "changed", "moved" and "removed".
    """

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    rejected: tuple[Rejection, ...] = ()
    chunks: int = 0
    embedded: int = 0
    seconds: float = 0.0
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Return how many articles it touched."""
        return self.added + self.changed + self.moved + self.removed


@dataclass(frozen=True, slots=True)
class PendingUpdate:
    """What an update has to do: `plan` is the difference between the folders and the `stored` articles (by id).

    `records` are those of the files in each folder; they are `records_changed` when a file or folder is not as it was
    recorded, even if no article is touched by that.
    """

    plan: UpdatePlan
    stored: Mapping[str, StoredArticle]
    records: Mapping[str, Sequence[FileRecord]]
    records_changed: bool


@dataclass(frozen=True, slots=True)
class _ChunkedArticle:
    """An article to write, with its passages."""

    change: ArticleChange
    chunks: list[Chunk]

    @property
    def title(self) -> str:
        return self.change.article.title


def update_store(
    writer: Writer,
    folders: Sequence[SourcePath],
    embedder: Callable[[], Embedder],
    limits: ReadLimits,
    progress: ProgressCallback = ignore_progress,
    *,
    confirmed: bool = False,
) -> UpdateReport:
    """Bring the store up to date with `folders` and return what changed.

    Each batch is one transaction: an interruption at any moment keeps all that were committed, and the next update
    goes on from there. `embedder` is called only when there is something to embed. Raises `CollectionError` when the
    folders hold no article at all, and `RemovalError` when more than half of all articles would be removed and that is
    not `confirmed`.
    """
    start = time.monotonic()
    pending = preview_update(writer, folders, limits)
    plan = pending.plan
    if not confirmed:
        require_confirmed_removals(pending)
    report = planned_report(plan)
    if not (report.done or pending.records_changed):
        return replace(report, seconds=round(time.monotonic() - start, 3))
    writer.record_files(pending.records)
    articles = [_ChunkedArticle(change, split_into_chunks(change.article)) for change in plan.write]
    total = sum(len(article.chunks) for article in articles)
    progress(0, total)
    for batch in _batches(articles):
        embedded_articles, embedded = _embed(writer, embedder, batch)
        writer.commit(plan.folder_of, embedded_articles)
        report = replace(
            report,
            chunks=report.chunks + sum(len(article.chunks) for article in batch),
            embedded=report.embedded + embedded,
        )
        progress(report.chunks, total)
    if plan.move:
        writer.move(plan.move, plan.folder_of)
    if plan.drop:
        writer.delete_articles([article.id for article in plan.drop])
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
    progress: ProgressCallback = ignore_progress,
) -> UpdateReport:
    """Make a new store from `folders`, next to the one at `path`, and put it in its place at the end.

    The old store serves until then. An interrupted rebuild goes on where it stopped.
    """
    lock = lock_store(path)
    try:
        new_path = path.with_name(path.name + ".new")
        try:
            Writer(new_path, embedding).close()
        except StoreError:
            delete_store(new_path)
        with Writer(new_path, embedding) as writer:
            for name in {*writer.sources()} - {folder.name for folder in folders}:
                writer.forget(name)  # it was taken out after the rebuild had been interrupted
            report = update_store(writer, folders, embedder, limits, progress, confirmed=True)
            _require_nothing_unreadable(report)
            writer.replace(path)
        delete_store(new_path)
    finally:
        lock.release()
    return report


def _require_nothing_unreadable(report: UpdateReport) -> None:
    unreadable = next((rejection for rejection in report.rejected if rejection.for_now), None)
    if unreadable is not None:
        raise CollectionError(
            f"the rebuilt index would lose what cannot be read now: {unreadable.path} ({unreadable.reason}). Make it "
            "readable or take it out (`mujib index forget`), and rebuild again: it goes on from here."
        )


def preview_update(writer: Writer, folders: Sequence[SourcePath], limits: ReadLimits) -> PendingUpdate:
    """Return what is stored, what the folders hold, and what an update would do.

    Raises `CollectionError` when the folders hold no article and none is stored, or no folder can be read.
    """
    stored = writer.stored_articles()
    known = writer.file_records(stored)
    names = [folder.name for folder in folders]
    covered = [name for folder in folders for name in folder.covers]
    results = [(folder.name, result) for folder in folders for result in _scan_folder(folder, limits, known)]
    found = [(name, item) for name, result in results for item in result.items]
    _require_articles(folders, [item for _, item in found], stored)
    records: dict[str, list[FileRecord]] = {name: [] for name in names}
    for name, result in results:
        if result.record is not None:
            records[name].append(result.record)
    current = {record.path: record for of_folder in records.values() for record in of_folder}
    return PendingUpdate(
        plan=diff(stored, [*names, *covered], found),
        stored=stored,
        records=records,
        records_changed=current != known or bool(covered) or not set(names) <= set(writer.sources()),
    )


def _scan_folder(folder: SourcePath, limits: ReadLimits, known: Mapping[str, FileRecord]) -> Iterator[ScanResult]:
    """Yield what the files of a folder hold; the articles of one that cannot be read now are kept."""
    try:
        yield from scan(folder.path, folder.name, limits, known)
    except CollectionError as error:
        yield ScanResult((Rejection(folder.name, f"{error} What is stored of it stays.", for_now=True),))


def _require_articles(
    folders: Sequence[SourcePath],
    items: Sequence[Article | UnchangedArticle | Rejection],
    stored: Mapping[str, StoredArticle],
) -> None:
    rejections = [item for item in items if isinstance(item, Rejection)]
    if len(rejections) < len(items):
        return
    unreadable = {rejection.path for rejection in rejections if rejection.for_now}
    if stored and not unreadable >= {folder.name for folder in folders}:
        return
    where = ", ".join(str(folder.path) for folder in folders)
    reason = f" ({rejections[0].path}: {rejections[0].reason})" if rejections else ""
    raise CollectionError(f"no article in {where}{reason}. Put articles there, or give another folder.")


def forget_source(writer: Writer, folder: SourcePath, *, confirmed: bool = False) -> int:
    """Remove a folder from the collection and return how many articles it had.

    Raises `RemovalError` when that is more than half of all articles and not `confirmed`.
    """
    stored = writer.stored_articles()
    if not confirmed:
        _require_minority(sum(article.folder == folder.name for article in stored.values()), len(stored))
    return writer.forget(folder.name)


def require_confirmed_removals(view: PendingUpdate) -> None:
    """Raise `RemovalError` when more than half of all articles would be removed, or all that a folder has held."""
    _require_minority(len(view.plan.drop), len(view.stored))
    held = Counter(article.folder for article in view.stored.values())
    removed = Counter(article.folder for article in view.plan.drop)
    for folder, count in removed.items():
        if count == held[folder]:
            raise RemovalError(
                f"there is no article in {folder} any more, where {count:,} were: is it the right disk? If they are "
                f"meant to go, say so with --yes; `mujib index forget {folder}` takes the folder out."
            )


def _require_minority(removed: int, total: int) -> None:
    if 2 * removed > total:
        raise RemovalError(
            f"this would remove {removed:,} of the {total:,} articles in the index: is a disk or a folder missing? "
            "If they are meant to go, say so with --yes."
        )


def planned_report(plan: UpdatePlan) -> UpdateReport:
    """Return the report of a plan of which nothing has been done yet."""
    paths = {
        "added": tuple(change.article.path for change in plan.write if not change.replaces),
        "changed": tuple(change.article.path for change in plan.write if change.replaces),
        "moved": tuple(article.path for article in plan.move),
        "removed": tuple(article.path for article in plan.drop),
    }
    return UpdateReport(
        added=len(paths["added"]),
        changed=len(paths["changed"]),
        moved=len(paths["moved"]),
        removed=len(paths["removed"]),
        unchanged=plan.kept,
        rejected=plan.rejected,
        paths=paths,
    )


def estimate_report(writer: Writer, plan: UpdatePlan) -> UpdateReport:
    """Return the report that an update would give: also how many passages it would write and embed."""
    keys = [
        passage_key(change.article.title, chunk.text)
        for change in plan.write
        for chunk in split_into_chunks(change.article)
    ]
    different = list(dict.fromkeys(keys))
    embedded = len(different) - len(writer.known_vectors(different))
    return replace(planned_report(plan), chunks=len(keys), embedded=embedded)


def _as_log(report: UpdateReport) -> str:
    """Return what is stored of a report: its numbers, and the first reasons."""
    shortened = replace(report, rejected=report.rejected[:_LOGGED_REASONS], paths={})
    return json.dumps(asdict(shortened) | {"rejected_files": len(report.rejected)}, ensure_ascii=False)


def _batches(articles: Sequence[_ChunkedArticle]) -> Iterator[list[_ChunkedArticle]]:
    """Yield whole articles, `BATCH_CHUNKS` passages or a little more at a time."""
    batch: list[_ChunkedArticle] = []
    for article in articles:
        batch.append(article)
        if sum(len(member.chunks) for member in batch) >= BATCH_CHUNKS:
            yield batch
            batch = []
    if batch:
        yield batch


def _embed(
    writer: Writer, embedder: Callable[[], Embedder], batch: Sequence[_ChunkedArticle]
) -> tuple[list[EmbeddedArticle], int]:
    """Return the batch with the vectors of each passage's sentences, and how many passages had to be embedded."""
    passages = {passage_key(item.title, chunk.text): (item.title, chunk) for item in batch for chunk in item.chunks}
    vectors = writer.known_vectors(list(passages))
    missing = {key: passage for key, passage in passages.items() if key not in vectors}
    if missing:
        vectors |= _embed_passages(embedder(), missing)
    articles = [
        EmbeddedArticle(
            change=item.change,
            chunks=item.chunks,
            vectors=[vectors[passage_key(item.title, chunk.text)] for chunk in item.chunks],
        )
        for item in batch
    ]
    return articles, len(missing)


def _embed_passages(
    embedder: Embedder, passages: Mapping[bytes, tuple[str, Chunk]]
) -> dict[bytes, NDArray[np.float32]]:
    """Return the vectors [s, d] of the sentences of each passage, which is a title and a chunk."""
    titles = [title for title, chunk in passages.values() for _ in chunk.spans]
    sentences = [sentence for _, chunk in passages.values() for sentence in chunk.sentences]
    ends = np.cumsum([len(chunk.spans) for _, chunk in passages.values()])
    vectors = embedder.embed_passages(titles, sentences)
    return dict(zip(passages, np.split(vectors, ends[:-1]), strict=True))
