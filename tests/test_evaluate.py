"""The measures are those of the textbooks, and an evaluation runs the program's own way."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import embed, models
from index.errors import UsageError
from qa import cli, evaluate_answers
from qa.evaluate import _measures
from qa.generate import Stop
from qa.questions import holds, read, sample
from qa.types import Prompt
from tests.fakes import FakeEmbedder

ARTICLES = [
    {"id": "p:en", "language": "en", "title": "", "text": "The police arrested eight people in London. It was late."},
    {
        "id": "p:ar",
        "language": "ar",
        "title": "",
        "text": "أوقفت الشرطة ثمانية أشخاص في مدينة لندن. كان ليلا.",
    },
    {"id": "b:en", "language": "en", "title": "", "text": "Bakers sold bread and honey in the market."},
    {"id": "s:en", "language": "en", "title": "", "text": "Ministers met in Geneva. They spoke about the river."},
]
QUESTIONS = [
    {
        "id": "1",
        "set": "made",
        "questions": {"en": "Whom did the police arrest in London?", "ar": "من أوقفت الشرطة في مدينة لندن؟"},
        "documents": {"en": "p:en", "ar": "p:ar"},
        "answers": {"en": ["eight people"], "ar": ["ثمانية أشخاص"]},
    },
    {
        "id": "2",
        "set": "made",
        "questions": {"en": "Who sold bread and honey in the market?"},
        "documents": {"en": "b:en"},
        "answers": {"en": ["Bakers"]},
    },
]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setattr(embed, "load", lambda *_: FakeEmbedder())
    monkeypatch.setattr(models, "identity", lambda *_: FakeEmbedder.identity)
    for name, lines in (("articles", ARTICLES), ("questions", QUESTIONS)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    return str(tmp_path / "articles.jsonl"), str(tmp_path / "questions.jsonl")


def measured(capsys: pytest.CaptureFixture[str], files: tuple[str, str], *options: str) -> str:
    command = ["eval", "retrieval", "--articles", files[0], "--questions", files[1], "--quiet", *options]
    assert cli.app(command, standalone_mode=False) in {None, 0}
    return capsys.readouterr().out


def test_every_direction_is_measured(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(measured(capsys, files, "--json"))
    by_direction = {row["direction"]: row for row in rows}
    assert {d: row["questions"] for d, row in by_direction.items()} == {
        "en -> en": 2,
        "en -> ar": 1,
        "ar -> ar": 1,
        "ar -> en": 1,
    }
    for row in rows:
        assert row["articles"]["fused"]["R@1"] == row["passages"]["fused"]["R@10"] == 1
        assert row["evidence"] == {"best_1": 1, "best_4": 1}
        assert row["milliseconds"] > 0
    assert by_direction["en -> ar"]["articles"]["lexical"]["R@10"] == 0  # blind; and the English article is withheld
    assert by_direction["ar -> ar"]["balance"]["both_twins_in_top_5"] == 1
    assert by_direction["ar -> en"]["balance"]["both_twins_in_top_5"] is None


def test_a_second_run_embeds_nothing_and_says_the_same(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = measured(capsys, files).splitlines()
    monkeypatch.setattr(embed, "load", lambda *_: pytest.fail("something was embedded again"))
    again = measured(capsys, files).splitlines()
    assert len(again) == len(first) == 2 + 3 * 4 + 3 + 4
    legs = slice(0, 2 + 3 * 4)  # the lines after these tell milliseconds
    assert again[legs] == first[legs]


def test_answers_are_measured_beside_a_plain_pipeline(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pointing:
        """Copies the first words of the last passage in the prompt; answers the plain one's with a marker."""

        identity = "pointing@1"

        def stream(self, sent: Prompt, stop: Stop) -> Iterator[str]:
            yield sent.copy_from[0] if sent.copy_from else "eight people ثمانية أشخاص Bakers [1]. Nobody knows."

        def count(self, sent: Prompt) -> int:
            return sum(len(turn.text.split()) for turn in sent.turns)

    monkeypatch.setattr(evaluate_answers, "load_generator", lambda _: Pointing())
    command = ["eval", "answers", "--articles", files[0], "--questions", files[1], "--quiet", "--withhold"]
    assert cli.app([*command, "--json"], standalone_mode=False) in {None, 0}
    told = json.loads(capsys.readouterr().out)
    rows = {row["direction"]: row for row in told["summary"]["mujib"]}
    own = rows["en -> en"]
    assert (own["questions"], own["kept"][0], own["correct_or_quoted"][0], own["citation_precision"][0]) == (2, 1, 1, 1)
    assert own["citation_recall"][0] == own["language_right"][0] == 1
    assert own["seconds"]["evidence"] <= own["seconds"]["first_word"] <= own["seconds"]["end"]
    assert own["refused_withheld"][0] == 1
    assert own["refused_near_miss"] is None  # no article of these has a title that another has
    plain = {row["direction"]: row for row in told["summary"]["baseline"]}["en -> en"]
    assert (plain["answered_correctly"][0], plain["citation_recall"][0], plain["refused_withheld"][0]) == (1, 0.5, 0)
    assert {result["situation"] for result in told["results"]["mujib"]} == {"answerable", "withheld"}
    assert cli.app(command, standalone_mode=False) in {None, 0}
    assert "baseline  all" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("said", "accepted", "f1"), [("eight people", "eight people", 1), ("the eight", "eight people", 0.5), ("", "x", 0)]
)
def test_f1_is_that_of_squad(said: str, accepted: str, f1: float) -> None:
    assert evaluate_answers._f1(said, accepted) == pytest.approx(f1)


def test_a_question_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"id": "1"}', "utf-8")
    with pytest.raises(UsageError, match=r"q\.jsonl, line 1: .*README"):
        read(path)
    with pytest.raises(UsageError, match="cannot read the questions"):
        read(tmp_path / "none.jsonl")


def test_a_sample_is_always_the_same(files: tuple[str, str]) -> None:
    path = Path(files[1])
    cases = read(path)
    assert len(cases) == 5
    assert len(sample(cases, 1, lambda case: case.direction)) == 4
    assert sample(cases, 1, lambda case: case.set) == sample(cases, 1, lambda case: case.set)


@given(st.lists(st.lists(st.booleans(), max_size=15), min_size=1, max_size=8))
def test_measures_are_those_of_the_textbook(rankings: list[list[bool]]) -> None:
    values = _measures(rankings)
    ranks = [ranking.index(True) + 1 if True in ranking else 99 for ranking in rankings]

    def mean(gains: list[float]) -> float:
        return sum(gains) / len(gains)

    for k in (1, 5, 10):
        assert values[f"R@{k}"] == pytest.approx(mean([float(rank <= k) for rank in ranks]), abs=1e-4)
    within = [rank if rank <= 10 else math.inf for rank in ranks]
    assert values["MRR@10"] == pytest.approx(mean([1 / rank for rank in within]), abs=1e-4)
    assert values["nDCG@10"] == pytest.approx(
        mean([1 / math.log2(rank + 1) if rank <= 10 else 0.0 for rank in ranks]), abs=1e-4
    )


def test_an_answer_is_held_whatever_its_spelling() -> None:
    assert holds("وفي عام ٢٠١٤ وقع الحادث.", ["2014"])
    assert holds("قالت الحكومةُ إنّها", ["الحكومه"])
    assert not holds("nothing of it", ["it all", ""])
