"""Where is it kept? One SQLite file, the single source of truth. The only importer of sqlite3.

A `Writer` commits whole batches, each in one transaction; a `Snapshot` is a read transaction that is held open, so
that a reader sees one generation of the collection from beginning to end, whatever is committed meanwhile.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from index.chunk import CHUNKING, split
from index.digest import content_sha256, passage_key
from index.errors import BusyError, DamagedStoreError, NoIndexError, OtherModelError, OtherVersionError
from index.lexical import ANALYSIS, analyse
from index.types import Article, Chunk, Rejection
from index.vectors import Neighbours

SCHEMA_VERSION = 1
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
    crc INTEGER NOT NULL
);
CREATE INDEX chunks_by_article ON chunks (article);
CREATE INDEX chunks_by_key ON chunks (key);
CREATE VIRTUAL TABLE lexical USING fts5 (tokens, content='', tokenize='ascii');
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
        """Return the stored vectors of these passages: what is known is not embedded again."""
        known = {}
        with _told(self._path):
            for key in dict.fromkeys(keys):
                row = self._db.execute(
                    'SELECT vector, crc, start, "end" FROM chunks WHERE key = ? LIMIT 1', (key,)
                ).fetchone()
                if row is not None and zlib.crc32(row[0]) == row[1]:
                    known[key] = np.frombuffer(row[0], np.float32)
        return known

    def commit(
        self, folder_of: Mapping[str, str], batch: Sequence[tuple[Change, list[Chunk], NDArray[np.float32]]]
    ) -> None:
        """Write articles with their passages and vectors [len(chunks), d], and drop what they replace."""
        dimension = str(batch[0][2].shape[1])
        with self._transaction():
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'dimension'", (dimension,))
            for change, chunks, vectors in batch:
                for id_ in change.replaces:
                    self._delete(id_)
                article = change.article
                number = self._db.execute(
                    f"INSERT INTO articles (folder, {_ARTICLE_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",  # noqa: S608
                    (folder_of[article.id], *_article_values(article)),
                ).lastrowid
                for ordinal, (chunk, vector) in enumerate(zip(chunks, vectors, strict=True)):
                    blob = vector.astype(np.float32).tobytes()
                    key = passage_key(article.title, chunk.text)
                    row = self._db.execute(
                        'INSERT INTO chunks (article, ordinal, start, "end", key, vector, crc) VALUES (?,?,?,?,?,?,?)',
                        (number, ordinal, chunk.start, chunk.end, key, blob, zlib.crc32(blob)),
                    ).lastrowid
                    self._db.execute(
                        "INSERT INTO lexical (rowid, tokens) VALUES (?,?)",
                        (row, _tokens(article.title, chunk.text)),
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
        row = self._db.execute(f"SELECT number, {_ARTICLE_COLUMNS} FROM articles WHERE id = ?", (id_,)).fetchone()  # noqa: S608
        article = Article(*row[1:])
        chunks = self._db.execute('SELECT number, start, "end" FROM chunks WHERE article = ?', (row[0],))
        # A contentless FTS5 table is told what to forget: the same tokens that it was given.
        self._db.executemany(
            "INSERT INTO lexical (lexical, rowid, tokens) VALUES ('delete', ?, ?)",
            [(number, _tokens(article.title, article.text[start:end])) for number, start, end in chunks.fetchall()],
        )
        self._db.execute("DELETE FROM articles WHERE number = ?", (row[0],))

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
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


@dataclass
class Snapshot:
    """One generation of the collection, unchanging. Safe to use from several threads."""

    path: Path
    generation: int
    _db: sqlite3.Connection
    _numbers: NDArray[np.int64]
    _languages: NDArray[np.str_]
    _published: NDArray[np.str_]
    _neighbours: Neighbours | None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        """Let go of the generation."""
        self._db.close()

    def count(self) -> int:
        """Return the number of passages."""
        return len(self._numbers)

    def allowed(self, since: str | None, until: str | None) -> NDArray[np.bool_] | None:
        """Return which passages are of articles published from `since` to `until` (ISO days, inclusive)."""
        if since is None and until is None:
            return None
        dated = self._published != ""
        mask: NDArray[np.bool_] = dated & (self._published >= (since or "")) & (self._published <= (until or "9999"))
        return mask

    def nearest(
        self, vector: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """Return the numbers and cosines of the `k` passages nearest to `vector` [d], best first."""
        return [] if self._neighbours is None else self._neighbours.search(vector, k, allowed)

    def holding(
        self, tokens: Sequence[str], k: int, language: str, allowed: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """Return the numbers and BM25 scores (higher is better) of passages in `language` that hold `tokens`."""
        if not tokens:
            return []
        mask = self._languages == language
        if allowed is not None:
            mask = mask & allowed
        quoted = ('"' + token.replace('"', '""') + '"' for token in dict.fromkeys(tokens))
        query = " OR ".join(quoted)
        found: list[tuple[int, float]] = []
        with self._lock, _told(self.path):
            for number, score in self._db.execute(
                "SELECT rowid, rank FROM lexical WHERE lexical MATCH ? ORDER BY rank, rowid", (query,)
            ):
                if mask[np.searchsorted(self._numbers, number)]:
                    found.append((number, -score))
                    if len(found) == k:
                        break
        return found

    def chunks(self, numbers: Sequence[int]) -> list[Chunk]:
        """Return passages by their numbers, in that order."""
        return [self._chunk(number) for number in numbers]

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
                chunks=len(self._numbers),
                languages=languages,
                folders=_folders(self._db),
                first_published=first,
                last_published=last,
                embedding=meta["embedding"],
                dimension=int(meta["dimension"]),
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
            dimension = int(db.execute("SELECT value FROM meta WHERE name = 'dimension'").fetchone()[0])
            numbers, languages, published, vectors = _load(db, path, dimension)
        except BaseException:
            db.close()
            raise
    neighbours = Neighbours(numbers, vectors) if len(numbers) else None
    return Snapshot(path, generation, db, numbers, languages, published, neighbours)


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
            words = db.execute("SELECT count(*) FROM lexical_docsize").fetchone()[0]
            if words != snapshot.count():
                problems.append(f"{path}: {snapshot.count()} passages but words of {words}")
            for number, *values in db.execute(f"SELECT number, {_ARTICLE_COLUMNS} FROM articles"):  # noqa: S608
                article = Article(*values)
                if article.sha256 != _content_sha256(article):
                    problems.append(f"{path}: {article.path} is not as it was written")
                kept = db.execute('SELECT start, "end" FROM chunks WHERE article = ? ORDER BY ordinal', (number,))
                if [(chunk.start, chunk.end) for chunk in split(article)] != kept.fetchall():
                    problems.append(f"{path}: the passages of {article.path} are not those of its text")
    except DamagedStoreError as error:
        return [str(error)]
    return [f"{problem}. {_REBUILD}" for problem in problems]


def _load(
    db: sqlite3.Connection, path: Path, dimension: int
) -> tuple[NDArray[np.int64], NDArray[np.str_], NDArray[np.str_], NDArray[np.float32]]:
    """Read every vector, with what filters need to know, in the order of the passages' numbers."""
    count = db.execute("SELECT count(*) FROM chunks").fetchone()[0]
    numbers = np.empty(count, np.int64)
    vectors = np.empty((count, dimension), np.float32)
    languages: list[str] = []
    published: list[str] = []
    rows = db.execute(
        "SELECT chunks.number, vector, crc, language, coalesce(published, '')"
        " FROM chunks JOIN articles ON article = articles.number ORDER BY chunks.number"
    )
    for i, (number, blob, crc, language, day) in enumerate(rows):
        if zlib.crc32(blob) != crc or len(blob) != 4 * dimension:
            raise DamagedStoreError(f"the store {path} is damaged: a vector is not the one written. {_REBUILD}")
        numbers[i] = number
        vectors[i] = np.frombuffer(blob, np.float32)
        languages.append(language)
        published.append(day)
    return numbers, np.array(languages, dtype=np.str_), np.array(published, dtype=np.str_), vectors


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


def _tokens(title: str, text: str) -> str:
    return " ".join(analyse(f"{title}\n{text}"))


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
