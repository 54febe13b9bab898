"""What is asked, and of which days? The readings of a question are tried on the collection and the best is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from index.snapshot import Snapshot
from qa import when
from qa.conversation import Exchange, own_words, readings
from qa.engine import Engine
from qa.ground import select
from qa.retrieve import search
from qa.types import Grounding, Question, Window

_STORIES = 10  # that are looked at


def look(
    engine: Engine, snapshot: Snapshot, question: Question, window: Window, history: Sequence[Exchange]
) -> Grounding:
    """Return the grounding of a question in the collection.

    A follow-up is also read behind what it follows; that reading is taken unless the question alone finds an answer and
    the other one no better. Days that the question names are searched first, and alone when an answer of other days
    would be a wrong one ("yesterday"); days that were given in `window` stand.
    """
    asked = readings(question, history)
    vectors = engine.embedder.questions([reading.text for reading in asked])
    if len(asked) > 1 and own_words(question.text):
        # What came before must not outweigh what is asked now: a new subject would be answered with the old one.
        vectors[1] = vectors.sum(axis=0) / np.linalg.norm(vectors.sum(axis=0))
    found = [_find(engine, snapshot, *one, window) for one in zip(asked, vectors, strict=True)]
    own, whole = found[0], found[-1]
    return own if own.enough and own.confidence >= whole.confidence else whole


def _find(
    engine: Engine, snapshot: Snapshot, question: Question, vector: NDArray[np.float32], window: Window
) -> Grounding:
    windows = _windows(question.text, window, engine.today()) if snapshot.dated else [window]
    for tried in windows:
        stories = search(snapshot, question, vector, tried, _STORIES)
        grounding = select(snapshot, question, tried, stories, engine.calibration)
        if grounding.enough:
            break
    return grounding


def _windows(question: str, window: Window, today: date) -> list[Window]:
    """Return where to look, one after the other."""
    named = None if window.since or window.until else when.days(question, today)
    if named is None:
        return [window]
    within = replace(window, since=named.since, until=named.until, undated=named.relative)
    return [within] if named.relative else [within, window]
