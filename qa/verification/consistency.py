"""Whether a sentence claims what its evidence does: the same numbers, days, names and negations."""

from __future__ import annotations

import re

from index.text.languages import LANGUAGE_TABLE, detect_language
from index.text.normalize import fold, strip_clitics
from qa.language.numbers import extract_numbers, possible_numbers
from qa.language.stopwords import CLAIM_STOPWORDS, NEGATIONS
from qa.language.words import alphabetic_words, words_with_contractions
from qa.verification.entities import english_names

_STEM_LETTERS = 4
_MIN_LETTERS = 3  # of a content word

# "And other places": what small models add to a list.
_OTHERS = re.compile(
    r"\b(?:others?|another|elsewhere|etc|among (?:them|others)|rest)\b"
    r"|(?<!\w)[وف]?ب?(?:ال)?(?:اخري|اخر|اخرون|اخرين|اخريات|غير(?:ه|ها|هم|هما|هن)|الخ|سوا(?:ه|ها|هم)|باقي|بقيه|سائر)(?!\w)"
)
# Negations that deny nothing with the word behind them: "still", "must", "no doubt".
_NOT_DENYING = re.compile(
    r"\b(?:لا|لم|ما) (?:ي|ت|ا|ن)?ز(?:ا)?ل\w*|\bلا (?:سيما|بد|شك)\b|\bno (?:doubt|longer)\b|\bnot only\b|\bnumber no\b"
)
_EXCEPTION = re.compile(r"\b(?:الا|سوي|only|except|but)\b")


def contradicts(claim: str, evidence: str) -> bool:
    """Return whether a sentence claims what its evidence does not hold.

    That is a number or day that the evidence does not name, "others" where it names none, or a negation on one side
    only. Names are compared elsewhere (`required_terms`).
    """
    if not extract_numbers(claim) <= possible_numbers(evidence):
        return True
    if _OTHERS.search(fold(claim)) and not _OTHERS.search(fold(evidence)):
        return True
    return _negations_differ(claim, evidence)


def _negations_differ(claim: str, evidence: str) -> bool:
    claim_denies, evidence_denies = has_negation(claim), has_negation(evidence)
    if claim_denies is None or evidence_denies is None or claim_denies == evidence_denies:
        return False
    if claim_denies or detect_language(claim) != detect_language(evidence):
        return True
    # A shorter sentence need not repeat what its evidence denies beside it.
    return bool(negated_stems(evidence) & stems(claim))


def has_negation(text: str) -> bool | None:
    """Return whether a sentence denies something; None where negation and exception stand together (`لم ... إلا`)."""
    folded = _NOT_DENYING.sub(" ", fold(text).replace("’", "'"))
    if not any(_is_negation(word) for word in words_with_contractions(folded)):
        return False
    return None if _EXCEPTION.search(folded) else True


def _is_negation(word: str) -> bool:
    return word in NEGATIONS or word.removeprefix("و").removeprefix("ف") in NEGATIONS


def required_terms(claim: str, evidence: str) -> tuple[tuple[str, ...], str]:
    """Return the terms that must be found, and the text to find them in, so that both sentences name the same.

    English shows its names by capital letters. Arabic does not: an Arabic sentence on Arabic evidence must hold only
    content words that the evidence holds; one on English evidence must have kept the names that are there.
    """
    if LANGUAGE_TABLE[detect_language(claim)].capitalizes_names:
        return english_names(claim), evidence
    if LANGUAGE_TABLE[detect_language(evidence)].capitalizes_names:
        return english_names(evidence), claim
    return tuple(_content_words(claim)), evidence


def stems(text: str) -> frozenset[str]:
    """Return the content words of a text, without clitics and cut to their first letters."""
    return frozenset(_stem(word) for word in _content_words(text))


def negated_stems(text: str) -> frozenset[str]:
    """Return the stems of the words that a text denies: the first content word behind each negation."""
    words = alphabetic_words(_NOT_DENYING.sub(" ", fold(text)))
    denied: set[str] = set()
    for i, word in enumerate(words):
        if word in NEGATIONS:
            next_word = next((later for later in words[i + 1 :] if _is_content_word(later)), None)
            if next_word is not None:
                denied.add(_stem(next_word))
    return frozenset(denied)


def _content_words(text: str) -> list[str]:
    return [word for word in alphabetic_words(text) if _is_content_word(word)]


def _is_content_word(word: str) -> bool:
    folded = fold(word)
    bare = strip_clitics(folded)
    return len(bare) >= _MIN_LETTERS and bare not in CLAIM_STOPWORDS and folded not in CLAIM_STOPWORDS


def _stem(word: str) -> str:
    return strip_clitics(fold(word))[:_STEM_LETTERS]
