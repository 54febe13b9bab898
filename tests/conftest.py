"""Every test has its own home, cache and data folder, and no network but this machine's own."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from index import Collection
from index.readers.sandbox import Sandbox
from index.store.writer import Writer
from index.sync.sources import SourcePath
from index.sync.update import UpdateReport, update_store
from index.types import Article, Rejection
from qa.engine import Engine
from qa.generation.base import Generator
from qa.generation.prompts import load_prompts
from qa.retrieval.answerability import Calibration, PairWeights
from qa.settings import Settings, load_settings
from tests.fakes import FakeEmbedder, FakeEmbeddingModel, ScriptedGenerator


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", action="store_true", help="the long versions of the fault tests")


# Marks by the beginning of a test's name, so that `make check` can leave out what needs a browser or takes long.
MARKS = {
    "tests/interfaces/test_browser.py": "browser",
    "tests/interfaces/test_hostile_page.py": "browser",
    "tests/faults/": "slow",
    "tests/index/test_models.py::": "slow",  # pip is started for each part
    "tests/index/test_sandbox.py::test_a_child_that_held_much_memory": "slow",
    "tests/index/test_sandbox.py::test_a_document_that_is_enormous": "slow",
    "tests/index/test_watch.py::": "slow",  # files must settle
    "tests/index/test_collection.py::test_watching": "slow",
    "tests/interfaces/test_mcp_server.py::test_over_standard_input_and_output": "slow",  # another process
    "tests/interfaces/test_terminal.py::test_a_pipe_is_written_to": "slow",
    # Each starts the whole program in a terminal of its own.
    "tests/interfaces/test_terminal.py::test_a_draft_is_not_shown": "slow",
    "tests/interfaces/test_terminal.py::test_arabic_is_told": "slow",
    "tests/interfaces/test_terminal.py::test_ctrl_c_ends_it": "slow",
    "tests/interfaces/test_terminal.py::test_in_a_terminal": "slow",
    "tests/interfaces/test_terminal.py::test_several_questions": "slow",
    "tests/interfaces/test_terminal.py::test_where_it_is_asked": "slow",
    "tests/interfaces/test_web_app.py::": "slow",  # whole servers
    "tests/qa/test_attacks.py::test_ten_thousand_drafts": "slow",
    "tests/qa/test_retrieval.py::test_a_ligature_of_eighteen_letters": "slow",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for beginning, mark in MARKS.items():
            if item.nodeid.startswith(beginning):
                item.add_marker(mark)


settings.register_profile(
    "project", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("project")

# The small embedder's cosines: from .32 on a sentence is near enough, however many others are.
_BY_COSINE = PairWeights((0.5, 0.0, 0.0, 0.0, 0.0), (40.0, 0.0, 0.0, 0.0, 0.0), -40 * 0.32)
CALIBRATION = Calibration("fake@1", 0.5, {f"{q} -> {a}": _BY_COSINE for q in ("ar", "en") for a in ("ar", "en")})


def today() -> date:
    return date(2017, 3, 25)


MODELS = load_settings().models  # before the environment is emptied: the real models, where `make models` put them


def _only_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
        raise AssertionError(f"a connection to {address} was opened")


sys.addaudithook(_only_this_machine)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MUJIB_") or name in {"COLUMNS", "LINES"}]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MUJIB_DATA", str(tmp_path / "data"))


@pytest.fixture
def real_models(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MUJIB_MODELS", str(MODELS))
    return MODELS


@pytest.fixture
def trials(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """Return a function that chooses how often a fault test tries: as often as it can wait for, or with `--faults`."""

    def choose(short: int, long: int) -> int:
        return long if request.config.getoption("--faults") else short

    return choose


@pytest.fixture(scope="module")
def tidy() -> Iterator[None]:
    """Collect at the end of a module what the page's libraries leave open: it is warned of there, not later."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def worker() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "articles"
    path.mkdir()
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store.sqlite"


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
def bring_up_to_date(folder: Path, store: Path, embedder: FakeEmbedder) -> Callable[[], UpdateReport]:
    """Return a function that updates `store` from `folder` with the fake embedder."""

    def run() -> UpdateReport:
        with Writer(store, embedder.identity) as writer:
            return update_store(
                writer, [SourcePath(folder, "articles")], lambda: embedder, Settings().limits, confirmed=True
            )

    return run


@pytest.fixture
def engine_of(store: Path, embedder: FakeEmbedder) -> Iterator[Callable[..., Engine]]:
    """Return a function that makes an engine over `store` whose model says the given replies."""
    made: list[Engine] = []

    def make(*replies: str, **changed: Any) -> Engine:
        made.append(make_engine(Settings(data=store.parent, **changed), ScriptedGenerator(*replies), embedder))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def make_engine(settings: Settings, generator: Generator, embedder: FakeEmbedder | None = None) -> Engine:
    """Return an engine over the store of the settings, with stand-ins in the place of the models."""
    collection = Collection(settings.collection_paths, FakeEmbeddingModel(embedder), settings.limits)
    prompts = load_prompts(settings.prompts)
    return Engine(settings, collection, prompts, CALIBRATION, collection.model.load(), lambda: generator, today)


def article(text: str, **fields: Any) -> Article:
    """Return an article as a folder would give it."""
    from index.readers.base import RawArticle
    from index.sync.scan import build_article

    path = fields.pop("path", "articles/a.txt")
    made = build_article(RawArticle(text, **fields), path, Settings().limits)
    if isinstance(made, Rejection):
        raise TypeError(made.reason)
    return made
