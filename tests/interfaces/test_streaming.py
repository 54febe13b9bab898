"""What the page shows between a question and its answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from index.sync.update import UpdateReport
from qa.engine import Engine
from qa.generation.base import Cancelled
from qa.interfaces.i18n import PAGE_LANGUAGES, Words, load_words
from qa.interfaces.web.chats import EMPTY_CHAT, Chat, Turn
from qa.interfaces.web.startup import Startup, StartupState
from qa.interfaces.web.streaming import NearestFound, StreamedTurn, stream_turn
from qa.interfaces.web.views import LiveAnswer, live_view, turns_view
from qa.service import Mujib
from qa.settings import Settings
from qa.types import DraftGrown, Language, Prompt
from tests.conftest import make_engine
from tests.fakes import ScriptedGenerator
from tests.interfaces.answers import WORDS

QUESTION = "How many people did the police arrest in London?"


@pytest.fixture
def collection(folder: Path, bring_up_to_date: Callable[[], UpdateReport]) -> None:
    (folder / "a.txt").write_text(
        "It is said Leila Haddad came back. Then Leila Haddad left. The police arrested 8 people in London.", "utf-8"
    )
    bring_up_to_date()


@pytest.fixture
def ready(collection: None, engine_of: Callable[..., Engine]) -> Mujib:
    return Mujib(engine_of("8 people"))


def stream(startup: Startup, question: str = QUESTION, words: Words = WORDS) -> list[StreamedTurn]:
    return list(stream_turn(startup, words, question, EMPTY_CHAT, never))


def never() -> bool:
    return False


def test_what_is_shown_while_a_question_is_answered(ready: Mujib) -> None:
    shown = stream(Startup.of(ready))
    assert [type(one) for one in shown[:3]] == [LiveAnswer, NearestFound, LiveAnswer]
    assert isinstance(shown[0], LiveAnswer)
    assert shown[0].progress == WORDS["searching"]
    last = shown[-1]
    assert isinstance(last, Turn)
    assert last.answer is not None
    assert last.answer.citations[0].quote == "The police arrested 8 people in London."
    live = [one for one in shown if isinstance(one, LiveAnswer) and one.layout.sentences]
    assert live_view(WORDS, live[0]).count('data-act="cite"') == 1
    (block,) = live[-1].layout.sentences
    assert [reference.marker.citation for reference in block.references] == list(last.answer.citations)


class WordByWord(ScriptedGenerator):
    """Yields its reply word by word, so that a sentence is a draft before it is checked."""

    def stream(self, prompt: Prompt, stop: Cancelled) -> Iterator[str]:
        return iter(re.findall(r"\S+\s*", self.replies[0]))


def test_a_draft_is_not_shown_before_it_is_checked(collection: None, store: Path) -> None:
    draft = "The minister Zorblax confirmed it on Monday. [1] The police arrested 8 people in London. [1]"
    mujib = Mujib(make_engine(Settings(data=store.parent, free_wording=True), WordByWord(draft)))
    events = list(mujib.stream(QUESTION))
    shown = stream(Startup.of(mujib))
    mujib.close()
    assert [event for event in events if isinstance(event, DraftGrown) and "Zorblax" in event.text]
    live = [live_view(WORDS, one) for one in shown if isinstance(one, LiveAnswer)]
    checked = '<p class="sentence unsupported" dir="ltr">The minister Zorblax confirmed it on Monday.'
    assert [html.count("Zorblax") for html in live] == [html.count(checked) for html in live]
    assert checked in live[-1]  # with its warning


def test_a_question_that_comes_too_early_waits(ready: Mujib) -> None:
    startup = Startup(ready.settings)
    waiting = stream_turn(startup, WORDS, QUESTION, EMPTY_CHAT, never)
    assert next(waiting) == LiveAnswer(QUESTION, WORDS["searching"])
    early = next(waiting)
    assert isinstance(early, LiveAnswer)
    assert early.progress == WORDS["not_yet"]
    startup.set_ready(ready)
    *_, last = waiting
    assert isinstance(last, Turn)
    assert last.answer is not None
    assert asdict(last.answer)["status"] == "answered"


def test_what_is_missing_is_told_in_place_of_an_answer(ready: Mujib) -> None:
    startup = Startup(ready.settings)
    startup.state = StartupState("failed", problem="the disk is full")
    *_, last = stream_turn(startup, WORDS, "Who?", EMPTY_CHAT, never)
    assert isinstance(last, Turn)
    assert "the disk is full" in last.problem


@pytest.mark.parametrize("language", PAGE_LANGUAGES)
def test_what_is_no_question_is_answered_in_the_words_of_the_page(ready: Mujib, language: Language) -> None:
    words = load_words(language)
    assert stream(Startup.of(ready), "؟", words)[-1] == Turn("؟", problem=words["empty_question"])


class BrokenGenerator(ScriptedGenerator):
    def stream(self, prompt: Prompt, stop: Cancelled) -> Iterator[str]:
        raise RuntimeError("a mistake of the program")


def test_a_mistake_of_the_program_is_logged_and_the_page_goes_on(
    collection: None, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mujib = Mujib(make_engine(Settings(data=store.parent), BrokenGenerator()))
    shown = stream(Startup.of(mujib))
    mujib.close()
    assert shown[-1] == Turn(QUESTION, problem=WORDS["broken"])
    assert WORDS["broken"] in turns_view(WORDS, Chat("a", "b", (shown[-1],)))
    (record,) = [record for record in caplog.records if record.name == "mujib.web"]
    assert record.levelno == logging.ERROR
    assert "a mistake of the program" in caplog.text
    assert QUESTION not in caplog.text  # a question is nobody's business
