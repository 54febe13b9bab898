"""What does the answer say? The model's draft, checked as it grows; where it fails, the evidence itself."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from index.store import Snapshot
from qa import cite, prompt
from qa.clock import Clock
from qa.draft import finished, is_faulty
from qa.engine import Engine
from qa.generate import ReplyCutError, Stop
from qa.types import Checked, Draft, Event, Grounding, Prompt, Sentence, Status

Written = tuple[tuple[Sentence, ...], Status]


def write(
    engine: Engine, snapshot: Snapshot, grounding: Grounding, clock: Clock, stop: Stop
) -> Generator[Event, None, Written]:
    """Yield the draft as it grows and what of it is checked, and return the checked sentences and the status."""
    evidence = grounding.evidence
    checker = cite.Checker(engine.embedder)
    sent = prompt.compose(engine.prompts, snapshot, grounding, engine.settings.writes, engine.generator().count)
    copies = bool(sent[0].copy_from)
    if copies:  # whatever the model points to, the best evidence opens the answer
        clock.mark("first_word")
        yield Checked((cite.quote(evidence[0]),))
    said: tuple[Sentence, ...] = ()
    cut = False
    for one in sent:
        reply, cut = yield from _reply(engine, one, checker, said, clock, stop)
        said += reply
        if cut:
            break
    if copies:
        said = cite.with_best(said, evidence)
    quoted = not any(sentence.support == "supported" for sentence in said)
    if quoted:
        said = (cite.quote(evidence[0]),)
    if grounding.dissent is not None:
        said = cite.side_by_side((evidence[0], grounding.dissent), snapshot)
    return said, "quoted" if quoted else "cut" if cut else "answered"


def _reply(
    engine: Engine,
    sent: Prompt,
    checker: cite.Checker,
    before: Sequence[Sentence],
    clock: Clock,
    stop: Stop,
) -> Generator[Event, None, tuple[tuple[Sentence, ...], bool]]:
    """Return the sentences of the reply to one prompt, each checked once it is finished, and whether it was cut.

    A reply that goes wrong, or of which nothing is supported, is ended and asked for once more.
    """
    checked: tuple[Sentence, ...] = ()
    for attempt in (sent, prompt.again(sent)):
        checked, whole, rest, faulty = (), "", "", False
        try:
            for piece in engine.generator().stream(attempt, stop):
                clock.mark("first_word")
                whole += piece
                if faulty := is_faulty(whole, attempt):
                    break
                done, rest = finished(rest + piece)
                if done:
                    checked += checker.check(done, attempt.evidence)
                    yield Checked((*before, *checked))
                yield Draft(rest)
        except ReplyCutError:
            return checked, True
        if not faulty:
            checked += checker.check(rest, attempt.evidence)
        if any(sentence.support == "supported" for sentence in checked):
            return checked, False
    return checked, False
