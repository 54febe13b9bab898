"""Days that a question names."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.understanding.time_expressions import parse_time_expression

FRIDAY = date(2017, 3, 24)


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("What happened yesterday?", "2017-03-23", "2017-03-24"),
        ("ماذا حدث أمس؟", "2017-03-23", "2017-03-24"),
        ("وماذا قال الوزير البارحة؟", "2017-03-23", "2017-03-24"),
        ("the day before yesterday", "2017-03-22", "2017-03-23"),
        ("من زار تونس أول أمس؟", "2017-03-22", "2017-03-23"),
        ("Who came this week?", "2017-03-18", "2017-03-24"),
        ("من جاء هذا الأسبوع؟", "2017-03-18", "2017-03-24"),
        ("ماذا جرى الأسبوع الماضي؟", "2017-03-11", "2017-03-18"),
        ("ماذا جرى الأسبوع الفائت؟", "2017-03-11", "2017-03-18"),
        ("What did he say last month?", "2017-02-01", "2017-03-01"),
        ("ماذا قال الشهر المنصرم؟", "2017-02-01", "2017-03-01"),
        ("كم بلغ العدد العام الماضي؟", "2016-01-01", "2017-01-01"),
        ("في آخر 3 أيام", "2017-03-21", "2017-03-24"),
        ("in the last 10 days", "2017-03-14", "2017-03-24"),
    ],
)
def test_relative_days_are_counted_from_today(question: str, since: str, until: str) -> None:
    found = parse_time_expression(question, FRIDAY)
    assert found is not None
    assert (found.since, found.until, found.relative) == (since, until, True)


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("ماذا حدث في مارس 2017؟", "2017-03-01", "2017-04-03"),
        ("What happened on 23 March 2017?", "2017-03-23", "2017-03-26"),
        ("Who won in 2012?", "2012-01-01", "2013-01-03"),
    ],
)
def test_named_days_reach_into_the_reports_after_them(question: str, since: str, until: str) -> None:
    found = parse_time_expression(question, FRIDAY)
    assert found is not None
    assert (found.since, found.until, found.relative) == (since, until, False)


@pytest.mark.parametrize("question", ["Who is he?", "كم شخصا أوقفت الشرطة؟", "من هزم الخامس؟", "9999 people?"])
def test_other_questions_name_no_day(question: str) -> None:
    assert parse_time_expression(question, FRIDAY) is None


@given(st.text(max_size=60), st.dates(date(1, 3, 1), date(9999, 1, 1)))
def test_what_is_found_is_a_range(question: str, today: date) -> None:
    for asked in (question, f"{question} yesterday", f"{question} هذا الشهر", f"{question} last year"):
        found = parse_time_expression(asked, today)
        assert found is None or found.since <= found.until
