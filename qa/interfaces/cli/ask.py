"""The command `ask`: one question, or each line of a file."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from index.errors import UsageError
from index.text.languages import RequestedLanguage
from qa.interfaces.cli.context import Json, errors, models_of, settings_of

if TYPE_CHECKING:
    from qa.generation.base import Cancelled
    from qa.types import Answer, Event, Question

    Stream = Callable[..., Iterator[Event]]  # `Mujib.stream` with the days that are asked about

NO_EVIDENCE = 3  # exit status when the articles do not say
_STDIN_BYTES = 64 * 1024  # read of a question on standard input: far over what is taken, far under what would hurt

Day = Annotated[str | None, typer.Option(metavar="DATE", help="Only articles published then or later / earlier.")]


def ask(
    context: typer.Context,
    question: Annotated[
        str | None, typer.Argument(help="The question, or - to read it from standard input.", show_default=False)
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Answer each line of this file instead.")
    ] = None,
    as_json: Json = False,
    language: Annotated[RequestedLanguage, typer.Option(help="Language of the answer; auto: the question's.")] = "auto",
    since: Day = None,
    until: Day = None,
) -> None:
    """Answer one question, or each line of a file. Exit status: 0 answered or quoted, 3 the articles do not say.

    Of several questions: 0 when all are answered, 3 when one is not. 2 usage, 1 failure.
    """
    from qa.understanding.time_expressions import parse_filter
    from qa.understanding.validation import parse_question

    if context.args:
        raise UsageError('a question of several words stands in quotes: mujib ask "Who was arrested?"')
    questions = [parse_question(text, language) for text in _read_questions(question, file)]
    parse_filter(since, until)  # a wrong day is reported before the models are loaded
    settings, models = settings_of(context), models_of(context)

    from qa.interfaces.terminal import supports_styling
    from qa.service import Mujib

    live = supports_styling(Console()) and not as_json
    answer_one = _answer_live if live else _answer_as_json if as_json else _answer_as_text
    with _show_waiting():
        mujib = Mujib.from_settings(settings, models)
    unanswered = False
    with closing(mujib):
        stream = partial(mujib.stream, since=since, until=until)
        for number, parsed in enumerate(questions):
            if number and not as_json:
                print(flush=True)
            answer = answer_one(stream, parsed, file is not None)
            unanswered |= answer.status == "no_evidence"
    raise typer.Exit(NO_EVIDENCE if unanswered else 0)


def _answer_live(stream: Stream, question: Question, with_question: bool) -> Answer:
    """Show the answer on a terminal while it is written, and print it."""
    from qa.interfaces.i18n import load_words
    from qa.interfaces.terminal import follow_answer, print_answer, print_question

    output, words = Console(highlight=False), load_words(question.language)
    if with_question:
        print_question(output, question.text)
    with _cancelled_by_ctrl_c() as cancelled:
        answer = follow_answer(output, stream(question.text, language=question.language, cancelled=cancelled), words)
    print_answer(output, answer)
    return answer


def _answer_as_text(stream: Stream, question: Question, with_question: bool) -> Answer:
    from qa.interfaces.formatting import answer_as_text

    answer = _wait_for_answer(stream, question)
    if with_question:
        print(f"? {question.text}")
    print(answer_as_text(answer), flush=True)
    return answer


def _answer_as_json(stream: Stream, question: Question, _with_question: bool) -> Answer:
    from qa.interfaces.formatting import answer_as_json

    answer = _wait_for_answer(stream, question)
    print(answer_as_json(answer), flush=True)
    return answer


def _wait_for_answer(stream: Stream, question: Question) -> Answer:
    from qa.pipeline import last_answer

    with _cancelled_by_ctrl_c() as cancelled, _show_waiting():
        return last_answer(stream(question.text, language=question.language, cancelled=cancelled))


@contextmanager
def _show_waiting() -> Iterator[None]:
    """Show on a terminal that something takes its time."""
    from qa.interfaces.terminal import supports_styling

    if not supports_styling(errors):
        yield
        return
    try:
        with errors.status("…"):
            yield
    finally:
        errors.show_cursor()  # the status does so itself, but not when it is interrupted while it starts


@contextmanager
def _cancelled_by_ctrl_c() -> Iterator[Cancelled]:
    """Let Ctrl+C end an answer, and then the program. A model that computes would swallow a `KeyboardInterrupt`."""
    pressed, before = threading.Event(), signal.getsignal(signal.SIGINT)

    def press(*_: object) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)  # if it is not the model that takes so long: a second press ends at once

    signal.signal(signal.SIGINT, press)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed.is_set():
        raise KeyboardInterrupt


def _read_questions(question: str | None, file: Path | None) -> list[str]:
    """Return the texts of the questions: the argument, standard input, or the lines of the file that are not blank."""
    if (question is None) == (file is None):
        raise UsageError("give a question, or a file of questions with --file.")
    if file is not None:
        return _read_lines(file)
    if question == "-":
        return [sys.stdin.buffer.read(_STDIN_BYTES).decode("utf-8", "replace")]
    return [str(question)]


def _read_lines(file: Path) -> list[str]:
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8. Save it so.") from None
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise UsageError(f"there is no question in {file}. Write one in each line.")
    return lines
