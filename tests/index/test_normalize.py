"""Text to show and text to search."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.text.languages import detect_language
from index.text.normalize import clean_text, fold, fold_with_offsets

TEXT = st.text(st.characters(codec="utf-8"), max_size=200)
ARABIC = st.text("ابتثجحخدذرزسشصضطظعغفقكلمنهويىةآأإؤئءـًٌٍَُِّْ ٠١٢٣٤٥٦٧٨٩،؟؛\n\u00a0\u200f", max_size=200)


@given(TEXT | ARABIC)
@example("\ud800 lone")
@example("a\u200b\u0301")
def test_clean_is_idempotent(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@given(TEXT | ARABIC)
def test_clean_text_can_be_stored_and_hides_nothing(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode("utf-8")
    assert not any(c in cleaned for c in "\x00\r\u200b\u202e\u2066\ufeff")
    assert not any(unicodedata.category(c) == "Cc" and c != "\n" for c in cleaned)


def test_clean_keeps_what_the_publisher_wrote() -> None:
    text = "قالَ الرّئيـس: «٣٫٥٪» في 23/03/2017…\nسطر"
    assert clean_text(text) == text


@given(TEXT | ARABIC)
@example("İstanbul ŉ ㎅ ﷺ ẞ")
def test_fold_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXT | ARABIC)
def test_fold_offsets_lead_back_to_the_character(text: str) -> None:
    folded, offsets = fold_with_offsets(text)
    assert folded == fold(text)
    assert len(offsets) == len(folded)
    assert offsets == sorted(offsets)
    assert all(fold(text[offset]).count(c) for c, offset in zip(folded, offsets, strict=True))


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("مُحَمَّد", "محمد"),
        ("الرئيـــس", "الرئيس"),
        ("أحمد إلى آخر ٱلباب", "احمد الي اخر الباب"),
        ("مدرسة", "مدرسه"),
        ("مستشفى", "مستشفي"),
        ("٢٠١٧ ۲۰۱۷", "2017 2017"),
        ("Café ＡＢＣ", "cafe abc"),
        ("ﻻ", "لا"),
    ],
)
def test_spellings_of_one_word_are_one_word(written: str, asked: str) -> None:
    assert fold(written) == fold(asked)


def test_fold_is_bounded() -> None:
    assert len(fold("\ufdfa" * 1000)) <= 4000


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("OpenAI يقدم خدمات", "ar"),
        ("The word كتاب means book", "en"),
        ("من هو Donald Trump الرئيس الأمريكي؟", "ar"),
        ("2017", "en"),
    ],
)
def test_language_is_that_of_most_letters(text: str, language: str) -> None:
    assert detect_language(text) == language
