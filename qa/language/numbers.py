"""The numbers and days in a text, in either language and any spelling.

A claim is read narrowly (`extract_numbers`), evidence generously, as all that it may mean (`possible_numbers`):
`٢٣ مارس`, `23 March` and `23/03` are the same day, `ثمانية`, `eight` and `8` the same number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from index.text.dates import MONTH_PATTERN, MONTHS
from index.text.normalize import fold, strip_clitics
from qa.language.weekdays import ARTICLE, claimed_weekdays, possible_weekdays

_GROUPED_DIGITS = re.compile(r"\d{1,3}(?:[.,٬]\d{3})+")
_TOKEN = re.compile(r"\d+(?:[.,٬٫]\d+)*|[^\W\d_]+")

_UNITS: dict[int, str] = {
    1: "one first واحد واحده احد احدي حادي حاديه",
    2: "two twice اثنان اثنين اثنتان اثنتين",
    3: "three third thirds thrice ثلاثه ثلاث ثالث ثالثه ثلث ثلثا ثلثي ثلثين ثلثان",
    4: "four fourth quarter quarters اربعه اربع رابع رابعه ربع",
    5: "five fifth خمسه خمس خامس خامسه",
    6: "six sixth سته ست سادس سادسه",
    7: "seven seventh سبعه سبع سابع سابعه",
    8: "eight eighth ثمانيه ثماني ثمان ثامن ثامنه",
    9: "nine ninth تسعه تسع تاسع تاسعه",
    10: "ten tenth عشره عشر عاشر عاشره",
}
_TEENS: dict[int, str] = {
    11: "eleven eleventh",
    12: "twelve twelfth dozen",
    13: "thirteen thirteenth",
    14: "fourteen fourteenth",
    15: "fifteen fifteenth",
    16: "sixteen sixteenth",
    17: "seventeen seventeenth",
    18: "eighteen eighteenth",
    19: "nineteen nineteenth",
}
_TENS: dict[int, str] = {
    20: "twenty twentieth عشرون عشرين",
    30: "thirty thirtieth ثلاثون ثلاثين",
    40: "forty fortieth اربعون اربعين",
    50: "fifty fiftieth خمسون خمسين",
    60: "sixty sixtieth ستون ستين",
    70: "seventy seventieth سبعون سبعين",
    80: "eighty eightieth ثمانون ثمانين",
    90: "ninety ninetieth تسعون تسعين",
}
_HUNDREDS: dict[int, str] = {
    200: "مئتان مئتين مائتان مائتين مئتا مئتي مائتا مائتي",
    300: "ثلاثمائه ثلاثمئه",
    400: "اربعمائه اربعمئه",
    500: "خمسمائه خمسمئه",
    600: "ستمائه ستمئه",
    700: "سبعمائه سبعمئه",
    800: "ثمانمائه ثمانمئه",
    900: "تسعمائه تسعمئه",
    2_000: "الفان الفين الفا الفي",
    2_000_000: "مليونان مليونين",
}
_SCALES: dict[int, str] = {
    100: "hundred hundreds مائه مئه مئات",
    1_000: "thousand thousands الف الاف",
    1_000_000: "million millions مليون ملايين مليونا",
    1_000_000_000: "billion billions مليار مليارات بليون",
}


def _by_word(table: dict[int, str]) -> dict[str, int]:
    return {fold(word): value for value, words in table.items() for word in words.split()}


_SMALL = _by_word(_UNITS | _TEENS | _TENS | _HUNDREDS)
_SCALE = _by_word(_SCALES)
_PERCENT = re.compile(rf"(?:في|ب) ?(?:ال)?(?:{fold('مائة')}|{fold('مئة')})(?!\w)")  # a sign, not a hundred
_MONDAY = re.compile(rf"(?<!\w){ARTICLE}{fold('اثنين')}(?!\w)")  # or "the two": never the number 2
_ARABIC_TWELVE = re.compile(r"(?<!\w)(?:اثنا|اثني|اثنتا|اثنتي) عشره?(?!\w)")
_INNER_PUNCTUATION = re.compile(r"(?<=[^\W\d_])['’-](?=\w)")  # `twenty-five`

_NAMED_MONTH = re.compile(rf"(?<![^\W_])[وبل]?(?P<month>{MONTH_PATTERN})(?![^\W_])")
_MONTH_BESIDE_NUMBER = re.compile(
    rf"\d(?:st|nd|rd|th)?(?: of)? *(?P<after>{MONTH_PATTERN})(?![^\W_])|(?<![^\W_])(?P<before>{MONTH_PATTERN}),? *\d"
)
_SLASHED_DATE = re.compile(r"(?<!\d)(?P<day>\d{1,2})[/-](?P<month>\d{1,2})(?:[/-]\d{2,4})?(?!\d)")
_ISO_DATE = re.compile(r"(?<!\d)\d{4}-(?P<month>\d{2})-(?P<day>\d{2})(?!\d)")
_YEAR = re.compile(r"\d{4}")
_DUAL = re.compile(r"\w{3,}(?:ان|ين)\b")


def extract_numbers(text: str) -> frozenset[str]:
    """Return the numbers and days of a claim, as comparable values.

    `1,000`, `١٬٠٠٠` and `1000` are one; `5 million` is `5000000`; a number in words counts where it stands alone, but
    "one" never does. A month counts where a day or year stands beside it (`m3`), a day of the week as
    `claimed_weekdays` reads it (`d4`).
    """
    folded = fold(text)
    months = {_month_value(match["after"] or match["before"]) for match in _MONTH_BESIDE_NUMBER.finditer(folded)}
    weekdays = {_weekday_value(day) for day in claimed_weekdays(folded)}
    dates, rest = _numeric_dates(folded)
    return frozenset(months | weekdays | dates | set(_values(rest)))


def possible_numbers(text: str) -> frozenset[str]:
    """Return every number and day that evidence may mean: what `extract_numbers` returns, and other readings of it.

    Among them: both orders of day and month, a month without a number, `two` for an Arabic dual, each part of `5
    million`, `الاثنين` wherever it stands as Monday.
    """
    folded = fold(text)
    found = set(extract_numbers(text)) | set(_values(folded)) | set(_parts(folded))
    found |= {_month_value(match["month"]) for match in _NAMED_MONTH.finditer(folded)}
    found |= {_weekday_value(day) for day in possible_weekdays(folded)}
    for match in _SLASHED_DATE.finditer(folded):
        found |= {f"m{int(part)}" for part in match.groups() if 1 <= int(part) <= 12}
    if _DUAL.search(folded):
        found.add("2")
    return frozenset(found)


def is_weekday(value: str) -> bool:
    """Return whether a value of `extract_numbers` is a day of the week."""
    return value.startswith("d")


def _weekday_value(day: int) -> str:
    return f"d{day}"


def _month_value(name: str) -> str:
    return f"m{MONTHS[re.sub(' +', ' ', name)]}"


def _numeric_dates(folded: str) -> tuple[set[str], str]:
    """Return the values of the dates that are written in digits, and the text with blanks in their place."""
    values: set[str] = set()
    rest = folded
    for form in (_ISO_DATE, _SLASHED_DATE):
        for match in form.finditer(rest):
            day, month = int(match["day"]), int(match["month"])
            if 1 <= day <= 31 and 1 <= month <= 12:
                values |= {f"m{month}", str(day), *_YEAR.findall(match.group())[:1]}
                rest = rest[: match.start()] + " " * len(match.group()) + rest[match.end() :]
    return values, rest


class _NumberWord(NamedTuple):
    """A word or numeral of a text: the number it names, or the scale that multiplies the number before it.

    It is `spelled` in letters; one that `joins` ("and") may stand between two parts of a number.
    """

    value: float | None
    scale: int | None
    spelled: bool
    joins: bool


_END = _NumberWord(None, None, spelled=False, joins=False)


def _number_words(folded: str) -> list[_NumberWord]:
    plain = _INNER_PUNCTUATION.sub(" ", _ARABIC_TWELVE.sub("12", _PERCENT.sub(" ", folded)))
    return [_number_word(token) for token in _TOKEN.findall(_MONDAY.sub(" ", plain))]


def _number_word(token: str) -> _NumberWord:
    if token[0].isdigit():
        return _NumberWord(_parse_numeral(token), None, spelled=False, joins=False)
    word = strip_clitics(token)
    value = _SMALL.get(token, _SMALL.get(word))
    scale = _SCALE.get(token, _SCALE.get(word))
    return _NumberWord(None if value is None else float(value), scale, spelled=True, joins=word in {"and", "و"})


def _values(folded: str) -> Iterator[str]:
    """Yield the numbers in folded text, each with the words that continue it: `5 million`, `خمسه وعشرون`."""
    running: float | None = None
    spelled = False
    for word in [*_number_words(folded), _END]:
        if running is not None and spelled and word.spelled and word.value is not None and _adds(running, word.value):
            running += word.value
        elif word.scale is not None:
            running, spelled = (running or 1) * word.scale, True
        elif not (word.joins and spelled and running is not None):
            if running is not None and not (spelled and running == 1):  # "one of them" and "احد" count nothing
                yield _canonical(running)
            running, spelled = word.value, word.spelled and word.value is not None


def _parts(folded: str) -> Iterator[str]:
    """Yield each number and each scale word in folded text alone."""
    for word in _number_words(folded):
        yield from (_canonical(float(part)) for part in (word.value, word.scale) if part is not None)


def _adds(running: float, value: float) -> bool:
    """Return whether a number word continues the number before it: ones and tens, tens and hundreds."""
    low, high = min(running, value), max(running, value)
    return (low < 10 and high % 10 == 0 and high < 100) or (low < high and high % 100 == 0 and low < 100)


def _parse_numeral(numeral: str) -> float | None:
    plain = numeral.replace("٬", ",").replace("٫", ".")
    if _GROUPED_DIGITS.fullmatch(plain):
        return float(re.sub(r"\D", "", plain))
    if re.fullmatch(r"\d+[.,]\d+", plain):
        return float(plain.replace(",", "."))
    return float(plain) if plain.isdigit() else None


def _canonical(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"
