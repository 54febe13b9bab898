"""The shape of the project: what README and ARCHITECTURE say of it is so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from index import errors as index_errors
from qa import errors as qa_errors
from qa.interfaces.cli.main import app, index_app, models_app
from qa.settings import ROOT, Settings

README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
ROOMS = sorted([*(ROOT / "index").glob("*.py"), *(ROOT / "qa").rglob("*.py")])
# Parsed once, before other tests run: what they leave to be collected can disturb Python 3.11 in the middle of a parse.
TREES = {path: ast.parse(path.read_text("utf-8")) for path in ROOMS}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize(
    ("library", "room"),
    [
        ("sentence_transformers", "index/embed.py"),
        ("faiss", "index/vectors.py"),
        ("sqlite3", "index/layout.py"),
        ("watchfiles", "index/watch.py"),
        ("pypdfium2", "index/pdf.py"),
        ("feedparser", "index/feeds.py"),
        ("docx", "index/packages.py"),
        ("trafilatura", "index/markup.py"),
        ("langchain_text_splitters", "index/chunk.py"),
        ("llama_cpp", "qa/generate.py"),
        ("httpx", "qa/generate.py"),
        ("gradio", "qa/chat.py"),
        ("jinja2", "qa/page/views.py"),
        ("mcp", "qa/assistants.py"),
    ],
)
def test_each_heavy_library_has_one_importer(library: str, room: str) -> None:
    importers = [p for p in ROOMS if any(name.split(".")[0] == library for name in imports(p))]
    assert [p.relative_to(ROOT).as_posix() for p in importers] == [room]


def test_index_never_imports_qa() -> None:
    assert not [
        p for p in ROOMS if p.is_relative_to(ROOT / "index") and any(n.split(".")[0] == "qa" for n in imports(p))
    ]


def test_nothing_is_unpickled() -> None:
    for path in ROOMS:
        assert not {"pickle", "marshal", "shelve", "joblib"} & {name.split(".")[0] for name in imports(path)}


def test_every_room_stands_in_the_architecture() -> None:
    for path in ROOMS:
        if path.name != "__init__.py":
            assert f"`{path.name}`" in ARCHITECTURE


def test_every_command_and_setting_stands_in_the_readme() -> None:
    commands = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    for group, of_group in (("index", index_app), ("models", models_app)):
        commands += [f"{group} {c.name or c.callback.__name__}" for c in of_group.registered_commands if c.callback]
    assert len(commands) >= 9
    for command in commands:
        assert f"mujib {command}" in README
    for name in Settings.model_fields:
        assert f"`MUJIB_{name.upper()}`" in README


@pytest.mark.parametrize("module", [index_errors, qa_errors])
def test_the_tree_of_errors_is_drawn_whole(module: object) -> None:
    drawn = set(re.findall(r"\w+Error", module.__doc__ or ""))
    defined = {name for name, value in vars(module).items() if isinstance(value, type)}
    assert defined == drawn


def test_the_articles_own_text_is_unchanged() -> None:
    import hashlib

    data = (ROOT / "seeds" / "000_1f6fa011a6936e6a.txt").read_bytes()
    assert hashlib.sha256(data).hexdigest() == SEED_SHA256


SEED_SHA256 = "f0e8f39613bce4e607f0869a93775910cdd2ee8fd121acda87cece02710d8861"


_STATEMENT = r"f[\"'](?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA)\b"
# What may stand in a statement itself: names of tables and columns, and our own numbers. All else is a parameter.
_NAMES = {
    *("layout.HEAD", "layout.CHUNK", "table", "columns", "','.join('?' * 12)", "','.join('?' * 11)"),
    *("VERSION", "version + 1", "layout.WAIT_MS", "name"),
}


def test_no_value_is_written_into_a_statement() -> None:
    written = set()
    for path in ROOMS:
        for node in ast.walk(TREES[path]):
            if isinstance(node, ast.JoinedStr) and re.match(_STATEMENT, ast.unparse(node)):
                written |= {ast.unparse(part.value) for part in node.values if isinstance(part, ast.FormattedValue)}
    assert written
    assert written <= _NAMES
