"""The data that flows through the index: plain records without logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Span = tuple[int, int]  # the start and end of a slice, in characters


@dataclass(frozen=True, slots=True)
class Article:
    """One article of the collection.

    `text` is the cleaned text that is shown, quoted and cited; every offset in this program counts its characters.
    `id` is the one its source gives it, else the head of `sha256`, which covers all but `id` and `path`.
    `title` is empty when its source gives none.
    `published` is an ISO 8601 date (`2017-03-23`) or None when it is not known.
    `details` are the fields that are shown and not searched, by their names: `author`.
    """

    id: str
    path: str
    title: str
    published: str | None
    language: str
    source: str | None
    url: str | None
    text: str
    sha256: str
    details: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """One article to write, and the ids of the stored articles that it replaces."""

    article: Article
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """What identifies a stored article: its content (`sha256`), its path, and the folder it was read from."""

    id: str
    sha256: str
    path: str
    folder: str


@dataclass(frozen=True, slots=True)
class UnchangedArticle:
    """An article of a file that has not changed since it was last read; it is not read again."""

    id: str
    sha256: str
    path: str


class ArticleHead(NamedTuple):
    """An article without its text: the columns `ARTICLE_HEAD_COLUMNS`. `details` is a JSON object."""

    number: int
    folder: str
    id: str
    path: str
    title: str
    published: str | None
    language: str
    source: str | None
    url: str | None
    sha256: str
    details: str = "{}"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage: `article.text[start:end] == text`. `id` is `article_id#ordinal`.

    `spans` are the start and end of each of its sentences, relative to `text`.
    """

    id: str
    article_id: str
    start: int
    end: int
    text: str
    spans: tuple[Span, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return the text of each sentence."""
        return tuple(self.text[start:end] for start, end in self.spans)


@dataclass(frozen=True, slots=True)
class Hit:
    """A found passage.

    Ranks count from 1 within each retriever (dense, lexical) and language; None where that retriever did not find it.
    `similarities` are the cosines of the question and each of the passage's sentences, in their order.
    """

    chunk: Chunk
    score: float
    dense_rank: int | None
    lexical_rank: int | None
    similarities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ArticleHit:
    """A found article, with its found passages, best first. `duplicates` are the ids of the articles that copy it.

    It is a `translation` when a passage that says the same was found in the question's language.
    """

    hits: tuple[Hit, ...]
    duplicates: tuple[str, ...] = ()
    translation: bool = False

    @property
    def article_id(self) -> str:
        """Return the id of the article."""
        return self.hits[0].chunk.article_id

    @property
    def score(self) -> float:
        """Return the score of its best passage."""
        return self.hits[0].score


@dataclass(frozen=True, slots=True)
class Rejection:
    """A file, or an article in a file, that was not taken, and why. Its field names are part of the JSON output.

    When it is only `for_now` (a file that cannot be opened, a folder that cannot be listed), what is stored stays.
    """

    path: str
    reason: str
    for_now: bool = False


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is recorded of a file that was read, so that it need not be read again while it stays the same.

    `stamp` holds its size, times and the version of the readers; empty when the file was too new to rely on them.
    `articles` are the id and sha256 of each article in it, `reasons` those for which parts of it were rejected.
    """

    path: str
    stamp: str
    sha256: str
    articles: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """The largest file and article that are taken: larger ones are rejected with a reason, never cut."""

    file_bytes: int = 64 * 1024 * 1024
    article_characters: int = 1_000_000
