"""From a question to its answer, step by step."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace

from index.store.snapshot import Snapshot
from qa.engine import Engine
from qa.generation.base import Cancelled, never_cancelled
from qa.generation.prompts import no_evidence_text
from qa.request_queue import Ticket
from qa.timings import Timings
from qa.types import (
    Answer,
    Citation,
    Event,
    EvidenceFound,
    EvidenceSet,
    Exchange,
    Question,
    SearchFilter,
    Sentence,
    SentencesChecked,
    Status,
)
from qa.understanding.interpret import interpret
from qa.verification.citations import CitationNumbering, closest_citations, join_sentences
from qa.writing.compose import AnswerComposer, needs_model

EVERYTHING = SearchFilter()
_log = logging.getLogger("mujib.pipeline")


def answer_question(
    engine: Engine, question: Question, search_filter: SearchFilter = EVERYTHING, history: Sequence[Exchange] = ()
) -> Answer:
    """Return the answer to a question, asked after those of the `history`."""
    return last_answer(stream_answer(engine, question, search_filter, history))


def last_answer(events: Iterable[Event]) -> Answer:
    """Return the answer with which a stream of events ends."""
    for event in events:
        if isinstance(event, Answer):
            return event
    raise AssertionError("a stream of events ends with the answer")


def stream_answer(
    engine: Engine,
    question: Question,
    search_filter: SearchFilter = EVERYTHING,
    history: Sequence[Exchange] = (),
    cancelled: Cancelled = never_cancelled,
) -> Generator[Event, None, None]:
    """Yield what is found, what is written and checked as it grows, and at last the `Answer`.

    While the model answers others, `Waiting` tells how many they are. All of it rests on one snapshot of the
    collection. Within a second after `cancelled` says so, the answer ends with what was checked by then. Raises a
    `MujibError` for what the user can mend, `BusyError` when too many wait.
    """
    timings = Timings()
    snapshot = engine.snapshot()
    with engine.request_queue.take_ticket() as ticket:
        evidence_set = interpret(engine, snapshot, question, search_filter, history)
        timings.mark("evidence")
        _log_evidence(evidence_set, timings)
        closest = closest_citations(evidence_set.evidence, snapshot)
        yield EvidenceFound(evidence_set.evidence, evidence_set.answerable, closest)
        writing = _Writing(engine, snapshot, evidence_set, timings)
        if evidence_set.answerable:
            yield from writing.events(ticket, cancelled)
    timings.mark("end")
    citations = len(writing.citations)
    _log.info("answer: %s, %d citations, %.2f s", writing.status, citations, timings.seconds())
    yield _answer(engine, question, evidence_set, writing, closest)


class _Writing:
    """The writing of one answer: its sentences and citations so far, numbered once."""

    def __init__(self, engine: Engine, snapshot: Snapshot, evidence_set: EvidenceSet, timings: Timings) -> None:
        self.sentences: tuple[Sentence, ...] = ()
        self.citations: tuple[Citation, ...] = ()
        self.status: Status = "no_evidence"
        self.models = {"embedding": engine.embedder.identity}
        self.timings = timings
        self._engine = engine
        self._snapshot = snapshot
        self._evidence_set = evidence_set
        self._numbering = CitationNumbering(evidence_set.evidence, snapshot)

    def events(self, ticket: Ticket, cancelled: Cancelled) -> Iterator[Event]:
        """Wait for the model if it is needed, and yield what is written."""
        engine, timings = self._engine, self.timings
        if needs_model(engine, self._evidence_set):
            for waiting in ticket.wait(cancelled):
                _log.info("waiting for the model, %d ahead", waiting.ahead)
                yield waiting
            self.models["answer"] = engine.generator().identity
            timings.mark("model")
        deadline = timings.seconds() + engine.settings.deadline_seconds
        composer = AnswerComposer(
            engine, self._snapshot, self._evidence_set, timings, lambda: cancelled() or timings.seconds() > deadline
        )
        for event in composer.events():
            if isinstance(event, SentencesChecked):
                sentences, citations = self._numbering.number(event.sentences)
                yield replace(event, sentences=sentences, citations=citations)
            else:
                yield event
        self.status = composer.status
        self.sentences, self.citations = self._numbering.number(composer.sentences)


def _log_evidence(evidence_set: EvidenceSet, timings: Timings) -> None:
    count, articles = len(evidence_set.evidence), [one.article_id for one in evidence_set.evidence]
    answerable = "answerable" if evidence_set.answerable else "not answerable"
    _log.info("evidence: %d sentences, confidence %.2f, %s", count, evidence_set.confidence, answerable)
    _log.debug("evidence of the articles %s, after %.2f s", articles, timings.seconds())


def _answer(
    engine: Engine, question: Question, evidence_set: EvidenceSet, writing: _Writing, closest: tuple[Citation, ...]
) -> Answer:
    return Answer(
        question=question.text,
        language=question.language,
        status=writing.status,
        text=join_sentences(writing.sentences) or no_evidence_text(engine.prompts, question),
        sentences=writing.sentences,
        citations=writing.citations,
        closest=() if evidence_set.answerable else closest,
        confidence=evidence_set.confidence,
        asked=evidence_set.question.text,
        since=evidence_set.search_filter.since,
        until=evidence_set.search_filter.until,
        timings=writing.timings.rounded(),
        models=writing.models,
        prompt=engine.prompts.digest,
    )
