from __future__ import annotations

from dataclasses import replace

import pytest

from qa.interfaces.formatting import answer_as_json, answer_as_text, text_direction
from qa.types import Answer, Citation, Sentence


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


def test_a_text_runs_in_the_direction_of_most_of_its_letters() -> None:
    assert text_direction("OpenAI يقدم خدمات جديدة") == "rtl"
    assert text_direction("The word كتاب means book") == "ltr"
    assert text_direction("2017") == "ltr"


def test_plain_text_lists_sources_and_says_what_is_doubtful() -> None:
    lines = answer_as_text(answer("Eight people.")).splitlines()
    assert lines[0] == "Eight people. [1] شك"
    assert "Not supported by the articles: شك" in lines
    assert lines[-2:] == ["[1] Eight people. · 2017-03-23 · seeds/a.txt", "    «Eight people.»"]
    assert "quoted from the article" in answer_as_text(answer("x", "quoted"))


def test_json_is_the_contract_of_the_command_line() -> None:
    import json

    record = json.loads(answer_as_json(answer("نص")))
    assert list(record) == [
        *("question", "language", "status", "text", "sentences", "citations", "closest", "confidence", "asked"),
        *("since", "until", "timings", "models", "prompt"),
    ]
    assert list(record["sentences"][0]) == ["text", "support", "citations"]
    assert list(record["citations"][0]) == [
        *("number", "article_id", "title", "published", "path", "start", "end", "quote", "also", "source"),
        "url",
    ]


def test_the_closest_articles_are_no_citations() -> None:
    shown = answer_as_text(answer("Eight people.", "no_evidence"))
    assert shown.splitlines()[2:] == [
        "Closest in the articles, not an answer:",
        "- Eight people. · 2017-03-23 · seeds/a.txt",
        "    «Eight people.»",
    ]


def test_what_was_understood_and_where_it_was_looked_for_is_said() -> None:
    shown = replace(answer("x"), asked="Who came? And when?", since="2017-03-01", until="2017-04-03")
    assert "Understood as: Who came? And when?" in answer_as_text(shown)
    assert "Articles from 2017-03-01 to 2017-04-03" in answer_as_text(shown)
    assert "Understood" not in answer_as_text(answer("x"))


@pytest.mark.parametrize("status", ["answered", "quoted", "cut", "no_evidence"])
def test_every_status_can_be_shown(status: str) -> None:
    assert answer_as_text(answer("x", status))
