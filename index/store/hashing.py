"""Hashes that identify articles and passages by content."""

from __future__ import annotations

import hashlib
import json


def content_sha256(
    *, title: str, published: str | None, language: str, source: str | None, url: str | None, text: str
) -> str:
    """Return the sha256 of what makes an article: all but where it lies and how it is called."""
    content = [title, published, language, source, url, text]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def passage_key(title: str, text: str) -> bytes:
    """Return the 16 bytes that identify a passage's vector: a title and text once embedded are not embedded again."""
    return hashlib.sha256(f"{len(title)}:{title}{text}".encode()).digest()[:16]
