"""Hashes and counts everything in the store again, and embeds a sample again."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from index.errors import DamagedStoreError
from index.models.embedder import Embedder
from index.store.connection import REBUILD_CURE
from index.store.snapshot import Snapshot, open_snapshot
from index.text.chunking import sentence_spans, split_into_chunks
from index.text.tokenize import tokenize_passage

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
                problems += _other_vectors(snapshot, embedder(), sample)
    except DamagedStoreError as error:
        return [str(error)]
    return [f"{path}: {problem}. {REBUILD_CURE}" for problem in problems]


def _problems(snapshot: Snapshot) -> Iterator[str]:
    yield from snapshot.unsound_pages()
    numbers = snapshot.numbers()
    token_of = snapshot.token_of()
    for id_, path in snapshot.paths().items():
        try:
            article = snapshot.article(id_)
        except DamagedStoreError:
            yield f"{path} is not as it was written"
            continue
        chunks = split_into_chunks(article)
        stored = [snapshot.chunk_span(number) for number in numbers.get(id_, ())]
        if [(chunk.start, chunk.end) for chunk in chunks] != stored:
            yield f"the passages of {article.path} are not those of its text"
            continue
        for number, chunk in zip(numbers.get(id_, ()), chunks, strict=True):
            try:
                (inside,) = snapshot.sentences([number])
            except DamagedStoreError:
                yield f"the sentences of {article.path} are not as they were written"
                continue
            held = [(place, token_of.get(term)) for term, place in zip(inside.terms, inside.places, strict=True)]
            if held != list(tokenize_passage(article, chunk.text)):
                yield f"the words of {article.path} are not those of its text"


def _other_vectors(snapshot: Snapshot, embedder: Embedder, sample: int) -> Iterator[str]:
    """Yield the passages of a sample whose vectors are not those that the model makes of them now."""
    numbers = sorted(number for of_article in snapshot.numbers().values() for number in of_article)
    chosen = random.Random(snapshot.generation).sample(numbers, min(sample, len(numbers)))
    for number, chunk in zip(chosen, snapshot.chunks(chosen), strict=True):
        title = snapshot.article(chunk.article_id).title
        texts = [chunk.text[start:end] for start, end in sentence_spans(chunk.text)]
        made = embedder.embed_passages([title] * len(texts), texts)
        (stored,) = snapshot.sentences([number])
        if stored.vectors.shape != made.shape or np.einsum("ij,ij->i", stored.vectors, made).min() < _SAME_VECTOR:
            yield f"the vectors of {chunk.id} are not those that {embedder.identity} makes of it"
