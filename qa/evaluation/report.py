"""Measures as tables of plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def retrieval_table(measured: Sequence[Mapping[str, Any]]) -> str:
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
            *align_columns(rows),
            "",
            "Median milliseconds of a search; top 5: share in the question's language, both twins; evidence: best 1, 4",
            *align_columns(other),
        ]
    )


def _shown(values: Mapping[str, float | None]) -> list[str]:
    return ["-" if value is None else f"{value:.3f}" for value in values.values()]


def align_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines of equal columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def answers_table(summaries: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return the measures of each system side by side as plain text."""
    rows = [["system", "direction", "asked", *_SHARES.values(), "F1", "evidence", "first word", "end", "tokens"]]
    for system, of_system in summaries.items():
        for row in of_system:
            shares = [_interval(row[name]) for name in _SHARES]
            numbers = [row["f1"], *row["seconds"].values(), row["prompt_tokens"]]
            shown = ["-" if number is None else f"{number:.2f}" for number in numbers]
            rows.append([system, row["direction"], str(row["questions"]), *shares, *shown])
    return "\n".join(align_columns(rows))


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
