"""Which sentences may the model see, or none?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.chunk import sentences
from index.store import Snapshot
from index.types import Story
from qa.types import Evidence, Grounding, Question

EVIDENCE = 4  # sentences; held the answer in 72 of 72 trials, at a third of the prompt of three whole passages
_PASSAGES = 6  # whose sentences are weighed
# What counts beside the cosine of a sentence: its passage's score, and that cosines across languages are lower. Fitted
# as the weights of `retrieve` were.
_PASSAGE_WEIGHT = 0.046
_OTHER_LANGUAGE = 0.05

# The cosine that the best sentence must reach for a question asked in one language and a text written in another. On
# 749 questions over 280 articles these keep 92 to 94 % of the questions whose article is there, and refuse 60 to 73 %
# of those whose article is withheld while others of its subject stay; questions from elsewhere lie far below.
NEAR = {("ar", "ar"): 0.32, ("ar", "en"): 0.32, ("en", "ar"): 0.34, ("en", "en"): 0.42}


def select(snapshot: Snapshot, question: Question, stories: Sequence[Story]) -> Grounding:
    """Return the sentences of the `stories` that best answer the question, best first.

    There are none when even the nearest is not near enough to hold an answer.
    """
    evidence = rank(snapshot, question, stories)
    near = any(item.similarity >= NEAR[question.language, item.language] for item in evidence)
    return Grounding(evidence if near else ())


def rank(snapshot: Snapshot, question: Question, stories: Sequence[Story]) -> tuple[Evidence, ...]:
    """Return the `EVIDENCE` best sentences of the best passages, best first, however far they are."""
    hits = [(hit, story.also) for story in stories for hit in story.hits]
    hits.sort(key=lambda item: (-item[0].score, item[0].chunk.id))
    weighed = []
    for hit, also in hits[:_PASSAGES]:
        article, shift = snapshot.article(hit.chunk.article_id), hit.chunk.start
        weight = _PASSAGE_WEIGHT * hit.score + _OTHER_LANGUAGE * (article.language != question.language)
        for (start, end), similarity in zip(sentences(hit.chunk.text), hit.similarities, strict=True):
            text = hit.chunk.text[start:end]
            item = Evidence(0, article.id, shift + start, shift + end, text, article.language, similarity, also)
            weighed.append((-weight - similarity, article.id, item.start, item))
    best = [item for *_, item in sorted(weighed, key=lambda key: key[:3])[:EVIDENCE]]
    return tuple(replace(item, number=number) for number, item in enumerate(best, start=1))
