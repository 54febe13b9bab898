"""How is it shown on the page? Templates filled with data: nothing of an article, a question or a draft is markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from index.chunk import headline
from index.snapshot import Status
from index.types import Article
from index.update import Report
from qa import render
from qa.page.collection import Column, Item
from qa.page.start import State
from qa.page.talk import Talk, Turn
from qa.page.words import Words
from qa.types import Citation, Language, Sentence

_PAGE = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGE.filters |= {
    "dir": render.direction,
    "is_web": lambda url: url.startswith(("https://", "http://")),
    "base": lambda path: path.rsplit("/", 1)[-1],
    "host": lambda url: url.split("/")[2],
    "moment": lambda time: time[:16].replace("T", " "),
}


def _filled(template: str, words: Words, **values: object) -> str:
    # As attributes: a mapping has names of its own, `copy` or `update`, that would stand before its words.
    return _PAGE.get_template(f"{template}.html").render(words=SimpleNamespace(**words), **values)


@dataclass(frozen=True, slots=True)
class Live:
    """An answer that is being made: what is checked of it, the draft, and what is going on."""

    question: str
    progress: str
    sentences: tuple[Sentence, ...] = ()
    citations: Mapping[int, Citation] | None = None
    draft: str = ""


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    before: str
    quote: str
    after: str


def top(words: Words, language: Language) -> str:
    """Return the head of the page: its name, light or dark, the other language."""
    return _filled("top", words, other="en" if language == "ar" else "ar")


def turns(words: Words, talk: Talk, noting: int | None = None, noted: int | None = None) -> str:
    """Return a chat; under turn `noting` a note can be written, under `noted` it was."""
    return "".join(
        _filled(
            "turn",
            words,
            turn=turn,
            number=number,
            plain=render.as_text(turn.answer) if turn.answer else "",
            citations={one.number: one for one in turn.answer.citations} if turn.answer else {},
            noting=noting,
            noted=noted,
        )
        for number, turn in enumerate(talk.turns)
    )


def live(words: Words, shown: Live) -> str:
    """Return an answer that is being made."""
    return _filled(
        "live",
        words,
        question=shown.question,
        progress=shown.progress,
        sentences=shown.sentences,
        citations=shown.citations or {},
        draft=shown.draft,
    )


def sources(words: Words, turn: Turn | None) -> str:
    """Return what an answer rests on, or what is closest to a question that has none."""
    answer = turn.answer if turn else None
    if answer is None:
        return cited(words, words["panel"], (), numbered=True)
    if answer.citations:
        return cited(words, words["panel"], answer.citations, numbered=True)
    return cited(words, words["closest"] if answer.closest else words["panel"], answer.closest, numbered=False)


def cited(words: Words, heading: str, citations: Sequence[Citation], *, numbered: bool) -> str:
    """Return citations with their quotes under a heading."""
    return _filled("sources", words, heading=heading, citations=citations, numbered=numbered)


def article(words: Words, shown: Article | None, start: int = 0, end: int = 0, also: Sequence[str] = ()) -> str:
    """Return an article with its text from `start` to `end` marked, and where it was printed again."""
    return _filled(
        "article",
        words,
        article=shown,
        title=headline(shown) if shown else "",
        also=also,
        paragraphs=_paragraphs(shown.text, start, end) if shown else [],
    )


def _paragraphs(text: str, start: int, end: int) -> list[_Paragraph]:
    """Return the lines of a text that are not empty, each cut where the quote begins and ends in it."""
    found, at = [], 0
    for line in text.split("\n"):
        first, last = (min(max(edge - at, 0), len(line)) for edge in (start, end))
        if line:
            found.append(_Paragraph(line, line[:first], line[first:last], line[last:]))
        at += len(line) + 1
    return found


def talks(words: Words, kept: Sequence[Talk], current: str) -> str:
    """Return the list of earlier chats."""
    return _filled("talks", words, talks=kept, current=current)


def welcome(words: Words, examples: Sequence[str]) -> str:
    """Return what stands where nothing has been asked yet."""
    return _filled("welcome", words, examples=examples)


def hint(words: Words, text: str) -> str:
    """Return what is wrong with a question."""
    return _filled("hint", words, text=text)


def state(words: Words, shown: State) -> str:
    """Return how far the start is; nothing when it is over."""
    return _filled("state", words, state=shown)


def overview(words: Words, status: Status, columns: Sequence[Column]) -> str:
    """Return what the collection holds, with a plot of its months."""
    return _filled("overview", words, status=status, columns=columns)


def listing(words: Words, items: Sequence[Item], found: int, problem: str = "") -> str:
    """Return a list of articles, the first of those that were `found`."""
    return _filled("list", words, items=items, found=found, problem=problem)


def report(words: Words, shown: Report | None, done: int = 0, total: int = 0, problem: str = "") -> str:
    """Return what an update did, or how far it is."""
    return _filled("report", words, report=shown, done=done, total=total, problem=problem)


def saved(words: Words, talk: Talk, language: Language) -> str:
    """Return a chat with its quoted evidence as a web page of its own: it loads nothing and runs nothing."""
    return _filled("saved", words, talk=talk, language=language)
