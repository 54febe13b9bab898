"""The store: what a reader sees, and what it refuses to show."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.errors import BusyError, DamagedStoreError, NoIndexError, OtherModelError, OtherVersionError
from index.store import read_transaction, writer
from index.store import snapshot as snapshots
from index.store.connection import connect_read_only
from index.store.integrity_check import check_store
from index.store.snapshot import Snapshot, newest_generation, open_snapshot
from index.store.writer import Writer
from index.sync import update as updating
from index.sync.update import UpdateReport
from index.text.chunking import split_into_chunks
from index.types import Article, Chunk
from qa.retrieval.evidence import rank_evidence
from qa.retrieval.hybrid import search
from qa.types import SearchFilter
from qa.understanding.validation import parse_question
from tests.fakes import FakeEmbedder

Update = Callable[[], UpdateReport]


@pytest.fixture
def filled(folder: Path, store: Path, bring_up_to_date: Update) -> Path:
    (folder / "a.txt").write_text("The police arrested eight people in London.", "utf-8")
    (folder / "b.txt").write_text("أوقفت الشرطة ثمانية أشخاص في لندن.", "utf-8")
    bring_up_to_date()
    return store


def holding(snapshot: Snapshot, *tokens: str, language: str = "en") -> int:
    """Return how many passages in a language hold one of these tokens."""
    if language not in snapshot.language_indexes:
        return 0
    rows, _ = snapshot.language_indexes[language].search_lexical(snapshot.term_numbers(tokens), 9, None)
    return len(rows)


def execute(store: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(store)) as db, db:
        db.execute(sql, values)


def test_a_snapshot_never_changes(filled: Path, folder: Path, bring_up_to_date: Update) -> None:
    with closing(open_snapshot(filled)) as before:
        ids = before.article_ids()
        (folder / "a.txt").write_text("Something else entirely.", "utf-8")
        (folder / "c.txt").write_text("A third article.", "utf-8")
        bring_up_to_date()
        assert before.article_ids() == ids
        assert holding(before, "arrest") == 1
        assert newest_generation(filled) > before.generation
        with closing(open_snapshot(filled)) as after:
            assert len(after.article_ids()) == 3
            assert holding(after, "arrest") == 0


def test_threads_may_share_a_snapshot(filled: Path) -> None:
    with closing(open_snapshot(filled)) as snapshot:
        errors: list[Exception] = []

        def read() -> None:
            try:
                for _ in range(50):
                    for id_ in snapshot.article_ids():
                        assert snapshot.article(id_).id == id_
                    assert holding(snapshot, "london") == 1
            except Exception as error:  # noqa: BLE001 - raised in the thread that waits
                errors.append(error)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []


def test_words_are_found_in_their_own_language_only(filled: Path) -> None:
    with closing(open_snapshot(filled)) as snapshot:
        assert holding(snapshot, "london") == 1
        assert holding(snapshot, "london", language="ar") == 0
        assert holding(snapshot) == 0
        assert holding(snapshot, 'x" OR "london') == 0


def test_dates_limit_dense_and_lexical_search(folder: Path, store: Path, bring_up_to_date: Update) -> None:
    for day in ("2016-12-31", "2017-03-23"):
        (folder / f"{day}.md").write_text(f"---\ndate: {day}\n---\nLondon on {day}.", "utf-8")
    (folder / "undated.txt").write_text("London at some time.", "utf-8")
    bring_up_to_date()
    with closing(open_snapshot(store)) as snapshot:
        vector = np.ones(96, np.float32)
        for since, until, count in [
            (None, None, 3),
            ("2017-03-23", None, 1),
            (None, "2017-03-22", 1),
            ("2016", "2018", 2),
        ]:
            index = snapshot.language_indexes["en"]
            mask = index.filter_mask(since, until)
            assert len(index.search_dense(vector, 9, mask)[0]) == count
            assert len(index.search_lexical(snapshot.term_numbers(["london"]), 9, mask)[0]) == count


def test_passages_are_read_as_they_were_cut(folder: Path, store: Path, bring_up_to_date: Update) -> None:
    for n in range(7):
        (folder / f"{n}.txt").write_text(f"The town{n} is large. Its mayor spoke for long. " * 30 * n, "utf-8")
    bring_up_to_date()
    with closing(open_snapshot(store)) as snapshot:
        for id_, numbers in snapshot.chunk_numbers_by_article().items():
            assert snapshot.chunks(numbers) == split_into_chunks(snapshot.article(id_))
            assert [stored.spans for stored in snapshot.sentences(numbers)] == [
                c.spans for c in snapshot.chunks(numbers)
            ]


def test_rows_are_read_in_batches_in_the_order_that_is_asked_for(
    folder: Path, store: Path, bring_up_to_date: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(23):
        (folder / f"{n}.txt").write_text(f"The mayor of town{n} spoke.", "utf-8")
    bring_up_to_date()
    monkeypatch.setattr(read_transaction, "_BATCH_ROWS", 5)
    with closing(open_snapshot(store)) as snapshot:
        numbers = [number for of_article in snapshot.chunk_numbers_by_article().values() for number in of_article]
        numbers = [*numbers[::-1], *numbers[:7]]
        assert snapshot.chunks(numbers) == [chunk for number in numbers for chunk in snapshot.chunks([number])]
        for number, stored in zip(numbers, snapshot.sentences(numbers), strict=True):
            (single,) = snapshot.sentences([number])
            assert np.array_equal(stored.vectors, single.vectors)
            assert stored.places.tolist() == single.places.tolist()
        assert list(snapshot.articles(snapshot.article_ids()[::-1])) == snapshot.article_ids()[::-1]


def test_a_search_reads_with_a_handful_of_statements(
    folder: Path, store: Path, bring_up_to_date: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(40):
        (folder / f"en{n}.txt").write_text(f"The police arrested {n % 20} people in London. It rained.", "utf-8")
        (folder / f"ar{n}.txt").write_text(f"أوقفت الشرطة {n % 20} أشخاص في لندن. ونزل المطر.", "utf-8")
    bring_up_to_date()
    statements: list[str] = []

    def traced(path: Path) -> sqlite3.Connection:
        db = connect_read_only(path)
        db.set_trace_callback(statements.append)
        return db

    monkeypatch.setattr(snapshots, "connect_read_only", traced)
    with closing(open_snapshot(store)) as snapshot:
        question = parse_question("Whom did the police arrest in London?", "en")
        statements.clear()
        articles = search(snapshot, question, FakeEmbedder().embed_queries([question.text])[0], SearchFilter(), 10)
        evidence = rank_evidence(snapshot, question, articles)
        reads = [statement for statement in statements if statement.startswith("SELECT")]
        assert len(articles) == 10
        assert {snapshot.article(article.article_id).language for article in articles} == {"ar", "en"}
        assert len(evidence) > 1
        # The sentences of the candidates of each language; the texts and the sentences of the passages that may be
        # copies, and of those that are returned; the articles of the scored sentences, and of the evidence.
        assert 1 < len(reads) <= 8


def test_two_updates_at_once(filled: Path) -> None:
    with Writer(filled, "fake@1"), pytest.raises(BusyError, match="another update"):
        Writer(filled, "fake@1")
    Writer(filled, "fake@1").__exit__()


def test_no_index_yet(store: Path) -> None:
    with pytest.raises(NoIndexError, match="mujib index update"):
        open_snapshot(store)
    with pytest.raises(NoIndexError, match="mujib index update"):
        newest_generation(store)
    store.parent.mkdir()
    store.touch()
    with pytest.raises(NoIndexError, match="mujib index update"):
        open_snapshot(store)


def test_vectors_of_another_model_are_refused(filled: Path) -> None:
    with pytest.raises(OtherModelError, match="mujib index rebuild"):
        open_snapshot(filled, "other@2")
    with pytest.raises(OtherModelError):
        Writer(filled, "other@2")


def test_another_version_is_refused(filled: Path) -> None:
    execute(filled, "PRAGMA user_version = 99")
    with pytest.raises(OtherVersionError, match="or a newer one"):
        open_snapshot(filled)
    execute(filled, "PRAGMA user_version = 1")
    execute(filled, "UPDATE meta SET value = 'older' WHERE name = 'chunking'")
    with pytest.raises(OtherVersionError):
        Writer(filled, "fake@1")


def test_a_text_that_was_not_written_is_not_served(filled: Path) -> None:
    execute(filled, "UPDATE articles SET text = replace(text, 'eight', 'nine')")
    with closing(open_snapshot(filled)) as snapshot, pytest.raises(DamagedStoreError, match="not as it was written"):
        [snapshot.article(id_) for id_ in snapshot.article_ids()]
    assert any("a.txt is not as it was written" in problem for problem in check_store(filled))


def test_sentences_that_were_not_written_are_not_served(filled: Path) -> None:
    execute(filled, "DELETE FROM sentences WHERE chunk = 1")
    execute(filled, "UPDATE sentences SET vectors = zeroblob(length(vectors))")
    with closing(open_snapshot(filled)) as snapshot:
        for number in (1, 2):
            with pytest.raises(DamagedStoreError, match="mujib index rebuild"):
                snapshot.sentences([number])
    assert sum("the sentences of" in problem for problem in check_store(filled)) == 2


def test_sentences_that_are_elsewhere_than_was_written_are_not_served(filled: Path) -> None:
    execute(filled, "UPDATE sentences SET spans = zeroblob(length(spans)) WHERE chunk = 1")
    with closing(open_snapshot(filled)) as snapshot:
        for read in (snapshot.sentences, snapshot.chunks):
            with pytest.raises(DamagedStoreError, match="mujib index rebuild"):
                read([2, 1])
            assert len(read([2])) == 1
    assert sum("the sentences of" in problem for problem in check_store(filled)) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM chunks WHERE number = 1",
        "DELETE FROM terms WHERE token = 'london'",
        "DELETE FROM articles WHERE language = 'en'",
        "UPDATE chunks SET vector = zeroblob(length(vector)) WHERE number = 1",
        "UPDATE chunks SET start = start + 1",
        "UPDATE articles SET published = '2017-03-23'",
        "UPDATE terms SET token = 'geneva' WHERE token = 'london'",
        "UPDATE meta SET value = '96' WHERE name = 'generation'",
        "UPDATE folders SET name = 'elsewhere'",
    ],
)
def test_a_row_that_is_gone_or_not_as_it_was_written_is_noticed_when_a_reader_comes(filled: Path, damage: str) -> None:
    """As a changed byte would do it: without the triggers that keep the ledger."""
    for table in ("articles", "chunks", "terms"):
        execute(filled, f"DROP TRIGGER {table}_out")
    execute(filled, "PRAGMA foreign_keys = OFF")
    execute(filled, damage)
    with pytest.raises(DamagedStoreError, match="mujib index rebuild"):
        open_snapshot(filled)
    assert "mujib index rebuild" in check_store(filled)[0]


def test_a_file_that_is_no_store_is_refused(store: Path) -> None:
    store.parent.mkdir()
    store.write_bytes(b"garbage " * 1000)
    for use in (lambda: open_snapshot(store), lambda: newest_generation(store), lambda: Writer(store, "fake@1")):
        with pytest.raises(DamagedStoreError, match=r"store.sqlite is damaged: .*mujib index rebuild"):
            use()


def test_check_sees_passages_and_words_of_another_text(
    filled: Path, folder: Path, bring_up_to_date: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check_store(filled) == []
    monkeypatch.setattr(writer, "tokenize_passage", lambda _article, _chunk: [(0, "else")])
    (folder / "a.txt").write_text("The police let eight people go.", "utf-8")
    bring_up_to_date()
    monkeypatch.undo()
    assert ["the words of articles/a.txt are not those" in problem for problem in check_store(filled)] == [True]

    def without_spans(article: Article) -> list[Chunk]:
        return [replace(chunk, spans=((0, 3),)) for chunk in split_into_chunks(article)]

    monkeypatch.setattr(updating, "split_into_chunks", without_spans)
    (folder / "a.txt").write_text("The police let nobody go.", "utf-8")
    bring_up_to_date()
    monkeypatch.undo()
    assert "the sentences of articles/a.txt are not those" in check_store(filled)[0]

    monkeypatch.setattr(updating, "split_into_chunks", lambda article: split_into_chunks(article)[:1])
    (folder / "a.txt").write_text("Many words. " * 200, "utf-8")
    bring_up_to_date()
    monkeypatch.undo()
    assert ["the passages of articles/a.txt are not those" in problem for problem in check_store(filled)] == [True]


def test_check_embeds_a_sample_again(filled: Path, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_store(filled, lambda: embedder) == []
    monkeypatch.setattr(embedder, "embed_passages", lambda _titles, texts: -embedder.embed_queries(texts))
    assert sum("are not those that fake@1 makes" in problem for problem in check_store(filled, lambda: embedder)) == 2
    assert check_store(filled, lambda: embedder, sample=0) == []


def test_another_author_than_was_written_is_noticed(filled: Path) -> None:
    execute(filled, "UPDATE articles SET details = ?", '{"author": "Nobody"}')
    with pytest.raises(DamagedStoreError, match="one of its articles is not as it was written"):
        open_snapshot(filled)
