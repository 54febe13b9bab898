"""Which passages are near?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from index.lexical import analyse
from index.store import Snapshot
from index.types import Hit
from qa.types import Question, Window

_DEPTH = 50  # passages that each leg may name
_RRF_K = 60  # reciprocal rank fusion's constant: Cormack, Clarke and Buettcher, SIGIR 2009


def search(snapshot: Snapshot, question: Question, vector: NDArray[np.float32], window: Window, k: int) -> list[Hit]:
    """Return the `k` passages nearest to the question, best first, by meaning and by words together.

    `vector` [d] is the question's. The lexical leg only speaks for passages in the question's own language: in the
    other one it is blind, and its silence must not count against them.
    """
    allowed = snapshot.allowed(window.since, window.until)
    dense = snapshot.nearest(vector, _DEPTH, allowed)
    lexical = snapshot.holding(analyse(question.text), _DEPTH, question.language, allowed)
    dense_rank = {number: rank for rank, (number, _) in enumerate(dense, start=1)}
    lexical_rank = {number: rank for rank, (number, _) in enumerate(lexical, start=1)}
    scores = {
        number: sum(1 / (_RRF_K + ranks[number]) for ranks in (dense_rank, lexical_rank) if number in ranks)
        for number in dense_rank | lexical_rank
    }
    best = sorted(scores, key=lambda number: (-scores[number], dense_rank.get(number, _DEPTH), number))[:k]
    return [
        Hit(chunk, scores[number], dense_rank.get(number), lexical_rank.get(number))
        for number, chunk in zip(best, snapshot.chunks(best), strict=True)
    ]
