"""The documents: what is generated is fresh, what is named is there, and the README stays short."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from index.readers.base import UnreadableError
from index.text.languages import LANGUAGE_TABLE, LanguageInfo, detect_among
from qa import Mujib
from qa.engine import Engine
from qa.generation.base import Generator, ReplyCutError, never_cancelled
from qa.settings import Settings
from qa.types import Message, Prompt
from tests import docs_tools
from tests.paths import ROOT
from tests.structure_report import Tree

README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
MAX_README_WORDS = 1200
_CODE = re.compile(r"^ *```python\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", docs_tools.DOCUMENTS, ids=_name)
def test_generated_parts_are_fresh(path: Path) -> None:
    text = path.read_text("utf-8")
    assert docs_tools.render(text) == text, "run `make docs`"


def test_a_stale_part_is_written_anew() -> None:
    stale = "Before.\n<!-- generated: settings -->\nold\n<!-- end -->\nAfter.\n"
    fresh = docs_tools.render(stale)
    assert "\nold\n" not in fresh
    assert "| `MUJIB_DATA` | folder of the index |" in fresh
    assert fresh.startswith("Before.\n<!-- generated: settings -->\n")
    assert fresh.endswith("<!-- end -->\nAfter.\n")
    assert docs_tools.render(fresh) == fresh


def test_every_command_and_setting_is_documented() -> None:
    documented = (ROOT / "docs" / "commands.md").read_text("utf-8")
    commands = [path for path, _ in docs_tools.help_texts()]
    assert len(commands) >= 9
    for command in commands:
        assert f"## `{command}`" in documented
    settings = (ROOT / "docs" / "settings.md").read_text("utf-8")
    for name in Settings.model_fields:
        assert f"`MUJIB_{name.upper()}`" in settings


def test_every_command_stands_in_the_table_of_the_command_line() -> None:
    table = (ROOT / "docs" / "using.md").read_text("utf-8")
    groups = {"mujib", "mujib index", "mujib models", "mujib eval"}
    for command in {path for path, _ in docs_tools.help_texts()} - groups:
        assert f"`{command}" in table


def test_every_module_stands_in_the_architecture() -> None:
    paths = [path for path in Tree(ROOT).paths if path.name != "__init__.py"]
    assert len(paths) > 80
    for path in paths:
        assert f"`{path.name}`" in ARCHITECTURE


def test_every_folder_has_its_section_in_the_architecture() -> None:
    for folder in sorted({_name(path.parent) for path in Tree(ROOT).paths}):
        assert f"<!-- generated: modules {folder} -->" in ARCHITECTURE


def test_the_readme_is_short() -> None:
    assert len(README.split()) <= MAX_README_WORDS


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, open_documents = set(), {ROOT / "README.md"}
    while open_documents:
        document = open_documents.pop()
        reached.add(document)
        links = {_target(document, link) for link in _LINK.findall(document.read_text("utf-8"))}
        open_documents |= {path for path in links if path is not None and path.suffix == ".md"} - reached
    assert set(docs_tools.DOCUMENTS) <= reached


@pytest.mark.parametrize("path", docs_tools.DOCUMENTS, ids=_name)
def test_what_is_linked_is_there(path: Path) -> None:
    for link in _LINK.findall(path.read_text("utf-8")):
        target = _target(path, link)
        if target is not None:
            assert target.exists(), link
            _, _, anchor = link.partition("#")
            assert not anchor or anchor in _anchors(target), link


def _target(document: Path, link: str) -> Path | None:
    """Return the file that a link of a document leads to; None for one that leads out of the project."""
    if re.match(r"[a-z]+:", link):
        return None
    path = link.partition("#")[0]
    return (document.parent / path).resolve() if path else document


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", docs_tools.DOCUMENTS, ids=_name)
def test_files_that_are_named_are_there(path: Path) -> None:
    """A path in code marks that begins with a folder of the project can be opened, but for new files of examples."""
    text = re.sub(r"new file,\s`[^`]+`", "", path.read_text("utf-8"))
    for named in re.findall(r"`((?:qa|index|tests|docs|prompts|\.ci)/[\w./-]+)`", text):
        assert (ROOT / named).exists(), named


# --- the examples


def _example(heading: str, **names: object) -> dict[str, Any]:
    """Run the first Python example of a section of CONTRIBUTING.md, which knows `names`; return what it defines."""
    section = CONTRIBUTING.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    defined: dict[str, Any] = {"__name__": "example", **names}
    exec(compile(_CODE.findall(section)[0], heading, "exec"), defined)  # noqa: S102 - our own document
    return defined


def test_the_example_of_a_format_reads_subtitles() -> None:
    read = _example("A file format, on an example")["read_subtitles"]
    (article,) = read(b"1\n00:00:01,000 --> 00:00:02,500\nGood evening.\n\n2\n00:00:03,000 --> 00:00:04,000\nRain.\n")
    assert article.text.split() == ["Good", "evening.", "Rain."]
    with pytest.raises(UnreadableError):
        list(read(b"Good evening."))


def test_the_example_of_a_model_answers() -> None:
    generator: Generator = _example("An embedding or answering model, on an example")["CommandGenerator"]("cat -")
    prompt = Prompt((Message("system", "Copy."), Message("user", "One.\nTwo.")), "en")
    assert "".join(generator.stream(prompt, never_cancelled)) == "Copy.\n\nOne.\nTwo."
    assert generator.count(prompt) == 3
    with pytest.raises(ReplyCutError):
        list(generator.stream(prompt, lambda: True))


def test_the_example_of_a_language_tells_it_from_english() -> None:
    names = {"LanguageInfo": LanguageInfo, "_ENGLISH": LANGUAGE_TABLE["en"]}
    french: LanguageInfo = _example("A language, on an example", **names)["_FRENCH"]
    table = [*LANGUAGE_TABLE.values(), french]
    texts = ("La police est dans une rue de Paris.", "The police are in a street of Paris.")
    assert [str(detect_among(text, table)) for text in texts] == ["fr", "en"]


def test_the_example_of_an_interface_converses(
    folder: Path, bring_up_to_date: Callable[[], object], engine_of: Callable[..., Engine]
) -> None:
    (folder / "a.txt").write_text("Ann was arrested in London. The police searched a house.", "utf-8")
    bring_up_to_date()
    written: list[str] = []
    converse = _example("An interface, on an example")["converse"]
    converse(Mujib(engine_of("Ann was arrested in London.")), ["Who was arrested in London?", " "], written.append)
    assert "Ann was arrested in London. [1]" in written[0]
    assert len(written) == 2
    assert "no question" in written[1] or "empty" in written[1]


@pytest.mark.parametrize("path", docs_tools.DOCUMENTS, ids=_name)
def test_python_in_the_documents_is_python(path: Path) -> None:
    for code in _CODE.findall(path.read_text("utf-8")):
        ast.parse(textwrap.dedent(code))
