"""Measures what is found, with the program's own store and search."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.collection import ProgressCallback
from index.store.snapshot import Snapshot
from index.types import ArticleHit, Chunk
from qa.evaluation.dataset import Case, contains_answer
from qa.evaluation.metrics import mean, ranking_metrics
from qa.evaluation.setup import EvaluationSetup
from qa.retrieval.candidates import CandidateSet, Ranking, find_candidates
from qa.retrieval.evidence import MAX_EVIDENCE, rank_evidence
from qa.retrieval.hybrid import search
from qa.types import Evidence, SearchFilter

_DEPTH = 10  # places of a ranking that are measured: where the metrics end
_BALANCE_PLACES = 5  # over which the balance of languages is measured
_DIGITS = 4


def measure_retrieval(setup: EvaluationSetup, progress: ProgressCallback) -> list[dict[str, Any]]:
    """Return for every set and direction what dense, lexical and hybrid ("fused") search find, and the evidence."""
    groups: dict[tuple[str, str], list[_CaseResult]] = {}
    with closing(setup.collection):
        snapshot = setup.collection.snapshot()
        for number, case in enumerate(setup.cases, start=1):
            result = _measure_case(snapshot, case, setup.question_vectors[case.question.text])
            groups.setdefault((case.set, case.direction), []).append(result)
            progress(number, len(setup.cases))
    return [{"set": name, "direction": direction, **_summary(found)} for (name, direction), found in groups.items()]


@dataclass(frozen=True, slots=True)
class _CaseResult:
    """What was found for one case: for each kind of search, which places of its ranking are right.

    An article is found where a copy of it stands for it: its id is among the duplicates there.
    """

    articles: Mapping[str, list[bool]]
    passages: Mapping[str, list[bool]]
    seconds: float
    own_language: float | None
    translations: bool | None
    evidence: list[bool]
    evidence_in_article: list[bool] | None


def _measure_case(snapshot: Snapshot, case: Case, vector: NDArray[np.float32]) -> _CaseResult:
    search_filter = SearchFilter(without=case.withheld)
    start = time.perf_counter()
    hits = search(snapshot, case.question, vector, search_filter, _DEPTH)
    seconds = time.perf_counter() - start
    found = [{hit.article_id, *hit.duplicates} for hit in hits]
    gold = [hit for hit, ids in zip(hits, found, strict=True) if case.gold in ids]
    copies = {hit.article_id: case.gold for hit in gold}
    single = _single_rankings(snapshot, find_candidates(snapshot, case.question, vector, search_filter))
    passages = {**single, "fused": [hit.hits[0].chunk for hit in hits]}
    return _CaseResult(
        articles={
            **{kind: [id_ == case.gold for id_ in _article_ids(chunks)] for kind, chunks in single.items()},
            "fused": [case.gold in ids for ids in found],
        },
        passages={kind: [_holds_answer(case, copies, c) for c in chunks] for kind, chunks in passages.items()},
        seconds=seconds,
        own_language=_own_language_share(snapshot, case, hits),
        translations=_both_translations(case, found),
        evidence=_evidence_holds_answer(case, copies, rank_evidence(snapshot, case.question, hits)),
        evidence_in_article=(
            _evidence_holds_answer(case, copies, rank_evidence(snapshot, case.question, gold)) if gold else None
        ),
    )


def _single_rankings(snapshot: Snapshot, candidate_sets: Sequence[CandidateSet]) -> dict[str, list[Chunk]]:
    """Return the best passages of dense search alone and of lexical search alone, over all languages."""
    rankings = {
        "dense": [(candidates, candidates.dense) for candidates in candidate_sets],
        "lexical": [(candidates, candidates.lexical) for candidates in candidate_sets],
    }
    return {kind: snapshot.chunks(_merge(of_languages)) for kind, of_languages in rankings.items()}


def _merge(rankings: Sequence[tuple[CandidateSet, Ranking]]) -> list[int]:
    """Return the numbers of the best passages of the rankings of all languages together."""
    scored: list[tuple[float, int]] = []
    for candidates, ranking in rankings:
        numbers = candidates.index.chunk_numbers[ranking.rows].tolist()
        scored += zip(ranking.scores.tolist(), numbers, strict=True)
    return [number for _, number in sorted(scored, reverse=True)[:_DEPTH]]


def _article_ids(chunks: Sequence[Chunk]) -> list[str]:
    return list(dict.fromkeys(chunk.article_id for chunk in chunks))


def _holds_answer(case: Case, copies: Mapping[str, str], chunk: Chunk) -> bool:
    """Return whether a passage is of the article that is looked for, or a copy of it, and holds an accepted answer."""
    article_id = copies.get(chunk.article_id, chunk.article_id)
    return article_id == case.gold and contains_answer(chunk.text, case.answers[case.article_language])


def _own_language_share(snapshot: Snapshot, case: Case, hits: Sequence[ArticleHit]) -> float | None:
    """Return the share of the first hits in the question's language, where the answer is in both languages."""
    if not case.translations or not hits:
        return None
    languages = [snapshot.article(hit.article_id).language for hit in hits[:_BALANCE_PLACES]]
    return languages.count(case.question.language) / len(languages)


def _both_translations(case: Case, found: Sequence[set[str]]) -> bool | None:
    """Return whether both articles are among the first hits, where the answer is in both languages."""
    if not case.translations:
        return None
    return all(any(id_ in ids for ids in found[:_BALANCE_PLACES]) for id_ in case.translations)


def _evidence_holds_answer(case: Case, copies: Mapping[str, str], evidence: Sequence[Evidence]) -> list[bool]:
    """Return for each piece of evidence whether it holds the answer, in whichever language it answers."""
    return [
        any(
            copies.get(item.article_id, item.article_id) == document
            and contains_answer(item.text, case.answers[language])
            for language, document in case.documents.items()
        )
        for item in evidence
    ]


def _summary(results: Sequence[_CaseResult]) -> dict[str, Any]:
    in_article = [r.evidence_in_article for r in results if r.evidence_in_article is not None]
    kinds = list(results[0].articles)
    return {
        "questions": len(results),
        "articles": {kind: ranking_metrics([r.articles[kind] for r in results]) for kind in kinds},
        "passages": {kind: ranking_metrics([r.passages[kind] for r in results]) for kind in kinds},
        "milliseconds": round(1000 * float(np.median([r.seconds for r in results])), 2),
        "balance": {
            "own_language_in_top_5": mean((r.own_language for r in results), _DIGITS),
            "both_twins_in_top_5": mean((r.translations for r in results), _DIGITS),
        },
        "evidence": _best_evidence([r.evidence for r in results]),
        "evidence_in_the_right_article": _best_evidence(in_article),
    }


def _best_evidence(evidence: Sequence[Sequence[bool]]) -> dict[str, float | None]:
    """Return how often the best piece of evidence, and all of it, holds the answer."""
    return {f"best_{n}": mean((any(of_case[:n]) for of_case in evidence), _DIGITS) for n in (1, MAX_EVIDENCE)}
