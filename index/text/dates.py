"""Parses dates and periods as publishers write them, and formats dates. Dates are ISO 8601 strings."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from email.utils import parsedate_to_datetime

from index.text.normalize import fold

# The names of the months as newspapers write them, January first: English; Egypt and the Gulf; the Levant and Iraq;
# Tunisia and Algeria; Morocco and Mauritania. Spelling variants that `fold` does not join are in one string.
_MONTH_NAMES = (
    ("january jan", "يناير", "كانون الثاني", "جانفي"),
    ("february feb", "فبراير", "شباط", "فيفري"),
    ("march mar", "مارس", "آذار"),
    ("april apr", "أبريل إبريل", "نيسان", "أفريل"),
    ("may", "مايو", "أيار", "ماي"),
    ("june jun", "يونيو يونية", "حزيران", "جوان"),
    ("july jul", "يوليو يولية", "تموز", "جويلية جويليا", "يوليوز"),
    ("august aug", "أغسطس", "آب", "أوت", "غشت أغشت"),
    ("september sep sept", "سبتمبر", "أيلول", "شتنبر شتمبر"),
    ("october oct", "أكتوبر", "تشرين الأول"),
    ("november nov", "نوفمبر", "تشرين الثاني", "نونبر"),
    ("december dec", "ديسمبر", "كانون الأول", "دجنبر دجمبر"),
)
_TWO_WORDS = {"كانون", "تشرين"}
_NAMES_SHOWN = {"en": 0, "ar": 1}  # the names that a date is written with; in other languages it stays in digits


def _months() -> dict[str, int]:
    months: dict[str, int] = {}
    for number, names in enumerate(_MONTH_NAMES, start=1):
        for name in names:
            variants = [name] if name.split()[0] in _TWO_WORDS else name.split()
            months |= {fold(variant): number for variant in variants}
    return months


MONTHS = _months()
MONTH_PATTERN = "|".join(sorted((re.escape(name).replace(r"\ ", " +") for name in MONTHS), key=len, reverse=True))
_NAMED_MONTH = (
    rf"(?P<month>{MONTH_PATTERN})\.?(?: ?[/(] ?(?:{MONTH_PATTERN})\)?)?"  # سبتمبر/أيلول: the second is the same month
)
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?<!\d)(?P<year>\d{4})[-/.](?P<number>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<year>\d{4})(?P<number>\d{2})(?P<day>\d{2})(?!\d)",
        r"(?<!\d)(?P<day>\d{1,2})[-/.](?P<number>\d{1,2})[-/.](?P<year>\d{4})(?!\d)",
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)?[ -]*{_NAMED_MONTH},?،?[ -]*(?P<year>\d{{4}})(?!\d)",
        rf"\b{_NAMED_MONTH} *(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?،? *(?P<year>\d{{4}})(?!\d)",
    )
)


# No newspaper is older; 1438 is a year of the Hijri calendar, which must not be taken for a Gregorian one.
_FIRST_YEAR, _LAST_YEAR = 1600, 2599


def parse_day(text: str | None) -> str | None:
    """Return `YYYY-MM-DD` for the first date in `text`, None when there is none that exists.

    Understands ISO 8601, RFC 822, day/month/year (month/day/year where only that is possible), and a day, an English
    or Arabic month name and a year in either order, with any digits and any text around them.
    """
    text = (text or "").strip()[:200]
    folded = fold(text)
    for form in _FORMS:
        for match in form.finditer(folded):
            day = _day(match)
            if day is not None:
                return day
    try:
        parsed = parsedate_to_datetime(text).date()
    except (ValueError, OverflowError):  # a year of twenty digits
        return None
    return parsed.isoformat() if _FIRST_YEAR <= parsed.year <= _LAST_YEAR else None


_PERIODS = tuple(
    re.compile(form)
    for form in (
        r"(?<!\d)(?P<year>\d{4})[-/.](?P<number>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<number>\d{1,2})[-/.](?P<year>\d{4})(?!\d)",
        rf"\b{_NAMED_MONTH},?،? *(?P<year>\d{{4}})(?!\d)",
        r"(?<!\d)(?P<year>\d{4})(?!\d)",
    )
)


def parse_period(text: str) -> tuple[str, str] | None:
    """Return the first and last day (ISO 8601) of the day, else the month, else the year that `text` names first.

    `23/03/2017`, `March 2017`, `2017-03`, `شباط 2017` and `2017` are periods. None when it names none.
    """
    day = parse_day(text)
    if day is not None:
        return day, day
    folded = fold(text.strip()[:200])
    for form in _PERIODS:
        for match in form.finditer(folded):
            parts = match.groupdict()
            year, number = int(parts["year"]), _month(parts)
            first, last = (number, number) if number else (1, 12)
            if year and last <= 12:
                return f"{year:04}-{first:02}-01", f"{year:04}-{last:02}-{monthrange(year, last)[1]:02}"
    return None


def format_day(day: str, language: str) -> str:
    """Return an ISO date in the form of that language, `23 مارس 2017`; as it is when no names of months are known."""
    column = _NAMES_SHOWN.get(language)
    if column is None:
        return day
    year, month, number = day.split("-")
    name = _MONTH_NAMES[int(month) - 1][column].split()[0].capitalize()
    return f"{int(number)} {name} {year}"


def _day(match: re.Match[str]) -> str | None:
    """Return the ISO date that was matched, None when it does not exist."""
    parts = match.groupdict()
    year, day, month = int(parts["year"]), int(parts["day"]), _month(parts)
    if month > 12:
        day, month = month, day  # 03/23/2017 can only be American
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _month(parts: Mapping[str, str | None]) -> int:
    """Return the number of the month that is written by name or number, 0 for none."""
    name = parts.get("month")
    return MONTHS[re.sub(" +", " ", name)] if name else int(parts.get("number") or 0)
