"""Question files: which questions, about which articles, with which answers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from index.errors import UsageError
from index.text.normalize import fold, one_line
from qa.types import Language, Question
from qa.understanding.validation import parse_question

_SEED = 20170323  # of the sample that `--limit` takes, so that two runs ask the same questions


class QuestionLine(BaseModel):
    """One line of a question file: a question in each language it is asked in, and the articles that answer it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    set: str = "questions"
    questions: dict[Language, str]
    documents: dict[Language, str]
    answers: dict[Language, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Case:
    """A question in one language about an article in one.

    Where the languages differ, the translation of the article into the question's language is withheld.
    `documents` are the ids of the articles that hold the answer, by language, `answers` the accepted spans of their
    texts.
    """

    id: str
    set: str
    question: Question
    article_language: Language
    documents: Mapping[Language, str]
    answers: Mapping[Language, tuple[str, ...]]

    @property
    def direction(self) -> str:
        """Return the languages of question and article: `en -> ar`."""
        return f"{self.question.language} -> {self.article_language}"

    @property
    def gold(self) -> str:
        """Return the id of the article that is looked for."""
        return self.documents[self.article_language]

    @property
    def withheld(self) -> tuple[str, ...]:
        """Return the ids of the articles that are left out: across languages, the one in the question's language."""
        own = self.documents.get(self.question.language)
        return () if own is None or own == self.gold else (own,)

    @property
    def translations(self) -> tuple[str, ...]:
        """Return the ids of the articles that hold the answer when they are in both languages and none is withheld."""
        return () if self.withheld or len(self.documents) < 2 else tuple(self.documents.values())


def read_cases(path: Path) -> list[Case]:
    """Return every question of a file in every direction.

    Raises `UsageError` naming the line that cannot be read.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the questions in {path}: {error}") from None
    cases: list[Case] = []
    for number, text in enumerate(lines, start=1):
        try:
            line = QuestionLine.model_validate(json.loads(text))
        except (ValidationError, json.JSONDecodeError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"{path}, line {number}: {reason}. See the README for the format of a question.") from None
        cases += _cases(line)
    return cases


def _cases(line: QuestionLine) -> list[Case]:
    return [
        Case(line.id, line.set, parse_question(text, language), article_language, line.documents, line.answers)
        for language, text in line.questions.items()
        for article_language in line.documents
    ]


def sample_cases(cases: Sequence[Case], limit: int | None, kind: Callable[[Case], object]) -> list[Case]:
    """Return a fixed sample of `limit` cases of each kind, all when `limit` is None."""
    if limit is None:
        return list(cases)
    shuffled = random.Random(_SEED).sample(cases, len(cases))  # noqa: S311 - a sample, not a secret
    by_kind: dict[object, list[Case]] = {}
    for case in shuffled:
        by_kind.setdefault(kind(case), []).append(case)
    return [case for group in by_kind.values() for case in group[:limit]]


def contains_answer(text: str, answers: Sequence[str]) -> bool:
    """Return whether a text holds one of the accepted answers, whatever the spelling of its letters and digits."""
    folded = _comparable(text)
    return any(answer in folded for answer in map(_comparable, answers) if answer)


def _comparable(text: str) -> str:
    return one_line(fold(text)).strip(" .،,؛;:\"'«»()")
