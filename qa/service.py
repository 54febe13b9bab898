"""What every interface calls: ask, stream, search, read an article."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from index.text.chunking import headline
from index.types import Article
from qa.engine import Engine
from qa.pipeline import answer_question, stream_answer
from qa.retrieval.hybrid import search
from qa.settings import load_settings
from qa.types import Answer, Event, Exchange
from qa.understanding.time_expressions import parse_filter
from qa.understanding.validation import parse_question

_MOST_FOUND = 50  # passages that one search gives


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
        """Take what is kept ready between questions."""
        self.engine = engine

    @classmethod
    def open(cls, **settings: Any) -> Self:
        """Load the models and look at the index; `settings` go before those of the environment (`data=Path("...")`).

        Raises a `MujibError` that names what is missing, and its cure.
        """
        return cls(Engine.open(load_settings().model_copy(update=settings)))

    def close(self) -> None:
        """Let go of the index."""
        self.engine.close()

    def ask(
        self,
        question: str,
        *,
        language: Literal["auto", "ar", "en"] = "auto",
        since: str | None = None,
        until: str | None = None,
        history: Sequence[Exchange] = (),
    ) -> Answer:
        """Return the answer to a question asked after those of the `history`, of articles from `since` to `until`.

        Days are written as newspapers write them. Raises a `MujibError` for what the caller can mend.
        """
        return answer_question(self.engine, parse_question(question, language), parse_filter(since, until), history)

    def stream(
        self,
        question: str,
        *,
        language: Literal["auto", "ar", "en"] = "auto",
        since: str | None = None,
        until: str | None = None,
        history: Sequence[Exchange] = (),
    ) -> Iterator[Event]:
        """Yield what is found, the draft as it grows, what of it is checked, and at last the `Answer`.

        Raises a `MujibError` for what is wrong with the question at once, before anything is asked for.
        """
        return stream_answer(self.engine, parse_question(question, language), parse_filter(since, until), history)

    def search(
        self, query: str, k: int = 10, *, since: str | None = None, until: str | None = None
    ) -> tuple[FoundPassage, ...]:
        """Return the best passage of each of the `k` stories nearest to `query`, best first, in either language."""
        snapshot, question = self.engine.snapshot(), parse_question(query)
        (vector,) = self.engine.embedder.embed_queries([question.text])
        found = []
        for story in search(snapshot, question, vector, parse_filter(since, until), max(1, min(k, _MOST_FOUND))):
            article, hit = snapshot.article(story.article_id), story.hits[0]
            place = (hit.chunk.start, hit.chunk.end, hit.chunk.text, round(hit.score, 4), story.also)
            head = (article.id, headline(article), article.published, article.source, article.url, article.path)
            found.append(FoundPassage(*head, *place))
        return tuple(found)

    def article(self, id_: str) -> Article:
        """Return an article of the collection. Raises `KeyError` when there is none of that id."""
        return self.engine.snapshot().article(id_)
