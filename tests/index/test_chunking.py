"""Passages and sentences with their offsets."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.text.chunking import CHUNK_WORDS, headline, sentence_spans, split_into_chunks
from index.text.normalize import clean_text
from tests.conftest import article
from tests.paths import ROOT

WORDS = st.lists(
    st.sampled_from(
        ["قال", "الوزير،", "3.5", "U.S.", "د.", "أحمد", "اليوم.", "لماذا؟", "نعم!", "«انتهى».", "بدأ", "\n", "a.b"]
    ),
    min_size=1,
    max_size=400,
).map(" ".join)
# But for the characters that no font names: a text of them is refused.
ANY = st.text(st.characters(exclude_categories=["Co", "Cs"], exclude_characters="\ufffd"), max_size=2_000) | WORDS


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@given(ANY)
@example("x" * 5000)
@example("كلمة " * 1000)
def test_passages_are_slices_in_order_and_hold_everything(text: str) -> None:
    if not cut(clean_text(text)):
        return
    given_article = article(text)
    chunks = split_into_chunks(given_article)
    end = 0
    for chunk in chunks:
        assert given_article.text[chunk.start : chunk.end] == chunk.text
        assert given_article.text[end : chunk.start].strip() == ""
        assert chunk.start < chunk.end
        assert [*chunk.spans] == sentence_spans(chunk.text)
        assert [*chunk.sentences] == cut(chunk.text)
        end = chunk.end
    assert given_article.text[end:].strip() == ""
    assert len({chunk.id for chunk in chunks}) == len(chunks)


@given(ANY)
def test_sentences_are_slices_in_order_and_hold_every_word(text: str) -> None:
    end = 0
    for start, stop in sentence_spans(text):
        assert not any(c.isalnum() for c in text[end:start])
        assert text[start:stop] == text[start:stop].strip() != ""
        end = stop
    assert not any(c.isalnum() for c in text[end:])


@given(WORDS)
def test_no_passage_ends_inside_a_sentence_that_fits(text: str) -> None:
    given_article = article(text + " نهاية")
    edges = {edge for span in sentence_spans(given_article.text) for edge in span}
    if max(len(s.split()) for s in cut(given_article.text)) < CHUNK_WORDS:
        for chunk in split_into_chunks(given_article):
            assert chunk.start in edges or not chunk.text[0].isalnum()
            assert len(chunk.text.split()) <= CHUNK_WORDS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("وصل الوزير. ثم غادر؟ نعم!", ["وصل الوزير.", "ثم غادر؟", "نعم!"]),
        ("النسبة 3.5 في المئة.وقال د. أحمد شيئا.", ["النسبة 3.5 في المئة.", "وقال د. أحمد شيئا."]),
        ("«القيم سوف تتفوق».وعبرت العواصم", ["«القيم سوف تتفوق».", "وعبرت العواصم"]),
        ("أ.د. سامي حضر، ثم غاب؛ وعاد", ["أ.د. سامي حضر، ثم غاب؛", "وعاد"]),
        ("Mr. Smith of the U.S. Army left. He paid $3.50.", ["Mr. Smith of the U.S. Army left.", "He paid $3.50."]),
        ("عنوان\nالنص هنا", ["عنوان", "النص هنا"]),
        ("He said “no.” Then left", ["He said “no.”", "Then left"]),
        ("... !!! \n ؟", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_the_shipped_article_is_cut_into_readable_passages() -> None:
    seed = article((ROOT / "seeds" / "000_1f6fa011a6936e6a.txt").read_text("utf-8"))
    assert "و قد قامت الشرطة البريطانية بست عمليات تفتيش في لندن وبيرمينغهام وأوقفت 8 أشخاص لهم علاقة بالجاني." in cut(
        seed.text
    )
    assert 5 <= len(split_into_chunks(seed)) <= 10


def test_a_headline_is_the_title_the_first_line_or_the_beginning() -> None:
    assert headline(article("نص", title="عنوان")) == "عنوان"
    assert headline(article("عنوان قصير\nثم نص طويل")) == "عنوان قصير"
    long = headline(article("كلمة طويلة " * 30))
    assert long.endswith("…")
    assert len(long) <= 91
