"""Checks everything an answer needs, and names the cure of what is wrong."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from index.errors import ModelError, MujibError
from qa.engine import open_collection
from qa.generation.prompts import load_prompts
from qa.models import Models
from qa.resources import is_checkout
from qa.retrieval.answerability import load_calibration
from qa.settings import Settings

_PACKAGES = ("torch", "sentence-transformers", "faiss-cpu", "llama-cpp-python", "gradio", "langchain-text-splitters")


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check: `text` names what was found, or what is wrong and its cure."""

    name: str
    text: str
    sound: bool


def run_checks(settings: Settings, models: Models) -> list[Finding]:
    """Check the packages, the prompts, the calibration, the models and the index."""
    return [
        Finding("python", f"{platform.python_version()} on {platform.machine()}", sound=True),
        *_check_packages(),
        _check("prompts", lambda: f"{load_prompts(settings.prompts).digest} in {settings.prompts}"),
        _check("calibration", lambda: _describe_calibration(settings, models)),
        _check("embedding model", lambda: models.verify(settings.embedding_model, settings)),
        _check("answering model", lambda: _describe_answering_model(settings, models)),
        _check("index", lambda: _describe_index(settings, models)),
    ]


def _check_packages() -> Iterator[Finding]:
    cure = "Run `make setup`." if is_checkout() else "Install Mujib again."
    for name in _PACKAGES:
        try:
            yield Finding(name, version(name), sound=True)
        except PackageNotFoundError:
            yield Finding(name, f"not installed. {cure}", sound=False)


def _check(name: str, describe: Callable[[], str]) -> Finding:
    try:
        return Finding(name, describe(), sound=True)
    except MujibError as error:
        return Finding(name, str(error), sound=False)


def _describe_calibration(settings: Settings, models: Models) -> str:
    fitted = load_calibration(settings.calibration).embedding
    used = models.embedding(settings).identity
    if fitted != used:
        raise ModelError(
            f"{settings.calibration} was fitted to {fitted}, not to {used}: it cannot tell well whether the articles "
            "hold an answer. Fit it anew with `mujib eval calibrate` and name it in MUJIB_CALIBRATION."
        )
    return f"{settings.calibration}, for {fitted}"


def _describe_answering_model(settings: Settings, models: Models) -> str:
    if settings.server_url:
        return f"{settings.server_model} at {settings.server_url} (asked when a question is)"
    return models.verify(settings.answer_model, settings)


def _describe_index(settings: Settings, models: Models) -> str:
    with closing(open_collection(settings, models)) as collection:
        status = collection.snapshot().status()
    return f"{status.articles} articles, {status.chunks} passages in {settings.store}"
