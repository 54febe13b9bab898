"""Candidate passages of each language: what dense and lexical search name, and the score of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.search.language_index import LanguageIndex
from index.store.snapshot import Snapshot, StoredSentences
from index.text.tokenize import tokenize
from qa.types import Question, SearchFilter

_DEPTH = 50  # passages that each search names in each language, at most

# The weights of a passage's features, fitted by listwise logistic regression on half of the public question sets (the
# figures in ARCHITECTURE.md are of both halves): its cosine, the cosine of its best sentence, its lexical score, the
# lexical score of its best sentence. Cosines across languages are lower, and lexical search finds nothing there: so
# those passages have weights of their own, fitted to be comparable by how likely each passage is to be the right one.
SAME_LANGUAGE_WEIGHTS = np.array([6.2, 15.9, 4.6, 5.6])
OTHER_LANGUAGE_WEIGHTS = np.array([10.0, 22.0, 0.0, 0.0])


@dataclass(frozen=True, slots=True)
class Ranking:
    """The passages of one language that one search named, best first: their rows in the index, and their scores."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]

    def ranks(self) -> dict[int, int]:
        """Return the rank of each row, from 1."""
        return {row: rank for rank, row in enumerate(self.rows.tolist(), start=1)}

    def scores_by_row(self) -> dict[int, float]:
        """Return the score of each row."""
        return dict(zip(self.rows.tolist(), self.scores.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """The passages of one language that dense search (scores are cosines) and lexical search (BM25 shares) named.

    `terms` are the numbers of the question's tokens; lexical search is only used in the question's language.
    """

    language: str
    index: LanguageIndex
    terms: Sequence[int | None]
    dense: Ranking
    lexical: Ranking


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate passage: its place in its article, its vector [d], and what becomes a `Hit`."""

    score: float
    article_id: str
    ordinal: int
    number: int
    language: str
    vector: NDArray[np.float32]
    dense_rank: int | None
    lexical_rank: int | None
    similarities: tuple[float, ...]


def find_candidates(
    snapshot: Snapshot, question: Question, vector: NDArray[np.float32], search_filter: SearchFilter
) -> list[CandidateSet]:
    """Return what dense and lexical search name in each language; `vector` [d] is the question's."""
    without = snapshot.article_numbers(search_filter.without)
    question_terms = snapshot.term_numbers(tokenize(question.text))
    candidate_sets: list[CandidateSet] = []
    for language, index in snapshot.language_indexes.items():
        mask = index.filter_mask(search_filter.since, search_filter.until, without, undated=search_filter.undated)
        terms = question_terms if language == question.language else ()
        dense = Ranking(*index.search_dense(vector, _DEPTH, mask))
        lexical = Ranking(*index.search_lexical(terms, _DEPTH, mask))
        candidate_sets.append(CandidateSet(language, index, terms, dense, lexical))
    return candidate_sets


def score_candidates(snapshot: Snapshot, candidate_set: CandidateSet, vector: NDArray[np.float32]) -> list[Candidate]:
    """Return each passage of a candidate set once, with its score."""
    index, dense, lexical = candidate_set.index, candidate_set.dense, candidate_set.lexical
    rows = np.union1d(dense.rows, lexical.rows).astype(np.int64)
    if not len(rows):
        return []
    numbers = index.chunk_numbers[rows]
    vectors = index.vector_index.reconstruct(rows)
    sentences = snapshot.sentences(numbers)
    similarities = [of_passage.vectors @ vector for of_passage in sentences]
    scores = _scores(candidate_set, rows, vectors @ vector, sentences, similarities)
    dense_ranks, lexical_ranks = dense.ranks(), lexical.ranks()
    places = snapshot.chunk_ids(numbers)
    columns = zip(rows.tolist(), numbers.tolist(), scores.tolist(), vectors, similarities, places, strict=True)
    return [
        Candidate(
            score=score,
            article_id=article_id,
            ordinal=ordinal,
            number=number,
            language=candidate_set.language,
            vector=passage_vector,
            dense_rank=dense_ranks.get(row),
            lexical_rank=lexical_ranks.get(row),
            similarities=tuple(of_sentences.tolist()),
        )
        for row, number, score, passage_vector, of_sentences, (article_id, ordinal) in columns
    ]


def _scores(
    candidate_set: CandidateSet,
    rows: NDArray[np.int64],
    cosines: NDArray[np.float32],
    sentences: Sequence[StoredSentences],
    similarities: Sequence[NDArray[np.float32]],
) -> NDArray[np.float64]:
    """Return the score of each passage [n]: the weighted sum of its four features."""
    lexical_scores = candidate_set.lexical.scores_by_row()
    query_terms = QueryTerms.of(candidate_set.index, candidate_set.terms)
    features = np.array(
        [
            (
                cosine,
                max(similarities[i], default=cosine),
                lexical_scores.get(row, 0.0),
                query_terms.best_share(sentences[i]),
            )
            for i, (row, cosine) in enumerate(zip(rows.tolist(), cosines, strict=True))
        ]
    )
    weights = SAME_LANGUAGE_WEIGHTS if candidate_set.terms else OTHER_LANGUAGE_WEIGHTS
    # Rounded, so that sums taken in another order do not order the passages otherwise.
    return np.asarray(np.round(features @ weights, 4), np.float64)


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """The question's terms that passages hold, sorted, the idf of each, and the sum of the idf of all its terms."""

    terms: NDArray[np.int32]
    idf: NDArray[np.float64]
    total_idf: float

    @classmethod
    def of(cls, index: LanguageIndex, terms: Sequence[int | None]) -> QueryTerms:
        """Return the query terms of one language; None is a term that no passage holds."""
        idf = [index.bm25.idf(term) for term in terms]
        known = sorted((term, weight) for term, weight in zip(terms, idf, strict=True) if term is not None)
        return cls(np.array([term for term, _ in known], np.int32), np.array([weight for _, weight in known]), sum(idf))

    def best_share(self, passage: StoredSentences) -> float:
        """Return the largest share of the total idf that the terms in one sentence of a passage have, 0 to 1."""
        if not len(self.terms):
            return 0.0
        positions = np.minimum(np.searchsorted(self.terms, passage.terms), len(self.terms) - 1)
        in_sentence = (self.terms[positions] == passage.terms) & (passage.places > 0)
        sums = np.bincount(passage.places[in_sentence], weights=self.idf[positions[in_sentence]], minlength=1)
        return float(sums.max() / self.total_idf)
