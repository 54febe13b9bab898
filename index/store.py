"""Where is it kept? One SQLite file, the single source of truth. The only importer of sqlite3.

A `Writer` commits whole batches, each in one transaction; a `Snapshot` is a read transaction that is held open, so
that a reader sees one generation of the collection from beginning to end, whatever is committed meanwhile.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from index.chunk import CHUNKING, sentences, split
from index.dates import spelled
from index.digest import content_sha256, passage_key
from index.errors import BusyError, DamagedStoreError, NoIndexError, OtherModelError, OtherVersionError
from index.lexical import ANALYSIS, Postings, analyse
from index.shelf import Shelf
from index.types import Article, Chunk, Rejection
from index.vectors import Neighbours

SCHEMA_VERSION = 2
_REBUILD = "Run `mujib index rebuild`: it reads the articles again and replaces the store."

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE folders (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE articles (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    folder TEXT NOT NULL REFERENCES folders,
    path TEXT NOT NULL,
    title TEXT NOT NULL,
    published TEXT,
    language TEXT NOT NULL,
    source TEXT,
    url TEXT,
    text TEXT NOT NULL,
    sha256 TEXT NOT NULL
);
CREATE INDEX articles_by_path ON articles (path);
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
    crc INTEGER NOT NULL
);
CREATE INDEX chunks_by_article ON chunks (article);
CREATE INDEX chunks_by_key ON chunks (key);
CREATE TABLE sentences (
    chunk INTEGER PRIMARY KEY REFERENCES chunks ON DELETE CASCADE,
    vectors BLOB NOT NULL,
    places BLOB NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE terms (number INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE);
CREATE TABLE updates (number INTEGER PRIMARY KEY, finished TEXT NOT NULL, report TEXT NOT NULL);
"""

_ARTICLE_COLUMNS = "id, path, title, published, language, source, url, text, sha256"


@dataclass(frozen=True, slots=True)
class Change:
    """One article to write, and the stored articles that it takes the place of."""

    article: Article
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What an update has to do, found by comparing contents, not times."""

    write: tuple[Change, ...] = ()
    move: tuple[Article, ...] = ()
    drop: tuple[str, ...] = ()
    kept: int = 0
    rejected: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """What a store holds."""

    generation: int
    articles: int
    chunks: int
    languages: Mapping[str, int]
    folders: tuple[str, ...]
    first_published: str | None
    last_published: str | None
    embedding: str
    dimension: int
    updated: str | None
    bytes: int


@dataclass(frozen=True, slots=True)
class Sentences:
    """What is stored of the sentences of a passage, in the order in which `chunk.sentences` cuts them.

    `vectors` are unit vectors [s, d]. `terms` [t] are held in `places` [t]: 0 is the title, 1 the first sentence.
    """

    vectors: NDArray[np.float32]
    terms: NDArray[np.int32]
    places: NDArray[np.uint16]


def lock(path: Path) -> FileLock:
    """Return the lock of the store at `path`, taken. Raises `BusyError` when another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    taken = FileLock(path.with_name(path.name + ".lock"))
    try:
        taken.acquire(timeout=0)
    except Timeout:
        raise BusyError("another update of this index is running. Wait for it to end.") from None
    return taken


class Writer:
    """The one process that may change the store. Use as a context manager; every method is one transaction."""

    def __init__(self, path: Path, embedding: str) -> None:
        """Open or create the store at `path` for vectors of the model `embedding`.

        Raises `BusyError` when another process is writing, `StoreError` when the store cannot take these vectors.
        """
        self._path = path
        self._known_terms: dict[str, int] = {}  # of this transaction and those before it
        self._lock = lock(path)
        try:
            with _told(path):
                self._db = _connect(path)
                if not _is_store(self._db):
                    self._create(embedding)
                _require(self._db, path, embedding)
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

    def folders(self) -> tuple[str, ...]:
        """Return the names of the folders (or files) that the collection is read from."""
        with _told(self._path):
            return _folders(self._db)

    def set_folders(self, names: Sequence[str]) -> None:
        """Record the folders the collection is read from; articles of others stay until they are dropped."""
        with self._transaction(articles_change=False):
            self._db.executemany("INSERT OR IGNORE INTO folders VALUES (?)", [(name,) for name in names])

    def plan(self, folders: Sequence[str], found: Iterable[tuple[str, Article | Rejection]]) -> Plan:
        """Compare what was `found` (with the folder it lies in) to what is stored of these `folders`."""
        with _told(self._path):
            rows = self._db.execute("SELECT id, sha256, path, folder FROM articles").fetchall()
        stored = {row[0]: row for row in rows}
        new: dict[str, Article] = {}
        rejected: list[Rejection] = []
        for folder, item in found:
            if isinstance(item, Rejection):
                rejected.append(item)
            elif (twin := new.get(item.id)) is not None:
                same = twin.sha256 == item.sha256
                reason = f"the same article as {twin.path}" if same else f"its id {item.id} is taken by {twin.path}"
                rejected.append(Rejection(item.path, reason))
            elif item.id in stored and stored[item.id][3] != folder and stored[item.id][3] not in folders:
                rejected.append(Rejection(item.path, f"already in the collection as {stored[item.id][2]}"))
            else:
                new[item.id] = item
        gone = {id_: row[2] for id_, row in stored.items() if row[3] in folders and id_ not in new}
        gone_at: dict[str, list[str]] = {}
        for id_, path in gone.items():
            gone_at.setdefault(path, []).append(id_)
        write, move, kept = [], [], 0
        for article in new.values():
            row = stored.get(article.id)
            if row is None:
                write.append(Change(article, tuple(gone_at.pop(article.path, ()))))
            elif row[1] != article.sha256:
                write.append(Change(article, (article.id,)))
            elif row[2] != article.path:
                move.append(article)
            else:
                kept += 1
        replaced = {id_ for change in write for id_ in change.replaces}
        drop = tuple(id_ for id_ in gone if id_ not in replaced)
        return Plan(tuple(write), tuple(move), drop, kept, tuple(rejected))

    def known_vectors(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the stored vectors [s, d] of these passages' sentences: what is known is not embedded again."""
        known = {}
        with _told(self._path):
            dimension = _dimension(self._db)
            for key in dict.fromkeys(keys):
                row = self._db.execute(
                    "SELECT vectors, places, sentences.crc FROM chunks JOIN sentences ON chunk = number"
                    " WHERE key = ? LIMIT 1",
                    (key,),
                ).fetchone()
                if row is not None and _crc(row[0], row[1]) == row[2]:
                    known[key] = _floats(row[0], dimension)
        return known

    def commit(
        self, folder_of: Mapping[str, str], batch: Sequence[tuple[Change, list[Chunk], list[NDArray[np.float32]]]]
    ) -> None:
        """Write articles with their passages and the vectors [s, d] of each one's sentences; drop what they replace."""
        with self._transaction():
            dimension = str(batch[0][2][0].shape[1])
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'dimension'", (dimension,))
            for change, chunks, vectors in batch:
                for id_ in change.replaces:
                    self._delete(id_)
                article = change.article
                number = self._db.execute(
                    f"INSERT INTO articles (folder, {_ARTICLE_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",  # noqa: S608
                    (folder_of[article.id], *_article_values(article)),
                ).lastrowid
                for ordinal, (chunk, of_sentences) in enumerate(zip(chunks, vectors, strict=True)):
                    inside = _blob(of_sentences)
                    vector = _blob(_floats(inside, int(dimension)).sum(axis=0, keepdims=True))
                    terms, counts, places = self._terms(article, chunk.text)
                    key = passage_key(article.title, chunk.text)
                    row = self._db.execute(
                        'INSERT INTO chunks (article, ordinal, start, "end", key, vector, terms, counts, crc)'
                        " VALUES (?,?,?,?,?,?,?,?,?)",
                        (
                            *(number, ordinal, chunk.start, chunk.end, key),
                            *(vector, terms, counts, _crc(vector, terms, counts)),
                        ),
                    ).lastrowid
                    self._db.execute(
                        "INSERT INTO sentences VALUES (?,?,?,?)", (row, inside, places, _crc(inside, places))
                    )

    def _terms(self, article: Article, text: str) -> tuple[bytes, bytes, bytes]:
        """Return the terms of a passage (int32 [t]), their counts (uint8 [t]), and where it holds them (`_places`)."""
        numbers, places = [], []
        for place, token in _tokens(article, text):
            if token not in self._known_terms:
                self._db.execute("INSERT OR IGNORE INTO terms (token) VALUES (?)", (token,))
                found = self._db.execute("SELECT number FROM terms WHERE token = ?", (token,)).fetchone()
                self._known_terms[token] = found[0]
            numbers.append(self._known_terms[token])
            places.append(place)
        terms, counts = np.unique(np.array(numbers, "<i4"), return_counts=True)
        return (
            terms.tobytes(),
            np.minimum(counts, 255).astype(np.uint8).tobytes(),
            np.array(numbers, "<i4").tobytes() + np.array(places, "<u2").tobytes(),
        )

    def move(self, articles: Sequence[Article], folder_of: Mapping[str, str]) -> None:
        """Record the new paths of articles whose content is the same."""
        with self._transaction():
            self._db.executemany(
                "UPDATE articles SET path = ?, folder = ? WHERE id = ?",
                [(article.path, folder_of[article.id], article.id) for article in articles],
            )

    def drop(self, ids: Sequence[str]) -> None:
        """Take articles out of the collection, with their passages, vectors and words."""
        with self._transaction():
            for id_ in ids:
                self._delete(id_)

    def finish(self, report: str, now: str) -> None:
        """Write down what an update did."""
        with self._transaction(articles_change=False):
            self._db.execute("INSERT INTO updates (finished, report) VALUES (?,?)", (now, report))

    def replace(self, target: Path) -> None:
        """Put this store's content in the place of the one at `target`, in one step that no reader sees half of.

        A target that is damaged is set aside first, under another name.
        """
        try:
            with closing(_connect(target)) as other:
                self._db.backup(other)
        except sqlite3.DatabaseError:
            for suffix in ("", "-wal", "-shm"):
                damaged = target.with_name(target.name + suffix)
                if damaged.exists():
                    damaged.rename(target.with_name(f"{target.name}.damaged{suffix}"))
            with closing(_connect(target)) as other:
                self._db.backup(other)

    def _create(self, embedding: str) -> None:
        with self._transaction():
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
            meta = {
                "generation": "0",
                "embedding": embedding,
                "dimension": "0",
                "chunking": CHUNKING,
                "analysis": ANALYSIS,
            }
            self._db.executemany("INSERT INTO meta VALUES (?,?)", meta.items())
            self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _delete(self, id_: str) -> None:
        self._db.execute("DELETE FROM articles WHERE id = ?", (id_,))

    @contextmanager
    def _transaction(self, *, articles_change: bool = True) -> Iterator[None]:
        with _told(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                if articles_change:
                    self._db.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'generation'")
                self._db.execute("COMMIT")
            except BaseException:
                self._known_terms.clear()
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


@dataclass
class Snapshot:
    """One generation of the collection, unchanging. Safe to use from several threads."""

    path: Path
    generation: int
    dimension: int
    shelves: Mapping[str, Shelf]
    _db: sqlite3.Connection
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        """Let go of the generation."""
        self._db.close()

    @property
    def dated(self) -> bool:
        """Return whether the day of publication is known of any article."""
        return any((shelf.published != "").any() for shelf in self.shelves.values())

    def count(self) -> int:
        """Return the number of passages."""
        return sum(len(shelf.numbers) for shelf in self.shelves.values())

    def terms(self, tokens: Iterable[str]) -> list[int | None]:
        """Return the number of each different token, None for one that no passage has ever held."""
        with self._lock, _told(self.path):
            rows = (
                self._db.execute("SELECT number FROM terms WHERE token = ?", (token,)).fetchone()
                for token in sorted(set(tokens))
            )
            return [row and row[0] for row in rows]

    def article_numbers(self, ids: Iterable[str]) -> list[int]:
        """Return the numbers, by which shelves know them, of those of these articles that are there."""
        with self._lock, _told(self.path):
            rows = (self._db.execute("SELECT number FROM articles WHERE id = ?", (id_,)).fetchone() for id_ in ids)
            return [row[0] for row in rows if row is not None]

    def chunks(self, numbers: Iterable[int]) -> list[Chunk]:
        """Return passages by their numbers, in that order."""
        return [self._chunk(int(number)) for number in numbers]

    def chunk_ids(self, numbers: Iterable[int]) -> list[tuple[str, int]]:
        """Return the article id and ordinal of passages by their numbers, in that order."""
        with self._lock, _told(self.path):
            return [
                self._db.execute(
                    "SELECT id, ordinal FROM chunks JOIN articles ON article = articles.number WHERE chunks.number = ?",
                    (int(number),),
                ).fetchone()
                for number in numbers
            ]

    def sentences(self, numbers: Iterable[int]) -> list[Sentences]:
        """Return what is stored of the sentences of these passages.

        Raises `DamagedStoreError` when it is not what was written.
        """
        with self._lock, _told(self.path):
            rows = [
                self._db.execute(
                    "SELECT vectors, places, crc FROM sentences WHERE chunk = ?", (int(number),)
                ).fetchone()
                for number in numbers
            ]
        if not all(row is not None and _crc(row[0], row[1]) == row[2] for row in rows):
            raise DamagedStoreError(f"the store {self.path} is damaged: a vector is not the one written. {_REBUILD}")
        return [Sentences(_floats(vectors, self.dimension), *_places(places)) for vectors, places, _ in rows]

    def _chunk(self, number: int) -> Chunk:
        with self._lock, _told(self.path):
            row = self._db.execute(
                'SELECT id, ordinal, start, "end" FROM chunks JOIN articles ON article = articles.number'
                " WHERE chunks.number = ?",
                (number,),
            ).fetchone()
        id_, ordinal, start, end = row
        return Chunk(f"{id_}#{ordinal}", id_, start, end, self.article(id_).text[start:end])

    def article(self, id_: str) -> Article:
        """Return an article. Raises `KeyError` if there is none, `DamagedStoreError` if it is not what was written."""
        with self._lock, _told(self.path):
            row = self._db.execute(f"SELECT {_ARTICLE_COLUMNS} FROM articles WHERE id = ?", (id_,)).fetchone()  # noqa: S608
        if row is None:
            raise KeyError(id_)
        article = Article(*row)
        if article.sha256 != _content_sha256(article):
            raise DamagedStoreError(f"the store {self.path} is damaged: {article.path} is not as written. {_REBUILD}")
        return article

    def titled(self, title: str) -> list[str]:
        """Return the ids of all articles with this title, sorted."""
        with self._lock, _told(self.path):
            return [row[0] for row in self._db.execute("SELECT id FROM articles WHERE title = ? ORDER BY id", (title,))]

    def article_ids(self) -> list[str]:
        """Return the ids of all articles, sorted."""
        with self._lock, _told(self.path):
            return [row[0] for row in self._db.execute("SELECT id FROM articles ORDER BY id")]

    def status(self) -> Status:
        """Return what the store holds."""
        with self._lock, _told(self.path):
            meta = dict(self._db.execute("SELECT name, value FROM meta"))
            first, last = self._db.execute("SELECT min(published), max(published) FROM articles").fetchone()
            updated = self._db.execute("SELECT max(finished) FROM updates").fetchone()[0]
            languages = dict(self._db.execute("SELECT language, count(*) FROM articles GROUP BY language ORDER BY 1"))
            return Status(
                generation=self.generation,
                articles=sum(languages.values()),
                chunks=self.count(),
                languages=languages,
                folders=_folders(self._db),
                first_published=first,
                last_published=last,
                embedding=meta["embedding"],
                dimension=self.dimension,
                updated=updated,
                bytes=self.path.stat().st_size,
            )


def open_snapshot(path: Path, embedding: str | None = None) -> Snapshot:
    """Open the newest generation of the store at `path` for reading.

    Raises `NoIndexError` when there is none, `OtherModelError` when its vectors are not those of the model
    `embedding` (None: any), `DamagedStoreError` when it is not what was written.
    """
    if not path.exists():
        raise NoIndexError(f"there is no index at {path} yet. Run `mujib index update`, or `make index`.")
    with _told(path):
        db = _connect(path)
        try:
            db.execute("PRAGMA query_only = ON")
            db.execute("BEGIN")
            if not _is_store(db):
                raise NoIndexError(f"there is no index in {path} yet. Run `mujib index update`, or `make index`.")
            _require(db, path, embedding)
            generation = int(db.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone()[0])
            dimension = _dimension(db)
            shelves = _shelves(db, path, dimension)
        except BaseException:
            db.close()
            raise
    return Snapshot(path, generation, dimension, shelves, db)


def newest_generation(path: Path) -> int:
    """Return the generation a reader would get now: cheap, to see whether a snapshot is still the newest."""
    if not path.exists():
        raise NoIndexError(f"there is no index at {path} yet. Run `mujib index update`, or `make index`.")
    with _told(path), closing(_connect(path)) as db:
        row = db.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone()
        return int(row[0])


def delete(path: Path) -> None:
    """Delete a store that nobody uses, with the files SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def recorded_folders(path: Path) -> tuple[str, ...]:
    """Return the folders that the store at `path` was read from, as far as it can still tell."""
    if not path.exists():
        return ()
    try:
        with closing(_connect(path)) as db:
            return _folders(db)
    except sqlite3.DatabaseError:
        return ()


def check(path: Path) -> list[str]:
    """Return a line for everything in the store that is not as it should be: none when it is sound."""
    try:
        with closing(open_snapshot(path)) as snapshot, snapshot._lock, _told(path):
            db = snapshot._db
            problems = [f"{path}: {row[0]}" for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
            token_of = dict(db.execute("SELECT number, token FROM terms"))
            for number, *values in db.execute(f"SELECT number, {_ARTICLE_COLUMNS} FROM articles"):  # noqa: S608
                article = Article(*values)
                if article.sha256 != _content_sha256(article):
                    problems.append(f"{path}: {article.path} is not as it was written")
                rows = db.execute(
                    'SELECT start, "end", places, vectors, sentences.crc FROM chunks'
                    " LEFT JOIN sentences ON chunk = number WHERE article = ? ORDER BY ordinal",
                    (number,),
                ).fetchall()
                chunks = split(article)
                if [(chunk.start, chunk.end) for chunk in chunks] != [(start, end) for start, end, *_ in rows]:
                    problems.append(f"{path}: the passages of {article.path} are not those of its text")
                    continue
                for chunk, (_, _, places, vectors, crc) in zip(chunks, rows, strict=True):
                    if vectors is None or _crc(vectors, places) != crc:
                        problems.append(f"{path}: the sentences of {article.path} are not as they were written")
                        continue
                    held = [(place, token_of.get(term)) for term, place in zip(*_places(places), strict=True)]
                    if held != list(_tokens(article, chunk.text)):
                        problems.append(f"{path}: the words of {article.path} are not those of its text")
    except DamagedStoreError as error:
        return [str(error)]
    return [f"{problem}. {_REBUILD}" for problem in problems]


def _shelves(db: sqlite3.Connection, path: Path, dimension: int) -> dict[str, Shelf]:
    """Read the vector and the terms of every passage, with what filters need to know.

    They stand in the order of their articles' ids, so that nothing depends on the order in which they were written.
    """
    shelves = {}
    languages = db.execute("SELECT DISTINCT language FROM chunks JOIN articles ON article = articles.number ORDER BY 1")
    for (language,) in languages.fetchall():
        rows = db.execute(
            "SELECT chunks.number, article, coalesce(published, ''), vector, terms, counts, crc"
            " FROM articles JOIN chunks ON article = articles.number WHERE language = ? ORDER BY id, ordinal",
            (language,),
        )
        numbers, articles, published, vectors, terms, counts, crcs = zip(*rows, strict=True)
        if any(_crc(*blobs) != crc for *blobs, crc in zip(vectors, terms, counts, crcs, strict=True)):
            raise DamagedStoreError(f"the store {path} is damaged: a vector is not the one written. {_REBUILD}")
        with ThreadPoolExecutor(max_workers=1) as beside:
            postings = beside.submit(_postings, terms, counts)
            neighbours = Neighbours(_floats(b"".join(vectors), dimension))
            shelves[language] = Shelf(
                np.array(numbers, np.int64),
                np.array(articles, np.int64),
                np.array(published, np.str_),
                neighbours,
                postings.result(),
            )
    return shelves


def _postings(terms: Sequence[bytes], counts: Sequence[bytes]) -> Postings:
    return Postings(
        np.cumsum([len(blob) for blob in counts]),
        np.frombuffer(b"".join(terms), "<i4"),
        np.frombuffer(b"".join(counts), np.uint8),
    )


def _blob(vectors: NDArray[np.float32]) -> bytes:
    """Return unit vectors [n, d] as they are stored: each as int8 [d], whose length says nothing.

    That turns a vector by so little that cosines move by about .0005, and takes a quarter of the room.
    """
    largest = np.maximum(np.abs(vectors).max(axis=1, initial=0, keepdims=True), np.float32(1e-12))
    return bytes(np.rint(vectors * (np.float32(127) / largest)).astype(np.int8).tobytes())


def _floats(blob: bytes, dimension: int) -> NDArray[np.float32]:
    """Return stored vectors [n, dimension], made unit vectors again."""
    values = np.frombuffer(blob, np.int8).reshape(-1, dimension).astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
    values /= np.maximum(lengths, np.float32(1e-12))[:, None]
    return values


def _dimension(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT value FROM meta WHERE name = 'dimension'").fetchone()[0])


def _places(blob: bytes) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
    """Return the terms [t] that a passage holds, and in which sentence each: 0 is the title, 1 the first sentence."""
    count = len(blob) // 6
    return np.frombuffer(blob, "<i4", count), np.frombuffer(blob, "<u2", count, offset=4 * count)


def _crc(*blobs: bytes) -> int:
    crc = 0
    for blob in blobs:
        crc = zlib.crc32(blob, crc)
    return crc


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA journal_mode = WAL")  # readers keep their generation while a batch is committed
        db.execute("PRAGMA synchronous = FULL")  # a committed batch survives a power cut
    except BaseException:
        db.close()
        raise
    return db


def _is_store(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])


def _require(db: sqlite3.Connection, path: Path, embedding: str | None) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    meta: dict[str, str] = dict(db.execute("SELECT name, value FROM meta")) if version == SCHEMA_VERSION else {}
    if (meta.get("chunking"), meta.get("analysis")) != (CHUNKING, ANALYSIS):
        raise OtherVersionError(f"the store {path} was written by another version of Mujib. {_REBUILD}")
    if embedding is not None and meta["embedding"] != embedding:
        raise OtherModelError(
            f"the store {path} was made with the embedding model {meta['embedding']}, not {embedding}. {_REBUILD}"
        )


def _folders(db: sqlite3.Connection) -> tuple[str, ...]:
    return tuple(row[0] for row in db.execute("SELECT name FROM folders ORDER BY name"))


def _tokens(article: Article, text: str) -> Iterator[tuple[int, str]]:
    """Yield the tokens by which a passage is found, each once a sentence: those of its title and day, then its own."""
    day = spelled(article.published, article.language) if article.published else ""
    parts = [f"{article.title}\n{day}", *(text[start:end] for start, end in sentences(text))]
    for place, part in enumerate(parts):
        yield from ((place, token) for token in dict.fromkeys(analyse(part)))


def _content_sha256(article: Article) -> str:
    return content_sha256(
        title=article.title,
        published=article.published,
        language=article.language,
        source=article.source,
        url=article.url,
        text=article.text,
    )


def _article_values(article: Article) -> tuple[Any, ...]:
    return tuple(getattr(article, name) for name in _ARTICLE_COLUMNS.split(", "))


@contextmanager
def _told(path: Path) -> Iterator[None]:
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
            raise DamagedStoreError(f"the store {path} could not be read or written: {error}.") from error
        raise
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        raise DamagedStoreError(f"the store {path} is damaged ({error}). {_REBUILD}") from error
