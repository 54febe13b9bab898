"""Groups passages by article, and articles that copy each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from index.store.snapshot import Snapshot
from index.text.normalize import fold
from qa.language.numbers import extract_numbers
from qa.retrieval.candidates import Candidate

_COPY = 0.85  # cosine of passages whose words are compared
_COPY_WORDS = 0.50  # share of the shorter one's runs of words that the other holds
_RUN = 5  # words


@dataclass(slots=True)
class ArticleGroup:
    """A story in the making: the candidates of one article, best first, their rows, and the articles that copy it."""

    score: float
    candidates: list[Candidate]
    rows: list[int]
    also: list[str] = field(default_factory=list)
    translation: bool = False

    @property
    def article_id(self) -> str:
        return self.candidates[0].key[1]

    @property
    def language(self) -> str:
        return self.candidates[0].language


def group_by_article(
    snapshot: Snapshot, candidates: Sequence[Candidate], likeness: NDArray[np.float32], first: int
) -> list[ArticleGroup]:
    """Put the passages of one article together, and with the `first` of them the articles that copy them."""
    text_of = cache(lambda number: snapshot.chunks([number])[0].text)
    groups: dict[str, ArticleGroup] = {}
    copied: set[str] = set()
    for row, candidate in enumerate(candidates):
        article_id = candidate.key[1]
        if article_id in groups:
            groups[article_id].candidates.append(candidate)
            groups[article_id].rows.append(row)
        elif article_id not in copied:
            alike = [
                group
                for group in (list(groups.values()) if len(groups) < first else [])
                if group.language == candidate.language and likeness[row, group.rows[0]] >= _COPY
            ]
            own = text_of(candidate.number) if alike else ""
            original = next((group for group in alike if is_duplicate(text_of(group.candidates[0].number), own)), None)
            if original is None:
                groups[article_id] = ArticleGroup(-candidate.key[0], [candidate], [row])
            else:
                original.also.append(article_id)
                copied.add(article_id)
    return list(groups.values())


def is_duplicate(one: str, other: str) -> bool:
    """Return whether two texts say the same in the same words.

    The same words with other numbers are no copy: an agency that counts three dead, and then four.
    """
    runs, others = _runs(one), _runs(other)
    if len(runs & others) < _COPY_WORDS * min(len(runs), len(others)):
        return False
    numbers, other_numbers = extract_numbers(one), extract_numbers(other)
    return numbers <= other_numbers or other_numbers <= numbers


@lru_cache(maxsize=1_000)
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", fold(text))
    return frozenset(tuple(words[i : i + _RUN]) for i in range(max(1, len(words) - _RUN + 1)))
