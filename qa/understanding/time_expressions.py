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

_LAST_DAY = "2999-12-31"  # what looks like a later year is a number
_REPORTED_WITHIN = 3  # days after an event within which newspapers report it

Period = Callable[[date], tuple[date, date]]  # from today to the first and last day meant


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days of publication, ISO dates, inclusive.

    They are `relative` when they depend on the day of asking ("yesterday"): an answer of other days would then be a
    wrong one. Days that are named by their date may be those of an event that was reported later.
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


def _previous(period: Period) -> Period:
    return lambda day: period(period(day)[0] - timedelta(1))


def _days_ago(days: int) -> Period:
    return lambda day: (day - timedelta(days), day - timedelta(days))


# Patterns of folded text and the days meant, the longer one first: "the day before yesterday" holds "yesterday".
_RELATIVE: tuple[tuple[str, Period], ...] = (
    (r"day before yesterday|اول (?:من )?امس|اول البارحه", _days_ago(2)),
    (r"yesterday|(?:يوم )?امس|البارحه", _days_ago(1)),
    (r"this week|هذا الاسبوع|الاسبوع الحالي|الاسبوع الجاري", _week),
    (r"last week|الاسبوع (?:الماضي|الفايت|المنصرم)", _previous(_week)),
    (r"this month|هذا الشهر|الشهر (?:الحالي|الجاري)", _month),
    (r"last month|الشهر (?:الماضي|الفايت|المنصرم)", _previous(_month)),
    (r"this year|هذا العام|هذه السنه|(?:العام|السنه) (?:الحالي|الجاري)ه?", _year),
    (r"last year|(?:العام|السنه) (?:الماضي|الفايت|المنصرم)ه?", _previous(_year)),
)
_RELATIVE_PERIODS = tuple((re.compile(rf"(?<!\w)[وفلب]?(?:{pattern})(?!\w)"), period) for pattern, period in _RELATIVE)
_LAST_DAYS = re.compile(
    r"(?<!\w)(?:last|past) (?P<english>\d{1,3}) days(?!\w)|"
    r"(?<!\w)[وب]?(?:اخر|خلال) (?P<arabic>\d{1,3}) (?:ايام|يوما?)(?!\w)"
)


def parse_time_expression(question: str, today: date) -> DayRange | None:
    """Return the days that `question` names, counted from `today`; None when it names none."""
    return _relative_days(fold(question), today) or _named_days(question)


def _relative_days(folded: str, today: date) -> DayRange | None:
    for pattern, period in _RELATIVE_PERIODS:
        if pattern.search(folded):
            first, last = period(today)
            return DayRange(first.isoformat(), min(last + timedelta(1), today).isoformat(), relative=True)
    if match := _LAST_DAYS.search(folded):
        days = int(match["english"] or match["arabic"])
        return DayRange((today - timedelta(days)).isoformat(), today.isoformat(), relative=True)
    return None


def _named_days(question: str) -> DayRange | None:
    period = parse_period(question)
    if period is None or period[1] > _LAST_DAY:
        return None
    until = date.fromisoformat(period[1])
    return DayRange(period[0], (until + timedelta(_REPORTED_WITHIN)).isoformat(), relative=False)


def parse_filter(since: str | None, until: str | None) -> SearchFilter:
    """Return the filter from one day, month or year to another. Raises `UsageError` for what is no date."""
    return SearchFilter(_parse_bound("since", since, 0), _parse_bound("until", until, 1))


def _parse_bound(name: str, value: str | None, end: int) -> str | None:
    """Return the first (`end` 0) or last day (1) of what is written."""
    if not value:
        return None
    period = parse_period(value)
    if period is None:
        raise UsageError(f"{name} {value}: not a date. Write it as 2017-03-23, 2017-03 or 2017.")
    return period[end]
