"""Words of a text: the patterns by which they are found, and n-grams."""

from __future__ import annotations

import re
from collections.abc import Sequence

WORD = re.compile(r"[^\W_]+")  # letters and digits of any script; an underscore separates words (#حرية_التعبير)
LETTER = re.compile(r"[^\W\d_]")
_ALPHABETIC_WORD = re.compile(r"[^\W\d_]+")
_CONTRACTION = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def words(text: str) -> list[str]:
    """Return the words and numerals of a text, in order."""
    return WORD.findall(text)


def alphabetic_words(text: str) -> list[str]:
    """Return the words of a text without digits, in order; a digit separates words."""
    return _ALPHABETIC_WORD.findall(text)


def words_with_contractions(text: str) -> list[str]:
    """Return the words of a text without digits, in order, where `didn't` is one word."""
    return _CONTRACTION.findall(text)


def ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """Return each `n` tokens that stand side by side, in order; none when there are fewer than `n` tokens."""
    return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
