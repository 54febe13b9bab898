"""The table of languages: everything by which the code knows which languages there are.

A language is added here, with an entry in `LANGUAGE_TABLE` and its code in `Language`. What is known of its words (stop
words, numbers, names of months, stems) stands in `qa/language/` and in this folder, and may be missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeGuard, get_args

Language = Literal["ar", "en"]
RequestedLanguage = Literal["auto", Language]  # "auto" is the language of the question
Direction = Literal["rtl", "ltr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, slots=True)
class LanguageInfo:
    """What the code must know of a language.

    `letters` matches one letter of its script. `path` is where its page is; the one of the default is `/`. Where
    languages share their letters, each needs `words`: folded to lower case, frequent in it and rare in the others.
    """

    code: Language
    name: str  # in English; in lower case it is the name of the language's word in `qa/interfaces/locale/`
    direction: Direction
    letters: re.Pattern[str]
    path: str
    is_default: bool = False
    capitalizes_names: bool = False
    words: frozenset[str] = frozenset()


_ARABIC = LanguageInfo(
    code="ar",
    name="Arabic",
    direction="rtl",
    letters=re.compile("[\u0620-\u064a\u066e-\u06d3\u0750-\u077f\u08a0-\u08c9\ufb50-\ufdff\ufe70-\ufefc]"),
    path="/ar",
)
_ENGLISH = LanguageInfo(
    code="en",
    name="English",
    direction="ltr",
    letters=re.compile("[A-Za-z\u00c0-\u024f]"),
    path="/",
    is_default=True,
    capitalizes_names=True,
)
LANGUAGE_TABLE: Mapping[Language, LanguageInfo] = {info.code: info for info in (_ARABIC, _ENGLISH)}
DEFAULT_LANGUAGE: Language = next(info.code for info in LANGUAGE_TABLE.values() if info.is_default)

_DEFAULT_FIRST = sorted(LANGUAGE_TABLE.values(), key=lambda info: not info.is_default)
_WORD = re.compile(r"[^\W\d_]+")


def is_known(code: str) -> TypeGuard[Language]:
    """Return whether a code is that of a language of the table."""
    return code in LANGUAGE_TABLE


def direction_of(language: Language) -> Direction:
    """Return the direction in which a language is written."""
    return LANGUAGE_TABLE[language].direction


def detect_language(text: str) -> Language:
    """Return the language of most letters, the default where none has most: a foreign name does not decide."""
    return detect_among(text, _DEFAULT_FIRST)


def detect_among(text: str, languages: Iterable[LanguageInfo]) -> Language:
    """Return the one of these languages with most letters, then most words, in the text; of equals the first."""
    return max(languages, key=lambda info: (len(info.letters.findall(text)), _count_words(text, info))).code


def _count_words(text: str, info: LanguageInfo) -> int:
    """Return how many of the text's words tell this language from others with its letters."""
    if not info.words:
        return 0
    return sum(word in info.words for word in _WORD.findall(text.lower()))
