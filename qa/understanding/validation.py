"""Accepts a question, or rejects it with the reason."""

from __future__ import annotations

from index.text.languages import RequestedLanguage, detect_language
from index.text.normalize import clean_text, one_line
from qa.errors import EmptyQuestionError, QuestionTooLongError
from qa.language.words import WORD
from qa.types import Question

MAX_CHARACTERS = 2_000  # about 500 tokens of Arabic: longer ones would push the evidence out of the prompt


def parse_question(text: str, language: RequestedLanguage = "auto") -> Question:
    """Return the question, cleaned, with its language.

    Raises `EmptyQuestionError` when it has no word, `QuestionTooLongError` when it has too many characters.
    """
    if len(text) > MAX_CHARACTERS:
        raise QuestionTooLongError(
            f"the question has {len(text):,} characters; at most {MAX_CHARACTERS:,} are taken. Ask a shorter one."
        )
    cleaned = one_line(clean_text(text))
    if not WORD.search(cleaned):
        raise EmptyQuestionError("the question is empty. Ask it in words, in Arabic or English.")
    return Question(cleaned, detect_language(cleaned) if language == "auto" else language)
