"""An update is killed at a random moment, again and again: what was committed stays, and the next one completes."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from index.store.integrity_check import check_store
from index.store.snapshot import newest_generation, open_snapshot
from index.sync import update as updating
from index.sync.sources import SourcePath
from index.sync.update import rebuild_store
from qa.settings import Settings
from tests.fakes import FakeEmbedder
from tests.faults.changes import bring, change
from tests.index.test_update import content

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked, which takes two seconds less")


def start(folder: Path, store: Path) -> int:
    """Start an update in a child process; return its number."""
    child = os.fork()
    if child == 0:
        try:
            bring(folder, store)
        finally:
            os._exit(0)
    return child


def killed_after(seconds: float, folder: Path, store: Path) -> bool:
    """Update in a child process that is killed after so many seconds; return whether it was still at work."""
    child = start(folder, store)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_updates_killed_at_random_moments(
    folder: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trials: Callable[[int, int], int]
) -> None:
    monkeypatch.setattr(updating, "BATCH_CHUNKS", 2)
    dice = random.Random(11)
    for _ in range(3):  # the last one is timed
        change(folder, dice)
        began = time.monotonic()
        os.waitpid(start(folder, store), 0)
    longest = time.monotonic() - began
    at_work = between = 0
    for trial in range(trials(12, 300)):
        for _ in range(2):
            change(folder, dice)
        before = newest_generation(store)
        killed = killed_after(dice.uniform(0, longest), folder, store)
        at_work += killed
        with closing(open_snapshot(store)) as snapshot:
            between += killed and before < snapshot.generation
            assert snapshot.generation >= before
        assert check_store(store) == []
        if trial % 2:  # every other time the next update is killed too
            continue
        bring(folder, store)
        scratch = tmp_path / "scratch" / f"{trial}.sqlite"
        bring(folder, scratch)
        assert content(store) == content(scratch)
        assert check_store(store) == []
    assert at_work >= trials(3, 100)  # the moments were well chosen
    assert between >= trials(0, 20)


def test_rebuilds_killed_at_random_moments(
    folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch, trials: Callable[[int, int], int]
) -> None:
    """The old store serves until the new one is whole; a killed rebuild goes on where it stopped."""
    monkeypatch.setattr(updating, "BATCH_CHUNKS", 2)
    dice = random.Random(12)
    for _ in range(3):
        change(folder, dice)
    bring(folder, store)
    whole = content(store)

    def begin() -> int:
        child = os.fork()
        if child == 0:
            try:
                rebuild_store(store, "fake@1", [SourcePath(folder, "articles")], FakeEmbedder, Settings().limits)
            finally:
                os._exit(0)
        return child

    began = time.monotonic()
    os.waitpid(begin(), 0)
    longest = time.monotonic() - began
    at_work = 0
    for _ in range(trials(6, 100)):
        child = begin()
        time.sleep(dice.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        at_work += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        assert content(store) == whole
        assert check_store(store) == []
    rebuild_store(store, "fake@1", [SourcePath(folder, "articles")], FakeEmbedder, Settings().limits)
    assert content(store) == whole
    assert at_work >= trials(2, 30)
