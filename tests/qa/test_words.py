"""Words, n-grams and the tables of stop words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.normalize import fold
from qa.language import stopwords
from qa.language.stopwords import content_words
from qa.language.words import alphabetic_words, ngrams, words, words_with_contractions


def test_words_of_both_scripts() -> None:
    text = "He didn't pay 12 €: #حرية_التعبير، و3 أيام"
    assert words(text) == ["He", "didn", "t", "pay", "12", "حرية", "التعبير", "و3", "أيام"]
    assert alphabetic_words(text) == ["He", "didn", "t", "pay", "حرية", "التعبير", "و", "أيام"]
    assert words_with_contractions(text)[:3] == ["He", "didn't", "pay"]


@given(st.lists(st.text(max_size=3), max_size=12), st.integers(1, 5))
def test_ngrams_stand_side_by_side(tokens: list[str], n: int) -> None:
    found = ngrams(tokens, n)
    assert len(found) == max(0, len(tokens) - n + 1)
    assert all(list(gram) == tokens[i : i + n] for i, gram in enumerate(found))


@pytest.mark.parametrize(
    "name", ["QUESTION_STOPWORDS", "CLAIM_STOPWORDS", "CAPITALIZED_STOPWORDS", "NEGATIONS", "ARABIC_INTERROGATIVES"]
)
def test_stop_words_are_folded_as_the_texts_that_they_are_compared_with(name: str) -> None:
    table = getattr(stopwords, name)
    assert table
    assert {fold(word) for word in table} == table


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("And why?", []),
        ("ومتى؟", []),
        ("Who arrested the eight people in London?", ["arrested", "eight", "people", "london"]),
        ("كم شخصا أوقفت الشرطة؟", ["شخصا", "اوقفت", "الشرطه"]),
    ],
)
def test_content_words_say_something_about_the_subject(question: str, found: list[str]) -> None:
    assert content_words(question) == found
