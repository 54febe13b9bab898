"""One generation of the collection, unchanged from beginning to end whatever is committed meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.errors import NoIndexError
from index.search.bm25 import BM25Index
from index.search.language_index import LanguageIndex
from index.search.vector_index import VectorIndex
from index.store.codec import decode_places, decode_vectors
from index.store.connection import Connection, connect_read_only, damaged_store, translate_sqlite_errors
from index.store.hashing import content_sha256
from index.store.integrity import check_compatible, read_verified, row_checksum
from index.store.schema import ARTICLE_HEAD_COLUMNS, CHUNK_COLUMNS, ArticleHead, is_initialized, source_names
from index.text.tokenize import tokenize_for_filter
from index.types import Article, Chunk


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """What a store holds."""

    generation: int
    articles: int
    chunks: int
    languages: Mapping[str, int]
    folders: tuple[str, ...]
    first_published: str | None
    last_published: str | None
    undated: int
    embedding: str
    dimension: int
    updated: str | None
    last_report: Mapping[str, object]
    bytes: int


@dataclass(frozen=True, slots=True)
class StoredSentences:
    """What is stored of the sentences of a passage, in the order in which `chunk.sentences` cuts them.

    `vectors` are unit vectors [s, d]. `terms` [t] are held in `places` [t]: 0 is the title, 1 the first sentence.
    """

    vectors: NDArray[np.float32]
    terms: NDArray[np.int32]
    places: NDArray[np.uint16]


class _Row(NamedTuple):
    """A passage: the columns of `layout.CHUNK`."""

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


class _Place(NamedTuple):
    """Where a passage lies in its article, and the checksum of what is stored of its sentences."""

    article: str
    ordinal: int
    start: int
    end: int
    sentences: int


@dataclass
class Snapshot:
    """A read transaction that is held open, with what searches need in memory. Safe to use from several threads.

    What is read from the file later is checked when it is read.
    """

    path: Path
    generation: int
    embedding: str
    dimension: int
    language_indexes: Mapping[str, LanguageIndex]
    _db: Connection
    _heads: Mapping[str, ArticleHead]
    _places: Mapping[int, _Place]
    _terms: Mapping[str, int]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        """Let go of the generation."""
        self._db.close()

    @property
    def dated(self) -> bool:
        """Return whether the day of publication is known of any article."""
        return any(head.published for head in self._heads.values())

    def count(self) -> int:
        """Return the number of passages."""
        return len(self._places)

    def term_numbers(self, tokens: Iterable[str]) -> list[int | None]:
        """Return the number of each different token, None for one that no passage has ever held."""
        return [self._terms.get(token) for token in sorted(set(tokens))]

    def article_numbers(self, ids: Iterable[str]) -> list[int]:
        """Return the numbers, by which shelves know them, of those of these articles that are there."""
        return [self._heads[id_].number for id_ in ids if id_ in self._heads]

    def chunks(self, numbers: Iterable[int]) -> list[Chunk]:
        """Return passages by their numbers, in that order."""
        return [self._chunk(int(number)) for number in numbers]

    def chunk_ids(self, numbers: Iterable[int]) -> list[tuple[str, int]]:
        """Return the article id and ordinal of passages by their numbers, in that order."""
        places = (self._places[int(number)] for number in numbers)
        return [(place.article, place.ordinal) for place in places]

    def sentences(self, numbers: Iterable[int]) -> list[StoredSentences]:
        """Return what is stored of the sentences of these passages.

        Raises `DamagedStoreError` when it is not what was written.
        """
        return [self._sentences(int(number)) for number in numbers]

    def _sentences(self, number: int) -> StoredSentences:
        with self._lock, translate_sqlite_errors(self.path):
            row = self._db.execute("SELECT vectors, places FROM sentences WHERE chunk = ?", (number,)).fetchone()
        if row is None or row_checksum(*row) != self._places[number].sentences:
            raise damaged_store(self.path, "a vector is not the one written")
        vectors, places = row
        return StoredSentences(decode_vectors(vectors, self.dimension), *decode_places(places))

    def _chunk(self, number: int) -> Chunk:
        place = self._places[number]
        text = self.article(place.article).text[place.start : place.end]
        return Chunk(f"{place.article}#{place.ordinal}", place.article, place.start, place.end, text)

    def article(self, id_: str) -> Article:
        """Return an article. Raises `KeyError` if there is none, `DamagedStoreError` if it is not what was written."""
        head = self._heads[id_]
        with self._lock, translate_sqlite_errors(self.path):
            row = self._db.execute("SELECT text FROM articles WHERE number = ?", (head.number,)).fetchone()
        article = Article(
            *(head.id, head.path, head.title, head.published, head.language, head.source, head.url),
            *(row[0] if row else "", head.sha256),
        )
        if row is None or head.sha256 != _content_sha256(article):
            raise damaged_store(self.path, f"{article.path} is not as it was written")
        return article

    def article_heads(self) -> list[ArticleHead]:
        """Return all articles but for their texts."""
        return list(self._heads.values())

    def articles_with_words(self, words: str) -> set[str]:
        """Return the ids of the articles of which a passage, with the title, holds all these words."""
        terms = self.term_numbers(tokenize_for_filter(words))
        numbers = {
            int(n) for shelf in self.language_indexes.values() for n in shelf.articles[shelf.bm25.contains_all(terms)]
        }
        return {head.id for head in self._heads.values() if head.number in numbers}

    def articles_titled(self, title: str) -> list[str]:
        """Return the ids of all articles with this title, sorted."""
        return sorted(head.id for head in self._heads.values() if head.title == title)

    def article_ids(self) -> list[str]:
        """Return the ids of all articles, sorted."""
        return sorted(self._heads)

    def paths(self) -> dict[str, str]:
        """Return the path of each article."""
        return {id_: self._heads[id_].path for id_ in self.article_ids()}

    def numbers(self) -> dict[str, list[int]]:
        """Return the numbers of each article's passages, in their order."""
        found: dict[str, list[int]] = {id_: [] for id_ in self._heads}
        for number, place in sorted(self._places.items(), key=lambda item: item[1].ordinal):
            found[place.article].append(number)
        return found

    def chunk_span(self, number: int) -> tuple[int, int]:
        """Return the start and end of a passage in its article's text."""
        place = self._places[number]
        return place.start, place.end

    def token_of(self) -> dict[int, str]:
        """Return the token of each number in `terms`."""
        return {number: token for token, number in self._terms.items()}

    def unsound_pages(self) -> list[str]:
        """Return what SQLite itself finds wrong with the file: it looks at the order of pages, not at their content."""
        with self._lock, translate_sqlite_errors(self.path):
            for table in ("files", "updates"):
                self._db.execute(f"SELECT count(*) FROM {table}")
            return [row[0] for row in self._db.execute("PRAGMA integrity_check") if row[0] != "ok"]

    def status(self) -> CollectionStatus:
        """Return what the store holds."""
        with self._lock, translate_sqlite_errors(self.path):
            last = self._db.execute("SELECT finished, report FROM updates ORDER BY number DESC LIMIT 1").fetchone()
            folders = source_names(self._db)
        days = sorted(head.published for head in self._heads.values() if head.published)
        languages = [head.language for head in self._heads.values()]
        return CollectionStatus(
            generation=self.generation,
            articles=len(self._heads),
            chunks=self.count(),
            languages={language: languages.count(language) for language in sorted(set(languages))},
            folders=folders,
            first_published=days[0] if days else None,
            last_published=days[-1] if days else None,
            undated=len(self._heads) - len(days),
            embedding=self.embedding,
            dimension=self.dimension,
            updated=last and last[0],
            last_report=_report(last[1]) if last else {},
            bytes=self.path.stat().st_size,
        )


def _report(written: str) -> dict[str, object]:
    try:
        found = json.loads(written)
    except ValueError:  # it is only for reading: no answer depends on it
        return {}
    return found if isinstance(found, dict) else {}


def open_snapshot(path: Path, embedding: str | None = None) -> Snapshot:
    """Open the newest generation of the store at `path` for reading.

    Raises `NoIndexError` when there is none, `OtherModelError` when its vectors are not those of the model
    `embedding` (None: any), `DamagedStoreError` when it is not what was written.
    """
    require_store(path)
    with translate_sqlite_errors(path):
        db = connect_read_only(path)
        try:
            db.execute("PRAGMA query_only = ON")
            db.execute("BEGIN")
            if not is_initialized(db):
                raise _no_index(path)
            meta = check_compatible(db, path, embedding)
            heads = {
                head.number: head
                for head in map(ArticleHead._make, read_verified(db, path, "articles", ARTICLE_HEAD_COLUMNS))
            }
            terms = {token: number for number, token in read_verified(db, path, "terms", "number, token")}
            rows = [_Row._make(row) for row in read_verified(db, path, "chunks", CHUNK_COLUMNS)]
            rows.sort(key=lambda row: (heads[row.article].id, row.ordinal))
        except BaseException:
            db.close()
            raise
    dimension = int(meta["dimension"])
    return Snapshot(
        path,
        int(meta["generation"]),
        meta["embedding"],
        dimension,
        _language_indexes(heads, rows, dimension),
        db,
        {head.id: head for head in heads.values()},
        {row.number: _Place(heads[row.article].id, row.ordinal, row.start, row.end, row.sentences) for row in rows},
        terms,
    )


def newest_generation(path: Path) -> int:
    """Return the generation a reader would get now: cheap, to see whether a snapshot is still the newest."""
    require_store(path)
    with translate_sqlite_errors(path), closing(connect_read_only(path)) as db:
        row = db.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone() if is_initialized(db) else None
        if row is None:
            raise _no_index(path)
        if not row[0].isdecimal():
            raise damaged_store(path, "its generation is no number")
        return int(row[0])


def require_store(path: Path) -> None:
    """Raise `NoIndexError` when there is no store at `path`."""
    if not path.exists():
        raise _no_index(path)


def _no_index(path: Path) -> NoIndexError:
    return NoIndexError(f"there is no index at {path} yet. Run `mujib index update`, or `make index`.")


def _language_indexes(
    heads: Mapping[int, ArticleHead], rows: Sequence[_Row], dimension: int
) -> dict[str, LanguageIndex]:
    """Return the passages of each language, in the order of their articles' ids: not that of their writing."""
    shelves = {}
    for language in sorted({head.language for head in heads.values()}):
        own = [row for row in rows if heads[row.article].language == language]
        with ThreadPoolExecutor(max_workers=1) as beside:
            postings = beside.submit(_bm25_index, own)
            neighbours = VectorIndex(decode_vectors(b"".join(row.vector for row in own), dimension))
            shelves[language] = LanguageIndex(
                np.array([row.number for row in own], np.int64),
                np.array([row.article for row in own], np.int64),
                np.array([heads[row.article].published or "" for row in own], np.str_),
                neighbours,
                postings.result(),
            )
    return shelves


def _bm25_index(rows: Sequence[_Row]) -> BM25Index:
    return BM25Index(
        np.cumsum([len(row.counts) for row in rows]),
        np.frombuffer(b"".join(row.terms for row in rows), "<i4"),
        np.frombuffer(b"".join(row.counts for row in rows), np.uint8),
    )


def _content_sha256(article: Article) -> str:
    return content_sha256(
        title=article.title,
        published=article.published,
        language=article.language,
        source=article.source,
        url=article.url,
        text=article.text,
    )
