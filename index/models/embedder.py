"""Turns text into vectors. The only importer of sentence_transformers."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.models.registry import locate_model, model_identity, verify_model

_BATCH = 8  # texts in one forward pass: on two cores 16 are no faster, 32 and more slower


class Embedder(Protocol):
    """Turns text into unit vectors.

    `identity` names the model and its content; vectors of two models are never mixed.
    """

    identity: str
    dimension: int

    def embed_passages(self, titles: Sequence[str], texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 [n, dimension], unit length, for `texts` that stand under `titles`."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 [n, dimension], unit length, comparable with those of `embed_passages` by inner product."""
        ...


class EmbeddingModel(Protocol):
    """An embedding model that is loaded when it is first needed."""

    @property
    def identity(self) -> str:
        """The `identity` of the embedder, known without loading it."""
        ...

    def load(self) -> Embedder:
        """Return the embedder, loaded once. Raises `ModelError` when it cannot be used."""
        ...


class LocalEmbeddingModel:
    """The embedding model `reference` (a known name, a folder, or `hf:owner/name`) on this computer."""

    def __init__(self, reference: str, cache: Path) -> None:
        self._reference = reference
        self._cache = cache
        self._lock = threading.Lock()
        self._embedder: Embedder | None = None

    @cached_property
    def identity(self) -> str:
        """See `EmbeddingModel.identity`."""
        return model_identity(self._reference, self._cache)

    def load(self) -> Embedder:
        """See `EmbeddingModel.load`."""
        with self._lock:
            if self._embedder is None:
                self._embedder = load_embedder(self._reference, self._cache)
            return self._embedder


def load_embedder(reference: str, cache: Path) -> Embedder:
    """Verify and load the embedding model `reference`. Raises `ModelError` when it cannot be used."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    with ThreadPoolExecutor(max_workers=1) as background:
        hashed = background.submit(verify_model, reference, cache)
        locate_model(reference, cache)  # a missing model is reported at once, not after the import
        import sentence_transformers  # noqa: F401 - takes seconds, in which the model's files are hashed

        model = hashed.result()
    return SentenceTransformerEmbedder(model.path, model.identity)


class SentenceTransformerEmbedder:
    """Any sentence-transformers folder on disk, with the prompts that the folder itself names."""

    def __init__(self, folder: Path, identity: str) -> None:
        """Load the model in `folder`, whose files have been verified; opens no connection and runs no code in it."""
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        quiet: Any = logging
        quiet.disable_progress_bar()
        self._model: Any = SentenceTransformer(
            str(folder), local_files_only=True, trust_remote_code=False, device="cpu"
        )
        self._document: str = self._model.prompts.get("document") or ""
        self.identity = identity
        self.dimension = int(self._model.get_embedding_dimension() or 0)

    def embed_passages(self, titles: Sequence[str], texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.embed_passages`."""
        return self._encode([self._passage(title, text) for title, text in zip(titles, texts, strict=True)], prompt="")

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.embed_queries`."""
        return self._encode(list(texts), prompt=self._model.prompts.get("query") or "")

    def _passage(self, title: str, text: str) -> str:
        # EmbeddingGemma's card asks for the real title where its default prompt says `title: none`.
        if "title: none" in self._document:
            return self._document.replace("title: none", f"title: {title or 'none'}") + text
        return f"{self._document}{title}\n{text}"

    def _encode(self, texts: list[str], prompt: str) -> NDArray[np.float32]:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        vectors = self._model.encode(
            texts, prompt=prompt, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)
