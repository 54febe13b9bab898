"""The one writer of the store, a SQLite file that is the single source of truth.

Every method is one transaction: whoever is killed in the middle leaves what was committed before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from index.errors import StoreError
from index.store.codec import decode_vectors, encode_vectors
from index.store.connection import (
    WAIT_MS,
    Connection,
    DatabaseError,
    connect,
    lock_store,
    translate_sqlite_errors,
)
from index.store.hashing import passage_key
from index.store.integrity import check_compatible, create_schema, read_verified, row_checksum, write_seal
from index.store.migrations import migrate
from index.store.recorded_sources import copy_path
from index.store.schema import ARTICLE_HEAD_COLUMNS, CHUNK_COLUMNS, ArticleHead, is_initialized, source_names
from index.text.tokenize import tokenize_passage
from index.types import Article, ArticleChange, Chunk, FileRecord, StoredArticle, UnchangedArticle

_ARTICLE_ROW = f"INSERT INTO articles (crc, text, {ARTICLE_HEAD_COLUMNS}) VALUES ({','.join('?' * 12)})"
_CHUNK_ROW = f"INSERT INTO chunks (crc, {CHUNK_COLUMNS}) VALUES ({','.join('?' * 11)})"


class Writer:
    """The one process that may change the store. Use as a context manager; every method is one transaction."""

    def __init__(self, path: Path, embedding: str) -> None:
        """Open or create the store at `path` for vectors of the model `embedding`; an older layout is brought to this.

        Raises `BusyError` when another process is writing, `StoreError` when the store cannot take these vectors.
        """
        self._path = path
        self._known_terms: dict[str, int] = {}  # of this transaction and those before it
        self._lock = lock_store(path)
        try:
            with translate_sqlite_errors(path):
                self._db = connect(path)
            try:
                with translate_sqlite_errors(path):
                    if not is_initialized(self._db):
                        with self._transaction():
                            create_schema(self._db, embedding)
                    migrate(self._db, path)
                    check_compatible(self._db, path, embedding)
                if self.sources() and not copy_path(path).exists():
                    self._keep_folders()  # a store of an earlier version had none
            except BaseException:
                self._db.close()
                raise
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file and let others write."""
        self._db.close()
        self._lock.release()

    def sources(self) -> tuple[str, ...]:
        """Return the names of the folders (or files) that the collection is read from."""
        with translate_sqlite_errors(self._path):
            return source_names(self._db)

    def stored_articles(self) -> dict[str, StoredArticle]:
        """Return what is known of every article, by its id."""
        with translate_sqlite_errors(self._path):
            rows = read_verified(self._db, self._path, "articles", ARTICLE_HEAD_COLUMNS)
        heads = (ArticleHead._make(row) for row in rows)
        return {head.id: StoredArticle(head.id, head.sha256, head.path, head.folder) for head in heads}

    def file_records(self, stored: Mapping[str, StoredArticle]) -> dict[str, FileRecord]:
        """Return what is remembered of files whose articles are all `stored` as they were read from them."""
        with translate_sqlite_errors(self._path):
            rows = self._db.execute("SELECT crc, path, stamp, sha256, articles, reasons FROM files").fetchall()
        found = {}
        for checksum, *values in rows:
            if row_checksum(*values) != checksum:
                continue  # the file is read again
            path, stamp, sha256, articles, reasons = values
            held = tuple((id_, of) for id_, of in json.loads(articles))
            here = {item.id: item.sha256 for id_, _ in held if (item := stored.get(id_)) and item.path == path}
            if here == dict(held):
                found[path] = FileRecord(path, stamp, sha256, held, tuple(json.loads(reasons)))
        return found

    def record_files(self, folders: Mapping[str, Sequence[FileRecord]]) -> None:
        """Record the folders the collection is read from, and what was seen of the files in each."""
        with self._transaction(articles_change=False):
            for folder, files in folders.items():
                self._db.execute("INSERT OR IGNORE INTO folders VALUES (?)", (folder,))
                self._db.execute("DELETE FROM files WHERE folder = ?", (folder,))
                self._db.executemany(
                    "INSERT OR REPLACE INTO files (folder, crc, path, stamp, sha256, articles, reasons)"
                    " VALUES (?,?,?,?,?,?,?)",
                    [(folder, row_checksum(*row), *row) for row in map(_file_row, files)],
                )
            write_seal(self._db)
        self._keep_folders()

    def forget(self, folder: str) -> int:
        """Take a folder out of the collection, with its articles; return how many there were."""
        with self._transaction():
            self._db.execute("DELETE FROM files WHERE folder = ?", (folder,))
            dropped = self._db.execute("DELETE FROM articles WHERE folder = ?", (folder,)).rowcount
            self._db.execute("DELETE FROM folders WHERE name = ?", (folder,))
        self._keep_folders()
        return dropped

    def remove_sources(self, folders: Sequence[str]) -> None:
        """Take out folders whose articles are another folder's by now."""
        if folders:
            with self._transaction(articles_change=False):
                for name in folders:
                    self._db.execute("DELETE FROM files WHERE folder = ?", (name,))
                    self._db.execute("DELETE FROM folders WHERE name = ?", (name,))
                write_seal(self._db)
            self._keep_folders()

    def _keep_folders(self) -> None:
        """Keep a copy of the names beside the store, for the day on which it cannot tell them any more."""
        copy = copy_path(self._path)
        with translate_sqlite_errors(self._path):
            names = source_names(self._db)
        try:
            new = copy.with_name(copy.name + ".new")
            new.write_text(json.dumps(names, ensure_ascii=False), "utf-8")
            new.replace(copy)
        except OSError as error:
            raise StoreError(f"{copy} cannot be written ({error.strerror}). Make room and try again.") from None

    def known_vectors(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the stored vectors [s, d] of these passages' sentences: what is known is not embedded again."""
        known = {}
        with translate_sqlite_errors(self._path):
            dimension = _dimension(self._db)
            for key in dict.fromkeys(keys):
                row = self._db.execute(
                    "SELECT vectors, places, chunks.sentences FROM chunks JOIN sentences ON chunk = number"
                    " WHERE key = ? LIMIT 1",
                    (key,),
                ).fetchone()
                if row is not None and row_checksum(row[0], row[1]) == row[2]:
                    known[key] = decode_vectors(row[0], dimension)
        return known

    def commit(
        self,
        folder_of: Mapping[str, str],
        batch: Sequence[tuple[ArticleChange, list[Chunk], list[NDArray[np.float32]]]],
    ) -> None:
        """Write articles with their passages and the vectors [s, d] of each one's sentences; drop what they replace."""
        with self._transaction():
            dimension = batch[0][2][0].shape[1]
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'dimension'", (str(dimension),))
            for change, chunks, vectors in batch:
                for id_ in change.replaces:
                    self._delete(id_)
                article = change.article
                number = self._next("articles")
                head = _head(number, folder_of[article.id], article)
                self._db.execute(_ARTICLE_ROW, (row_checksum(*head), article.text, *head))
                for ordinal, (chunk, of_sentences) in enumerate(zip(chunks, vectors, strict=True)):
                    self._write_chunk(article, (number, ordinal), chunk, of_sentences)

    def _write_chunk(
        self, article: Article, place: tuple[int, int], chunk: Chunk, vectors: NDArray[np.float32]
    ) -> None:
        inside = encode_vectors(vectors)
        vector = encode_vectors(decode_vectors(inside, vectors.shape[1]).sum(axis=0, keepdims=True))
        terms, counts, places = self._terms(article, chunk.text)
        key = passage_key(article.title, chunk.text)
        number = self._next("chunks")
        row = (number, *place, chunk.start, chunk.end, key, vector, terms, counts, row_checksum(inside, places))
        self._db.execute(_CHUNK_ROW, (row_checksum(*row), *row))
        self._db.execute("INSERT INTO sentences VALUES (?,?,?)", (number, inside, places))

    def _next(self, table: str) -> int:
        return int(self._db.execute(f"SELECT coalesce(max(number), 0) + 1 FROM {table}").fetchone()[0])

    def _terms(self, article: Article, text: str) -> tuple[bytes, bytes, bytes]:
        """Return the terms of a passage (int32 [t]), their counts (uint8 [t]), and where it holds them (`places`)."""
        numbers, places = [], []
        for place, token in tokenize_passage(article, text):
            numbers.append(self._term(token))
            places.append(place)
        terms, counts = np.unique(np.array(numbers, "<i4"), return_counts=True)
        return (
            terms.tobytes(),
            np.minimum(counts, 255).astype(np.uint8).tobytes(),
            np.array(numbers, "<i4").tobytes() + np.array(places, "<u2").tobytes(),
        )

    def _term(self, token: str) -> int:
        if token not in self._known_terms:
            found = self._db.execute("SELECT number FROM terms WHERE token = ?", (token,)).fetchone()
            number = self._next("terms") if found is None else int(found[0])
            if found is None:
                self._db.execute("INSERT INTO terms VALUES (?,?,?)", (number, token, row_checksum(number, token)))
            self._known_terms[token] = number
        return self._known_terms[token]

    def move(self, articles: Sequence[Article | UnchangedArticle], folder_of: Mapping[str, str]) -> None:
        """Record the new paths of articles whose content is the same."""
        with self._transaction():
            for article in articles:
                columns = ARTICLE_HEAD_COLUMNS
                row = self._db.execute(f"SELECT {columns} FROM articles WHERE id = ?", (article.id,)).fetchone()
                number, _, id_, _, *rest = row
                head = (number, folder_of[article.id], id_, article.path, *rest)
                self._db.execute(
                    "UPDATE articles SET crc = ?, folder = ?, path = ? WHERE number = ?",
                    (row_checksum(*head), head[1], head[3], number),
                )

    def delete_articles(self, ids: Sequence[str]) -> None:
        """Take articles out of the collection, with their passages, vectors and words."""
        with self._transaction():
            for id_ in ids:
                self._delete(id_)

    def record_update(self, report: str, now: str) -> None:
        """Write down what an update did, and leave nothing of it in the log beside the store that can be put in it."""
        with self._transaction(articles_change=False):
            self._db.execute("INSERT INTO updates (finished, report) VALUES (?,?)", (now, report))
        with translate_sqlite_errors(self._path):
            self._db.execute("PRAGMA busy_timeout = 0")  # a reader of an older generation is not waited for
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._db.execute(f"PRAGMA busy_timeout = {WAIT_MS}")

    def replace(self, target: Path) -> None:
        """Put this store's content in the place of the one at `target`, in one step that no reader sees half of.

        A target that is damaged is set aside first, under another name.
        """
        try:
            with closing(connect(target)) as other:
                self._db.backup(other)
        except DatabaseError:
            for suffix in ("", "-wal", "-shm"):
                damaged = target.with_name(target.name + suffix)
                if damaged.exists():
                    damaged.rename(target.with_name(f"{target.name}.damaged{suffix}"))
            with closing(connect(target)) as other:
                self._db.backup(other)

    def _delete(self, id_: str) -> None:
        self._db.execute("DELETE FROM articles WHERE id = ?", (id_,))

    @contextmanager
    def _transaction(self, *, articles_change: bool = True) -> Iterator[None]:
        with translate_sqlite_errors(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                if articles_change:
                    self._db.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'generation'")
                    write_seal(self._db)
                self._db.execute("COMMIT")
            except BaseException:
                self._known_terms.clear()
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _dimension(db: Connection) -> int:
    return int(db.execute("SELECT value FROM meta WHERE name = 'dimension'").fetchone()[0])


def _head(number: int, folder: str, article: Article) -> tuple[Any, ...]:
    """Return the values of `layout.HEAD`."""
    return (
        *(number, folder, article.id, article.path, article.title, article.published, article.language),
        *(article.source, article.url, article.sha256),
    )


def _file_row(seen: FileRecord) -> tuple[str, ...]:
    articles, reasons = (json.dumps(values, ensure_ascii=False) for values in (seen.articles, seen.reasons))
    return seen.path, seen.stamp, seen.sha256, articles, reasons
