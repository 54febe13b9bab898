"""What is kept ready between questions: the models, and the newest view of the collection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from index import embed
from index.embed import Embedder
from index.models import verify
from index.snapshot import Snapshot, newest_generation, open_snapshot
from qa import confidence, prompt
from qa.confidence import Calibration
from qa.config import Settings
from qa.generate import Generator, LlamaGenerator, ServerGenerator, in_background
from qa.line import Line


@dataclass
class Engine:
    """Everything a question needs. Safe to use from several threads."""

    settings: Settings
    prompts: prompt.Prompts
    calibration: Calibration
    embedder: Embedder
    generator: Callable[[], Generator]
    today: Callable[[], date] = date.today
    line: Line = field(default_factory=Line)
    _snapshot: Snapshot | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, settings: Settings, embedder: Embedder | None = None) -> Self:
        """Load the models (but an `embedder` that is loaded already) and look at the store.

        The answering model goes on loading while the first search runs.

        Raises a `MujibError` for whatever is missing or not as it should be.
        """
        prompts, calibration = prompt.load(settings.prompts), confidence.load(settings.calibration)
        newest_generation(settings.store)
        generator = in_background(lambda: load_generator(settings))
        embedder = embedder or embed.load(settings.embedding_model, settings.models)
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
    return LlamaGenerator(verify(settings.answer_model, settings.models), settings)
