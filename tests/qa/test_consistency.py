"""What sentences claim, compared across scripts, spellings and languages."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.dates import format_day
from qa.language.numbers import extract_numbers, possible_numbers
from qa.verification.consistency import has_negation, is_consistent, negated_stems, required_terms
from qa.verification.entities import consonant_key, english_names, mentions


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
        ("يوم الاثنين", set()),  # read into evidence only
        ("He may march on", set()),
        ("تيريزا ماي", set()),
    ],
)
def test_numbers_and_days_are_known_in_every_spelling(text: str, found: set[str]) -> None:
    assert extract_numbers(text) == found


@pytest.mark.parametrize(
    ("said", "evidence", "held"),
    [
        ("on 23 March", "يوم 23/03", True),
        ("on 23 March", "في ٢٣ مارس ٢٠١٧", True),
        ("on 3 April", "04/03/2017", True),  # written by an American
        ("on 24 March", "في ٢٣ مارس ٢٠١٧", False),
        ("on 23 April", "في ٢٣ مارس ٢٠١٧", False),
        ("on Monday", "يوم الاثنين", True),
        ("on Tuesday", "يوم الاثنين", False),
        ("two policemen", "شرطيان", True),
        ("three policemen", "شرطيان", False),
        ("5 million", "خمسة ملايين", True),
        ("5 thousand", "خمسة ملايين", False),
        ("ستة", "6", True),
    ],
)
def test_evidence_holds_the_numbers_of_a_claim_or_not(said: str, evidence: str, held: bool) -> None:
    assert (extract_numbers(said) <= possible_numbers(evidence)) is held


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
    assert is_consistent(text, text)
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
def test_a_denial_is_heard(text: str, denies: bool | None) -> None:
    assert has_negation(text) is denies


@pytest.mark.parametrize(
    ("said", "evidence", "agrees"),
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
def test_a_sentence_denies_what_its_evidence_denies(said: str, evidence: str, agrees: bool) -> None:
    assert is_consistent(said, evidence) is agrees


def test_what_must_be_found_again() -> None:
    assert required_terms("Theresa May spoke.", "قالت ماي") == (("Theresa",), "قالت ماي")
    assert required_terms("قالت ماي", "Theresa May spoke in London.") == (("Theresa", "London"), "قالت ماي")
    terms, among = required_terms("أوقفت الشرطة كاميرون في لندن", "أوقفت الشرطة رجلا في لندن")
    assert "كاميرون" in terms
    assert not mentions("كاميرون", among)
    assert mentions("الشرطة", among)
