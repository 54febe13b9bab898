"""How good are the answers? The real way from end to end, and a plain pipeline beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal

from scipy.stats import binomtest

from index.chunk import sentences
from index.normalise import fold, language_of
from index.store import Snapshot
from index.update import Progress
from qa import answer, cite, prompt, questions
from qa.engine import Engine, load_generator
from qa.evaluate import Bench, aligned
from qa.generate import Generator
from qa.questions import Case
from qa.retrieve import search
from qa.types import Answer, Evidence, Prompt, Sentence, Turn, Window

Situation = Literal["answerable", "withheld", "near miss"]

_QUOTES = 2  # quoted sentences that count as an answer, at most
_PLAIN_PASSAGES = 3
_PLAIN = (
    "Answer the question in {language} using only the passages. Cite the passage you used as [n]. "
    "If the passages do not contain the answer, reply NOT FOUND."
)
_LANGUAGE = {"ar": "Arabic", "en": "English"}
_NOT_FOUND = "NOT FOUND"
_MARKER = re.compile(r"\[\s*(\d+)\s*\]")


@dataclass(frozen=True, slots=True)
class Result:
    """What one system made of one question, in numbers; what does not apply is None."""

    id: str
    direction: str
    situation: Situation
    text: str
    refused: bool
    right: bool | None
    right_or_quoted: bool | None
    f1: float | None
    citations_right: tuple[bool, ...]
    sentences_cited: tuple[bool, ...]
    sentences_unsupported: int
    language_right: bool
    seconds: Mapping[str, float]
    prompt_tokens: int


class _Counting:
    """A generator that remembers how long the last prompt was."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self.identity = generator.identity
        self.tokens = 0

    def stream(self, sent: Prompt) -> Iterator[str]:
        self.tokens = self._generator.count(sent)
        return self._generator.stream(sent)

    def count(self, sent: Prompt) -> int:
        return self._generator.count(sent)


def answers(bench: Bench, withhold: bool, progress: Progress) -> dict[str, list[Result]]:
    """Answer every case with Mujib and with a plain pipeline; with `withhold` also with what holds the answer gone."""
    generator = _Counting(load_generator(bench.settings))
    embedder = bench.embedder()
    engine = Engine(bench.settings, prompt.load(bench.settings.prompts), embedder, lambda: generator)
    situations: tuple[Situation, ...] = ("answerable", "withheld", "near miss") if withhold else ("answerable",)
    results: dict[str, list[Result]] = {"mujib": [], "baseline": []}
    with closing(engine):
        snapshot = engine.snapshot()
        work = [(case, s, w) for case in bench.cases for s in situations if (w := _window(snapshot, case, s))]
        for number, (case, situation, window) in enumerate(work, start=1):
            made = answer.ask(engine, case.question, window)
            results["mujib"].append(_judge(case, situation, made, generator.tokens))
            plain = _baseline(snapshot, bench, generator, case, window)
            results["baseline"].append(_judge(case, situation, plain, generator.tokens))
            progress(number, len(work))
    return results


def _window(snapshot: Snapshot, case: Case, situation: Situation) -> Window | None:
    """Return what is searched: all; all but what holds the answer; or also without the rest of its article.

    Paragraphs under one title are one article: with them all gone the article is withheld, with only the one that
    holds the answer gone it is a near miss. None when there is no such case.
    """
    if situation == "answerable":
        return Window(without=case.withheld)
    gold = tuple(case.documents.values())
    title = snapshot.article(case.gold).title
    siblings = tuple(id_ for id_ in snapshot.titled(title) if id_ not in gold) if title else ()
    if situation == "near miss":
        return Window(without=gold) if siblings else None
    return Window(without=(*gold, *siblings))


def _judge(case: Case, situation: Situation, made: Answer, tokens: int) -> Result:
    accepted = [text for texts in case.answers.values() for text in texts]
    text = _MARKER.sub("", made.text).strip()
    refused = made.status == "no_evidence"
    answerable = situation == "answerable"
    right = not refused and questions.holds(text, accepted)
    quoted = any(questions.holds(citation.quote, accepted) for citation in made.citations[:_QUOTES])
    gold = set(case.documents.values())
    supported = [sentence for sentence in made.sentences if sentence.support == "supported"]
    return Result(
        id=case.id,
        direction=case.direction,
        situation=situation,
        text=made.text,
        refused=refused,
        right=right if answerable else None,
        right_or_quoted=(right or quoted) if answerable else None,
        f1=(0.0 if refused else max(_f1(text, one) for one in accepted)) if answerable else None,
        citations_right=tuple(
            citation.article_id in gold or questions.holds(citation.quote, accepted) for citation in made.citations
        )
        if answerable
        else (),
        sentences_cited=tuple(bool(sentence.citations) for sentence in supported),
        sentences_unsupported=len(made.sentences) - len(supported),
        language_right=language_of(text) == case.question.language,
        seconds=dict(made.timings),
        prompt_tokens=0 if refused and "first_word" not in made.timings else tokens,
    )


def _f1(text: str, accepted: str) -> float:
    """Return the F1 of two texts' words, as SQuAD defines it (Rajpurkar et al. 2016), after folding."""
    one, other = (Counter(re.findall(r"\w+", fold(words))) for words in (text, accepted))
    common = sum((one & other).values())
    return 2 * common / (one.total() + other.total()) if common else 0.0


def _baseline(snapshot: Snapshot, bench: Bench, generator: Generator, case: Case, window: Window) -> Answer:
    """Answer as a plain pipeline does: three whole passages, citations as the model writes them."""
    clock = answer.Clock()
    vector = bench.embedder().questions([case.question.text])[0]
    stories = search(snapshot, case.question, vector, window, _PLAIN_PASSAGES)
    passages = [story.hits[0].chunk for story in stories]
    clock.mark("evidence")
    listed = "\n\n".join(f"[{number}] {passage.text}" for number, passage in enumerate(passages, start=1))
    instruction = _PLAIN.format(language=_LANGUAGE[case.question.language])
    sent = Prompt((Turn("system", instruction), Turn("user", f"{listed}\n\nQuestion: {case.question.text}\nAnswer:")))
    text = ""
    for piece in generator.stream(sent):
        clock.mark("first_word")
        text += piece
        if clock.seconds() > bench.settings.deadline_seconds:
            break
    clock.mark("end")
    cited = () if _NOT_FOUND in text.upper() else tuple(_as_written(text, len(passages)))
    evidence = [
        Evidence(number, chunk.article_id, chunk.start, chunk.end, chunk.text, "", 0.0)
        for number, chunk in enumerate(passages, start=1)
    ]
    renumbered, citations = cite.renumber(cited, evidence, snapshot)
    return Answer(
        question=case.question.text,
        language=case.question.language,
        status="answered" if cited else "no_evidence",
        text=cite.write(renumbered) or text,
        sentences=renumbered,
        citations=citations,
        timings=clock.marks,
        models={"answer": generator.identity},
        prompt="plain",
    )


def _as_written(text: str, passages: int) -> Iterator[Sentence]:
    for start, end in sentences(text):
        numbers = [int(number) for number in _MARKER.findall(text[start:end])]
        real = tuple(dict.fromkeys(number for number in numbers if 1 <= number <= passages))
        if stripped := _MARKER.sub("", text[start:end]).strip(" ."):
            yield Sentence(stripped, "supported", real)


def summary(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return the measures of each direction of languages, and of all together, with 95 % intervals (Wilson 1927)."""
    directions = sorted({result.direction for result in results})
    rows = [_row(direction, [r for r in results if r.direction == direction]) for direction in directions]
    return [*rows, _row("all", results)]


def _row(direction: str, results: Sequence[Result]) -> dict[str, Any]:
    answerable = [r for r in results if r.situation == "answerable"]
    refusals = {s: _share([r.refused for r in results if r.situation == s]) for s in ("withheld", "near miss")}
    kept = _share([not r.refused for r in answerable])
    balanced = {s: (kept[0] + refused[0]) / 2 if kept and refused else None for s, refused in refusals.items()}
    return {
        "direction": direction,
        "questions": len(answerable),
        "answered_correctly": _share([bool(r.right) for r in answerable]),
        "correct_or_quoted": _share([bool(r.right_or_quoted) for r in answerable]),
        "f1": _mean([r.f1 or 0.0 for r in answerable]),
        "citation_precision": _share([right for r in answerable for right in r.citations_right]),
        "citation_recall": _share([cited for r in answerable for cited in r.sentences_cited]),
        "kept": kept,
        "refused_withheld": refusals["withheld"],
        "refused_near_miss": refusals["near miss"],
        "balanced_accuracy": balanced,
        "language_right": _share([r.language_right for r in results]),
        "sentences_unsupported": _mean([float(r.sentences_unsupported) for r in answerable]),
        "seconds": {
            name: _mean([r.seconds[name] for r in answerable if name in r.seconds])
            for name in ("evidence", "first_word", "end")
        },
        "prompt_tokens": _mean([float(r.prompt_tokens) for r in answerable if r.prompt_tokens]),
    }


def _share(values: Sequence[bool]) -> tuple[float, float, float] | None:
    """Return the share of what is true and the ends of its 95 % interval, None when there is nothing."""
    if not values:
        return None
    interval = binomtest(sum(values), len(values)).proportion_ci(method="wilson")
    return round(sum(values) / len(values), 3), round(float(interval.low), 3), round(float(interval.high), 3)


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


def table(summaries: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return the measures of each system side by side as plain text."""
    rows = [["system", "direction", "asked", *_SHARES.values(), "F1", "evidence", "first word", "end", "tokens"]]
    for system, of_system in summaries.items():
        for row in of_system:
            shares = [_interval(row[name]) for name in _SHARES]
            numbers = [row["f1"], *row["seconds"].values(), row["prompt_tokens"]]
            shown = ["-" if number is None else f"{number:.2f}" for number in numbers]
            rows.append([system, row["direction"], str(row["questions"]), *shares, *shown])
    return "\n".join(aligned(rows))


_SHARES = {
    "answered_correctly": "correct",
    "correct_or_quoted": "or quoted",
    "citation_precision": "cited right",
    "citation_recall": "cited",
    "kept": "kept",
    "refused_withheld": "refused withheld",
    "refused_near_miss": "near miss",
    "language_right": "language",
}


def _interval(share: tuple[float, float, float] | None) -> str:
    return "-" if share is None else f"{share[0]:.2f} ({share[1]:.2f}-{share[2]:.2f})"
