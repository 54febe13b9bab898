"""Here are words, give me the passages that hold them: Arabic and English analysis, and BM25 over its tokens."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import snowballstemmer
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from index.normalise import fold

# Folded character 4-grams beat light stemming on ten Arabic question sets by 1 to 4 nDCG points, on dialect by 7 to 9;
# those that know where a word begins and ends gain another 1 to 4 (`_الم` and `المد` are different tokens). English is
# better served by stemmed words.
GRAM = 4
ANALYSIS = f"fold-{GRAM}gram-bounded-snowball-1"  # recorded in the store: changes whenever the tokens would

# Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) with its usual constants.
K1 = 1.2
B = 0.75

_WORD = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]+")
_ENGLISH = snowballstemmer.stemmer("english")


def analyse(text: str) -> list[str]:
    """Return the tokens of `text` in order: 4-grams of Arabic words, stems of English ones, numbers as they are."""
    return [token for word in _WORD.findall(fold(text)) for token in _tokens(word)]


def within(words: str) -> list[str]:
    """Return the tokens that a text holds when it holds these words, also with an article, prefix or suffix on them."""
    found: list[str] = []
    for word in _WORD.findall(fold(words)):
        tokens = _tokens(word)
        found += [token for token in tokens if "_" not in token] or tokens
    return found


@lru_cache(maxsize=100_000)
def _tokens(word: str) -> tuple[str, ...]:
    if word.isascii():
        return (word if word.isdigit() else _ENGLISH.stemWord(word),)
    bounded = f"_{word}_"
    return tuple(bounded[i : i + GRAM] for i in range(max(1, len(bounded) - GRAM + 1)))


class Postings:
    """Which passages hold which terms, in memory, by term; derived from the store, kept nowhere else.

    SQLite's FTS5 was measured for the same: over 100,000 passages it took 147 ms a question, this 1.2 ms.
    """

    def __init__(self, ends: NDArray[np.int64], terms: NDArray[np.int32], counts: NDArray[np.uint8]) -> None:
        """Take the passages' different terms one after the other, with their `counts`; those of i end at `ends[i]`."""
        rows = np.concatenate(([0], ends))
        self._passages = len(ends)
        width = int(terms.max()) + 1 if len(terms) else 1
        table: csc_array = csr_array((counts.astype(np.float32), terms, rows), shape=(len(ends), width)).tocsc()
        held = np.diff(rows) > 0  # a passage may hold no term at all
        lengths = np.zeros(len(ends), np.float32)
        lengths[held] = np.add.reduceat(counts, rows[:-1][held], dtype=np.float32) if held.any() else 0
        norm = np.float32(K1) * (1 - B + B * lengths / max(float(lengths.mean()), 1.0)).astype(np.float32)
        self._starts, self._holders, self._weights = table.indptr, table.indices, table.data
        self._weights *= np.float32(K1 + 1) / (self._weights + norm[self._holders])

    def rarity(self, term: int | None) -> float:
        """Return how much a term tells (BM25's idf, never negative): None is a term that no passage holds."""
        start, end = self._range(term)
        return math.log(1 + (self._passages - (end - start) + 0.5) / (end - start + 0.5))

    def shares(self, terms: Sequence[int | None]) -> NDArray[np.float32]:
        """Return for each passage [n] its BM25 score as a share, 0 to 1, of the highest that `terms` could give.

        A term that no passage holds counts in that highest score.
        """
        found = np.zeros(self._passages, np.float32)
        highest = 0.0
        for term in terms:
            start, end = self._range(term)
            rarity = self.rarity(term)
            highest += rarity * (K1 + 1)
            found[self._holders[start:end]] += np.float32(rarity) * self._weights[start:end]
        return found / np.float32(highest) if highest else found

    def hold_all(self, terms: Sequence[int | None]) -> NDArray[np.bool_]:
        """Return for each passage [n] whether it holds every one of these terms."""
        held = np.zeros(self._passages, np.int64)
        for start, end in map(self._range, terms):
            held[self._holders[start:end]] += 1
        return np.equal(held, len(terms))

    def _range(self, term: int | None) -> tuple[int, int]:
        if term is None or term + 1 >= len(self._starts):
            return 0, 0
        return int(self._starts[term]), int(self._starts[term + 1])
