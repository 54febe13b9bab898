"""What is taken out of the collection before a question is asked, to see whether it is then refused?"""

from __future__ import annotations

from typing import Literal

from index.snapshot import Snapshot
from qa.questions import Case, holds
from qa.retrieve import copies
from qa.types import Window

Situation = Literal["answerable", "withheld", "near miss"]
SITUATIONS: tuple[Situation, ...] = ("answerable", "withheld", "near miss")


def window(snapshot: Snapshot, case: Case, situation: Situation) -> Window | None:
    """Return what is searched: all; all but what holds the answer; or also without the rest of its article.

    Paragraphs under one title are one article: with them all gone the article is withheld, with only the one that
    holds the answer gone it is a near miss. None when there is no such case: no other paragraph is left, or one that
    is says the same or holds an accepted answer too.
    """
    if situation == "answerable":
        return Window(without=case.withheld)
    gold = tuple(case.documents.values())
    titles = {title for document in gold if (title := snapshot.article(document).title)}
    siblings = [id_ for title in titles for id_ in snapshot.titled(title) if id_ not in gold]
    if situation == "withheld":
        return Window(without=(*gold, *siblings))
    texts = [snapshot.article(document).text for document in gold]
    accepted = [text for texts in case.answers.values() for text in texts]
    others = [snapshot.article(id_).text for id_ in siblings]
    told_again = any(holds(other, accepted) or any(copies(text, other) for text in texts) for other in others)
    return Window(without=gold) if siblings and not told_again else None
