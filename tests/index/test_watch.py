"""The folder is read again a moment after files settle, by the program itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from index.sync import watch
from index.sync.watch import watch_folders


@pytest.fixture
def watching(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[float]]:
    """Return a function that watches `folder`, does `things` one after the other, and says when updates were made."""
    monkeypatch.setattr(watch, "_SETTLED", 100)
    monkeypatch.setattr(watch, "_RETRY", 300)

    def go(
        *things: Callable[[], object],
        results: tuple[bool, ...] = (),
        folders: Callable[[], list[Path]] = lambda: [folder],
    ) -> list[float]:
        made: list[float] = []
        answers = iter(results)

        def update() -> bool:
            made.append(time.monotonic())
            return next(answers, True)

        def act() -> None:
            for thing in things:
                time.sleep(0.7)
                thing()
            time.sleep(0.7)
            signal.raise_signal(signal.SIGINT)

        thread = threading.Thread(target=act)
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it is ignored
        try:
            thread.start()
            with pytest.raises(KeyboardInterrupt):
                watch_folders(folders, tmp_path / "articles" / "data", update)
            thread.join()
        finally:
            signal.signal(signal.SIGINT, before)
        return made

    return go


def test_an_update_now_and_after_each_change(folder: Path, watching: Callable[..., list[float]]) -> None:
    (folder / "sub").mkdir()

    def many() -> None:
        for n in range(20):
            (folder / "sub" / f"{n}.txt").write_text("text", "utf-8")

    assert len(watching(many, (folder / "sub" / "0.txt").unlink)) == 3


def test_hidden_files_and_what_updates_write_are_passed_over(
    folder: Path, watching: Callable[..., list[float]]
) -> None:
    (folder / "data").mkdir()
    assert len(watching((folder / ".x.swp").touch, (folder / "data" / "store.sqlite-wal").touch)) == 1


def test_an_update_that_could_not_be_done_is_tried_again(watching: Callable[..., list[float]]) -> None:
    assert len(watching(results=(False, False, True))) == 3


def test_folders_that_come_later_are_watched_too(
    folder: Path, tmp_path: Path, watching: Callable[..., list[float]]
) -> None:
    later = tmp_path / "later"
    folders = [folder]
    later.mkdir()
    (later / "a.txt").touch()
    made = watching(
        lambda: folders.append(later), (later / "b.txt").touch, (later / "b.txt").unlink, folders=lambda: folders
    )
    assert len(made) == 4


def test_a_folder_may_be_away_and_come_back(folder: Path, tmp_path: Path, watching: Callable[..., list[float]]) -> None:
    away = folder.rename(tmp_path / "away")
    made = watching(lambda: away.rename(folder), (folder / "b.txt").touch)
    assert len(made) == 3


def test_the_command_survives_bad_files_and_stops_cleanly(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text("The police arrested eight people.", "utf-8")
    environment = {**os.environ, "MUJIB_DATA": str(tmp_path / "data"), "MUJIB_ARTICLES": str(folder)}
    command = [sys.executable, "-m", "tests.with_fakes", "index", "watch", "--quiet"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"added: {folder.as_posix()}/a.txt\n"
        assert process.stdout.readline().startswith("1 added;")
        time.sleep(1)  # until it watches
        (folder / "bad.txt").write_bytes(b"\0\0")
        (folder / "b.txt").write_text("A second article.", "utf-8")
        assert process.stdout.readline() == f"added: {folder.as_posix()}/b.txt\n"
        assert process.stdout.readline().startswith("1 added, 1 unchanged, 1 rejected;")
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=10)
    finally:
        process.kill()
    assert (process.returncode, output) == (0, "")
    assert "bad.txt: not taken: it is not text" in errors
    assert "Traceback" not in errors
