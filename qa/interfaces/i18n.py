"""The words of the interface in the reader's language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from index.errors import BusyError, MujibError
from qa.errors import QuestionError
from qa.types import Language
from qa.understanding.validation import MAX_CHARACTERS

Words = Mapping[str, str]
LANGUAGES: tuple[Language, ...] = ("en", "ar")


@cache
def load_words(language: Language) -> Words:
    """Return everything the page says in a language, by name: `words.ar.toml`, `words.en.toml`."""
    return tomllib.loads(Path(__file__).parent.joinpath("locale", f"{language}.toml").read_text("utf-8"))


def error_message(error: MujibError, said: Words) -> str:
    """Return what went wrong, in the page's own words where it has some, else in those of the error."""
    if isinstance(error, QuestionError):
        empty = "empty" in str(error)
        return said["empty_question"] if empty else said["long_question"].format(most=f"{MAX_CHARACTERS:,}")
    if isinstance(error, BusyError):
        return said["busy"]
    return said["failed"].format(problem=error)
