"""The finished sentences of a growing draft, and whether it degenerates.

Small models loop, count, echo what they were sent, or fall into another language.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from index.text.chunking import sentence_spans
from index.text.normalize import detect_language, fold
from qa.types import Prompt
from qa.verification.citations import normalize_markers

_LETTER = re.compile(r"[^\W\d_]")
_RUN = re.compile(r"(\S)\1{11}")  # twelve times the same character
_DIGITS = re.compile(r"\d{13}")  # longer than any number in the news
_WORDS_OF_A_LOOP = 4
_TURNS_OF_A_LOOP = 3
_OURS = re.compile("[A-Za-z\u00aa-\u024f\u0610-\u06ff\u0750-\u077f]")  # letters of Latin and Arabic
_ECHO = 7  # words in a row of our own instruction
# A word of both alphabets, unless the Arabic is what is written before a foreign word (الـBBC, بالـCIA).
_MIXED = re.compile(
    "(?<![^\\W\\d_])(?!(?:[وف]?(?:[بكل]?ال|لل|[بكل])?ـ*)[a-z]+(?![^\\W\\d_]))"
    "(?:[a-z]+[\u0620-\u064a]|[\u0620-\u064a]+[a-z])"
)
_ENOUGH_TO_TELL = 24  # letters after which the language of a draft is clear


def is_degenerate(draft: str, sent: Prompt) -> bool:
    """Return whether a draft loops, runs into digits, echoes its instruction, or mixes or leaves the language."""
    folded = fold(draft)
    words = re.findall(r"[^\W_]+", folded)
    loops = Counter(_ngrams(words, _WORDS_OF_A_LOOP))
    if _RUN.search(folded) or _MIXED.search(folded) or max(loops.values(), default=0) >= _TURNS_OF_A_LOOP:
        return True
    known = " ".join([*(item.text for item in sent.evidence), sent.turns[-1].text])
    if not {c for c in draft if c.isalpha() and not _OURS.match(c)} <= set(known):
        return True
    if any(digits not in fold(known) for digits in _DIGITS.findall(folded)):
        return True
    if not _echoes(sent).isdisjoint(_ngrams(words, _ECHO)):
        return True
    return sum(map(len, words)) >= _ENOUGH_TO_TELL and detect_language(draft) != sent.language


@lru_cache(maxsize=8)
def _echoes(sent: Prompt) -> frozenset[tuple[str, ...]]:
    instruction = " ".join(turn.text for turn in sent.turns if turn.role == "system")
    return frozenset(_ngrams(re.findall(r"[^\W_]+", fold(instruction)), _ECHO))


def _ngrams(words: list[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + length]) for i in range(len(words) - length + 1)]


def split_finished(draft: str) -> tuple[str, str]:
    """Return the sentences of a growing draft that have ended, with their markers, and what has begun behind them."""
    draft = normalize_markers(draft)
    spans = sentence_spans(draft)
    if len(spans) < 2 or not _LETTER.search(draft, spans[-1][0]):  # a marker may still come: no sentence begins yet
        return "", draft
    return draft[: spans[-1][0]], draft[spans[-1][0] :]
