"""Candidate passages of one language, each with its score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.search.language_index import LanguageIndex
from index.store.snapshot import Snapshot, StoredSentences

_DEPTH = 50  # passages that each leg may name in each language

# How much each sign counts, fitted by listwise logistic regression on half of the public question sets (the figures in
# ARCHITECTURE.md tell both halves): the passage's cosine, its best sentence's, its share of the question's words, its
# best sentence's. Cosines across languages are lower, and words are blind there: so those passages are weighed on their
# own, and compared with the others by how likely each is to be the right one.
_SAME_LANGUAGE_WEIGHTS = np.array([6.2, 15.9, 4.6, 5.6])
_OTHER_LANGUAGE_WEIGHTS = np.array([10.0, 22.0, 0.0, 0.0])


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that a leg has named: its sort key, its vector [d], and what becomes a `Hit`."""

    key: tuple[float, str, int]
    number: int
    language: str
    vector: NDArray[np.float32]
    dense_rank: int | None
    lexical_rank: int | None
    similarities: tuple[float, ...]


def find_candidates(
    snapshot: Snapshot,
    language: str,
    shelf: LanguageIndex,
    vector: NDArray[np.float32],
    terms: Sequence[int | None],
    allowed: NDArray[np.bool_] | None,
) -> list[Candidate]:
    dense, _ = shelf.search_dense(vector, _DEPTH, allowed)
    lexical, shares = shelf.search_lexical(terms, _DEPTH, allowed)
    dense_rank = {int(row): rank for rank, row in enumerate(dense, start=1)}
    lexical_rank = {int(row): rank for rank, row in enumerate(lexical, start=1)}
    rows = np.union1d(dense, lexical).astype(np.int64)
    if not len(rows):
        return []
    vectors = shelf.vector_index.vectors(rows)
    numbers = shelf.numbers[rows]
    inside = snapshot.sentences(numbers)
    similarities = [of_passage.vectors @ vector for of_passage in inside]
    share = dict(zip(lexical.tolist(), shares.tolist(), strict=True))
    words = QueryTerms.of(shelf, terms)
    cosines = vectors @ vector
    signs = np.array(
        [
            (cosine, max(of_sentences, default=cosine), share.get(row, 0.0), words.best_share(of_passage))
            for row, cosine, of_sentences, of_passage in zip(rows.tolist(), cosines, similarities, inside, strict=True)
        ]
    )
    # Rounded, so that sums taken in another order do not order the passages otherwise.
    scores = np.round(signs @ (_SAME_LANGUAGE_WEIGHTS if terms else _OTHER_LANGUAGE_WEIGHTS), 4)
    return [
        Candidate(
            (-float(score), article_id, ordinal),
            int(number),
            language,
            of_passage,
            dense_rank.get(int(row)),
            lexical_rank.get(int(row)),
            tuple(of_sentences.tolist()),
        )
        for row, number, score, of_passage, of_sentences, (article_id, ordinal) in zip(
            rows, numbers, scores, vectors, similarities, snapshot.chunk_ids(numbers), strict=True
        )
    ]


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """The question's terms that passages hold, sorted, how much each tells, and how much all tell together."""

    terms: NDArray[np.int32]
    weights: NDArray[np.float64]
    total: float

    @classmethod
    def of(cls, shelf: LanguageIndex, terms: Sequence[int | None]) -> QueryTerms:
        rarities = [shelf.bm25.idf(term) for term in terms]
        known = sorted((term, rarity) for term, rarity in zip(terms, rarities, strict=True) if term is not None)
        return cls(
            np.array([term for term, _ in known], np.int32), np.array([rarity for _, rarity in known]), sum(rarities)
        )

    def best_share(self, passage: StoredSentences) -> float:
        """Return the largest share of what the terms tell that one sentence of a passage holds, 0 to 1."""
        if not len(self.terms):
            return 0.0
        where = np.minimum(np.searchsorted(self.terms, passage.terms), len(self.terms) - 1)
        held = (self.terms[where] == passage.terms) & (passage.places > 0)
        sums = np.bincount(passage.places[held], weights=self.weights[where[held]], minlength=1)
        return float(sums.max() / self.total)
