"""Checks everything in the store against the articles' texts, and a sample of vectors against the model."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from index.errors import DamagedStoreError
from index.models.embedder import Embedder
from index.store.connection import REBUILD_CURE
from index.store.snapshot import Snapshot, open_snapshot
from index.text.chunking import split_into_chunks
from index.text.tokenize import tokenize_passage
from index.types import Article

SAMPLE_PASSAGES = 20  # passages that are embedded again: ten seconds of work on two cores
_SAME_VECTOR = 0.98  # cosine; stored vectors are rounded (.9995), and a batch's other texts move one by less than .001


def check_store(path: Path, embedder: Callable[[], Embedder] | None = None, sample: int = SAMPLE_PASSAGES) -> list[str]:
    """Return a line with its cure for everything that is not as it should be: none when the store is sound.

    With an `embedder`, the vectors of a `sample` of passages are compared to newly made ones. Raises `NoIndexError`
    when there is no store.
    """
    try:
        with closing(open_snapshot(path)) as snapshot:
            problems = list(_problems(snapshot))
            if embedder is not None and not problems:
                problems += _differing_vectors(snapshot, embedder(), sample)
    except DamagedStoreError as error:
        return [str(error)]
    return [f"{path}: {problem}. {REBUILD_CURE}" for problem in problems]


def _problems(snapshot: Snapshot) -> Iterator[str]:
    yield from snapshot.unsound_pages()
    numbers_by_article = snapshot.chunk_numbers_by_article()
    tokens_by_number = snapshot.tokens_by_number()
    for id_, path in snapshot.paths().items():
        try:
            article = snapshot.article(id_)
        except DamagedStoreError:
            yield f"{path} is not as it was written"
        else:
            yield from _article_problems(snapshot, article, numbers_by_article.get(id_, []), tokens_by_number)


def _article_problems(
    snapshot: Snapshot, article: Article, numbers: Sequence[int], tokens_by_number: dict[int, str]
) -> Iterator[str]:
    """Yield where the stored passages, sentences and terms of an article are not those of its text."""
    chunks = split_into_chunks(article)
    if [(chunk.start, chunk.end) for chunk in chunks] != [snapshot.chunk_span(number) for number in numbers]:
        yield f"the passages of {article.path} are not those of its text"
        return
    for number, chunk in zip(numbers, chunks, strict=True):
        try:
            (stored,) = snapshot.sentences([number])
        except DamagedStoreError:
            yield f"the sentences of {article.path} are not as they were written"
            continue
        if stored.spans != chunk.spans or len(stored.vectors) != len(chunk.spans):
            yield f"the sentences of {article.path} are not those of its text"
        tokens = [(place, tokens_by_number.get(term)) for term, place in zip(stored.terms, stored.places, strict=True)]
        if tokens != list(tokenize_passage(article, chunk)):
            yield f"the words of {article.path} are not those of its text"


def _differing_vectors(snapshot: Snapshot, embedder: Embedder, sample: int) -> Iterator[str]:
    """Yield the passages of a sample whose vectors are not those that the model makes of them now."""
    numbers = sorted(number for numbers in snapshot.chunk_numbers_by_article().values() for number in numbers)
    chosen = random.Random(snapshot.generation).sample(numbers, min(sample, len(numbers)))  # noqa: S311 - no secret
    for chunk, stored in zip(snapshot.chunks(chosen), snapshot.sentences(chosen), strict=True):
        title = snapshot.article(chunk.article_id).title
        made = embedder.embed_passages([title] * len(chunk.sentences), chunk.sentences)
        if stored.vectors.shape != made.shape or np.einsum("ij,ij->i", stored.vectors, made).min() < _SAME_VECTOR:
            yield f"the vectors of {chunk.id} are not those that {embedder.identity} makes of it"
