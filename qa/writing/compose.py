"""Composes the answer: the model's checked sentences, or the evidence itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from index.store.snapshot import Snapshot
from qa.engine import Engine
from qa.generation.base import Cancelled, ReplyCutError
from qa.generation.prompts import Attempt, build_prompts, retry_prompt
from qa.timings import Timings
from qa.types import DraftGrown, Event, EvidenceSet, Prompt, Sentence, SentencesChecked, Status
from qa.verification.checker import Checker
from qa.verification.draft_checks import is_degenerate, split_finished
from qa.writing.quote import best_quotes, quote_best, quote_sentence, quote_side_by_side


def needs_model(engine: Engine, evidence_set: EvidenceSet) -> bool:
    """Return whether the answering model has a say in the answer.

    It has none where articles disagree: each is quoted. Nor where it could only translate and is not trusted to
    (`Settings.translate_quotes`): the sentences of the articles are then quoted as they are.
    """
    settings = engine.settings
    if evidence_set.dissent is not None:
        return False
    same_language = evidence_set.evidence[0].language == evidence_set.question.language
    return settings.free_form or settings.translate_quotes or same_language


class AnswerComposer:
    """Composes one answer: iterate over `events`, then read `sentences` (citing evidence by number) and `status`."""

    def __init__(
        self, engine: Engine, snapshot: Snapshot, evidence_set: EvidenceSet, timings: Timings, cancelled: Cancelled
    ) -> None:
        self.sentences: tuple[Sentence, ...] = ()
        self.status: Status = "answered"
        self._engine = engine
        self._snapshot = snapshot
        self._evidence_set = evidence_set
        self._timings = timings
        self._cancelled = cancelled
        self._checker = Checker(engine.embedder)
        self._cut = False
        self._failed = False

    def events(self) -> Iterator[Event]:
        """Yield the draft as it grows and what of it is checked."""
        if needs_model(self._engine, self._evidence_set):
            yield from self._written()
        else:
            self._timings.mark("first_word")
            self._quote()

    def _quote(self) -> None:
        """Let the evidence speak: both sides where articles disagree, else the best sentences."""
        evidence, dissent = self._evidence_set.evidence, self._evidence_set.dissent
        if dissent is not None:
            self.sentences = quote_side_by_side((evidence[0], dissent), self._snapshot)
        else:
            self.sentences, self.status = quote_best(evidence), "quoted"

    def _written(self) -> Iterator[Event]:
        """Make one attempt after the other until one succeeds; where all fail the evidence is quoted."""
        engine, evidence = self._engine, self._evidence_set.evidence
        free_form = engine.settings.free_form
        count = engine.generator().count
        attempts = build_prompts(engine.prompts, self._snapshot, self._evidence_set, free_form, count)
        copies = bool(attempts[0][0].copy_from)
        if copies:  # whatever the model points to, the best evidence opens the answer
            self._timings.mark("first_word")
            yield SentencesChecked((quote_sentence(evidence[0]),))
        for attempt in attempts:
            yield from self._attempt(attempt, tries=2 if attempt is attempts[-1] else 1)
            if self._cut or not self._failed:
                break
        if copies:
            self.sentences = best_quotes(self.sentences, evidence)
        elif self._failed:
            self.sentences = tuple(quote_sentence(prompt.evidence[0]) for prompt in attempts[-1])
        self.status = "quoted" if self._failed else "cut" if self._cut else "answered"

    def _attempt(self, attempt: Attempt, *, tries: int) -> Iterator[Event]:
        """Ask the prompts of one attempt and keep the sentences that may be shown."""
        free_form = self._engine.settings.free_form
        self.sentences = ()
        for prompt in attempt:
            reply = _Reply(self, (prompt, retry_prompt(prompt))[:tries])
            yield from reply.events()
            supported = tuple(sentence for sentence in reply.sentences if sentence.support == "supported")
            shown = reply.sentences if free_form else supported  # half a translation is none
            self.sentences = _without_repeats((*self.sentences, *shown))
            self._cut = reply.cut
            self._failed = not supported and (free_form or not (prompt.copy_from or self.sentences))
            if self._cut or self._failed:
                break

    def stream(self, prompt: Prompt) -> Iterator[str]:
        """Yield the model's reply in pieces."""
        for piece in self._engine.generator().stream(prompt, self._cancelled):
            self._timings.mark("first_word")
            yield piece

    def check(self, draft: str, prompt: Prompt) -> tuple[Sentence, ...]:
        """Return the sentences of a draft with the evidence that supports each."""
        return self._checker.check(draft, prompt.evidence)


class _Reply:
    """The reply to a prompt, each sentence checked once it is finished; a degenerate one is asked for again."""

    def __init__(self, composer: AnswerComposer, prompts: Sequence[Prompt]) -> None:
        self.sentences: tuple[Sentence, ...] = ()
        self.cut = False
        self._composer = composer
        self._prompts = prompts

    def events(self) -> Iterator[Event]:
        """Yield the draft as it grows and what of it is checked, after the composer's sentences so far."""
        before = self._composer.sentences
        for prompt in self._prompts:
            self.sentences, whole, rest = (), "", ""
            try:
                for piece in self._composer.stream(prompt):
                    whole += piece
                    if is_degenerate(whole, prompt):
                        break
                    done, rest = split_finished(rest + piece)
                    if done:
                        self._add(done, prompt)
                        yield SentencesChecked(_without_repeats((*before, *self.sentences)))
                    yield DraftGrown(rest)
                else:
                    self._add(rest, prompt)
                    return
            except ReplyCutError:
                self.cut = True
                return

    def _add(self, draft: str, prompt: Prompt) -> None:
        self.sentences = _without_repeats((*self.sentences, *self._composer.check(draft, prompt)))


def _without_repeats(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Return the sentences, each once: two fragments of a piece of evidence both become the whole of it."""
    return tuple({sentence.text: sentence for sentence in sentences}.values())
