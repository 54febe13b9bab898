"""A store of each earlier layout becomes one of this without anything being embedded again."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from index.errors import DamagedStoreError, OtherVersionError
from index.store import schema as layout
from index.store.integrity_check import check_store
from index.store.migrations import _STEPS
from index.store.schema import SCHEMA_VERSION
from index.store.snapshot import open_snapshot
from index.store.writer import Writer
from index.sync.sources import SourcePath
from index.sync.update import update_store
from qa.settings import Settings
from tests.fakes import FakeEmbedder
from tests.index.test_update import content

LAYOUTS = Path(__file__).parent.parent / "layouts"  # stores as earlier versions wrote them, of the two articles below
ARTICLES = {
    "a.md": "---\ntitle: The arrests\ndate: 2017-03-23\nsource: Agency\n---\n"
    "The police arrested eight people in London. The city was calm in the evening.\n",
    "b.txt": "أوقفت الشرطة ثمانية أشخاص في لندن. وكانت المدينة هادئة في المساء.\n",
}


@pytest.fixture(params=sorted(path.stem for path in LAYOUTS.iterdir()))
def old(request: pytest.FixtureRequest, store: Path, folder: Path) -> Path:
    for name, text in ARTICLES.items():
        (folder / name).write_text(text, "utf-8")
    store.parent.mkdir()
    shutil.copy(LAYOUTS / f"{request.param}.sqlite", store)
    return store


def bring(store: Path, folder: Path, embedder: FakeEmbedder) -> int:
    with Writer(store, embedder.identity) as writer:
        return update_store(writer, [SourcePath(folder, "articles")], lambda: embedder, Settings().limits).embedded


def test_an_older_store_is_brought_to_this_layout(
    old: Path, folder: Path, tmp_path: Path, embedder: FakeEmbedder
) -> None:
    with pytest.raises(OtherVersionError, match="mujib index update"):
        open_snapshot(old)
    assert bring(old, folder, embedder) == 0
    assert check_store(old, lambda: embedder) == []
    scratch = tmp_path / "scratch.sqlite"
    assert bring(scratch, folder, embedder) == 2
    assert content(old) == content(scratch)


def test_a_damaged_older_store_is_refused_and_left_as_it_is(old: Path, embedder: FakeEmbedder) -> None:
    with closing(sqlite3.connect(old)) as db, db:
        db.execute("UPDATE sentences SET vectors = zeroblob(length(vectors))")
        before = "\n".join(db.iterdump())
    with pytest.raises(DamagedStoreError, match="mujib index rebuild"):
        Writer(old, embedder.identity)
    with closing(sqlite3.connect(old)) as db:
        assert "\n".join(db.iterdump()) == before


def test_an_interrupted_step_leaves_the_older_store(
    old: Path, folder: Path, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_db: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(layout, "seal", stop)
    with pytest.raises(KeyboardInterrupt):
        Writer(old, embedder.identity)
    monkeypatch.undo()
    assert bring(old, folder, embedder) == 0


def test_every_layout_since_the_first_has_its_step() -> None:
    kept = sorted(int(path.stem) for path in LAYOUTS.iterdir())
    assert kept == sorted(_STEPS) == list(range(kept[0], SCHEMA_VERSION))
