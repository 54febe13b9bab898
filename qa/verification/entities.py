"""The names in a text, and whether another text holds them, in either script."""

from __future__ import annotations

import re

from index.text.languages import detect_language
from index.text.normalize import fold, strip_clitics
from qa.language.stopwords import CAPITALIZED_STOPWORDS
from qa.language.words import ngrams, words

_MIN_CONSONANTS = 3  # that a name needs before one of them may differ
_MIN_PREFIX = 4  # letters of the shorter of two words that begin alike
_NAME = re.compile(r"[A-Z][\w’'.&-]*[\w]|[A-Z]{2,}")


def english_names(text: str) -> tuple[str, ...]:
    """Return the words of an English claim that name somebody or something: those with a capital letter."""
    names: list[str] = []
    for match in _NAME.finditer(text):
        parts = re.sub(r"['’]s$", "", match.group()).split("-")
        names += [part for part in parts if part[:1].isupper() and part.casefold() not in CAPITALIZED_STOPWORDS]
    return tuple(dict.fromkeys(names))


# The consonants that a name keeps when it is written in the other script. What has no steady counterpart is left out:
# vowels, h and its Arabic relatives, the hamza and ain.
_ARABIC_CONSONANTS = str.maketrans(
    {
        **dict.fromkeys("ب", "b"), **dict.fromkeys("تط", "t"), **dict.fromkeys("ث", "s"), **dict.fromkeys("جغ", "g"),
        **dict.fromkeys("خكق", "k"), **dict.fromkeys("دض", "d"), **dict.fromkeys("ذزسصظش", "s"), "ر": "r", "ف": "f",
        "ل": "l", "م": "m", "ن": "n", "پ": "b", "چ": "g", "ڤ": "f", "گ": "g",
        **dict.fromkeys("اوياهحعءئؤةىآأإ", ""),
    }
)  # fmt: skip
_LATIN_CONSONANTS = str.maketrans(
    {
        **dict.fromkeys("bp", "b"), **dict.fromkeys("t", "t"), **dict.fromkeys("gj", "g"), **dict.fromkeys("kq", "k"),
        "d": "d", **dict.fromkeys("sz", "s"), "r": "r", **dict.fromkeys("fv", "f"), "l": "l", "m": "m", "n": "n",
        "x": "ks", **dict.fromkeys("aeiouywh", ""),
    }
)  # fmt: skip
_LATIN_DIGRAPHS = {"tch": "s", "sch": "s", "ch": "s", "sh": "s", "th": "t", "ph": "f", "gh": "g", "ck": "k"}


def consonant_key(name: str) -> str:
    """Return the consonants by which a name is known in either script: `Theresa` and `تيريزا` are both `trs`."""
    word = fold(name)
    if detect_language(word) == "ar":
        return _without_doubled(word.replace("تش", "ش").translate(_ARABIC_CONSONANTS))
    word = re.sub(r"[^a-z]", "", word)
    for digraph, consonant in _LATIN_DIGRAPHS.items():
        word = word.replace(digraph, consonant)
    word = re.sub(r"c(?=[eiy])", "s", word).replace("c", "k")
    return _without_doubled(word.translate(_LATIN_CONSONANTS))


def _without_doubled(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


def words_and_pairs(text: str) -> list[str]:
    """Return the words of a text without their clitics, and each two words that stand side by side."""
    tokens = words(text)
    return [*(strip_clitics(token) for token in tokens), *(" ".join(pair) for pair in ngrams(tokens, 2))]


def mentions(name: str, text: str) -> bool:
    """Return whether a text holds a name, in the name's own script or, by its consonants, in the other."""
    folded_name = " ".join(words(fold(name)))
    same_script = detect_language(name) == detect_language(text)
    if same_script and f" {folded_name} " in f" {' '.join(words(fold(text)))} ":
        return True
    name_key = consonant_key(name)
    for word in words(text):
        for variant in {fold(word), strip_clitics(fold(word))}:
            if variant == folded_name or (same_script and _begin_alike(variant, folded_name)):
                return True
            if not same_script and name_key and _keys_match(name_key, consonant_key(variant)):
                return True
    return False


def _begin_alike(one: str, other: str) -> bool:
    """Return whether two words of one script begin alike: `Greek` and `Greece`, `مصر` and `مصريه`."""
    shorter = min(len(one), len(other))
    return shorter >= _MIN_PREFIX and one[: shorter - 1] == other[: shorter - 1]


def _keys_match(one: str, other: str) -> bool:
    """Return whether two consonant keys are the same, or long enough to differ in one consonant."""
    if one == other:
        return True
    if min(len(one), len(other)) < _MIN_CONSONANTS or abs(len(one) - len(other)) > 1:
        return False
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    for i in range(len(longer)):
        without = longer[:i] + longer[i + 1 :]
        if without == shorter or (len(one) == len(other) and without == shorter[:i] + shorter[i + 1 :]):
            return True
    return False
