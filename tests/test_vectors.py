from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.vectors import Neighbours


@given(st.integers(1, 200), st.integers(1, 32), st.integers(1, 50), st.integers(0, 2**32 - 1), st.booleans())
def test_search_is_what_numpy_finds(n: int, d: int, k: int, seed: int, filtered: bool) -> None:
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((n, d)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = random.permutation(10 * n)[:n].astype(np.int64)
    question = vectors[random.integers(n)]
    allowed = random.random(n) < 0.5 if filtered else np.ones(n, bool)

    found = Neighbours(ids, vectors).search(question, k, allowed if filtered else None)

    similarities = vectors @ question
    expected = np.sort(similarities[allowed])[::-1][:k]
    assert [score for _, score in found] == pytest.approx(expected.tolist(), abs=1e-5)
    position = {int(id_): i for i, id_ in enumerate(ids)}
    assert all(allowed[position[id_]] for id_, _ in found)
    assert all(similarities[position[id_]] == pytest.approx(score, abs=1e-5) for id_, score in found)
