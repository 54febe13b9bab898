"""The words of the interfaces: one table for each language."""

from __future__ import annotations

import re

import pytest

from index.errors import BusyError, MujibError
from index.text.languages import LANGUAGE_TABLE
from qa.errors import QuestionError
from qa.interfaces.i18n import PAGE_LANGUAGES, error_message, load_words, progress_message
from qa.types import DraftGrown, EvidenceFound, Language, SentencesChecked, Waiting
from qa.understanding.validation import parse_question
from tests.paths import ROOT

INTERFACES = ROOT / "qa" / "interfaces"
ARABIC = re.compile(r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]")


def test_both_languages_say_the_same_things() -> None:
    english, arabic = (load_words(language) for language in PAGE_LANGUAGES)
    assert english.keys() == arabic.keys()
    for name in english:
        assert re.findall(r"\{\w+\}", english[name]) == re.findall(r"\{\w+\}", arabic[name]), name


def test_every_word_is_used() -> None:
    files = [path for path in INTERFACES.rglob("*") if path.suffix in {".py", ".html", ".js"}]
    used = "".join(path.read_text("utf-8") for path in files)
    names = {info.name.lower() for info in LANGUAGE_TABLE.values()}  # of languages: by the table
    for name in load_words("en").keys() - names:
        assert re.search(rf"words\.{name}\b|[\"']{name}[\"']", used), f"nothing says {name}"


def test_every_word_that_is_used_is_there() -> None:
    templates = "".join(path.read_text("utf-8") for path in INTERFACES.rglob("*.html"))
    modules = "".join(path.read_text("utf-8") for path in INTERFACES.rglob("*.py"))
    used = {*re.findall(r"\bwords\.([a-z]\w*)", templates), *re.findall(r"words\[[\"'](\w+)", modules)}
    assert len(used) > 50
    assert used <= load_words("en").keys()


def test_words_stand_in_the_tables_alone() -> None:
    inline = [path for path in INTERFACES.rglob("*.py") if ARABIC.search(path.read_text("utf-8"))]
    assert [path.relative_to(ROOT).as_posix() for path in inline] == []


def test_mistakes_have_words() -> None:
    for question, name in (("؟", "empty_question"), ("a" * 2001, "long_question")):
        with pytest.raises(QuestionError) as raised:
            parse_question(question)
        for language in PAGE_LANGUAGES:
            assert error_message(raised.value, load_words(language)) == load_words(language)[name].format(most="2,000")


@pytest.mark.parametrize("language", PAGE_LANGUAGES)
def test_the_words_for_a_mistake_go_by_its_kind_and_not_by_its_text(language: Language) -> None:
    words = load_words(language)
    assert error_message(BusyError("empty"), words) == words["busy"]
    assert error_message(MujibError("the folder is empty."), words) == words["failed"].format(
        problem="the folder is empty."
    )


@pytest.mark.parametrize("language", PAGE_LANGUAGES)
def test_what_is_going_on_has_words(language: Language) -> None:
    words = load_words(language)
    assert progress_message(EvidenceFound((), False, ()), words) == words["searching"]
    assert progress_message(Waiting(3), words) == words["waiting"].format(ahead=3)
    for event in (EvidenceFound((), True, ()), DraftGrown("x"), SentencesChecked(())):
        assert progress_message(event, words) == words["writing"]
