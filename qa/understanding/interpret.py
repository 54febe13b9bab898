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
from qa.retrieval.hybrid import search
from qa.types import EvidenceSet, Exchange, Question, SearchFilter
from qa.understanding.followups import rewrite
from qa.understanding.time_expressions import parse_time_expression

_ARTICLES = 10  # that are looked at


def interpret(
    engine: Engine, snapshot: Snapshot, question: Question, window: SearchFilter, history: Sequence[Exchange]
) -> EvidenceSet:
    """Return the grounding of a question in the collection.

    A follow-up is also read behind what it follows; that reading is taken unless the question alone finds an answer and
    the other one no better. Days that the question names are searched first, and alone when an answer of other days
    would be a wrong one ("yesterday"); days that were given in `window` stand.
    """
    asked = rewrite(question, history)
    vectors = engine.embedder.embed_queries([reading.text for reading in asked])
    if len(asked) > 1 and content_words(question.text):
        # What came before must not outweigh what is asked now: a new subject would be answered with the old one.
        vectors[1] = vectors.sum(axis=0) / np.linalg.norm(vectors.sum(axis=0))
    found = [_evidence_for(engine, snapshot, *one, window) for one in zip(asked, vectors, strict=True)]
    own, whole = found[0], found[-1]
    return own if own.enough and own.confidence >= whole.confidence else whole


def _evidence_for(
    engine: Engine, snapshot: Snapshot, question: Question, vector: NDArray[np.float32], window: SearchFilter
) -> EvidenceSet:
    windows = _search_filters(question.text, window, engine.today()) if snapshot.dated else [window]
    for tried in windows:
        stories = search(snapshot, question, vector, tried, _ARTICLES)
        grounding = select_evidence(snapshot, question, tried, stories, engine.calibration)
        if grounding.enough:
            break
    return grounding


def _search_filters(question: str, window: SearchFilter, today: date) -> list[SearchFilter]:
    """Return where to look, one after the other."""
    named = None if window.since or window.until else parse_time_expression(question, today)
    if named is None:
        return [window]
    within = replace(window, since=named.since, until=named.until, undated=named.relative)
    return [within] if named.relative else [within, window]
