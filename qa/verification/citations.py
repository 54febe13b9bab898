"""Citation markers and numbers, and where each citation lies."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.store.snapshot import Snapshot
from index.text.chunking import headline
from index.text.normalize import fold
from index.types import Article
from qa.types import Citation, Evidence, Sentence

MARKER = re.compile(r"\s*\[[\s\[]*(\d{1,3}(?:\s*[,،]\s*\d{1,3})*)[\s\]]*\]")
_CLOSEST = 3  # articles that are offered where there is no answer


def normalize_markers(text: str) -> str:
    """Return a draft with its markers as `[2]`, each before the end of the sentence that it stands behind.

    Models write `【٢】`, and as often `Eight people. [1]` as `Eight people [1].`
    """
    text = re.sub(r"\[\s*[\d\s,،\[]+\]", lambda match: fold(match.group()), text.translate(_ASCII_BRACKETS))
    return re.sub(r"([.!?؟…]+)((?:\s*\[[\d\s,]+\])+)", r"\2\1", text)


_ASCII_BRACKETS = str.maketrans("【】［］", "[][]")


def number_citations(
    checked: Sequence[Sentence], evidence: Sequence[Evidence], snapshot: Snapshot
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """Return the sentences with citations numbered from 1 in the order in which they are met, and these citations."""
    by_number = {item.number: item for item in evidence}
    order = list(dict.fromkeys(number for sentence in checked for number in sentence.citations))
    new = {old: position for position, old in enumerate(order, start=1)}
    cited = tuple(
        Sentence(sentence.text, sentence.support, tuple(new[number] for number in sentence.citations))
        for sentence in checked
    )
    return cited, tuple(build_citation(new[old], by_number[old], snapshot) for old in order)


def closest_citations(evidence: Sequence[Evidence], snapshot: Snapshot) -> tuple[Citation, ...]:
    """Return where the nearest sentence of each of the nearest articles lies: offered where there is no answer."""
    of_article = {item.article_id: item for item in reversed(evidence)}
    nearest = sorted(of_article.values(), key=lambda item: item.number)[:_CLOSEST]
    return tuple(build_citation(number, item, snapshot) for number, item in enumerate(nearest, start=1))


def join_sentences(cited: Sequence[Sentence]) -> str:
    """Return the text of an answer: its sentences with the numbers of their citations."""
    return " ".join(
        sentence.text + "".join(f" [{number}]" for number in sentence.citations) for sentence in cited
    ).strip()


def build_citation(number: int, item: Evidence, snapshot: Snapshot) -> Citation:
    article = snapshot.article(item.article_id)
    return Citation(
        number=number,
        article_id=article.id,
        title=headline(article),
        published=article.published,
        path=article.path,
        start=item.start,
        end=item.end,
        quote=article.text[item.start : item.end],
        also=tuple(_duplicate_label(snapshot.article(id_)) for id_ in item.also),
        source=article.source,
        url=article.url,
    )


def _duplicate_label(article: Article) -> str:
    return ", ".join(part for part in (article.source, article.published, article.path) if part)
