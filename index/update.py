"""In which order? The conductor of an update: read, compare, embed what is new, commit batch by batch."""

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

from index.chunk import sentences, split
from index.digest import passage_key
from index.embed import Embedder
from index.errors import CollectionError, RemovalError, StoreError
from index.folders import Folder
from index.ingest import Found, Limits, read
from index.plan import Change, Plan, Stored, compare
from index.store import Writer, delete, lock
from index.types import Chunk, Rejection, Seen

# Passages embedded and committed together: about 15 s of work on two cores, which is what an interruption can cost.
BATCH_CHUNKS = 64
_KEPT_REASONS = 100  # of rejections, in the log of updates

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Report:
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
class View:
    """What is stored, what the folders hold, and so what is to be done."""

    plan: Plan
    stored: Mapping[str, Stored]
    seen: Mapping[str, Sequence[Seen]]  # by folder
    news: bool  # whether a file or folder is not as it is remembered, even if no article is touched by that


def update(
    writer: Writer,
    folders: Sequence[Folder],
    embedder: Callable[[], Embedder],
    limits: Limits,
    progress: Progress = lambda _done, _total: None,
    *,
    confirmed: bool = False,
) -> Report:
    """Bring the store up to date with `folders` and return what changed.

    Each batch is one transaction: an interruption at any moment keeps all that were committed, and the next update
    goes on from there. `embedder` is called only when there is something to embed. `progress` is told how many of
    how many passages are done. Raises `CollectionError` when the folders hold no article at all, and `RemovalError`
    when more than half of all articles would go and that is not `confirmed`.
    """
    start = time.monotonic()
    view = look(writer, folders, limits)
    plan = view.plan
    if not confirmed:
        require_few_removals(view)
    report = describe(plan)
    if not (report.done or view.news):
        return replace(report, seconds=round(time.monotonic() - start, 3))
    writer.remember(view.seen)
    passages = [(change, split(change.article)) for change in plan.write]
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
        writer.drop([item.id for item in plan.drop])
    writer.leave([name for folder in folders for name in folder.covers])
    report = replace(report, seconds=round(time.monotonic() - start, 3))
    writer.finish(_as_log(report), datetime.now(UTC).isoformat(timespec="seconds"))
    return report


def rebuild(
    path: Path,
    embedding: str,
    folders: Sequence[Folder],
    embedder: Callable[[], Embedder],
    limits: Limits,
    progress: Progress = lambda _done, _total: None,
) -> Report:
    """Make the store at `path` anew from `folders`, beside the old one, and put it in its place at the end.

    The old store serves until then. An interrupted rebuild goes on where it stopped.
    """
    taken = lock(path)
    try:
        beside = path.with_name(path.name + ".new")
        try:
            Writer(beside, embedding).__exit__()
        except StoreError:
            delete(beside)
        with Writer(beside, embedding) as writer:
            for name in {*writer.folders()} - {folder.name for folder in folders}:
                writer.forget(name)  # since it was interrupted
            report = update(writer, folders, embedder, limits, progress, confirmed=True)
            _require_whole(report)
            writer.replace(path)
        delete(beside)
    finally:
        taken.release()
    return report


def _require_whole(report: Report) -> None:
    waiting = next((rejection for rejection in report.rejected if rejection.for_now), None)
    if waiting is not None:
        raise CollectionError(
            f"the rebuilt index would lose what cannot be read now: {waiting.path} ({waiting.reason}). Make it "
            "readable or take it out (`mujib index forget`), and rebuild again: it goes on from here."
        )


def look(writer: Writer, folders: Sequence[Folder], limits: Limits) -> View:
    """Return what is stored, what the folders hold, and what an update would do."""
    stored = writer.stored()
    known = writer.seen(stored)
    files = [(folder.name, file) for folder in folders for file in _read(folder, limits, known)]
    found = [(name, item) for name, file in files for item in file.items]
    names = [folder.name for folder in folders]
    nothing = all(isinstance(item, Rejection) for _, item in found)
    away = {item.path for _, item in found if isinstance(item, Rejection) and item.for_now} >= set(names)
    if nothing and (away or not stored):
        where = ", ".join(str(folder.path) for folder in folders)
        reason = next((f" ({item.path}: {item.reason})" for _, item in found if isinstance(item, Rejection)), "")
        raise CollectionError(f"no article in {where}{reason}. Put articles there, or give another folder.")
    seen: dict[str, list[Seen]] = {name: [] for name in names}
    for name, file in files:
        seen[name] += [file.seen] if file.seen is not None else []
    now = {one.path: one for of_folder in seen.values() for one in of_folder}
    covered = [name for folder in folders for name in folder.covers]
    news = now != known or bool(covered) or not set(names) <= set(writer.folders())
    return View(compare(stored, [*names, *covered], found), stored, seen, news)


def _read(folder: Folder, limits: Limits, known: Mapping[str, Seen]) -> Iterator[Found]:
    """Yield what the files of a folder hold; one that is not there now keeps its articles."""
    try:
        yield from read(folder.path, folder.name, limits, known)
    except CollectionError as error:
        yield Found((Rejection(folder.name, f"{error} What is stored of it stays.", for_now=True),))


def forget(writer: Writer, folder: Folder, *, confirmed: bool = False) -> int:
    """Take a folder out of the collection and return how many articles went. Raises `RemovalError` as `update` does."""
    stored = writer.stored()
    if not confirmed:
        _require_few(sum(item.folder == folder.name for item in stored.values()), len(stored))
    return writer.forget(folder.name)


def require_few_removals(view: View) -> None:
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


def describe(plan: Plan) -> Report:
    """Return the report of a plan that nothing has been done of yet."""
    paths = {
        "added": tuple(change.article.path for change in plan.write if not change.replaces),
        "changed": tuple(change.article.path for change in plan.write if change.replaces),
        "moved": tuple(article.path for article in plan.move),
        "removed": tuple(item.path for item in plan.drop),
    }
    counts = {name: len(of_it) for name, of_it in paths.items()}
    return Report(**counts, unchanged=plan.kept, rejected=plan.rejected, paths=paths)


def foretell(writer: Writer, plan: Plan) -> Report:
    """Return the report that an update would give: also how many passages it would write and embed."""
    passages = [(change.article.title, chunk.text) for change in plan.write for chunk in split(change.article)]
    keys = list(dict.fromkeys(passage_key(title, text) for title, text in passages))
    embedded = len(keys) - len(writer.known_vectors(keys))
    return replace(describe(plan), chunks=len(passages), embedded=embedded)


def _as_log(report: Report) -> str:
    """Return what is kept of a report: numbers, and the first reasons."""
    kept = replace(report, rejected=report.rejected[:_KEPT_REASONS], paths={})
    return json.dumps(asdict(kept) | {"rejected_files": len(report.rejected)}, ensure_ascii=False)


def _batches(passages: Sequence[tuple[Change, list[Chunk]]]) -> Iterator[list[tuple[Change, list[Chunk]]]]:
    """Yield whole articles, `BATCH_CHUNKS` passages or a little more at a time."""
    batch: list[tuple[Change, list[Chunk]]] = []
    for item in passages:
        batch.append(item)
        if sum(len(chunks) for _, chunks in batch) >= BATCH_CHUNKS:
            yield batch
            batch = []
    if batch:
        yield batch


def _vectors(
    writer: Writer, embedder: Callable[[], Embedder], batch: Sequence[tuple[Change, list[Chunk]]]
) -> tuple[list[tuple[Change, list[Chunk], list[NDArray[np.float32]]]], int]:
    """Return the batch with the vectors of each passage's sentences, and how many passages had to be embedded."""
    texts = {
        passage_key(change.article.title, chunk.text): (change.article.title, chunk.text)
        for change, chunks in batch
        for chunk in chunks
    }
    vectors = writer.known_vectors(list(texts))
    missing = {key: text for key, text in texts.items() if key not in vectors}
    if missing:
        spans = [(title, text, start, end) for title, text in missing.values() for start, end in sentences(text)]
        embedded = embedder().passages(
            [title for title, *_ in spans], [text[start:end] for _, text, start, end in spans]
        )
        ends = np.cumsum([len(sentences(text)) for _, text in missing.values()])
        vectors |= dict(zip(missing, np.split(embedded, ends[:-1]), strict=True))
    rows = [
        (change, chunks, [vectors[passage_key(change.article.title, chunk.text)] for chunk in chunks])
        for change, chunks in batch
    ]
    return rows, len(missing)
