"""The articles of the collection: counted by month, filtered, listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from index.store.snapshot import Snapshot
from index.text.chunking import headline
from index.text.languages import LANGUAGES, is_known
from index.types import ArticleHead
from qa.types import SearchFilter

OTHER = "other"  # what is counted of languages that are not in the table
_MAX_COLUMNS = 36  # of the plot: a longer period is shown by years


@dataclass(frozen=True, slots=True)
class PlotColumn:
    """A month or year of the plot: the `counts` of articles in each language (by its code) and in `OTHER` ones."""

    period: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """The number of articles in all languages."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class ArticleItem:
    """An article in a list."""

    id: str
    title: str
    published: str | None
    source: str | None
    path: str


def month_columns(heads: Iterable[ArticleHead]) -> tuple[PlotColumn, ...]:
    """Return how many articles were published in each month, or each year when the months are too many.

    Periods without articles are included; articles without a known day are not.
    """
    dated = [(head.published, head.language if is_known(head.language) else OTHER) for head in heads]
    for digits in (len("2017-03"), len("2017")):
        counts = Counter((day[:digits], kind) for day, kind in dated if day)
        periods = _consecutive_periods(sorted({period for period, _ in counts}))
        if len(periods) <= _MAX_COLUMNS:
            break
    return tuple(PlotColumn(period, {kind: counts[period, kind] for kind in (*LANGUAGES, OTHER)}) for period in periods)


def _consecutive_periods(periods: Sequence[str]) -> list[str]:
    """Return all months, or years, from the first to the last of the sorted `periods`."""
    if not periods:
        return []
    first, last = _period_number(periods[0]), _period_number(periods[-1])
    if len(periods[0]) == len("2017"):
        return [f"{year:04}" for year in range(first, last + 1)]
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, last + 1)]


def _period_number(period: str) -> int:
    """Return a year, or the number of months from year 0 to a month."""
    year, _, month = period.partition("-")
    return int(year) * 12 + int(month) - 1 if month else int(year)


def source_options(heads: Iterable[ArticleHead]) -> list[str]:
    """Return the names of all sources, in alphabetical order."""
    return sorted({head.source for head in heads if head.source})


def filter_articles(
    snapshot: Snapshot, words: str, search_filter: SearchFilter, source: str | None
) -> list[ArticleHead]:
    """Return the articles that contain all these words, of these days and this source, the newest first."""
    with_words = snapshot.articles_with_words(words) if words.strip() else None
    found = [
        head
        for head in snapshot.article_heads()
        if (with_words is None or head.id in with_words)
        and (not source or head.source == source)
        and _is_within(head.published, search_filter)
    ]
    return sorted(found, key=lambda head: (head.published or "", head.id), reverse=True)


def _is_within(published: str | None, search_filter: SearchFilter) -> bool:
    """Return whether a day lies within a filter; an unknown day lies only within one that names no days."""
    day = published or ""
    if search_filter.since and day < search_filter.since:
        return False
    return not search_filter.until or "" < day <= search_filter.until


def list_items(snapshot: Snapshot, heads: Iterable[ArticleHead]) -> tuple[ArticleItem, ...]:
    """Return the articles as a list shows them."""
    return tuple(
        ArticleItem(head.id, headline(snapshot.article(head.id)), head.published, head.source, head.path)
        for head in heads
    )
