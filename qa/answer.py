"""In which order? From a question to its answer."""

from __future__ import annotations

import time
from collections.abc import Iterator

from qa import cite, prompt
from qa.engine import Engine
from qa.ground import select
from qa.retrieve import search
from qa.types import Answer, Draft, Event, Found, Question, Sentence, Status, Window

_STORIES = 10  # that are looked at


def ask(engine: Engine, question: Question, window: Window = Window()) -> Answer:  # noqa: B008 - frozen
    """Return the answer to a question."""
    *_, answer = stream(engine, question, window)
    if not isinstance(answer, Answer):
        raise AssertionError("a stream of events ends with the answer")
    return answer


def stream(engine: Engine, question: Question, window: Window = Window()) -> Iterator[Event]:  # noqa: B008 - frozen
    """Yield what is `Found`, the `Draft` as it grows, and at last the `Answer`.

    All of it rests on one snapshot of the collection. Raises a `MujibError` for what the user can mend.
    """
    clock = Clock()
    snapshot = engine.snapshot()
    vector = engine.embedder.questions([question.text])[0]
    stories = search(snapshot, question, vector, window, _STORIES)
    grounding = select(snapshot, question, stories)
    clock.mark("evidence")
    yield Found(grounding.evidence)

    checked: tuple[Sentence, ...] = ()
    status: Status = "no_evidence"
    models = {"embedding": engine.embedder.identity}
    if grounding.evidence:
        draft, cut = "", False
        sent = prompt.compose(engine.prompts, question, grounding)
        generator = engine.generator()
        models["answer"] = generator.identity
        clock.mark("model")
        for piece in generator.stream(sent):
            clock.mark("first_word")
            draft += piece
            yield Draft(draft)
            if cut := clock.seconds() - clock.marks["model"] > engine.settings.deadline_seconds:
                break
        checked = cite.verify(draft, grounding.evidence, engine.embedder)
        checked = cite.with_best(checked, grounding.evidence, question.language)
        status = "cut" if cut else "answered"
        if not any(sentence.support == "supported" for sentence in checked):
            checked, status = cite.quote(grounding.evidence[0]), "quoted"

    sentences, citations = cite.renumber(checked, grounding.evidence, snapshot)
    clock.mark("end")
    yield Answer(
        question=question.text,
        language=question.language,
        status=status,
        text=cite.write(sentences) or prompt.no_evidence(engine.prompts, question),
        sentences=sentences,
        citations=citations,
        timings={name: round(seconds, 3) for name, seconds in clock.marks.items()},
        models=models,
        prompt=engine.prompts.digest,
    )


class Clock:
    """Seconds since the question was asked, each mark taken once."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.marks: dict[str, float] = {}

    def seconds(self) -> float:
        """Return the seconds since the clock was made."""
        return time.monotonic() - self._start

    def mark(self, name: str) -> None:
        """Write down when this happened, the first time it does."""
        self.marks.setdefault(name, self.seconds())
