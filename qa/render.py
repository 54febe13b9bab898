"""How is it shown safely, in the right direction?"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict

from index.normalise import language_of
from qa.types import Answer, Citation, Language, Sentence

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")  # all of ASCII's: HTML's and Markdown's own marks are among them


def as_json(answer: Answer) -> str:
    """Return the answer as one JSON object: the contract of `ask --json`."""
    return json.dumps(asdict(answer), ensure_ascii=False)


def as_text(answer: Answer) -> str:
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


def as_html(answer: Answer) -> str:
    """Return the answer and its sources as HTML in which nothing of an article or a draft is markup."""
    parts = sentences_as_html(answer.sentences) if answer.sentences else block(answer.text)
    parts += "".join(block(note) for note in _notes(answer))
    if answer.closest:
        parts += "<hr>" + block(_closest(answer.language))
    for c in answer.citations or answer.closest:
        parts += "<hr>" + block(_heading(c), (c.number,) if answer.citations else ()) + block(f"«{c.quote}»")
        parts += block(_also(c, answer.language)) if c.also else ""
    return parts


def found_as_html(nearest: Sequence[Citation], language: Language) -> str:
    """Return what was found, as HTML to stand under an answer that is still being written."""
    found = {"ar": "وُجد، والجواب قيد الكتابة:", "en": "Found; the answer is being written:"}[language]
    return block(found) + "".join(block(_heading(c)) + block(f"«{c.quote}»") for c in nearest)


def sentences_as_html(sentences: Sequence[Sentence]) -> str:
    """Return checked sentences as HTML, each in its own direction."""
    return "".join(block(sentence.text, sentence.citations, sentence.support) for sentence in sentences)


def _notes(answer: Answer) -> list[str]:
    """Return what a reader should know of how the answer came about."""
    arabic = answer.language == "ar"
    notes = {
        "quoted": "(اقتباس من المقال)" if arabic else "(quoted from the article)",
        "cut": "(قُطع الجواب قبل نهايته)" if arabic else "(cut before its end)",
    }
    said = [notes[answer.status]] if answer.status in notes else []
    if answer.asked != answer.question:
        said.append(f"({'فُهم السؤال هكذا' if arabic else 'Understood as'}: {answer.asked})")
    if answer.since or answer.until:
        first, last = answer.since or "…", answer.until or "…"
        said.append(f"(مقالات من {first} إلى {last})" if arabic else f"(Articles from {first} to {last})")
    return said


def block(text: str, numbers: Sequence[int] = (), state: str = "") -> str:
    """Return a block of text as HTML, in the direction that most of its letters have."""
    direction = "rtl" if language_of(text) == "ar" else "ltr"
    marks = "".join(f" <b>&#91;{number}&#93;</b>" for number in numbers)
    doubt = " &#9888;" if state == "unsupported" else ""
    return f'<div dir="{direction}">{escape(text)}{marks}{doubt}</div>'


def escape(text: str) -> str:
    """Return text of which neither an HTML nor a Markdown reader can make anything but text."""
    return _PUNCTUATION.sub(lambda match: f"&#{ord(match.group())};", text).replace("\n", "<br>")


def _closest(language: Language) -> str:
    return {"ar": "أقرب ما في المقالات، وليس جوابا:", "en": "Closest in the articles, not an answer:"}[language]


def _source(citation: Citation, mark: str, language: Language) -> str:
    lines = [f"{mark} {_heading(citation)}", f"    «{citation.quote}»"]
    return "\n".join(lines + ([f"    {_also(citation, language)}"] if citation.also else []))


def _also(citation: Citation, language: Language) -> str:
    return {"ar": "نشره أيضا: ", "en": "Also reported by: "}[language] + "; ".join(citation.also)


def _heading(citation: Citation) -> str:
    return " · ".join(part for part in (citation.title, citation.published, citation.path) if part)
