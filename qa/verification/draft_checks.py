"""The finished sentences of a growing draft, and whether it degenerates.

Small models loop, count, echo what they were sent, or fall into another language.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from index.text.chunking import sentence_spans
from index.text.languages import detect_language
from index.text.normalize import fold
from qa.language.words import LETTER, ngrams, words
from qa.types import Prompt
from qa.verification.citations import normalize_markers

_REPEATED_CHARACTER = re.compile(r"(\S)\1{11}")  # twelve times the same
_LONG_NUMBER = re.compile(r"\d{13}")  # longer than any number in the news
_LOOP_WORDS = 4
_MAX_LOOPS = 3  # times that the same words may not stand in a draft
_KNOWN_SCRIPT = re.compile("[A-Za-z\u00aa-\u024f\u0610-\u06ff\u0750-\u077f]")  # letters of Latin and Arabic
_ECHO_WORDS = 7  # in a row of our own instruction
# A word of both alphabets, unless the Arabic is what is written before a foreign word (الـBBC, بالـCIA).
_MIXED_WORD = re.compile(
    "(?<![^\\W\\d_])(?!(?:[وف]?(?:[بكل]?ال|لل|[بكل])?ـ*)[a-z]+(?![^\\W\\d_]))"
    "(?:[a-z]+[\u0620-\u064a]|[\u0620-\u064a]+[a-z])"
)
_MIN_LETTERS = 24  # after which the language of a draft is clear


def is_degenerate(draft: str, prompt: Prompt) -> bool:
    """Return whether a draft loops, runs into digits, echoes its instruction, or mixes or leaves the language."""
    folded = fold(draft)
    tokens = words(folded)
    known = " ".join([*(item.text for item in prompt.evidence), prompt.messages[-1].text])
    return (
        _loops(folded, tokens)
        or _MIXED_WORD.search(folded) is not None
        or not _foreign_letters(draft) <= set(known)
        or any(digits not in fold(known) for digits in _LONG_NUMBER.findall(folded))
        or not _instruction_ngrams(prompt).isdisjoint(ngrams(tokens, _ECHO_WORDS))
        or (sum(map(len, tokens)) >= _MIN_LETTERS and detect_language(draft) != prompt.language)
    )


def _loops(folded: str, tokens: list[str]) -> bool:
    if _REPEATED_CHARACTER.search(folded):
        return True
    counts = Counter(ngrams(tokens, _LOOP_WORDS))
    return max(counts.values(), default=0) >= _MAX_LOOPS


def _foreign_letters(draft: str) -> set[str]:
    return {character for character in draft if character.isalpha() and not _KNOWN_SCRIPT.match(character)}


@lru_cache(maxsize=8)
def _instruction_ngrams(prompt: Prompt) -> frozenset[tuple[str, ...]]:
    instruction = " ".join(message.text for message in prompt.messages if message.role == "system")
    return frozenset(ngrams(words(fold(instruction)), _ECHO_WORDS))


def split_finished(draft: str) -> tuple[str, str]:
    """Return the sentences of a growing draft that have ended, with their markers, and the beginning of the next."""
    draft = normalize_markers(draft)
    spans = sentence_spans(draft)
    if len(spans) < 2 or not LETTER.search(draft, spans[-1][0]):  # a marker may still come: no sentence begins yet
        return "", draft
    last_start = spans[-1][0]
    return draft[:last_start], draft[last_start:]
