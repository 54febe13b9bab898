"""Checks each sentence of a draft against the evidence it may rest on."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.models.embedder import Embedder
from index.text.chunking import sentence_spans
from index.text.languages import detect_language
from index.text.normalize import fold, one_line
from qa.language.words import WORD, words
from qa.types import Evidence, Sentence
from qa.verification.citations import MARKER, normalize_markers
from qa.verification.consistency import contradicts, required_terms
from qa.verification.entities import mentions, words_and_pairs

_BRACKETS = re.compile(r"\s*\[[^\[\]]{0,20}\]|[\[\]]")  # what is left of markers that are none
# Cosines, measured on 810 sentences of news and their translations (see ARCHITECTURE.md): of a sentence and its
# evidence in one language, in two, and of a name and the words that name the same in the other language.
_MIN_SIMILARITY = 0.60
_MIN_TRANSLATION_SIMILARITY = 0.68
_MIN_NAME_SIMILARITY = 0.60
# A sentence this similar to its evidence hardly ever names somebody else: its names may be spelled more freely.
_NEAR_SIMILARITY = 0.80
_MIN_NAME_SIMILARITY_WHEN_NEAR = 0.50


class Checker:
    """Checks sentences against the evidence they may rest on. Keeps vectors between the sentences of an answer."""

    def __init__(self, embedder: Embedder) -> None:
        """Take the model whose vectors are compared."""
        self._embedder = embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def check(self, draft: str, evidence: Sequence[Evidence]) -> tuple[Sentence, ...]:
        """Return the sentences of a draft with the number of the evidence that supports each.

        Words copied from a piece of evidence become the whole of it: a fragment can mislead where its sentence does
        not. Other sentences are supported by evidence that says the same by its vector, holds every number, day and
        name in them, and denies what they deny. The draft's own markers only order the search.
        """
        draft = normalize_markers(draft)
        checked = (self._check_sentence(draft[start:end], evidence) for start, end in sentence_spans(draft))
        return tuple(sentence for sentence in checked if sentence is not None)

    def names_supported(self, claim: str, evidence: str) -> bool:
        """Return whether two sentences name the same: by the letters of the names, else by their vectors."""
        terms, searched = required_terms(claim, evidence)
        missing = [term for term in terms if not mentions(term, searched)]
        if not missing:
            return True
        similarities = self._embed(missing) @ self._embed(words_and_pairs(searched)).T
        near = self._similarity(claim, evidence) >= _NEAR_SIMILARITY
        least = _MIN_NAME_SIMILARITY_WHEN_NEAR if near else _MIN_NAME_SIMILARITY
        return bool((similarities.max(axis=1, initial=0) >= least).all())

    def _check_sentence(self, marked: str, evidence: Sequence[Evidence]) -> Sentence | None:
        """Return a sentence of a draft, checked; None when nothing but markers is in it."""
        text = one_line(_BRACKETS.sub("", MARKER.sub("", marked)))
        if not WORD.search(text):
            return None
        marked_numbers = {int(number) for group in MARKER.findall(marked) for number in re.findall(r"\d+", group)}
        ordered = sorted(evidence, key=lambda item: (item.number not in marked_numbers, item.number))
        if (copied := _find_copied(text, ordered)) is not None:
            return Sentence(one_line(copied.text), "supported", (copied.number,))
        if (support := self._find_support(text, ordered)) is not None:
            return Sentence(text, "supported", (support.number,))
        return Sentence(text, "unsupported", ())

    def _find_support(self, text: str, evidence: Sequence[Evidence]) -> Evidence | None:
        """Return the most similar evidence of all that is similar enough and contradicts nothing in `text`."""
        language = detect_language(text)
        similar: list[tuple[float, Evidence]] = []
        for item in evidence:
            similarity = self._similarity(text, item.text)
            if similarity >= (_MIN_SIMILARITY if item.language == language else _MIN_TRANSLATION_SIMILARITY):
                similar.append((similarity, item))
        similar.sort(key=lambda entry: -entry[0])
        for _, item in similar:
            if not contradicts(text, item.text) and self.names_supported(text, item.text):
                return item
        return None

    def _similarity(self, one: str, other: str) -> float:
        first, second = self._embed([one, other])
        return float(first @ second)

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors [n, d] of texts; each is embedded once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors |= dict(zip(new, self._embedder.embed_queries(new), strict=True))
        if not texts:
            return np.empty((0, self._embedder.dimension), np.float32)
        return np.stack([self._vectors[text] for text in texts])


def _find_copied(text: str, evidence: Sequence[Evidence]) -> Evidence | None:
    """Return the first evidence that holds the words of `text` in a row."""
    copied = _spaced_words(text)
    return next((item for item in evidence if copied in _spaced_words(item.text)), None)


def _spaced_words(text: str) -> str:
    return f" {' '.join(words(fold(text)))} "
