"""Follow-up questions, and what they ask on their own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.text.normalize import fold
from qa.language.stopwords import content_words
from qa.types import Exchange, Question

HISTORY_LENGTH = 4  # questions before this one that are remembered: older ones are another subject
_LONGEST = 400  # characters of what came before that are set in front of a follow-up

_ASKING = "من|ما|ماذا|متي|اين|كيف|كم|هل|لماذا|لم|اي|ايهما|بم|عم"
_OPENING = re.compile(
    rf"^(?:و ?(?:{_ASKING}|في|عن|ب\w+|ل\w+|ال\w+)\b|ف?ماذا عن\b|and\b|but\b|what about\b|how about\b|also\b"
    r"|then\b|so\b)"
)
_PRONOUN = re.compile(
    r"\b(?:he|she|it|they|him|her|them|his|hers|its|their|theirs|this|that|these|those|there|then|himself|herself|"
    r"هو|هي|هم|هن|هما|هذا|هذه|هولاء|ذلك|تلك|اوليك|هناك|حينها|عندها|"
    r"(?:و|ف)?(?:علي|الي|ل|ب|في|عن|من|مع|عند|لدي|بين|حول|ضد|بعد|قبل|تحت|خلف|امام)(?:ه|ها|هم|هما|هن))\b"
)
# A suffix that stands for somebody: not after fold, which writes ta marbuta as the same letter.
_SUFFIX = re.compile(r"(?<=[^\W\d_]{3})(?:ه|ها|هم|هما|هن)(?![^\W_])")
_COPULA = re.compile(r"^(?:من|ما|اي) (?:هو|هي|هم|هن|هما)(?= \w)")  # `من هي`: "who is", the subject follows
# Arabic leaves the subject in the verb: "what said before parliament?" means the one who was spoken of.
_SUBJECTLESS = re.compile(
    r"^(?:ماذا|متي|اين|كيف|لماذا|هل|بماذا|لمن|عما)(?: قد)? \w+ (?:في|امام|علي|عن|الي|من|بعد|قبل|حول|ضد|مع|ب\w+|ل\w+)\b"
)
_NAMED = 3  # such words before a pronoun: "how many did the police arrest, and where did they search?" names its own
_FEW_WORDS = 2  # words with a meaning of their own: a shorter question leans on what came before


def append_exchange(history: Sequence[Exchange], exchange: Exchange) -> tuple[Exchange, ...]:
    """Return the history with one more exchange: the last `MEMORY` of them."""
    return (*history, exchange)[-HISTORY_LENGTH:]


def is_followup(question: str) -> bool:
    """Return whether a question may need what came before it to be understood."""
    folded = _COPULA.sub("", fold(question))
    if _OPENING.search(folded) or _SUBJECTLESS.search(folded) or len(content_words(folded)) < _FEW_WORDS:
        return True
    return any(
        len(content_words(text[: said.start()])) < _NAMED
        for text, said in ((folded, _PRONOUN.search(folded)), (question, _SUFFIX.search(question)))
        if said
    )


def rewrite(question: Question, history: Sequence[Exchange]) -> tuple[Question, ...]:
    """Return what `question` may ask: itself, and if it leans on the `history` also itself behind what it leans on.

    The subject is that of the last question, and of the one before as long as each of them leans in its turn.
    """
    if not history or not is_followup(question.text):
        return (question,)
    before: list[str] = []
    for exchange in reversed(history):
        before.insert(0, exchange.question)
        if not is_followup(exchange.question):
            break
    subject = " ".join(before)[-_LONGEST:]
    return question, Question(f"{subject} {question.text}", question.language)
