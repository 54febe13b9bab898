"""The facade of the index, with the small embedder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index import Collection
from index.collection import CollectionPaths
from index.errors import BusyError, MujibError, NoIndexError, OtherModelError, RemovalError, UsageError
from index.store.writer import Writer
from index.sync import watch
from index.sync.update import UpdateReport
from index.types import ReadLimits
from qa.retrieval.hybrid import search
from qa.types import SearchFilter
from qa.understanding.validation import parse_question
from tests.fakes import FakeEmbedder, FakeEmbeddingModel


@pytest.fixture
def collection(folder: Path, store: Path, tmp_path: Path) -> Iterator[Collection]:
    (folder / "a.txt").write_text("The police arrested eight people in London.", "utf-8")
    (folder / "b.txt").write_text("أوقفت الشرطة ثمانية أشخاص في لندن.", "utf-8")
    made = Collection(CollectionPaths(store, folder, tmp_path), FakeEmbeddingModel(), ReadLimits())
    with closing(made):
        yield made


def test_an_update_is_seen_by_the_next_snapshot_and_not_by_the_one_before(collection: Collection, folder: Path) -> None:
    assert collection.update().added == 2
    before = collection.snapshot()
    assert collection.snapshot() is before
    (folder / "c.txt").write_text("A third article.", "utf-8")
    assert collection.update().added == 1
    assert before.count() == 2
    assert collection.snapshot().count() == 3
    before.close()


def test_there_is_no_snapshot_before_the_first_update(collection: Collection) -> None:
    assert not collection.exists()
    for ask in (collection.snapshot, collection.require, collection.check):
        with pytest.raises(NoIndexError, match="mujib index update"):
            ask()
    collection.update()
    assert collection.exists()


def test_the_model_is_loaded_only_when_something_is_embedded(collection: Collection, folder: Path) -> None:
    class Unloadable(FakeEmbeddingModel):
        def load(self) -> FakeEmbedder:
            raise AssertionError("loaded")

    collection.update()
    again = Collection(collection.paths, Unloadable(), ReadLimits())
    assert again.update().unchanged == 2
    assert again.preview().report.unchanged == 2
    (folder / "c.txt").write_text("A third article.", "utf-8")
    with pytest.raises(AssertionError, match="loaded"):
        again.update()


def test_another_model_is_refused(collection: Collection) -> None:
    collection.update()
    other = FakeEmbeddingModel()
    other.identity = "other@1"
    with pytest.raises(OtherModelError, match="fake@1, not other@1"):
        Collection(collection.paths, other, ReadLimits()).snapshot()


def test_a_preview_tells_what_would_be_done_and_changes_nothing(collection: Collection, folder: Path) -> None:
    preview = collection.preview()
    assert (preview.report.added, preview.report.embedded, preview.refusal) == (2, 2, None)
    assert not collection.exists()
    collection.update()
    (folder / "a.txt").unlink()
    (folder / "b.txt").rename(folder / "c.txt")
    preview = collection.preview()
    assert (preview.report.moved, preview.report.removed, preview.refusal) == (1, 1, None)
    (folder / "c.txt").write_text("Something else.", "utf-8")
    assert isinstance(collection.preview().refusal, RemovalError) == (collection.preview().report.removed > 1)
    assert sorted(collection.snapshot().paths().values()) == ["articles/a.txt", "articles/b.txt"]


def test_what_an_update_refuses_to_remove_its_preview_says(collection: Collection, folder: Path) -> None:
    collection.update()
    (folder / "a.txt").unlink()
    (folder / "b.txt").unlink()
    preview = collection.preview()
    assert preview.report.removed == 2
    with pytest.raises(RemovalError) as refused:
        collection.update()
    assert str(preview.refusal) == str(refused.value)
    assert collection.update(confirmed=True).removed == 2


def test_sources_come_and_go(collection: Collection, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    (more / "d.txt").write_text("From another folder.", "utf-8")
    collection.update()
    assert collection.update([more]).added == 1
    assert sorted(collection.recorded_sources()) == ["articles", "more"]
    with pytest.raises(UsageError, match=r"is no folder of the collection\. It is read from: articles, more"):
        collection.forget(tmp_path / "nowhere")
    assert collection.forget(more) == 1
    assert collection.recorded_sources() == ("articles",)
    with pytest.raises(UsageError, match="there is no file or folder"):
        collection.update([tmp_path / "nowhere"])


def test_a_second_writer_is_told_that_the_store_is_busy(collection: Collection) -> None:
    collection.update()
    with Writer(collection.paths.store, "fake@1"), pytest.raises(BusyError):
        collection.update()


def test_a_rebuilt_store_holds_the_same(collection: Collection) -> None:
    collection.update()
    before = collection.snapshot().paths()
    assert collection.rebuild().added == 2
    assert collection.snapshot().paths() == before
    assert collection.check() == []


def test_watching_reports_updates_and_each_error_once(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_RETRY", 100)  # without an event an update is made ten times a second
    monkeypatch.setattr(watch, "_REGULARLY", 0.0)
    seen: list[UpdateReport | MujibError] = []
    calls = 0

    class EnoughError(Exception):
        """Ends the watch."""

    def update() -> UpdateReport:
        nonlocal calls
        calls += 1
        if calls == 1:
            return collection.update()
        if calls < 4:
            raise UsageError("the same")
        raise EnoughError

    with pytest.raises(EnoughError):
        collection.watch(seen.append, update)
    assert isinstance(seen[0], UpdateReport)
    assert [str(item) for item in seen[1:]] == ["the same"]


class BruteForce:
    """A `VectorIndex` of a few lines: what another engine must do."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self.vectors = vectors
        self.searches = 0

    def search(
        self, vector: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        self.searches += 1
        cosines = self.vectors @ vector
        rows = np.flatnonzero(mask) if mask is not None else np.arange(len(cosines))
        best = rows[np.argsort(-cosines[rows], kind="stable")][:k]
        return best.astype(np.int64), cosines[best]

    def reconstruct(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.vectors[rows]


def test_another_vector_index_takes_the_place_of_faiss(collection: Collection) -> None:
    collection.update()
    made: list[BruteForce] = []

    def make(vectors: NDArray[np.float32]) -> BruteForce:
        made.append(BruteForce(vectors))
        return made[-1]

    with closing(Collection(collection.paths, FakeEmbeddingModel(), ReadLimits(), make)) as other:
        question = parse_question("Who did the police arrest in London?")
        (vector,) = FakeEmbedder().embed_queries([question.text])
        found = search(other.snapshot(), question, vector, SearchFilter(), 10)
        expected = search(collection.snapshot(), question, vector, SearchFilter(), 10)
        assert [hit.article_id for hit in found] == [hit.article_id for hit in expected]
        assert [hit.score for hit in found] == pytest.approx([hit.score for hit in expected], abs=0.01)
    assert sum(index.searches for index in made) == 2
