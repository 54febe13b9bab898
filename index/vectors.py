"""Here is a vector, give me neighbours. The only importer of faiss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Neighbours:
    """Exact search by inner product over unit vectors, in memory; derived from the store, kept nowhere else."""

    def __init__(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Take `ids` [n] and the unit `vectors` [n, d] they stand for."""
        import faiss

        self._faiss: Any = faiss
        self._ids = ids
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors))

    def search(
        self, vector: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """Return the ids and cosines of the `k` nearest to the unit `vector` [d], best first.

        `allowed` [n], in the order of `ids`, leaves the others out of the search.
        """
        parameters = None
        if allowed is not None:
            selector = self._faiss.IDSelectorBatch(np.flatnonzero(allowed))
            parameters = self._faiss.SearchParameters(sel=selector)
        scores, positions = self._index.search(vector.reshape(1, -1), min(k, len(self._ids)), params=parameters)
        found = zip(positions[0], scores[0], strict=True)
        return [(int(self._ids[p]), float(score)) for p, score in found if p >= 0]
