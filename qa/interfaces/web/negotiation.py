"""The language of the page that a reader wants: what was chosen before, else what the browser prefers."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from index.text.languages import DEFAULT_LANGUAGE, LANGUAGE_TABLE, LANGUAGES
from qa.types import Language

COOKIE = "mujib_language"


def page_address(language: Language) -> str:
    """Return the path of the page in a language, with its last slash."""
    return LANGUAGE_TABLE[language].path.rstrip("/") + "/"


def wanted_language(connection: HTTPConnection) -> Language:
    """Return the language that the reader chose (a cookie), or else the one that the browser prefers."""
    chosen = connection.cookies.get(COOKIE)
    for language in LANGUAGES:
        if language == chosen:
            return language
    return preferred_language(",".join(connection.headers.getlist("accept-language")))


def preferred_language(accept_language: str) -> Language:
    """Return the page's language that an `Accept-Language` header (RFC 9110, 12.5.4) prefers, or the default.

    >>> preferred_language("fr, ar-TN;q=0.9, en;q=0.1")
    'ar'
    """
    ranges = [_parse_range(part) for part in accept_language.split(",")]
    best, best_quality = DEFAULT_LANGUAGE, 0.0
    for tag, quality in ranges:  # of two with the same quality the first is preferred
        for language in LANGUAGES:
            if tag == language and quality > best_quality:
                best, best_quality = language, quality
    return best


def _parse_range(text: str) -> tuple[str, float]:
    """Return the language of one range (`ar` for `ar-TN`) and its quality; 0 when the quality is not a number."""
    tag, _, parameter = text.partition(";")
    name, _, value = parameter.partition("=")
    language = tag.strip().lower().partition("-")[0]
    if name.strip().lower() != "q":
        return language, 1.0
    try:
        return language, float(value)
    except ValueError:
        return language, 0.0
