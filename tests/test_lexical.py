from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from index.lexical import analyse


def test_arabic_words_share_tokens_with_their_forms() -> None:
    assert set(analyse("المستشفيات")) & set(analyse("مستشفى"))
    assert set(analyse("وبيرمينغهام")) & set(analyse("بيرمنغهام"))
    assert analyse("الإِرْهَـاب") == analyse("الارهاب")


def test_english_words_meet_in_their_stem() -> None:
    assert analyse("arrested Arrests") == ["arrest", "arrest"]


def test_numbers_and_tags() -> None:
    assert analyse("٨ أشخاص #حرية_التعبير 2014") == ["8", *analyse("اشخاص"), *analyse("حرية التعبير"), "2014"]


@given(st.text(max_size=200))
def test_tokens_are_plain_words(text: str) -> None:
    assert all((token and token.isalnum()) or not token.isascii() for token in analyse(text))
    assert not any(c in token for token in analyse(text) for c in ' "_')
