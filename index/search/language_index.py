"""The passages of one language in memory: dense and lexical search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.search.bm25 import BM25Index
from index.search.vector_index import VectorIndex


@dataclass(frozen=True, slots=True)
class LanguageIndex:
    """The passages of one language, in the order of their articles' ids. A passage is told by its row.

    `numbers[row]` is its number in the store.
    """

    numbers: NDArray[np.int64]
    articles: NDArray[np.int64]
    published: NDArray[np.str_]
    vector_index: VectorIndex
    bm25: BM25Index

    def allowed(
        self, since: str | None, until: str | None, without: Sequence[int] = (), *, undated: bool = False
    ) -> NDArray[np.bool_] | None:
        """Return which passages are of articles published from `since` to `until` (ISO days, inclusive).

        Articles of which no day is known are only among them when `undated`. Passages of the articles `without`
        (numbers) are left out too. None allows all.
        """
        if since is None and until is None and not without:
            return None
        mask = ~np.isin(self.articles, np.asarray(without, np.int64))
        if since is not None or until is not None:
            dated = self.published != ""
            mask &= (dated & (self.published >= (since or "")) & (self.published <= (until or "9999"))) | (
                ~dated & undated
            )
        return mask

    def search_dense(
        self, vector: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows and cosines of the `k` passages nearest to `vector` [d], best first."""
        rows, cosines = self.vector_index.search(vector, k, allowed)
        order = np.lexsort((rows, -np.round(cosines, 5)))
        return rows[order], cosines[order]

    def search_lexical(
        self, terms: Sequence[int | None], k: int, allowed: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows and shares (see `Postings.shares`) of the `k` passages that best hold `terms`, best first."""
        shares = self.bm25.normalized_scores(terms)
        if allowed is not None:
            shares[~allowed] = 0
        rows = np.flatnonzero(shares)
        if len(rows) > k:
            least = np.partition(shares[rows], -k)[-k]
            rows = rows[shares[rows] >= least]  # all that are as good as the last one: cut off only once in order
        rows = rows[np.argsort(-shares[rows], kind="stable")][:k]
        return rows, shares[rows]
