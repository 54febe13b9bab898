"""Hybrid search: dense and lexical candidates, scored together, as articles."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from index.store.snapshot import Snapshot
from index.types import ArticleHit, Chunk, Hit
from qa.retrieval.candidates import Candidate, find_candidates, score_candidates
from qa.retrieval.deduplication import ArticleGroup, group_by_article
from qa.retrieval.language_balance import apply_language_quota, place_translations_behind
from qa.types import Question, SearchFilter

ARTICLES_SEARCHED = 10  # articles whose passages are the evidence of an answer
_COMPARED = 3  # for each article that is returned, so many are searched for duplicates


def search(
    snapshot: Snapshot, question: Question, vector: NDArray[np.float32], search_filter: SearchFilter, k: int
) -> list[ArticleHit]:
    """Return the `k` articles nearest to the question, best first, by dense and lexical search together.

    `vector` [d] is the question's. Copies of an article in one language are one hit. In a collection of two languages
    both have a place among the first, and a translation never stands before what it translates into the question's
    language.
    """
    candidates = _ranked_candidates(snapshot, question, vector, search_filter)
    if not candidates:
        return []
    vectors = np.stack([candidate.vector for candidate in candidates])
    similarities = vectors @ vectors.T
    groups = group_by_article(snapshot, candidates, similarities, _COMPARED * k)
    ordered = place_translations_behind(groups, similarities, question.language)
    best = apply_language_quota(ordered)[:k]
    numbers = [candidate.number for group in best for candidate in group.candidates]
    chunks = dict(zip(numbers, snapshot.chunks(numbers), strict=True))
    return [_article_hit(group, chunks) for group in best]


def _ranked_candidates(
    snapshot: Snapshot, question: Question, vector: NDArray[np.float32], search_filter: SearchFilter
) -> list[Candidate]:
    """Return the candidates of all languages, the highest score first."""
    candidates: list[Candidate] = []
    for candidate_set in find_candidates(snapshot, question, vector, search_filter):
        candidates += score_candidates(snapshot, candidate_set, vector)
    return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.article_id, candidate.ordinal))


def _article_hit(group: ArticleGroup, chunks: Mapping[int, Chunk]) -> ArticleHit:
    hits = tuple(
        Hit(
            chunk=chunks[candidate.number],
            score=min(candidate.score, group.score),  # a translation's passages stay behind what they translate
            dense_rank=candidate.dense_rank,
            lexical_rank=candidate.lexical_rank,
            similarities=candidate.similarities,
        )
        for candidate in group.candidates
    )
    return ArticleHit(hits, tuple(group.duplicates), group.translation)
