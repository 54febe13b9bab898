"""Measures the answers from end to end, and a plain pipeline beside them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from scipy.stats import binomtest

from index.sync.update import ProgressCallback
from index.text.normalize import detect_language, fold
from qa.engine import Engine, load_generator
from qa.evaluation.baseline import CountingGenerator, PlainPipeline
from qa.evaluation.conditions import CONDITIONS, Condition, condition_filter
from qa.evaluation.dataset import Case, contains_answer
from qa.evaluation.setup import EvaluationSetup
from qa.generation.prompts import load_prompts
from qa.language.numbers import extract_numbers, possible_numbers
from qa.pipeline import answer_question
from qa.retrieval.answerability import load_calibration
from qa.types import Answer
from qa.verification.checker import Checker

_QUOTES = 2  # quoted sentences that count as an answer, at most
CITED_NUMBER = re.compile(r"\[\s*(\d+)\s*\]")


@dataclass(frozen=True, slots=True)
class Result:
    """What one system made of one question, in numbers; what does not apply is None."""

    id: str
    direction: str
    situation: Condition
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


def measure_answers(
    bench: EvaluationSetup, withhold: bool, plain: int | None, progress: ProgressCallback
) -> dict[str, list[Result]]:
    """Answer every case with Mujib, and the first `plain` of each direction (None: all) with a plain pipeline too.

    With `withhold` also with what holds the answer gone. The directions take turns, so that a run that is broken off
    has asked as much in each.
    """
    generator = CountingGenerator(load_generator(bench.settings))
    prompts, calibration = load_prompts(bench.settings.prompts), load_calibration(bench.settings.calibration)
    engine = Engine(bench.settings, prompts, calibration, bench.embedder(), lambda: generator)
    checker = Checker(engine.embedder)
    results: dict[str, list[Result]] = {"mujib": []} if plain == 0 else {"mujib": [], "baseline": []}
    asked: Counter[str] = Counter()
    with closing(engine):
        snapshot = engine.snapshot()
        baseline = PlainPipeline(bench, snapshot, generator)
        work = [
            (case, situation, searched)
            for case in _in_turns(bench.cases)
            for situation in (CONDITIONS if withhold else CONDITIONS[:1])
            if (searched := condition_filter(snapshot, case, situation)) is not None
        ]
        for number, (case, situation, searched) in enumerate(work, start=1):
            asked[case.direction] += situation == "answerable"
            generator.tokens = 0
            made = answer_question(engine, case.question, searched)
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


def _judge(case: Case, situation: Condition, made: Answer, tokens: int, checker: Checker) -> Result:
    accepted = [text for texts in case.answers.values() for text in texts]
    text = CITED_NUMBER.sub("", made.text).strip()
    refused = made.status == "no_evidence"
    answerable = situation == "answerable"
    held = not refused and contains_answer(text, accepted)
    right = held and made.status != "quoted"  # a quote answers only who reads the article's language
    quoted = any(contains_answer(citation.quote, accepted) for citation in made.citations[:_QUOTES])
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
            citation.article_id in gold or contains_answer(citation.quote, accepted) for citation in made.citations
        )
        if answerable
        else (),
        sentences_cited=tuple(bool(sentence.citations) for sentence in supported),
        sentences_unsupported=len(made.sentences) - len(supported),
        unheld=_unheld(made, checker),
        status=made.status,
        # A quote is in its article's language.
        language_right=None if made.status == "quoted" else detect_language(text) == case.question.language,
        seconds=dict(made.timings),
        prompt_tokens=0 if refused and "first_word" not in made.timings else tokens,
    )


def _unheld(made: Answer, checker: Checker) -> tuple[str, ...]:
    """Return what supported sentences claim that the quotes they cite do not hold: numbers, days, names."""
    by_number = {citation.number: citation for citation in made.citations}
    unheld: list[str] = []
    for sentence in made.sentences:
        cited = [by_number[number] for number in sentence.citations]
        known = " ".join(f"{citation.quote} {citation.published or ''}" for citation in cited)
        if cited:
            unheld += sorted(extract_numbers(sentence.text) - possible_numbers(known))
            unheld += [] if checker.names_held(sentence.text, known) else [f"a name in: {sentence.text}"]
    return tuple(unheld)


def _f1(text: str, accepted: str) -> float:
    """Return the F1 of two texts' words, as SQuAD defines it (Rajpurkar et al. 2016), after folding."""
    one, other = (Counter(re.findall(r"\w+", fold(words))) for words in (text, accepted))
    common = sum((one & other).values())
    return 2 * common / (one.total() + other.total()) if common else 0.0


def summarize_answers(results: Sequence[Result]) -> list[dict[str, Any]]:
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
