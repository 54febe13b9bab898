"""Citation markers and numbers, and where each citation lies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

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


class CitationNumbering:
    """Numbers the evidence of one answer in the order in which it is first cited.

    What was shown with a number keeps it while the answer is written. Only when something that was shown is dropped in
    the end do the numbers behind it move up, so that those of an answer are always 1, 2, 3.
    """

    def __init__(self, evidence: Sequence[Evidence], snapshot: Snapshot) -> None:
        self._evidence = {item.number: item for item in evidence}
        self._snapshot = snapshot
        self._order: list[int] = []  # numbers of evidence, as they were first cited

    def number(self, sentences: Sequence[Sentence]) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
        """Return the sentences with the numbers of citations in the place of those of evidence, and the citations."""
        cited = {number for sentence in sentences for number in sentence.citations}
        new = [number for sentence in sentences for number in sentence.citations if number not in self._order]
        self._order += dict.fromkeys(new)
        kept = [number for number in self._order if number in cited]
        position = {number: place for place, number in enumerate(kept, start=1)}
        numbered = tuple(
            replace(sentence, citations=tuple(position[number] for number in sentence.citations))
            for sentence in sentences
        )
        citations = (
            build_citation(place, self._evidence[number], self._snapshot) for number, place in position.items()
        )
        return numbered, tuple(citations)


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
    """Return where a piece of evidence lies, as citation `number`."""
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
        duplicates=item.also,
        details=article.details,
    )


def _duplicate_label(article: Article) -> str:
    """Return what tells a copy from others: who published it, else its title, and when. Never its place on the disk."""
    return ", ".join(part for part in (article.source or headline(article), article.published) if part)
