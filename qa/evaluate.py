"""How good is it? Retrieval, measured with the program's own store and search on a question file."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index import embed, models
from index.embed import Embedder
from index.folders import Folder
from index.lexical import analyse
from index.shelf import Shelf
from index.snapshot import Snapshot, open_snapshot
from index.store import Writer
from index.types import Chunk
from index.update import Progress, update
from qa import questions
from qa.config import ROOT, Settings
from qa.ground import EVIDENCE, rank
from qa.questions import Case
from qa.retrieve import search
from qa.types import Evidence, Window

_DEPTH = 10  # places of a ranking that are looked at: where the measures end
_TOP = 5  # places over which the balance of languages is told


@dataclass(frozen=True, slots=True)
class Bench:
    """An index of the articles of an evaluation, and the vectors of its questions; both kept for the next run.

    `settings` are those of the program, but for the index.
    """

    settings: Settings
    cases: list[Case]
    vectors: Mapping[str, NDArray[np.float32]]
    embedder: Callable[[], Embedder]


def prepare(settings: Settings, articles: Sequence[Path], cases: list[Case], progress: Progress) -> Bench:
    """Index `articles` in a store of their own, embed the questions, and return both; only what is new is embedded."""
    folder = settings.data / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    identity = models.identity(settings.embedding_model, settings.models)
    embedder = cache(lambda: embed.load(settings.embedding_model, settings.models))
    paths = sorted(path.resolve() for path in articles)
    own = settings.model_copy(update={"data": folder / _digest(*map(str, paths))})
    with Writer(own.store, identity) as writer:
        update(writer, [Folder.of(path, ROOT) for path in paths], embedder, settings.limits, progress)
    known = folder / f"questions-{_digest(identity)}.npz"
    texts = list(dict.fromkeys(case.question.text for case in cases))
    return Bench(own, cases, _question_vectors(texts, known, embedder, progress), embedder)


def retrieval(bench: Bench, progress: Progress) -> list[dict[str, Any]]:
    """Return for every set and direction what each leg and their fusion find, and what the evidence holds."""
    groups: dict[tuple[str, str], list[_Found]] = {}
    with closing(open_snapshot(bench.settings.store)) as snapshot:
        for number, case in enumerate(bench.cases, start=1):
            found = _look(snapshot, case, bench.vectors[case.question.text])
            groups.setdefault((case.set, case.direction), []).append(found)
            progress(number, len(bench.cases))
    return [{"set": name, "direction": direction, **_summary(found)} for (name, direction), found in groups.items()]


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found for one case: for each leg, which places of the ranking hold what was looked for.

    A story is found where a copy of the article stands for it: the article is named there.
    """

    articles: Mapping[str, list[bool]]
    passages: Mapping[str, list[bool]]
    seconds: float
    own_language: float | None
    twins: bool | None
    evidence: list[bool]
    evidence_in_article: list[bool] | None


def _look(snapshot: Snapshot, case: Case, vector: NDArray[np.float32]) -> _Found:
    window = Window(without=case.withheld)
    start = time.perf_counter()
    stories = search(snapshot, case.question, vector, window, _DEPTH)
    seconds = time.perf_counter() - start
    legs = _legs(snapshot, case, vector)
    articles = {leg: list(dict.fromkeys(chunk.article_id for chunk in chunks)) for leg, chunks in legs.items()}
    passages = {**legs, "fused": [story.hits[0].chunk for story in stories]}
    languages = [snapshot.article(story.article_id).language for story in stories[:_TOP]]
    found = [{story.article_id, *story.also} for story in stories]
    gold = [story for story, ids in zip(stories, found, strict=True) if case.gold in ids]
    same = {story.article_id: case.gold for story in gold}
    return _Found(
        {
            **{leg: [id_ == case.gold for id_ in ids] for leg, ids in articles.items()},
            "fused": [case.gold in ids for ids in found],
        },
        {
            leg: [
                same.get(chunk.article_id, chunk.article_id) == case.gold
                and questions.holds(chunk.text, case.answers[case.article_language])
                for chunk in chunks
            ]
            for leg, chunks in passages.items()
        },
        seconds,
        languages.count(case.question.language) / len(languages) if case.twins and languages else None,
        all(any(twin in ids for ids in found[:_TOP]) for twin in case.twins) if case.twins else None,
        _held(case, same, rank(snapshot, case.question, stories)),
        _held(case, same, rank(snapshot, case.question, gold)) if gold else None,
    )


def _legs(snapshot: Snapshot, case: Case, vector: NDArray[np.float32]) -> dict[str, list[Chunk]]:
    """Return what each leg finds alone: by vectors in both languages, by words in the question's."""
    without = snapshot.article_numbers(case.withheld)
    terms = snapshot.terms(analyse(case.question.text))
    dense: list[tuple[float, int]] = []
    lexical: list[tuple[float, int]] = []
    for language, shelf in snapshot.shelves.items():
        allowed = shelf.allowed(None, None, without)
        dense += _numbered(shelf, *shelf.near(vector, _DEPTH, allowed))
        if language == case.question.language:
            lexical += _numbered(shelf, *shelf.holding(terms, _DEPTH, allowed))
    return {
        leg: snapshot.chunks(number for _, number in sorted(found, reverse=True)[:_DEPTH])
        for leg, found in (("dense", dense), ("lexical", lexical))
    }


def _numbered(shelf: Shelf, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> list[tuple[float, int]]:
    return list(zip(scores.tolist(), shelf.numbers[rows].tolist(), strict=True))


def _held(case: Case, same: Mapping[str, str], evidence: Sequence[Evidence]) -> list[bool]:
    """Return for each piece of evidence whether it holds the answer, in whichever language it answers."""
    return [
        any(
            same.get(item.article_id, item.article_id) == document
            and questions.holds(item.text, case.answers[language])
            for language, document in case.documents.items()
        )
        for item in evidence
    ]


def _summary(found: Sequence[_Found]) -> dict[str, Any]:
    in_article = [f.evidence_in_article for f in found if f.evidence_in_article is not None]
    return {
        "questions": len(found),
        "articles": {leg: _measures([f.articles[leg] for f in found]) for leg in found[0].articles},
        "passages": {leg: _measures([f.passages[leg] for f in found]) for leg in found[0].passages},
        "milliseconds": round(1000 * float(np.median([f.seconds for f in found])), 2),
        "balance": {
            "own_language_in_top_5": _mean(f.own_language for f in found),
            "both_twins_in_top_5": _mean(f.twins for f in found),
        },
        "evidence": {f"best_{n}": _mean(any(f.evidence[:n]) for f in found) for n in (1, EVIDENCE)},
        "evidence_in_the_right_article": {f"best_{n}": _mean(any(f[:n]) for f in in_article) for n in (1, EVIDENCE)},
    }


def table(measured: Sequence[Mapping[str, Any]]) -> str:
    """Return what was measured as two tables of plain text: what is found, and what follows from it."""
    names = list(measured[0]["articles"]["fused"])
    rows = [["set", "direction", "asked", "leg", *names, "|", *names]]
    rows += [
        [
            m["set"],
            m["direction"],
            str(m["questions"]),
            leg,
            *_shown(m["articles"][leg]),
            "|",
            *_shown(m["passages"][leg]),
        ]
        for m in measured
        for leg in m["articles"]
    ]
    other = [["set", "direction", "ms", "own language", "twins", "evidence 1", "4", "in the right article 1", "4"]]
    other += [
        [
            *(m["set"], m["direction"], f"{m['milliseconds']:.1f}", *_shown(m["balance"])),
            *(*_shown(m["evidence"]), *_shown(m["evidence_in_the_right_article"])),
        ]
        for m in measured
    ]
    return "\n".join(
        [
            "Articles found | passages found that hold the answer",
            *aligned(rows),
            "",
            "Median milliseconds of a search; top 5: share in the question's language, both twins; evidence: best 1, 4",
            *aligned(other),
        ]
    )


def _shown(values: Mapping[str, float | None]) -> list[str]:
    return ["-" if value is None else f"{value:.3f}" for value in values.values()]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines of equal columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _measures(rankings: Sequence[Sequence[bool]]) -> dict[str, float]:
    """Return Recall@1, 5, 10, MRR@10 and nDCG@10 of rankings that say of each place whether it is right.

    One thing is looked for: of several right places the first counts, the others are not there.
    """
    import ir_measures
    from ir_measures import RR, Success, nDCG

    names = {"R@1": Success @ 1, "R@5": Success @ 5, "R@10": Success @ 10, "MRR@10": RR @ 10, "nDCG@10": nDCG @ 10}
    qrels, run = {}, {}
    for number, ranking in enumerate(rankings):
        first = ranking.index(True) if True in ranking else None
        places = [place for place, right in enumerate(ranking) if not right or place == first]
        qrels[str(number)] = {"gold": 1}
        run[str(number)] = {"gold" if place == first else str(place): float(-place) for place in places} or {"": 0.0}
    values = ir_measures.calc_aggregate(list(names.values()), qrels, run)
    return {name: round(values[measure], 4) for name, measure in names.items()}


def _mean(values: Iterable[float | bool | None]) -> float | None:
    told = [float(value) for value in values if value is not None]
    return round(sum(told) / len(told), 4) if told else None


def _question_vectors(
    texts: Sequence[str], path: Path, embedder: Callable[[], Embedder], progress: Progress
) -> dict[str, NDArray[np.float32]]:
    vectors: dict[str, NDArray[np.float32]] = {}
    if path.exists():
        with np.load(path) as kept:
            vectors = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))
    new = [text for text in texts if text not in vectors]
    for start in range(0, len(new), 64):
        batch = new[start : start + 64]
        vectors |= dict(zip(batch, embedder().questions(batch), strict=True))
        progress(start + len(batch), len(new))
    if new:
        np.savez(path, texts=np.array(list(vectors)), vectors=np.stack(list(vectors.values())))
    return vectors


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
