"""Templates filled with data: nothing of an article, a question or a draft is markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from index.store.snapshot import CollectionStatus
from index.sync.update import UpdateReport
from index.text.chunking import headline
from index.types import Article
from qa.interfaces.formatting import answer_as_text, text_direction
from qa.interfaces.i18n import Words
from qa.interfaces.web.chats import Chat, Turn
from qa.interfaces.web.collection import Column, Item
from qa.interfaces.web.startup import StartupState
from qa.types import Citation, Language, Sentence

_PAGE = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGE.filters |= {
    "dir": text_direction,
    "is_web": lambda url: url.startswith(("https://", "http://")),
    "base": lambda path: path.rsplit("/", 1)[-1],
    "host": lambda url: url.split("/")[2],
    "moment": lambda time: time[:16].replace("T", " "),
}


def _render(template: str, words: Words, **values: object) -> str:
    # As attributes: a mapping has names of its own, `copy` or `update`, that would stand before its words.
    return _PAGE.get_template(f"{template}.html").render(words=SimpleNamespace(**words), **values)


@dataclass(frozen=True, slots=True)
class LiveAnswer:
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


def top_view(words: Words, language: Language) -> str:
    """Return the head of the page: its name, light or dark, the other language."""
    return _render("top", words, other="en" if language == "ar" else "ar")


def turns_view(words: Words, talk: Chat, noting: int | None = None, noted: int | None = None) -> str:
    """Return a chat; under turn `noting` a note can be written, under `noted` it was."""
    return "".join(
        _render(
            "turn",
            words,
            turn=turn,
            number=number,
            plain=answer_as_text(turn.answer) if turn.answer else "",
            citations={one.number: one for one in turn.answer.citations} if turn.answer else {},
            noting=noting,
            noted=noted,
        )
        for number, turn in enumerate(talk.turns)
    )


def live_view(words: Words, shown: LiveAnswer) -> str:
    """Return an answer that is being made."""
    return _render(
        "live",
        words,
        question=shown.question,
        progress=shown.progress,
        sentences=shown.sentences,
        citations=shown.citations or {},
        draft=shown.draft,
    )


def sources_view(words: Words, turn: Turn | None) -> str:
    """Return what an answer rests on, or what is closest to a question that has none."""
    answer = turn.answer if turn else None
    if answer is None:
        return citations_view(words, words["panel"], (), numbered=True)
    if answer.citations:
        return citations_view(words, words["panel"], answer.citations, numbered=True)
    return citations_view(words, words["closest"] if answer.closest else words["panel"], answer.closest, numbered=False)


def citations_view(words: Words, heading: str, citations: Sequence[Citation], *, numbered: bool) -> str:
    """Return citations with their quotes under a heading."""
    return _render("sources", words, heading=heading, citations=citations, numbered=numbered)


def article_view(words: Words, shown: Article | None, start: int = 0, end: int = 0, also: Sequence[str] = ()) -> str:
    """Return an article with its text from `start` to `end` marked, and where it was printed again."""
    return _render(
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


def chats_view(words: Words, kept: Sequence[Chat], current: str) -> str:
    """Return the list of earlier chats."""
    return _render("talks", words, talks=kept, current=current)


def welcome_view(words: Words, examples: Sequence[str]) -> str:
    """Return what stands where nothing has been asked yet."""
    return _render("welcome", words, examples=examples)


def hint_view(words: Words, text: str) -> str:
    """Return what is wrong with a question."""
    return _render("hint", words, text=text)


def state_view(words: Words, shown: StartupState) -> str:
    """Return how far the start is; nothing when it is over."""
    return _render("state", words, state=shown)


def overview_view(words: Words, status: CollectionStatus, columns: Sequence[Column]) -> str:
    """Return what the collection holds, with a plot of its months."""
    return _render("overview", words, status=status, columns=columns)


def listing_view(words: Words, items: Sequence[Item], found: int, problem: str = "") -> str:
    """Return a list of articles, the first of those that were `found`."""
    return _render("list", words, items=items, found=found, problem=problem)


def report_view(words: Words, shown: UpdateReport | None, done: int = 0, total: int = 0, problem: str = "") -> str:
    """Return what an update did, or how far it is."""
    return _render("report", words, report=shown, done=done, total=total, problem=problem)


def saved_view(words: Words, talk: Chat, language: Language) -> str:
    """Return a chat with its quoted evidence as a web page of its own: it loads nothing and runs nothing."""
    return _render("saved", words, talk=talk, language=language)
