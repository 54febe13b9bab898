"""The first start, in a thread beside the page: models, index, service."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Literal, Self

from index.errors import ModelMissingError, MujibError
from qa.engine import open_collection
from qa.errors import NotReadyError
from qa.interfaces.web.suggestions import suggest_questions
from qa.models import LocalModels, Models
from qa.service import Mujib
from qa.settings import Settings

Stage = Literal["loading", "models_missing", "fetching", "indexing", "ready", "failed"]

_logger = logging.getLogger("mujib.web")


@dataclass(frozen=True, slots=True)
class StartupState:
    """How far the start is: `done` of `total` bytes or passages; the `problem` when it failed."""

    stage: Stage
    done: int = 0
    total: int = 0
    problem: str = ""


class Startup:
    """Opens the service in a thread of its own. Missing models are fetched only on request."""

    def __init__(self, settings: Settings, models: Models | None = None) -> None:
        """Take the settings; nothing is begun yet."""
        self.settings = settings
        self.state = StartupState("loading")
        self._models = models or LocalModels()
        self._mujib: Mujib | None = None
        self._suggestions: tuple[int, tuple[str, ...]] = (-1, ())  # the collection's generation, and its questions
        self._running = threading.Lock()

    @classmethod
    def of(cls, mujib: Mujib) -> Self:
        """Return the finished start of a service that is open already."""
        startup = cls(mujib.settings)
        startup.set_ready(mujib)
        return startup

    def set_ready(self, mujib: Mujib) -> None:
        """Finish the start: questions are answered by `mujib` from now on."""
        self._mujib = mujib
        self.state = StartupState("ready")

    def mujib(self) -> Mujib:
        """Return the service. Raises `NotReadyError` while it is not open."""
        if self._mujib is None:
            problem = f" ({self.state.problem})" if self.state.problem else ""
            raise NotReadyError(f"Mujib is not ready: {self.state.stage.replace('_', ' ')}{problem}. Try again later.")
        return self._mujib

    def suggestions(self) -> tuple[str, ...]:
        """Return questions that the collection as it is now answers; none while the service is not open."""
        if self._mujib is None:
            return ()
        return self._suggestions_of(self._mujib)

    def begin(self, *, fetch: bool = False) -> None:
        """Begin, or begin again what failed; with `fetch`, missing models are fetched. Returns at once."""
        threading.Thread(target=self._run, args=(fetch,), name="startup", daemon=True).start()

    def _run(self, fetch: bool) -> None:
        if not self._running.acquire(blocking=False):
            return
        try:
            mujib = self._mujib or self._open(fetch)
            self._suggestions_of(mujib)  # made before the page offers them, so that it does not wait
            self.set_ready(mujib)
        except ModelMissingError:
            self.state = StartupState("models_missing", total=self._models.missing_bytes(self.settings))
        except MujibError as error:
            self.state = StartupState("failed", problem=str(error))
        except Exception as error:
            _logger.exception("the start failed")
            self.state = StartupState("failed", problem=f"{type(error).__name__}: {error}")
        finally:
            self._running.release()

    def _open(self, fetch: bool) -> Mujib:
        """Open the service, after fetching the models and making the index where they are missing."""
        if fetch:
            self.state = StartupState("fetching")
            self._models.fetch(self.settings, lambda done, total, _part: self._show_progress("fetching", done, total))
        self.state = StartupState("loading")
        self._models.require(self.settings)
        collection = open_collection(self.settings, self._models)
        if not collection.exists():
            self.state = StartupState("indexing")
            collection.update(progress=lambda done, total: self._show_progress("indexing", done, total))
            self.state = StartupState("loading")
        return Mujib.from_settings(self.settings, self._models, collection)

    def _show_progress(self, stage: Stage, done: int, total: int) -> None:
        self.state = StartupState(stage, done, total)

    def _suggestions_of(self, mujib: Mujib) -> tuple[str, ...]:
        """Return the questions for the collection's newest generation; they are made once for each."""
        generation = mujib.collection.snapshot().generation
        if generation != self._suggestions[0]:
            self._suggestions = generation, suggest_questions(mujib)
        return self._suggestions[1]
