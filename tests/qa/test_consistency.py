"""What sentences claim, compared across scripts, spellings and languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.text.dates import format_day
from index.text.normalize import fold
from qa.language.numbers import extract_numbers, is_weekday, possible_numbers
from qa.language.weekdays import claimed_weekdays, possible_weekdays
from qa.types import Evidence, Question
from qa.verification.checker import Checker
from qa.verification.consistency import contradicts, has_negation, negated_stems, required_terms
from qa.verification.disagreement import find_dissent
from qa.verification.entities import consonant_key, english_names, mentions
from tests.fakes import FakeEmbedder

WEEKDAYS_AR = ("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد")
WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("8 people", {"8"}),
        ("٨ أشخاص", {"8"}),
        ("eight people", {"8"}),
        ("ثمانية أشخاص", {"8"}),
        ("بثمانية أصوات", {"8"}),
        ("the eighth time, للمرة الثامنة", {"8"}),
        ("1,000 and ١٬٠٠٠ and 1000", {"1000"}),
        ("5 million", {"5000000"}),
        ("خمسة ملايين", {"5000000"}),
        ("300 ألف", {"300000"}),
        ("twenty-five", {"25"}),
        ("خمسة وعشرون", {"25"}),
        ("two hundred and fifty", {"250"}),
        ("مائتين وخمسين", {"250"}),
        ("أحد عشر رجلا", {"11"}),
        ("اثنتا عشرة امرأة", {"12"}),
        ("ثلاثة عشر", {"13"}),
        ("3.5 percent, ٣٫٥", {"3.5"}),
        ("75 في المائة", {"75"}),
        ("two thirds, ثلثي", {"2", "3"}),
        ("one of them, واحد منهم", set()),
        ("23 March 2017", {"23", "m3", "2017"}),
        ("٢٣ مارس ٢٠١٧", {"23", "m3", "2017"}),
        ("23 آذار/مارس 2017", {"23", "m3", "2017"}),
        ("March 23, 2017", {"23", "m3", "2017"}),
        ("23/03/2017", {"23", "m3", "2017"}),
        ("2017-03-23", {"23", "m3", "2017"}),
        ("on Monday", {"d1"}),
        ("on Mondays", {"d1"}),
        ("يوم الاثنين", {"d1"}),
        ("He may march on", set()),
        ("تيريزا ماي", set()),
    ],
)
def test_numbers_and_days_are_known_in_every_spelling(text: str, found: set[str]) -> None:
    assert extract_numbers(text) == found


@pytest.mark.parametrize(
    ("claim", "evidence", "held"),
    [
        ("on 23 March", "يوم 23/03", True),
        ("on 23 March", "في ٢٣ مارس ٢٠١٧", True),
        ("on 3 April", "04/03/2017", True),  # written by an American
        ("on 24 March", "في ٢٣ مارس ٢٠١٧", False),
        ("on 23 April", "في ٢٣ مارس ٢٠١٧", False),
        ("on Monday", "يوم الاثنين", True),
        ("on Tuesday", "يوم الاثنين", False),
        ("يوم الاثنين", "on Tuesday", False),
        ("يوم الثلاثاء", "on Tuesday", True),
        ("أيام الثلاثاء", "on Tuesdays", True),
        ("مساء الأحد", "on Sunday evening", True),
        ("مساء الأحد", "on Monday evening", False),
        ("on Monday", "الاثنين في لندن", True),  # evidence may mean it
        ("يومي السبت والأحد", "on Saturday and Sunday", True),
        ("يومي السبت والأحد", "on Saturday", False),
        ("two policemen", "شرطيان", True),
        ("three policemen", "شرطيان", False),
        ("5 million", "خمسة ملايين", True),
        ("5 thousand", "خمسة ملايين", False),
        ("ستة", "6", True),
    ],
)
def test_evidence_holds_the_numbers_of_a_claim_or_not(claim: str, evidence: str, held: bool) -> None:
    assert (extract_numbers(claim) <= possible_numbers(evidence)) is held


@given(st.integers(2, 10**9))
def test_a_number_holds_itself_however_it_is_written(value: int) -> None:
    arabic = str(value).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    for written in (str(value), f"{value:,}", arabic, f"{value:,}".replace(",", "٬")):
        assert str(value) in extract_numbers(f"about {written} people")
        assert str(value + 1) not in possible_numbers(written)


@given(st.dates(date(1000, 1, 1)))
def test_a_day_is_the_same_in_both_languages(day: date) -> None:
    iso = str(day)
    english, arabic = extract_numbers(format_day(iso, "en")), extract_numbers(format_day(iso, "ar"))
    assert english == arabic == extract_numbers(iso)


@given(st.text(max_size=200))
def test_what_is_claimed_is_possible_and_nothing_crashes(text: str) -> None:
    assert extract_numbers(text) <= possible_numbers(text)
    assert not contradicts(text, text)
    english_names(text)
    negated_stems(text)
    required_terms(text, text)
    assert set(consonant_key(text)) <= set("bdfgklmnrst ")


@pytest.mark.parametrize(
    ("english", "arabic"),
    [
        ("Theresa", "تيريزا"), ("Cameron", "كاميرون"), ("Birmingham", "وبيرمينغهام"), ("Google", "جوجل"),
        ("Google", "غوغل"), ("Chelsea", "تشيلسي"), ("Schwarzenegger", "شوارزنيجر"), ("Washington", "بواشنطن"),
        ("Mosul", "الموصل"), ("Raqqa", "الرقة"), ("Geneva", "جينيف"), ("Trump", "ترامب"), ("Obama", "لأوباما"),
        ("Khashoggi", "خاشقجي"), ("Putin", "بوتين"), ("Qatar", "قطر"), ("Aleppo", "aleppo"),
    ],
)  # fmt: skip
def test_a_name_is_known_in_the_other_script(english: str, arabic: str) -> None:
    text = f"قال {arabic} أمس"
    assert mentions(english, text)
    assert not mentions(english, "قال الوزير أمس")


@pytest.mark.parametrize(("name", "other"), [("Iran", "العراق"), ("Obama", "ماي"), ("Cameron", "تيريزا")])
def test_another_name_is_another_name(name: str, other: str) -> None:
    assert not mentions(name, other)


def test_names_are_the_words_with_capital_letters() -> None:
    text = "The police said Theresa May's government met Jean-Marc Ayrault in London on Thursday. It was NATO."
    assert english_names(text) == ("Theresa", "Jean", "Marc", "Ayrault", "London", "NATO")


@pytest.mark.parametrize(
    ("text", "denies"),
    [
        ("He did not come.", True),
        ("He didn’t come.", True),
        ("لم يأت الوزير.", True),
        ("وليس له شريك", True),
        ("He came.", False),
        ("لا يزال الوزير في لندن.", False),
        ("He no longer works there.", False),
        ("لم يأت إلا الوزير.", None),
    ],
)
def test_negations_are_recognized(text: str, denies: bool | None) -> None:
    assert has_negation(text) is denies


@pytest.mark.parametrize(
    ("claim", "evidence", "agrees"),
    [
        ("He did not come.", "لم يأت", True),
        ("He came.", "لم يأت", False),
        ("لم يأت", "He came.", False),
        ("The minister came.", "The minister did not resign but he came.", True),
        ("The mayor came with a present.", "The mayor came with a present and did not sleep.", True),
        ("The mayor slept.", "The mayor came with a present and did not sleep.", True),
        ("The mayor can sleep.", "The mayor came with a present and did not sleep.", False),
        ("They searched in London and other places.", "وقامت الشرطة بتفتيش في لندن وبرمنغهام", False),
        ("They searched in London and other places.", "وقامت الشرطة بتفتيش في لندن وأماكن أخرى", True),
        ("They searched in London and elsewhere.", "They searched in London.", False),
        ("فتشوا في لندن وغيرها", "They searched in London and Leeds", False),
        ("فتشوا في لندن وغيرها", "They searched in London, Leeds and others", True),
    ],
)
def test_a_sentence_denies_what_its_evidence_denies(claim: str, evidence: str, agrees: bool) -> None:
    assert contradicts(claim, evidence) is not agrees


@pytest.mark.parametrize(
    ("text", "days"),
    [
        *[(f"يوم {name}", {day}) for day, name in enumerate(WEEKDAYS_AR, start=1)],
        *[(f"on {name}", {day}) for day, name in enumerate(WEEKDAYS_EN, start=1)],
        # Five names mean nothing else, whatever is written before them.
        ("الثلاثاء", {2}), ("والأربعاء", {3}), ("فالخميس", {4}), ("بالجمعة", {5}), ("للسبت", {6}), ("كالثلثاء", {2}),
        # "The two", "the one": a day only where it can be nothing else.
        ("قتل المهاجمان الاثنين", set()), ("هذا هو الأحد", set()), ("للاثنين", set()), ("الطلاب الأحد عشر", set()),
        ("ليلة الاثنين والعشرين", set()),
        ("مساء أمس الاثنين", {1}), ("وصباح الأحد", {7}), ("اليوم الاثنين", {1}), ("أيام الأحد", {7}),
        ("ليوم الاثنين", {1}), ("الاثنين 20 مارس 2017", {1}), ("الأحد (5/3)", {7}), ("الاثنين الماضي", {1}),
        ("السبت والأحد", {6, 7}), ("من الأحد إلى الخميس", {4, 7}), ("الأحد أو الاثنين", {1, 7}),
        ("Sunday's talks, Monday", {1, 7}), ("خميس وجمعة", set()), ("He sat in the sun.", set()),
    ],
)  # fmt: skip
def test_the_days_of_the_week_that_a_claim_names(text: str, days: set[int]) -> None:
    assert claimed_weekdays(fold(text)) == days
    assert days <= possible_weekdays(fold(text))
    assert {f"d{day}" for day in days} == {value for value in extract_numbers(text) if is_weekday(value)}


def test_evidence_may_mean_a_day_where_a_claim_does_not() -> None:
    assert possible_weekdays(fold("قتل المهاجمان الاثنين، والأحد")) == {1, 7}


@pytest.mark.parametrize("day", range(7))
@pytest.mark.parametrize("other", range(7))
def test_a_translation_names_the_day_of_its_evidence(day: int, other: int) -> None:
    english, arabic = f"He arrived on {WEEKDAYS_EN[day]}.", f"وصل يوم {WEEKDAYS_AR[other]}."
    assert contradicts(arabic, english) is (day != other)
    assert contradicts(english, arabic) is (day != other)


class SameVector(FakeEmbedder):
    """An embedder for which all texts mean the same, so that only what they name tells them apart."""

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.tile(np.eye(1, self.dimension, dtype=np.float32), (len(texts), 1))


@pytest.mark.parametrize(("day", "support"), [("الثلاثاء", "supported"), ("الاثنين", "unsupported")])
def test_a_translation_with_another_day_is_not_supported(day: str, support: str) -> None:
    evidence = Evidence(1, "a", 0, 9, "The police arrested eight people on Tuesday.", "en", 0.9)
    (sentence,) = Checker(SameVector()).check(f"أوقفت الشرطة ثمانية أشخاص يوم {day}.", [evidence])
    assert sentence.support == support


@pytest.mark.parametrize("evidence", ["The police arrested eight people on Tuesday.", "Eight people were arrested."])
def test_a_claim_without_a_day_is_not_affected(evidence: str) -> None:
    assert not contradicts("أوقفت الشرطة ثمانية أشخاص.", evidence)
    assert not contradicts("The police arrested eight people.", evidence)


def test_what_must_be_found_again() -> None:
    assert required_terms("Theresa May spoke.", "قالت ماي") == (("Theresa",), "قالت ماي")
    assert required_terms("قالت ماي", "Theresa May spoke in London.") == (("Theresa", "London"), "قالت ماي")
    terms, among = required_terms("أوقفت الشرطة كاميرون في لندن", "أوقفت الشرطة رجلا في لندن")
    assert "كاميرون" in terms
    assert not mentions("كاميرون", among)
    assert mentions("الشرطة", among)


@pytest.mark.parametrize(
    ("other", "dissents"),
    [
        ("أوقفت الشرطة ثمانية أشخاص في مدينة لندن يوم الأربعاء.", False),  # the day of the report is no count
        ("أوقفت الشرطة تسعة أشخاص في مدينة لندن يوم الأربعاء.", True),
    ],
)
def test_only_another_count_is_dissent(other: str, dissents: bool) -> None:
    question = Question("كم شخصا أوقفت الشرطة في لندن؟", "ar")
    best = Evidence(1, "a", 0, 9, "أوقفت الشرطة ثمانية أشخاص في مدينة لندن يوم الثلاثاء.", "ar", 0.9)
    dissent = find_dissent(question, (best, replace(best, number=2, article_id="b", text=other)))
    assert (dissent is not None) is dissents
