"""The names in a text, and whether another text names the same, in either script."""

from __future__ import annotations

import re

from index.text.normalize import detect_language, fold, strip_clitics

_WORD = re.compile(r"[^\W_]+")
_SLIP = 3  # consonants that a name needs before one of them may differ

# Capitalised because a sentence, a month, a title or a language begins there, not because it names somebody.
_NOT_NAMES = frozenset(
    (
        "i a an the this that these those it he she they we you his her its their our my your in on at by for "
        "from to of with without and or but as if when while where who whom which what why how there here "
        "then thus also after before during since until about according however although because both each "
        "many most more some several such other others all no not one two three four five six seven eight "
        "nine ten first second third mr mrs ms dr sir president prime minister king queen prince general "
        "secretary director head police government parliament army ministry court january february march "
        "april may june july august september october november december monday tuesday wednesday thursday "
        "friday saturday sunday yes only even only today yesterday tomorrow under over into between among "
        "another any every despite often traditionally usually recently originally "
        "people person man woman city state country war world north south east west "
        "northern southern eastern western is was are were be been has have had do does did will would can "
        "could"
    ).split()
)
_NAME = re.compile(r"[A-Z][\w’'.&-]*[\w]|[A-Z]{2,}")


def english_names(text: str) -> tuple[str, ...]:
    """Return the words of an English claim that name somebody or something: those with a capital letter."""
    found = []
    for match in _NAME.finditer(text):
        word = re.sub(r"['’]s$", "", match.group())
        found += [part for part in word.split("-") if part[:1].isupper() and part.casefold() not in _NOT_NAMES]
    return tuple(dict.fromkeys(found))


# The consonants that a name keeps when it is written in the other script. What has no steady counterpart is left out:
# vowels, h and its Arabic relatives, the hamza and ain.
_ARABIC_SOUND = str.maketrans(
    {
        **dict.fromkeys("ب", "b"), **dict.fromkeys("تط", "t"), **dict.fromkeys("ث", "s"), **dict.fromkeys("جغ", "g"),
        **dict.fromkeys("خكق", "k"), **dict.fromkeys("دض", "d"), **dict.fromkeys("ذزسصظش", "s"), "ر": "r", "ف": "f",
        "ل": "l", "م": "m", "ن": "n", "پ": "b", "چ": "g", "ڤ": "f", "گ": "g",
        **dict.fromkeys("اوياهحعءئؤةىآأإ", ""),
    }
)  # fmt: skip
_LATIN_SOUND = str.maketrans(
    {
        **dict.fromkeys("bp", "b"), **dict.fromkeys("t", "t"), **dict.fromkeys("gj", "g"), **dict.fromkeys("kq", "k"),
        "d": "d", **dict.fromkeys("sz", "s"), "r": "r", **dict.fromkeys("fv", "f"), "l": "l", "m": "m", "n": "n",
        "x": "ks", **dict.fromkeys("aeiouywh", ""),
    }
)  # fmt: skip


_LATIN_PAIRS = (
    ("tch", "s"),
    ("sch", "s"),
    ("ch", "s"),
    ("sh", "s"),
    ("th", "t"),
    ("ph", "f"),
    ("gh", "g"),
    ("ck", "k"),
)


def consonant_key(name: str) -> str:
    """Return the consonants by which a name is known in either script: `Theresa` and `تيريزا` are both `trs`."""
    word = fold(name)
    if detect_language(word) == "ar":
        return _single(word.replace("تش", "ش").translate(_ARABIC_SOUND))
    word = re.sub(r"[^a-z]", "", word)
    for spelled, meant in _LATIN_PAIRS:
        word = word.replace(spelled, meant)
    word = re.sub(r"c(?=[eiy])", "s", word).replace("c", "k")
    return _single(word.translate(_LATIN_SOUND))


def _single(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


def words_and_pairs(text: str) -> list[str]:
    """Return the words of a text without what Arabic writes before them, and each two that stand side by side."""
    words = _WORD.findall(text)
    return [
        *(strip_clitics(word) for word in words),
        *(" ".join(words[i : i + 2]) for i in range(len(words) - 1)),
    ]


def mentions(name: str, text: str) -> bool:
    """Return whether a text holds a name, in the name's own script or, by its consonants, in the other."""
    folded = " ".join(_WORD.findall(fold(name)))
    same_script = detect_language(name) == detect_language(text)
    wanted = consonant_key(name)
    if same_script and f" {folded} " in f" {' '.join(_WORD.findall(fold(text)))} ":
        return True
    for word in _WORD.findall(text):
        for variant in {fold(word), strip_clitics(fold(word))}:
            if variant == folded or (same_script and _related(variant, folded)):
                return True
            if not same_script and wanted and _sounds_like(wanted, consonant_key(variant)):
                return True
    return False


def _related(one: str, other: str) -> bool:
    """Return whether two words of one script begin alike: `Greek` and `Greece`, `مصر` and `مصريه`."""
    common = min(len(one), len(other))
    return common >= 4 and one[: common - 1] == other[: common - 1]


def _sounds_like(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < _SLIP or abs(len(one) - len(other)) > 1:
        return False
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    for i in range(len(longer)):
        without = longer[:i] + longer[i + 1 :]
        if without == shorter or (len(one) == len(other) and without == shorter[:i] + shorter[i + 1 :]):
            return True
    return False
