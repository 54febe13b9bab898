"""The words of the interfaces in the reader's language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from index.errors import BusyError, MujibError
from index.text.languages import DEFAULT_LANGUAGE, LANGUAGES
from qa.errors import EmptyQuestionError, QuestionTooLongError
from qa.types import Event, EvidenceFound, Language, Waiting
from qa.understanding.validation import MAX_CHARACTERS

Words = Mapping[str, str]
# The default first: its suggestions are shown first.
PAGE_LANGUAGES: tuple[Language, ...] = (DEFAULT_LANGUAGE, *(one for one in LANGUAGES if one != DEFAULT_LANGUAGE))
_FOLDER = Path(__file__).with_name("locale")


@cache
def load_words(language: Language) -> Words:
    """Return the words of the interfaces in a language, by name: `locale/ar.toml`, `locale/en.toml`."""
    return tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8"))


def error_message(error: MujibError, words: Words) -> str:
    """Return what went wrong, in the words of the interface where it has some, else in those of the error."""
    if isinstance(error, EmptyQuestionError):
        return words["empty_question"]
    if isinstance(error, QuestionTooLongError):
        return words["long_question"].format(most=f"{MAX_CHARACTERS:,}")
    if isinstance(error, BusyError):
        return words["busy"]
    return words["failed"].format(problem=error)


def progress_message(event: Event, words: Words) -> str:
    """Return what is going on after an event of an answer that is not finished."""
    if isinstance(event, Waiting):
        return words["waiting"].format(ahead=event.ahead)
    if isinstance(event, EvidenceFound) and not event.enough:
        return words["searching"]
    return words["writing"]
