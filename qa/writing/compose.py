"""Writes the answer: the model's checked sentences, or the evidence itself."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from index.store.snapshot import Snapshot
from qa.engine import Engine
from qa.generation.base import Cancelled, ReplyCutError
from qa.generation.prompts import build_prompts, retry_prompt
from qa.timings import Timings
from qa.types import DraftGrown, Event, EvidenceSet, Prompt, Sentence, SentencesChecked, Status
from qa.verification.checker import Checker
from qa.verification.draft_checks import is_degenerate, split_finished
from qa.writing.quote import best_quotes, quote_sentence, quote_side_by_side

Written = tuple[tuple[Sentence, ...], Status]


def compose_answer(
    engine: Engine, snapshot: Snapshot, grounding: EvidenceSet, clock: Timings, stop: Cancelled
) -> Generator[Event, None, Written]:
    """Yield the draft as it grows and what of it is checked, and return the checked sentences and the status."""
    evidence, writes = grounding.evidence, engine.settings.free_form
    checker = Checker(engine.embedder)
    attempts = build_prompts(engine.prompts, snapshot, grounding, writes, engine.generator().count)
    copies = bool(attempts[0][0].copy_from)
    if copies:  # whatever the model points to, the best evidence opens the answer
        clock.mark("first_word")
        yield SentencesChecked((quote_sentence(evidence[0]),))
    said: tuple[Sentence, ...] = ()
    cut = quoted = False
    for attempt in attempts:
        said, cut, quoted = yield from _attempt(
            engine, attempt, checker, clock, stop, tries=1 if attempt is not attempts[-1] else 2
        )
        if cut or not quoted:
            break
    if copies:
        said = best_quotes(said, evidence)
    elif quoted:
        said = tuple(quote_sentence(one.evidence[0]) for one in attempts[-1])
    if grounding.dissent is not None:
        said = quote_side_by_side((evidence[0], grounding.dissent), snapshot)
    return said, "quoted" if quoted else "cut" if cut else "answered"


def _attempt(
    engine: Engine, attempt: Sequence[Prompt], checker: Checker, clock: Timings, stop: Cancelled, *, tries: int
) -> Generator[Event, None, tuple[tuple[Sentence, ...], bool, bool]]:
    """Return what the replies to one prompt after the other say, whether they were cut, and whether they failed."""
    said: tuple[Sentence, ...] = ()
    cut = failed = False
    for sent in attempt:
        reply, cut = yield from _reply(engine, (sent, retry_prompt(sent))[:tries], checker, said, clock, stop)
        supported = [sentence for sentence in reply if sentence.support == "supported"]
        shown = reply if engine.settings.free_form else supported  # half a translation is none
        said = _without_repeats((*said, *shown))
        failed = not supported and (engine.settings.free_form or not (sent.copy_from or said))
        if cut or failed:
            break
    return said, cut, failed


def _reply(
    engine: Engine,
    sent: Sequence[Prompt],
    checker: Checker,
    before: Sequence[Sentence],
    clock: Timings,
    stop: Cancelled,
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
                if faulty := is_degenerate(whole, attempt):
                    break
                done, rest = split_finished(rest + piece)
                if done:
                    checked = _without_repeats((*checked, *checker.check(done, attempt.evidence)))
                    yield SentencesChecked(_without_repeats((*before, *checked)))
                yield DraftGrown(rest)
        except ReplyCutError:
            return checked, True
        if not faulty:
            checked = _without_repeats((*checked, *checker.check(rest, attempt.evidence)))
            return checked, False
    return checked, False


def _without_repeats(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Return the sentences, each once: two fragments of a piece of evidence both become the whole of it."""
    return tuple({sentence.text: sentence for sentence in sentences}.values())
