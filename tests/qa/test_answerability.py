from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import UsageError
from index.models.registry import model_identity
from qa.evaluation.calibration import Observation, calibration_as_toml, fit_calibration, measure_calibration
from qa.retrieval.answerability import FEATURES, compute_features, load_calibration
from qa.retrieval.candidates import _OTHER_LANGUAGE_WEIGHTS, _SAME_LANGUAGE_WEIGHTS
from qa.settings import Settings
from tests.conftest import CALIBRATION


def test_the_shipped_calibration_is_that_of_the_default_model() -> None:
    calibration = load_calibration(Settings().calibration)
    assert calibration.embedding == model_identity(Settings().embedding_model, Settings().models)
    assert 0.3 <= calibration.enough <= 0.7


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_signs_tell_how_far_the_best_stands_out(weights: list[float]) -> None:
    ordered = sorted(weights, reverse=True)
    found = compute_features(0.5, 7.0, ordered)
    assert len(found) == len(FEATURES)
    assert found[:2] == (0.5, 7.0)
    for sign, place in zip(found[2:], (5, 11, 21), strict=True):
        assert sign == (ordered[0] - ordered[place - 1] if len(ordered) >= place else None)


@given(st.floats(0, 0.8), st.floats(0, 20), st.floats(0, 0.5))
def test_confidence_is_a_probability_and_grows_with_what_speaks_for_an_answer(
    similarity: float, passage: float, above: float
) -> None:
    calibration = load_calibration(Settings().calibration)
    for question in ("ar", "en"):
        for article in ("ar", "en"):
            # A sentence that is nearer by .2 is as much farther above the others, and its passage scores higher.
            higher = passage + 0.2 * (_SAME_LANGUAGE_WEIGHTS if question == article else _OTHER_LANGUAGE_WEIGHTS)[1]
            less = calibration.confidence(question, article, (similarity, passage, above, above, above))
            more = calibration.confidence(
                question, article, (similarity + 0.2, float(higher), above + 0.2, above + 0.2, above + 0.2)
            )
            assert 0 <= less <= more <= 1


def made(count: int) -> list[Observation]:
    """Return questions whose best sentence stands out by .3 when it answers, by .1 when it does not."""
    seen = []
    for number in range(count):
        wiggle = 0.08 * math.sin(number)
        for pair in ("ar -> ar", "ar -> en", "en -> ar", "en -> en"):
            for situation, above in (("answerable", 0.3), ("withheld", 0.1), ("near miss", 0.14)):
                found = (0.5 + wiggle, 8 + wiggle, above + wiggle, above + wiggle, None)
                seen.append(Observation(pair, pair, situation, number % 2, found))  # type: ignore[arg-type]
    return seen


def test_what_is_fitted_separates_what_it_saw_and_survives_its_file(tmp_path: Path) -> None:
    seen = made(40)
    measured = measure_calibration(seen, "m@1", CALIBRATION)
    for of_direction in measured.values():
        assert all(value > 0.85 for value in of_direction.values())
    fitted = fit_calibration(seen, "m@1", CALIBRATION)
    path = tmp_path / "calibration.toml"
    path.write_text(calibration_as_toml(fitted, seen, measured), "utf-8")
    read = load_calibration(path)
    assert (read.embedding, read.enough) == ("m@1", fitted.enough)
    for above in (0.05, 0.2, 0.4):
        found = (0.5, 8.0, above, above, None)
        assert read.confidence("en", "ar", found) == pytest.approx(fitted.confidence("en", "ar", found), abs=0.01)


def test_a_pair_of_languages_that_was_hardly_seen_keeps_its_weights() -> None:
    fitted = fit_calibration([one for one in made(40) if one.pair == "en -> en"], "m@1", CALIBRATION)
    assert fitted.pairs["en -> en"] != CALIBRATION.pairs["en -> en"]
    assert fitted.pairs["ar -> en"] == CALIBRATION.pairs["ar -> en"]
    assert fit_calibration(made(3), "m@1", CALIBRATION).pairs == CALIBRATION.pairs


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
