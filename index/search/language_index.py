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
    """The passages of one language, in the order of their articles' ids; a passage is identified by its row.

    `chunk_numbers[row]` and `article_numbers[row]` are the numbers of the passage and of its article in the store,
    `published[row]` is the day of its article (ISO 8601, empty when unknown).
    """

    chunk_numbers: NDArray[np.int64]
    article_numbers: NDArray[np.int64]
    published: NDArray[np.str_]
    vector_index: VectorIndex
    bm25: BM25Index

    def filter_mask(
        self, since: str | None, until: str | None, without: Sequence[int] = (), *, undated: bool = False
    ) -> NDArray[np.bool_] | None:
        """Return for each row [n] whether its article was published from `since` to `until` (ISO days, inclusive).

        Articles whose day is unknown pass only when `undated`. Passages of the articles `without` (numbers) never
        pass. None lets every passage pass.
        """
        if since is None and until is None and not without:
            return None
        mask = ~np.isin(self.article_numbers, np.asarray(without, np.int64))
        if since is not None or until is not None:
            dated = self.published != ""
            in_period = dated & (self.published >= (since or "")) & (self.published <= (until or "9999"))
            mask &= in_period | (~dated & undated)
        return mask

    def search_dense(
        self, vector: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows and cosines of the `k` passages nearest to `vector` [d], best first."""
        rows, cosines = self.vector_index.search(vector, k, mask)
        order = np.lexsort((rows, -np.round(cosines, 5)))
        return rows[order], cosines[order]

    def search_lexical(
        self, terms: Sequence[int | None], k: int, mask: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows and normalized BM25 scores of the `k` passages that best match `terms`, best first."""
        scores = self.bm25.normalized_scores(terms)
        if mask is not None:
            scores[~mask] = 0
        rows = np.flatnonzero(scores)
        if len(rows) > k:
            least = np.partition(scores[rows], -k)[-k]
            rows = rows[scores[rows] >= least]  # with all that equal the last one: cut only once they are in order
        rows = rows[np.argsort(-scores[rows], kind="stable")][:k]
        return rows, scores[rows]
