"""The articles of the collection by month, and filtered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from index.store.schema import ArticleHead
from index.store.snapshot import Snapshot
from index.text.chunking import headline
from qa.types import SearchFilter

_MONTHS = 36  # columns of the plot: a longer time is told by years


@dataclass(frozen=True, slots=True)
class Column:
    """A month or year of the plot: how many articles in Arabic ("ar"), in English ("en"), in an "other" language."""

    period: str
    kinds: Mapping[str, int]

    @property
    def total(self) -> int:
        """Return how many there are."""
        return sum(self.kinds.values())


@dataclass(frozen=True, slots=True)
class Item:
    """An article in a list."""

    id: str
    title: str
    published: str | None
    source: str | None
    path: str


def month_columns(heads: Iterable[ArticleHead]) -> tuple[Column, ...]:
    """Return how many articles were published in each month, or each year when there are many months; none is left out.

    Articles without a known day are not in it.
    """
    dated = [(head.published, head.language if head.language in {"ar", "en"} else "other") for head in heads]
    for digits in (7, 4):
        counts = Counter((day[:digits], kind) for day, kind in dated if day)
        periods = _from_to(sorted({period for period, _ in counts}))
        if len(periods) <= _MONTHS:
            break
    return tuple(Column(period, {kind: counts[period, kind] for kind in ("ar", "en", "other")}) for period in periods)


def _from_to(periods: Sequence[str]) -> list[str]:
    """Return all months, or years, from the first to the last."""
    if not periods:
        return []
    first, last = (_number(period) for period in (periods[0], periods[-1]))
    if len(periods[0]) == 4:
        return [f"{year:04}" for year in range(first, last + 1)]
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, last + 1)]


def _number(period: str) -> int:
    year, _, month = period.partition("-")
    return int(year) * 12 + int(month) - 1 if month else int(year)


def source_options(heads: Iterable[ArticleHead]) -> list[str]:
    """Return the names of all sources, in alphabetical order."""
    return sorted({head.source for head in heads if head.source})


def filter_articles(snapshot: Snapshot, words: str, window: SearchFilter, source: str | None) -> list[ArticleHead]:
    """Return the articles that hold all these words, of these days and this source, the newest first."""
    holding = snapshot.articles_with_words(words) if words.strip() else None
    found = [
        head
        for head in snapshot.article_heads()
        if (holding is None or head.id in holding)
        and (not source or head.source == source)
        and (not window.since or (head.published or "") >= window.since)
        and (not window.until or "" < (head.published or "") <= window.until)
    ]
    return sorted(found, key=lambda head: (head.published or "", head.id), reverse=True)


def list_items(snapshot: Snapshot, heads: Iterable[ArticleHead]) -> tuple[Item, ...]:
    """Return the articles as a list shows them."""
    return tuple(
        Item(head.id, headline(snapshot.article(head.id)), head.published, head.source, head.path) for head in heads
    )
