from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.render import as_html, as_json, as_text, block, escape
from qa.types import Answer, Citation, Sentence

EVIL = "<img src=x onerror=alert(1)> ![x](http://e/x.png) [a](javascript:alert(1)) `code` **b** _i_ # h\n> q & \"'"


def answer(text: str, status: str = "answered") -> Answer:
    citation = Citation(1, "a", text, "2017-03-23", "seeds/a.txt", 0, len(text), text)
    sentences = (Sentence(text, "supported", (1,)), Sentence("شك", "unsupported", ()))
    told = () if status == "no_evidence" else sentences
    return Answer(
        question="q",
        language="en",
        status=status,  # type: ignore[arg-type]
        text=f"{text} [1] شك",
        sentences=told,
        citations=(citation,) if told else (),
        closest=() if told else (citation,),
        confidence=0.9,
        asked="q",
        since=None,
        until=None,
        timings={},
        models={},
        prompt="p",
    )


@given(st.text(max_size=300))
def test_escaped_text_is_text_again_and_holds_no_markup(text: str) -> None:
    escaped = escape(text)
    assert html.unescape(escaped.replace("<br>", "\n")) == html.unescape(html.escape(text))
    assert not re.search(r"[*_`\[\]()!>\"'\\|~]", escaped.replace("<br>", ""))


def test_an_answer_is_shown_without_markup_of_an_article() -> None:
    shown = as_html(answer(EVIL))
    assert set(re.findall(r"<(\w+)", shown)) == {"div", "b", "hr", "br"}
    assert "onerror=" not in shown
    assert "\n" not in shown


def test_each_block_takes_the_direction_of_most_of_its_letters() -> None:
    assert block("OpenAI يقدم خدمات جديدة").startswith('<div dir="rtl">')
    assert block("The word كتاب means book").startswith('<div dir="ltr">')


def test_plain_text_lists_sources_and_says_what_is_doubtful() -> None:
    lines = as_text(answer("Eight people.")).splitlines()
    assert lines[0] == "Eight people. [1] شك"
    assert "Not supported by the articles: شك" in lines
    assert lines[-2:] == ["[1] Eight people. · 2017-03-23 · seeds/a.txt", "    «Eight people.»"]
    assert "quoted from the article" in as_text(answer("x", "quoted"))


def test_json_is_the_contract_of_the_command_line() -> None:
    import json

    record = json.loads(as_json(answer("نص")))
    assert list(record) == [
        *("question", "language", "status", "text", "sentences", "citations", "closest", "confidence", "asked"),
        *("since", "until", "timings", "models", "prompt"),
    ]
    assert list(record["sentences"][0]) == ["text", "support", "citations"]
    assert list(record["citations"][0]) == [
        *("number", "article_id", "title", "published", "path", "start", "end", "quote", "also"),
    ]


def test_the_closest_articles_are_no_citations() -> None:
    shown = as_text(answer("Eight people.", "no_evidence"))
    assert shown.splitlines()[2:] == [
        "Closest in the articles, not an answer:",
        "- Eight people. · 2017-03-23 · seeds/a.txt",
        "    «Eight people.»",
    ]
    assert "Closest in the articles" in html.unescape(as_html(answer("x", "no_evidence")))
    assert "[1]" not in html.unescape(as_html(replace(answer("x", "no_evidence"), text="No.")))


def test_what_was_understood_and_where_it_was_looked_for_is_said() -> None:
    shown = replace(answer("x"), asked="Who came? And when?", since="2017-03-01", until="2017-04-03")
    for text in (as_text(shown), html.unescape(as_html(shown))):
        assert "Understood as: Who came? And when?" in text
        assert "Articles from 2017-03-01 to 2017-04-03" in text
    assert "Understood" not in as_text(answer("x"))


@pytest.mark.parametrize("status", ["answered", "quoted", "cut", "no_evidence"])
def test_every_status_can_be_shown(status: str) -> None:
    assert as_text(answer("x", status))
    assert as_html(answer("x", status))
