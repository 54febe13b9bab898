"""How is it shown safely, in the right direction?"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict

from index.normalise import language_of
from qa.types import Answer, Citation, Language

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")  # all of ASCII's: HTML's and Markdown's own marks are among them


def as_json(answer: Answer) -> str:
    """Return the answer as one JSON object: the contract of `ask --json`."""
    return json.dumps(asdict(answer), ensure_ascii=False)


def as_text(answer: Answer) -> str:
    """Return the answer and its sources as plain text for a terminal or a pipe."""
    sources = [_source(citation, answer.language) for citation in answer.citations]
    notes = {
        "quoted": {"ar": "(اقتباس من المقال)", "en": "(quoted from the article)"},
        "cut": {"ar": "(قُطع الجواب عند حده الزمني)", "en": "(cut at its time limit)"},
    }
    unsupported = [s.text for s in answer.sentences if s.support == "unsupported"]
    doubt = {"ar": "غير مسنود: ", "en": "Not supported by the articles: "}[answer.language]
    lines = [answer.text, notes.get(answer.status, {}).get(answer.language, "")]
    lines += [doubt + text for text in unsupported]
    if answer.closest:
        sources = [_closest(answer.language), *(_source(citation, answer.language) for citation in answer.closest)]
    return "\n".join([line for line in lines if line] + (["", *sources] if sources else []))


def as_html(answer: Answer) -> str:
    """Return the answer and its sources as HTML in which nothing of an article or a draft is markup."""
    parts = [block(sentence.text, sentence.citations, sentence.support) for sentence in answer.sentences]
    parts += [] if answer.sentences else [block(answer.text)]
    if answer.closest:
        parts += ["<hr>", block(_closest(answer.language))]
    for c in answer.citations or answer.closest:
        parts += ["<hr>", block(_heading(c), (c.number,)), block(f"«{c.quote}»")]
        parts += [block(_also(c, answer.language))] if c.also else []
    return "".join(parts)


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


def _source(citation: Citation, language: Language) -> str:
    lines = [f"[{citation.number}] {_heading(citation)}", f"    «{citation.quote}»"]
    return "\n".join(lines + ([f"    {_also(citation, language)}"] if citation.also else []))


def _also(citation: Citation, language: Language) -> str:
    return {"ar": "نشره أيضا: ", "en": "Also reported by: "}[language] + "; ".join(citation.also)


def _heading(citation: Citation) -> str:
    return " · ".join(part for part in (citation.title, citation.published, citation.path) if part)
