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
    attempts = prompt.compose(engine.prompts, snapshot, grounding, writes, engine.generator().count)
    copies = bool(attempts[0][0].copy_from)
    if copies:  # whatever the model points to, the best evidence opens the answer
        clock.mark("first_word")
        yield Checked((cite.quote(evidence[0]),))
    said: tuple[Sentence, ...] = ()
    cut = quoted = False
    for attempt in attempts:
        said, cut, quoted = yield from _attempt(
            engine, attempt, checker, clock, stop, tries=1 if attempt is not attempts[-1] else 2
        )
        if cut or not quoted:
            break
    if copies:
        said = cite.with_best(said, evidence)
    elif quoted:
        said = tuple(cite.quote(one.evidence[0]) for one in attempts[-1])
    if grounding.dissent is not None:
        said = cite.side_by_side((evidence[0], grounding.dissent), snapshot)
    return said, "quoted" if quoted else "cut" if cut else "answered"


def _attempt(
    engine: Engine, attempt: Sequence[Prompt], checker: cite.Checker, clock: Clock, stop: Stop, *, tries: int
) -> Generator[Event, None, tuple[tuple[Sentence, ...], bool, bool]]:
    """Return what the replies to one prompt after the other say, whether they were cut, and whether they failed."""
    said: tuple[Sentence, ...] = ()
    cut = failed = False
    for sent in attempt:
        reply, cut = yield from _reply(engine, (sent, prompt.again(sent))[:tries], checker, said, clock, stop)
        supported = [sentence for sentence in reply if sentence.support == "supported"]
        shown = reply if engine.settings.writes else supported  # half a translation is none
        said = _without_twins((*said, *shown))
        failed = not supported and (engine.settings.writes or not (sent.copy_from or said))
        if cut or failed:
            break
    return said, cut, failed


def _reply(
    engine: Engine,
    sent: Sequence[Prompt],
    checker: cite.Checker,
    before: Sequence[Sentence],
    clock: Clock,
    stop: Stop,
) -> Generator[Event, None, tuple[tuple[Sentence, ...], bool]]:
    """Return the sentences of the reply to one prompt, each checked once it is finished, and whether it was cut.

    A reply that goes wrong is ended and the next in `sent` asked for.
    """
    checked: tuple[Sentence, ...] = ()
    for attempt in sent:
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
