"""Nearest neighbors by inner product: the interface, and FAISS behind it. The only importer of faiss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

# Every vector is compared while that is fast: 100,000 of 768 dimensions take 5 ms on one core, kept as float16, which
# finds the same neighbors as float32. Above this many the vectors are put in cells (an inverted file), of which the
# nearest are searched: 98 % of the true neighbors and more, see `make bench`.
EXACT_LIMIT = 300_000
_PROBED_CELLS = 8  # one of so many
_TRAINING_PER_CELL = 40  # vectors for each cell: enough for its center


class VectorIndex(Protocol):
    """Search by inner product over unit vectors, which are identified by their rows.

    It is derived from the store and never trusted to know more: whatever it names is read from the store.
    """

    def search(
        self, vector: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows and cosines of the `k` nearest to the unit `vector` [d], best first.

        Rows that `mask` [n] does not contain are left out of the search.
        """
        ...

    def reconstruct(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors [len(rows), d] of these rows."""
        ...


MakeVectorIndex = Callable[[NDArray[np.float32]], VectorIndex]  # takes the unit vectors [n, d] of one language


class FaissVectorIndex:
    """A `VectorIndex` in memory."""

    def __init__(self, vectors: NDArray[np.float32], exact_limit: int = EXACT_LIMIT) -> None:
        """Index the unit `vectors` [n, d], identified by their rows. Up to `exact_limit` of them are all compared."""
        import faiss

        self._faiss: Any = faiss
        count, dimension = vectors.shape
        kind, metric = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        self._cells = 0 if count <= exact_limit else int(4 * np.sqrt(count))
        self._index: Any
        if not self._cells:
            self._index = faiss.IndexScalarQuantizer(dimension, kind, metric)
        else:
            self._centers = faiss.IndexFlatIP(dimension)  # kept here: the index only points to it
            self._index = faiss.IndexIVFScalarQuantizer(self._centers, dimension, self._cells, kind, metric, False)
            self._index.cp.max_points_per_centroid = _TRAINING_PER_CELL
        self._index.train(vectors)
        self._index.add(vectors)
        if self._cells:
            self._index.make_direct_map()

    def search(
        self, vector: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See `VectorIndex.search`."""
        faiss = self._faiss
        options: dict[str, Any] = {}
        if mask is not None:
            options["sel"] = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        if self._cells:
            parameters = faiss.SearchParametersIVF(nprobe=max(1, self._cells // _PROBED_CELLS), **options)
        else:
            parameters = faiss.SearchParameters(**options)
        scores, rows = self._index.search(vector.reshape(1, -1), min(k, self._index.ntotal), params=parameters)
        found = rows[0] >= 0
        return rows[0][found], scores[0][found]

    def reconstruct(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `VectorIndex.reconstruct`."""
        vectors: NDArray[np.float32] = self._index.reconstruct_batch(rows)
        return vectors
