"""Groups passages by article, and articles that copy each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from index.store.snapshot import Snapshot
from index.text.normalize import fold
from qa.language.numbers import extract_numbers
from qa.language.words import ngrams, words
from qa.retrieval.candidates import Candidate

_MIN_SIMILARITY = 0.85  # cosine of passages whose words are compared
_MIN_SHARED_NGRAMS = 0.50  # share of the shorter one's n-grams of words that the other holds
_NGRAM_WORDS = 5


@dataclass(slots=True)
class ArticleGroup:
    """The candidates of one article, best first, their rows, and the ids of the articles that copy it.

    It is a `translation` when a passage that says the same was found in the question's language.
    """

    score: float
    candidates: list[Candidate]
    rows: list[int]
    duplicates: list[str] = field(default_factory=list)
    translation: bool = False

    @property
    def article_id(self) -> str:
        """Return the id of the article."""
        return self.best.article_id

    @property
    def language(self) -> str:
        """Return the language of the article."""
        return self.best.language

    @property
    def best(self) -> Candidate:
        """Return the best candidate."""
        return self.candidates[0]


def group_by_article(
    snapshot: Snapshot, candidates: Sequence[Candidate], similarities: NDArray[np.float32], compared: int
) -> list[ArticleGroup]:
    """Return the candidates, best first, as groups of one article each.

    An article that copies one of the first `compared` groups has no group of its own. `similarities` [n, n] are the
    cosines of the candidates.
    """
    texts = _comparable_texts(snapshot, candidates, similarities)
    groups: dict[str, ArticleGroup] = {}
    duplicates: set[str] = set()
    for row, candidate in enumerate(candidates):
        group = groups.get(candidate.article_id)
        if group is not None:
            group.candidates.append(candidate)
            group.rows.append(row)
        elif candidate.article_id not in duplicates:
            others = list(groups.values()) if len(groups) < compared else []
            original = _find_original(candidate, similarities[row], others, texts)
            if original is None:
                groups[candidate.article_id] = ArticleGroup(candidate.score, [candidate], [row])
            else:
                original.duplicates.append(candidate.article_id)
                duplicates.add(candidate.article_id)
    return list(groups.values())


def _find_original(
    candidate: Candidate,
    similarities: NDArray[np.float32],
    groups: Sequence[ArticleGroup],
    texts: dict[int, str],
) -> ArticleGroup | None:
    """Return the first group that the article of a candidate copies; `similarities` [n] are the candidate's."""
    for group in groups:
        similar = group.language == candidate.language and similarities[group.rows[0]] >= _MIN_SIMILARITY
        if similar and is_duplicate(texts[group.best.number], texts[candidate.number]):
            return group
    return None


def _comparable_texts(
    snapshot: Snapshot, candidates: Sequence[Candidate], similarities: NDArray[np.float32]
) -> dict[int, str]:
    """Return by number the texts of the best passages of articles that may copy each other, read in one batch."""
    best_row: dict[str, int] = {}
    for row, candidate in enumerate(candidates):
        best_row.setdefault(candidate.article_id, row)
    rows = list(best_row.values())
    languages = np.array([candidates[row].language for row in rows])
    similar = (similarities[np.ix_(rows, rows)] >= _MIN_SIMILARITY) & (languages[:, None] == languages)
    np.fill_diagonal(similar, val=False)
    needed = (similar | similar.T).any(axis=0)
    numbers = [candidates[row].number for row, is_needed in zip(rows, needed, strict=True) if is_needed]
    return {number: chunk.text for number, chunk in zip(numbers, snapshot.chunks(numbers), strict=True)}


def is_duplicate(one: str, other: str) -> bool:
    """Return whether two texts say the same in the same words.

    The same words with other numbers are no copy: an agency that counts three dead, and then four.
    """
    ngrams_of_one, ngrams_of_other = _word_ngrams(one), _word_ngrams(other)
    shared = len(ngrams_of_one & ngrams_of_other)
    if shared < _MIN_SHARED_NGRAMS * min(len(ngrams_of_one), len(ngrams_of_other)):
        return False
    numbers, other_numbers = extract_numbers(one), extract_numbers(other)
    return numbers <= other_numbers or other_numbers <= numbers


@lru_cache(maxsize=1_000)
def _word_ngrams(text: str) -> frozenset[tuple[str, ...]]:
    """Return the n-grams of a text; a shorter text is one."""
    tokens = words(fold(text))
    return frozenset(ngrams(tokens, _NGRAM_WORDS) or [tuple(tokens)])
