"""What is kept ready between questions: the models, and the newest snapshot of the collection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from index import Collection
from index.models.embedder import Embedder
from index.store.snapshot import Snapshot
from qa.generation.base import Generator, run_in_background
from qa.generation.prompts import Prompts, load_prompts
from qa.models import LocalModels, Models
from qa.request_queue import RequestQueue
from qa.retrieval.answerability import Calibration, load_calibration
from qa.settings import Settings


@dataclass
class Engine:
    """Everything a question needs. Safe to use from several threads.

    `generator` returns the answering model, waiting until it is loaded.
    """

    settings: Settings
    collection: Collection
    prompts: Prompts
    calibration: Calibration
    embedder: Embedder
    generator: Callable[[], Generator]
    today: Callable[[], date] = date.today
    request_queue: RequestQueue = field(default_factory=RequestQueue)

    @classmethod
    def open(cls, settings: Settings, models: Models | None = None, collection: Collection | None = None) -> Self:
        """Load the models and open the collection; one that was opened already is used as it is.

        The answering model goes on loading while the first search runs. Raises a `MujibError` for whatever is missing
        or not as it should be.
        """
        models = models or LocalModels()
        prompts, calibration = load_prompts(settings.prompts), load_calibration(settings.calibration)
        collection = collection or open_collection(settings, models)
        collection.require()
        generator = run_in_background(lambda: models.generator(settings))
        embedder = collection.model.load()
        collection.snapshot()
        return cls(settings, collection, prompts, calibration, embedder, generator.result)

    def close(self) -> None:
        """Close the snapshot of the collection."""
        self.collection.close()

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot of the collection; one that is in use stays as it is for those who use it."""
        return self.collection.snapshot()


def open_collection(settings: Settings, models: Models | None = None) -> Collection:
    """Return the collection of the settings; nothing is read or loaded yet."""
    return Collection(settings.collection_paths, (models or LocalModels()).embedding(settings), settings.limits)
