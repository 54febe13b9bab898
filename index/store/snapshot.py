"""One generation of the collection, which stays the same whatever is committed meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.errors import NoIndexError
from index.search.language_index import LanguageIndex
from index.search.vector_index import FaissVectorIndex, MakeVectorIndex
from index.store.codec import decode_details, decode_places, decode_spans, decode_vectors
from index.store.connection import Connection, connect_read_only, damaged_store, translate_sqlite_errors
from index.store.hashing import article_sha256
from index.store.index_builder import build_language_indexes
from index.store.integrity import check_compatible, read_verified, row_checksum
from index.store.read_transaction import ReadTransaction
from index.store.schema import ARTICLE_HEAD_COLUMNS, CHUNK_COLUMNS, ChunkRow, SentenceRow, is_initialized
from index.text.tokenize import tokenize_for_filter
from index.types import Article, ArticleHead, Chunk, Span


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
    """What is stored of the sentences of a passage, in their order.

    `vectors` are unit vectors [s, d]. `terms` [t] are held in `places` [t]: 0 is the title, 1 the first sentence.
    `encoded_spans` are decoded when they are asked for: a search scores a hundred passages and shows a dozen.
    """

    vectors: NDArray[np.float32]
    terms: NDArray[np.int32]
    places: NDArray[np.uint16]
    encoded_spans: bytes

    @property
    def spans(self) -> tuple[Span, ...]:
        """Return the span of each sentence, as in `Chunk.spans`."""
        return decode_spans(self.encoded_spans)


class _ChunkPlace(NamedTuple):
    """Where a passage lies in its article, and the checksum of what is stored of its sentences."""

    article_id: str
    ordinal: int
    start: int
    end: int
    sentences_checksum: int


@dataclass
class Snapshot:
    """One generation of a store, with what searches need in memory. Safe to use from several threads.

    Texts and sentences are read from the file when they are asked for, many in one statement, and checked then.
    """

    path: Path
    generation: int
    embedding: str
    dimension: int
    language_indexes: Mapping[str, LanguageIndex]
    _transaction: ReadTransaction
    _heads: Mapping[str, ArticleHead]
    _places: Mapping[int, _ChunkPlace]
    _terms: Mapping[str, int]

    def close(self) -> None:
        """Let go of the generation."""
        self._transaction.close()

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

    def tokens_by_number(self) -> dict[int, str]:
        """Return the token of each term number."""
        return {number: token for token, number in self._terms.items()}

    def article_numbers(self, ids: Iterable[str]) -> list[int]:
        """Return the numbers of these articles, as in `LanguageIndex`; unknown ids are left out."""
        return [self._heads[id_].number for id_ in ids if id_ in self._heads]

    def chunks(self, numbers: Iterable[int]) -> list[Chunk]:
        """Return passages by their numbers, in that order. Raises as `article` and `sentences` do."""
        wanted = [int(number) for number in numbers]
        articles = self.articles(self._places[number].article_id for number in wanted)
        spans = {number: decode_spans(row.spans) for number, row in self._sentence_rows(wanted)}
        return [self._chunk(self._places[number], articles, spans[number]) for number in wanted]

    def _chunk(self, place: _ChunkPlace, articles: Mapping[str, Article], spans: tuple[Span, ...]) -> Chunk:
        return Chunk(
            id=f"{place.article_id}#{place.ordinal}",
            article_id=place.article_id,
            start=place.start,
            end=place.end,
            text=articles[place.article_id].text[place.start : place.end],
            spans=spans,
        )

    def chunk_ids(self, numbers: Iterable[int]) -> list[tuple[str, int]]:
        """Return the article id and ordinal of passages by their numbers, in that order."""
        places = (self._places[int(number)] for number in numbers)
        return [(place.article_id, place.ordinal) for place in places]

    def chunk_span(self, number: int) -> Span:
        """Return the start and end of a passage in its article's text."""
        place = self._places[number]
        return place.start, place.end

    def chunk_numbers_by_article(self) -> dict[str, list[int]]:
        """Return the numbers of each article's passages, in their order."""
        numbers: dict[str, list[int]] = {id_: [] for id_ in self._heads}
        for number, place in sorted(self._places.items(), key=lambda item: item[1].ordinal):
            numbers[place.article_id].append(number)
        return numbers

    def sentences(self, numbers: Iterable[int]) -> list[StoredSentences]:
        """Return what is stored of the sentences of passages by their numbers, in that order.

        Raises `DamagedStoreError` when it is not what was written.
        """
        wanted = [int(number) for number in numbers]
        decoded = {number: self._decode(row) for number, row in self._sentence_rows(wanted)}
        return [decoded[number] for number in wanted]

    def _decode(self, row: SentenceRow) -> StoredSentences:
        terms, places = decode_places(row.places)
        return StoredSentences(decode_vectors(row.vectors, self.dimension), terms, places, row.spans)

    def _sentence_rows(self, numbers: Iterable[int]) -> Iterator[tuple[int, SentenceRow]]:
        """Yield each of these passages once, its row checked against its checksum."""
        missing = set(numbers)
        for number, row in self._transaction.sentence_rows(sorted(missing)):
            if row_checksum(*row) != self._places[number].sentences_checksum:
                raise damaged_store(self.path, "a vector is not the one written")
            missing.remove(number)
            yield number, row
        if missing:
            raise damaged_store(self.path, "a vector is not the one written")

    def article(self, id_: str) -> Article:
        """Return an article. Raises `KeyError` if there is none, `DamagedStoreError` if it is not what was written."""
        return self.articles([id_])[id_]

    def articles(self, ids: Iterable[str]) -> dict[str, Article]:
        """Return articles by their ids, read in batches. Raises as `article` does."""
        heads = {self._heads[id_].number: self._heads[id_] for id_ in ids}
        texts = dict(self._transaction.article_texts(heads))
        return {head.id: self._article(head, texts.get(number)) for number, head in heads.items()}

    def _article(self, head: ArticleHead, text: str | None) -> Article:
        """Return the article of a head and its stored text, checked against its sha256."""
        if isinstance(text, str):
            article = Article(
                id=head.id,
                path=head.path,
                title=head.title,
                published=head.published,
                language=head.language,
                source=head.source,
                url=head.url,
                text=text,
                sha256=head.sha256,
                details=decode_details(head.details),
            )
            if article_sha256(article) == head.sha256:
                return article
        raise damaged_store(self.path, f"{head.path} is not as it was written")

    def article_heads(self) -> list[ArticleHead]:
        """Return all articles without their texts."""
        return list(self._heads.values())

    def article_ids(self) -> list[str]:
        """Return the ids of all articles, sorted."""
        return sorted(self._heads)

    def paths(self) -> dict[str, str]:
        """Return the path of each article."""
        return {id_: self._heads[id_].path for id_ in self.article_ids()}

    def articles_titled(self, title: str) -> list[str]:
        """Return the ids of all articles with this title, sorted."""
        return sorted(head.id for head in self._heads.values() if head.title == title)

    def articles_with_words(self, words: str) -> set[str]:
        """Return the ids of the articles of which a passage, with the title, holds all these words."""
        terms = self.term_numbers(tokenize_for_filter(words))
        numbers: set[int] = set()
        for index in self.language_indexes.values():
            numbers.update(index.article_numbers[index.bm25.contains_all(terms)].tolist())
        return {head.id for head in self._heads.values() if head.number in numbers}

    def unsound_pages(self) -> list[str]:
        """Return what SQLite itself finds wrong with the file: the order of its pages, not their content."""
        for table in ("files", "updates"):
            self._transaction.rows(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of tables
        return [row[0] for row in self._transaction.rows("PRAGMA integrity_check") if row[0] != "ok"]

    def status(self) -> CollectionStatus:
        """Return what the store holds."""
        updates = self._transaction.rows("SELECT finished, report FROM updates ORDER BY number DESC LIMIT 1")
        finished, report = updates[0] if updates else (None, "{}")
        days = sorted(head.published for head in self._heads.values() if head.published)
        languages = [head.language for head in self._heads.values()]
        return CollectionStatus(
            generation=self.generation,
            articles=len(self._heads),
            chunks=self.count(),
            languages={language: languages.count(language) for language in sorted(set(languages))},
            folders=self._transaction.source_names(),
            first_published=days[0] if days else None,
            last_published=days[-1] if days else None,
            undated=len(self._heads) - len(days),
            embedding=self.embedding,
            dimension=self.dimension,
            updated=finished,
            last_report=_parse_report(report),
            bytes=self.path.stat().st_size,
        )


def _parse_report(written: str) -> dict[str, object]:
    try:
        report = json.loads(written)
    except ValueError:  # it is only shown: no answer depends on it
        return {}
    return report if isinstance(report, dict) else {}


def open_snapshot(
    path: Path, embedding: str | None = None, make_vector_index: MakeVectorIndex = FaissVectorIndex
) -> Snapshot:
    """Open the newest generation of the store at `path` for reading.

    Raises `NoIndexError` when there is none, `OtherModelError` when its vectors are not those of the model
    `embedding` (None: any), `DamagedStoreError` when it is not what was written.
    """
    require_store(path)
    with translate_sqlite_errors(path):
        db = connect_read_only(path)
        try:
            return _read_snapshot(db, path, embedding, make_vector_index)
        except BaseException:
            db.close()
            raise


def _read_snapshot(db: Connection, path: Path, embedding: str | None, make_vector_index: MakeVectorIndex) -> Snapshot:
    db.execute("PRAGMA query_only = ON")
    db.execute("BEGIN")
    if not is_initialized(db):
        raise _no_index(path)
    meta = check_compatible(db, path, embedding)
    heads = [ArticleHead._make(row) for row in read_verified(db, path, "articles", ARTICLE_HEAD_COLUMNS)]
    terms = {token: number for number, token in read_verified(db, path, "terms", "number, token")}
    rows = [ChunkRow._make(row) for row in read_verified(db, path, "chunks", CHUNK_COLUMNS)]
    by_number = {head.number: head for head in heads}
    rows.sort(key=lambda row: (by_number[row.article].id, row.ordinal))  # not in the order of their writing
    dimension = int(meta["dimension"])
    return Snapshot(
        path=path,
        generation=int(meta["generation"]),
        embedding=meta["embedding"],
        dimension=dimension,
        language_indexes=build_language_indexes(by_number, rows, dimension, make_vector_index),
        _transaction=ReadTransaction(db, path),
        _heads={head.id: head for head in heads},
        _places={
            row.number: _ChunkPlace(by_number[row.article].id, row.ordinal, row.start, row.end, row.sentences)
            for row in rows
        },
        _terms=terms,
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
    return NoIndexError(f"there is no index at {path} yet. Run `mujib index update`.")
