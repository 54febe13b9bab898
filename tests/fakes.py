"""Small real stand-ins for the two models: quick, deterministic, and doing the thing itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelMissingError
from index.models.download import DownloadProgress
from index.models.embedder import EmbeddingModel
from index.text.tokenize import tokenize
from qa.generation.base import Cancelled, Generator, ReplyCutError
from qa.settings import Settings
from qa.types import Prompt

DIMENSION = 96
# The tokens of the other language that the fake knows, so that a question can find a text across languages.
DICTIONARY = {"شرطه": "polic", "لندن": "london", "اوقف": "arrest", "مدين": "citi"}


class FakeEmbedder:
    """A bag of words: each token is a fixed random direction, a text is the unit sum of its tokens."""

    identity = "fake@1"
    dimension = DIMENSION

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed_passages(self, titles: Sequence[str], texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += texts
        return self._vectors(texts)

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._vectors(texts)

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not texts:
            return np.empty((0, DIMENSION), np.float32)
        sums = np.stack([sum((_direction(t) for t in _inner(text)), np.full(DIMENSION, 1e-6)) for text in texts])
        return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), np.float32)


def _inner(text: str) -> list[str]:
    """Return the tokens of a text that do not say where a word begins or ends."""
    return [token for token in tokenize(text) if "_" not in token]


@lru_cache(maxsize=10_000)
def _direction(token: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(DICTIONARY.get(token, token).encode()).digest()[:8])
    return np.random.default_rng(seed).standard_normal(DIMENSION)


class FakeEmbeddingModel:
    """An embedding model whose embedder is the small one."""

    def __init__(self, embedder: FakeEmbedder | None = None) -> None:
        self.embedder = embedder or FakeEmbedder()
        self.identity = self.embedder.identity

    def load(self) -> FakeEmbedder:
        return self.embedder


class ScriptedGenerator:
    """Says what it was told to say, reply by reply, and keeps what it was sent."""

    identity = "scripted@1"

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)
        self.prompts: list[Prompt] = []

    def stream(self, prompt: Prompt, cancelled: Cancelled) -> Iterator[str]:
        self.prompts.append(prompt)
        for piece in self.replies.pop(0).splitlines(keepends=True):
            if cancelled():
                raise ReplyCutError
            yield piece

    def count(self, prompt: Prompt) -> int:
        return sum(len(turn.text.split()) for turn in prompt.messages)


class FakeModels:
    """The two stand-ins in the place of the models: `qa.models.Models` for tests.

    `missing` models become there when they are fetched.
    """

    def __init__(self, *replies: str, embedder: FakeEmbedder | None = None, missing: bool = False) -> None:
        self.embedding_model = FakeEmbeddingModel(embedder)
        self.scripted = ScriptedGenerator(*replies)
        self.missing = missing

    def embedding(self, settings: Settings) -> EmbeddingModel:
        return self.embedding_model

    def generator(self, settings: Settings) -> Generator:
        return self.scripted

    def require(self, settings: Settings) -> None:
        if self.missing:
            raise ModelMissingError("the model is not there. Run `mujib models fetch`.")

    def verify(self, name: str, settings: Settings) -> str:
        self.require(settings)
        return self.embedding_model.identity if name == settings.embedding_model else self.scripted.identity

    def missing_bytes(self, settings: Settings) -> int:
        return 4 if self.missing else 0

    def fetch(self, settings: Settings, progress: DownloadProgress) -> None:
        progress(3, 4, "part")
        self.missing = False
