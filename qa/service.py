"""The service that every interface calls: ask, stream, search, read an article."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from index import Collection
from index.text.chunking import headline
from index.text.languages import RequestedLanguage
from index.types import Article, ArticleHit
from qa.engine import Engine
from qa.generation.base import Cancelled, never_cancelled
from qa.logs import new_question_id, trace_events, use_question_id
from qa.models import Models
from qa.pipeline import last_answer, stream_answer
from qa.retrieval.hybrid import search
from qa.settings import Settings, load_settings
from qa.types import Answer, Event, Exchange, Question, SearchFilter
from qa.understanding.interpret import interpret
from qa.understanding.time_expressions import parse_filter
from qa.understanding.validation import parse_question

_MAX_PASSAGES = 50  # that one search gives
_log = logging.getLogger("mujib.service")


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that a search found: `article.text[start:end] == text`. `also` are the ids of articles that copy it."""

    article_id: str
    title: str
    published: str | None
    source: str | None
    url: str | None
    path: str
    start: int
    end: int
    text: str
    score: float
    also: tuple[str, ...]


class Mujib:
    """Answers questions about the collection. Safe to use from several threads; the model answers one at a time."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        _log.info("ready: embedding model %s, index %s", engine.embedder.identity, engine.settings.store)

    @classmethod
    def open(cls, *, models: Models | None = None, **settings: Any) -> Self:
        """Load the models and open the index; `settings` go before those of the environment (`data=Path("...")`).

        Raises a `MujibError` that names what is missing, and its cure.
        """
        return cls.from_settings(load_settings().model_copy(update=settings), models)

    @classmethod
    def from_settings(
        cls, settings: Settings, models: Models | None = None, collection: Collection | None = None
    ) -> Self:
        """Load the models and open the index of these settings; an open `collection` is used as it is."""
        return cls(Engine.open(settings, models, collection))

    @property
    def settings(self) -> Settings:
        """The settings it was opened with."""
        return self.engine.settings

    @property
    def collection(self) -> Collection:
        """The collection that is asked about."""
        return self.engine.collection

    def close(self) -> None:
        """Close the index."""
        self.engine.close()

    def ask(
        self,
        question: str,
        *,
        language: RequestedLanguage = "auto",
        since: str | None = None,
        until: str | None = None,
        history: Sequence[Exchange] = (),
    ) -> Answer:
        """Return the answer to a question asked after those of the `history`, of articles from `since` to `until`.

        Days are written as newspapers write them. Raises a `MujibError` for what the caller can mend.
        """
        return last_answer(self.stream(question, language=language, since=since, until=until, history=history))

    def stream(
        self,
        question: str,
        *,
        language: RequestedLanguage = "auto",
        since: str | None = None,
        until: str | None = None,
        history: Sequence[Exchange] = (),
        cancelled: Cancelled = never_cancelled,
    ) -> Iterator[Event]:
        """Yield what is found, what is written and checked as it grows, and at last the `Answer`.

        What is wrong with the question is raised at once as a `MujibError`, before anything is searched. The answer
        ends within a second after `cancelled` returns True.
        """
        parsed, search_filter = parse_question(question, language), parse_filter(since, until)
        id_ = new_question_id()
        with use_question_id(id_):
            self._log_question(parsed, search_filter, history)
        return trace_events(stream_answer(self.engine, parsed, search_filter, history, cancelled), id_)

    def _log_question(self, question: Question, search_filter: SearchFilter, history: Sequence[Exchange]) -> None:
        text = f": {question.text}" if self.settings.log_questions else ""
        since, until = search_filter.since or "", search_filter.until or ""
        _log.info("question: %s, %d before it, days %s..%s%s", question.language, len(history), since, until, text)

    def can_answer(self, question: str) -> bool:
        """Return whether the articles hold an answer to a question."""
        engine = self.engine
        return interpret(engine, engine.snapshot(), parse_question(question), parse_filter(None, None), ()).answerable

    def search(
        self, query: str, k: int = 10, *, since: str | None = None, until: str | None = None
    ) -> tuple[FoundPassage, ...]:
        """Return the best passage of each of the `k` articles nearest to `query`, best first, in either language."""
        snapshot, question = self.engine.snapshot(), parse_question(query)
        (vector,) = self.engine.embedder.embed_queries([question.text])
        found = search(snapshot, question, vector, parse_filter(since, until), max(1, min(k, _MAX_PASSAGES)))
        return tuple(_passage(snapshot.article(hit.article_id), hit) for hit in found)

    def article(self, id_: str) -> Article:
        """Return an article of the collection. Raises `KeyError` when there is none of that id."""
        return self.engine.snapshot().article(id_)


def _passage(article: Article, found: ArticleHit) -> FoundPassage:
    best = found.hits[0]
    return FoundPassage(
        article_id=article.id,
        title=headline(article),
        published=article.published,
        source=article.source,
        url=article.url,
        path=article.path,
        start=best.chunk.start,
        end=best.chunk.end,
        text=best.chunk.text,
        score=round(best.score, 4),
        also=found.duplicates,
    )
