"""Fits the weights of `qa.retrieval.answerability` on a file of questions."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.collection import ProgressCallback
from index.store.snapshot import Snapshot
from qa.evaluation.conditions import CONDITIONS, Condition, condition_filter
from qa.evaluation.dataset import Case
from qa.evaluation.setup import EvaluationSetup
from qa.retrieval.answerability import FEATURES, Calibration, Features, PairWeights
from qa.retrieval.evidence import extract_features, score_sentences
from qa.retrieval.hybrid import ARTICLES_SEARCHED, search

# The least confidence with which a question is answered: a little below even, because a question that is refused
# although the articles answer it costs a reader more than a quote beside the point, which shows as such.
MIN_CONFIDENCE = 0.42
_MIN_OBSERVATIONS = 20  # questions with an answer, and as many without, that weights are fitted to
# Of the questions that are fitted to, half can be answered; the others are withheld in two ways, a quarter each.
_SHARES: Mapping[Condition, float] = {"answerable": 0.5, "withheld": 0.25, "near miss": 0.25}


@dataclass(frozen=True, slots=True)
class Observation:
    """The features of the search for one question under one condition.

    `pair` are the languages of the question and of the best sentence. `half` (0 or 1) is the half of the articles that
    the question is about.
    """

    direction: str
    pair: str
    condition: Condition
    half: int
    features: Features


def collect_observations(setup: EvaluationSetup, progress: ProgressCallback) -> list[Observation]:
    """Search for every question under every condition that it has."""
    observations: list[Observation] = []
    with closing(setup.collection):
        snapshot = setup.collection.snapshot()
        for number, case in enumerate(setup.cases, start=1):
            for condition in CONDITIONS:
                observation = _observe(setup, snapshot, case, condition)
                if observation is not None:
                    observations.append(observation)
            progress(number, len(setup.cases))
    return observations


def _observe(setup: EvaluationSetup, snapshot: Snapshot, case: Case, condition: Condition) -> Observation | None:
    """Return what is observed of a case under a condition; None when it has none, or nothing is found."""
    search_filter = condition_filter(snapshot, case, condition)
    if search_filter is None:
        return None
    vector = setup.question_vectors[case.question.text]
    articles = search(snapshot, case.question, vector, search_filter, ARTICLES_SEARCHED)
    scored = score_sentences(snapshot, case.question, articles)
    if not scored:
        return None
    title = snapshot.article(case.gold).title or case.gold
    return Observation(
        direction=case.direction,
        pair=f"{case.question.language} -> {scored[0].language}",
        condition=condition,
        half=zlib.crc32(title.encode()) % 2,
        features=extract_features(scored),
    )


def fit_calibration(observations: Sequence[Observation], embedding: str, before: Calibration) -> Calibration:
    """Return the calibration that fits the observations.

    A pair of languages with too few of them keeps the weights it had `before`.
    """
    pairs: dict[str, PairWeights] = {}
    for pair, weights in before.pairs.items():
        of_pair = [observation for observation in observations if observation.pair == pair]
        answerable = _count_answerable(of_pair)
        enough = min(answerable, len(of_pair) - answerable) >= _MIN_OBSERVATIONS
        pairs[pair] = _fit_pair(of_pair) if enough else weights
    return Calibration(embedding, MIN_CONFIDENCE, pairs)


def _count_answerable(observations: Sequence[Observation]) -> int:
    return sum(observation.condition == "answerable" for observation in observations)


def _fit_pair(observations: Sequence[Observation]) -> PairWeights:
    """Fit a logistic regression in which each condition has its share, however often it was observed."""
    from sklearn.linear_model import LogisticRegression

    features = np.array([[np.nan if f is None else f for f in observation.features] for observation in observations])
    known = ~np.isnan(features)
    means = np.where(known, features, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    values = np.where(known, features, means)
    deviations = np.maximum(values.std(axis=0), 1e-9)
    counts = {condition: sum(o.condition == condition for o in observations) for condition in CONDITIONS}
    sample_weights = [len(observations) * _SHARES[o.condition] / counts[o.condition] for o in observations]
    model: Any = LogisticRegression(C=1e3, max_iter=10_000)
    answerable = [observation.condition == "answerable" for observation in observations]
    model.fit((values - means) / deviations, answerable, sample_weight=sample_weights)
    weights = model.coef_[0] / deviations
    return PairWeights(tuple(means.tolist()), tuple(weights.tolist()), float(model.intercept_[0] - weights @ means))


def measure_calibration(
    observations: Sequence[Observation], embedding: str, before: Calibration
) -> dict[str, dict[str, float]]:
    """Return for each direction how many questions are kept and refused, fitted on the other half of the articles."""
    by_half = [fit_calibration([o for o in observations if o.half != half], embedding, before) for half in (0, 1)]
    kept: dict[tuple[str, Condition], list[bool]] = {}
    for observation in observations:
        question, article = observation.pair.split(" -> ")
        confidence = by_half[observation.half].confidence(question, article, observation.features)
        kept.setdefault((observation.direction, observation.condition), []).append(confidence >= MIN_CONFIDENCE)
    measured: dict[str, dict[str, float]] = {}
    for (direction, condition), values in sorted(kept.items()):
        share = sum(values) / len(values)
        name, value = ("kept", share) if condition == "answerable" else (f"refused {condition}", 1 - share)
        measured.setdefault(direction, {})[name] = round(value, 3)
    return measured


def calibration_as_toml(
    calibration: Calibration, observations: Sequence[Observation], measured: Mapping[str, Mapping[str, float]]
) -> str:
    """Return a calibration as a file that `load_calibration` reads, with how well it was measured to do."""
    answerable = _count_answerable(observations)
    withheld = len(observations) - answerable
    lines = [
        "# How sure is it that the collection holds the answer? Written by `mujib eval calibrate`.",
        f"# Fitted to {answerable} questions that can be answered and {withheld} whose answer was withheld.",
        "# Fitted to one half of the articles and measured on the other, and the other way round:",
        *(f"#   {direction}: {', '.join(f'{k} {v}' for k, v in of.items())}" for direction, of in measured.items()),
        "",
        f'embedding = "{calibration.embedding}"',
        f"enough = {calibration.min_confidence}",
    ]
    for pair, fitted in calibration.pairs.items():
        lines += ["", f'[pairs."{pair}"]', f"intercept = {fitted.intercept:.4f}"]
        for name, values in (("usual", fitted.means), ("weights", fitted.weights)):
            entries = ", ".join(f"{feature} = {value:.4f}" for feature, value in zip(FEATURES, values, strict=True))
            lines.append(f"{name} = {{ {entries} }}")
    return "\n".join(lines) + "\n"
