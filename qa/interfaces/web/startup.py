"""The steps of a first start, one after the other, beside the page."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, Self

from index.errors import ModelMissingError, MujibError
from index.models.download import fetch_model
from index.models.embedder import Embedder, load_embedder
from index.models.registry import known_models, locate_model, model_identity
from index.store.writer import Writer
from index.sync.sources import resolve_sources
from index.sync.update import ProgressCallback, UpdateReport, update_store
from qa.engine import Engine
from qa.errors import NotReadyError
from qa.interfaces.web.suggestions import suggest_questions
from qa.settings import ROOT, Settings

Stage = Literal["loading", "models_missing", "fetching", "indexing", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class StartupState:
    """How far the start is: `done` of `total` bytes or passages; the `problem` when it failed."""

    stage: Stage
    done: int = 0
    total: int = 0
    problem: str = ""


class Startup:
    """Makes an engine ready in a thread of its own. Missing models are fetched only when somebody says so."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is begun yet."""
        self.settings = settings
        self.state = StartupState("loading")
        self._engine: Engine | None = None
        self._examples: tuple[int, tuple[str, ...]] = (-1, ())  # of which generation of the collection
        self._running = threading.Lock()

    @classmethod
    def of(cls, engine: Engine) -> Self:
        """Return the start of an engine that is ready."""
        start = cls(engine.settings)
        start._engine, start.state = engine, StartupState("ready")
        return start

    def engine(self) -> Engine:
        """Return the engine. Raises `NotReadyError` when it is not ready."""
        if self._engine is None:
            problem = f" ({self.state.problem})" if self.state.problem else ""
            raise NotReadyError(f"Mujib is not ready: {self.state.stage.replace('_', ' ')}{problem}. Try again later.")
        return self._engine

    def examples(self) -> tuple[str, ...]:
        """Return questions that the collection as it is now answers; none when nothing is ready."""
        if self._engine is None:
            return ()
        generation = self._engine.snapshot().generation
        if generation != self._examples[0]:
            self._examples = generation, suggest_questions(self._engine)
        return self._examples[1]

    def begin(self, *, fetch: bool = False) -> None:
        """Begin, or begin again what failed; with `fetch`, models that are missing are fetched. Returns at once."""
        threading.Thread(target=self._run, args=(fetch,), name="start", daemon=True).start()

    def _run(self, fetch: bool) -> None:
        if not self._running.acquire(blocking=False):
            return
        try:
            self._engine = self._engine or self._made(fetch)
            self.examples()
            self.state = StartupState("ready")
        except ModelMissingError:
            missing = [pin for name in self.settings.needed_models if (pin := known_models().get(name))]
            self.state = StartupState("models_missing", total=sum(part.bytes for pin in missing for part in pin.parts))
        except MujibError as error:
            self.state = StartupState("failed", problem=str(error))
        except Exception as error:
            traceback.print_exc()
            self.state = StartupState("failed", problem=f"{type(error).__name__}: {error}")
        finally:
            self._running.release()

    def _made(self, fetch: bool) -> Engine:
        settings = self.settings
        if fetch:
            for name in settings.needed_models:
                self.state = StartupState("fetching")
                fetch_model(name, settings.models, None, lambda done, total, _what: self._at("fetching", done, total))
        self.state = StartupState("loading")
        for name in settings.needed_models:
            locate_model(name, settings.models)
        embedder = cache(lambda: load_embedder(settings.embedding_model, settings.models))
        if not settings.store.exists():
            self.state = StartupState("indexing")
            embedding = model_identity(settings.embedding_model, settings.models)
            update_index(settings, embedding, embedder, lambda done, total: self._at("indexing", done, total))
            self.state = StartupState("loading")
        return Engine.open(settings, embedder())

    def _at(self, stage: Stage, done: int, total: int) -> None:
        self.state = replace(self.state, stage=stage, done=done, total=total)


def update_index(
    settings: Settings, embedding: str, embedder: Callable[[], Embedder], progress: ProgressCallback
) -> UpdateReport:
    """Bring the index up to date with its folders, with vectors of the model `embedding`."""
    folders = resolve_sources(settings.store, [], settings.articles, ROOT)
    with Writer(settings.store, embedding) as writer:
        return update_store(writer, folders, embedder, settings.limits, progress)
