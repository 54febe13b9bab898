"""What a third language needs: which modules know that there are Arabic and English, and what does without."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from index.errors import UsageError
from index.text.dates import format_day, parse_day
from index.text.languages import (
    DEFAULT_LANGUAGE,
    LANGUAGE_TABLE,
    LANGUAGES,
    Language,
    LanguageInfo,
    detect_among,
    detect_language,
    direction_of,
    is_known,
)
from qa.generation.prompts import load_prompts
from qa.interfaces.i18n import load_words
from qa.interfaces.web.negotiation import page_address
from qa.retrieval.answerability import LANGUAGE_PAIRS, load_calibration
from qa.settings import Settings
from tests.paths import ROOT

TABLE = "index/text/languages.py"
# Knowledge of the words of a language, which a third one may lack.
KNOWLEDGE = ("index/text/dates.py", "index/text/tokenize.py", "qa/language/")
# What holds for one language alone, and how often it is named.
ALLOWED = {
    "index/readers/arabic_repair.py": 2,  # Arabic whose letters a file holds in the order of their places on the page
    "qa/generation/prompts.py": 1,  # WORDING_LANGUAGE: what small models can do
    "qa/verification/entities.py": 1,  # names in Arabic letters, by their consonants
}
FRENCH = LanguageInfo(
    code=cast("Language", "fr"),
    name="French",
    direction="ltr",
    letters=LANGUAGE_TABLE["en"].letters,
    path="/fr",
    words=frozenset({"le", "la", "les", "des", "est", "une", "qui", "dans"}),
)


def named_languages(tree: ast.AST) -> Iterator[str]:
    """Yield the codes of languages, and the addresses of their pages, that a module holds as texts."""
    codes = {text for info in LANGUAGE_TABLE.values() for text in (info.code, f"/{info.code}", f"/{info.code}/")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in codes:
            yield str(node.value)


def test_only_the_table_knows_which_languages_there_are() -> None:
    paths = [path for package in ("index", "qa") for path in sorted((ROOT / package).rglob("*.py"))]
    named = {
        path.relative_to(ROOT).as_posix(): len(list(named_languages(ast.parse(path.read_text("utf-8")))))
        for path in paths
    }
    assert named.pop(TABLE) >= len(LANGUAGES)
    counts = {name: count for name, count in named.items() if count and not name.startswith(KNOWLEDGE)}
    assert counts == ALLOWED


def test_templates_name_no_language() -> None:
    templates = list((ROOT / "qa" / "interfaces").rglob("*.html"))
    assert len(templates) > 10
    for path in templates:
        assert not re.search(r"[\"'/.](?:ar|en)[\"'/ ]", path.read_text("utf-8")), path.name


def test_a_language_that_is_named_elsewhere_would_be_found() -> None:
    tree = ast.parse('"""In en."""\nif language == "en" or path == "/ar/":\n    print(f"the end")\n')
    assert list(named_languages(tree)) == ["en", "/ar/"]


def test_the_table_is_whole() -> None:
    assert tuple(LANGUAGE_TABLE) == LANGUAGES
    assert [info.code for info in LANGUAGE_TABLE.values() if info.is_default] == [DEFAULT_LANGUAGE]
    assert {page_address(language) for language in LANGUAGES} == {"/", "/ar/"}
    assert [direction_of(language) for language in LANGUAGES] == ["rtl", "ltr"]
    assert is_known("ar")
    assert not is_known("fr")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_its_words_and_prompts(language: Language) -> None:
    assert load_words(language)["own_language"]
    assert load_prompts(ROOT / "prompts").texts[f"answer.{language}"]


@pytest.mark.parametrize(("text", "language"), [("", "en"), ("2017", "en"), ("ab با", "en"), ("a با", "ar")])
def test_of_as_many_letters_the_default_is_taken(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [("La police est dans une rue", "fr"), ("The police is in a street", "en"), ("الشرطة في la rue", "ar")],
)
def test_languages_with_the_same_letters_are_told_apart_by_their_words(text: str, language: str) -> None:
    assert detect_among(text, [*LANGUAGE_TABLE.values(), FRENCH]) == language


def test_a_date_stays_in_digits_where_no_names_of_months_are_known() -> None:
    assert format_day("2017-03-23", "fr") == "2017-03-23" == parse_day(format_day("2017-03-23", "fr"))


def test_a_pair_of_languages_that_was_not_fitted_has_the_weights_of_its_kind(tmp_path: Path) -> None:
    text = Settings().calibration.read_text("utf-8")
    whole = load_calibration(Settings().calibration)
    start, end = text.index('[pairs."en -> ar"]'), len(text)
    path = tmp_path / "calibration.toml"
    path.write_text(text[:start], "utf-8")
    filled = load_calibration(path)
    assert tuple(filled.pairs) == LANGUAGE_PAIRS
    assert filled.pairs["en -> en"] == whole.pairs["ar -> ar"] != whole.pairs["en -> en"]
    assert filled.pairs["en -> ar"] == whole.pairs["ar -> en"] != whole.pairs["en -> ar"]
    path.write_text(text[: text.index('[pairs."ar -> en"]')] + text[end:], "utf-8")
    with pytest.raises(UsageError, match="is not a calibration"):
        load_calibration(path)
