"""Which passages are near?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from index.lexical import analyse
from index.normalise import fold
from index.shelf import Shelf
from index.snapshot import Sentences, Snapshot
from index.types import Hit, Story
from qa import numerals
from qa.types import Question, Window

_DEPTH = 50  # passages that each leg may name in each language

# How much each sign counts, fitted by listwise logistic regression on half of the public question sets (the figures in
# ARCHITECTURE.md tell both halves): the passage's cosine, its best sentence's, its share of the question's words, its
# best sentence's. Cosines across languages are lower, and words are blind there: so those passages are weighed on their
# own, and compared with the others by how likely each is to be the right one.
_SAME = np.array([6.2, 15.9, 4.6, 5.6])
_OTHER = np.array([10.0, 22.0, 0.0, 0.0])

_TRANSLATION = 0.80  # cosine of passages that say the same in two languages; two about one subject stay below it
_COPY = 0.85  # cosine of passages whose words are compared
_COPY_WORDS = 0.50  # share of the shorter one's runs of words that the other holds
_RUN = 5  # words
_TOP = 5  # stories in which both languages have their place...
_QUOTA = 2  # ...this many at least


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A passage that a leg has named: its sort key, its vector [d], and what becomes a `Hit`."""

    key: tuple[float, str, int]
    number: int
    language: str
    vector: NDArray[np.float32]
    dense_rank: int | None
    lexical_rank: int | None
    similarities: tuple[float, ...]


def search(snapshot: Snapshot, question: Question, vector: NDArray[np.float32], window: Window, k: int) -> list[Story]:
    """Return the `k` stories nearest to the question, best first, by meaning and by words together.

    `vector` [d] is the question's. Copies of an article in one language are one story. In a collection of two
    languages both have a place among the first, and a translation never stands before what it translates into the
    question's language.
    """
    without = snapshot.article_numbers(window.without)
    terms = snapshot.terms(analyse(question.text))
    candidates = []
    for language, shelf in snapshot.shelves.items():
        allowed = shelf.allowed(window.since, window.until, without, undated=window.undated)
        same = language == question.language
        candidates += _candidates(snapshot, language, shelf, vector, terms if same else (), allowed)
    candidates.sort(key=lambda candidate: candidate.key)
    if not candidates:
        return []
    vectors = np.stack([candidate.vector for candidate in candidates])
    likeness = vectors @ vectors.T
    stories = _stories(snapshot, candidates, likeness, 3 * k)
    ordered = _translations_behind(stories, likeness, question.language)
    return [_story(snapshot, group) for group in _with_quota(ordered)[:k]]


def _candidates(
    snapshot: Snapshot,
    language: str,
    shelf: Shelf,
    vector: NDArray[np.float32],
    terms: Sequence[int | None],
    allowed: NDArray[np.bool_] | None,
) -> list[_Candidate]:
    dense, _ = shelf.near(vector, _DEPTH, allowed)
    lexical, shares = shelf.holding(terms, _DEPTH, allowed)
    dense_rank = {int(row): rank for rank, row in enumerate(dense, start=1)}
    lexical_rank = {int(row): rank for rank, row in enumerate(lexical, start=1)}
    rows = np.union1d(dense, lexical).astype(np.int64)
    if not len(rows):
        return []
    vectors = shelf.neighbours.vectors(rows)
    numbers = shelf.numbers[rows]
    inside = snapshot.sentences(numbers)
    similarities = [of_passage.vectors @ vector for of_passage in inside]
    share = dict(zip(lexical.tolist(), shares.tolist(), strict=True))
    words = _Words.of(shelf, terms)
    cosines = vectors @ vector
    signs = np.array(
        [
            (cosine, max(of_sentences, default=cosine), share.get(row, 0.0), words.best_share(of_passage))
            for row, cosine, of_sentences, of_passage in zip(rows.tolist(), cosines, similarities, inside, strict=True)
        ]
    )
    # Rounded, so that sums taken in another order do not order the passages otherwise.
    scores = np.round(signs @ (_SAME if terms else _OTHER), 4)
    return [
        _Candidate(
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
class _Words:
    """The question's terms that passages hold, sorted, how much each tells, and how much all tell together."""

    terms: NDArray[np.int32]
    weights: NDArray[np.float64]
    total: float

    @classmethod
    def of(cls, shelf: Shelf, terms: Sequence[int | None]) -> _Words:
        rarities = [shelf.postings.rarity(term) for term in terms]
        known = sorted((term, rarity) for term, rarity in zip(terms, rarities, strict=True) if term is not None)
        return cls(
            np.array([term for term, _ in known], np.int32), np.array([rarity for _, rarity in known]), sum(rarities)
        )

    def best_share(self, passage: Sentences) -> float:
        """Return the largest share of what the terms tell that one sentence of a passage holds, 0 to 1."""
        if not len(self.terms):
            return 0.0
        where = np.minimum(np.searchsorted(self.terms, passage.terms), len(self.terms) - 1)
        held = (self.terms[where] == passage.terms) & (passage.places > 0)
        sums = np.bincount(passage.places[held], weights=self.weights[where[held]], minlength=1)
        return float(sums.max() / self.total)


@dataclass(slots=True)
class _Group:
    """A story in the making: the candidates of one article, best first, their rows, and the articles that copy it."""

    score: float
    candidates: list[_Candidate]
    rows: list[int]
    also: list[str] = field(default_factory=list)
    translation: bool = False

    @property
    def article_id(self) -> str:
        return self.candidates[0].key[1]

    @property
    def language(self) -> str:
        return self.candidates[0].language


def _stories(
    snapshot: Snapshot, candidates: Sequence[_Candidate], likeness: NDArray[np.float32], first: int
) -> list[_Group]:
    """Put the passages of one article together, and with the `first` of them the articles that copy them."""
    text_of = cache(lambda number: snapshot.chunks([number])[0].text)
    groups: dict[str, _Group] = {}
    copied: set[str] = set()
    for row, candidate in enumerate(candidates):
        article_id = candidate.key[1]
        if article_id in groups:
            groups[article_id].candidates.append(candidate)
            groups[article_id].rows.append(row)
        elif article_id not in copied:
            alike = [
                group
                for group in (list(groups.values()) if len(groups) < first else [])
                if group.language == candidate.language and likeness[row, group.rows[0]] >= _COPY
            ]
            own = text_of(candidate.number) if alike else ""
            original = next((group for group in alike if copies(text_of(group.candidates[0].number), own)), None)
            if original is None:
                groups[article_id] = _Group(-candidate.key[0], [candidate], [row])
            else:
                original.also.append(article_id)
                copied.add(article_id)
    return list(groups.values())


def copies(one: str, other: str) -> bool:
    """Return whether two texts say the same in the same words.

    The same words with other numbers are no copy: an agency that counts three dead, and then four.
    """
    runs, others = _runs(one), _runs(other)
    if len(runs & others) < _COPY_WORDS * min(len(runs), len(others)):
        return False
    numbers, other_numbers = numerals.numbers(one), numerals.numbers(other)
    return numbers <= other_numbers or other_numbers <= numbers


@lru_cache(maxsize=1_000)
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", fold(text))
    return frozenset(tuple(words[i : i + _RUN]) for i in range(max(1, len(words) - _RUN + 1)))


def _translations_behind(groups: Sequence[_Group], likeness: NDArray[np.float32], language: str) -> list[_Group]:
    """Return the groups by score, where none stands before its translation into `language`."""
    own = [(group.score, row) for group in groups if group.language == language for row in group.rows]
    if own:
        scores, rows = np.array([score for score, _ in own]), [row for _, row in own]
        for group in groups:
            if group.language != language:
                translated = likeness[np.ix_(group.rows, rows)].max(axis=0) >= _TRANSLATION
                group.translation = bool(translated.any())
                group.score = min(group.score, scores[translated].min(initial=group.score))
    return sorted(groups, key=lambda group: (-group.score, group.language != language, group.article_id))


def _with_quota(groups: Sequence[_Group]) -> list[_Group]:
    """Return the groups in their order, but for the places among the first that each language is given."""
    first, rest = list(groups[:_TOP]), list(groups[_TOP:])
    for language in sorted({group.language for group in groups}):
        missing = _QUOTA - sum(group.language == language for group in first)
        for group in [g for g in rest if g.language == language][: max(missing, 0)]:
            rest.remove(group)
            given = [g for g in first if g.language != language][-1]
            first.remove(given)
            first.append(group)
            rest.insert(0, given)
    return first + rest


def _story(snapshot: Snapshot, group: _Group) -> Story:
    chunks = snapshot.chunks([candidate.number for candidate in group.candidates])
    return Story(
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
