"""Accepts a question, or says why it is none."""

from __future__ import annotations

import re
from typing import Literal

from index.text.normalize import clean_text, detect_language, one_line
from qa.errors import QuestionError
from qa.types import Question

MAX_CHARACTERS = 2_000  # about 500 tokens of Arabic: longer ones would push the evidence out of the prompt
_WORD = re.compile(r"[^\W_]")


def parse_question(text: str, language: Literal["auto", "ar", "en"] = "auto") -> Question:
    """Return the question, cleaned, with its language. Raises `QuestionError` when there is none or it is too long."""
    if len(text) > MAX_CHARACTERS:
        raise QuestionError(
            f"the question has {len(text):,} characters; at most {MAX_CHARACTERS:,} are taken. Ask a shorter one."
        )
    cleaned = one_line(clean_text(text))
    if not _WORD.search(cleaned):
        raise QuestionError("the question is empty. Ask it in words, in Arabic or English.")
    if language == "auto":
        language = "ar" if detect_language(cleaned) == "ar" else "en"
    return Question(cleaned, language)
