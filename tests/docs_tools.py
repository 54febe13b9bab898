"""Writes the generated parts of the documents: `python -m tests.docs_tools`, or `make docs`.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`. `test_docs.py` fails while one is stale.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from qa.interfaces.cli.main import app
from qa.settings import Settings
from tests.paths import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_WIDTH = 100  # columns of a help text
_PART = re.compile(r"(<!-- generated: ([\w ./-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
# Defaults that depend on the computer or on another setting.
_DEFAULTS = {
    "data": "the platform's folder for data of programs (Linux: `~/.local/share/mujib`); in a checkout `.data`",
    "models": "the platform's folder for caches (Linux: `~/.cache/mujib/models`)",
    "articles": "`seeds`, one article that comes with the program",
    "prompts": "those that come with the program (`prompts` in a checkout)",
    "calibration": "the one that comes with the program (`qa/retrieval/calibration.toml`)",
    "free_wording": "`true` with a server, else `false`",
    "threads": "one for each processor",
}


def render(text: str) -> str:
    """Return a document with its generated parts as they should be."""
    return _PART.sub(lambda part: f"{part[1]}\n{_generate(part[2])}\n\n{part[3]}", text)


def _generate(name: str) -> str:
    kind, _, argument = name.partition(" ")
    match kind:
        case "commands":
            return commands()
        case "settings":
            return settings()
        case "modules":
            return modules(argument)
    raise ValueError(f"nothing generates {name!r}")


# --- commands


def commands() -> str:
    """Return the help text of every command as Markdown."""
    return "\n\n".join(f"## `{path}`\n\n```text\n{text}\n```" for path, text in help_texts())


def help_texts() -> Iterator[tuple[str, str]]:
    """Yield each command with what its `--help` says, as it is printed without colors and boxes."""
    yield from _help_texts(typer.main.get_command(app), "mujib", None)


def _help_texts(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    command.rich_markup_mode = None
    context = command.context_class(
        command, info_name=name, parent=parent, terminal_width=_WIDTH, max_content_width=_WIDTH
    )
    yield context.command_path, command.get_help(context)
    for of_group, inner in getattr(command, "commands", {}).items():
        yield from _help_texts(inner, of_group, context)


# --- settings


def settings() -> str:
    """Return the table of the settings."""
    rows = [
        f"| `MUJIB_{name.upper()}` | {field.description} | {_default(name, field)} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | meaning | default |", "|---|---|---|", *rows])


def _default(name: str, field: FieldInfo) -> str:
    if name in _DEFAULTS:
        return _DEFAULTS[name]
    if field.default is PydanticUndefined:
        raise ValueError(f"say in words what the default of {name} is")
    value = field.default.get_secret_value() if hasattr(field.default, "get_secret_value") else field.default
    return "none" if value in (None, "") else f"`{str(value).lower() if isinstance(value, bool) else value}`"


# --- modules


def modules(folder: str) -> str:
    """Return the table of the modules of a folder, with the first line of what each says of itself."""
    rows = [f"| `{path.name}` | {_summary(path)} |" for path in _modules(ROOT / folder)]
    return "\n".join(["| module | |", "|---|---|", *rows])


def _modules(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.py"))
    return [path for path in paths if path.name != "__init__.py" or len(path.read_text("utf-8").splitlines()) > 1]


def _summary(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return text.split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def main() -> None:
    """Write every document anew whose generated parts are stale, and say which."""
    for path in DOCUMENTS:
        text = path.read_text("utf-8")
        if render(text) != text:
            path.write_text(render(text), "utf-8")
            print(path.relative_to(ROOT).as_posix())


if __name__ == "__main__":
    main()
