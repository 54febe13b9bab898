"""Neighbours, compared with brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.vector_index import FaissVectorIndex


@given(st.integers(1, 200), st.integers(1, 32), st.integers(1, 50), st.integers(0, 2**32 - 1), st.booleans())
def test_search_is_what_numpy_finds(n: int, d: int, k: int, seed: int, filtered: bool) -> None:
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((n, d)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    question = vectors[random.integers(n)]
    mask = random.random(n) < 0.5 if filtered else np.ones(n, bool)

    index = FaissVectorIndex(vectors)
    rows, scores = index.search(question, k, mask if filtered else None)

    similarities = vectors @ question
    expected = np.sort(similarities[mask])[::-1][:k]
    assert scores == pytest.approx(expected, abs=2e-3)  # float16
    assert all(mask[rows])
    assert scores == pytest.approx(similarities[rows], abs=2e-3)
    assert index.reconstruct(rows) == pytest.approx(vectors[rows], abs=1e-3)


@pytest.mark.parametrize("filtered", [False, True])
def test_a_large_collection_is_searched_in_cells_and_little_is_missed(filtered: bool) -> None:
    random = np.random.default_rng(1)
    subjects = random.standard_normal((300, 64)).astype(np.float32)
    vectors = 2 * subjects[random.integers(300, size=20_300)] + random.standard_normal((20_300, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors, questions = vectors[:20_000], vectors[20_000:]
    mask = random.random(len(vectors)) < 0.3 if filtered else None
    exact, cells = FaissVectorIndex(vectors), FaissVectorIndex(vectors, exact_limit=10_000)
    found = [
        len(np.intersect1d(exact.search(question, 50, mask)[0], cells.search(question, 50, mask)[0])) / 50
        for question in questions
    ]
    assert np.mean(found) >= 0.98
