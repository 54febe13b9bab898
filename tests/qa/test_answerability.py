"""The calibrated confidence."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import UsageError
from index.models.registry import model_identity
from qa.evaluation.calibration import Observation, calibration_as_toml, fit_calibration, measure_calibration
from qa.evaluation.conditions import Condition
from qa.retrieval.answerability import FEATURES, Features, compute_features, load_calibration
from qa.retrieval.candidates import OTHER_LANGUAGE_WEIGHTS, SAME_LANGUAGE_WEIGHTS
from qa.settings import Settings
from tests.conftest import CALIBRATION


def test_the_shipped_calibration_is_that_of_the_default_model() -> None:
    calibration = load_calibration(Settings().calibration)
    assert calibration.embedding == model_identity(Settings().embedding_model, Settings().models)
    assert 0.3 <= calibration.min_confidence <= 0.7


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_features_are_how_far_the_best_sentence_stands_out(scores: list[float]) -> None:
    ordered = sorted(scores, reverse=True)
    features = compute_features(0.5, 7.0, ordered)
    assert len(features) == len(FEATURES)
    assert features[:2] == (0.5, 7.0)
    for feature, rank in zip(features[2:], (5, 11, 21), strict=True):
        assert feature == (ordered[0] - ordered[rank - 1] if len(ordered) >= rank else None)


@given(st.floats(0, 0.8), st.floats(0, 20), st.floats(0, 0.5))
def test_confidence_is_a_probability_and_grows_with_each_feature(
    similarity: float, passage: float, above: float
) -> None:
    calibration = load_calibration(Settings().calibration)
    for question in ("ar", "en"):
        for article in ("ar", "en"):
            # A sentence that is nearer by .2 is as much farther above the others, and its passage scores higher.
            higher = passage + 0.2 * (SAME_LANGUAGE_WEIGHTS if question == article else OTHER_LANGUAGE_WEIGHTS)[1]
            less = calibration.confidence(question, article, (similarity, passage, above, above, above))
            more = calibration.confidence(
                question, article, (similarity + 0.2, float(higher), above + 0.2, above + 0.2, above + 0.2)
            )
            assert 0 <= less <= more <= 1


def observe(count: int) -> list[Observation]:
    """Return observations whose best sentence stands out by .3 when it answers, by .1 when it does not."""
    conditions: tuple[tuple[Condition, float], ...] = (("answerable", 0.3), ("withheld", 0.1), ("near miss", 0.14))
    observations = []
    for number in range(count):
        wiggle = 0.08 * math.sin(number)
        for pair in ("ar -> ar", "ar -> en", "en -> ar", "en -> en"):
            for condition, above in conditions:
                features: Features = (0.5 + wiggle, 8 + wiggle, above + wiggle, above + wiggle, None)
                observations.append(Observation(pair, pair, condition, number % 2, features))
    return observations


def test_a_calibration_separates_what_it_was_fitted_to_and_survives_its_file(tmp_path: Path) -> None:
    observations = observe(40)
    measured = measure_calibration(observations, "m@1", CALIBRATION)
    for of_direction in measured.values():
        assert all(value > 0.85 for value in of_direction.values())
    fitted = fit_calibration(observations, "m@1", CALIBRATION)
    path = tmp_path / "calibration.toml"
    path.write_text(calibration_as_toml(fitted, observations, measured), "utf-8")
    read = load_calibration(path)
    assert (read.embedding, read.min_confidence) == ("m@1", fitted.min_confidence)
    for above in (0.05, 0.2, 0.4):
        features = (0.5, 8.0, above, above, None)
        assert read.confidence("en", "ar", features) == pytest.approx(fitted.confidence("en", "ar", features), abs=0.01)


def test_a_pair_of_languages_with_few_observations_keeps_its_weights() -> None:
    fitted = fit_calibration([one for one in observe(40) if one.pair == "en -> en"], "m@1", CALIBRATION)
    assert fitted.pairs["en -> en"] != CALIBRATION.pairs["en -> en"]
    assert fitted.pairs["ar -> en"] == CALIBRATION.pairs["ar -> en"]
    assert fit_calibration(observe(3), "m@1", CALIBRATION).pairs == CALIBRATION.pairs


@pytest.mark.parametrize(
    "text", ["", "enough = 1", "embedding = 3\nenough = 'x'", "[pairs.'ar -> ar']\nusual = 1", "\0"]
)
def test_a_file_that_is_no_calibration_is_one_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"c\.toml is not a calibration .*mujib eval calibrate"):
        load_calibration(path)
    with pytest.raises(UsageError, match="is not a calibration"):
        load_calibration(tmp_path / "none.toml")
