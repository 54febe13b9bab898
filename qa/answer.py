"""In which order? From a question to its answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa import cite, prompt
from qa.clock import Clock
from qa.conversation import Exchange
from qa.engine import Engine
from qa.generate import Stop, wanted
from qa.types import Answer, Event, Found, Question, Sentence, Status, Window
from qa.understand import look
from qa.write import write


def ask(
    engine: Engine,
    question: Question,
    window: Window = Window(),  # noqa: B008 - frozen
    history: Sequence[Exchange] = (),
) -> Answer:
    """Return the answer to a question, asked after those of the `history`."""
    *_, answer = stream(engine, question, window, history)
    if not isinstance(answer, Answer):
        raise AssertionError("a stream of events ends with the answer")
    return answer


def stream(
    engine: Engine,
    question: Question,
    window: Window = Window(),  # noqa: B008 - frozen
    history: Sequence[Exchange] = (),
    cancelled: Stop = wanted,
) -> Iterator[Event]:
    """Yield what is `Found`, the `Draft` as it grows and what of it is `Checked`, and at last the `Answer`.

    While the model answers others, `Waiting` tells how many they are. All of it rests on one snapshot of the
    collection. Within a second after `cancelled` says so, the answer ends with what was checked by then. Raises a
    `MujibError` for what the user can mend, `BusyError` when too many wait.
    """
    clock = Clock()
    snapshot = engine.snapshot()
    checked: tuple[Sentence, ...] = ()
    status: Status = "no_evidence"
    models = {"embedding": engine.embedder.identity}
    with engine.line.place() as place:
        grounding = look(engine, snapshot, question, window, history)
        clock.mark("evidence")
        nearest = cite.closest(grounding.evidence, snapshot)
        yield Found(grounding.evidence, grounding.enough, nearest)
        if grounding.enough:
            yield from place.turn(cancelled)
            models["answer"] = engine.generator().identity
            clock.mark("model")
            deadline = clock.seconds() + engine.settings.deadline_seconds
            checked, status = yield from write(
                engine, snapshot, grounding, clock, lambda: cancelled() or clock.seconds() > deadline
            )

    sentences, citations = cite.renumber(checked, grounding.evidence, snapshot)
    clock.mark("end")
    yield Answer(
        question=question.text,
        language=question.language,
        status=status,
        text=cite.write(sentences) or prompt.no_evidence(engine.prompts, question),
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
