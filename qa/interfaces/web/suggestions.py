"""Questions that this collection answers, made from its newest articles and tried on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest

from index.text.normalize import fold
from index.types import Article
from qa.interfaces.i18n import PAGE_LANGUAGES, load_words
from qa.language.names import NAME_PATTERNS
from qa.language.stopwords import content_words
from qa.language.words import words
from qa.service import Mujib
from qa.types import Language

_MAX_SUGGESTIONS = 4
_MAX_ARTICLES = 100  # of each language, the newest
_MAX_TRIED = 10  # names of each language that are tried
_MIN_COUNT = 2  # times that a pair of words must stand in the articles


def suggest_questions(mujib: Mujib) -> tuple[str, ...]:
    """Return a few questions that this collection answers, in the languages of its articles; none when it is empty."""
    by_language = [
        list(islice(_answerable_questions(mujib, language), _MAX_SUGGESTIONS)) for language in PAGE_LANGUAGES
    ]
    alternating = [question for pair in zip_longest(*by_language) for question in pair if question]
    return tuple(alternating[:_MAX_SUGGESTIONS])


def _answerable_questions(mujib: Mujib, language: Language) -> Iterator[str]:
    """Yield questions about what the newest articles of a language name, as far as the collection answers them."""
    question = load_words(language)["example_about"]
    for name in _frequent_names(_newest_articles(mujib, language), language)[:_MAX_TRIED]:
        about_name = question.format(name=name)
        if mujib.can_answer(about_name):
            yield about_name


def _newest_articles(mujib: Mujib, language: Language) -> list[Article]:
    snapshot = mujib.collection.snapshot()
    heads = [head for head in snapshot.article_heads() if head.language == language]
    heads.sort(key=lambda head: head.published or "")
    return [snapshot.article(head.id) for head in heads[-_MAX_ARTICLES:]]


def _frequent_names(articles: Iterable[Article], language: Language) -> list[str]:
    """Return the pairs of words that often stand together and seldom apart, the most conspicuous first.

    None where it is not known what the names of the language look like.
    """
    pattern = NAME_PATTERNS.get(language)
    if pattern is None:
        return []
    pairs: Counter[str] = Counter()
    word_counts: Counter[str] = Counter()
    for article in articles:
        pairs.update(pattern.findall(article.text))
        word_counts.update(words(fold(article.text)))
    scores = {
        pair: count * count / max(word_counts[word] or count for word in fold(pair).split())
        for pair, count in pairs.items()
        if count >= _MIN_COUNT and len(content_words(pair)) == 2
    }
    return sorted(scores, key=lambda pair: (-scores[pair], pair))
