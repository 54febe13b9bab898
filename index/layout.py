"""How does it lie on disk, and is what is read what was written? The only importer of sqlite3.

SQLite does not notice a changed byte, nor a row that a changed byte made invisible. So every row that answers depend on
carries the checksum of its values (`crc`), and the `ledger`, kept by triggers, knows how many such rows there are and
what their checksums add up to; the checksum of `meta` covers the ledger.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from index.chunk import CHUNKING
from index.errors import BusyError, DamagedStoreError, NoIndexError, OtherModelError, OtherVersionError, StoreError
from index.lexical import ANALYSIS

Connection = sqlite3.Connection
DatabaseError = sqlite3.DatabaseError

VERSION = 3
WAIT_MS = 10_000  # for another program that has the file to itself
REBUILD = "Run `mujib index rebuild`: it reads the articles again and replaces the store."

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
_LEDGER = """
INSERT INTO ledger VALUES ('{0}', 0, 0);
CREATE TRIGGER {0}_in AFTER INSERT ON {0} BEGIN
    UPDATE ledger SET rows = rows + 1, total = total + NEW.crc WHERE name = '{0}'; END;
CREATE TRIGGER {0}_out AFTER DELETE ON {0} BEGIN
    UPDATE ledger SET rows = rows - 1, total = total - OLD.crc WHERE name = '{0}'; END;
CREATE TRIGGER {0}_changed AFTER UPDATE OF crc ON {0} BEGIN
    UPDATE ledger SET total = total + NEW.crc - OLD.crc WHERE name = '{0}'; END;
"""
COUNTED = ("articles", "chunks", "terms")

ARTICLE = "id, path, title, published, language, source, url, text, sha256"  # the fields of an `Article`, in order
HEAD = "number, folder, id, path, title, published, language, source, url, sha256"  # what an article's crc covers
CHUNK = 'number, article, ordinal, start, "end", key, vector, terms, counts, sentences'  # what a passage's crc covers


class Head(NamedTuple):
    """An article but for its text: the columns of `HEAD`."""

    number: int
    folder: str
    id: str
    path: str
    title: str
    published: str | None
    language: str
    source: str | None
    url: str | None
    sha256: str


def create(db: Connection, embedding: str) -> None:
    """Make the tables of a store for vectors of the model `embedding`, within the caller's transaction."""
    make_tables(db)
    meta = {"generation": "0", "embedding": embedding, "dimension": "0", "chunking": CHUNKING, "analysis": ANALYSIS}
    db.executemany("INSERT INTO meta VALUES (?,?)", meta.items())
    seal(db)


def make_tables(db: Connection) -> None:
    """Make the empty tables of this version."""
    for script in (_TABLES, *(_LEDGER.format(name) for name in COUNTED)):
        for statement in script.split(";\n"):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {VERSION}")


def seal(db: Connection) -> None:
    """Write the checksum of `meta`, the ledger and the folders: the last step of every transaction that changes one."""
    db.execute("INSERT OR REPLACE INTO meta VALUES ('crc', ?)", (str(_meta_crc(db)),))


def _meta_crc(db: Connection) -> int:
    rows = (
        *db.execute("SELECT name, value FROM meta WHERE name != 'crc' ORDER BY name"),
        *db.execute("SELECT name, rows, total FROM ledger ORDER BY name"),
        *db.execute("SELECT name FROM folders ORDER BY name"),
    )
    return crc(*rows)


def require(db: Connection, path: Path, embedding: str | None) -> dict[str, str]:
    """Return what `meta` says. Raises a `StoreError` when the store is not one that can be used.

    That is: of this version, whole, and with vectors of the model `embedding` (None: any).
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        cure = "Run `mujib index update`: it brings it up to date." if 1 < version < VERSION else REBUILD
        cure = "Use that version, or a newer one." if version > VERSION else cure
        raise OtherVersionError(f"the store {path} was written by another version of Mujib. {cure}")
    meta: dict[str, str] = dict(db.execute("SELECT name, value FROM meta"))
    require_sound_names(db, path)
    if (meta["chunking"], meta["analysis"]) != (CHUNKING, ANALYSIS):
        raise OtherVersionError(f"the store {path} was written by another version of Mujib. {REBUILD}")
    if embedding is not None and meta["embedding"] != embedding:
        raise OtherModelError(
            f"the store {path} was made with the embedding model {meta['embedding']}, not {embedding}. {REBUILD}"
        )
    return meta


def require_sound_names(db: Connection, path: Path) -> None:
    """Raise `DamagedStoreError` when what a store of this version says of itself and its folders is not as written."""
    if is_store(db) and db.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        written = db.execute("SELECT value FROM meta WHERE name = 'crc'").fetchone()
        if written is None or written[0] != str(_meta_crc(db)):
            raise damaged(path, "what it says of itself is not as it was written")


def verified(db: Connection, path: Path, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Return all rows of a table, each what was written, and none missing. Raises `DamagedStoreError` otherwise."""
    found = db.execute(f"SELECT crc, {columns} FROM {table}").fetchall()  # noqa: S608 - names of tables and columns
    rows = [row[1:] for row in found]
    if any(crc(*row) != checksum for row, (checksum, *_) in zip(rows, found, strict=True)):
        raise damaged(path, f"one of its {table} is not as it was written")
    written, total = db.execute("SELECT rows, total FROM ledger WHERE name = ?", (table,)).fetchone()
    if (len(found), sum(row[0] for row in found)) != (written, total):
        raise damaged(path, f"{written} {table} were written, {len(found)} are there")
    return rows


def damaged(path: Path, what: str) -> DamagedStoreError:
    """Return the error that says `what` is wrong with the store."""
    return DamagedStoreError(f"the store {path} is damaged: {what}. {REBUILD}")


def crc(*values: object) -> int:
    """Return the checksum of a row's values: text, numbers and None by how they are written, bytes as they are."""
    checksum = 0
    for value in values:
        data = value if isinstance(value, bytes) else repr(value).encode()
        checksum = zlib.crc32(data, zlib.crc32(b"%d:" % len(data), checksum))
    return checksum


def blob(vectors: NDArray[np.float32]) -> bytes:
    """Return unit vectors [n, d] as they are stored: each as int8 [d], whose length says nothing.

    That turns a vector by so little that cosines move by about .0005, and takes a quarter of the room.
    """
    largest = np.maximum(np.abs(vectors).max(axis=1, initial=0, keepdims=True), np.float32(1e-12))
    return bytes(np.rint(vectors * (np.float32(127) / largest)).astype(np.int8).tobytes())


def floats(stored: bytes, dimension: int) -> NDArray[np.float32]:
    """Return stored vectors [n, dimension], made unit vectors again."""
    values = np.frombuffer(stored, np.int8).reshape(-1, dimension).astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
    values /= np.maximum(lengths, np.float32(1e-12))[:, None]
    return values


def places(stored: bytes) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
    """Return the terms [t] that a passage holds, and in which sentence each: 0 is the title, 1 the first sentence."""
    count = len(stored) // 6
    return np.frombuffer(stored, "<i4", count), np.frombuffer(stored, "<u2", count, offset=4 * count)


def connect(path: Path) -> Connection:
    """Open the file at `path`, made if need be."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=WAIT_MS / 1000)
    try:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA journal_mode = WAL")  # readers keep their generation while a batch is committed
        db.execute("PRAGMA synchronous = FULL")  # a committed batch survives a power cut
    except BaseException:
        db.close()
        raise
    return db


def reader(path: Path) -> Connection:
    """Open the file at `path` for reading: as it lies there when nothing can be written beside it."""
    if os.access(path.parent, os.W_OK):
        return connect(path)
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)


def version(path: Path) -> int:
    """Return the version of the store at `path`."""
    with told(path), closing(reader(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def is_store(db: Connection) -> bool:
    """Return whether there is anything in the file."""
    return bool(db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])


def folders(db: Connection) -> tuple[str, ...]:
    """Return the names of the folders (or files) that the collection is read from."""
    return tuple(row[0] for row in db.execute("SELECT name FROM folders ORDER BY name"))


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Tell what SQLite finds wrong with the file in one line with its cure."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BusyError(f"the store {path} is in use by another program. Close it and try again.") from error
        if "unable to open" in str(error) or "readonly" in str(error):
            raise NoIndexError(
                f"the store {path} cannot be opened ({error}). Check the folder's permissions."
            ) from None
        if "disk" in str(error):
            raise StoreError(
                f"the store {path} could not be read or written ({error}). Look to the disk, make room if it is full, "
                "and try again: what was committed is kept."
            ) from error
        raise damaged(path, str(error)) from error  # a schema or a text that is no longer one
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        raise damaged(path, str(error)) from error
