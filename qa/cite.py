"""Which sentences of the draft are supported, and by what?"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.chunk import headline, sentences
from index.dates import spelled
from index.embed import Embedder
from index.normalise import fold, language_of, one_line
from index.snapshot import Snapshot
from index.types import Article
from qa import claims, names
from qa.ground import second
from qa.types import Citation, Evidence, Sentence

_MARKER = re.compile(r"\s*\[[\s\[]*(\d{1,3}(?:\s*[,،]\s*\d{1,3})*)[\s\]]*\]")
_BRACKETS = re.compile(r"\s*\[[^\[\]]{0,20}\]|[\[\]]")  # what is left of markers that are none
_BLANKS = re.compile(r"\W+")
_CLOSEST = 3  # articles that are offered where there is no answer
QUOTES = 2  # sentences that an answer quotes, at most
# Cosines, measured on 810 sentences of news and their translations (ARCHITECTURE.md tells how): of a sentence and its
# evidence in one language, in two, and of a name and the words that name the same in the other language.
SUPPORT = 0.60
TRANSLATED = 0.68
NAMED = 0.60
# A sentence that is this like its evidence names somebody else hardly ever: its names may be spelled more freely.
_SURE = 0.80
_NAMED_SURELY = 0.50


class Checker:
    """Checks sentences against the evidence they may rest on. Keeps vectors between the sentences of an answer."""

    def __init__(self, embedder: Embedder) -> None:
        """Take the model that tells what is alike."""
        self._embedder = embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def check(self, draft: str, evidence: Sequence[Evidence]) -> tuple[Sentence, ...]:
        """Return the sentences of a draft with the number of the evidence that supports each.

        Words copied from a piece of evidence become the whole of it: a fragment can mislead where its sentence does
        not. Other sentences are supported by evidence that says the same by its vector, holds every number, day and
        name in them, and denies what they deny. The draft's own markers only order the search.
        """
        draft = fold_markers(draft)
        found = (self._sentence(draft[start:end], evidence) for start, end in sentences(draft))
        return tuple(sentence for sentence in found if sentence is not None)

    def _sentence(self, marked: str, evidence: Sequence[Evidence]) -> Sentence | None:
        text = one_line(_BRACKETS.sub("", _MARKER.sub("", marked)))
        if not _BLANKS.sub("", text):
            return None
        hints = {int(n) for group in _MARKER.findall(marked) for n in re.findall(r"\d+", group)}
        ordered = sorted(evidence, key=lambda e: (e.number not in hints, e.number))
        if (item := _copied_from(text, ordered)) is not None:
            return Sentence(one_line(item.text), "supported", (item.number,))
        if (item := self._meant(text, ordered)) is not None:
            return Sentence(text, "supported", (item.number,))
        return Sentence(text, "unsupported", ())

    def _meant(self, text: str, evidence: Sequence[Evidence]) -> Evidence | None:
        """Return the evidence that is nearest in meaning, among all that contradicts nothing in `text`."""
        language = language_of(text)
        near = [
            item
            for item in evidence
            if self._likeness(text, item.text) >= (SUPPORT if item.language == language else TRANSLATED)
        ]
        near.sort(key=lambda item: -self._likeness(text, item.text))
        return next((item for item in near if claims.agree(text, item.text) and self.names_held(text, item.text)), None)

    def _likeness(self, one: str, other: str) -> float:
        first, second = self._embedded([one, other])
        return float(first @ second)

    def names_held(self, text: str, evidence: str) -> bool:
        """Return whether the two name the same: by the letters, else by what the names mean."""
        terms, among = claims.to_find(text, evidence)
        missing = [term for term in terms if not names.named_in(term, among)]
        if not missing:
            return True
        likeness = self._embedded(missing) @ self._embedded(names.words_and_pairs(among)).T
        least = _NAMED_SURELY if self._likeness(text, evidence) >= _SURE else NAMED
        return bool((likeness.max(axis=1, initial=0) >= least).all())

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors |= dict(zip(new, self._embedder.questions(new), strict=True))
        if not texts:
            return np.empty((0, self._embedder.dimension), np.float32)
        return np.stack([self._vectors[text] for text in texts])


def fold_markers(text: str) -> str:
    """Return a draft with its markers as `[2]`, each before the end of the sentence that it stands behind.

    Models write `【٢】`, and as often `Eight people. [1]` as `Eight people [1].`
    """
    text = re.sub(r"\[\s*[\d\s,،\[]+\]", lambda match: fold(match.group()), text.translate(_ASCII_BRACKETS))
    return re.sub(r"([.!?؟…]+)((?:\s*\[[\d\s,]+\])+)", r"\2\1", text)


_ASCII_BRACKETS = str.maketrans("【】［］", "[][]")


def with_best(checked: Sequence[Sentence], evidence: Sequence[Evidence]) -> tuple[Sentence, ...]:
    """Return an answer that only quotes evidence: the best of it first, `QUOTES` sentences in all.

    The second is the one that the model copied from, or where that is the best too, the `second` of the evidence.
    """
    best = one_line(evidence[0].text)
    pointed_to = [sentence for sentence in checked if sentence.text != best]
    return (quote(evidence[0]), *(pointed_to or map(quote, second(evidence))))[:QUOTES]


def quote(item: Evidence) -> Sentence:
    """Return a piece of evidence itself as a sentence of an answer."""
    return Sentence(one_line(item.text), "supported", (item.number,))


def side_by_side(evidence: Sequence[Evidence], snapshot: Snapshot) -> tuple[Sentence, ...]:
    """Return pieces of evidence that disagree, each with its article's day, the earliest first."""
    dated = [(snapshot.article(item.article_id).published or "", item) for item in evidence]
    dated.sort(key=lambda entry: entry[0])
    return tuple(
        Sentence(f"({spelled(day, item.language)}) {one_line(item.text)}", "supported", (item.number,))
        if day
        else quote(item)
        for day, item in dated
    )


def renumber(
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
    return cited, tuple(_citation(new[old], by_number[old], snapshot) for old in order)


def closest(evidence: Sequence[Evidence], snapshot: Snapshot) -> tuple[Citation, ...]:
    """Return where the nearest sentence of each of the nearest articles lies: offered where there is no answer."""
    of_article = {item.article_id: item for item in reversed(evidence)}
    nearest = sorted(of_article.values(), key=lambda item: item.number)[:_CLOSEST]
    return tuple(_citation(number, item, snapshot) for number, item in enumerate(nearest, start=1))


def write(cited: Sequence[Sentence]) -> str:
    """Return the text of an answer: its sentences with the numbers of their citations."""
    return " ".join(
        sentence.text + "".join(f" [{number}]" for number in sentence.citations) for sentence in cited
    ).strip()


def _citation(number: int, item: Evidence, snapshot: Snapshot) -> Citation:
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
        also=tuple(_named(snapshot.article(id_)) for id_ in item.also),
        source=article.source,
        url=article.url,
    )


def _named(article: Article) -> str:
    return ", ".join(part for part in (article.source, article.published, article.path) if part)


def _copied_from(text: str, evidence: Sequence[Evidence]) -> Evidence | None:
    words = _words(text)
    return next((item for item in evidence if f" {words} " in f" {_words(item.text)} "), None)


def _words(text: str) -> str:
    return " ".join(_BLANKS.split(fold(text))).strip()
