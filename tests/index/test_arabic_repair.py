"""Damaged Arabic is repaired to the letter, or rejected; undamaged text is not changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.readers.arabic_repair import repair_arabic, visual_to_logical
from index.readers.base import RawArticle, UnreadableError
from index.sync.scan import build_article
from index.types import ReadLimits, Rejection
from tests.paths import ROOT
from tests.samples import ARABIC, ENGLISH, SENTENCES, backwards, seen, shaped

SEED = (ROOT / "seeds" / "000_1f6fa011a6936e6a.txt").read_text("utf-8")
WITH_NUMBERS = (
    "بلغت الكلفة 3.5 ملايين دينار (أي 12,000 للفرد) في سنة 2017 بحسب شركة Siemens AG الألمانية",
    "قال «لن نتراجع» يوم 23/03/2017 على قناة BBC البريطانية",
)
texts = st.lists(st.sampled_from([*SENTENCES, *WITH_NUMBERS]), min_size=2, max_size=6).map("\n".join)
line_ends = st.sampled_from(["\n", "\r\n", "\n\n"])


def line_by_line(change: object, text: str) -> str:
    return "\n".join(change(line) for line in text.split("\n"))  # type: ignore[operator]


@given(texts, line_ends)
def test_reversed_lines_are_turned_round(text: str, line_end: str) -> None:
    damaged = line_by_line(backwards, text)
    assert damaged != text
    assert repair_arabic(damaged.replace("\n", line_end)) == text.replace("\n", line_end)


@given(texts)
def test_shapes_become_letters(text: str) -> None:
    assert shaped(text) != text
    assert repair_arabic(shaped(text)) == text


@given(texts)
def test_reversed_shapes_become_letters_in_order(text: str) -> None:
    assert repair_arabic(line_by_line(lambda line: "".join(seen(shaped(line))), text)) == text


@given(texts, st.sampled_from(["cp1256", "latin-1"]))
def test_what_was_encoded_twice_is_decoded_once_more(text: str, wrong: str) -> None:
    damaged = text.encode().decode(wrong)
    assert repair_arabic(damaged) == text


def test_only_the_reversed_lines_of_a_text_are_turned_round() -> None:
    lines = [SENTENCES[0], backwards(SENTENCES[1]), ENGLISH, SENTENCES[2]]
    assert repair_arabic("\n".join(lines)) == "\n".join([SENTENCES[0], SENTENCES[1], ENGLISH, SENTENCES[2]])


@given(st.lists(st.sampled_from([*SENTENCES, *WITH_NUMBERS, ENGLISH, *SEED.split("\n")]), max_size=5).map("\n".join))
def test_what_is_as_it_was_written_is_left_alone(text: str) -> None:
    assert repair_arabic(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "لا",
        "مثلا قليلا",  # two words that end as the article would, backwards
        "صلى الله عليه وسلم ﷺ",
        "﴿قل هو الله أحد﴾",
        "ﻻ يزال العمل مستمرا منذ بداية السنة الماضية",  # one letter typed as a shape
        "ة",
        "Is it? ??",
        "طظطظ",
        SENTENCES[0] + " ةالجديدة مثلا",  # a space that was set wrong
        "هذه گزارش است و پیام یک سال است",
    ],
)
def test_rare_but_right(text: str) -> None:
    assert repair_arabic(text) == text


def test_every_line_of_the_shipped_article_is_left_alone() -> None:
    for line in SEED.replace(".", "\n").replace("،", "\n").split("\n"):
        assert repair_arabic(line) == line


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("??? ????? ?? ????? ?????? 2017 ????", "its letters are lost: most words are question marks"),
        ("\ue001\ue002\ue003 \ue004\ue005 text \ue006", "its letters are lost: the font says not which they are"),
        ("(cid:12)(cid:43)(cid:9) word (cid:11)", "its letters are lost: the font says not which they are"),
        (
            " ".join(f"{word} {word[::-1]}" for word in ARABIC.replace(".", "").split()),
            "its Arabic letters are out of order",
        ),
    ],
)
def test_what_cannot_be_repaired_is_rejected(text: str, because: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        repair_arabic(text)
    assert str(refused.value) == because
    assert build_article(RawArticle(text), "a.txt", ReadLimits()) == Rejection("a.txt", because)


def test_a_line_is_put_in_the_order_of_reading() -> None:
    for line in WITH_NUMBERS:
        assert visual_to_logical(seen(line)) == line
    english = "The word سلام is Arabic (it says 5 things)"
    assert visual_to_logical([*english.replace("سلام", "مالس")]) == english
