"""Builds the in-memory index of each language from stored rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from index.search.bm25 import BM25Index
from index.search.language_index import LanguageIndex
from index.search.vector_index import VectorIndex
from index.store.codec import decode_vectors
from index.store.schema import ChunkRow
from index.types import ArticleHead


def build_language_indexes(
    heads: Mapping[int, ArticleHead], rows: Sequence[ChunkRow], dimension: int
) -> dict[str, LanguageIndex]:
    """Return the index of each language over the passages `rows` of the articles `heads` (by number).

    Passages keep the order of `rows`, which should not depend on when they were written: it decides between equals.
    """
    return {
        language: _build([row for row in rows if heads[row.article].language == language], heads, dimension)
        for language in sorted({head.language for head in heads.values()})
    }


def _build(rows: Sequence[ChunkRow], heads: Mapping[int, ArticleHead], dimension: int) -> LanguageIndex:
    with ThreadPoolExecutor(max_workers=1) as background:
        bm25 = background.submit(_bm25_index, rows)
        vectors = decode_vectors(b"".join(row.vector for row in rows), dimension)
        return LanguageIndex(
            chunk_numbers=np.array([row.number for row in rows], np.int64),
            article_numbers=np.array([row.article for row in rows], np.int64),
            published=np.array([heads[row.article].published or "" for row in rows], np.str_),
            vector_index=VectorIndex(vectors),
            bm25=bm25.result(),
        )


def _bm25_index(rows: Sequence[ChunkRow]) -> BM25Index:
    return BM25Index(
        np.cumsum([len(row.counts) for row in rows]),
        np.frombuffer(b"".join(row.terms for row in rows), "<i4"),
        np.frombuffer(b"".join(row.counts for row in rows), np.uint8),
    )
