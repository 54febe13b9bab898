"""What does the answer say? The model's draft, checked as it grows; where it fails, the evidence itself."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from index.snapshot import Snapshot
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
    evidence, writes = grounding.evidence, engine.settings.writes
    checker = cite.Checker(engine.embedder)
    sent = prompt.compose(engine.prompts, snapshot, grounding, writes, engine.generator().count)
    copies = bool(sent[0].copy_from)
    if copies:  # whatever the model points to, the best evidence opens the answer
        clock.mark("first_word")
        yield Checked((cite.quote(evidence[0]),))
    said: tuple[Sentence, ...] = ()
    cut = quoted = False
    for one in sent:
        reply, cut = yield from _reply(engine, one, checker, said, clock, stop)
        supported = [sentence for sentence in reply if sentence.support == "supported"]
        said = _without_twins((*said, *(reply if writes else supported)))  # half a translation is none
        quoted = not supported and (writes or not (copies or said))
        if cut or quoted:
            break
    if copies:
        said = cite.with_best(said, evidence)
    elif quoted:
        said = tuple(cite.quote(one.evidence[0]) for one in sent)
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

    A reply that goes wrong is ended and asked for once more.
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
                    checked = _without_twins((*checked, *checker.check(done, attempt.evidence)))
                    yield Checked(_without_twins((*before, *checked)))
                yield Draft(rest)
        except ReplyCutError:
            return checked, True
        if not faulty:
            checked = _without_twins((*checked, *checker.check(rest, attempt.evidence)))
            return checked, False
    return checked, False


def _without_twins(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Return the sentences, each once: two fragments of a piece of evidence both become the whole of it."""
    return tuple({sentence.text: sentence for sentence in sentences}.values())
