"""The measures are those of the textbooks, and an evaluation runs the program's own way."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import UsageError
from index.models import embedder as embed
from index.models import registry as models
from index.store.snapshot import open_snapshot
from index.sync.update import UpdateReport
from qa.evaluation import answers as evaluate_answers
from qa.evaluation.answers import _f1
from qa.evaluation.conditions import condition_filter
from qa.evaluation.dataset import Case, contains_answer, read_cases, sample_cases
from qa.evaluation.retrieval import _measures
from qa.generation.base import Cancelled
from qa.interfaces.cli.main import app
from qa.retrieval.answerability import load_calibration
from qa.types import Prompt, SearchFilter
from qa.understanding.validation import parse_question
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
    assert app(command, standalone_mode=False) in {None, 0}
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

        def stream(self, sent: Prompt, stop: Cancelled) -> Iterator[str]:
            yield sent.copy_from[0] if sent.copy_from else "eight people ثمانية أشخاص Bakers [1]. Nobody knows."

        def count(self, sent: Prompt) -> int:
            return sum(len(turn.text.split()) for turn in sent.turns)

    monkeypatch.setattr(evaluate_answers, "load_generator", lambda _: Pointing())
    command = ["eval", "answers", "--articles", files[0], "--questions", files[1], "--quiet", "--withhold"]
    assert app([*command, "--json"], standalone_mode=False) in {None, 0}
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
    earlier = Path(files[0]).with_name("earlier.json")
    earlier.write_text(json.dumps(told), "utf-8")
    monkeypatch.setattr(Pointing, "stream", lambda *_: iter(["Nobody knows."]))
    assert app([*command, "--compare", str(earlier)], standalone_mode=False) in {None, 0}
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    baseline = next(row for row in shown if row[0] == "baseline")
    before = next(row for row in shown if row[:2] == ["earlier", "baseline"])
    assert baseline[1:] == before[2:]  # the replies of the plain pipeline are kept
    assert app([*command, "--baseline", "0"], standalone_mode=False) in {None, 0}
    assert "baseline" not in capsys.readouterr().out
    earlier.write_text("[]", "utf-8")
    with pytest.raises(UsageError, match="is not what `mujib eval answers --json` prints"):
        app([*command, "--compare", str(earlier)], standalone_mode=False)


def test_a_calibration_is_fitted_and_can_be_used(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    output = tmp_path / "fitted.toml"
    command = ["eval", "calibrate", "--articles", files[0], "--questions", files[1], "--quiet", "--output", str(output)]
    assert app(command, standalone_mode=False) in {None, 0}
    assert "# Fitted to 5 questions that can be answered and 5 whose answer was withheld." in capsys.readouterr().out
    assert load_calibration(output).embedding == FakeEmbedder.identity


PARAGRAPHS = (
    {"id": "n:1", "language": "en", "title": "Newton", "text": "Newton was born in Woolsthorpe on a cold day."},
    {"id": "n:2", "language": "en", "title": "Newton", "text": "Newton studied in Cambridge and taught there."},
    {"id": "n:3", "language": "en", "title": "Newton", "text": "Newton, born in Woolsthorpe, wrote books on light."},
    {"id": "e:1", "language": "en", "title": "Euler", "text": "Euler was born in Basel."},
)


@pytest.mark.parametrize(("kept", "near_miss"), [((0, 1, 3), True), ((0, 1, 2, 3), False), ((0, 3), False)])
def test_a_near_miss_leaves_no_paragraph_that_answers(
    kept: tuple[int, ...], near_miss: bool, folder: Path, store: Path, bring_up_to_date: Callable[[], UpdateReport]
) -> None:
    lines = [json.dumps(PARAGRAPHS[number]) for number in kept]
    (folder / "a.jsonl").write_text("\n".join(lines), "utf-8")
    bring_up_to_date()
    case = Case("1", "made", parse_question("Where was Newton born?"), "en", {"en": "n:1"}, {"en": ("Woolsthorpe",)})
    with closing(open_snapshot(store)) as snapshot:
        assert condition_filter(snapshot, case, "answerable") == SearchFilter()
        withheld = condition_filter(snapshot, case, "withheld")
        assert withheld is not None
        assert set(withheld.without) == {id_ for id_ in snapshot.article_ids() if id_ != "e:1"}
        near = condition_filter(snapshot, case, "near miss")
        assert near == (SearchFilter(without=("n:1",)) if near_miss else None)


@pytest.mark.parametrize(
    ("said", "accepted", "f1"), [("eight people", "eight people", 1), ("the eight", "eight people", 0.5), ("", "x", 0)]
)
def test_f1_is_that_of_squad(said: str, accepted: str, f1: float) -> None:
    assert _f1(said, accepted) == pytest.approx(f1)


def test_a_question_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"id": "1"}', "utf-8")
    with pytest.raises(UsageError, match=r"q\.jsonl, line 1: .*README"):
        read_cases(path)
    with pytest.raises(UsageError, match="cannot read the questions"):
        read_cases(tmp_path / "none.jsonl")


def test_a_sample_is_always_the_same(files: tuple[str, str]) -> None:
    path = Path(files[1])
    cases = read_cases(path)
    assert len(cases) == 5
    assert len(sample_cases(cases, 1, lambda case: case.direction)) == 4
    assert sample_cases(cases, 1, lambda case: case.set) == sample_cases(cases, 1, lambda case: case.set)


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
    assert contains_answer("وفي عام ٢٠١٤ وقع الحادث.", ["2014"])
    assert contains_answer("قالت الحكومةُ إنّها", ["الحكومه"])
    assert not contains_answer("nothing of it", ["it all", ""])
