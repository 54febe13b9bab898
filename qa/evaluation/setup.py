"""An index of the articles of an evaluation, and the vectors of its questions; both kept for the next run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.models.embedder import Embedder, load_embedder
from index.models.registry import model_identity
from index.store.writer import Writer
from index.sync.sources import SourcePath
from index.sync.update import ProgressCallback, update_store
from qa.evaluation.dataset import Case
from qa.settings import ROOT, Settings


@dataclass(frozen=True, slots=True)
class EvaluationSetup:
    """An index of the articles of an evaluation, and the vectors of its questions; both kept for the next run.

    `settings` are those of the program, but for the index.
    """

    settings: Settings
    cases: list[Case]
    vectors: Mapping[str, NDArray[np.float32]]
    embedder: Callable[[], Embedder]


def prepare_evaluation(
    settings: Settings, articles: Sequence[Path], cases: list[Case], progress: ProgressCallback
) -> EvaluationSetup:
    """Index `articles` in a store of their own, embed the questions, and return both; only what is new is embedded."""
    folder = settings.data / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    identity = model_identity(settings.embedding_model, settings.models)
    embedder = cache(lambda: load_embedder(settings.embedding_model, settings.models))
    paths = sorted(path.resolve() for path in articles)
    own = settings.model_copy(update={"data": folder / _digest(*map(str, paths))})
    with Writer(own.store, identity) as writer:
        update_store(writer, [SourcePath.of(path, ROOT) for path in paths], embedder, settings.limits, progress)
    known = folder / f"questions-{_digest(identity)}.npz"
    texts = list(dict.fromkeys(case.question.text for case in cases))
    return EvaluationSetup(own, cases, _question_vectors(texts, known, embedder, progress), embedder)


def _question_vectors(
    texts: Sequence[str], path: Path, embedder: Callable[[], Embedder], progress: ProgressCallback
) -> dict[str, NDArray[np.float32]]:
    vectors: dict[str, NDArray[np.float32]] = {}
    if path.exists():
        with np.load(path) as kept:
            vectors = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))
    new = [text for text in texts if text not in vectors]
    for start in range(0, len(new), 64):
        batch = new[start : start + 64]
        vectors |= dict(zip(batch, embedder().embed_queries(batch), strict=True))
        progress(start + len(batch), len(new))
    if new:
        np.savez(path, texts=np.array(list(vectors)), vectors=np.stack(list(vectors.values())))
    return vectors


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
