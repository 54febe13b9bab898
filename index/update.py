"""In which order? The conductor of an update: read, compare, embed what is new, commit batch by batch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.chunk import sentences, split
from index.digest import passage_key
from index.embed import Embedder
from index.errors import CollectionError, StoreError
from index.ingest import Limits, read
from index.store import Change, Plan, Writer, delete, lock
from index.types import Article, Chunk, Rejection

# Passages embedded and committed together: about 15 s of work on two cores, which is what an interruption can cost.
BATCH_CHUNKS = 64

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of articles, or one file: where it is and the name that the articles' paths start with."""

    path: Path
    name: str

    @classmethod
    def of(cls, path: Path, project: Path) -> Folder:
        """Return the folder at `path`, named from the project's folder when it lies in it, else by its full path."""
        path = path.expanduser().resolve()
        inside = path.is_relative_to(project) and path != project
        return cls(path, path.relative_to(project).as_posix() if inside else path.as_posix())

    @classmethod
    def named(cls, name: str, project: Path) -> Folder:
        """Return the folder that was recorded by its `name`."""
        return cls(project / name, name)


@dataclass(frozen=True, slots=True)
class Report:
    """What an update did, or would do."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    rejected: tuple[Rejection, ...] = ()
    chunks: int = 0
    embedded: int = 0
    seconds: float = 0.0


def update(
    writer: Writer,
    folders: Sequence[Folder],
    embedder: Callable[[], Embedder],
    limits: Limits,
    progress: Progress = lambda _done, _total: None,
) -> Report:
    """Bring the store up to date with `folders` and return what changed.

    Each batch is one transaction: an interruption at any moment keeps all that were committed, and the next update
    goes on from there. `embedder` is called only when there is something to embed. `progress` is told how many of
    how many passages are done. Raises `CollectionError` when the folders hold no article at all.
    """
    start = time.monotonic()
    plan, folder_of = look(writer, folders, limits)
    writer.set_folders([folder.name for folder in folders])
    report = describe(plan)
    passages = [(change, split(change.article)) for change in plan.write]
    total = sum(len(chunks) for _, chunks in passages)
    progress(0, total)
    for batch in _batches(passages):
        rows, embedded = _vectors(writer, embedder, batch)
        writer.commit(folder_of, rows)
        report = replace(
            report,
            chunks=report.chunks + sum(len(chunks) for _, chunks in batch),
            embedded=report.embedded + embedded,
        )
        progress(report.chunks, total)
    if plan.move:
        writer.move(plan.move, folder_of)
    if plan.drop:
        writer.drop(plan.drop)
    report = replace(report, seconds=round(time.monotonic() - start, 3))
    writer.finish(json.dumps(asdict(report), ensure_ascii=False), datetime.now(UTC).isoformat(timespec="seconds"))
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
            report = update(writer, folders, embedder, limits, progress)
            writer.replace(path)
        delete(beside)
    finally:
        taken.release()
    return report


def look(writer: Writer, folders: Sequence[Folder], limits: Limits) -> tuple[Plan, dict[str, str]]:
    """Return what an update would do, and the folder that each found article lies in."""
    found = [(folder.name, item) for folder in folders for item in read(folder.path, folder.name, limits)]
    articles = [(name, item) for name, item in found if isinstance(item, Article)]
    if not articles:
        where = ", ".join(str(folder.path) for folder in folders)
        reason = next((f" ({item.path}: {item.reason})" for _, item in found if isinstance(item, Rejection)), "")
        raise CollectionError(f"no article in {where}{reason}. Put text, Markdown, HTML or JSONL files there.")
    folder_of: dict[str, str] = {}
    for name, article in articles:
        folder_of.setdefault(article.id, name)
    return writer.plan([folder.name for folder in folders], found), folder_of


def describe(plan: Plan) -> Report:
    """Return the report of a plan that nothing has been done of yet."""
    return Report(
        added=sum(not change.replaces for change in plan.write),
        changed=sum(bool(change.replaces) for change in plan.write),
        moved=len(plan.move),
        removed=len(plan.drop),
        unchanged=plan.kept,
        rejected=plan.rejected,
    )


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
