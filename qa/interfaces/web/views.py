"""Templates filled with data: nothing of an article or a question is markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from index.collection import UpdateReport
from index.store.snapshot import CollectionStatus
from index.text.chunking import headline
from index.text.languages import LANGUAGE_TABLE, direction_of
from index.types import Article
from qa.interfaces.formatting import (
    AnswerLayout,
    SourceList,
    answer_as_shareable_text,
    is_web_address,
    layout_answer,
    layout_details,
    layout_sources,
    text_direction,
)
from qa.interfaces.i18n import PAGE_LANGUAGES, Words, load_words
from qa.interfaces.web.chats import Chat, Turn
from qa.interfaces.web.collection import ArticleItem, PlotColumn
from qa.interfaces.web.startup import StartupState
from qa.types import Citation, Language

_PAGE = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGE.filters |= {
    "dir": text_direction,
    "is_web": is_web_address,
    "base": lambda path: path.rsplit("/", 1)[-1],
    "host": lambda url: url.split("/")[2],
    "moment": lambda time: time[:16].replace("T", " "),
}


_NOTHING_YET = AnswerLayout(sentences=())


def _render(template: str, words: Words, **values: object) -> str:
    # As attributes: a mapping has names of its own, `copy` or `update`, that would stand before its words.
    return _PAGE.get_template(f"{template}.html").render(words=SimpleNamespace(**words), **values)


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """An answer that is being made: what is checked of it, and what is going on."""

    question: str
    progress: str
    layout: AnswerLayout = _NOTHING_YET


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    before: str
    quote: str
    after: str


def top_view(words: Words, language: Language) -> str:
    """Return the head of the page: its name, light or dark, the other languages by their own names."""
    others = {one: load_words(one)["own_language"] for one in PAGE_LANGUAGES if one != language}
    return _render("top", words, others=others)


def turns_view(words: Words, chat: Chat, noting: int | None = None, noted: int | None = None) -> str:
    """Return a chat; under turn `noting` a note can be written, under `noted` it was."""
    return "".join(
        _render(
            "turn",
            words,
            turn=turn,
            number=number,
            layout=layout_answer(turn.answer, words) if turn.answer else None,
            plain=answer_as_shareable_text(turn.answer) if turn.answer else "",
            noting=noting,
            noted=noted,
        )
        for number, turn in enumerate(chat.turns)
    )


def live_view(words: Words, live: LiveAnswer) -> str:
    """Return an answer that is being made."""
    return _render("live", words, question=live.question, progress=live.progress, layout=live.layout)


def sources_view(words: Words, turn: Turn | None) -> str:
    """Return what an answer rests on, or what is closest to a question that has none."""
    if turn is None or turn.answer is None:
        return _source_list_view(words, None)
    layout = layout_answer(turn.answer, words)
    return _source_list_view(words, layout.sources or layout.closest)


def citations_view(words: Words, heading: str, citations: Sequence[Citation], *, numbered: bool) -> str:
    """Return citations with their quotes under a heading."""
    return _source_list_view(words, layout_sources(heading, citations, words, numbered=numbered))


def _source_list_view(words: Words, listed: SourceList | None) -> str:
    return _render("sources", words, listed=listed or layout_sources(words["sources"], (), words))


def article_view(words: Words, article: Article | None, start: int = 0, end: int = 0, also: Sequence[str] = ()) -> str:
    """Return an article with its text from `start` to `end` marked, and where it was printed again."""
    return _render(
        "article",
        words,
        article=article,
        title=headline(article) if article else "",
        details=layout_details(article.details, words) if article else (),
        also=also,
        paragraphs=_paragraphs(article.text, start, end) if article else [],
    )


def _paragraphs(text: str, start: int, end: int) -> list[_Paragraph]:
    """Return the lines of a text that are not empty, each cut where the quote begins and ends in it."""
    paragraphs, offset = [], 0
    for line in text.split("\n"):
        first, last = (min(max(edge - offset, 0), len(line)) for edge in (start, end))
        if line:
            paragraphs.append(_Paragraph(line, line[:first], line[first:last], line[last:]))
        offset += len(line) + 1
    return paragraphs


def chats_view(words: Words, chats: Sequence[Chat], current: str) -> str:
    """Return the list of earlier chats."""
    return _render("chats", words, chats=chats, current=current)


def welcome_view(words: Words, examples: Sequence[str]) -> str:
    """Return what stands where nothing has been asked yet."""
    return _render("welcome", words, examples=examples)


def hint_view(words: Words, text: str) -> str:
    """Return what is wrong with a question."""
    return _render("hint", words, text=text)


def state_view(words: Words, state: StartupState) -> str:
    """Return how far the start is; nothing when it is over."""
    return _render("state", words, state=state)


def overview_view(words: Words, status: CollectionStatus, columns: Sequence[PlotColumn]) -> str:
    """Return what the collection holds, with a plot of its months."""
    names = {code: words.get(info.name.lower(), info.name) for code, info in LANGUAGE_TABLE.items()}
    others = status.articles - sum(status.languages.get(code, 0) for code in names)
    return _render("overview", words, status=status, columns=columns, names=names, others=others)


def listing_view(words: Words, items: Sequence[ArticleItem], found: int, problem: str = "") -> str:
    """Return a list of articles, the first of those that were `found`."""
    return _render("list", words, items=items, found=found, problem=problem)


def report_view(words: Words, report: UpdateReport | None, done: int = 0, total: int = 0, problem: str = "") -> str:
    """Return what an update did, or how far it is."""
    return _render("report", words, report=report, done=done, total=total, problem=problem)


def saved_view(words: Words, chat: Chat, language: Language) -> str:
    """Return a chat with its quoted evidence as a web page of its own: it loads nothing and runs nothing.

    It names no place on this computer.
    """
    turns = [(turn, layout_answer(turn.answer, words) if turn.answer else None) for turn in chat.turns]
    return _render("saved", words, chat=chat, turns=turns, language=language, direction=direction_of(language))
