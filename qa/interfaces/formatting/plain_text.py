"""An answer as plain text and as JSON, and the direction of a text."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Literal

from index.text.normalize import detect_language
from qa.types import Answer, Citation, Language


def answer_as_json(answer: Answer) -> str:
    """Return the answer as one JSON object: the contract of `ask --json`."""
    return json.dumps(asdict(answer), ensure_ascii=False)


def answer_as_text(answer: Answer) -> str:
    """Return the answer and its sources as plain text for a terminal or a pipe."""
    doubt = {"ar": "غير مسنود: ", "en": "Not supported by the articles: "}[answer.language]
    lines = [answer.text, *_notes(answer)]
    lines += [doubt + sentence.text for sentence in answer.sentences if sentence.support == "unsupported"]
    if answer.closest:
        lines += ["", _closest(answer.language)]
        lines += [_source(c, "-", answer.language) for c in answer.closest]
    if answer.citations:
        lines += ["", *(_source(c, f"[{c.number}]", answer.language) for c in answer.citations)]
    return "\n".join(lines)


def is_translated(answer: Answer) -> bool:
    """Return whether a sentence is in another language than the quote that it rests on."""
    quoted = {citation.number: detect_language(citation.quote) for citation in answer.citations}
    said = {(number, detect_language(one.text)) for one in answer.sentences for number in one.citations}
    return any(quoted.get(number, language) != language for number, language in said)


def _notes(answer: Answer) -> list[str]:
    """Return what a reader should know of how the answer came about."""
    arabic = answer.language == "ar"
    notes = {
        "quoted": "(اقتباس من المقال)" if arabic else "(quoted from the article)",
        "cut": "(قُطع الجواب قبل نهايته)" if arabic else "(cut before its end)",
    }
    said = [notes[answer.status]] if answer.status in notes else []
    if is_translated(answer):
        said.append(
            "(مترجم آليا عن المقال: قارنه بالاقتباس)" if arabic else "(translated from the article: compare the quote)"
        )
    if answer.asked != answer.question:
        said.append(f"({'فُهم السؤال هكذا' if arabic else 'Understood as'}: {answer.asked})")
    if answer.since or answer.until:
        first, last = answer.since or "…", answer.until or "…"
        said.append(f"(مقالات من {first} إلى {last})" if arabic else f"(Articles from {first} to {last})")
    return said


def text_direction(text: str) -> Literal["rtl", "ltr"]:
    """Return the direction that most of a text's letters have."""
    return "rtl" if detect_language(text) == "ar" else "ltr"


def _closest(language: Language) -> str:
    return {"ar": "أقرب ما في المقالات، وليس جوابا:", "en": "Closest in the articles, not an answer:"}[language]


def _source(citation: Citation, mark: str, language: Language) -> str:
    lines = [f"{mark} {_heading(citation)}", f"    «{citation.quote}»"]
    return "\n".join(lines + ([f"    {_also(citation, language)}"] if citation.also else []))


def _also(citation: Citation, language: Language) -> str:
    return {"ar": "نشره أيضا: ", "en": "Also reported by: "}[language] + "; ".join(citation.also)


def _heading(citation: Citation) -> str:
    return " · ".join(part for part in (citation.title, citation.published, citation.path) if part)
