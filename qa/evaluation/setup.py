"""The collection of an evaluation and the vectors of its questions; both are kept for the next run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import Collection
from index.collection import CollectionPaths, ProgressCallback
from index.models.embedder import EmbeddingModel
from qa.evaluation.dataset import Case
from qa.models import LocalModels, Models
from qa.settings import Settings

_BATCH = 64  # questions that are embedded between two reports of progress


@dataclass(frozen=True, slots=True)
class EvaluationSetup:
    """What an evaluation needs: the articles it is about, its cases, and the vectors [d] of their questions by text.

    `settings` are those of the program, but for the folder of the index.
    """

    settings: Settings
    models: Models
    collection: Collection
    cases: list[Case]
    question_vectors: Mapping[str, NDArray[np.float32]]


def prepare_evaluation(
    settings: Settings,
    articles: Sequence[Path],
    cases: list[Case],
    progress: ProgressCallback,
    models: Models | None = None,
) -> EvaluationSetup:
    """Index `articles` in a store of their own and embed the questions; only what is new is embedded."""
    models = models or LocalModels()
    folder = settings.data / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    paths = sorted(path.resolve() for path in articles)
    own_settings = settings.model_copy(update={"data": folder / _digest(*map(str, paths))})
    own_paths = CollectionPaths(own_settings.store, paths[0], settings.collection_paths.base)
    model = models.embedding(settings)
    collection = Collection(own_paths, model, settings.limits)
    collection.update(paths, progress=progress)
    texts = list(dict.fromkeys(case.question.text for case in cases))
    known_vectors = folder / f"questions-{_digest(model.identity)}.npz"
    vectors = _embed_questions(texts, known_vectors, model, progress)
    return EvaluationSetup(own_settings, models, collection, cases, vectors)


def _embed_questions(
    texts: Sequence[str], path: Path, model: EmbeddingModel, progress: ProgressCallback
) -> dict[str, NDArray[np.float32]]:
    """Return the vectors of questions by text; those that are not in the file at `path` are embedded and added."""
    vectors: dict[str, NDArray[np.float32]] = {}
    if path.exists():
        with np.load(path) as known:
            vectors = dict(zip(known["texts"].tolist(), known["vectors"], strict=True))
    new = [text for text in texts if text not in vectors]
    for start in range(0, len(new), _BATCH):
        batch = new[start : start + _BATCH]
        vectors |= dict(zip(batch, model.load().embed_queries(batch), strict=True))
        progress(start + len(batch), len(new))
    if new:
        np.savez(path, texts=np.array(list(vectors)), vectors=np.stack(list(vectors.values())))
    return vectors


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
