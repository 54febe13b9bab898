"""The service that every interface calls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from index.errors import NoIndexError, UsageError
from index.sync.update import UpdateReport
from qa import Mujib
from qa.errors import QuestionError
from qa.models import LocalModels
from qa.settings import Settings
from qa.types import Answer, EvidenceFound
from tests.fakes import FakeModels
from tests.paths import ROOT

QUESTION = "How many people did the police arrest?"


@pytest.fixture
def filled(folder: Path, bring_up_to_date: Callable[[], UpdateReport]) -> None:
    (folder / "a.md").write_text(
        "---\ntitle: Arrests\ndate: 2017-03-23\n---\nThe police arrested 8 people in London.", "utf-8"
    )
    (folder / "b.txt").write_text("The ministers met in Washington.", "utf-8")
    bring_up_to_date()


@pytest.fixture
def calibration(tmp_path: Path) -> Path:
    """A calibration that answers whatever the small embedder finds: the default one belongs to the real model."""
    text = (ROOT / "qa" / "retrieval" / "calibration.toml").read_text("utf-8")
    path = tmp_path / "calibration.toml"
    path.write_text(text.replace("enough = 0.42", "enough = 0.0"), "utf-8")
    return path


def test_the_library_opens_asks_and_closes(filled: None, store: Path, calibration: Path) -> None:
    mujib = Mujib.open(models=FakeModels("8 people"), data=store.parent, calibration=calibration)
    answer = mujib.ask(QUESTION)
    assert answer.text.startswith("The police arrested 8 people in London. [1]")
    assert mujib.article(answer.citations[0].article_id).title == "Arrests"
    with pytest.raises(KeyError):
        mujib.article("none")
    mujib.close()


def test_a_stream_ends_with_the_answer_and_says_at_once_what_is_wrong(
    filled: None, store: Path, calibration: Path
) -> None:
    mujib = Mujib.open(models=FakeModels("8 people"), data=store.parent, calibration=calibration)
    first, *_, last = mujib.stream(QUESTION)
    assert isinstance(first, EvidenceFound)
    assert isinstance(last, Answer)
    with pytest.raises(QuestionError):
        mujib.stream("")
    with pytest.raises(UsageError, match="since soon: not a date"):
        mujib.stream(QUESTION, since="soon")
    mujib.close()


def test_a_search_is_bounded_and_names_the_passage_exactly(filled: None, store: Path) -> None:
    mujib = Mujib.open(models=FakeModels(), data=store.parent)
    best, other = mujib.search("police London", k=1000)
    assert mujib.article(best.article_id).text[best.start : best.end] == best.text
    assert best.score > other.score
    assert len(mujib.search("police London", k=0)) == 1
    assert [found.title for found in mujib.search("police", since="2017")] == ["Arrests"]
    mujib.close()


def test_without_an_index_the_cure_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoIndexError, match="mujib index update"):
        Mujib.open(models=FakeModels(), data=tmp_path / "nothing")


def test_the_real_models_say_what_is_missing(tmp_path: Path) -> None:
    settings = Settings(models=tmp_path)
    assert 2e9 < LocalModels().missing_bytes(settings) < 3e9
    assert LocalModels().missing_bytes(Settings(models=tmp_path, embedding_model="/a", answer_model="/b")) == 0
