"""A store of each earlier layout becomes one of this without anything being embedded again."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from index.errors import DamagedStoreError, OtherVersionError
from index.store import migrations
from index.store.connection import connect
from index.store.integrity import row_checksum, write_meta_checksum
from index.store.integrity_check import check_store
from index.store.migrations import _CHUNK_3, _STEPS, migrate
from index.store.schema import SCHEMA_VERSION
from index.store.snapshot import open_snapshot
from index.store.writer import Writer
from index.sync.sources import SourcePath
from index.sync.update import update_store
from index.text.chunking import split_into_chunks
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


def tables(store: Path) -> set[tuple[str, str, str]]:
    with closing(sqlite3.connect(store)) as db:
        return set(db.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))


def test_an_older_store_has_the_tables_and_spans_of_a_new_one(
    old: Path, folder: Path, tmp_path: Path, embedder: FakeEmbedder
) -> None:
    bring(old, folder, embedder)
    scratch = tmp_path / "scratch.sqlite"
    bring(scratch, folder, embedder)
    assert tables(old) == tables(scratch)
    for store in (old, scratch):
        with closing(open_snapshot(store)) as snapshot:
            for id_, numbers in snapshot.chunk_numbers_by_article().items():
                assert snapshot.chunks(numbers) == split_into_chunks(snapshot.article(id_))


def test_a_migrated_article_keeps_its_sha256_and_gets_its_author_when_it_is_read_again(
    old: Path, folder: Path, embedder: FakeEmbedder
) -> None:
    with closing(sqlite3.connect(old)) as db:
        before = dict(db.execute("SELECT path, sha256 FROM articles"))
    Writer(old, embedder.identity).close()
    with closing(open_snapshot(old)) as snapshot:
        articles = [snapshot.article(id_) for id_ in snapshot.article_ids()]
    assert {article.path: article.sha256 for article in articles} == before
    assert [article.details for article in articles] == [{}, {}]
    (folder / "a.md").write_text(ARTICLES["a.md"].replace("source:", "author: Ana Sol\nsource:"), "utf-8")
    assert bring(old, folder, embedder) == 0
    with closing(open_snapshot(old)) as snapshot:
        details = {article.path: article.details for article in map(snapshot.article, snapshot.article_ids())}
    assert details == {"articles/a.md": {"author": "Ana Sol"}, "articles/b.txt": {}}


def test_a_step_makes_the_layout_of_its_own_version(store: Path) -> None:
    store.parent.mkdir()
    shutil.copy(LAYOUTS / "2.sqlite", store)
    with closing(connect(store)) as db, pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "_STEPS", {2: _STEPS[2]})
        migrate(db, store)
    assert tables(store) == tables(LAYOUTS / "3.sqlite")


def test_a_store_with_other_sentences_than_vectors_is_refused(store: Path, embedder: FakeEmbedder) -> None:
    """As an error of an earlier version would leave it: every checksum is right."""
    store.parent.mkdir()
    shutil.copy(LAYOUTS / "3.sqlite", store)
    with closing(sqlite3.connect(store)) as db, db:
        db.execute("UPDATE sentences SET vectors = substr(vectors, 1, 96)")
        for number, vectors, places in db.execute("SELECT chunk, vectors, places FROM sentences").fetchall():
            db.execute("UPDATE chunks SET sentences = ? WHERE number = ?", (row_checksum(vectors, places), number))
            row = db.execute(f"SELECT {_CHUNK_3} FROM chunks WHERE number = ?", (number,)).fetchone()  # noqa: S608
            db.execute("UPDATE chunks SET crc = ? WHERE number = ?", (row_checksum(*row), number))
        write_meta_checksum(db)
    with pytest.raises(DamagedStoreError, match="one vector for each of its sentences"):
        Writer(store, embedder.identity)


@pytest.mark.parametrize("damage", ["text = text || ' More.'", "title = 'Other'"])
def test_an_older_store_with_another_text_is_refused(store: Path, embedder: FakeEmbedder, damage: str) -> None:
    store.parent.mkdir()
    shutil.copy(LAYOUTS / "3.sqlite", store)
    with closing(sqlite3.connect(store)) as db, db:
        db.execute(f"UPDATE articles SET {damage}")  # noqa: S608
    with pytest.raises(DamagedStoreError, match="mujib index rebuild"):
        Writer(store, embedder.identity)


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

    monkeypatch.setattr(migrations, "write_meta_checksum", stop)
    with pytest.raises(KeyboardInterrupt):
        Writer(old, embedder.identity)
    monkeypatch.undo()
    assert bring(old, folder, embedder) == 0


def test_every_layout_since_the_first_has_its_step() -> None:
    kept = sorted(int(path.stem) for path in LAYOUTS.iterdir())
    assert kept == sorted(_STEPS) == list(range(kept[0], SCHEMA_VERSION))
