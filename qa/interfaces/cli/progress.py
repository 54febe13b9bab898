"""What the commands show of their work: progress on standard error, reports of updates on standard output."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from qa.interfaces.cli.context import errors

if TYPE_CHECKING:
    from index.collection import ProgressCallback, UpdateReport
    from index.models.download import DownloadProgress

_LISTED_FILES = 20  # that a report names


@contextmanager
def show_progress(what: str, quiet: bool) -> Iterator[ProgressCallback]:
    """Show how many passages are done: a bar on a terminal, a plain line now and then elsewhere."""
    if quiet:
        yield lambda _done, _total: None
    elif errors.is_terminal:
        with _progress_bar(what) as progress:
            yield progress
    else:
        yield _progress_lines(what)


@contextmanager
def _progress_bar(what: str) -> Iterator[ProgressCallback]:
    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=errors) as bar:
        task = bar.add_task(what, total=None, rate="")

        def show(done: int, total: int) -> None:
            speed = bar.tasks[task].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:.1f}/s" if speed else "")

        yield show


def _progress_lines(what: str) -> Callable[[int, int], None]:
    start = time.monotonic()

    def show(done: int, total: int) -> None:
        if total:
            errors.print(_progress_line(what, done, total, time.monotonic() - start))

    return show


def _progress_line(what: str, done: int, total: int, seconds: float) -> str:
    rate = done / seconds if seconds else 0.0
    left = f", {rate:.1f} a second, {(total - done) / rate:.0f} s left" if rate and done else ""
    return f"{what}: {done} of {total}{left}"


@contextmanager
def show_transfer() -> Iterator[DownloadProgress]:
    """Show how many bytes of a model are there: a bar on a terminal, plain lines elsewhere."""
    if not errors.is_terminal:
        yield lambda done, total, what: errors.print(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB: {what}")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)


def print_report(report: UpdateReport, as_json: bool, *, planned: bool = False) -> None:
    """Print what an update did, or with `planned` would do. Files that were not taken go to standard error."""
    if as_json:
        print(json.dumps(asdict(report), ensure_ascii=False))
        return
    for rejection in report.rejected:
        print(f"mujib: {rejection.path}: not taken: {rejection.reason}", file=sys.stderr)
    files = _changed_files(report.paths)
    if planned or len(files) <= _LISTED_FILES:
        for line in files[:_LISTED_FILES]:
            print(line)
    if planned and len(files) > _LISTED_FILES:
        print(f"... and {len(files) - _LISTED_FILES} more (all with --json)")
    print(_summary(report, planned))


def _changed_files(paths: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a line for each file, with how many of its articles are concerned when they are several."""
    lines = []
    for kind, of_articles in paths.items():
        for path, count in Counter(of_articles).items():
            lines.append(f"{kind}: {path} ({count} articles)" if count > 1 else f"{kind}: {path}")
    return lines


def _summary(report: UpdateReport, planned: bool) -> str:
    counts = {"added": report.added, "changed": report.changed, "moved": report.moved, "removed": report.removed}
    counts |= {"unchanged": report.unchanged, "rejected": len(report.rejected)}
    parts = [", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing to do"]
    if report.chunks:
        parts.append(f"of {report.chunks} passages {report.embedded} {'to embed' if planned else 'embedded'}")
    if not planned:
        parts.append(f"{report.seconds:.1f} s")
    return ("this would be done: " if planned else "") + "; ".join(parts)


def format_table(record: Mapping[str, object]) -> str:
    """Return a record as lines, each a field and its value."""
    return "\n".join(f"{name.replace('_', ' '):<16} {_format_value(value)}" for name, value in record.items())


def _format_value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return "-" if value is None else str(value)
