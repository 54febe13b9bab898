"""The metrics: of one answer, of rankings, and of many values together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from index.text.normalize import fold
from qa.language.words import words

Share = tuple[float, float, float]  # a share and the ends of its 95 % interval


def word_f1(text: str, accepted: str) -> float:
    """Return the F1 of two texts' words, as SQuAD defines it (Rajpurkar et al. 2016), after folding."""
    in_text, in_accepted = Counter(words(fold(text))), Counter(words(fold(accepted)))
    common = (in_text & in_accepted).total()
    return 2 * common / (in_text.total() + in_accepted.total()) if common else 0.0


def ranking_metrics(rankings: Sequence[Sequence[bool]]) -> dict[str, float]:
    """Return Recall@1, 5, 10, MRR@10 and nDCG@10 of rankings that hold for each place whether it is right.

    One thing is looked for: of several right places the first counts, the others are left out.
    """
    import ir_measures
    from ir_measures import RR, Success, nDCG

    measures = {"R@1": Success @ 1, "R@5": Success @ 5, "R@10": Success @ 10, "MRR@10": RR @ 10, "nDCG@10": nDCG @ 10}
    run = {str(number): _as_run(ranking) for number, ranking in enumerate(rankings)}
    qrels = {query: {"gold": 1} for query in run}
    values = ir_measures.calc_aggregate(list(measures.values()), qrels, run)
    return {name: round(values[measure], 4) for name, measure in measures.items()}


def _as_run(ranking: Sequence[bool]) -> dict[str, float]:
    """Return the score of each document of a ranking, as trec_eval takes it; the right one is called gold."""
    first = ranking.index(True) if True in ranking else None
    places = [place for place, right in enumerate(ranking) if not right or place == first]
    return {"gold" if place == first else str(place): float(-place) for place in places} or {"": 0.0}


def share(values: Sequence[bool]) -> Share | None:
    """Return the share of what is true, with its 95 % interval (Wilson 1927); None when there is nothing."""
    if not values:
        return None
    from scipy.stats import binomtest

    interval = binomtest(sum(values), len(values)).proportion_ci(method="wilson")
    return round(sum(values) / len(values), 3), round(float(interval.low), 3), round(float(interval.high), 3)


def mean(values: Iterable[float | bool | None], digits: int = 3) -> float | None:
    """Return the mean of the values that are not None; None when there are none."""
    known = [float(value) for value in values if value is not None]
    return round(sum(known) / len(known), digits) if known else None
