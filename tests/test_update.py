"""An update does what is needed and nothing else, and keeps what it did whatever happens next."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from index import update as updating
from index.check import check
from index.errors import CollectionError
from index.snapshot import Snapshot, open_snapshot
from index.store import Writer
from index.update import Folder, Report, rebuild
from qa.config import Settings
from qa.question import accept
from qa.retrieve import search
from qa.types import Window
from tests.fakes import FakeEmbedder

Update = Callable[[], Report]


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, "utf-8")


def content(store: Path) -> dict[str, tuple[str, ...]]:
    """Return all that a reader can see: paths, texts, passages, and what each leg finds for some words."""
    with closing(open_snapshot(store)) as snapshot:
        articles = {id_: snapshot.article(id_) for id_ in snapshot.article_ids()}
        seen = {id_: (a.path, a.text, *passages(snapshot, id_)) for id_, a in articles.items()}
        seen["lexical"] = tuple(found(snapshot, "word5 word7"))
        return seen


def passages(snapshot: Snapshot, id_: str) -> list[str]:
    chunks = [chunk for shelf in snapshot.shelves.values() for chunk in snapshot.chunks(shelf.numbers)]
    return sorted(f"{c.id}:{c.start}-{c.end}" for c in chunks if c.article_id == id_)


def found(snapshot: Snapshot, words: str) -> list[str]:
    """Return the passages that are found, in their order, with their scores."""
    question = accept(words, "en")
    vector = FakeEmbedder().questions([words])[0]
    stories = search(snapshot, question, vector, Window(), snapshot.count())
    return [f"{hit.chunk.id} {hit.score:.3f} {story.also}" for story in stories for hit in story.hits]


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
    assert check(store) == []


def test_a_deleted_file_disappears_from_every_leg(folder: Path, store: Path, bring_up_to_date: Update) -> None:
    write(folder, "a.txt", "Unique elephants.")
    write(folder, "b.txt", "Other things.")
    bring_up_to_date()
    (folder / "a.txt").unlink()
    assert bring_up_to_date().removed == 1
    with closing(open_snapshot(store)) as snapshot:
        assert len(snapshot.shelves["en"].holding(snapshot.terms(["eleph"]), 10, None)[0]) == 0
        assert snapshot.count() == 1
    assert check(store) == []


def test_an_interrupted_update_keeps_its_batches_and_goes_on(
    folder: Path, store: Path, bring_up_to_date: Update, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updating, "BATCH_CHUNKS", 2)
    for n in range(10):
        write(folder, f"{n}.txt", f"Article number {n} about word{n}.")
    embed = embedder.passages
    calls = 0

    def stop_at_the_third(titles: list[str], texts: list[str]) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return embed(titles, texts)

    monkeypatch.setattr(embedder, "passages", stop_at_the_third)
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


def test_random_changes_end_where_a_build_from_scratch_does(
    folder: Path, store: Path, tmp_path: Path, bring_up_to_date: Update, embedder: FakeEmbedder
) -> None:
    dice = random.Random(7)
    names = [f"{n}.txt" for n in range(8)]
    write(folder, "always.txt", "word5 stays.")
    for _ in range(25):
        for name in dice.sample(names, 3):
            path = folder / name
            if path.exists() and dice.random() < 0.4:
                path.unlink()
            elif path.exists() and dice.random() < 0.3:
                path.rename(folder / dice.choice(names))
            else:
                write(folder, name, " ".join(f"word{dice.randrange(9)}." for _ in range(dice.randrange(1, 300))))
        bring_up_to_date()
        scratch = tmp_path / "scratch" / f"{dice.random()}.sqlite"
        with Writer(scratch, embedder.identity) as writer:
            updating.update(writer, [Folder(folder, "articles")], lambda: embedder, Settings().limits, confirmed=True)
        assert content(store) == content(scratch)
        assert check(store) == []


def test_a_rebuild_takes_the_place_of_the_old_store(
    folder: Path, store: Path, bring_up_to_date: Update, embedder: FakeEmbedder
) -> None:
    write(folder, "a.txt", "First article.")
    bring_up_to_date()
    before = content(store)
    with closing(open_snapshot(store)) as reader:
        rebuild(store, "other@2", [Folder(folder, "articles")], lambda: embedder, Settings().limits)
        assert reader.article(reader.article_ids()[0]).text == "First article."
    assert content(store) == before
    with closing(open_snapshot(store, "other@2")) as snapshot:
        assert snapshot.status().embedding == "other@2"
    assert sorted(p.name for p in store.parent.iterdir() if ".new" in p.name and not p.name.endswith(".lock")) == []


def test_a_rebuild_replaces_a_damaged_store(folder: Path, store: Path, embedder: FakeEmbedder) -> None:
    write(folder, "a.txt", "First article.")
    store.parent.mkdir()
    store.write_bytes(b"this is no database" * 500)
    rebuild(store, embedder.identity, [Folder(folder, "articles")], lambda: embedder, Settings().limits)
    assert check(store) == []
    assert store.with_name("store.sqlite.damaged").exists()


def test_an_empty_folder_leaves_the_collection_alone(folder: Path, store: Path, bring_up_to_date: Update) -> None:
    write(folder, "a.txt", "First article.")
    bring_up_to_date()
    (folder / "a.txt").unlink()
    with pytest.raises(CollectionError, match="no article in"):
        bring_up_to_date()
    assert len(content(store)) == 2


def test_folders_are_named_from_the_project_or_by_their_full_path(tmp_path: Path) -> None:
    project = tmp_path / "project"
    assert Folder.of(project / "seeds", project).name == "seeds"
    assert Folder.of(tmp_path / "news", project).name == (tmp_path / "news").as_posix()
    assert Folder.named("seeds", project) == Folder.of(project / "seeds", project)
    assert Folder.named((tmp_path / "news").as_posix(), project).path == tmp_path / "news"
