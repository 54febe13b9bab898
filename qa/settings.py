"""The settings: one frozen record, passed and never global; each is an environment variable `MUJIB_<NAME>`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from index.types import ReadLimits
from qa import resources
from qa.errors import SettingsError

if TYPE_CHECKING:  # imports numpy and SQLite, for which a shell that completes a command should not wait
    from index.collection import CollectionPaths


class Settings(BaseSettings):
    """Everything that can be set. Names in the environment: `MUJIB_DATA`, `MUJIB_MODELS` and so on."""

    model_config = SettingsConfigDict(env_prefix="MUJIB_", frozen=True, extra="ignore")

    data: Path = Field(default_factory=resources.default_data, description="folder of the index")
    models: Path = Field(default_factory=resources.default_models, description="folder of fetched models")
    articles: Path = Field(
        default_factory=lambda: resources.resources() / "seeds", description="folder of articles that is indexed first"
    )
    prompts: Path = Field(default_factory=lambda: resources.resources() / "prompts", description="folder of prompts")
    calibration: Path = Field(
        default_factory=resources.default_calibration,
        description="file that tells how sure an answer must be (`mujib eval calibrate`)",
    )
    embedding_model: str = Field("embeddinggemma-300m", description="pinned name, folder, or hf:owner/name")
    answer_model: str = Field(
        "qwen2.5-coder-1.5b-instruct-q4_k_m", description="pinned name, GGUF file, or hf:owner/name/file.gguf"
    )
    server_url: str | None = Field(None, description="OpenAI-compatible server that answers instead, up to /v1")
    server_model: str = Field("default", description="the model's name on that server")
    server_key: SecretStr = Field(SecretStr(""), description="key for that server")
    free_wording: bool | None = Field(None, description="let the model word its answers; unset: a server's only")
    translate_quotes: bool = Field(
        False, description="translate evidence in the other language; the default model's translations are often wrong"
    )
    auth: SecretStr = Field(SecretStr(""), description="password of the page and key of its API; needed to be reached")
    threads: int = Field(os.cpu_count() or 2, ge=1, description="processor threads of the answering model")
    context_tokens: int = Field(4096, ge=1024, description="context of the answering model")
    answer_tokens: int = Field(200, ge=16, description="most tokens of an answer")
    deadline_seconds: float = Field(60.0, gt=0, description="most seconds of writing for an answer")
    max_file_mb: int = Field(64, ge=1, description="largest file that is read")
    log: Literal["debug", "info", "warning"] = Field("warning", description="what is logged to standard error")
    log_questions: bool = Field(False, description="log the text of questions too")

    @property
    def store(self) -> Path:
        """Return the path of the store."""
        return self.data / "store.sqlite"

    @property
    def free_form(self) -> bool:
        """Return whether the answering model words its answers, or only copies and translates."""
        return bool(self.server_url) if self.free_wording is None else self.free_wording

    @property
    def needed_models(self) -> tuple[str, ...]:
        """Return the models that must lie on this computer."""
        return (self.embedding_model,) if self.server_url else (self.embedding_model, self.answer_model)

    @property
    def collection_paths(self) -> CollectionPaths:
        """Return where the collection lies."""
        from index.collection import CollectionPaths

        return CollectionPaths(self.store, self.articles, resources.resources())

    @property
    def limits(self) -> ReadLimits:
        """Return what is taken from one file."""
        return ReadLimits(file_bytes=self.max_file_mb * 1024 * 1024)


def load_settings() -> Settings:
    """Return the settings of this process. Raises `SettingsError` naming the variable that cannot be."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"MUJIB_{str(first['loc'][0]).upper()}"
        raise SettingsError(f"{name}={first['input']}: {first['msg']}. Change or unset it.") from None
