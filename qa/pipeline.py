"""From a question to its answer, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa.engine import Engine
from qa.generation.base import Cancelled, never_cancelled
from qa.generation.prompts import no_evidence_text
from qa.timings import Timings
from qa.types import Answer, Event, EvidenceFound, Exchange, Question, SearchFilter, Sentence, Status
from qa.understanding.interpret import interpret
from qa.verification.citations import closest_citations, join_sentences, number_citations
from qa.writing.compose import compose_answer


def answer_question(
    engine: Engine,
    question: Question,
    window: SearchFilter = SearchFilter(),
    history: Sequence[Exchange] = (),
) -> Answer:
    """Return the answer to a question, asked after those of the `history`."""
    *_, answer = stream_answer(engine, question, window, history)
    if not isinstance(answer, Answer):
        raise AssertionError("a stream of events ends with the answer")
    return answer


def stream_answer(
    engine: Engine,
    question: Question,
    window: SearchFilter = SearchFilter(),
    history: Sequence[Exchange] = (),
    cancelled: Cancelled = never_cancelled,
) -> Iterator[Event]:
    """Yield what is `Found`, the `Draft` as it grows and what of it is `Checked`, and at last the `Answer`.

    While the model answers others, `Waiting` tells how many they are. All of it rests on one snapshot of the
    collection. Within a second after `cancelled` says so, the answer ends with what was checked by then. Raises a
    `MujibError` for what the user can mend, `BusyError` when too many wait.
    """
    clock = Timings()
    snapshot = engine.snapshot()
    checked: tuple[Sentence, ...] = ()
    status: Status = "no_evidence"
    models = {"embedding": engine.embedder.identity}
    with engine.request_queue.take_ticket() as place:
        grounding = interpret(engine, snapshot, question, window, history)
        clock.mark("evidence")
        nearest = closest_citations(grounding.evidence, snapshot)
        yield EvidenceFound(grounding.evidence, grounding.enough, nearest)
        if grounding.enough:
            yield from place.wait(cancelled)
            models["answer"] = engine.generator().identity
            clock.mark("model")
            deadline = clock.seconds() + engine.settings.deadline_seconds
            checked, status = yield from compose_answer(
                engine, snapshot, grounding, clock, lambda: cancelled() or clock.seconds() > deadline
            )

    sentences, citations = number_citations(checked, grounding.evidence, snapshot)
    clock.mark("end")
    yield Answer(
        question=question.text,
        language=question.language,
        status=status,
        text=join_sentences(sentences) or no_evidence_text(engine.prompts, question),
        sentences=sentences,
        citations=citations,
        closest=() if grounding.enough else nearest,
        confidence=grounding.confidence,
        asked=grounding.question.text,
        since=grounding.window.since,
        until=grounding.window.until,
        timings={name: round(seconds, 3) for name, seconds in clock.marks.items()},
        models=models,
        prompt=engine.prompts.digest,
    )
