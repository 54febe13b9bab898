"""Follow-up questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sync.update import UpdateReport
from qa.engine import Engine, open_collection
from qa.generation.base import Generator
from qa.generation.prompts import load_prompts
from qa.pipeline import EVERYTHING, answer_question
from qa.retrieval.answerability import load_calibration
from qa.settings import Settings
from qa.types import Exchange, Question
from qa.understanding.followups import HISTORY_LENGTH, MAX_CONTEXT, append_exchange, is_followup, rewrite
from qa.understanding.interpret import interpret
from qa.understanding.validation import parse_question
from tests.conftest import MODELS

FIRST = "How many people did the police arrest in London?"


@pytest.mark.parametrize(
    "question",
    [
        *("ومن ألقي القبض عليه؟", "and in Syria?", "What about Germany?", "متى؟", "لماذا؟", "أين ولد؟", "Why?"),
        *("When did he die?", "كم عددهم؟", "Where were they from?", "ماذا قالت أمام البرلمان؟", "وما هي عاصمة تونس؟"),
    ],
)
def test_a_follow_up_is_recognized(question: str) -> None:
    assert is_followup(question)


@pytest.mark.parametrize(
    "question",
    [
        *("من هي رئيسة الوزراء البريطانية؟", "Who is the prime minister of Britain?", "ما هو سعر النفط اليوم؟", FIRST),
        *("من فاز بكأس العالم 2018؟", "ما عاصمة فرنسا؟", "What is the capital of France?"),
        "How many people did the police arrest, and where did they search?",
        "كم شخصا أوقفت الشرطة البريطانية وأين فتشت منازلهم؟",
    ],
)
def test_a_complete_question_is_no_follow_up(question: str) -> None:
    assert not is_followup(question)
    assert rewrite(parse_question(question), [Exchange(FIRST, "8 people.")]) == (parse_question(question),)


def test_a_follow_up_stands_behind_what_it_follows() -> None:
    history = (Exchange("Who is the mayor of Rome?", "Ann."), Exchange(FIRST, "8."), Exchange("and where?", "There."))
    own, whole = rewrite(parse_question("and who?"), history)
    assert own == parse_question("and who?")
    assert whole == Question(f"{FIRST} and where? and who?", "en")
    assert rewrite(parse_question("and who?"), ()) == (parse_question("and who?"),)


@given(st.lists(st.text(max_size=500), max_size=8), st.text(min_size=1, max_size=100))
def test_a_conversation_is_bounded(asked: list[str], question: str) -> None:
    history: tuple[Exchange, ...] = ()
    for text in asked:
        history = append_exchange(history, Exchange(text, text))
    assert len(history) <= HISTORY_LENGTH
    for reading in rewrite(Question(question, "en"), history):
        assert len(reading.text) <= MAX_CONTEXT + 1 + len(question)
        assert reading.text.endswith(question)


@pytest.fixture
def engine(folder: Path, bring_up_to_date: Callable[[], UpdateReport], engine_of: Callable[..., Engine]) -> Engine:
    (folder / "a.txt").write_text("Police arrested 8 people in London. Ann Smith was arrested in Paris.", "utf-8")
    (folder / "b.txt").write_text("The bakers gathered in Ottawa.", "utf-8")
    bring_up_to_date()
    return engine_of("8 people", "Ann Smith")


def test_a_follow_up_is_answered_from_the_conversation(engine: Engine) -> None:
    history = (Exchange("How many people did the police arrest in London?", "8 people."),)
    assert answer_question(engine, parse_question("And when?")).status == "no_evidence"
    answer = answer_question(engine, parse_question("And in Paris?"), history=history)
    assert answer.status == "answered"
    assert answer.question == "And in Paris?"
    assert answer.asked == f"{history[0].question} And in Paris?"


def test_a_new_subject_is_searched_alone(engine: Engine) -> None:
    history = (Exchange("How many people did the police arrest in London?", "8 people."),)
    answer = answer_question(engine, parse_question("Where have the bakers gathered?"), history=history)
    assert answer.citations[0].quote == "The bakers gathered in Ottawa."
    assert answer.asked == answer.question
    assert (
        answer_question(engine, parse_question("Who painted elephants in Peru?"), history=history).status
        == "no_evidence"
    )


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Return an engine with the real vectors over the shipped article; it has no answering model."""
    settings = Settings(data=tmp_path_factory.mktemp("shipped"), models=MODELS)
    collection = open_collection(settings)
    collection.update()
    prompts, calibration = load_prompts(settings.prompts), load_calibration(settings.calibration)
    engine = Engine(settings, collection, prompts, calibration, collection.model.load(), _no_generator)
    yield engine
    engine.close()


def _no_generator() -> Generator:
    raise AssertionError("no answer was asked for")


@pytest.mark.models
@pytest.mark.parametrize(
    ("before", "question", "found"),
    [
        ("متى وقع الهجوم الإرهابي في لندن؟", "ومن ألقي القبض عليه؟", "وأوقفت 8 أشخاص"),
        ("How many people did the police arrest?", "And where did they search?", "في لندن وبيرمينغهام"),
        ("أين اجتمعت دول التحالف ضد داعش؟", "وماذا عن مدينة الرقة؟", "استرجاع مدينة الرقة"),
        ("أين اجتمعت دول التحالف ضد داعش؟", "وكم مرة اجتمعت منذ 2014؟", "للمرة العاشرة"),
        ("أين اجتمعت دول التحالف ضد داعش؟", "وكيف تطبخ الملوخية؟", None),
        ("من هي رئيسة الوزراء البريطانية؟", "وما هو سعر النفط؟", None),
        ("Who is the British prime minister?", "And how do I bake bread?", None),
        ("Who is the British prime minister?", "Who won the World Cup?", None),
    ],
)
def test_follow_ups_are_understood_and_new_subjects_let_be(
    shipped: Engine, before: str, question: str, found: str | None
) -> None:
    history = (Exchange(before, ""),)
    evidence_set = interpret(shipped, shipped.snapshot(), parse_question(question), EVERYTHING, history)
    assert evidence_set.answerable == (found is not None)
    if found is not None:
        assert found in evidence_set.evidence[0].text
        assert evidence_set.question.text == f"{before} {question}"
