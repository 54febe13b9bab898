"""The command line as a user meets it: one clear line for every mistake, and the documented exit status."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pytest

from index.store.schema import schema_version
from qa.interfaces.cli.main import main
from qa.logs import LOGGER
from tests.fakes import FakeModels
from tests.paths import ROOT

Run = Callable[..., tuple[int, str, str]]
QUESTION = "How many people did the police arrest?"


@pytest.fixture
def models() -> FakeModels:
    return FakeModels()


@pytest.fixture
def run_with(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return a function that runs the command line with models and gives its exit status, output and errors."""

    def go(models: FakeModels | None, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mujib", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as exit_:
            main(models)
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err

    yield go
    for handler in LOGGER.handlers[:]:
        LOGGER.removeHandler(handler)
    LOGGER.propagate = True


@pytest.fixture
def run(run_with: Run, models: FakeModels) -> Run:
    """Return a function that runs the command line with the small stand-ins in the place of the models."""
    return partial(run_with, models)


def one_line(text: str) -> bool:
    return text.startswith("mujib: ") and text.count("\n") == 1


def test_ask_answers_and_tells_by_its_exit_status(run: Run, models: FakeModels, folder: Path) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people in London.", "utf-8")
    status, output, _ = run("index", "update", str(folder), "--json")
    assert status == 0
    assert json.loads(output)["added"] == 1
    models.scripted.replies = ["8 people", "8 people", "8 people"]

    status, output, _ = run("ask", QUESTION)
    assert (status, output.splitlines()[0]) == (0, "The police arrested 8 people in London. [1]")
    assert "«The police arrested 8 people in London.»" in output

    status, output, _ = run("ask", QUESTION, "--json")
    assert (status, json.loads(output)["status"]) == (0, "answered")

    status, output, _ = run("ask", "-", "--json", stdin=QUESTION.encode())
    assert json.loads(output)["citations"][0]["path"] == f"{folder.resolve().as_posix()}/a.txt"

    status, output, _ = run("ask", "من رسم الفيلة؟", "--json")
    assert (status, json.loads(output)["status"]) == (3, "no_evidence")

    status, output, _ = run("ask", QUESTION, "--since", "2020-01-01", "--json")
    assert (status, json.loads(output)["status"]) == (3, "no_evidence")


def test_a_file_of_questions_is_answered_line_by_line(
    run: Run, models: FakeModels, folder: Path, tmp_path: Path
) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people in London.", "utf-8")
    run("index", "update", str(folder))
    questions = tmp_path / "questions.txt"
    questions.write_text(
        "How many people did the police arrest?\n\nHow many people did the police arrest in London?\n", "utf-8"
    )
    models.scripted.replies = ["8 people"] * 4
    status, output, _ = run("ask", "--file", str(questions), "--json")
    answers = [json.loads(line) for line in output.splitlines()]
    assert (status, [answer["status"] for answer in answers]) == (0, ["answered"] * 2)
    status, output, _ = run("ask", "--file", str(questions))
    assert output.splitlines()[0] == "? How many people did the police arrest?"
    with questions.open("a", encoding="utf-8") as file:
        file.write("Which elephants sing?\n")
    models.scripted.replies = ["8 people"] * 2
    assert run("ask", "--file", str(questions), "--json")[0] == 3
    for arguments in (["ask"], ["ask", "Who?", "--file", str(questions)]):
        code, _, errors = run(*arguments)
        assert (code, one_line(errors)) == (2, True)


def test_update_says_what_it_would_do_and_what_it_did(run: Run, folder: Path) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people.", "utf-8")
    (folder / "b.txt").write_bytes(b"\0\0")
    status, output, errors = run("index", "update", str(folder), "--dry-run")
    assert status == 0
    shown = folder.resolve().as_posix()
    assert output == f"added: {shown}/a.txt\nthis would be done: 1 added, 1 rejected; of 1 passages 1 to embed\n"
    assert f"{shown}/b.txt: not taken: it is not text" in errors
    status, _, errors = run("index", "status")
    assert status == 1
    assert "no index" in errors

    assert run("index", "update", str(folder), "--quiet")[0] == 0
    status, output, _ = run("index", "status", "--json")
    found = json.loads(output)
    assert (found["articles"], found["languages"], found["folders"]) == (1, {"en": 1}, [folder.resolve().as_posix()])
    assert (found["last_report"]["added"], found["last_report"]["rejected_files"]) == (1, 1)
    assert "last report      added 1, chunks 1, embedded 1, rejected_files 1" in run("index", "status")[1]
    assert run("index", "check")[:2] == (0, "sound\n")
    assert json.loads(run("index", "update", "--json")[1])["unchanged"] == 1
    assert json.loads(run("index", "rebuild", "--json")[1])["added"] == 1


def test_the_shipped_articles_are_indexed_first(run: Run) -> None:
    assert json.loads(run("index", "update", "--json")[1])["added"] >= 1
    assert json.loads(run("index", "status", "--json")[1])["folders"] == ["seeds"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["ask", ""], 2, "the question is empty"),
        (["ask", "؟"], 2, "the question is empty"),
        (["ask", "x" * 5000], 2, "5,000 characters; at most 2,000"),
        (["ask", "Who?", "--since", "yesterday"], 2, "since yesterday: not a date. Write it as"),
        (["ask", "Who?"], 1, "there is no index at"),
        (["ask", "Who", "was", "arrested?"], 2, 'stands in quotes: mujib ask "Who was arrested?"'),
        (["ask", "--json", "Who", "was", "--since", "2017", "arrested?"], 2, "stands in quotes"),
        (["chat", "--host", "10.0.0.1"], 2, "set a password in MUJIB_AUTH"),
        (["index", "forget", "seeds"], 1, "there is no index at"),
        (["index", "update", "/nowhere"], 2, "there is no file or folder /nowhere"),
        (["index", "status"], 1, "mujib index update"),
        (["index", "check"], 1, "mujib index update"),
    ],
)
def test_a_mistake_is_one_line_with_its_cure(run: Run, arguments: list[str], status: int, message: str) -> None:
    code, output, errors = run(*arguments)
    assert (code, output) == (status, "")
    assert one_line(errors)
    assert message in errors


def test_an_empty_folder_is_one_line(run: Run, folder: Path) -> None:
    code, _, errors = run("index", "update", str(folder))
    assert code == 1
    assert one_line(errors)
    assert "no article in" in errors


def test_a_question_of_ten_megabytes_is_refused_without_reading_it_all(run: Run) -> None:
    code, _, errors = run("ask", "-", stdin=b"a" * 10_000_000)
    assert code == 2
    assert one_line(errors)


def test_a_damaged_store_is_named_with_its_cure(run: Run, store: Path, folder: Path) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people.", "utf-8")
    run("index", "update", str(folder))
    store.write_bytes(b"garbage " * 1000)
    for arguments in (["ask", "Who?"], ["index", "update"], ["index", "status"]):
        code, _, errors = run(*arguments)
        assert code == 1
        assert one_line(errors)
        assert "is damaged" in errors
        assert "mujib index rebuild" in errors
    assert run("index", "rebuild", "--quiet")[0] == 0
    assert run("index", "check")[0] == 0
    assert json.loads(run("index", "status", "--json")[1])["folders"] == [folder.as_posix()]

    store.unlink()
    assert json.loads(run("index", "update", "--json")[1])["added"] == 1
    assert json.loads(run("index", "status", "--json")[1])["folders"] == [folder.as_posix()]

    store.write_bytes(b"garbage " * 1000)
    store.with_name("store.sqlite.folders.json").unlink()
    code, _, errors = run("index", "rebuild")
    assert (code, one_line(errors)) == (1, True)
    assert "mujib index update FOLDER" in errors


def test_a_dry_run_changes_nothing_and_refuses_what_the_update_refuses(run: Run, store: Path, folder: Path) -> None:
    for n in range(3):
        (folder / f"{n}.txt").write_text(f"The police arrested {n} people.", "utf-8")
    run("index", "update", str(folder))
    for n in range(2):
        (folder / f"{n}.txt").unlink()
    status, output, errors = run("index", "update", "--dry-run")
    assert (status, "2 removed" in output, "--yes" in errors) == (1, True, True)
    assert run("index", "update", "--dry-run", "--yes")[0] == 0
    assert json.loads(run("index", "status", "--json")[1])["articles"] == 3


def test_a_file_of_several_articles_is_named_once(run: Run, folder: Path) -> None:
    lines = [json.dumps({"id": str(n), "text": f"The police arrested {n} people."}) for n in range(8)]
    (folder / "news.jsonl").write_text("\n".join(lines), "utf-8")
    (folder / "a.txt").write_text("The ministers met in Washington.", "utf-8")
    shown = folder.resolve().as_posix()
    files = [f"added: {shown}/a.txt", f"added: {shown}/news.jsonl (8 articles)"]
    _, output, _ = run("index", "update", str(folder), "--dry-run")
    assert sorted(output.splitlines()[:-1]) == files
    assert output.splitlines()[-1].startswith("this would be done: 9 added")
    planned = json.loads(run("index", "update", str(folder), "--dry-run", "--json")[1])
    assert planned["paths"]["added"].count(f"{shown}/news.jsonl") == 8
    _, output, _ = run("index", "update", str(folder), "--quiet")
    assert sorted(output.splitlines()[:-1]) == files


def test_a_dry_run_leaves_a_store_of_an_earlier_layout_as_it_is(run: Run, store: Path, folder: Path) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people.", "utf-8")
    store.parent.mkdir()
    shutil.copy(ROOT / "tests" / "layouts" / "2.sqlite", store)
    status, output, _ = run("index", "update", str(folder), "--dry-run")
    assert (status, "1 added" in output) == (0, True)
    assert schema_version(store) == 2


def test_a_folder_around_one_of_the_collection_takes_it_in(run: Run, folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    for n in range(3):
        (inner / f"{n}.txt").write_text(f"The police arrested {n} people.", "utf-8")
    run("index", "update", str(inner))
    report = json.loads(run("index", "update", str(folder), "--json")[1])
    assert (report["moved"], report["added"], report["rejected"]) == (3, 0, [])
    (inner / "0.txt").unlink()
    (inner / "1.txt").write_text("The police arrested nobody.", "utf-8")
    report = json.loads(run("index", "update", "--json")[1])
    assert (report["changed"], report["removed"], report["unchanged"]) == (1, 1, 1)
    assert json.loads(run("index", "status", "--json")[1])["folders"] == [folder.as_posix()]
    assert run("index", "check")[0] == 0


def test_what_is_forgotten_does_not_bring_the_shipped_articles_back(run: Run, folder: Path) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people.", "utf-8")
    run("index", "update", str(folder))
    assert run("index", "forget", str(folder))[0] == 1
    assert run("index", "forget", str(folder), "--yes")[:2] == (0, "1 removed\n")
    code, _, errors = run("index", "update")
    assert (code, one_line(errors)) == (2, True)
    assert "Give one" in errors
    assert json.loads(run("index", "update", str(folder), "--json")[1])["added"] == 1


def test_a_path_that_cannot_be_read_is_no_folder_of_the_collection(run: Run, folder: Path) -> None:
    (folder / "photo.jpg").write_bytes(b"x")
    (folder / "a\nb").mkdir()
    for path in (folder / "photo.jpg", folder / "a\nb"):
        code, _, errors = run("index", "update", str(path))
        assert (code, one_line(errors)) == (2, True)


def test_a_folder_that_lost_all_its_articles_is_asked_about(run: Run, folder: Path) -> None:
    for name, count in (("large", 5), ("small", 1)):
        (folder / name).mkdir()
        for n in range(count):
            (folder / name / f"{n}.txt").write_text(f"In {name} the police arrested {n} people.", "utf-8")
    run("index", "update", str(folder / "large"), str(folder / "small"))
    (folder / "small" / "0.txt").unlink()
    code, _, errors = run("index", "update")
    assert (code, one_line(errors)) == (1, True)
    assert "is it the right disk?" in errors
    assert run("index", "update", "--yes")[0] == 0


def test_a_rebuild_loses_no_folder_that_is_away_and_brings_none_back(run: Run, folder: Path, store: Path) -> None:
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "a.txt").write_text(f"In {name} the police arrested people.", "utf-8")
    run("index", "update", str(folder / "one"), str(folder / "two"))
    (folder / "two").rename(folder / "away")
    code, _, errors = run("index", "rebuild", "--quiet")
    assert (code, one_line(errors)) == (1, True)
    assert "would lose" in errors
    assert json.loads(run("index", "status", "--json")[1])["articles"] == 2
    run("index", "forget", str(folder / "two"))
    assert run("index", "rebuild", "--quiet")[0] == 0
    status = json.loads(run("index", "status", "--json")[1])
    assert (status["articles"], status["folders"]) == (1, [(folder / "one").as_posix()])


def test_a_missing_model_is_one_line(run_with: Run) -> None:
    for arguments in (["index", "update"], ["models", "status"]):
        code, output, errors = run_with(None, *arguments)
        assert code == 1
        assert "mujib models fetch" in output + errors


def test_a_busy_port_is_one_line(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, _, errors = run("chat", "--port", str(taken.getsockname()[1]))
    assert code == 1
    assert one_line(errors)
    assert "Choose another with --port" in errors


def test_a_setting_that_cannot_be_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJIB_THREADS", "many")
    code, _, errors = run("index", "status")
    assert code == 2
    assert one_line(errors)
    assert "MUJIB_THREADS=many" in errors


def test_usage_errors_exit_with_2(run: Run) -> None:
    assert run("ask", "--language", "fr", "x")[0] == 2
    assert run("nothing")[0] == 2


def completed(line: str) -> list[str]:
    """Return what a shell is offered where a line ends."""
    words = line.split(" ")
    asked = {"_MUJIB_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    command = Path(sys.executable).with_name("mujib")
    run = subprocess.run([command], env=os.environ | asked, check=False, capture_output=True, text=True)
    return run.stdout.split()


def test_a_shell_completes_commands_options_and_values_and_leaves_files_to_itself() -> None:
    assert completed("mujib in") == ["index"]
    assert completed("mujib index ") == ["update", "watch", "forget", "rebuild", "status", "check"]
    assert {"--file", "--json", "--since"} < set(completed("mujib ask --"))
    assert completed("mujib ask --language a") == ["auto", "ar"]
    assert completed("mujib ask --file ") == completed("mujib index update se") == []


def test_nothing_that_computes_is_imported_to_complete_a_line() -> None:
    heavy = "{'numpy', 'scipy', 'torch', 'faiss', 'sqlite3', 'gradio', 'fastapi'}"
    code = f"import sys, qa.interfaces.cli.main; print(*{heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout.split() == []


def test_doctor_names_every_problem_with_its_cure(run_with: Run) -> None:
    code, output, _ = run_with(None, "doctor")
    assert code == 1
    problems = [line for line in output.splitlines() if line.startswith("PROBLEM")]
    assert [line.split(":")[0].removeprefix("PROBLEM").strip() for line in problems] == [
        *("embedding model", "answering model", "index"),
    ]
    assert all("mujib" in line for line in problems)


def test_doctor_finds_nothing_wrong_where_all_is_there(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people.", "utf-8")
    run("index", "update", str(folder))
    shipped = (ROOT / "qa" / "retrieval" / "calibration.toml").read_text("utf-8")
    own = tmp_path / "calibration.toml"
    own.write_text(re.sub(r'(?m)^embedding = ".*"$', 'embedding = "fake@1"', shipped), "utf-8")
    monkeypatch.setenv("MUJIB_CALIBRATION", str(own))
    status, output, _ = run("doctor")
    assert (status, "PROBLEM" in output) == (0, False)
    assert "index: 1 articles, 1 passages in" in output


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version")[:2] == (0, f"mujib {version('mujib')}\n")


def test_steps_are_logged_only_when_asked_for(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people in London.", "utf-8")
    _, output, errors = run("index", "update", str(folder), "--quiet")
    assert errors == ""
    _, verbose_output, errors = run("--verbose", "index", "update", str(folder), "--quiet")
    assert "INFO mujib.collection [-] update: 0 added" in errors
    assert "INFO" not in output + verbose_output
    monkeypatch.setenv("MUJIB_LOG", "info")
    _, output, errors = run("ask", "Which elephants sing?")
    assert "mujib.pipeline" in errors
    assert "mujib" not in output
    assert "elephants" not in errors
    monkeypatch.setenv("MUJIB_LOG_QUESTIONS", "true")
    assert "Which elephants sing?" in run("ask", "Which elephants sing?")[2]
    monkeypatch.setenv("MUJIB_LOG", "everything")
    status, _, errors = run("index", "status")
    assert (status, one_line(errors), "MUJIB_LOG=everything" in errors) == (2, True, True)


def test_the_status_of_an_index_needs_no_model(run: Run, run_with: Run, folder: Path) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people.", "utf-8")
    run("index", "update", str(folder))
    status, output, _ = run_with(None, "index", "status", "--json")
    assert (status, json.loads(output)["articles"]) == (0, 1)
