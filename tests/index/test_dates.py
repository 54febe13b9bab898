"""Days and periods as publishers write them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.dates import MONTHS, format_day, parse_day, parse_period
from index.text.normalize import fold

ARABIC_MONTHS = {
    "the Gulf and Egypt": "يناير,فبراير,مارس,أبريل,مايو,يونيو,يوليو,أغسطس,سبتمبر,أكتوبر,نوفمبر,ديسمبر",
    "the Levant": "كانون الثاني,شباط,آذار,نيسان,أيار,حزيران,تموز,آب,أيلول,تشرين الأول,تشرين الثاني,كانون الأول",
    "Tunisia and Algeria": "جانفي,فيفري,مارس,أفريل,ماي,جوان,جويلية,أوت,سبتمبر,أكتوبر,نوفمبر,ديسمبر",
    "Morocco": "يناير,فبراير,مارس,أبريل,ماي,يونيو,يوليوز,غشت,شتنبر,أكتوبر,نونبر,دجنبر",
}
ENGLISH = "January,February,March,April,May,June,July,August,September,October,November,December"
DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
days = st.dates(date(1900, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    "written",
    [
        *("2017-03-23", "2017-03-23T11:21:00+01:00", "2017/03/23", "20170323", "2017-3-23"),
        *("23/03/2017", "23-03-2017", "23.03.2017", "3/23/2017", "٢٣/٠٣/٢٠١٧"),
        *("Thu, 23 Mar 2017 10:20:00 GMT", "23 Mar 17 10:00 +0100"),
        *(
            "23 March 2017",
            "March 23, 2017",
            "Mar. 23rd, 2017",
            "the 23rd of March 2017",
            "Updated: 23 MARCH 2017, 10:15",
        ),
        *(
            "الخميس ٢٣ آذار/مارس ٢٠١٧",
            "23 مارس/آذار 2017",
            "23 مارس (آذار) 2017",
            "نشر في: 23 مارس 2017م",
            "مارس 23، 2017",
        ),
    ],
)
def test_the_same_day_in_many_hands(written: str) -> None:
    assert parse_day(written) == "2017-03-23"


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "2017",
        "March 2017",
        "31/31/2017",
        "30 فيفري 2017",
        "yesterday",
        "1 2 3",
        f"Thu, 23 Mar {'9' * 22} 10:45:00 GMT",
    ],
)
def test_what_is_no_day(written: str | None) -> None:
    assert parse_day(written) is None


@pytest.mark.parametrize("region", ARABIC_MONTHS)
@given(day=days)
def test_every_month_of_every_region(region: str, day: date) -> None:
    name = ARABIC_MONTHS[region].split(",")[day.month - 1]
    assert parse_day(f"{day.day} {name} {day.year}") == day.isoformat()
    assert parse_day(f"{day.day} {name} {day.year}".translate(DIGITS)) == day.isoformat()


@given(day=days)
def test_every_form_of_a_day(day: date) -> None:
    name = ENGLISH.split(",")[day.month - 1]
    for written in (
        f"{day:%d/%m/%Y}",
        f"{day.day} {name} {day.year}",
        f"{name} {day.day}, {day.year}",
        f"{day:%Y%m%d}",
    ):
        assert parse_day(written) == day.isoformat()


@given(st.text())
def test_any_text_is_a_day_or_none(text: str) -> None:
    day = parse_day(text)
    assert day is None or date.fromisoformat(day).isoformat() == day


def test_no_name_means_two_months() -> None:
    for names in ARABIC_MONTHS.values():
        assert [MONTHS[fold(name)] for name in names.split(",")] == list(range(1, 13))


@given(day=days, language=st.sampled_from(["ar", "en"]))
def test_a_day_spelled_is_read_again(day: date, language: str) -> None:
    assert parse_day(format_day(day.isoformat(), language)) == day.isoformat()


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2017-03-23", "2017-03-23", "2017-03-23"),
        ("2016-02", "2016-02-01", "2016-02-29"),
        ("02/2017", "2017-02-01", "2017-02-28"),
        ("في شباط ٢٠١٧", "2017-02-01", "2017-02-28"),
        ("March, 2017", "2017-03-01", "2017-03-31"),
        ("2017", "2017-01-01", "2017-12-31"),
    ],
)
def test_periods(written: str, first: str, last: str) -> None:
    assert parse_period(written) == (first, last)


@pytest.mark.parametrize("written", ["", "March", "0000", "99999", "17"])
def test_what_is_no_period(written: str) -> None:
    assert parse_period(written) is None


@given(st.text())
def test_any_text_is_a_period_or_none(text: str) -> None:
    found = parse_period(text)
    assert found is None or date.fromisoformat(found[0]) <= date.fromisoformat(found[1])


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("24/06/1438", None),
        ("1438/06/24هـ - 2017/03/23م", "2017-03-23"),
        ("23-Mar-2017", "2017-03-23"),
        ("1439-01-01", None),
    ],
)
def test_a_year_of_the_hijra_is_not_one_of_ours(text: str, day: str | None) -> None:
    assert parse_day(text) == day
