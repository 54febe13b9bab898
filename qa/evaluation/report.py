"""Metrics as tables of plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qa.evaluation.metrics import Share

# The shares of `summarize_answers`, and the heads of their columns.
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

_EVIDENCE_TITLE = (
    "Median milliseconds of a search; top 5: share in the question's language, both translations; evidence: best 1, 4"
)


def retrieval_table(measured: Sequence[Mapping[str, Any]]) -> str:
    """Return what `measure_retrieval` measured as two tables: what is found, and what follows from it."""
    return "\n".join(
        [
            "Articles found | passages found that hold the answer",
            *align_columns(_found_rows(measured)),
            "",
            _EVIDENCE_TITLE,
            *align_columns(_evidence_rows(measured)),
        ]
    )


def _found_rows(measured: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    names = list(measured[0]["articles"]["fused"])
    rows = [["set", "direction", "asked", "search", *names, "|", *names]]
    for group in measured:
        for kind, of_articles in group["articles"].items():
            head = [group["set"], group["direction"], str(group["questions"]), kind]
            rows.append([*head, *_cells(of_articles), "|", *_cells(group["passages"][kind])])
    return rows


def _evidence_rows(measured: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    balance = ["own language", "translations"]
    rows = [["set", "direction", "ms", *balance, "evidence 1", "4", "in the right article 1", "4"]]
    for group in measured:
        head = [group["set"], group["direction"], f"{group['milliseconds']:.1f}"]
        evidence = [*_cells(group["evidence"]), *_cells(group["evidence_in_the_right_article"])]
        rows.append([*head, *_cells(group["balance"]), *evidence])
    return rows


def _cells(values: Mapping[str, float | None]) -> list[str]:
    return ["-" if value is None else f"{value:.3f}" for value in values.values()]


def align_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines of equal columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def answers_table(summaries: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return the summaries of `summarize_answers` for each system, side by side."""
    rows = [["system", "direction", "asked", *_SHARES.values(), "F1", "evidence", "first word", "end", "tokens"]]
    for system, summary in summaries.items():
        for row in summary:
            shares = [_interval(row[name]) for name in _SHARES]
            numbers = [row["f1"], *row["seconds"].values(), row["prompt_tokens"]]
            cells = ["-" if number is None else f"{number:.2f}" for number in numbers]
            rows.append([system, row["direction"], str(row["questions"]), *shares, *cells])
    return "\n".join(align_columns(rows))


def _interval(share: Share | None) -> str:
    return "-" if share is None else f"{share[0]:.2f} ({share[1]:.2f}-{share[2]:.2f})"
