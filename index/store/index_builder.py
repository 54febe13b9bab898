"""Builds the in-memory index of each language from stored rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from index.search.bm25 import BM25Index
from index.search.language_index import LanguageIndex
from index.search.vector_index import MakeVectorIndex
from index.store.codec import decode_vectors
from index.store.schema import ChunkRow
from index.types import ArticleHead


def build_language_indexes(
    heads: Mapping[int, ArticleHead],
    rows: Sequence[ChunkRow],
    dimension: int,
    make_vector_index: MakeVectorIndex,
) -> dict[str, LanguageIndex]:
    """Return the index of each language over the passages `rows` of the articles `heads` (by number).

    Passages keep the order of `rows`, which should not depend on when they were written: it decides between equals.
    """
    languages = sorted({head.language for head in heads.values()})
    of_language = {language: [row for row in rows if heads[row.article].language == language] for language in languages}
    return {language: _build(of_language[language], heads, dimension, make_vector_index) for language in languages}


def _build(
    rows: Sequence[ChunkRow], heads: Mapping[int, ArticleHead], dimension: int, make_vector_index: MakeVectorIndex
) -> LanguageIndex:
    with ThreadPoolExecutor(max_workers=1) as background:
        bm25 = background.submit(_bm25_index, rows)
        # Not kept in a variable: beside the index they are half of the memory that opening a store takes.
        vector_index = make_vector_index(decode_vectors(b"".join(row.vector for row in rows), dimension))
        return LanguageIndex(
            chunk_numbers=np.array([row.number for row in rows], np.int64),
            article_numbers=np.array([row.article for row in rows], np.int64),
            published=np.array([heads[row.article].published or "" for row in rows], np.str_),
            vector_index=vector_index,
            bm25=bm25.result(),
        )


def _bm25_index(rows: Sequence[ChunkRow]) -> BM25Index:
    return BM25Index(
        np.cumsum([len(row.counts) for row in rows]),
        np.frombuffer(b"".join(row.terms for row in rows), "<i4"),
        np.frombuffer(b"".join(row.counts for row in rows), np.uint8),
    )
