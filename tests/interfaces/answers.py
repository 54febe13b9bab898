"""Answers as the tests of the interfaces need them, and a reader of the HTML that is made of them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from hypothesis import strategies as st

from qa.interfaces.i18n import load_words
from qa.interfaces.web.chats import Turn
from qa.types import Answer, Citation, Sentence, Status

WORDS = load_words("en")
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60)


def citation(number: int = 1, quote: str = "Eight.", **fields: Any) -> Citation:
    given = {"title": "A title", "published": "2017-03-23", "path": "a.txt", **fields}
    return Citation(number, "id", start=0, end=len(quote), quote=quote, **given)


def answer(*sentences: Sentence, status: Status = "answered", **fields: Any) -> Answer:
    given: dict[str, Any] = {
        "question": "Who?", "language": "en", "status": status, "text": "T.", "sentences": sentences,
        "citations": (), "closest": (), "confidence": 0.5, "asked": "Who?", "since": None, "until": None,
        "timings": {"end": 1.0}, "models": {"answer": "a@1"}, "prompt": "p",
    }  # fmt: skip
    return Answer(**(given | fields))


def turn(question: str = "Who?", **fields: Any) -> Turn:
    cited = answer(Sentence("Eight.", "supported", (1,)), citations=(citation(),))
    return Turn(question, **{"answer": cited, **fields})


class ParsedHtml(HTMLParser):
    """The elements of a page, each with its attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data
