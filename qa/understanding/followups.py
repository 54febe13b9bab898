"""Follow-up questions, and how they read on their own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.text.normalize import fold
from qa.language.stopwords import ARABIC_INTERROGATIVES, content_words
from qa.types import Exchange, Question

HISTORY_LENGTH = 4  # questions before this one that are remembered: older ones are another subject
MAX_CONTEXT = 400  # characters of earlier questions that are set before a follow-up

_OPENING = re.compile(
    rf"^(?:و ?(?:{'|'.join(sorted(ARABIC_INTERROGATIVES))}|في|عن|ب\w+|ل\w+|ال\w+)\b|ف?ماذا عن\b"
    r"|and\b|but\b|what about\b|how about\b|also\b|then\b|so\b)"
)
_PRONOUN = re.compile(
    r"\b(?:he|she|it|they|him|her|them|his|hers|its|their|theirs|this|that|these|those|there|then|himself|herself|"
    r"هو|هي|هم|هن|هما|هذا|هذه|هولاء|ذلك|تلك|اوليك|هناك|حينها|عندها|"
    r"(?:و|ف)?(?:علي|الي|ل|ب|في|عن|من|مع|عند|لدي|بين|حول|ضد|بعد|قبل|تحت|خلف|امام)(?:ه|ها|هم|هما|هن))\b"
)
# A pronoun as a suffix. Not searched after `fold`, which writes ta marbuta as the same letter.
_PRONOUN_SUFFIX = re.compile(r"(?<=[^\W\d_]{3})(?:ه|ها|هم|هما|هن)(?![^\W_])")
_COPULA = re.compile(r"^(?:من|ما|اي) (?:هو|هي|هم|هن|هما)(?= \w)")  # `من هي`: "who is", the subject follows
# Arabic leaves the subject in the verb: "what said before parliament?" asks about the one who was spoken of.
_SUBJECTLESS = re.compile(
    r"^(?:ماذا|متي|اين|كيف|لماذا|هل|بماذا|لمن|عما)(?: قد)? \w+ (?:في|امام|علي|عن|الي|من|بعد|قبل|حول|ضد|مع|ب\w+|ل\w+)\b"
)
# Content words before a pronoun that may name what it stands for: "how many did the police arrest, and where did they
# search?" is complete.
_MIN_WORDS_BEFORE_PRONOUN = 3
_MIN_WORDS = 2  # content words of a question that may be complete


def append_exchange(history: Sequence[Exchange], exchange: Exchange) -> tuple[Exchange, ...]:
    """Return the history with one more exchange: the last `HISTORY_LENGTH` of them."""
    return (*history, exchange)[-HISTORY_LENGTH:]


def is_followup(question: str) -> bool:
    """Return whether a question may need what came before it to be understood."""
    folded = _COPULA.sub("", fold(question))
    if _OPENING.search(folded) or _SUBJECTLESS.search(folded) or len(content_words(folded)) < _MIN_WORDS:
        return True
    return _has_open_pronoun(_PRONOUN, folded) or _has_open_pronoun(_PRONOUN_SUFFIX, question)


def _has_open_pronoun(pronoun: re.Pattern[str], text: str) -> bool:
    """Return whether the first pronoun of a text stands before anything that it could mean."""
    match = pronoun.search(text)
    return match is not None and len(content_words(text[: match.start()])) < _MIN_WORDS_BEFORE_PRONOUN


def rewrite(question: Question, history: Sequence[Exchange]) -> tuple[Question, ...]:
    """Return the readings of `question`: itself, and when it is a follow-up also with the earlier questions before it.

    These are the last question, and the ones before it as long as each of them is a follow-up in its turn.
    """
    if not history or not is_followup(question.text):
        return (question,)
    earlier: list[str] = []
    for exchange in reversed(history):
        earlier.insert(0, exchange.question)
        if not is_followup(exchange.question):
            break
    context = " ".join(earlier)[-MAX_CONTEXT:]
    return question, Question(f"{context} {question.text}", question.language)
