"""Random lives of a folder: articles come, change, move and go."""

from __future__ import annotations

import random
from pathlib import Path

from index.store.writer import Writer
from index.sync.sources import SourcePath
from index.sync.update import UpdateReport, update_store
from qa.settings import Settings
from tests.fakes import FakeEmbedder

NAMES = [f"{n}.txt" for n in range(8)]


def change(folder: Path, dice: random.Random) -> None:
    """Do to three files what people do to files. `always.txt` stays, so that the folder is never empty."""
    (folder / "always.txt").write_text("word5 stays.", "utf-8")
    for name in dice.sample(NAMES, 3):
        path = folder / name
        if path.exists() and dice.random() < 0.4:
            path.unlink()
        elif path.exists() and dice.random() < 0.3:
            path.rename(folder / dice.choice(NAMES))
        else:
            words = (f"word{dice.randrange(9)}." for _ in range(dice.randrange(1, 300)))
            path.write_text(" ".join(words), "utf-8")


def bring(folder: Path, store: Path) -> UpdateReport:
    """Bring the store up to date with the folder."""
    embedder = FakeEmbedder()
    with Writer(store, embedder.identity) as writer:
        return update_store(
            writer, [SourcePath(folder, "articles")], lambda: embedder, Settings().limits, confirmed=True
        )
