"""Evidence of another article that answers the same question otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.text.normalize import fold
from qa.language.numbers import extract_numbers, is_weekday
from qa.types import Evidence, Question
from qa.verification.consistency import stems

_ASKS_HOW_MANY = re.compile(r"\b(?:how (?:many|much|old|long|far)|what (?:number|percentage))\b|\b(?:كم|عدد|نسبه)\b")
_SAME_CLAIM = 0.4  # share of the shorter sentence's words of weight that both have


def find_dissent(question: Question, evidence: Sequence[Evidence]) -> Evidence | None:
    """Return the evidence of another article that answers how many with another number than the best evidence does."""
    if not _ASKS_HOW_MANY.search(fold(question.text)):
        return None
    best = evidence[0]
    best_numbers, best_stems = _counts(best.text), stems(best.text)
    for item in evidence[1:]:
        item_numbers, item_stems = _counts(item.text), stems(item.text)
        shared = len(best_stems & item_stems)
        same_claim = shared >= max(3, _SAME_CLAIM * min(len(best_stems), len(item_stems)))
        if (
            item.article_id != best.article_id
            and item.language == best.language == question.language
            and same_claim
            and best_numbers - item_numbers
            and item_numbers - best_numbers
        ):
            return item
    return None


def _counts(text: str) -> set[str]:
    """Return the numbers of a text; the day of the week on which it was written is no count."""
    return {value for value in extract_numbers(text) if not is_weekday(value)}
