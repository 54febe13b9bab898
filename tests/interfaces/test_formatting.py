"""The layout of an answer, and an answer as plain text and JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.interfaces.formatting import (
    Segment,
    answer_as_json,
    answer_as_shareable_text,
    answer_as_text,
    layout_answer,
    layout_checked,
    text_direction,
)
from qa.interfaces.i18n import PAGE_LANGUAGES, load_words
from qa.types import Answer, Citation, Language, Sentence, SentencesChecked

WORDS = load_words("en")


def answer(text: str, status: str = "answered") -> Answer:
    citation = Citation(1, "a", text, "2017-03-23", "seeds/a.txt", 0, len(text), text)
    sentences = (Sentence(text, "supported", (1,)), Sentence("شك", "unsupported", ()))
    written = () if status == "no_evidence" else sentences
    return Answer(
        question="q",
        language="en",
        status=status,  # type: ignore[arg-type]
        text=f"{text} [1] شك",
        sentences=written,
        citations=(citation,) if written else (),
        closest=() if written else (citation,),
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
    record = json.loads(answer_as_json(answer("نص")))
    assert list(record) == [
        *("question", "language", "status", "text", "sentences", "citations", "closest", "confidence", "asked"),
        *("since", "until", "timings", "models", "prompt"),
    ]
    assert list(record["sentences"][0]) == ["text", "support", "citations"]
    assert list(record["citations"][0]) == [
        *("number", "article_id", "title", "published", "path", "start", "end", "quote", "also", "source"),
        *("url", "duplicates", "details"),
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


def test_plain_text_in_arabic_to_the_letter() -> None:
    cited = Citation(1, "a", "العنوان", None, "seeds/a.txt", 0, 5, "Eight.", ("A, 2017", "ب"))
    shown = replace(
        answer("x"),
        language="ar",
        status="cut",
        text="ثمانية. [1] شك",
        sentences=(Sentence("ثمانية.", "supported", (1,)), Sentence("شك", "unsupported", ())),
        citations=(cited,),
        asked="كم؟",
        since="2017-03-01",
    )
    assert answer_as_text(shown).splitlines() == [
        "ثمانية. [1] شك",
        "(قُطع الجواب قبل نهايته)",
        "(مترجم آليا عن المقال: قارنه بالاقتباس)",
        "(فُهم السؤال هكذا: كم؟)",
        "(مقالات من 2017-03-01 إلى …)",
        "غير مسنود: شك",
        "",
        "[1] العنوان · seeds/a.txt",
        "    «Eight.»",
        "    نشره أيضا: A, 2017; ب",
    ]


@pytest.mark.parametrize("status", ["answered", "no_evidence"])
def test_shareable_text_names_outlet_and_address_and_no_path(status: str) -> None:
    shown = answer("Eight people.", status)
    shown = replace(
        shown,
        citations=tuple(replace(c, source="The Post", url="https://post.example") for c in shown.citations),
        closest=tuple(replace(c, source="The Post", url="https://post.example") for c in shown.closest),
    )
    text = answer_as_shareable_text(shown)
    assert "seeds" not in text
    assert "a.txt" not in text
    assert " Eight people. · 2017-03-23 · The Post · https://post.example\n    «Eight people.»" in text
    assert "seeds/a.txt" in answer_as_text(shown)


def test_the_author_stands_behind_the_day() -> None:
    detail = {"author": "Ana {Sol}", "unknown": "x"}
    shown = answer("Eight people.")
    shown = replace(shown, citations=tuple(replace(c, source="Post", details=detail) for c in shown.citations))
    assert " · 2017-03-23 · by Ana {Sol} · seeds/a.txt\n" in answer_as_text(shown)
    assert " · 2017-03-23 · by Ana {Sol} · Post\n" in answer_as_shareable_text(shown)
    assert " · 2017-03-23 · بقلم Ana {Sol} · " in answer_as_text(replace(shown, language="ar"))
    assert json.loads(answer_as_json(shown))["citations"][0]["details"] == detail


def test_a_layout_holds_the_parts_of_an_answer() -> None:
    quote = Citation(1, "a", "Title", "2017-03-23", "seeds/a.txt", 0, 6, "ثمانية.", ("The Herald",), "Post", "file:x")
    copy = replace(quote, number=2, quote="Eight.", published=None, also=("وكالة",), url="https://post.example")
    shown = replace(
        answer("x", "quoted"),
        sentences=(Sentence("Eight.", "supported", (1, 2)), Sentence("Perhaps.", "unsupported", ())),
        citations=(quote, copy),
    )
    layout = layout_answer(shown, WORDS)
    first, second = layout.sentences
    assert [(r.marker.text, r.marker.citation, r.marker.note) for r in first.references] == [
        ("1", quote, "Source 1: Title"),
        ("2", copy, "Source 2: Title"),
    ]
    assert [reference.day and reference.day.text for reference in first.references] == ["2017-03-23", None]
    assert [[note.kind for note in block.warnings] for block in layout.sentences] == [["translated"], ["unsupported"]]
    assert (first.text.role, second.text.role) == ("supported", "unsupported")
    assert [note.kind for note in layout.notes] == ["quoted", "translated"]
    assert (layout.refusal, layout.closest) == (None, None)
    assert layout.sources is not None
    one, two = layout.sources.sources
    assert (one.quote.direction, two.quote.direction) == ("rtl", "ltr")
    assert [detail.text for detail in one.public_details()] == ["2017-03-23", "Post"]
    assert [detail.role for detail in two.public_details()] == ["no_day", "outlet", "link"]
    assert one.address is not None
    assert one.address.role == "address"
    assert [[s.text for s in source.also.outlets] for source in (one, two) if source.also] == [
        ["The Herald"],
        ["وكالة"],
    ]


def test_a_layout_of_a_refusal_holds_the_closest_articles() -> None:
    layout = layout_answer(replace(answer("Eight people.", "no_evidence"), text="They do not say."), WORDS)
    assert layout.refusal == Segment("They do not say.", "refusal")
    assert layout.sentences == ()
    assert layout.sources is None
    assert layout.closest is not None
    assert layout.closest.heading.text == WORDS["closest"]
    assert [source.number for source in layout.closest.sources] == [None]


@pytest.mark.parametrize("language", PAGE_LANGUAGES)
def test_what_is_checked_is_laid_out_as_it_will_be_in_the_answer(language: Language) -> None:
    finished, words = answer("Eight people."), load_words(language)
    checked = SentencesChecked(finished.sentences, finished.citations)
    assert layout_checked(checked, words).sentences == layout_answer(finished, words).sentences


@given(st.text(st.sampled_from("ab\n"), max_size=12), st.data())
def test_marked_words_survive_cutting_and_wrapping(text: str, data: st.DataObject) -> None:
    edges = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
    spans = tuple(zip(edges[::2], edges[1::2], strict=False))
    segment = Segment(text, "quote", marked=spans)
    assert "".join(piece for piece, _ in segment.pieces()) == text
    marked = [piece for piece, is_marked in segment.pieces() if is_marked]
    assert marked == [text[start:end] for start, end in spans]
    assert [piece for piece, is_marked in segment.wrapped("«", "»").pieces() if is_marked] == marked
    lines = segment.lines()
    assert [line.text for line in lines] == text.split("\n")
    on_lines = "".join(piece for line in lines for piece, is_marked in line.pieces() if is_marked)
    assert on_lines == "".join(marked).replace("\n", "")
