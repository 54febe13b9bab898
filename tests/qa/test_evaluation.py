"""The metrics are those of the textbooks, and an evaluation runs the program's own search and answers."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.errors import UsageError
from index.store.snapshot import open_snapshot
from index.sync.update import UpdateReport
from qa.evaluation.baseline import reply_key
from qa.evaluation.conditions import condition_filter
from qa.evaluation.dataset import Case, contains_answer, read_cases, sample_cases
from qa.evaluation.metrics import ranking_metrics, word_f1
from qa.generation.base import Cancelled, Generator
from qa.interfaces.cli.main import app
from qa.pipeline import EVERYTHING
from qa.retrieval.answerability import load_calibration
from qa.settings import Settings
from qa.types import Message, Prompt, SearchFilter
from qa.understanding.validation import parse_question
from tests.fakes import FakeEmbedder, FakeModels

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


class CopyingGenerator:
    """Copies the first words of the evidence, else the `reply`; in the plain pipeline always gives the `reply`."""

    identity = "copying@1"

    def __init__(self, reply: str) -> None:
        self.reply = reply

    def stream(self, prompt: Prompt, cancelled: Cancelled) -> Iterator[str]:
        yield prompt.copy_from[0] if prompt.copy_from else self.reply

    def count(self, prompt: Prompt) -> int:
        return sum(len(message.text.split()) for message in prompt.messages)


class CopyingModels(FakeModels):
    """The stand-ins, with a generator that copies."""

    def __init__(self, reply: str) -> None:
        super().__init__()
        self.reply = reply

    def generator(self, settings: Settings) -> Generator:
        return CopyingGenerator(self.reply)


class NoEmbedder(FakeEmbedder):
    """An embedder that must not be used."""

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise AssertionError(f"{texts} was embedded again")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    for name, lines in (("articles", ARTICLES), ("questions", QUESTIONS)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    return str(tmp_path / "articles.jsonl"), str(tmp_path / "questions.jsonl")


def run(command: Sequence[str], models: FakeModels) -> None:
    """Run a command with stand-ins in the place of the models."""
    assert app(list(command), standalone_mode=False, obj=models) in {None, 0}


def measure(
    capsys: pytest.CaptureFixture[str], files: tuple[str, str], *options: str, embedder: FakeEmbedder | None = None
) -> str:
    command = ["eval", "retrieval", "--articles", files[0], "--questions", files[1], "--quiet", *options]
    run(command, FakeModels(embedder=embedder))
    return capsys.readouterr().out


def test_every_direction_is_measured(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(measure(capsys, files, "--json"))
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
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    first = measure(capsys, files).splitlines()
    again = measure(capsys, files, embedder=NoEmbedder()).splitlines()
    assert len(again) == len(first) == 2 + 3 * 4 + 3 + 4
    rankings = slice(0, 2 + 3 * 4)  # the lines after these hold milliseconds
    assert again[rankings] == first[rankings]


def test_what_is_kept_lies_where_earlier_versions_kept_it(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    measure(capsys, files)
    folder = Settings().data / "evaluation"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert f"questions-{sha256(FakeEmbedder.identity)}.npz" in names
    assert f"{sha256(str(Path(files[0]).resolve()))}/store.sqlite" in names


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_replies_that_an_earlier_version_kept_are_found() -> None:
    prompt = Prompt((Message("system", 'Answer. It\'s "n"'), Message("user", "من؟")), "ar")
    written = "('m@1', (Turn(role='system', text='Answer. It\\'s \"n\"'), Turn(role='user', text='من؟')))"
    assert reply_key("m@1", prompt) == hashlib.sha256(written.encode()).hexdigest()


def test_answers_are_measured_beside_a_plain_pipeline(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    models = CopyingModels("eight people ثمانية أشخاص Bakers [1]. Nobody knows.")
    command = ["eval", "answers", "--articles", files[0], "--questions", files[1], "--quiet", "--withhold"]
    run([*command, "--json"], models)
    printed = json.loads(capsys.readouterr().out)
    rows = {row["direction"]: row for row in printed["summary"]["mujib"]}
    own = rows["en -> en"]
    assert (own["questions"], own["kept"][0], own["correct_or_quoted"][0], own["citation_precision"][0]) == (2, 1, 1, 1)
    assert own["citation_recall"][0] == own["language_right"][0] == 1
    assert own["seconds"]["evidence"] <= own["seconds"]["first_word"] <= own["seconds"]["end"]
    assert own["refused_withheld"][0] == 1
    assert own["refused_near_miss"] is None  # no article of these has a title that another has
    plain = {row["direction"]: row for row in printed["summary"]["baseline"]}["en -> en"]
    assert (plain["answered_correctly"][0], plain["citation_recall"][0], plain["refused_withheld"][0]) == (1, 0.5, 0)
    assert {result["situation"] for result in printed["results"]["mujib"]} == {"answerable", "withheld"}
    earlier = Path(files[0]).with_name("earlier.json")
    earlier.write_text(json.dumps(printed), "utf-8")
    models.reply = "Nobody knows."
    run([*command, "--compare", str(earlier)], models)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    baseline = next(row for row in lines if row[0] == "baseline")
    before = next(row for row in lines if row[:2] == ["earlier", "baseline"])
    assert baseline[1:] == before[2:]  # the replies of the plain pipeline are kept
    run([*command, "--baseline", "0"], models)
    assert "baseline" not in capsys.readouterr().out
    earlier.write_text("[]", "utf-8")
    with pytest.raises(UsageError, match="is not what `mujib eval answers --json` prints"):
        run([*command, "--compare", str(earlier)], models)


def test_a_calibration_is_fitted_and_can_be_used(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    output = tmp_path / "fitted.toml"
    command = ["eval", "calibrate", "--articles", files[0], "--questions", files[1], "--quiet", "--output", str(output)]
    run(command, FakeModels())
    assert "# Fitted to 5 questions that can be answered and 5 whose answer was withheld." in capsys.readouterr().out
    assert load_calibration(output).embedding == FakeEmbedder.identity


PARAGRAPHS = (
    {"id": "n:1", "language": "en", "title": "Newton", "text": "Newton was born in Woolsthorpe on a cold day."},
    {"id": "n:2", "language": "en", "title": "Newton", "text": "Newton studied in Cambridge and taught there."},
    {"id": "n:3", "language": "en", "title": "Newton", "text": "Newton, born in Woolsthorpe, wrote books on light."},
    {"id": "e:1", "language": "en", "title": "Euler", "text": "Euler was born in Basel."},
)


@pytest.mark.parametrize(("present", "near_miss"), [((0, 1, 3), True), ((0, 1, 2, 3), False), ((0, 3), False)])
def test_a_near_miss_leaves_no_paragraph_that_answers(
    present: tuple[int, ...], near_miss: bool, folder: Path, store: Path, bring_up_to_date: Callable[[], UpdateReport]
) -> None:
    lines = [json.dumps(PARAGRAPHS[number]) for number in present]
    (folder / "a.jsonl").write_text("\n".join(lines), "utf-8")
    bring_up_to_date()
    case = Case("1", "made", parse_question("Where was Newton born?"), "en", {"en": "n:1"}, {"en": ("Woolsthorpe",)})
    with closing(open_snapshot(store)) as snapshot:
        assert condition_filter(snapshot, case, "answerable") == EVERYTHING
        withheld = condition_filter(snapshot, case, "withheld")
        assert withheld is not None
        assert set(withheld.without) == {id_ for id_ in snapshot.article_ids() if id_ != "e:1"}
        near = condition_filter(snapshot, case, "near miss")
        assert near == (SearchFilter(without=("n:1",)) if near_miss else None)


@pytest.mark.parametrize(
    ("text", "accepted", "f1"), [("eight people", "eight people", 1), ("the eight", "eight people", 0.5), ("", "x", 0)]
)
def test_f1_is_that_of_squad(text: str, accepted: str, f1: float) -> None:
    assert word_f1(text, accepted) == pytest.approx(f1)


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
def test_metrics_are_those_of_the_textbook(rankings: list[list[bool]]) -> None:
    values = ranking_metrics(rankings)
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


def test_an_answer_is_found_whatever_its_spelling() -> None:
    assert contains_answer("وفي عام ٢٠١٤ وقع الحادث.", ["2014"])
    assert contains_answer("قالت الحكومةُ إنّها", ["الحكومه"])
    assert not contains_answer("nothing of it", ["it all", ""])
