"""Fits the weights of `qa.retrieval.answerability` on a file of questions."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.store.snapshot import open_snapshot
from index.sync.update import ProgressCallback
from qa.evaluation.conditions import CONDITIONS, Condition, condition_filter
from qa.evaluation.setup import EvaluationSetup
from qa.retrieval.answerability import FEATURES, Calibration, Features, PairWeights
from qa.retrieval.evidence import extract_features, score_sentences
from qa.retrieval.hybrid import search

# The confidence that is enough: a little below even, because a question that is refused although the articles answer
# it costs a reader more than a quote beside the point, which shows as such.
MIN_CONFIDENCE = 0.42
_ARTICLES = 10
_LEAST = 20  # questions with an answer, and as many without, that weights are fitted to
# Of the questions that are fitted to, half can be answered; the others are withheld in two ways, a quarter each.
_SHARE: Mapping[Condition, float] = {"answerable": 0.5, "withheld": 0.25, "near miss": 0.25}


@dataclass(frozen=True, slots=True)
class Observation:
    """One question in one situation: the signs of its search; `half` tells which half of the articles it is about."""

    direction: str
    pair: str
    situation: Condition
    half: int
    signs: Features


def collect_observations(bench: EvaluationSetup, progress: ProgressCallback) -> list[Observation]:
    """Search for every question in every situation there is for it."""
    seen = []
    with closing(open_snapshot(bench.settings.store)) as snapshot:
        for number, case in enumerate(bench.cases, start=1):
            title = snapshot.article(case.gold).title or case.gold
            for situation in CONDITIONS:
                searched = condition_filter(snapshot, case, situation)
                if searched is None:
                    continue
                vector = bench.vectors[case.question.text]
                weighed = score_sentences(
                    snapshot, case.question, search(snapshot, case.question, vector, searched, _ARTICLES)
                )
                if weighed:
                    pair = f"{case.question.language} -> {weighed[0][2].language}"
                    half = zlib.crc32(title.encode()) % 2
                    seen.append(Observation(case.direction, pair, situation, half, extract_features(weighed)))
            progress(number, len(bench.cases))
    return seen


def fit_calibration(seen: Sequence[Observation], embedding: str, before: Calibration) -> Calibration:
    """Return the calibration that fits what was seen.

    A pair of languages of which too little was seen keeps the weights it had `before`.
    """
    pairs = {}
    for pair, weights in before.pairs.items():
        of_pair = [one for one in seen if one.pair == pair]
        answerable = sum(one.situation == "answerable" for one in of_pair)
        told = min(answerable, len(of_pair) - answerable) >= _LEAST
        pairs[pair] = _fit_pair(of_pair) if told else weights
    return Calibration(embedding, MIN_CONFIDENCE, pairs)


def measure_calibration(
    seen: Sequence[Observation], embedding: str, before: Calibration
) -> dict[str, dict[str, float]]:
    """Return for each direction how many questions are kept and refused, fitted on the other half of the articles."""
    halves = [fit_calibration([one for one in seen if one.half != half], embedding, before) for half in (0, 1)]
    kept: dict[tuple[str, Condition], list[bool]] = {}
    for one in seen:
        question, article = one.pair.split(" -> ")
        sure = halves[one.half].confidence(question, article, one.signs)
        kept.setdefault((one.direction, one.situation), []).append(sure >= MIN_CONFIDENCE)
    measured: dict[str, dict[str, float]] = {}
    for (direction, situation), values in sorted(kept.items()):
        share = sum(values) / len(values)
        name, value = ("kept", share) if situation == "answerable" else (f"refused {situation}", 1 - share)
        measured.setdefault(direction, {})[name] = round(value, 3)
    return measured


def calibration_as_toml(
    calibration: Calibration, seen: Sequence[Observation], measured: Mapping[str, Mapping[str, float]]
) -> str:
    """Return a calibration as the file that `confidence.load` reads, with what it was measured to do."""
    asked = sum(one.situation == "answerable" for one in seen)
    lines = [
        "# How sure is it that the collection holds the answer? Written by `mujib eval calibrate`.",
        f"# Fitted to {asked} questions that can be answered and {len(seen) - asked} whose answer was withheld.",
        "# Fitted to one half of the articles and measured on the other, and the other way round:",
        *(f"#   {direction}: {', '.join(f'{k} {v}' for k, v in of.items())}" for direction, of in measured.items()),
        "",
        f'embedding = "{calibration.embedding}"',
        f"enough = {calibration.enough}",
    ]
    for pair, fitted in calibration.pairs.items():
        lines += ["", f'[pairs."{pair}"]', f"intercept = {fitted.intercept:.4f}"]
        for name, values in (("usual", fitted.usual), ("weights", fitted.weights)):
            shown = ", ".join(f"{sign} = {value:.4f}" for sign, value in zip(FEATURES, values, strict=True))
            lines.append(f"{name} = {{ {shown} }}")
    return "\n".join(lines) + "\n"


def _fit_pair(seen: Sequence[Observation]) -> PairWeights:
    """Fit a logistic regression in which each situation has its share, however often it was seen."""
    from sklearn.linear_model import LogisticRegression

    told = np.array([[np.nan if sign is None else sign for sign in one.signs] for one in seen])
    known = ~np.isnan(told)
    usual = np.where(known, told, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    values = np.where(known, told, usual)
    spread = np.maximum(values.std(axis=0), 1e-9)
    count = {situation: sum(one.situation == situation for one in seen) for situation in CONDITIONS}
    weight = [len(seen) * _SHARE[one.situation] / count[one.situation] for one in seen]
    model: Any = LogisticRegression(C=1e3, max_iter=10_000)
    model.fit((values - usual) / spread, [one.situation == "answerable" for one in seen], sample_weight=weight)
    weights = model.coef_[0] / spread
    return PairWeights(tuple(usual.tolist()), tuple(weights.tolist()), float(model.intercept_[0] - weights @ usual))
