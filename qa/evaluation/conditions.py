"""The conditions a question is asked under: what is withheld from the collection, to see whether it is then refused."""

from __future__ import annotations

from typing import Literal

from index.store.snapshot import Snapshot
from qa.evaluation.dataset import Case, contains_answer
from qa.retrieval.deduplication import is_duplicate
from qa.types import SearchFilter

Condition = Literal["answerable", "withheld", "near miss"]
CONDITIONS: tuple[Condition, ...] = ("answerable", "withheld", "near miss")


def condition_filter(snapshot: Snapshot, case: Case, condition: Condition) -> SearchFilter | None:
    """Return what is searched: all; all but what holds the answer; or also without the rest of its article.

    Paragraphs under one title are one article: with them all gone the article is withheld, with only the one that
    holds the answer gone it is a near miss. None when there is no such case: no other paragraph is left, or one that
    is says the same or holds an accepted answer too.
    """
    if condition == "answerable":
        return SearchFilter(without=case.withheld)
    gold = tuple(case.documents.values())
    titles = {title for document in gold if (title := snapshot.article(document).title)}
    siblings = [id_ for title in titles for id_ in snapshot.articles_titled(title) if id_ not in gold]
    if condition == "withheld":
        return SearchFilter(without=(*gold, *siblings))
    if not siblings or _is_answered_by(snapshot, case, siblings):
        return None
    return SearchFilter(without=gold)


def _is_answered_by(snapshot: Snapshot, case: Case, siblings: list[str]) -> bool:
    """Return whether one of the `siblings` of a case's articles holds an accepted answer or says the same."""
    texts = [snapshot.article(document).text for document in case.documents.values()]
    accepted = [text for answers in case.answers.values() for text in answers]
    others = [snapshot.article(id_).text for id_ in siblings]
    return any(contains_answer(other, accepted) or any(is_duplicate(text, other) for text in texts) for other in others)
