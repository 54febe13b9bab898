"""Hashes that identify articles and passages by content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from index.types import Article


def content_sha256(
    *,
    title: str,
    published: str | None,
    language: str,
    source: str | None,
    url: str | None,
    text: str,
    details: Mapping[str, str],
) -> str:
    """Return the sha256 of the content of an article: everything but its id and its path."""
    content: list[object] = [title, published, language, source, url, text]
    if details:  # without any, the sha256 is that of a version that knew none
        content.append(sorted(details.items()))
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def article_sha256(article: Article) -> str:
    """Return the sha256 of an article's content; `article.sha256` is what it was when the article was made."""
    return content_sha256(
        title=article.title,
        published=article.published,
        language=article.language,
        source=article.source,
        url=article.url,
        text=article.text,
        details=article.details,
    )


def passage_key(title: str, text: str) -> bytes:
    """Return the 16 bytes that identify a passage's vectors: the same title and text are not embedded again."""
    return hashlib.sha256(f"{len(title)}:{title}{text}".encode()).digest()[:16]
