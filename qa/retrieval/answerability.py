"""The calibrated probability that the collection holds the answer to a question.

Logistic regression with weights of its own for each pair of languages. The best feature beside the best sentence's
cosine is how far that sentence stands out from those behind it: where the answer is missing, many sentences of the
subject are about equally near. The weights belong to one embedding model; `mujib eval calibrate` fits them anew.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import UsageError
from index.text.languages import LANGUAGES

_COMPARED_RANKS = (5, 11, 21)  # of the sentences that the best one is compared to
FEATURES = ("similarity", "passage", *(f"above_{rank}" for rank in _COMPARED_RANKS))
LANGUAGE_PAIRS = tuple(f"{question} -> {article}" for question in LANGUAGES for article in LANGUAGES)
_MAX_LOGIT = 30.0

Features = tuple[float | None, ...]  # in the order of `FEATURES`; None where there is no such sentence


@dataclass(frozen=True, slots=True)
class PairWeights:
    """What was fitted for one pair of languages: the mean and the weight of each feature, and the intercept."""

    means: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted weights by `question -> article` languages, for the embedding model that they were fitted with.

    A question is answered when its confidence is at least `min_confidence`.
    """

    embedding: str
    min_confidence: float
    pairs: Mapping[str, PairWeights]

    def confidence(self, question_language: str, article_language: str, features: Features) -> float:
        """Return the probability, 0 to 1, that the collection holds the answer.

        A feature that is missing takes its mean: a small collection does not count against an answer.
        """
        pair = self.pairs[f"{question_language} -> {article_language}"]
        values = [mean if value is None else value for mean, value in zip(pair.means, features, strict=True)]
        logit = pair.intercept + sum(weight * value for weight, value in zip(pair.weights, values, strict=True))
        return 1 / (1 + math.exp(-max(-_MAX_LOGIT, min(_MAX_LOGIT, logit))))


def compute_features(similarity: float, passage: float, scores: Sequence[float]) -> Features:
    """Return the features of a search.

    They are the best sentence's cosine, its passage's score, and how far its score is above those of sentences behind
    it; `scores` are those of all sentences, the highest first.
    """
    margins = (scores[0] - scores[rank - 1] if rank <= len(scores) else None for rank in _COMPARED_RANKS)
    return (similarity, passage, *margins)


def load_calibration(path: Path) -> Calibration:
    """Read a calibration. Raises `UsageError` when the file is not one."""
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        pairs = {name: _pair_weights(pair) for name, pair in table["pairs"].items()}
        if not set(pairs) <= set(LANGUAGE_PAIRS):
            raise KeyError("pairs")
        return Calibration(str(table["embedding"]), float(table["enough"]), _complete_pairs(pairs))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path} is not a calibration ({type(error).__name__}: {error}). Make it anew with `mujib eval calibrate`."
        ) from None


def _complete_pairs(fitted: Mapping[str, PairWeights]) -> dict[str, PairWeights]:
    """Return weights for all pairs of languages.

    One that was not fitted yet has those of the first of its kind: of one language, or of two. Raises `KeyError` when
    there is none.
    """
    by_kind = {_is_of_two(pair): fitted[pair] for pair in reversed(list(fitted))}
    return {pair: fitted[pair] if pair in fitted else by_kind[_is_of_two(pair)] for pair in LANGUAGE_PAIRS}


def _is_of_two(pair: str) -> bool:
    question, article = pair.split(" -> ")
    return question != article


def _pair_weights(table: Mapping[str, Any]) -> PairWeights:
    return PairWeights(
        means=tuple(float(table["usual"][feature]) for feature in FEATURES),
        weights=tuple(float(table["weights"][feature]) for feature in FEATURES),
        intercept=float(table["intercept"]),
    )
