"""Hybrid search: dense and lexical candidates, scored together, as articles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from index.store.snapshot import Snapshot
from index.text.tokenize import tokenize
from index.types import ArticleHit, Hit
from qa.retrieval.candidates import find_candidates
from qa.retrieval.deduplication import ArticleGroup, group_by_article
from qa.retrieval.language_balance import apply_language_quota, place_translations_behind
from qa.types import Question, SearchFilter


def search(
    snapshot: Snapshot, question: Question, vector: NDArray[np.float32], window: SearchFilter, k: int
) -> list[ArticleHit]:
    """Return the `k` stories nearest to the question, best first, by meaning and by words together.

    `vector` [d] is the question's. Copies of an article in one language are one story. In a collection of two
    languages both have a place among the first, and a translation never stands before what it translates into the
    question's language.
    """
    without = snapshot.article_numbers(window.without)
    terms = snapshot.term_numbers(tokenize(question.text))
    candidates = []
    for language, shelf in snapshot.language_indexes.items():
        allowed = shelf.allowed(window.since, window.until, without, undated=window.undated)
        same = language == question.language
        candidates += find_candidates(snapshot, language, shelf, vector, terms if same else (), allowed)
    candidates.sort(key=lambda candidate: candidate.key)
    if not candidates:
        return []
    vectors = np.stack([candidate.vector for candidate in candidates])
    likeness = vectors @ vectors.T
    stories = group_by_article(snapshot, candidates, likeness, 3 * k)
    ordered = place_translations_behind(stories, likeness, question.language)
    return [_article_hit(snapshot, group) for group in apply_language_quota(ordered)[:k]]


def _article_hit(snapshot: Snapshot, group: ArticleGroup) -> ArticleHit:
    chunks = snapshot.chunks([candidate.number for candidate in group.candidates])
    return ArticleHit(
        tuple(
            Hit(
                chunk,
                min(-candidate.key[0], group.score),  # a translation's passages stay behind what they translate
                candidate.dense_rank,
                candidate.lexical_rank,
                candidate.similarities,
            )
            for candidate, chunk in zip(group.candidates, chunks, strict=True)
        ),
        tuple(group.also),
        group.translation,
    )
