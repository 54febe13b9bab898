"""Every write of an update fails in turn: the disk is full, or broken for a moment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.paths import ROOT

HERE = Path(__file__).parent


@pytest.mark.skipif(sys.platform != "linux", reason="the failing disk is preloaded as Linux does it")
def test_the_old_state_is_served_and_a_retry_completes(tmp_path: Path, trials: Callable[[int, int], int]) -> None:
    library = tmp_path / "failing_disk.so"
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, HERE / "failing_disk.c", "-ldl"], check=True)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.faults.failing_updates",
            tmp_path / "f",
            tmp_path / "d" / "store.sqlite",
            str(trials(9, 1)),
        ],
        env={**os.environ, "LD_PRELOAD": str(library)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    full, broken = map(int, done.stdout.split())
    assert full >= trials(3, 40)
    assert broken >= trials(3, 40)
