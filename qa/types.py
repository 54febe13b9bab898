"""The data that flows from a question to an answer: plain records without logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from index.text import languages


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question that was asked and answered; `answer` is empty when the articles did not say."""

    question: str
    answer: str


Language = languages.Language
Status = Literal["answered", "quoted", "no_evidence", "cut"]
Support = Literal["supported", "unsupported"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question that was accepted: clean, not empty, of bounded length."""

    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What is searched: the days of publication (ISO dates, inclusive; None is open), all `without` these articles.

    Articles of which no day is known are searched too when no day is given, or `undated` says so.
    """

    since: str | None = None
    until: str | None = None
    undated: bool = False
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that the model may see, as `[number]`: `article.text[start:end] == text`.

    `similarity` is its cosine with the question; `context` is the sentence before it, when it opens with a pronoun and
    is not understood without; `also` are the ids of the articles that copy its article.
    """

    number: int
    article_id: str
    start: int
    end: int
    text: str
    language: str
    similarity: float
    context: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceSet:
    """The nearest sentences to a question, best first, and how sure it is that they answer it.

    `question` is what was searched for, `search_filter` where. `confidence` is a calibrated probability; only when the
    question is `answerable` are the sentences evidence, else they are merely the closest. `dissent` is the one of them
    that gives another number than the best, in another article.
    """

    question: Question
    search_filter: SearchFilter
    evidence: tuple[Evidence, ...]
    confidence: float
    answerable: bool
    dissent: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message to the model. Its text is data: never read as control tokens."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """Exactly what is sent, and the evidence that the reply must rest on.

    The reply is to be in `language`. When `copy_from` is not empty, it may only continue word sequences of it.
    `temperature` 0 takes the most likely token always.
    """

    messages: tuple[Message, ...]
    language: Language
    evidence: tuple[Evidence, ...] = ()
    copy_from: tuple[str, ...] = ()
    temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a sentence's support lies: `article.text[start:end] == quote`.

    `source` is who published the article, `url` where; `details` are what else is shown of it: `author`. `also` names
    who copied it and when, `duplicates` are the ids of these articles. `path` is where the file lies on this computer:
    an interface that hands an answer on leaves it out.
    """

    number: int
    article_id: str
    title: str
    published: str | None
    path: str
    start: int
    end: int
    quote: str
    also: tuple[str, ...] = ()
    source: str | None = None
    url: str | None = None
    duplicates: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer, with the numbers of the citations that support it."""

    text: str
    support: Support
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """The nearest sentences are known; nothing is written yet. There will be an answer only when they are `enough`.

    `nearest` tells where the nearest sentence of each of the nearest articles lies.
    """

    evidence: tuple[Evidence, ...]
    enough: bool
    nearest: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The model is busy with the questions of others: so many are answered before this one."""

    ahead: int


@dataclass(frozen=True, slots=True)
class DraftGrown:
    """The sentence that the model has begun; not checked yet, so no interface shows it to a reader."""

    text: str


@dataclass(frozen=True, slots=True)
class SentencesChecked:
    """The sentences that are finished and checked so far, with their citations, numbered as in the answer."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer.

    The numbers in `text` are exactly those of `citations`. `asked` is the question as it was understood: a follow-up
    stands behind what it follows. `since` and `until` are the days that were searched. `closest` are the nearest
    sentences when the articles do not say. `confidence` is the calibrated probability that they do. `timings` are
    seconds since the question was asked; `models` names the embedding and the answering model with their sha256;
    `prompt` is the hash of the prompts.
    """

    question: str
    language: Language
    status: Status
    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    closest: tuple[Citation, ...]
    confidence: float
    asked: str
    since: str | None
    until: str | None
    timings: Mapping[str, float]
    models: Mapping[str, str]
    prompt: str


Event = EvidenceFound | Waiting | DraftGrown | SentencesChecked | Answer
