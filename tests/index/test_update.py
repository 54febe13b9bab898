"""An update does what is needed and nothing else, and keeps what it did whatever happens next."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from index.errors import CollectionError, RemovalError, StoreError
from index.readers.sandbox import Sandbox
from index.store import connection
from index.store.integrity_check import check_store
from index.store.snapshot import Snapshot, open_snapshot
from index.store.writer import Writer
from index.sync import scan
from index.sync import update as updating
from index.sync.scan import _read_bytes, _stamp
from index.sync.sources import SourcePath
from index.sync.update import UpdateReport, forget_source, rebuild_store, update_store
from index.types import ReadLimits
from qa.retrieval.hybrid import search
from qa.settings import Settings
from qa.types import SearchFilter
from qa.understanding.validation import parse_question
from tests.fakes import FakeEmbedder

Update = Callable[[], UpdateReport]


@pytest.fixture(autouse=True)
def no_file_is_too_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file's inode cannot be made to look old, and tests cannot wait for it to be."""
    monkeypatch.setattr(scan, "_TOO_NEW", 0)


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, "utf-8")


def content(store: Path) -> dict[str, tuple[str, ...]]:
    """Return all that a reader can see: paths, texts, passages, and what a search finds for some words."""
    with closing(open_snapshot(store)) as snapshot:
        articles = {id_: snapshot.article(id_) for id_ in snapshot.article_ids()}
        seen = {id_: (a.path, a.text, *passages(snapshot, id_)) for id_, a in articles.items()}
        seen["lexical"] = tuple(found(snapshot, "word5 word7"))
        return seen


def passages(snapshot: Snapshot, id_: str) -> list[str]:
    chunks = [chunk for index in snapshot.language_indexes.values() for chunk in snapshot.chunks(index.chunk_numbers)]
    return sorted(f"{c.id}:{c.start}-{c.end}" for c in chunks if c.article_id == id_)


def found(snapshot: Snapshot, words: str) -> list[str]:
    """Return the passages that are found, in their order, with their scores."""
    question = parse_question(words, "en")
    vector = FakeEmbedder().embed_queries([words])[0]
    articles = search(snapshot, question, vector, SearchFilter(), snapshot.count())
    return [f"{hit.chunk.id} {hit.score:.3f} {article.duplicates}" for article in articles for hit in article.hits]


def test_nothing_unchanged_is_embedded_again(folder: Path, bring_up_to_date: Update, embedder: FakeEmbedder) -> None:
    write(folder, "a.txt", "First article.")
    write(folder, "b.txt", "Second article.")
    first = bring_up_to_date()
    assert (first.added, first.embedded) == (2, 2)

    (folder / "a.txt").touch()
    (folder / "b.txt").rename(folder / "c.txt")
    again = bring_up_to_date()
    assert (again.unchanged, again.moved, again.added, again.removed, again.embedded) == (1, 1, 0, 0, 0)
    assert len(embedder.embedded) == 2


def test_a_changed_article_embeds_only_its_changed_passages(
    folder: Path, store: Path, bring_up_to_date: Update, embedder: FakeEmbedder
) -> None:
    paragraphs = [" ".join(f"word{n}x{i}" for i in range(100)) + "." for n in range(5)]
    write(folder, "a.txt", "\n".join(paragraphs))
    assert bring_up_to_date().embedded == 5
    paragraphs[2] = "Something else."
    write(folder, "a.txt", "\n".join(paragraphs))
    report = bring_up_to_date()
    assert (report.changed, report.added, report.removed) == (1, 0, 0)
    assert report.embedded <= 2
    assert check_store(store) == []


def test_another_author_is_a_change_and_nothing_is_embedded_again(
    folder: Path, store: Path, bring_up_to_date: Update, embedder: FakeEmbedder
) -> None:
    write(folder, "a.md", "---\ntitle: T\nauthor: Ana Sol\n---\nAn article.")
    bring_up_to_date()
    assert stored_details(store) == [{"author": "Ana Sol"}]
    write(folder, "a.md", "---\ntitle: T\nauthor: ليلى حسن\n---\nAn article.")
    report = bring_up_to_date()
    assert (report.changed, report.added, report.removed, report.embedded) == (1, 0, 0, 0)
    assert stored_details(store) == [{"author": "ليلى حسن"}]
    assert check_store(store, lambda: embedder) == []
    write(folder, "a.md", "---\ntitle: T\n---\nAn article.")
    assert bring_up_to_date().changed == 1
    assert stored_details(store) == [{}]


def stored_details(store: Path) -> list[dict[str, str]]:
    with closing(open_snapshot(store)) as snapshot:
        return [dict(snapshot.article(id_).details) for id_ in snapshot.article_ids()]


def test_a_deleted_file_disappears_from_every_index(folder: Path, store: Path, bring_up_to_date: Update) -> None:
    write(folder, "a.txt", "Unique elephants.")
    write(folder, "b.txt", "Other things.")
    bring_up_to_date()
    (folder / "a.txt").unlink()
    assert bring_up_to_date().removed == 1
    with closing(open_snapshot(store)) as snapshot:
        assert len(snapshot.language_indexes["en"].search_lexical(snapshot.term_numbers(["eleph"]), 10, None)[0]) == 0
        assert snapshot.count() == 1
    assert check_store(store) == []


def test_an_interrupted_update_keeps_its_batches_and_goes_on(
    folder: Path, store: Path, bring_up_to_date: Update, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updating, "BATCH_CHUNKS", 2)
    for n in range(10):
        write(folder, f"{n}.txt", f"Article number {n} about word{n}.")
    embed = embedder.embed_passages
    calls = 0

    def stop_at_the_third(titles: list[str], texts: list[str]) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return embed(titles, texts)

    monkeypatch.setattr(embedder, "embed_passages", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        bring_up_to_date()
    with closing(open_snapshot(store)) as snapshot:
        assert len(snapshot.article_ids()) == 4

    report = bring_up_to_date()
    assert (report.unchanged, report.added, report.embedded) == (4, 6, 6)
    assert len(embedder.embedded) == len(set(embedder.embedded)) == 10


def test_one_article_in_two_files_is_kept_once_and_told(folder: Path, store: Path, bring_up_to_date: Update) -> None:
    write(folder, "a.txt", "The same words.")
    write(folder, "b.txt", "The same words.")
    report = bring_up_to_date()
    assert report.added == 1
    assert [(r.path, r.reason) for r in report.rejected] == [("articles/b.txt", "the same article as articles/a.txt")]
    (folder / "a.txt").unlink()
    assert bring_up_to_date().moved == 1
    assert len(content(store)) == 2


def test_a_rebuild_takes_the_place_of_the_old_store(
    folder: Path, store: Path, bring_up_to_date: Update, embedder: FakeEmbedder
) -> None:
    write(folder, "a.txt", "First article.")
    bring_up_to_date()
    before = content(store)
    with closing(open_snapshot(store)) as reader:
        rebuild_store(store, "other@2", [SourcePath(folder, "articles")], lambda: embedder, Settings().limits)
        assert reader.article(reader.article_ids()[0]).text == "First article."
    assert content(store) == before
    with closing(open_snapshot(store, "other@2")) as snapshot:
        assert snapshot.status().embedding == "other@2"
    assert sorted(p.name for p in store.parent.iterdir() if ".new" in p.name and not p.name.endswith(".lock")) == []


def test_a_rebuild_replaces_a_damaged_store(folder: Path, store: Path, embedder: FakeEmbedder) -> None:
    write(folder, "a.txt", "First article.")
    store.parent.mkdir()
    store.write_bytes(b"this is no database" * 500)
    rebuild_store(store, embedder.identity, [SourcePath(folder, "articles")], lambda: embedder, Settings().limits)
    assert check_store(store) == []
    assert store.with_name("store.sqlite.damaged").exists()


def test_an_empty_folder_leaves_the_collection_alone(
    folder: Path, store: Path, bring_up_to_date: Update, embedder: FakeEmbedder
) -> None:
    write(folder, "a.txt", "First article.")
    bring_up_to_date()
    before = content(store)
    (folder / "a.txt").unlink()
    folders = [SourcePath(folder, "articles")]
    with Writer(store, embedder.identity) as writer:
        with pytest.raises(RemovalError, match="--yes"):
            update_store(writer, folders, lambda: embedder, Settings().limits)
        assert content(store) == before
        assert update_store(writer, folders, lambda: embedder, Settings().limits, confirmed=True).removed == 1
        with pytest.raises(CollectionError, match="no article in"):
            update_store(writer, folders, lambda: embedder, Settings().limits)


def test_folders_are_named_from_the_project_or_by_their_full_path(tmp_path: Path) -> None:
    project = tmp_path / "project"
    assert SourcePath.of(project / "seeds", project).name == "seeds"
    assert SourcePath.of(tmp_path / "news", project).name == (tmp_path / "news").as_posix()
    assert SourcePath.named("seeds", project) == SourcePath.of(project / "seeds", project)
    assert SourcePath.named((tmp_path / "news").as_posix(), project).path == tmp_path / "news"


def test_what_looks_as_before_is_not_opened_and_what_is_touched_is_not_parsed(
    folder: Path, store: Path, bring_up_to_date: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "a.txt", "First article.")
    write(folder, "b.txt", "Second article.")
    settle(folder)
    bring_up_to_date()
    read = _read_bytes
    opened: list[Path] = []

    def recording(path: Path, limits: ReadLimits) -> tuple[str, bytes]:
        opened.append(path)
        return read(path, limits)

    monkeypatch.setattr(scan, "_read_bytes", recording)
    monkeypatch.setattr(Sandbox, "read", lambda *_: pytest.fail("it was parsed"))
    assert bring_up_to_date().unchanged == 2
    assert opened == []
    settle(folder, days=2)
    assert bring_up_to_date().unchanged == 2
    assert len(opened) == 2
    assert bring_up_to_date().unchanged == 2
    assert len(opened) == 2


def settle(folder: Path, days: int = 1) -> None:
    """Make the files look as if they had been written some days ago."""
    then = time.time() - days * 86_400
    for path in folder.iterdir():
        os.utime(path, (then, then))


def test_a_file_written_again_with_the_same_size_and_time_is_read_again(
    folder: Path, store: Path, bring_up_to_date: Update
) -> None:
    write(folder, "a.txt", "Four 4444.")
    settle(folder)
    bring_up_to_date()
    before = (folder / "a.txt").stat()
    write(folder, "a.txt", "Five 5555.")
    os.utime(folder / "a.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert bring_up_to_date().changed == 1


def test_a_reader_is_not_waited_for_and_the_log_is_put_in_the_store(
    folder: Path, store: Path, bring_up_to_date: Update
) -> None:
    write(folder, "a.txt", "First article.")
    bring_up_to_date()
    with closing(open_snapshot(store)):
        write(folder, "b.txt", "Second article.")
        began = time.monotonic()
        bring_up_to_date()
        assert time.monotonic() - began < 5
    write(folder, "c.txt", "Third article.")
    with closing(sqlite3.connect(store)) as other:  # keeps the log from being deleted with the last who has it open
        other.execute("SELECT count(*) FROM meta").fetchone()
        bring_up_to_date()
        assert store.with_name("store.sqlite-wal").stat().st_size == 0


def test_a_store_that_cannot_be_written_to_can_be_asked(
    folder: Path, store: Path, bring_up_to_date: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "a.txt", "First article.")
    bring_up_to_date()
    before = content(store)
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(connection, "connect", lambda _: pytest.fail("it was opened for writing"))
    assert content(store) == before


def test_nothing_new_writes_nothing(folder: Path, store: Path, bring_up_to_date: Update) -> None:
    write(folder, "a.txt", "First article.")
    bring_up_to_date()
    before = store.read_bytes()
    assert bring_up_to_date().unchanged == 1
    assert store.read_bytes() == before


def test_what_is_remembered_wrongly_is_read_again(folder: Path, store: Path, bring_up_to_date: Update) -> None:
    write(folder, "a.txt", "First article.")
    write(folder, "b.txt", "Second article.")
    bring_up_to_date()
    before = content(store)
    for damage in (
        "UPDATE files SET articles = '[]'",
        "UPDATE files SET sha256 = ''",
        "DELETE FROM files",
        "UPDATE files SET crc = 0",
    ):
        with closing(sqlite3.connect(store)) as db, db:
            db.execute(damage)
        assert bring_up_to_date().unchanged == 2
        assert content(store) == before


def test_what_cannot_be_read_now_stays(
    folder: Path, store: Path, bring_up_to_date: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "sub").mkdir()
    for name in ("a.txt", "sub/b.txt", "sub/c.txt", "d.txt"):
        write(folder, name, f"The article {name}.")
    bring_up_to_date()
    real_open, real_scandir = os.open, os.scandir

    def refuse(path: Path, *arguments: int) -> int:
        if Path(path).name == "a.txt":
            raise PermissionError(13, "Permission denied")
        return real_open(path, *arguments)

    def refuse_folder(path: Path) -> object:
        if Path(path).name == "sub":
            raise OSError(5, "Input/output error")
        return real_scandir(path)

    (folder / "d.txt").unlink()
    write(folder, "a.txt", "Another text, which nobody can read.")
    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "scandir", refuse_folder)
    report = bring_up_to_date()
    assert (report.removed, len(report.rejected)) == (1, 2)
    assert all("what is stored of it stays" in rejection.reason for rejection in report.rejected)
    with closing(open_snapshot(store)) as snapshot:
        assert set(snapshot.paths().values()) == {"articles/a.txt", "articles/sub/b.txt", "articles/sub/c.txt"}


def test_more_than_half_goes_only_when_that_is_confirmed(folder: Path, store: Path, embedder: FakeEmbedder) -> None:
    def bring(*, confirmed: bool) -> UpdateReport:
        with Writer(store, embedder.identity) as writer:
            folders = [SourcePath(folder, "articles")]
            return update_store(writer, folders, lambda: embedder, Settings().limits, confirmed=confirmed)

    for n in range(4):
        write(folder, f"{n}.txt", f"Article number {n}.")
    assert bring(confirmed=False).added == 4
    (folder / "0.txt").unlink()
    (folder / "1.txt").unlink()
    assert bring(confirmed=False).removed == 2
    (folder / "2.txt").rename(folder / "x.txt")
    (folder / "3.txt").unlink()
    assert bring(confirmed=False).removed == 1

    write(folder, "4.txt", "Another one.")
    bring(confirmed=False)
    before = content(store)
    (folder / "4.txt").unlink()
    (folder / "x.txt").unlink()
    write(folder, "5.txt", "A new one.")
    with pytest.raises(RemovalError, match=r"remove 2 of the 2 articles.*--yes"):
        bring(confirmed=False)
    assert content(store) == before
    assert (bring(confirmed=True).removed, len(content(store))) == (2, 2)


def test_a_folder_can_be_forgotten(folder: Path, store: Path, tmp_path: Path, embedder: FakeEmbedder) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write(folder, "a.txt", "First article.")
    write(folder, "b.txt", "Second article.")
    write(other, "c.txt", "Third article.")
    folders = [SourcePath(folder, "articles"), SourcePath(other, "other")]
    with Writer(store, embedder.identity) as writer:
        update_store(writer, folders, lambda: embedder, Settings().limits)
        assert forget_source(writer, folders[1]) == 1
        assert writer.sources() == ("articles",)
        with pytest.raises(RemovalError):
            forget_source(writer, folders[0])
    assert check_store(store) == []
    with closing(open_snapshot(store)) as snapshot:
        assert set(snapshot.paths().values()) == {"articles/a.txt", "articles/b.txt"}


def test_a_folder_that_is_not_there_keeps_its_articles_and_the_others_are_updated(
    folder: Path, store: Path, tmp_path: Path, embedder: FakeEmbedder
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write(folder, "a.txt", "First article.")
    write(other, "b.txt", "Second article.")
    write(other, "c.txt", "Third article.")
    folders = [SourcePath(folder, "articles"), SourcePath(other, "other")]
    with Writer(store, embedder.identity) as writer:
        update_store(writer, folders, lambda: embedder, Settings().limits)
        other.rename(tmp_path / "unplugged")
        write(folder, "d.txt", "Fourth article.")
        report = update_store(writer, folders, lambda: embedder, Settings().limits)
        assert (report.added, report.removed, len(report.rejected)) == (1, 0, 1)
        assert "cannot read" in report.rejected[0].reason
        folder.rename(tmp_path / "unplugged too")
        with pytest.raises(CollectionError, match="no article in"):
            update_store(writer, folders, lambda: embedder, Settings().limits)
        (tmp_path / "unplugged").rename(other)
        (tmp_path / "unplugged too").rename(folder)
        assert update_store(writer, folders, lambda: embedder, Settings().limits).unchanged == 4


def test_a_data_folder_that_cannot_be_written_to_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")
    with pytest.raises(StoreError, match="MUJIB_DATA"):
        Writer(tmp_path / "file" / "store.sqlite", "fake@1")


def test_a_file_that_was_just_written_is_not_trusted_by_its_times(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "_TOO_NEW", 2_000_000_000)
    write(folder, "a.txt", "Text.")
    status = (folder / "a.txt").stat()
    assert _stamp(status, Settings().limits) == ""
    monkeypatch.setattr(time, "time_ns", lambda: status.st_ctime_ns + 3_000_000_000)
    assert str(status.st_size) in _stamp(status, Settings().limits).split()


def test_a_folder_of_which_nothing_is_taken_yet_is_recorded(
    folder: Path, store: Path, tmp_path: Path, embedder: FakeEmbedder
) -> None:
    write(folder, "a.txt", "First article.")
    other = tmp_path / "other"
    other.mkdir()
    (other / "photo.jpg").write_bytes(b"x")
    with Writer(store, embedder.identity) as writer:
        update_store(writer, [SourcePath(folder, "articles")], lambda: embedder, Settings().limits)
        folders = [SourcePath(folder, "articles"), SourcePath(other, "other")]
        update_store(writer, folders, lambda: embedder, Settings().limits)
        assert writer.sources() == ("articles", "other")
