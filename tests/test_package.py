"""The package: what the wheel holds, and that the `mujib` it installs works in any folder, without the checkout."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import site
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import typer

from qa.interfaces.cli.main import app
from tests.paths import ROOT
from tests.structure_report import Tree

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# Not imported by name, but needed: torch so that pip takes the small build, lxml-html-clean by trafilatura, pip to
# fetch models.
UNIMPORTED = {"torch", "lxml-html-clean", "pip"}
# Every sign of a search counts for nothing but the fake embedder's cosine, as in `conftest.CALIBRATION`.
_PAIR = """
[pairs."{question} -> {article}"]
intercept = -12.8
usual = {{ similarity = 0.5, passage = 0.0, above_5 = 0.0, above_11 = 0.0, above_21 = 0.0 }}
weights = {{ similarity = 40.0, passage = 0.0, above_5 = 0.0, above_11 = 0.0, above_21 = 0.0 }}
"""
_CALIBRATION = 'embedding = "fake@1"\nenough = 0.5\n' + "".join(
    _PAIR.format(question=question, article=article) for question in ("ar", "en") for article in ("ar", "en")
)
_ANSWERED = "و قد قامت الشرطة البريطانية بست عمليات تفتيش في لندن وبيرمينغهام وأوقفت 8 أشخاص لهم علاقة بالجاني."
_SCRIPT = f"""
import sys
from fakes import FakeModels
from qa.interfaces.cli.main import main
main(FakeModels({_ANSWERED!r}))
"""


# --- what is declared


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_the_version_is_that_of_the_newest_changes() -> None:
    headings = re.findall(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert headings[0][0] == PROJECT["version"]
    assert headings == sorted(headings, key=lambda heading: _version_key(heading[0]), reverse=True)


def test_what_is_imported_is_declared_and_nothing_else() -> None:
    declared = {re.split(r"[<>=\[ ]", line)[0].lower().replace("_", "-") for line in PROJECT["dependencies"]}
    distributions = packages_distributions()
    imported = {
        distribution.lower().replace("_", "-")
        for name in _third_party_imports()
        for distribution in distributions[name]
    }
    assert declared - UNIMPORTED == imported - {"mujib"}


def _third_party_imports() -> set[str]:
    tree = Tree(ROOT)
    names = {name for path in tree.paths for name in tree.libraries(path)}
    return names - set(sys.stdlib_module_names) - {"qa", "index"}


# --- what is built


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and the source archive, without a network, in a copy of what the build reads."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in ("qa", "index", "prompts", "seeds"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, source)
    _build(source, target)
    return target


def _build(source: Path, target: Path, *kinds: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(target), *kinds], cwd=source, check=True, text=True
    )


def _wheel(folder: Path) -> Path:
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.mark.package
def test_the_wheel_holds_the_packages_and_every_file_they_read(built: Path) -> None:
    with zipfile.ZipFile(_wheel(built)) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    here = {
        path.relative_to(ROOT).as_posix()
        for package in ("qa", "index")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    resources = {
        f"qa/_resources/{path.relative_to(ROOT).as_posix()}"
        for folder in ("prompts", "seeds")
        for path in (ROOT / folder).iterdir()
    }
    assert held == here | resources
    assert {name.split("/")[0] for name in held} == {"qa", "index"}
    assert {"qa/py.typed", "index/py.typed", "index/models/models.toml", "qa/retrieval/calibration.toml"} <= held


@pytest.mark.package
def test_the_source_archive_holds_what_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    _build(unpacked, tmp_path, "-t", "wheel")
    with zipfile.ZipFile(_wheel(built)) as direct, zipfile.ZipFile(_wheel(tmp_path)) as through_archive:
        assert sorted(through_archive.namelist()) == sorted(direct.namelist())


# --- what is installed


class Installed:
    """A `mujib` in an environment of its own, run in an empty folder by somebody with an empty home."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.environment = folder / "environment"
        self.home = folder / "home"
        self.empty = folder / "empty"
        for made in (self.home, self.empty):
            made.mkdir()
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(self.environment)], check=True)
        self.python = self.environment / "bin" / "python"
        self._install(wheel)
        self._borrow_dependencies()

    def _install(self, wheel: Path) -> None:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(self.python)]
        subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)

    def _borrow_dependencies(self) -> None:
        """Make the libraries of the test's environment importable, behind what is installed here.

        Only its folder is named, so that the links of editable installs in it are not followed.
        """
        (packages,) = self.environment.glob("lib/python*/site-packages")
        (packages / "borrowed.pth").write_text("".join(f"{folder}\n" for folder in site.getsitepackages()), "utf-8")

    @property
    def data(self) -> Path:
        """Where the platform keeps the data of a user's programs."""
        return self.home / "share" / "mujib"

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the empty folder."""
        kept = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        home = {
            "HOME": str(self.home),
            "XDG_DATA_HOME": str(self.home / "share"),
            "XDG_CACHE_HOME": str(self.home / "c"),
        }
        return subprocess.run(
            command, cwd=self.empty, env=kept | home | environment, capture_output=True, text=True, check=False
        )

    def mujib(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the installed command."""
        return self.run(str(self.environment / "bin" / "mujib"), *arguments)


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    program = Installed(tmp_path_factory.mktemp("installed"), _wheel(built))
    yield program
    assert list(program.empty.iterdir()) == [], "something was written where the program was started"


@pytest.fixture(scope="module")
def with_fakes(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs the installed command line with the fakes in the place of the models."""
    folder = tmp_path_factory.mktemp("script")
    shutil.copy(ROOT / "tests" / "fakes.py", folder)
    (folder / "calibration.toml").write_text(_CALIBRATION, "utf-8")
    (folder / "run.py").write_text(_SCRIPT, "utf-8")
    return [str(installed.python), str(folder / "run.py")]


@pytest.mark.package
def test_the_checkout_does_not_leak_in(installed: Installed) -> None:
    ran = installed.run(str(installed.python), "-c", "import qa, index; print(qa.__file__); print(index.__file__)")
    assert all(Path(line).is_relative_to(installed.environment) for line in ran.stdout.splitlines())
    assert len(ran.stdout.splitlines()) == 2, ran.stderr


@pytest.mark.package
def test_the_installed_command_tells_its_version(installed: Installed) -> None:
    ran = installed.mujib("--version")
    assert (ran.returncode, ran.stdout.strip()) == (0, f"mujib {PROJECT['version']}"), ran.stderr


@pytest.mark.package
def test_the_installed_doctor_names_what_is_missing_and_the_cure(installed: Installed) -> None:
    ran = installed.mujib("doctor")
    assert ran.returncode == 1, ran.stderr
    problems = [line for line in ran.stdout.splitlines() if line.startswith("PROBLEM")]
    assert [line.split(":")[0].split(maxsplit=1)[1] for line in problems] == [
        "embedding model",
        "answering model",
        "index",
    ]
    assert all("mujib models fetch" in line for line in problems[:2])
    assert f"{installed.environment}/lib" in ran.stdout  # the prompts and the calibration are those of the package


@pytest.mark.package
def test_the_installed_program_indexes_the_shipped_article_and_answers(
    installed: Installed, with_fakes: list[str]
) -> None:
    fitted = {"MUJIB_CALIBRATION": str(Path(with_fakes[1]).parent / "calibration.toml")}
    updated = installed.run(*with_fakes, "index", "update", "--quiet", **fitted)
    assert updated.returncode == 0, updated.stderr
    assert "1 added" in updated.stdout
    answered = installed.run(*with_fakes, "ask", "كم شخصا أوقفت الشرطة البريطانية؟", **fitted)
    assert answered.returncode == 0, answered.stdout + answered.stderr
    assert _ANSWERED in answered.stdout
    assert "seeds/000_1f6fa011a6936e6a.txt" in answered.stdout
    assert (installed.data / "store.sqlite").is_file()


@pytest.mark.package
def test_the_installed_page_finds_its_templates_words_and_styles(installed: Installed) -> None:
    script = (
        "from importlib.resources import files\n"
        "from qa.interfaces import web\n"
        "print(len(list((files(web) / 'templates').iterdir())), (files(web) / 'static' / 'style.css').is_file())\n"
        "import qa.interfaces.web.app, qa.interfaces.web.views\n"
    )
    ran = installed.run(str(installed.python), "-c", script)
    assert ran.returncode == 0, ran.stderr
    count, styled = ran.stdout.split()
    assert int(count) == len(list((ROOT / "qa" / "interfaces" / "web" / "templates").iterdir()))
    assert styled == "True"


# --- what is shipped beside the package


def test_the_container_file_copies_what_is_there_and_does_not_run_as_root() -> None:
    lines = [line.split() for line in (ROOT / "Containerfile").read_text("utf-8").splitlines() if line.strip()]
    instructions = {line[0] for line in lines if line[0].isupper()}
    assert {"FROM", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "CMD"} <= instructions
    for line in lines:
        if line[0] == "COPY" and not line[1].startswith("--from"):
            assert all((ROOT / source).exists() for source in line[1:-1]), line
    (user,) = (line[1] for line in lines if line[0] == "USER")
    assert int(user) > 0
    (command,) = (json.loads(" ".join(line[1:])) for line in lines if line[0] == "CMD")
    assert command[:2] == ["mujib", "chat"]
    _parse(command[1:])


def test_the_systemd_unit_starts_a_command_that_exists() -> None:
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "docs" / "mujib.service", "utf-8")
    program, *command = unit["Service"]["ExecStart"].split()
    assert program.endswith("/bin/mujib")
    _parse(command)
    assert unit["Install"]["WantedBy"] == "default.target"


def _parse(command: list[str]) -> None:
    """Raise when the command line does not take these arguments; nothing is run."""
    program: Any = typer.main.get_command(app)
    program.commands[command[0]].make_context(command[0], command[1:])
