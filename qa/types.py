"""What flows from a question to an answer. Plain data, no logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["ar", "en"]
Status = Literal["answered", "quoted", "no_evidence", "cut"]
Support = Literal["supported", "unsupported"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question that was accepted: clean, not empty, of bounded length."""

    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class Window:
    """What is searched: the days of publication (ISO dates, inclusive; None is open), all `without` these articles."""

    since: str | None = None
    until: str | None = None
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that the model may see, as `[number]`: `article.text[start:end] == text`.

    `similarity` is its cosine with the question; `also` are the ids of the articles that copy its article.
    """

    number: int
    article_id: str
    start: int
    end: int
    text: str
    language: str
    similarity: float
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grounding:
    """The evidence for a question, best first; none when nothing in the collection is near enough."""

    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message to the model. Its text is data: never read as control tokens."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """Exactly what is sent. When `copy_from` is not empty, the reply may only continue word sequences of it."""

    turns: tuple[Turn, ...]
    copy_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a sentence's support lies: `article.text[start:end] == quote`. `also` names where it was copied."""

    number: int
    article_id: str
    title: str
    published: str | None
    path: str
    start: int
    end: int
    quote: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer, with the numbers of the citations that support it."""

    text: str
    support: Support
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The evidence is known; the model has not begun."""

    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What the model has written so far; not checked yet."""

    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer.

    The numbers in `text` are exactly those of `citations`. `timings` are seconds since the question was asked;
    `models` names the embedding and the answering model with their sha256; `prompt` is the hash of the prompts.
    """

    question: str
    language: Language
    status: Status
    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    timings: Mapping[str, float]
    models: Mapping[str, str]
    prompt: str


Event = Found | Draft | Answer
