"""Measures what is found, with the program's own store and search."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.search.language_index import LanguageIndex
from index.store.snapshot import Snapshot, open_snapshot
from index.sync.update import ProgressCallback
from index.text.tokenize import tokenize
from index.types import Chunk
from qa.evaluation.dataset import Case, contains_answer
from qa.evaluation.setup import EvaluationSetup
from qa.retrieval.evidence import MAX_EVIDENCE, rank_evidence
from qa.retrieval.hybrid import search
from qa.types import Evidence, SearchFilter

_DEPTH = 10  # places of a ranking that are looked at: where the measures end
_TOP = 5  # places over which the balance of languages is told


def measure_retrieval(bench: EvaluationSetup, progress: ProgressCallback) -> list[dict[str, Any]]:
    """Return for every set and direction what each leg and their fusion find, and what the evidence holds."""
    groups: dict[tuple[str, str], list[_CaseResult]] = {}
    with closing(open_snapshot(bench.settings.store)) as snapshot:
        for number, case in enumerate(bench.cases, start=1):
            found = _measure_case(snapshot, case, bench.vectors[case.question.text])
            groups.setdefault((case.set, case.direction), []).append(found)
            progress(number, len(bench.cases))
    return [{"set": name, "direction": direction, **_summary(found)} for (name, direction), found in groups.items()]


@dataclass(frozen=True, slots=True)
class _CaseResult:
    """What was found for one case: for each leg, which places of the ranking hold what was looked for.

    A story is found where a copy of the article stands for it: the article is named there.
    """

    articles: Mapping[str, list[bool]]
    passages: Mapping[str, list[bool]]
    seconds: float
    own_language: float | None
    translations: bool | None
    evidence: list[bool]
    evidence_in_article: list[bool] | None


def _measure_case(snapshot: Snapshot, case: Case, vector: NDArray[np.float32]) -> _CaseResult:
    window = SearchFilter(without=case.withheld)
    start = time.perf_counter()
    stories = search(snapshot, case.question, vector, window, _DEPTH)
    seconds = time.perf_counter() - start
    legs = _legs(snapshot, case, vector)
    articles = {leg: list(dict.fromkeys(chunk.article_id for chunk in chunks)) for leg, chunks in legs.items()}
    passages = {**legs, "fused": [story.hits[0].chunk for story in stories]}
    languages = [snapshot.article(story.article_id).language for story in stories[:_TOP]]
    found = [{story.article_id, *story.also} for story in stories]
    gold = [story for story, ids in zip(stories, found, strict=True) if case.gold in ids]
    same = {story.article_id: case.gold for story in gold}
    return _CaseResult(
        {
            **{leg: [id_ == case.gold for id_ in ids] for leg, ids in articles.items()},
            "fused": [case.gold in ids for ids in found],
        },
        {
            leg: [
                same.get(chunk.article_id, chunk.article_id) == case.gold
                and contains_answer(chunk.text, case.answers[case.article_language])
                for chunk in chunks
            ]
            for leg, chunks in passages.items()
        },
        seconds,
        languages.count(case.question.language) / len(languages) if case.translations and languages else None,
        all(any(twin in ids for ids in found[:_TOP]) for twin in case.translations) if case.translations else None,
        _evidence_holds_answer(case, same, rank_evidence(snapshot, case.question, stories)),
        _evidence_holds_answer(case, same, rank_evidence(snapshot, case.question, gold)) if gold else None,
    )


def _legs(snapshot: Snapshot, case: Case, vector: NDArray[np.float32]) -> dict[str, list[Chunk]]:
    """Return what each leg finds alone: by vectors in both languages, by words in the question's."""
    without = snapshot.article_numbers(case.withheld)
    terms = snapshot.term_numbers(tokenize(case.question.text))
    dense: list[tuple[float, int]] = []
    lexical: list[tuple[float, int]] = []
    for language, shelf in snapshot.language_indexes.items():
        allowed = shelf.allowed(None, None, without)
        dense += _numbered(shelf, *shelf.search_dense(vector, _DEPTH, allowed))
        if language == case.question.language:
            lexical += _numbered(shelf, *shelf.search_lexical(terms, _DEPTH, allowed))
    return {
        leg: snapshot.chunks(number for _, number in sorted(found, reverse=True)[:_DEPTH])
        for leg, found in (("dense", dense), ("lexical", lexical))
    }


def _numbered(shelf: LanguageIndex, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> list[tuple[float, int]]:
    return list(zip(scores.tolist(), shelf.numbers[rows].tolist(), strict=True))


def _evidence_holds_answer(case: Case, same: Mapping[str, str], evidence: Sequence[Evidence]) -> list[bool]:
    """Return for each piece of evidence whether it holds the answer, in whichever language it answers."""
    return [
        any(
            same.get(item.article_id, item.article_id) == document
            and contains_answer(item.text, case.answers[language])
            for language, document in case.documents.items()
        )
        for item in evidence
    ]


def _summary(found: Sequence[_CaseResult]) -> dict[str, Any]:
    in_article = [f.evidence_in_article for f in found if f.evidence_in_article is not None]
    return {
        "questions": len(found),
        "articles": {leg: _measures([f.articles[leg] for f in found]) for leg in found[0].articles},
        "passages": {leg: _measures([f.passages[leg] for f in found]) for leg in found[0].passages},
        "milliseconds": round(1000 * float(np.median([f.seconds for f in found])), 2),
        "balance": {
            "own_language_in_top_5": _mean(f.own_language for f in found),
            "both_twins_in_top_5": _mean(f.translations for f in found),
        },
        "evidence": {f"best_{n}": _mean(any(f.evidence[:n]) for f in found) for n in (1, MAX_EVIDENCE)},
        "evidence_in_the_right_article": {
            f"best_{n}": _mean(any(f[:n]) for f in in_article) for n in (1, MAX_EVIDENCE)
        },
    }


def _measures(rankings: Sequence[Sequence[bool]]) -> dict[str, float]:
    """Return Recall@1, 5, 10, MRR@10 and nDCG@10 of rankings that say of each place whether it is right.

    One thing is looked for: of several right places the first counts, the others are not there.
    """
    import ir_measures
    from ir_measures import RR, Success, nDCG

    names = {"R@1": Success @ 1, "R@5": Success @ 5, "R@10": Success @ 10, "MRR@10": RR @ 10, "nDCG@10": nDCG @ 10}
    qrels, run = {}, {}
    for number, ranking in enumerate(rankings):
        first = ranking.index(True) if True in ranking else None
        places = [place for place, right in enumerate(ranking) if not right or place == first]
        qrels[str(number)] = {"gold": 1}
        run[str(number)] = {"gold" if place == first else str(place): float(-place) for place in places} or {"": 0.0}
    values = ir_measures.calc_aggregate(list(names.values()), qrels, run)
    return {name: round(values[measure], 4) for name, measure in names.items()}


def _mean(values: Iterable[float | bool | None]) -> float | None:
    told = [float(value) for value in values if value is not None]
    return round(sum(told) / len(told), 4) if told else None
