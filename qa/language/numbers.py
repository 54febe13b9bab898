"""The numbers and days in a text, in either language and any spelling.

What is read into a claim is read narrowly (`numbers`), what is read into evidence generously, all that it may mean
(`possible_numbers`): `٢٣ مارس`, `23 March` and `23/03` are the same day, `ثمانية`, `eight` and `8` the same number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from index.text.dates import MONTH_PATTERN, MONTHS
from index.text.normalize import fold, strip_clitics

_GROUPED = re.compile(r"\d{1,3}(?:[.,٬]\d{3})+")
_WORD = re.compile(r"[^\W\d_]+")
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
_MONDAY = re.compile(r"(?<!\w)[وبل]?الاثنين(?!\w)")
_ARABIC_TWELVE = re.compile(r"(?<!\w)(?:اثنا|اثني|اثنتا|اثنتي) عشره?(?!\w)")

_WEEKDAYS = _by_word(
    {
        1: "monday الاثنين الإثنين",
        2: "tuesday الثلاثاء",
        3: "wednesday الأربعاء",
        4: "thursday الخميس",
        5: "friday الجمعة",
        6: "saturday السبت",
        7: "sunday الأحد",
    }
)
_NAMED_MONTH = re.compile(rf"(?<![^\W_])[وبل]?(?P<month>{MONTH_PATTERN})(?![^\W_])")
_BESIDE_NUMBER = re.compile(
    rf"\d(?:st|nd|rd|th)?(?: of)? *(?P<after>{MONTH_PATTERN})(?![^\W_])|(?<![^\W_])(?P<before>{MONTH_PATTERN}),? *\d"
)
_SLASHED = re.compile(r"(?<!\d)(?P<day>\d{1,2})[/-](?P<month>\d{1,2})(?:[/-]\d{2,4})?(?!\d)")
_ISO = re.compile(r"(?<!\d)\d{4}-(?P<month>\d{2})-(?P<day>\d{2})(?!\d)")
_DUAL = re.compile(r"\w{3,}(?:ان|ين)\b")


def extract_numbers(text: str) -> frozenset[str]:
    """Return the numbers and days of a claim, as comparable values.

    `1,000`, `١٬٠٠٠` and `1000` are one; `5 million` is `5000000`; a number in words counts where it stands alone, but
    "one" never does. A month counts where a day or year stands beside it (`m3`), a day of the week always (`d4`).
    """
    folded = fold(text)
    days = {f"m{_month(found)}" for found in _BESIDE_NUMBER.finditer(folded)}
    rest = folded
    for form in (_ISO, _SLASHED):
        for found in form.finditer(rest):
            if 1 <= int(found["day"]) <= 31 and 1 <= int(found["month"]) <= 12:
                days |= {f"m{int(found['month'])}", str(int(found["day"]))}
                year = re.search(r"\d{4}", found.group())
                days |= {year.group()} if year else set()
                rest = rest[: found.start()] + " " * len(found.group()) + rest[found.end() :]
    weekdays = {f"d{_WEEKDAYS[word]}" for word in _WORD.findall(folded) if word in _WEEKDAYS and word.isascii()}
    return frozenset(days | weekdays | set(_values(rest)))


def possible_numbers(text: str) -> frozenset[str]:
    """Return every number and day that evidence may mean: what `numbers` finds, and other readings of the same.

    Among them: both orders of day and month, a month without a number, `two` for an Arabic dual, each part of `5
    million`.
    """
    folded = fold(text)
    found = set(extract_numbers(text)) | set(_values(folded)) | set(_parts(folded))
    found |= {f"m{MONTHS[re.sub(' +', ' ', match['month'])]}" for match in _NAMED_MONTH.finditer(folded)}
    found |= {f"d{_WEEKDAYS[word]}" for word in _WORD.findall(folded) if word in _WEEKDAYS}
    for match in _SLASHED.finditer(folded):
        found |= {f"m{int(part)}" for part in match.groups() if 1 <= int(part) <= 12}
    if _DUAL.search(folded):
        found.add("2")
    return frozenset(found)


def _month(found: re.Match[str]) -> int:
    return MONTHS[re.sub(" +", " ", found["after"] or found["before"])]


class _Word(NamedTuple):
    """A word or numeral of a text: the number it names, or the scale that multiplies the number before it."""

    value: float | None
    scale: int | None
    spelled: bool
    joins: bool


_END = _Word(None, None, spelled=False, joins=False)


def _words(folded: str) -> list[_Word]:
    plain = re.sub(r"(?<=[^\W\d_])['’-](?=\w)", " ", _ARABIC_TWELVE.sub("12", _PERCENT.sub(" ", folded)))
    return [_word(token) for token in _TOKEN.findall(_MONDAY.sub(" ", plain))]


def _word(token: str) -> _Word:
    if token[0].isdigit():
        return _Word(_read(token), None, spelled=False, joins=False)
    word = strip_clitics(token)
    value = _SMALL.get(token, _SMALL.get(word))
    scale = _SCALE.get(token, _SCALE.get(word))
    return _Word(None if value is None else float(value), scale, spelled=True, joins=word in {"and", "و"})


def _values(folded: str) -> Iterator[str]:
    """Yield the numbers in folded text, each with the words that go on it: `5 million`, `خمسه وعشرون`."""
    running: float | None = None
    spelled = False
    for word in [*_words(folded), _END]:
        if running is not None and spelled and word.spelled and word.value is not None and _adds(running, word.value):
            running += word.value
        elif word.scale is not None:
            running, spelled = (running or 1) * word.scale, True
        elif not (word.joins and spelled and running is not None):
            if running is not None and not (spelled and running == 1):  # "one of them" and "احد" count nothing
                yield _shown(running)
            running, spelled = word.value, word.spelled and word.value is not None


def _parts(folded: str) -> Iterator[str]:
    """Yield each number and each scale word in folded text alone."""
    for word in _words(folded):
        yield from (_shown(float(part)) for part in (word.value, word.scale) if part is not None)


def _adds(running: float, value: float) -> bool:
    """Return whether a number word goes on the number before it: ones and tens, tens and hundreds."""
    low, high = min(running, value), max(running, value)
    return (low < 10 and high % 10 == 0 and high < 100) or (low < high and high % 100 == 0 and low < 100)


def _read(numeral: str) -> float | None:
    plain = numeral.replace("٬", ",").replace("٫", ".")
    if _GROUPED.fullmatch(plain):
        return float(re.sub(r"\D", "", plain))
    if re.fullmatch(r"\d+[.,]\d+", plain):
        return float(plain.replace(",", "."))
    return float(plain) if plain.isdigit() else None


def _shown(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"
