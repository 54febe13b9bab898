"""Whatever happens to a folder over the years, the store is as if it had been built today."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from index.store.integrity_check import check_store
from tests.faults.changes import bring, change
from tests.index.test_update import content


def test_random_sequences_end_where_a_build_from_scratch_does(
    folder: Path, store: Path, trials: Callable[[int, int], int]
) -> None:
    for sequence in range(trials(8, 200)):
        dice = random.Random(sequence)
        for _ in range(dice.randint(2, 6)):
            change(folder, dice)
            bring(folder, store)
        scratch = store.with_name("scratch.sqlite")
        bring(folder, scratch)
        assert content(store) == content(scratch)
        assert check_store(store) == []
        shutil.rmtree(store.parent)
        shutil.rmtree(folder)
        folder.mkdir()
