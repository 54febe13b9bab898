"""How good are the answers? The real way from end to end, and a plain pipeline beside it."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from scipy.stats import binomtest

from index.chunk import sentences
from index.normalise import fold, language_of
from index.snapshot import Snapshot
from index.update import Progress
from qa import answer, cite, confidence, numerals, prompt, questions
from qa.clock import Clock
from qa.engine import Engine, load_generator
from qa.evaluate import Bench, aligned
from qa.generate import Generator, ReplyCutError, Stop
from qa.questions import Case
from qa.retrieve import search
from qa.situations import SITUATIONS, Situation, window
from qa.types import Answer, Evidence, Prompt, Sentence, Turn, Window

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
    unheld: tuple[str, ...]
    status: str
    language_right: bool | None
    seconds: Mapping[str, float]
    prompt_tokens: int


class _Counting:
    """A generator that remembers how long its longest prompt was."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self.identity = generator.identity
        self.tokens = 0

    def stream(self, sent: Prompt, stop: Stop) -> Iterator[str]:
        self.tokens = max(self.tokens, self._generator.count(sent))
        return self._generator.stream(sent, stop)

    def count(self, sent: Prompt) -> int:
        return self._generator.count(sent)


def answers(bench: Bench, withhold: bool, plain: int | None, progress: Progress) -> dict[str, list[Result]]:
    """Answer every case with Mujib, and the first `plain` of each direction (None: all) with a plain pipeline too.

    With `withhold` also with what holds the answer gone. The directions take turns, so that a run that is broken off
    has asked as much in each.
    """
    generator = _Counting(load_generator(bench.settings))
    prompts, calibration = prompt.load(bench.settings.prompts), confidence.load(bench.settings.calibration)
    engine = Engine(bench.settings, prompts, calibration, bench.embedder(), lambda: generator)
    checker = cite.Checker(engine.embedder)
    results: dict[str, list[Result]] = {"mujib": []} if plain == 0 else {"mujib": [], "baseline": []}
    asked: Counter[str] = Counter()
    with closing(engine):
        snapshot = engine.snapshot()
        baseline = _Plain(bench, snapshot, generator)
        work = [
            (case, situation, searched)
            for case in _in_turns(bench.cases)
            for situation in (SITUATIONS if withhold else SITUATIONS[:1])
            if (searched := window(snapshot, case, situation)) is not None
        ]
        for number, (case, situation, searched) in enumerate(work, start=1):
            asked[case.direction] += situation == "answerable"
            generator.tokens = 0
            made = answer.ask(engine, case.question, searched)
            results["mujib"].append(_judge(case, situation, made, generator.tokens, checker))
            if plain is None or asked[case.direction] <= plain:
                results["baseline"].append(_judge(case, situation, *baseline.answer(case, searched), checker))
            progress(number, len(work))
    return results


def _in_turns(cases: Sequence[Case]) -> list[Case]:
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.direction, []).append(case)
    return [case for turn in zip_longest(*groups.values()) for case in turn if case is not None]


def _judge(case: Case, situation: Situation, made: Answer, tokens: int, checker: cite.Checker) -> Result:
    accepted = [text for texts in case.answers.values() for text in texts]
    text = _MARKER.sub("", made.text).strip()
    refused = made.status == "no_evidence"
    answerable = situation == "answerable"
    held = not refused and questions.holds(text, accepted)
    right = held and made.status != "quoted"  # a quote answers only who reads the article's language
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
        right_or_quoted=(held or quoted) if answerable else None,
        f1=(0.0 if refused else max(_f1(text, one) for one in accepted)) if answerable else None,
        citations_right=tuple(
            citation.article_id in gold or questions.holds(citation.quote, accepted) for citation in made.citations
        )
        if answerable
        else (),
        sentences_cited=tuple(bool(sentence.citations) for sentence in supported),
        sentences_unsupported=len(made.sentences) - len(supported),
        unheld=_unheld(made, checker),
        status=made.status,
        # A quote is in its article's language.
        language_right=None if made.status == "quoted" else language_of(text) == case.question.language,
        seconds=dict(made.timings),
        prompt_tokens=0 if refused and "first_word" not in made.timings else tokens,
    )


def _unheld(made: Answer, checker: cite.Checker) -> tuple[str, ...]:
    """Return what supported sentences claim that the quotes they cite do not hold: numbers, days, names."""
    by_number = {citation.number: citation for citation in made.citations}
    unheld: list[str] = []
    for sentence in made.sentences:
        cited = [by_number[number] for number in sentence.citations]
        known = " ".join(f"{citation.quote} {citation.published or ''}" for citation in cited)
        if cited:
            unheld += sorted(numerals.numbers(sentence.text) - numerals.possible_numbers(known))
            unheld += [] if checker.names_held(sentence.text, known) else [f"a name in: {sentence.text}"]
    return tuple(unheld)


def _f1(text: str, accepted: str) -> float:
    """Return the F1 of two texts' words, as SQuAD defines it (Rajpurkar et al. 2016), after folding."""
    one, other = (Counter(re.findall(r"\w+", fold(words))) for words in (text, accepted))
    common = sum((one & other).values())
    return 2 * common / (one.total() + other.total()) if common else 0.0


class _Plain:
    """A plain pipeline: three whole passages, citations as the model writes them.

    Its replies are kept with the seconds they took, by what was sent and to which model: they never change.
    """

    def __init__(self, bench: Bench, snapshot: Snapshot, generator: _Counting) -> None:
        self._bench, self._snapshot, self._generator = bench, snapshot, generator
        self._file = bench.settings.data.parent / "plain.jsonl"
        lines = self._file.read_text("utf-8").splitlines() if self._file.exists() else []
        self._kept: dict[str, dict[str, Any]] = {record["key"]: record for record in map(json.loads, lines)}

    def answer(self, case: Case, searched: Window) -> tuple[Answer, int]:
        """Return the answer to a question, and the tokens of the prompt."""
        vector = self._bench.vectors[case.question.text]
        stories = search(self._snapshot, case.question, vector, searched, _PLAIN_PASSAGES)
        passages = [story.hits[0].chunk for story in stories]
        listed = "\n\n".join(f"[{number}] {passage.text}" for number, passage in enumerate(passages, start=1))
        instruction = _PLAIN.format(language=_LANGUAGE[case.question.language])
        asking = f"{listed}\n\nQuestion: {case.question.text}\nAnswer:"
        reply = self._reply(Prompt((Turn("system", instruction), Turn("user", asking)), case.question.language))
        text = reply["text"]
        cited = () if _NOT_FOUND in text.upper() else tuple(_as_written(text, len(passages)))
        evidence = [
            Evidence(number, chunk.article_id, chunk.start, chunk.end, chunk.text, "", 0.0)
            for number, chunk in enumerate(passages, start=1)
        ]
        renumbered, citations = cite.renumber(cited, evidence, self._snapshot)
        made = Answer(
            question=case.question.text,
            language=case.question.language,
            status="answered" if cited else "no_evidence",
            text=cite.write(renumbered) or text,
            sentences=renumbered,
            citations=citations,
            closest=(),
            confidence=0.0,
            asked=case.question.text,
            since=None,
            until=None,
            timings=reply["seconds"],
            models={"answer": self._generator.identity},
            prompt="plain",
        )
        return made, reply["tokens"]

    def _reply(self, sent: Prompt) -> dict[str, Any]:
        key = hashlib.sha256(repr((self._generator.identity, sent.turns)).encode()).hexdigest()
        if key not in self._kept:
            clock, text = Clock(), ""
            deadline = self._bench.settings.deadline_seconds
            with suppress(ReplyCutError):
                for piece in self._generator.stream(sent, lambda: clock.seconds() > deadline):
                    clock.mark("first_word")
                    text += piece
            clock.mark("end")
            self._kept[key] = {"key": key, "text": text, "seconds": clock.marks, "tokens": self._generator.tokens}
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._kept[key], ensure_ascii=False) + "\n")
        return self._kept[key]


def _as_written(text: str, passages: int) -> Iterator[Sentence]:
    text = cite.fold_markers(text)
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
        "quoted": _share([r.status == "quoted" for r in answerable]),
        "language_right": _share([r.language_right for r in results if r.language_right is not None]),
        "holding_all": _share([not r.unheld for r in answerable if r.status == "answered"]),
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
    "quoted": "quoted",
    "language_right": "language",
    "holding_all": "holds all",
}


def _interval(share: tuple[float, float, float] | None) -> str:
    return "-" if share is None else f"{share[0]:.2f} ({share[1]:.2f}-{share[2]:.2f})"
