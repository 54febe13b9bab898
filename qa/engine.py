"""What is kept ready between questions: the models, and the newest snapshot of the collection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from index.models.embedder import Embedder, load_embedder
from index.models.registry import verify_model
from index.store.snapshot import Snapshot, newest_generation, open_snapshot
from qa.generation.base import Generator, run_in_background
from qa.generation.llama import LlamaGenerator
from qa.generation.openai_server import ServerGenerator
from qa.generation.prompts import Prompts, load_prompts
from qa.request_queue import RequestQueue
from qa.retrieval.answerability import Calibration, load_calibration
from qa.settings import Settings


@dataclass
class Engine:
    """Everything a question needs. Safe to use from several threads."""

    settings: Settings
    prompts: Prompts
    calibration: Calibration
    embedder: Embedder
    generator: Callable[[], Generator]
    today: Callable[[], date] = date.today
    request_queue: RequestQueue = field(default_factory=RequestQueue)
    _snapshot: Snapshot | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, settings: Settings, embedder: Embedder | None = None) -> Self:
        """Load the models (but an `embedder` that is loaded already) and look at the store.

        The answering model goes on loading while the first search runs.

        Raises a `MujibError` for whatever is missing or not as it should be.
        """
        prompts, calibration = load_prompts(settings.prompts), load_calibration(settings.calibration)
        newest_generation(settings.store)
        generator = run_in_background(lambda: load_generator(settings))
        embedder = embedder or load_embedder(settings.embedding_model, settings.models)
        engine = cls(settings, prompts, calibration, embedder, generator.result)
        engine.snapshot()
        return engine

    def close(self) -> None:
        """Let go of the view of the collection."""
        if self._snapshot is not None:
            self._snapshot.close()

    def snapshot(self) -> Snapshot:
        """Return the newest view of the collection; one that is in use stays as it is for those who use it."""
        with self._lock:
            path = self.settings.store
            if self._snapshot is None or self._snapshot.generation != newest_generation(path):
                self._snapshot = open_snapshot(path, self.embedder.identity)
            return self._snapshot


def load_generator(settings: Settings) -> Generator:
    """Verify and load the answering model, or take the server that the settings name."""
    if settings.server_url:
        return ServerGenerator(settings)
    return LlamaGenerator(verify_model(settings.answer_model, settings.models), settings)
