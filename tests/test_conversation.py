from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import embed
from index.folders import Folder
from index.store import Writer
from index.update import Report, update
from qa import confidence, prompt
from qa.answer import ask
from qa.config import ROOT, Settings
from qa.conversation import _LONGEST, MEMORY, Exchange, leans, readings, remember
from qa.engine import Engine
from qa.question import accept
from qa.types import Question, Window
from qa.understand import look
from tests.conftest import MODELS

FIRST = "How many people did the police arrest in London?"


@pytest.mark.parametrize(
    "question",
    [
        *("ومن ألقي القبض عليه؟", "and in Syria?", "What about Germany?", "متى؟", "لماذا؟", "أين ولد؟", "Why?"),
        *("When did he die?", "كم عددهم؟", "Where were they from?", "ماذا قالت أمام البرلمان؟", "وما هي عاصمة تونس؟"),
    ],
)
def test_a_follow_up_leans(question: str) -> None:
    assert leans(question)


@pytest.mark.parametrize(
    "question",
    [
        *("من هي رئيسة الوزراء البريطانية؟", "Who is the prime minister of Britain?", "ما هو سعر النفط اليوم؟", FIRST),
        *("من فاز بكأس العالم 2018؟", "ما عاصمة فرنسا؟", "What is the capital of France?"),
        "How many people did the police arrest, and where did they search?",
        "كم شخصا أوقفت الشرطة البريطانية وأين فتشت منازلهم؟",
    ],
)
def test_a_question_of_its_own_does_not(question: str) -> None:
    assert not leans(question)
    assert readings(accept(question), [Exchange(FIRST, "8 people.")]) == (accept(question),)


def test_a_follow_up_stands_behind_what_it_follows() -> None:
    history = (Exchange("Who is the mayor of Rome?", "Ann."), Exchange(FIRST, "8."), Exchange("and where?", "There."))
    own, whole = readings(accept("and who?"), history)
    assert own == accept("and who?")
    assert whole == Question(f"{FIRST} and where? and who?", "en")
    assert readings(accept("and who?"), ()) == (accept("and who?"),)


@given(st.lists(st.text(max_size=500), max_size=8), st.text(min_size=1, max_size=100))
def test_a_conversation_is_bounded(asked: list[str], question: str) -> None:
    history: tuple[Exchange, ...] = ()
    for text in asked:
        history = remember(history, Exchange(text, text))
    assert len(history) <= MEMORY
    for reading in readings(Question(question, "en"), history):
        assert len(reading.text) <= _LONGEST + 1 + len(question)
        assert reading.text.endswith(question)


@pytest.fixture
def engine(folder: Path, bring_up_to_date: Callable[[], Report], engine_of: Callable[..., Engine]) -> Engine:
    (folder / "a.txt").write_text("Police arrested 8 people in London. Ann Smith was arrested in Paris.", "utf-8")
    (folder / "b.txt").write_text("The bakers gathered in Ottawa.", "utf-8")
    bring_up_to_date()
    return engine_of("8 people", "Ann Smith")


def test_a_follow_up_is_answered_from_the_conversation(engine: Engine) -> None:
    history = (Exchange("How many people did the police arrest in London?", "8 people."),)
    assert ask(engine, accept("And when?")).status == "no_evidence"
    answer = ask(engine, accept("And in Paris?"), history=history)
    assert answer.status == "answered"
    assert answer.question == "And in Paris?"
    assert answer.asked == f"{history[0].question} And in Paris?"


def test_a_new_subject_is_not_dragged_back(engine: Engine) -> None:
    history = (Exchange("How many people did the police arrest in London?", "8 people."),)
    answer = ask(engine, accept("Where have the bakers gathered?"), history=history)
    assert answer.citations[0].quote == "The bakers gathered in Ottawa."
    assert answer.asked == answer.question
    assert ask(engine, accept("Who painted elephants in Peru?"), history=history).status == "no_evidence"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Return an engine with the real vectors over the shipped article; it has no answering model."""
    settings = Settings(data=tmp_path_factory.mktemp("shipped"), models=MODELS)
    embedder = embed.load(settings.embedding_model, settings.models)
    with Writer(settings.store, embedder.identity) as writer:
        update(writer, [Folder.of(ROOT / "seeds", ROOT)], lambda: embedder, settings.limits)
    prompts, calibration = prompt.load(settings.prompts), confidence.load(settings.calibration)
    engine = Engine(settings, prompts, calibration, embedder, lambda: pytest.fail("no answer was asked for"))
    yield engine
    engine.close()


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
    grounding = look(shipped, shipped.snapshot(), accept(question), Window(), (Exchange(before, ""),))
    assert grounding.enough == (found is not None)
    if found is not None:
        assert found in grounding.evidence[0].text
        assert grounding.question.text == f"{before} {question}"
