"""The two models a question needs: which are set, whether they are there, loading and fetching them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from index.errors import ModelMissingError
from index.models.download import DownloadProgress, fetch_model
from index.models.embedder import EmbeddingModel, LocalEmbeddingModel
from index.models.registry import known_models, locate_model, verify_model
from qa.generation.base import Generator
from qa.settings import Settings

LoadGenerator = Callable[[], Generator]


class Models(Protocol):
    """Where the models come from. `LocalModels` are the real ones; a test brings its own."""

    def embedding(self, settings: Settings) -> EmbeddingModel:
        """Return the embedding model, which is loaded when it is first needed."""
        ...

    def generator(self, settings: Settings) -> Generator:
        """Verify and load the answering model, or take the server that the settings name."""
        ...

    def require(self, settings: Settings) -> None:
        """Raise `ModelMissingError` when a model that the settings need is not on this computer."""
        ...

    def verify(self, name: str, settings: Settings) -> str:
        """Read all of the model `name` of the settings and return its identity. Raises a `ModelError`."""
        ...

    def missing_bytes(self, settings: Settings) -> int:
        """Return how many bytes a fetch would transfer, as far as that is known."""
        ...

    def fetch(self, settings: Settings, progress: DownloadProgress) -> None:
        """Fetch and verify the models that the settings need."""
        ...


class LocalModels:
    """The models of the settings, on this computer."""

    def embedding(self, settings: Settings) -> EmbeddingModel:
        """See `Models.embedding`."""
        return LocalEmbeddingModel(settings.embedding_model, settings.models)

    def generator(self, settings: Settings) -> Generator:
        """See `Models.generator`."""
        if settings.server_url:
            from qa.generation.openai_server import ServerGenerator

            return ServerGenerator(settings)
        from qa.generation.llama import LlamaGenerator

        return LlamaGenerator(verify_model(settings.answer_model, settings.models), settings)

    def require(self, settings: Settings) -> None:
        """See `Models.require`."""
        for name in settings.needed_models:
            locate_model(name, settings.models)

    def verify(self, name: str, settings: Settings) -> str:
        """See `Models.verify`."""
        return verify_model(name, settings.models).identity

    def missing_bytes(self, settings: Settings) -> int:
        """See `Models.missing_bytes`."""
        specs = [known_models()[name] for name in settings.needed_models if name in known_models()]
        missing = [spec for spec in specs if not _is_there(spec.name, settings)]
        return sum(part.bytes for spec in missing for part in spec.parts)

    def fetch(self, settings: Settings, progress: DownloadProgress) -> None:
        """See `Models.fetch`."""
        for name in settings.needed_models:
            fetch_model(name, settings.models, None, progress)


def _is_there(name: str, settings: Settings) -> bool:
    try:
        locate_model(name, settings.models)
    except ModelMissingError:
        return False
    return True
