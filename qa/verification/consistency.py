"""Does a sentence claim what its evidence does: the same numbers, days, names and denials?"""

from __future__ import annotations

import re

from index.text.normalize import detect_language, fold, strip_clitics
from qa.language.numbers import extract_numbers, possible_numbers
from qa.verification.entities import english_names

_WORD = re.compile(r"[^\W\d_]+")


def is_consistent(text: str, evidence: str) -> bool:
    """Return whether evidence holds every number and day of a sentence, names others if it does, and its denials."""
    if not extract_numbers(text) <= possible_numbers(evidence):
        return False
    if _OTHERS.search(fold(text)) and not _OTHERS.search(fold(evidence)):
        return False
    said, known = has_negation(text), has_negation(evidence)
    if said is None or known is None or said == known:
        return True
    # A shorter sentence need not repeat what its evidence denies beside it.
    return known and detect_language(text) == detect_language(evidence) and not negated_stems(evidence) & stems(text)


# "And other places": what small models add to a list.
_OTHERS = re.compile(
    r"\b(?:others?|another|elsewhere|etc|among (?:them|others)|rest)\b"
    r"|(?<!\w)[وف]?ب?(?:ال)?(?:اخري|اخر|اخرون|اخرين|اخريات|غير(?:ه|ها|هم|هما|هن)|الخ|سوا(?:ه|ها|هم)|باقي|بقيه|سائر)(?!\w)"
)

# Words that deny. Arabic ones that also mean "still" or "must" with the word behind them are taken out before.
_DENIALS = frozenset(
    fold(word)
    for word in (
        "not no never none nobody nothing neither nor without cannot isn't aren't wasn't weren't don't "
        "doesn't didn't won't wouldn't can't couldn't hasn't haven't hadn't shouldn't لا لم لن ليس ليست ليسوا "
        "لسنا بدون دون بلا"
    ).split()
)
_NO_DENIAL = re.compile(
    r"\b(?:لا|لم|ما) (?:ي|ت|ا|ن)?ز(?:ا)?ل\w*|\bلا (?:سيما|بد|شك)\b|\bno (?:doubt|longer)\b|\bnot only\b|\bnumber no\b"
)
_ONLY = re.compile(r"\b(?:الا|سوي|only|except|but)\b")


def has_negation(text: str) -> bool | None:
    """Return whether a sentence denies something; None where denial and exception stand together (`لم ... إلا`)."""
    folded = _NO_DENIAL.sub(" ", fold(text).replace("’", "'"))
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", folded)
    if not any(word in _DENIALS or word.removeprefix("و").removeprefix("ف") in _DENIALS for word in words):
        return False
    return None if _ONLY.search(folded) else True


def required_terms(text: str, evidence: str) -> tuple[tuple[str, ...], str]:
    """Return what must be found, and in which text, so that a sentence names nothing that its evidence does not.

    English shows its names by capital letters. Arabic does not: an Arabic sentence on Arabic evidence must find every
    word of weight again; one on English evidence must have kept the names that are there.
    """
    if detect_language(text) == "en":
        return english_names(text), evidence
    if detect_language(evidence) == "en":
        return english_names(evidence), text
    return tuple(word for word in _WORD.findall(text) if _is_content_word(word)), evidence


def stems(text: str) -> frozenset[str]:
    """Return the words of weight in a text, without what is written before them and without their ends."""
    return frozenset(_stem(word) for word in _WORD.findall(text) if _is_content_word(word))


def negated_stems(text: str) -> frozenset[str]:
    """Return the stems of the words that a text denies: the first word of weight behind each denial."""
    words = _WORD.findall(_NO_DENIAL.sub(" ", fold(text)))
    found = set()
    for i, word in enumerate(words):
        if word in _DENIALS:
            found |= {_stem(next_) for next_ in [w for w in words[i + 1 :] if _is_content_word(w)][:1]}
    return frozenset(found)


_LIGHT_WORDS = frozenset(
    fold(word)
    for word in (
        "من ما ماذا الى إلى على عن في مع أن إن أنه أنها كان كانت يكون تكون هذا هذه ذلك تلك التي الذي الذين هو "
        "هي هم قد لقد كما بعد قبل عند حول بين خلال منذ حتى ثم أو أم لكن بل كل بعض غير أي تم كذلك أيضا وفق "
        "وفقا حسب نحو ضد لدى عبر حيث حين قال قالت أعلن أعلنت أكد أكدت أوضح أضاف ذكر ذكرت أفاد أفادت أشار إثر "
        "بسبب نتيجة عدد مثل إذ إذا لأن لا لم لن ليس ليست the and for with from that this these those was were "
        "are been has have had not its his her their they which who into after before during said says also "
        "but than then there"
    ).split()
)


def _is_content_word(word: str) -> bool:
    folded = fold(word)
    return len(strip_clitics(folded)) > 2 and strip_clitics(folded) not in _LIGHT_WORDS and folded not in _LIGHT_WORDS


def _stem(word: str) -> str:
    return strip_clitics(fold(word))[:4]
