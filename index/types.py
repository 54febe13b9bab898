"""The data that flows through the index: plain records without logic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What is taken from one file: more is refused with a reason, never cut."""

    file_bytes: int = 64 * 1024 * 1024
    article_characters: int = 1_000_000


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """What the store knows of an article: enough to tell whether it is still the same, and where it lay."""

    id: str
    sha256: str
    path: str
    folder: str


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """One article to write, and the stored articles that it takes the place of."""

    article: Article
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """One article of the collection.

    `text` is the cleaned text that is shown, quoted and cited; every offset in this program counts its characters.
    `id` is the one its source gives it, else the head of `sha256`, which covers all but `id` and `path`.
    `title` is empty when its source gives none.
    `published` is an ISO 8601 date (`2017-03-23`) or None when it is not known.
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


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage: `article.text[start:end] == text`. `id` is `article_id#ordinal`."""

    id: str
    article_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A found passage. Ranks count from 1 within each leg and language; None where that leg did not find it.

    `similarities` are the cosines of the question and each of the passage's sentences, in their order.
    """

    chunk: Chunk
    score: float
    dense_rank: int | None
    lexical_rank: int | None
    similarities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ArticleHit:
    """One article that was found, with its found passages, best first, and the ids of the articles that copy it.

    It is a `translation` when a passage that says the same was found in the question's language.
    """

    hits: tuple[Hit, ...]
    also: tuple[str, ...] = ()
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
    """A file, or an article in a file, that was not taken, and why.

    When it is only `for_now` (a file that cannot be opened, a folder that cannot be listed), what is stored stays.
    """

    path: str
    reason: str
    for_now: bool = False


@dataclass(frozen=True, slots=True)
class UnchangedArticle:
    """An article of a file that is as it was when it was last read: not read again."""

    id: str
    sha256: str
    path: str


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is remembered of a file that was read: how it looked, what was in it, and what was refused of it.

    `stamp` tells size, times and the way of reading; empty when the file was too new to tell by these.
    """

    path: str
    stamp: str
    sha256: str
    articles: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]
