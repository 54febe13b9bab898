"""What is logged: one id for each question, no text of a question, nothing at all by default."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from index.sync.update import UpdateReport
from qa.engine import Engine
from qa.errors import GenerationError
from qa.generation.base import Cancelled
from qa.logs import LOGGER, NO_QUESTION, configure_logging, question_id
from qa.service import Mujib
from qa.types import Event, EvidenceFound, Prompt, Waiting
from tests.fakes import ScriptedGenerator

QUESTION = "How many people did the police arrest in London?"
Log = Callable[[], list[str]]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    """Return a function that gives the lines that were logged since it was last called."""

    def lines() -> list[str]:
        return capsys.readouterr().err.splitlines()

    yield lines
    LOGGER.handlers.clear()
    LOGGER.setLevel(logging.NOTSET)
    LOGGER.propagate = True


@pytest.fixture
def mujib(folder: Path, bring_up_to_date: Callable[[], UpdateReport], engine_of: Callable[..., Engine]) -> Mujib:
    (folder / "a.txt").write_text("The police arrested 8 people in London.", "utf-8")
    bring_up_to_date()
    return Mujib(engine_of("8 people", "8 people"))


def ids(lines: list[str]) -> set[str]:
    return {match[1] for line in lines if (match := re.search(r" mujib\.\w+ \[(.+?)\] ", line))}


def test_all_lines_of_a_question_carry_its_id(mujib: Mujib, log: Log) -> None:
    configure_logging("info")
    mujib.ask(QUESTION)
    first = log()
    mujib.ask(QUESTION)
    second = log()
    assert [line.split("] ")[1].split(":")[0] for line in first] == ["question", "evidence", "answer"]
    assert len(ids(first)) == len(ids(second)) == 1
    assert ids(first) != ids(second)
    assert NO_QUESTION not in ids(first) | ids(second)
    assert re.search(r"answer: answered, 1 citations, \d+\.\d\d s$", first[-1])
    assert question_id.get() == NO_QUESTION


def next_in_thread(events: Iterator[Event]) -> Event | None:
    """Return the next event, made in a thread of its own, as a server makes it."""
    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(next, events, None).result()


def test_the_id_holds_in_other_threads_and_while_others_ask(mujib: Mujib, log: Log) -> None:
    configure_logging("info")
    first, second = mujib.stream(QUESTION), mujib.stream(QUESTION)
    next_in_thread(first)
    next_in_thread(second)
    for stream in (first, second):
        while next_in_thread(stream) is not None:
            assert question_id.get() == NO_QUESTION
    lines = log()
    assert len(ids(lines)) == 2
    for id_ in ids(lines):
        steps = [line.split("] ")[1].split(":")[0] for line in lines if f"[{id_}]" in line]
        assert steps == ["question", "evidence", "answer"]


def test_a_question_that_waits_says_so(mujib: Mujib, log: Log) -> None:
    configure_logging("info")
    first, second = mujib.stream(QUESTION), mujib.stream(QUESTION)
    next(first)
    assert [type(event) for event in islice(second, 2)] == [EvidenceFound, Waiting]
    assert log()[-1].endswith("waiting for the model, 1 ahead")


def test_nothing_is_logged_by_default(mujib: Mujib, log: Log) -> None:
    mujib.ask(QUESTION)
    configure_logging(mujib.settings.log)
    mujib.ask(QUESTION)
    assert log() == []


def test_the_text_of_a_question_is_logged_only_when_that_is_set(mujib: Mujib, log: Log) -> None:
    configure_logging("debug")
    mujib.ask(QUESTION)
    assert "London" not in "\n".join(log())
    allowed = replace(mujib.engine, settings=mujib.settings.model_copy(update={"log_questions": True}))
    allowed.generator().replies.append("8 people")  # type: ignore[attr-defined]
    Mujib(allowed).ask(QUESTION)
    assert QUESTION in "\n".join(log())


class FailingGenerator(ScriptedGenerator):
    """Fails with an error that the user can mend."""

    def stream(self, prompt: Prompt, stop: Cancelled) -> Iterator[str]:
        raise GenerationError("the server is away")


def test_why_there_is_no_answer_is_logged_under_the_id(mujib: Mujib, log: Log) -> None:
    configure_logging("info")
    failing = Mujib(replace(mujib.engine, generator=FailingGenerator))
    log()
    with pytest.raises(GenerationError):
        failing.ask(QUESTION)
    lines = log()
    assert lines[-1].endswith("no answer: the server is away")
    assert len(ids(lines)) == 1
    assert question_id.get() == NO_QUESTION
