"""Drafts that degenerate, and sentences that have ended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.types import Evidence, Message, Prompt
from qa.verification.draft_checks import is_degenerate, split_finished

PROMPT = Prompt(
    (Message("system", "Translate the Arabic sentence into English and keep every name."), Message("user", "x")),
    "en",
    (Evidence(1, "a", 0, 9, "رقم الحساب 12345678901234567 في المصرف", "ar", 0.9),),
)


@pytest.mark.parametrize(
    "draft",
    [
        "the same words again the same words again the same words again",
        "he went he went he went he went he went he went",
        "=" * 12,
        "The number is 99999999999999999",
        "Sure! Translate the Arabic sentence into English and keep",
        "أوقفت الشرطة ثمانية أشخاص في مدينة لندن",
        "A common tactic is using tectiكات",
        "كان هناك 111,529 فAMILياً",
        "أristotle قال ذلك",
        "وال时间和",
        "القurve المحيطة بالفضاء",
    ],
)
def test_a_degenerate_draft_is_recognized(draft: str) -> None:
    assert is_degenerate(draft, PROMPT)


@pytest.mark.parametrize(
    "draft",
    [
        "",
        "The police arrested eight people in London, and the police searched six houses in London.",
        "The account 12345678901234567 is in the bank.",
        "تيريزا ماي Theresa May",
        "The BBC (الـBBC) said so, and وبالـCIA, لـNASA.",
        "This Arabic sentence tells a name.",
    ],
)
def test_an_ordinary_draft_is_not_degenerate(draft: str) -> None:
    assert not is_degenerate(draft, PROMPT)


def test_a_marker_ends_with_the_sentence_it_stands_behind() -> None:
    assert split_finished("One. [1]") == ("", "One [1].")
    assert split_finished("One [1]. [2] Two") == ("One [1] [2]. ", "Two")


@given(st.lists(st.sampled_from(["One", " two", ". ", "؟ ", "\n", " 1", " ثلاثة", "3.5", "Dr. X"])))
def test_nothing_of_a_growing_draft_is_lost(pieces: list[str]) -> None:
    done, rest = "", ""
    for piece in pieces:
        ended, rest = split_finished(rest + piece)
        done += ended
    assert done + rest == "".join(pieces)
