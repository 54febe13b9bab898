"""Questions that this collection answers, made from its newest articles and tried on it."""

from __future__ import annotations

import re
from collections import Counter
from itertools import zip_longest

from index.store.snapshot import Snapshot
from index.text.normalize import fold
from index.types import Article
from qa.engine import Engine
from qa.interfaces.i18n import LANGUAGES, load_words
from qa.language.stopwords import content_words
from qa.types import Language, SearchFilter
from qa.understanding.interpret import interpret
from qa.understanding.validation import parse_question

_SHOWN = 4
_ARTICLES = 100  # of each language that are looked at, the newest
_TRIED = 10  # names of each language that are tried
_TWICE = 2  # times that a pair of words must stand in the articles
# What is named in English is written with capital letters. Arabic has none: there it is two words of which the second
# has the article (`مدينة الرقة`, `الولايات المتحدة`) and the first is no verb of the present (`تقسم التحالف`).
_NAMED = {
    "en": re.compile(r"(?<![.!?] )\b[A-Z][\w’'-]+ [A-Z][\w’'-]+\b"),
    "ar": re.compile(r"(?=(?<!\w)((?![يت](?!\w*ة))[^\W\d_]{3,} ال[^\W\d_]{3,})(?!\w))"),
}


def suggest_questions(engine: Engine) -> tuple[str, ...]:
    """Return a few questions that this collection answers, in the languages of its articles; none when it is empty."""
    snapshot = engine.snapshot()
    of_language = [_answered(engine, snapshot, language) for language in LANGUAGES]
    taken = [question for pair in zip_longest(*of_language) for question in pair if question]
    return tuple(taken[:_SHOWN])


def _answered(engine: Engine, snapshot: Snapshot, language: Language) -> list[str]:
    heads = sorted(
        (head for head in snapshot.article_heads() if head.language == language), key=lambda head: head.published or ""
    )
    articles = [snapshot.article(head.id) for head in heads[-_ARTICLES:]]
    asked = (load_words(language)["example_about"].format(name=name) for name in _named(articles, language)[:_TRIED])
    found = []
    for question in asked:
        if interpret(engine, snapshot, parse_question(question), SearchFilter(), ()).enough:
            found.append(question)
        if len(found) == _SHOWN:
            break
    return found


def _named(articles: list[Article], language: Language) -> list[str]:
    """Return what the articles name, what stands out most first: pairs of words that are met together, seldom apart."""
    pairs: Counter[str] = Counter()
    single: Counter[str] = Counter()
    for article in articles:
        pairs.update(_NAMED[language].findall(article.text))
        single.update(re.findall(r"\w+", fold(article.text)))
    together = {
        pair: count * count / max(single[word] or count for word in fold(pair).split())
        for pair, count in pairs.items()
        if count >= _TWICE and len(content_words(pair)) == 2
    }
    return sorted(together, key=lambda pair: (-together[pair], pair))
