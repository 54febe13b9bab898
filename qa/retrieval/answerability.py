"""How sure is it that the collection holds the answer: a calibrated probability from a few features.

Logistic regression with weights of its own for each pair of languages. What tells most beside the best sentence's
cosine is how far that sentence stands out from those behind it: where the answer is missing, many sentences of the
subject lie about equally near. The weights belong to one embedding model; `mujib eval calibrate` fits them anew.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import UsageError

# The sentences, counted from the best, that the best one is compared to.
_BEHIND = (5, 11, 21)
FEATURES = ("similarity", "passage", *(f"above_{place}" for place in _BEHIND))

Features = tuple[float | None, ...]  # in the order of `SIGNS`; None where there is no such sentence


@dataclass(frozen=True, slots=True)
class PairWeights:
    """What one pair of languages was fitted to: each sign's usual value and weight, and what no sign explains."""

    usual: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted weights by `question -> article` languages, and the confidence that is enough to answer."""

    embedding: str
    enough: float
    pairs: Mapping[str, PairWeights]

    def confidence(self, question_language: str, article_language: str, found: Features) -> float:
        """Return the probability, 0 to 1, that the collection holds the answer.

        A sign that there is none of counts as usual: a small collection is not held against an answer.
        """
        fitted = self.pairs[f"{question_language} -> {article_language}"]
        values = [usual if sign is None else sign for usual, sign in zip(fitted.usual, found, strict=True)]
        total = fitted.intercept + sum(w * value for w, value in zip(fitted.weights, values, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def compute_features(similarity: float, passage: float, weights: Sequence[float]) -> Features:
    """Return the signs of a search.

    The best sentence's cosine, its passage's score, and how far its weight is above those of sentences behind it;
    `weights` are those of all sentences, the greatest first.
    """
    return (
        similarity,
        passage,
        *(weights[0] - weights[place - 1] if place <= len(weights) else None for place in _BEHIND),
    )


def load_calibration(path: Path) -> Calibration:
    """Read a calibration. Raises `UsageError` when the file is not one."""
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        pairs = {
            name: PairWeights(
                tuple(float(pair["usual"][sign]) for sign in FEATURES),
                tuple(float(pair["weights"][sign]) for sign in FEATURES),
                float(pair["intercept"]),
            )
            for name, pair in table["pairs"].items()
        }
        if set(pairs) != {f"{q} -> {a}" for q in ("ar", "en") for a in ("ar", "en")}:
            raise KeyError("pairs")
        return Calibration(str(table["embedding"]), float(table["enough"]), pairs)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path} is not a calibration ({type(error).__name__}: {error}). Make it anew with `mujib eval calibrate`."
        ) from None
