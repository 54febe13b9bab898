"""The only writer of the store, a SQLite file that is the single source of truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.store.codec import decode_vectors, encode_details, encode_spans, encode_terms, encode_vectors
from index.store.connection import WAIT_MS, connect, copy_database, lock_store, translate_sqlite_errors
from index.store.file_records import read_file_records, write_file_records
from index.store.hashing import passage_key
from index.store.integrity import check_compatible, read_meta, read_verified, row_checksum, write_meta_checksum
from index.store.migrations import create_schema, migrate
from index.store.recorded_sources import has_copy, write_copy
from index.store.schema import (
    ARTICLE_HEAD_COLUMNS,
    CHUNK_COLUMNS,
    ChunkRow,
    SentenceRow,
    is_initialized,
    next_number,
    source_names,
)
from index.store.terms import TermNumbers
from index.text.tokenize import tokenize_passage
from index.types import Article, ArticleChange, ArticleHead, Chunk, FileRecord, StoredArticle, UnchangedArticle

_INSERT_ARTICLE = f"INSERT INTO articles (crc, text, {ARTICLE_HEAD_COLUMNS}) VALUES ({','.join('?' * 13)})"  # noqa: S608 - names
_INSERT_CHUNK = f"INSERT INTO chunks (crc, {CHUNK_COLUMNS}) VALUES ({','.join('?' * 11)})"  # noqa: S608 - names


@dataclass(frozen=True, slots=True)
class EmbeddedArticle:
    """An article to write, with its passages and the unit vectors [s, d] of the sentences of each."""

    change: ArticleChange
    chunks: Sequence[Chunk]
    vectors: Sequence[NDArray[np.float32]]


class Writer:
    """The only process that changes the store. Use as a context manager.

    Every method is one transaction: a process that is killed in the middle leaves what was committed before.
    """

    def __init__(self, path: Path, embedding: str) -> None:
        """Open or create the store at `path` for vectors of the model `embedding`; an older schema is migrated.

        Raises `BusyError` when another process is writing, `StoreError` when the store cannot take these vectors.
        """
        self._path = path
        self._lock = lock_store(path)
        with ExitStack() as on_error:
            on_error.callback(self._lock.release)
            with translate_sqlite_errors(path):
                self._db = connect(path)
            on_error.callback(self._db.close)
            self._terms = TermNumbers(self._db)
            with translate_sqlite_errors(path):
                if not is_initialized(self._db):
                    with self._transaction():
                        create_schema(self._db, embedding)
                migrate(self._db, path)
                check_compatible(self._db, path, embedding)
            if self.sources() and not has_copy(path):
                write_copy(path, self.sources())  # a store of an earlier version had none
            on_error.pop_all()

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the writer."""
        self.close()

    def close(self) -> None:
        """Close the file and let others write."""
        self._db.close()
        self._lock.release()

    def sources(self) -> tuple[str, ...]:
        """Return the names of the folders (or files) that the collection is read from."""
        with translate_sqlite_errors(self._path):
            return source_names(self._db)

    def stored_articles(self) -> dict[str, StoredArticle]:
        """Return what identifies every stored article, by its id."""
        with translate_sqlite_errors(self._path):
            rows = read_verified(self._db, self._path, "articles", ARTICLE_HEAD_COLUMNS)
        heads = (ArticleHead._make(row) for row in rows)
        return {head.id: StoredArticle(head.id, head.sha256, head.path, head.folder) for head in heads}

    def file_records(self, stored: Mapping[str, StoredArticle]) -> dict[str, FileRecord]:
        """Return by path the records of files whose articles are all `stored` as they were read from them."""
        with translate_sqlite_errors(self._path):
            return read_file_records(self._db, stored)

    def record_files(self, folders: Mapping[str, Sequence[FileRecord]]) -> None:
        """Record the folders the collection is read from, and the files in each."""
        with self._transaction(articles_change=False):
            for folder, records in folders.items():
                self._db.execute("INSERT OR IGNORE INTO folders VALUES (?)", (folder,))
                write_file_records(self._db, folder, records)
            write_meta_checksum(self._db)
        write_copy(self._path, self.sources())

    def forget(self, folder: str) -> int:
        """Remove a folder from the collection, with its articles; return how many there were."""
        with self._transaction():
            self._db.execute("DELETE FROM files WHERE folder = ?", (folder,))
            removed = self._db.execute("DELETE FROM articles WHERE folder = ?", (folder,)).rowcount
            self._db.execute("DELETE FROM folders WHERE name = ?", (folder,))
        write_copy(self._path, self.sources())
        return removed

    def remove_sources(self, folders: Sequence[str]) -> None:
        """Remove folders whose articles have become those of another folder."""
        if not folders:
            return
        with self._transaction(articles_change=False):
            for name in folders:
                self._db.execute("DELETE FROM files WHERE folder = ?", (name,))
                self._db.execute("DELETE FROM folders WHERE name = ?", (name,))
            write_meta_checksum(self._db)
        write_copy(self._path, self.sources())

    def known_vectors(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the stored vectors [s, d] of the sentences of passages by `passage_key`, where there are any."""
        known = {}
        with translate_sqlite_errors(self._path):
            dimension = int(read_meta(self._db)["dimension"])
            for key in dict.fromkeys(keys):
                row = self._db.execute(
                    "SELECT chunks.sentences, vectors, places, spans FROM chunks JOIN sentences ON chunk = number"
                    " WHERE key = ? LIMIT 1",
                    (key,),
                ).fetchone()
                if row is None:
                    continue
                checksum, stored = row[0], SentenceRow._make(row[1:])
                if row_checksum(*stored) == checksum:
                    known[key] = decode_vectors(stored.vectors, dimension)
        return known

    def commit(self, folder_of: Mapping[str, str], batch: Sequence[EmbeddedArticle]) -> None:
        """Write articles with their passages and vectors, and delete the articles that they replace.

        `folder_of` is the folder of each article by its id.
        """
        with self._transaction():
            dimension = batch[0].vectors[0].shape[1]
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'dimension'", (str(dimension),))
            for item in batch:
                self._delete(item.change.replaces)
                article = item.change.article
                head = _article_head(next_number(self._db, "articles"), folder_of[article.id], article)
                self._db.execute(_INSERT_ARTICLE, (row_checksum(*head), article.text, *head))
                for ordinal, (chunk, vectors) in enumerate(zip(item.chunks, item.vectors, strict=True)):
                    self._write_chunk(article, head.number, ordinal, chunk, vectors)

    def _write_chunk(
        self, article: Article, article_number: int, ordinal: int, chunk: Chunk, vectors: NDArray[np.float32]
    ) -> None:
        tokens = list(tokenize_passage(article, chunk))
        encoded = encode_terms([self._terms.number_of(token) for _, token in tokens], [place for place, _ in tokens])
        sentences = SentenceRow(encode_vectors(vectors), encoded.places, encode_spans(chunk.spans))
        rounded = decode_vectors(sentences.vectors, vectors.shape[1])
        row = ChunkRow(
            number=next_number(self._db, "chunks"),
            article=article_number,
            ordinal=ordinal,
            start=chunk.start,
            end=chunk.end,
            key=passage_key(article.title, chunk.text),
            vector=encode_vectors(rounded.sum(axis=0, keepdims=True)),
            terms=encoded.terms,
            counts=encoded.counts,
            sentences=row_checksum(*sentences),
        )
        self._db.execute(_INSERT_CHUNK, (row_checksum(*row), *row))
        self._db.execute("INSERT INTO sentences VALUES (?,?,?,?)", (row.number, *sentences))

    def move(self, articles: Sequence[Article | UnchangedArticle], folder_of: Mapping[str, str]) -> None:
        """Record the new paths of articles whose content is the same."""
        with self._transaction():
            for article in articles:
                statement = f"SELECT {ARTICLE_HEAD_COLUMNS} FROM articles WHERE id = ?"  # noqa: S608 - names
                row = self._db.execute(statement, (article.id,)).fetchone()
                head = ArticleHead._make(row)._replace(folder=folder_of[article.id], path=article.path)
                self._db.execute(
                    "UPDATE articles SET crc = ?, folder = ?, path = ? WHERE number = ?",
                    (row_checksum(*head), head.folder, head.path, head.number),
                )

    def delete_articles(self, ids: Sequence[str]) -> None:
        """Delete articles, with their passages, vectors and terms."""
        with self._transaction():
            self._delete(ids)

    def record_update(self, report: str, now: str) -> None:
        """Record what an update did, and move the write-ahead log into the store as far as readers allow."""
        with self._transaction(articles_change=False):
            self._db.execute("INSERT INTO updates (finished, report) VALUES (?,?)", (now, report))
        with translate_sqlite_errors(self._path):
            self._db.execute("PRAGMA busy_timeout = 0")  # do not wait for a reader of an older generation
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._db.execute(f"PRAGMA busy_timeout = {WAIT_MS}")

    def replace(self, target: Path) -> None:
        """Put this store's content in the place of the store at `target`, in one step that no reader sees half of.

        A target that is damaged is renamed first.
        """
        copy_database(self._db, target)

    def _delete(self, ids: Sequence[str]) -> None:
        self._db.executemany("DELETE FROM articles WHERE id = ?", [(id_,) for id_ in ids])

    @contextmanager
    def _transaction(self, *, articles_change: bool = True) -> Iterator[None]:
        """Commit what is done within, or nothing; a change of articles makes a new generation."""
        with translate_sqlite_errors(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                if articles_change:
                    self._db.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'generation'")
                    write_meta_checksum(self._db)
                self._db.execute("COMMIT")
            except BaseException:
                self._terms.reset()
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _article_head(number: int, folder: str, article: Article) -> ArticleHead:
    return ArticleHead(
        number=number,
        folder=folder,
        id=article.id,
        path=article.path,
        title=article.title,
        published=article.published,
        language=article.language,
        source=article.source,
        url=article.url,
        sha256=article.sha256,
        details=encode_details(article.details),
    )
