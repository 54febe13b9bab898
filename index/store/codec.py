"""Vectors and term places as they are stored."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def encode_vectors(vectors: NDArray[np.float32]) -> bytes:
    """Return unit vectors [n, d] as they are stored: each as int8 [d], whose length says nothing.

    That turns a vector by so little that cosines move by about .0005, and takes a quarter of the room.
    """
    largest = np.maximum(np.abs(vectors).max(axis=1, initial=0, keepdims=True), np.float32(1e-12))
    return bytes(np.rint(vectors * (np.float32(127) / largest)).astype(np.int8).tobytes())


def decode_vectors(stored: bytes, dimension: int) -> NDArray[np.float32]:
    """Return stored vectors [n, dimension], made unit vectors again."""
    values = np.frombuffer(stored, np.int8).reshape(-1, dimension).astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
    values /= np.maximum(lengths, np.float32(1e-12))[:, None]
    return values


def decode_places(stored: bytes) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
    """Return the terms [t] that a passage holds, and in which sentence each: 0 is the title, 1 the first sentence."""
    count = len(stored) // 6
    return np.frombuffer(stored, "<i4", count), np.frombuffer(stored, "<u2", count, offset=4 * count)
