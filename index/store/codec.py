"""How vectors, sentence spans and terms are stored as bytes, details as JSON. All numbers are little-endian."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.types import Span

_LARGEST_COUNT = 255  # how often a passage holds a term is stored in one byte


class EncodedTerms(NamedTuple):
    """The terms of a passage: each different one (int32), how often it occurs (uint8), and `decode_places`' input."""

    terms: bytes
    counts: bytes
    places: bytes


def encode_vectors(vectors: NDArray[np.float32]) -> bytes:
    """Return unit vectors [n, d] as int8 [n, d], scaled by the largest component of each.

    Only the direction is kept. That moves cosines by about .0005 and takes a quarter of the space of float32.
    """
    largest = np.maximum(np.abs(vectors).max(axis=1, initial=0, keepdims=True), np.float32(1e-12))
    return bytes(np.rint(vectors * (np.float32(127) / largest)).astype(np.int8).tobytes())


def decode_vectors(stored: bytes, dimension: int) -> NDArray[np.float32]:
    """Return stored vectors [n, dimension], scaled to unit length."""
    values = np.frombuffer(stored, np.int8).reshape(-1, dimension).astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
    values /= np.maximum(lengths, np.float32(1e-12))[:, None]
    return values


def encode_spans(spans: Sequence[Span]) -> bytes:
    """Return sentence spans as uint32 [s, 2]."""
    return np.array(spans, "<u4").tobytes()


def decode_spans(stored: bytes) -> tuple[Span, ...]:
    """Return the start and end of each stored sentence."""
    values = np.frombuffer(stored, "<u4").tolist()
    return tuple(zip(values[::2], values[1::2], strict=True))


def encode_terms(numbers: Sequence[int], places: Sequence[int]) -> EncodedTerms:
    """Return the term `numbers` of a passage and the `places` in which it holds them: 0 the title, 1 sentence one."""
    terms, counts = np.unique(np.array(numbers, "<i4"), return_counts=True)
    return EncodedTerms(
        terms=terms.tobytes(),
        counts=np.minimum(counts, _LARGEST_COUNT).astype(np.uint8).tobytes(),
        places=np.array(numbers, "<i4").tobytes() + np.array(places, "<u2").tobytes(),
    )


def decode_places(stored: bytes) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
    """Return the terms [t] that a passage holds and the place [t] of each: 0 is the title, 1 the first sentence."""
    count = len(stored) // 6
    return np.frombuffer(stored, "<i4", count), np.frombuffer(stored, "<u2", count, offset=4 * count)


def encode_details(details: Mapping[str, str]) -> str:
    """Return the details of an article as a JSON object, in the order of their names."""
    return json.dumps(details, ensure_ascii=False, sort_keys=True)


def decode_details(stored: str) -> dict[str, str]:
    """Return the details of an article by their names."""
    return {str(name): str(value) for name, value in json.loads(stored).items()}
