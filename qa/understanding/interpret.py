"""Chooses the reading of a question, and the days, that find the best evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from index.store.snapshot import Snapshot
from qa.engine import Engine
from qa.language.stopwords import content_words
from qa.retrieval.evidence import select_evidence
from qa.retrieval.hybrid import ARTICLES_SEARCHED, search
from qa.types import EvidenceSet, Exchange, Question, SearchFilter
from qa.understanding.followups import rewrite
from qa.understanding.time_expressions import parse_time_expression
from qa.verification.disagreement import find_dissent


def interpret(
    engine: Engine,
    snapshot: Snapshot,
    question: Question,
    search_filter: SearchFilter,
    history: Sequence[Exchange],
) -> EvidenceSet:
    """Return the evidence for the reading of a question that finds the most.

    A follow-up is also read behind what it follows; that reading is taken unless the question alone finds an answer and
    the other one no better. Days that the question names are searched first, and alone when an answer of other days
    would be a wrong one ("yesterday"); days that were given in `search_filter` stand.
    """
    readings = rewrite(question, history)
    vectors = engine.embedder.embed_queries([reading.text for reading in readings])
    if len(readings) > 1 and content_words(question.text):
        # What came before must not outweigh what is asked now: a new subject would be answered with the old one.
        vectors[1] = vectors.sum(axis=0) / np.linalg.norm(vectors.sum(axis=0))
    found = [
        _evidence_for(engine, snapshot, reading, vector, search_filter)
        for reading, vector in zip(readings, vectors, strict=True)
    ]
    alone, with_history = found[0], found[-1]
    if alone.answerable and alone.confidence >= with_history.confidence:
        return _with_dissent(alone)
    return _with_dissent(with_history)


def _evidence_for(
    engine: Engine,
    snapshot: Snapshot,
    question: Question,
    vector: NDArray[np.float32],
    search_filter: SearchFilter,
) -> EvidenceSet:
    filters = _search_filters(question.text, search_filter, engine.today()) if snapshot.dated else [search_filter]
    for tried in filters:
        articles = search(snapshot, question, vector, tried, ARTICLES_SEARCHED)
        evidence_set = select_evidence(snapshot, question, tried, articles, engine.calibration)
        if evidence_set.answerable:
            break
    return evidence_set


def _with_dissent(evidence_set: EvidenceSet) -> EvidenceSet:
    if not evidence_set.answerable:
        return evidence_set
    return replace(evidence_set, dissent=find_dissent(evidence_set.question, evidence_set.evidence))


def _search_filters(question: str, search_filter: SearchFilter, today: date) -> list[SearchFilter]:
    """Return where to look, one filter after the other."""
    if search_filter.since or search_filter.until:
        return [search_filter]
    days = parse_time_expression(question, today)
    if days is None:
        return [search_filter]
    within = replace(search_filter, since=days.since, until=days.until, undated=days.relative)
    return [within] if days.relative else [within, search_filter]
