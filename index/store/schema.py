"""The tables of the store, and the columns of their rows."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from index.store.connection import Connection, connect_read_only, translate_sqlite_errors

SCHEMA_VERSION = 4

_TABLES = """
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
    details TEXT NOT NULL DEFAULT '{}',
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
    places BLOB NOT NULL,
    spans BLOB NOT NULL
);
CREATE TABLE terms (number INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, crc INTEGER NOT NULL);
CREATE TABLE updates (number INTEGER PRIMARY KEY, finished TEXT NOT NULL, report TEXT NOT NULL);
"""
# The number of rows of a table and the sum of their checksums, so that a missing row is noticed.
_LEDGER = """
INSERT INTO ledger VALUES ('{0}', 0, 0);
CREATE TRIGGER {0}_in AFTER INSERT ON {0} BEGIN
    UPDATE ledger SET rows = rows + 1, total = total + NEW.crc WHERE name = '{0}'; END;
CREATE TRIGGER {0}_out AFTER DELETE ON {0} BEGIN
    UPDATE ledger SET rows = rows - 1, total = total - OLD.crc WHERE name = '{0}'; END;
CREATE TRIGGER {0}_changed AFTER UPDATE OF crc ON {0} BEGIN
    UPDATE ledger SET total = total + NEW.crc - OLD.crc WHERE name = '{0}'; END;
"""
COUNTED_TABLES = ("articles", "chunks", "terms")

# The columns that the checksum (`crc`) of a row covers.
ARTICLE_HEAD_COLUMNS = "number, folder, id, path, title, published, language, source, url, sha256, details"
CHUNK_COLUMNS = 'number, article, ordinal, start, "end", key, vector, terms, counts, sentences'
SENTENCE_COLUMNS = "vectors, places, spans"  # of these the checksum is `chunks.sentences`


class ChunkRow(NamedTuple):
    """A passage: the columns `CHUNK_COLUMNS`. `article` is a number, `sentences` the checksum of a `SentenceRow`."""

    number: int
    article: int
    ordinal: int
    start: int
    end: int
    key: bytes
    vector: bytes
    terms: bytes
    counts: bytes
    sentences: int


class SentenceRow(NamedTuple):
    """What is stored of the sentences of a passage: the columns `SENTENCE_COLUMNS`, as `codec` encodes them."""

    vectors: bytes
    places: bytes
    spans: bytes


def create_tables(db: Connection) -> None:
    """Create the empty tables of this version."""
    for script in (_TABLES, *(_LEDGER.format(name) for name in COUNTED_TABLES)):
        for statement in script.split(";\n"):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def schema_version(path: Path) -> int:
    """Return the schema version of the store at `path`."""
    with translate_sqlite_errors(path), closing(connect_read_only(path)) as db:
        return read_version(db)


def read_version(db: Connection) -> int:
    """Return the schema version of an open store, 0 for an empty file."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def is_initialized(db: Connection) -> bool:
    """Return whether the file holds any table."""
    return bool(db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])


def next_number(db: Connection, table: str) -> int:
    """Return the number of the next row of a table."""
    return int(db.execute(f"SELECT coalesce(max(number), 0) + 1 FROM {table}").fetchone()[0])  # noqa: S608 - names


def source_names(db: Connection) -> tuple[str, ...]:
    """Return the names of the folders (or files) that the collection is read from."""
    return tuple(row[0] for row in db.execute("SELECT name FROM folders ORDER BY name"))
