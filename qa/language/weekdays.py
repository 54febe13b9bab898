"""The days of the week that a text names, in either language. All functions take folded text; Monday is 1."""

from __future__ import annotations

import re

from index.text.dates import MONTH_PATTERN
from index.text.normalize import fold
from qa.language.words import alphabetic_words

_ENGLISH = {
    day: number
    for number, day in enumerate("monday tuesday wednesday thursday friday saturday sunday".split(), start=1)
}
# Without the article. `الثلثاء` is how newspapers of the Levant and the Gulf write Tuesday.
_ARABIC = {
    fold(day): number
    for number, days in enumerate(
        ("اثنين", "ثلاثاء ثلاثا ثلثاء", "أربعاء أربعا", "خميس", "جمعة", "سبت", "أحد"), start=1
    )
    for day in days.split()
}
_AMBIGUOUS = frozenset({1, 7})  # الاثنين is also "the two", الأحد "the one"

ARTICLE = r"[وف]?(?:[بلك]?ال|لل)"  # the article, with the particles that are written before it


def _alternatives(text: str) -> str:
    return "|".join(fold(word) for word in text.split())


# `الأحد عشر` is "the eleven", `الاثنين والعشرين` "the twenty-two".
_IN_A_NUMBER = rf" +و?(?:ال)?(?:عشره?|{_alternatives('عشرين عشرون ثلاثين ثلاثون أربعين أربعون خمسين خمسون')})(?!\w)"
_DAY = rf"{ARTICLE}(?:{'|'.join(_ARABIC)})(?!\w)(?!{_IN_A_NUMBER})"
_DAY_NAME = re.compile(rf"(?<!\w){ARTICLE}(?P<day>{'|'.join(_ARABIC)})(?!\w)")
_BEFORE = (
    r"(?<!\w)[وف]?[بلك]?(?:ال)?(?:"
    + _alternatives("يوم يومي يوما أيام صباح مساء ليلة ليل فجر ظهر عصر مغرب ضحى نهار عشية أمس غد غدا بارحة")
    + rf")(?: +{fold('الأول')})? +"
)
_DATE = rf" *\(? *\d{{1,2}}(?: *[/-] *\d| +(?:{MONTH_PATTERN}))"
_LAST_OR_NEXT = _alternatives("الماضي المقبل القادم الجاري الحالي الفائت المنصرم السابق التالي الموافق المصادف")
_TIME_OF_DAY = _alternatives("صباحا مساء ليلا ظهرا فجرا عصرا")
_AFTER = rf"(?={_DATE}| +(?:{_LAST_OR_NEXT}|{_TIME_OF_DAY})(?!\w))"
_JOIN = rf"(?: *[،,/–-] *| +(?:(?:{_alternatives('أو أم إلى حتى ثم و')}) +)?(?:{fold('يوم')} +)?)"
_DAYS = re.compile(rf"(?P<before>{_BEFORE})?(?<!\w){_DAY}(?:{_JOIN}{_DAY})*(?P<after>{_AFTER})?")


def claimed_weekdays(folded: str) -> frozenset[int]:
    """Return the days that a claim names.

    `الاثنين` and `الأحد` count only where they cannot mean "the two" or "the one": behind a word such as `يوم` or
    `مساء`, before a date or `الماضي`, or beside another day.
    """
    found = _english_weekdays(folded)
    for match in _DAYS.finditer(folded):
        days = _arabic_weekdays(match.group())
        if match["before"] or match["after"] is not None or len(days) > 1 or not days <= _AMBIGUOUS:
            found |= days
    return frozenset(found)


def possible_weekdays(folded: str) -> frozenset[int]:
    """Return the days that evidence may name: `الاثنين` and `الأحد` always count."""
    return frozenset(_english_weekdays(folded) | _arabic_weekdays(folded))


def _english_weekdays(folded: str) -> set[int]:
    singular = (word.removesuffix("s") for word in alphabetic_words(folded))
    return {_ENGLISH[word] for word in singular if word in _ENGLISH}


def _arabic_weekdays(folded: str) -> set[int]:
    return {_ARABIC[match["day"]] for match in _DAY_NAME.finditer(folded)}
