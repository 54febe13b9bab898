"""Many ask while the collection changes under them: no error, and no answer that mixes two states of it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from index.sync.update import UpdateReport
from qa.engine import Engine
from qa.generation.base import Cancelled
from qa.pipeline import answer_question
from qa.types import Answer, Prompt
from qa.understanding.validation import parse_question

TOWNS = ("Aville", "Beeton", "Ceeham", "Deefield", "Eaport", "Effburg")


class _Copying:
    """Answers with the first passage it was sent."""

    identity = "copying@1"

    def stream(self, prompt: Prompt, stop: Cancelled) -> Iterator[str]:
        yield prompt.evidence[0].text

    def count(self, prompt: Prompt) -> int:
        return 1


def write_state(folder: Path, state: int) -> None:
    for town in TOWNS:
        text = f"The mayor of {town} is Bob{state}. In {town} he opened {state + 100} schools."
        (folder / f"{town}.txt").write_text(text, "utf-8")


def test_answers_during_updates_are_each_of_one_state(
    folder: Path,
    bring_up_to_date: Callable[[], UpdateReport],
    engine_of: Callable[..., Engine],
    trials: Callable[[int, int], int],
) -> None:
    states, questions = trials(6, 20), trials(160, 1000)
    write_state(folder, 1)
    bring_up_to_date()
    engine = engine_of()
    engine.generator = _Copying
    answers: list[Answer] = []
    errors: list[Exception] = []

    def ask(town: str) -> Answer:
        return answer_question(engine, parse_question(f"Who is the mayor of {town}?"))

    def go() -> None:
        try:
            for n in range(questions // 8):
                answers.append(ask(TOWNS[n % len(TOWNS)]))  # noqa: PERF401 - counted while they come
        except Exception as error:  # noqa: BLE001 - raised in the thread that waits
            errors.append(error)

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for state in range(2, states + 1):
        while len(answers) < questions * (state - 1) // states and not errors:  # updates spread over the questions
            time.sleep(0.005)
        write_state(folder, state)
        bring_up_to_date()
    for thread in threads:
        thread.join()
    assert errors == []
    seen = [
        set(re.findall(r"Bob(\d+)", " ".join(citation.quote for citation in answer.citations))) for answer in answers
    ]
    assert len(seen) == questions // 8 * 8
    assert all(len(numbers) == 1 for numbers in seen)
    assert len(set.union(*seen)) > 2
    after = ask("Aville")
    assert f"Bob{states}" in after.text
