"""Measures the answers from end to end, and those of a plain pipeline beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from index.collection import ProgressCallback
from index.store.snapshot import Snapshot
from index.text.languages import detect_language
from qa.engine import Engine
from qa.evaluation.baseline import MARKER, CountingGenerator, PlainPipeline
from qa.evaluation.conditions import CONDITIONS, Condition, condition_filter
from qa.evaluation.dataset import Case, contains_answer
from qa.evaluation.metrics import mean, share, word_f1
from qa.evaluation.setup import EvaluationSetup
from qa.generation.prompts import load_prompts
from qa.language.numbers import extract_numbers, possible_numbers
from qa.pipeline import answer_question
from qa.retrieval.answerability import load_calibration
from qa.types import Answer, SearchFilter
from qa.verification.checker import Checker
from qa.writing.quote import MAX_QUOTES


@dataclass(frozen=True, slots=True)
class Result:
    """What one system made of one question under one condition (`situation`); what does not apply is None.

    The field names are those of `mujib eval answers --json`. `unheld` is what the answer claims but its citations do
    not hold.
    """

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


@dataclass(frozen=True, slots=True)
class _Trial:
    """A case under a condition, and what is searched for it."""

    case: Case
    condition: Condition
    search_filter: SearchFilter


def measure_answers(
    setup: EvaluationSetup, withhold: bool, plain: int | None, progress: ProgressCallback
) -> dict[str, list[Result]]:
    """Answer every case with Mujib, and the first `plain` of each direction (None: all) with a plain pipeline too.

    With `withhold` also with what holds the answer gone. The directions take turns, so that a run that is broken off
    has asked as much in each.
    """
    generator = CountingGenerator(setup.models.generator(setup.settings))
    checker = Checker(setup.collection.model.load())
    results: dict[str, list[Result]] = {"mujib": []} if plain == 0 else {"mujib": [], "baseline": []}
    asked: Counter[str] = Counter()
    with closing(_engine(setup, generator)) as engine:
        snapshot = engine.snapshot()
        baseline = PlainPipeline(setup, snapshot, generator)
        trials = list(_trials(snapshot, setup.cases, CONDITIONS if withhold else CONDITIONS[:1]))
        for number, trial in enumerate(trials, start=1):
            asked[trial.case.direction] += trial.condition == "answerable"
            generator.tokens = 0
            answer = answer_question(engine, trial.case.question, trial.search_filter)
            results["mujib"].append(_measure(trial, answer, generator.tokens, checker))
            if plain is None or asked[trial.case.direction] <= plain:
                answer, tokens = baseline.answer(trial.case, trial.search_filter)
                results["baseline"].append(_measure(trial, answer, tokens, checker))
            progress(number, len(trials))
    return results


def _engine(setup: EvaluationSetup, generator: CountingGenerator) -> Engine:
    return Engine(
        settings=setup.settings,
        collection=setup.collection,
        prompts=load_prompts(setup.settings.prompts),
        calibration=load_calibration(setup.settings.calibration),
        embedder=setup.collection.model.load(),
        generator=lambda: generator,
    )


def _trials(snapshot: Snapshot, cases: Sequence[Case], conditions: Sequence[Condition]) -> Iterator[_Trial]:
    for case in _alternating(cases):
        for condition in conditions:
            search_filter = condition_filter(snapshot, case, condition)
            if search_filter is not None:
                yield _Trial(case, condition, search_filter)


def _alternating(cases: Sequence[Case]) -> list[Case]:
    """Return the cases so that one of each direction stands before the second of any."""
    by_direction: dict[str, list[Case]] = {}
    for case in cases:
        by_direction.setdefault(case.direction, []).append(case)
    return [case for turn in zip_longest(*by_direction.values()) for case in turn if case is not None]


def _measure(trial: _Trial, answer: Answer, tokens: int, checker: Checker) -> Result:
    case = trial.case
    accepted = [text for texts in case.answers.values() for text in texts]
    text = MARKER.sub("", answer.text).strip()
    refused = answer.status == "no_evidence"
    answerable = trial.condition == "answerable"
    holds_answer = not refused and contains_answer(text, accepted)
    right = holds_answer and answer.status != "quoted"  # a quote answers only who reads the article's language
    quoted = any(contains_answer(citation.quote, accepted) for citation in answer.citations[:MAX_QUOTES])
    supported = [sentence for sentence in answer.sentences if sentence.support == "supported"]
    return Result(
        id=case.id,
        direction=case.direction,
        situation=trial.condition,
        text=answer.text,
        refused=refused,
        right=right if answerable else None,
        right_or_quoted=(holds_answer or quoted) if answerable else None,
        f1=(0.0 if refused else max(word_f1(text, one) for one in accepted)) if answerable else None,
        citations_right=_citations_right(case, answer, accepted) if answerable else (),
        sentences_cited=tuple(bool(sentence.citations) for sentence in supported),
        sentences_unsupported=len(answer.sentences) - len(supported),
        unheld=_unheld_claims(answer, checker),
        status=answer.status,
        # A quote is in its article's language.
        language_right=None if answer.status == "quoted" else detect_language(text) == case.question.language,
        seconds=dict(answer.timings),
        prompt_tokens=0 if refused and "first_word" not in answer.timings else tokens,
    )


def _citations_right(case: Case, answer: Answer, accepted: Sequence[str]) -> tuple[bool, ...]:
    gold = set(case.documents.values())
    return tuple(
        citation.article_id in gold or contains_answer(citation.quote, accepted) for citation in answer.citations
    )


def _unheld_claims(answer: Answer, checker: Checker) -> tuple[str, ...]:
    """Return what supported sentences claim that the quotes they cite do not hold: numbers, days, names."""
    by_number = {citation.number: citation for citation in answer.citations}
    unheld: list[str] = []
    for sentence in answer.sentences:
        cited = [by_number[number] for number in sentence.citations]
        if not cited:
            continue
        known = " ".join(f"{citation.quote} {citation.published or ''}" for citation in cited)
        unheld += sorted(extract_numbers(sentence.text) - possible_numbers(known))
        if not checker.names_supported(sentence.text, known):
            unheld.append(f"a name in: {sentence.text}")
    return tuple(unheld)


def summarize_answers(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return the metrics of each direction of languages, and of all together, with 95 % intervals (Wilson 1927)."""
    directions = sorted({result.direction for result in results})
    rows = [_summary(direction, [r for r in results if r.direction == direction]) for direction in directions]
    return [*rows, _summary("all", results)]


def _summary(direction: str, results: Sequence[Result]) -> dict[str, Any]:
    answerable = [r for r in results if r.situation == "answerable"]
    refusals = {s: share([r.refused for r in results if r.situation == s]) for s in ("withheld", "near miss")}
    kept = share([not r.refused for r in answerable])
    balanced = {s: (kept[0] + refused[0]) / 2 if kept and refused else None for s, refused in refusals.items()}
    return {
        "direction": direction,
        "questions": len(answerable),
        "answered_correctly": share([bool(r.right) for r in answerable]),
        "correct_or_quoted": share([bool(r.right_or_quoted) for r in answerable]),
        "f1": mean([r.f1 or 0.0 for r in answerable]),
        "citation_precision": share([right for r in answerable for right in r.citations_right]),
        "citation_recall": share([cited for r in answerable for cited in r.sentences_cited]),
        "kept": kept,
        "refused_withheld": refusals["withheld"],
        "refused_near_miss": refusals["near miss"],
        "balanced_accuracy": balanced,
        "quoted": share([r.status == "quoted" for r in answerable]),
        "language_right": share([r.language_right for r in results if r.language_right is not None]),
        "holding_all": share([not r.unheld for r in answerable if r.status == "answered"]),
        "sentences_unsupported": mean([r.sentences_unsupported for r in answerable]),
        "seconds": {
            name: mean([r.seconds.get(name) for r in answerable]) for name in ("evidence", "first_word", "end")
        },
        "prompt_tokens": mean([r.prompt_tokens for r in answerable if r.prompt_tokens]),
    }
