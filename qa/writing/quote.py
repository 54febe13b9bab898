"""Answers that quote the evidence itself."""

from __future__ import annotations

from collections.abc import Sequence

from index.store.snapshot import Snapshot
from index.text.dates import format_day
from index.text.normalize import one_line
from qa.retrieval.evidence import runner_up
from qa.types import Evidence, Sentence

MAX_QUOTES = 2  # sentences that an answer quotes, at most


def best_quotes(checked: Sequence[Sentence], evidence: Sequence[Evidence]) -> tuple[Sentence, ...]:
    """Return an answer that only quotes evidence: the best of it first, `MAX_QUOTES` sentences in all.

    The second is the one that the model copied from, or where that is the best too, the `runner_up` of the evidence.
    """
    best = quote_sentence(evidence[0])
    others = [sentence for sentence in checked if sentence.text != best.text]
    return (best, *others)[:MAX_QUOTES] if others else quote_best(evidence)


def quote_sentence(item: Evidence) -> Sentence:
    """Return a piece of evidence itself as a sentence of an answer."""
    return Sentence(one_line(item.text), "supported", (item.number,))


def quote_best(evidence: Sequence[Evidence]) -> tuple[Sentence, ...]:
    """Return the best piece of evidence and its `runner_up`, each as it stands in the article."""
    return tuple(quote_sentence(item) for item in (evidence[0], *runner_up(evidence)))


def quote_side_by_side(evidence: Sequence[Evidence], snapshot: Snapshot) -> tuple[Sentence, ...]:
    """Return pieces of evidence that disagree, each with its article's day, the earliest first."""
    dated = [(snapshot.article(item.article_id).published or "", item) for item in evidence]
    dated.sort(key=lambda entry: entry[0])
    return tuple(_dated_quote(day, item) if day else quote_sentence(item) for day, item in dated)


def _dated_quote(day: str, item: Evidence) -> Sentence:
    quote = quote_sentence(item)
    return Sentence(f"({format_day(day, item.language)}) {quote.text}", quote.support, quote.citations)
