"""Compares what the folders hold with what is stored, by content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from index.types import Article, ArticleChange, Rejection, StoredArticle, UnchangedArticle


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """What an update has to do. `folder_of` tells in which folder each article that is written or moved lies."""

    write: tuple[ArticleChange, ...]
    move: tuple[Article | UnchangedArticle, ...]
    drop: tuple[StoredArticle, ...]
    kept: int
    rejected: tuple[Rejection, ...]
    folder_of: Mapping[str, str]


def diff(
    stored: Mapping[str, StoredArticle],
    folders: Sequence[str],
    found: Iterable[tuple[str, Article | UnchangedArticle | Rejection]],
) -> UpdatePlan:
    """Compare what was `found` (with the folder it lies in) to what is `stored` of these `folders`.

    An article that lies in several files is taken from the first. What cannot be read at the moment stays as it was.
    """
    new: dict[str, Article | UnchangedArticle] = {}
    folder_of: dict[str, str] = {}
    rejected: list[Rejection] = []
    for folder, item in found:
        if isinstance(item, Rejection):
            rejected.append(item)
        elif (twin := new.get(item.id)) is not None:
            same = twin.sha256 == item.sha256
            reason = f"the same article as {twin.path}" if same else f"its id {item.id} is taken by {twin.path}"
            rejected.append(Rejection(item.path, reason))
        elif (known := stored.get(item.id)) and known.folder != folder and known.folder not in folders:
            rejected.append(Rejection(item.path, f"already in the collection as {known.path}"))
        else:
            new[item.id], folder_of[item.id] = item, folder
    waiting = [rejection.path for rejection in rejected if rejection.for_now]
    gone = {
        id_: known
        for id_, known in stored.items()
        if known.folder in folders and id_ not in new and not _below(known.path, waiting)
    }
    gone_at: dict[str, list[str]] = {}
    for id_, lost in gone.items():
        gone_at.setdefault(lost.path, []).append(id_)
    write: list[ArticleChange] = []
    move: list[Article | UnchangedArticle] = []
    kept = 0
    for article in new.values():
        before = stored.get(article.id)
        if isinstance(article, Article) and (before is None or before.sha256 != article.sha256):
            write.append(
                ArticleChange(article, tuple(gone_at.pop(article.path, ())) if before is None else (article.id,))
            )
        elif before is not None and (before.path, before.folder) != (article.path, folder_of[article.id]):
            move.append(article)
        else:
            kept += 1
    replaced = {id_ for change in write for id_ in change.replaces}
    drop = tuple(lost for id_, lost in gone.items() if id_ not in replaced)
    return UpdatePlan(tuple(write), tuple(move), drop, kept, tuple(rejected), folder_of)


def _below(path: str, waiting: Sequence[str]) -> bool:
    return any(path == above or path.startswith(f"{above}/") for above in waiting)
