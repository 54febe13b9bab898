"""The days that a question names: "yesterday", "في مارس 2017", "this week"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from index.errors import UsageError
from index.text.dates import parse_period
from index.text.normalize import fold
from qa.types import SearchFilter

_LAST = "2999-12-31"  # what looks like a later year is a number
_REPORTED_WITHIN = 3  # days after it happened within which newspapers write of a thing


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days of publication, ISO dates, inclusive.

    `relative` to the day of asking ("yesterday"): an answer of other days would be a wrong one. Days that are named by
    their date may as well be those of an event that was written about later.
    """

    since: str
    until: str
    relative: bool


def _week(day: date) -> tuple[date, date]:
    first = day - timedelta((day.weekday() - 5) % 7)  # from Saturday, the earliest day on which a week begins anywhere
    return first, first + timedelta(6)


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(31)).replace(day=1) - timedelta(1)


def _year(day: date) -> tuple[date, date]:
    return date(day.year, 1, 1), date(day.year, 12, 31)


def _before(part: Callable[[date], tuple[date, date]]) -> Callable[[date], tuple[date, date]]:
    return lambda day: part(part(day)[0] - timedelta(1))


def _day(back: int) -> Callable[[date], tuple[date, date]]:
    return lambda day: (day - timedelta(back), day - timedelta(back))


# What is said, folded, and the days meant. The longer one stands first: "the day before yesterday" holds "yesterday".
_RELATIVE: tuple[tuple[str, Callable[[date], tuple[date, date]]], ...] = (
    (r"day before yesterday|اول (?:من )?امس|اول البارحه", _day(2)),
    (r"yesterday|(?:يوم )?امس|البارحه", _day(1)),
    (r"this week|هذا الاسبوع|الاسبوع الحالي|الاسبوع الجاري", _week),
    (r"last week|الاسبوع (?:الماضي|الفائت|المنصرم)", _before(_week)),
    (r"this month|هذا الشهر|الشهر (?:الحالي|الجاري)", _month),
    (r"last month|الشهر (?:الماضي|الفائت|المنصرم)", _before(_month)),
    (r"this year|هذا العام|هذه السنه|(?:العام|السنه) (?:الحالي|الجاري)ه?", _year),
    (r"last year|(?:العام|السنه) (?:الماضي|الفائت|المنصرم)ه?", _before(_year)),
)
_RELATIVE_FORMS = tuple((re.compile(rf"(?<!\w)[وفلب]?(?:{said})(?!\w)"), days) for said, days in _RELATIVE)
_LAST_DAYS = re.compile(
    r"(?<!\w)(?:last|past) (?P<en>\d{1,3}) days(?!\w)|(?<!\w)[وب]?(?:اخر|خلال) (?P<ar>\d{1,3}) (?:ايام|يوما?)(?!\w)"
)


def parse_time_expression(question: str, today: date) -> DayRange | None:
    """Return the days that `question` names, reckoned from `today`, None when it names none."""
    folded = fold(question)
    for form, meant in _RELATIVE_FORMS:
        if form.search(folded):
            first, last = meant(today)
            return DayRange(first.isoformat(), min(last + timedelta(1), today).isoformat(), relative=True)
    if found := _LAST_DAYS.search(folded):
        back = int(found["en"] or found["ar"])
        return DayRange((today - timedelta(back)).isoformat(), today.isoformat(), relative=True)
    named = parse_period(question)
    if named is None or named[1] > _LAST:
        return None
    until = date.fromisoformat(named[1])
    return DayRange(named[0], (until + timedelta(_REPORTED_WITHIN)).isoformat(), relative=False)


def parse_filter(since: str | None, until: str | None) -> SearchFilter:
    """Return what is searched from one day, month or year to another. Raises `UsageError` for what is no date."""
    return SearchFilter(_end("since", since, 0), _end("until", until, 1))


def _end(name: str, value: str | None, end: int) -> str | None:
    if not value:
        return None
    named = parse_period(value)
    if named is None:
        raise UsageError(f"{name} {value}: not a date. Write it as 2017-03-23, 2017-03 or 2017.")
    return named[end]
