"""BM25 and the tokens it counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.bm25 import K1, B, BM25Index
from index.text.tokenize import GRAM, tokenize


def test_arabic_words_share_tokens_with_their_forms() -> None:
    assert set(tokenize("المستشفيات")) & set(tokenize("مستشفى"))
    assert set(tokenize("وبيرمينغهام")) & set(tokenize("بيرمنغهام"))
    assert tokenize("الإِرْهَـاب") == tokenize("الارهاب")


def test_english_words_meet_in_their_stem() -> None:
    assert tokenize("arrested Arrests") == ["arrest", "arrest"]


def test_numbers_and_tags() -> None:
    assert tokenize("٨ أشخاص #حرية_التعبير 2014") == ["8", *tokenize("اشخاص"), *tokenize("حرية التعبير"), "2014"]


@given(st.text(max_size=200))
def test_tokens_are_words_or_runs_of_four_that_know_their_edges(text: str) -> None:
    for token in tokenize(text):
        assert token.isascii() and token.isalnum() if token.isascii() else len(token) == GRAM or "_" in token
        assert not any(c in token.strip("_") for c in ' "_')


documents = st.lists(st.lists(st.integers(0, 12), max_size=12), min_size=1, max_size=20)


@given(documents, st.lists(st.one_of(st.none(), st.integers(0, 15)), unique=True, max_size=6))
def test_normalized_scores_are_those_of_bm25_by_hand(passages: list[list[int]], question: list[int | None]) -> None:
    held = [sorted(set(terms)) for terms in passages]
    counts = [passage.count(term) for passage, terms in zip(passages, held, strict=True) for term in terms]
    ends = np.cumsum([len(terms) for terms in held])
    index = BM25Index(ends, np.array([t for terms in held for t in terms], np.int32), np.array(counts, np.uint8))
    average = max(sum(map(len, passages)) / len(passages), 1)
    expected = []
    for terms in passages:
        score = highest = 0.0
        for term in question:
            holders = sum(term in other for other in passages)
            idf = math.log(1 + (len(passages) - holders + 0.5) / (holders + 0.5))
            count = terms.count(term) if term is not None else 0
            highest += idf * (K1 + 1)
            score += idf * count * (K1 + 1) / (count + K1 * (1 - B + B * len(terms) / average))
        expected.append(score / highest if highest else 0)
    assert index.normalized_scores(question) == pytest.approx(expected, abs=1e-5)
