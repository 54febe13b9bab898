"""Creates the schema of a new store, and brings an older one to it, one numbered step after the other.

A step is frozen: it makes the layout of its own version, whatever the tables look like today. Nothing is embedded
again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any
from zlib import crc32

from index.store.codec import encode_spans
from index.store.connection import Connection, damaged_store
from index.store.hashing import article_sha256
from index.store.integrity import (
    check_meta_checksum,
    check_text_processing,
    read_meta,
    read_verified,
    row_checksum,
    write_meta_checksum,
)
from index.store.schema import create_tables, read_version
from index.text.chunking import CHUNKING, sentence_spans
from index.text.tokenize import TOKENIZATION
from index.types import Article


def create_schema(db: Connection, embedding: str) -> None:
    """Create the tables of a store for vectors of the model `embedding`, within the caller's transaction."""
    create_tables(db)
    meta = {"generation": "0", "embedding": embedding, "dimension": "0", "chunking": CHUNKING, "analysis": TOKENIZATION}
    db.executemany("INSERT INTO meta VALUES (?,?)", meta.items())
    write_meta_checksum(db)


def migrate(db: Connection, path: Path) -> None:
    """Bring the store in `db` to `SCHEMA_VERSION`, each step in one transaction; leave one that is too old as it is.

    Raises `DamagedStoreError` when it is not what was written.
    """
    while (step := _STEPS.get(version := read_version(db))) is not None:
        db.execute("PRAGMA foreign_keys = OFF")  # tables are replaced; cannot be changed within a transaction
        db.execute("BEGIN IMMEDIATE")
        try:
            step(db, path)
            db.execute(f"PRAGMA user_version = {version + 1}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        finally:
            db.execute("PRAGMA foreign_keys = ON")


_TABLES_3 = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE ledger (name TEXT PRIMARY KEY, rows INTEGER NOT NULL, total INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE folders (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    folder TEXT NOT NULL REFERENCES folders,
    stamp TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    articles TEXT NOT NULL,
    reasons TEXT NOT NULL,
    crc INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE articles (
    number INTEGER PRIMARY KEY,
    crc INTEGER NOT NULL,
    folder TEXT NOT NULL REFERENCES folders,
    id TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL,
    title TEXT NOT NULL,
    published TEXT,
    language TEXT NOT NULL,
    source TEXT,
    url TEXT,
    sha256 TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE chunks (
    number INTEGER PRIMARY KEY,
    article INTEGER NOT NULL REFERENCES articles ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    key BLOB NOT NULL,
    vector BLOB NOT NULL,
    terms BLOB NOT NULL,
    counts BLOB NOT NULL,
    sentences INTEGER NOT NULL,
    crc INTEGER NOT NULL
);
CREATE INDEX chunks_by_article ON chunks (article);
CREATE INDEX chunks_by_key ON chunks (key);
CREATE TABLE sentences (
    chunk INTEGER PRIMARY KEY REFERENCES chunks ON DELETE CASCADE,
    vectors BLOB NOT NULL,
    places BLOB NOT NULL
);
CREATE TABLE terms (number INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, crc INTEGER NOT NULL);
CREATE TABLE updates (number INTEGER PRIMARY KEY, finished TEXT NOT NULL, report TEXT NOT NULL);
"""
_LEDGER_3 = """
INSERT INTO ledger VALUES ('{0}', 0, 0);
CREATE TRIGGER {0}_in AFTER INSERT ON {0} BEGIN
    UPDATE ledger SET rows = rows + 1, total = total + NEW.crc WHERE name = '{0}'; END;
CREATE TRIGGER {0}_out AFTER DELETE ON {0} BEGIN
    UPDATE ledger SET rows = rows - 1, total = total - OLD.crc WHERE name = '{0}'; END;
CREATE TRIGGER {0}_changed AFTER UPDATE OF crc ON {0} BEGIN
    UPDATE ledger SET total = total + NEW.crc - OLD.crc WHERE name = '{0}'; END;
"""
_ARTICLE_HEAD_3 = "number, folder, id, path, title, published, language, source, url, sha256"
_CHUNK_3 = 'number, article, ordinal, start, "end", key, vector, terms, counts, sentences'


def _m003_checksums_and_file_records(db: Connection, path: Path) -> None:
    """Add a checksum to every row, a ledger of them, and the records of files (none yet)."""
    db.execute("PRAGMA legacy_alter_table = ON")  # other tables go on naming those that are replaced
    for table in ("meta", "folders", "articles", "chunks", "sentences", "terms", "updates"):
        db.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    for name in ("articles_by_path", "chunks_by_article", "chunks_by_key"):
        db.execute(f"DROP INDEX {name}")
    for script in (_TABLES_3, *(_LEDGER_3.format(table) for table in ("articles", "chunks", "terms"))):
        for statement in script.split(";\n"):
            db.execute(statement)
    for table in ("meta", "folders", "updates"):
        db.execute(f"INSERT INTO {table} SELECT * FROM old_{table}")  # noqa: S608 - names of tables
    for number, token in _rows(db, "SELECT number, token FROM old_terms"):
        db.execute("INSERT INTO terms VALUES (?,?,?)", (number, token, row_checksum(number, token)))
    for text, *head in _rows(db, f"SELECT text, {_ARTICLE_HEAD_3} FROM old_articles"):  # noqa: S608 - names of columns
        db.execute(
            f"INSERT INTO articles (crc, text, {_ARTICLE_HEAD_3}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608
            (row_checksum(*head), text, *head),
        )
    for vectors, places, sentences_crc, chunk_crc, *row in _rows(
        db,
        'SELECT vectors, places, s.crc, c.crc, number, article, ordinal, start, "end", key, vector, terms, counts'
        " FROM old_chunks c JOIN old_sentences s ON chunk = number",
    ):
        if _checksum_2(vectors, places) != sentences_crc or _checksum_2(*row[-3:]) != chunk_crc:
            raise damaged_store(path, "a vector is not the one written")
        row.append(row_checksum(vectors, places))
        db.execute(
            f"INSERT INTO chunks (crc, {_CHUNK_3}) VALUES (?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608 - names of columns
            (row_checksum(*row), *row),
        )
        db.execute("INSERT INTO sentences VALUES (?,?,?)", (row[0], vectors, places))
    for table in ("sentences", "chunks", "articles", "terms", "folders", "meta", "updates"):
        db.execute(f"DROP TABLE old_{table}")
    write_meta_checksum(db)


def _rows(db: Connection, query: str) -> Iterator[list[Any]]:
    """Yield the rows of a query as lists, while other statements are executed."""
    for row in db.execute(query):
        yield list(row)


def _checksum_2(*blobs: bytes) -> int:
    checksum = 0
    for blob in blobs:
        checksum = crc32(blob, checksum)
    return checksum


_SENTENCES_4 = """CREATE TABLE sentences (
    chunk INTEGER PRIMARY KEY REFERENCES chunks ON DELETE CASCADE,
    vectors BLOB NOT NULL,
    places BLOB NOT NULL,
    spans BLOB NOT NULL
)"""


_ARTICLES_4 = """CREATE TABLE articles (
    number INTEGER PRIMARY KEY,
    crc INTEGER NOT NULL,
    folder TEXT NOT NULL REFERENCES folders,
    id TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL,
    title TEXT NOT NULL,
    published TEXT,
    language TEXT NOT NULL,
    source TEXT,
    url TEXT,
    sha256 TEXT NOT NULL,
    details TEXT NOT NULL DEFAULT '{}',
    text TEXT NOT NULL
)"""


def _m004_sentence_spans_and_details(db: Connection, path: Path) -> None:
    """Add the details of an article (none yet), and where each sentence of a passage starts and ends.

    The sentences are found again in the stored text of their article.
    """
    check_meta_checksum(db, path)
    meta = read_meta(db)
    check_text_processing(meta, path)
    dimension = int(meta["dimension"])
    heads = {head[0]: head for head in read_verified(db, path, "articles", _ARTICLE_HEAD_3)}
    chunks = sorted(read_verified(db, path, "chunks", _CHUNK_3), key=lambda chunk: (chunk[1], chunk[0]))
    db.execute("ALTER TABLE sentences RENAME TO old_sentences")
    db.execute(_SENTENCES_4)
    for article_number, of_article in groupby(chunks, key=lambda chunk: chunk[1]):
        text = _article_text_3(db, path, heads[article_number])
        for *columns, sentences_crc in of_article:
            number, start, end = columns[0], columns[3], columns[4]
            row = db.execute("SELECT vectors, places FROM old_sentences WHERE chunk = ?", (number,)).fetchone()
            if row is None or row_checksum(*row) != sentences_crc:
                raise damaged_store(path, "a vector is not the one written")
            vectors, places = row
            spans = sentence_spans(text[start:end])
            if len(spans) * dimension != len(vectors):  # an int8 for each dimension
                raise damaged_store(path, "a passage has not one vector for each of its sentences")
            stored = (vectors, places, encode_spans(spans))
            columns.append(row_checksum(*stored))
            db.execute("INSERT INTO sentences VALUES (?,?,?,?)", (number, *stored))
            db.execute(
                "UPDATE chunks SET sentences = ?, crc = ? WHERE number = ?",
                (columns[-1], row_checksum(*columns), number),
            )
    db.execute("DROP TABLE old_sentences")
    _add_details_4(db)
    write_meta_checksum(db)


def _add_details_4(db: Connection) -> None:
    """Make the table of articles anew, with the column `details` before the text.

    Behind a long text, the column could not be read without it.
    """
    db.execute("PRAGMA legacy_alter_table = ON")  # other tables go on naming the one that is replaced
    for name in ("in", "out", "changed"):
        db.execute(f"DROP TRIGGER articles_{name}")
    db.execute("DELETE FROM ledger WHERE name = 'articles'")
    db.execute("ALTER TABLE articles RENAME TO old_articles")
    db.execute(_ARTICLES_4)
    for statement in _LEDGER_3.format("articles").split(";\n"):
        db.execute(statement)
    for text, *head in _rows(db, f"SELECT text, {_ARTICLE_HEAD_3} FROM old_articles"):  # noqa: S608 - names of columns
        db.execute(
            f"INSERT INTO articles (crc, text, {_ARTICLE_HEAD_3}, details) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608
            (row_checksum(*head, "{}"), text, *head, "{}"),
        )
    db.execute("DROP TABLE old_articles")


def _article_text_3(db: Connection, path: Path, head: tuple[Any, ...]) -> str:
    """Return the text of an article, checked against its sha256."""
    number, _, id_, article_path, title, published, language, source, url, sha256 = head
    (text,) = db.execute("SELECT text FROM articles WHERE number = ?", (number,)).fetchone()
    article = Article(id_, article_path, title, published, language, source, url, text, sha256)
    if article_sha256(article) != sha256:
        raise damaged_store(path, f"{article_path} is not as it was written")
    return article.text


_STEPS: Mapping[int, Callable[[Connection, Path], None]] = {
    2: _m003_checksums_and_file_records,
    3: _m004_sentence_spans_and_details,
}
