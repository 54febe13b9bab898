"""Compares what the folders hold with what is stored, by content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from index.types import Article, ArticleChange, Rejection, StoredArticle, UnchangedArticle


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """What an update has to do. `folder_of` is the folder of each article that is written or moved, by its id."""

    write: tuple[ArticleChange, ...]
    move: tuple[Article | UnchangedArticle, ...]
    drop: tuple[StoredArticle, ...]
    kept: int
    rejected: tuple[Rejection, ...]
    folder_of: Mapping[str, str]


@dataclass(slots=True)
class _Found:
    """What the folders hold: each article once by its id, its folder, and what is rejected."""

    articles: dict[str, Article | UnchangedArticle] = field(default_factory=dict)
    folder_of: dict[str, str] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)


def diff(
    stored: Mapping[str, StoredArticle],
    folders: Sequence[str],
    found: Iterable[tuple[str, Article | UnchangedArticle | Rejection]],
) -> UpdatePlan:
    """Compare what was `found` (with the folder it lies in) to what is `stored` of these `folders`.

    An article that lies in several files is taken from the first. What cannot be read at the moment stays as it was.
    """
    unique = _unique_articles(stored, folders, found)
    gone = _gone_articles(stored, folders, unique)
    gone_by_path: dict[str, list[str]] = {}
    for id_, lost in gone.items():
        gone_by_path.setdefault(lost.path, []).append(id_)
    write: list[ArticleChange] = []
    move: list[Article | UnchangedArticle] = []
    kept = 0
    for article in unique.articles.values():
        before = stored.get(article.id)
        if isinstance(article, Article) and (before is None or before.sha256 != article.sha256):
            replaces = (article.id,) if before is not None else tuple(gone_by_path.pop(article.path, ()))
            write.append(ArticleChange(article, replaces))
        elif before is not None and (before.path, before.folder) != (article.path, unique.folder_of[article.id]):
            move.append(article)
        else:
            kept += 1
    replaced = {id_ for change in write for id_ in change.replaces}
    drop = tuple(lost for id_, lost in gone.items() if id_ not in replaced)
    return UpdatePlan(tuple(write), tuple(move), drop, kept, tuple(unique.rejected), unique.folder_of)


def _unique_articles(
    stored: Mapping[str, StoredArticle],
    folders: Sequence[str],
    found: Iterable[tuple[str, Article | UnchangedArticle | Rejection]],
) -> _Found:
    """Reject an article that was found before, or that another folder than these has already."""
    unique = _Found()
    for folder, item in found:
        if isinstance(item, Rejection):
            unique.rejected.append(item)
        elif (first := unique.articles.get(item.id)) is not None:
            same = first.sha256 == item.sha256
            reason = f"the same article as {first.path}" if same else f"its id {item.id} is taken by {first.path}"
            unique.rejected.append(Rejection(item.path, reason))
        elif (known := stored.get(item.id)) and known.folder != folder and known.folder not in folders:
            unique.rejected.append(Rejection(item.path, f"already in the collection as {known.path}"))
        else:
            unique.articles[item.id], unique.folder_of[item.id] = item, folder
    return unique


def _gone_articles(
    stored: Mapping[str, StoredArticle], folders: Sequence[str], unique: _Found
) -> dict[str, StoredArticle]:
    """Return the stored articles of these folders that were not found, but for those that cannot be read now."""
    unreadable = [rejection.path for rejection in unique.rejected if rejection.for_now]
    return {
        id_: known
        for id_, known in stored.items()
        if known.folder in folders and id_ not in unique.articles and not _is_below(known.path, unreadable)
    }


def _is_below(path: str, others: Sequence[str]) -> bool:
    return any(path == other or path.startswith(f"{other}/") for other in others)
