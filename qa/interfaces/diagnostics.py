"""Checks everything an answer needs, and names the cure of what is wrong."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from index.errors import ModelError, MujibError
from index.models.registry import model_identity, verify_model
from index.store.snapshot import open_snapshot
from qa.generation.prompts import load_prompts
from qa.retrieval.answerability import load_calibration
from qa.settings import Settings

_PACKAGES = ("torch", "sentence-transformers", "faiss-cpu", "llama-cpp-python", "gradio", "langchain-text-splitters")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `text` says what was found, or what is wrong and its cure."""

    name: str
    text: str
    sound: bool


def run_checks(settings: Settings) -> list[Finding]:
    """Look at everything an answer needs."""
    return [
        Finding("python", f"{platform.python_version()} on {platform.machine()}", sound=True),
        *_packages(),
        _finding("prompts", lambda: f"{load_prompts(settings.prompts).digest} in {settings.prompts}"),
        _finding("calibration", lambda: _calibration(settings)),
        _finding("embedding model", lambda: verify_model(settings.embedding_model, settings.models).identity),
        _finding("answering model", lambda: _answering(settings)),
        _finding("index", lambda: _index(settings)),
    ]


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Finding(name, version(name), sound=True)
        except PackageNotFoundError:
            yield Finding(name, "not installed. Run `make setup`.", sound=False)


def _calibration(settings: Settings) -> str:
    fitted = load_calibration(settings.calibration).embedding
    used = model_identity(settings.embedding_model, settings.models)
    if fitted != used:
        raise ModelError(
            f"{settings.calibration} was fitted to {fitted}, not to {used}: it cannot tell well whether the articles "
            "hold an answer. Fit it anew with `mujib eval calibrate` and name it in MUJIB_CALIBRATION."
        )
    return f"{settings.calibration}, for {fitted}"


def _answering(settings: Settings) -> str:
    if settings.server_url:
        return f"{settings.server_model} at {settings.server_url} (asked when a question is)"
    return verify_model(settings.answer_model, settings.models).identity


def _index(settings: Settings) -> str:
    embedding = model_identity(settings.embedding_model, settings.models)
    held = open_snapshot(settings.store, embedding).status()
    return f"{held.articles} articles, {held.chunks} passages in {settings.store}"


def _finding(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, look(), sound=True)
    except MujibError as error:
        return Finding(name, str(error), sound=False)
