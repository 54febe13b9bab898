"""Checks each sentence of a draft against the evidence it may rest on."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.models.embedder import Embedder
from index.text.chunking import sentence_spans
from index.text.normalize import detect_language, fold, one_line
from qa.types import Evidence, Sentence
from qa.verification.citations import MARKER, normalize_markers
from qa.verification.consistency import is_consistent, required_terms
from qa.verification.entities import mentions, words_and_pairs

_BRACKETS = re.compile(r"\s*\[[^\[\]]{0,20}\]|[\[\]]")  # what is left of markers that are none
_BLANKS = re.compile(r"\W+")
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
        draft = normalize_markers(draft)
        found = (self._sentence(draft[start:end], evidence) for start, end in sentence_spans(draft))
        return tuple(sentence for sentence in found if sentence is not None)

    def _sentence(self, marked: str, evidence: Sequence[Evidence]) -> Sentence | None:
        text = one_line(_BRACKETS.sub("", MARKER.sub("", marked)))
        if not _BLANKS.sub("", text):
            return None
        hints = {int(n) for group in MARKER.findall(marked) for n in re.findall(r"\d+", group)}
        ordered = sorted(evidence, key=lambda e: (e.number not in hints, e.number))
        if (item := _copied_from(text, ordered)) is not None:
            return Sentence(one_line(item.text), "supported", (item.number,))
        if (item := self._meant(text, ordered)) is not None:
            return Sentence(text, "supported", (item.number,))
        return Sentence(text, "unsupported", ())

    def _meant(self, text: str, evidence: Sequence[Evidence]) -> Evidence | None:
        """Return the evidence that is nearest in meaning, among all that contradicts nothing in `text`."""
        language = detect_language(text)
        near = [
            item
            for item in evidence
            if self._likeness(text, item.text) >= (SUPPORT if item.language == language else TRANSLATED)
        ]
        near.sort(key=lambda item: -self._likeness(text, item.text))
        return next(
            (item for item in near if is_consistent(text, item.text) and self.names_held(text, item.text)), None
        )

    def _likeness(self, one: str, other: str) -> float:
        first, second = self._embedded([one, other])
        return float(first @ second)

    def names_held(self, text: str, evidence: str) -> bool:
        """Return whether the two name the same: by the letters, else by what the names mean."""
        terms, among = required_terms(text, evidence)
        missing = [term for term in terms if not mentions(term, among)]
        if not missing:
            return True
        likeness = self._embedded(missing) @ self._embedded(words_and_pairs(among)).T
        least = _NAMED_SURELY if self._likeness(text, evidence) >= _SURE else NAMED
        return bool((likeness.max(axis=1, initial=0) >= least).all())

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors |= dict(zip(new, self._embedder.embed_queries(new), strict=True))
        if not texts:
            return np.empty((0, self._embedder.dimension), np.float32)
        return np.stack([self._vectors[text] for text in texts])


def _copied_from(text: str, evidence: Sequence[Evidence]) -> Evidence | None:
    words = _words(text)
    return next((item for item in evidence if f" {words} " in f" {_words(item.text)} "), None)


def _words(text: str) -> str:
    return " ".join(_BLANKS.split(fold(text))).strip()
