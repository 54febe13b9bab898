"""Paints an answer on a terminal, each line in its own direction.

Terminals differ in what they know of direction. VTE (GNOME, Xfce) and mintty follow the recommendation "BiDi in
Terminal Emulators": an escape sequence (SCP) tells the direction of a line, and a mark at its beginning is lost. Others
take the direction of the first letter, which a mark decides. Isolates keep the order of the parts within a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.segment import ControlType, Segments
from rich.segment import Segment as ConsoleSegment
from rich.spinner import Spinner
from rich.style import Style
from rich.text import Text

from qa.interfaces.formatting import (
    AnswerLayout,
    Segment,
    answer_line,
    layout_answer,
    layout_checked,
    text_direction,
    text_lines,
)
from qa.interfaces.i18n import Words, load_words, progress_message
from qa.types import Answer, Event, SentencesChecked

_LEFT_TO_RIGHT, _RIGHT_TO_LEFT = "\u200e", "\u200f"  # marks
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"
_ISOLATED = re.compile(f"{_ISOLATE}[^{_END_OF_ISOLATE}]*{_END_OF_ISOLATE}")
# What a terminal would obey: controls, and bidi embeddings, overrides and isolates, of which only ours may be there.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_STYLES = {
    "marker": "cyan",
    "title": "bold",
    "heading": "bold",
    "path": "dim",
    "copy": "dim",
    "unsupported": "yellow",
    "warning": "yellow",
    "refusal": "yellow",
}
_SPINNER = Spinner("dots")
_MARKED = Style(bold=True, underline=True)
# Roles of the text that gives a line its direction; a segment of any other role keeps its own within the line.
_IN_LINE = {"separator", "label", "note", "warning", "refusal", "heading"}


def supports_styling(console: Console) -> bool:
    """Return whether a console is a terminal that takes colours and what moves; else it is written to plainly."""
    capable = console.is_terminal and not console.is_dumb_terminal and not console.no_color
    return capable and console.file.isatty()  # with FORCE_COLOR rich takes a pipe for a terminal


def follow_answer(console: Console, events: Iterable[Event], words: Words) -> Answer:
    """Show the checked sentences of an answer while it is written, take them off the screen again, and return it.

    What the model drafts is not shown before it is checked: a reader could take an invented name for an answer.
    """
    growing = _GrowingAnswer(progress=words["searching"])
    try:
        with Live(growing, console=console, transient=True, refresh_per_second=10):
            for event in events:
                if isinstance(event, Answer):
                    return event
                if isinstance(event, SentencesChecked):
                    growing.text = _paint(answer_line(layout_checked(event, words)))
                growing.progress = progress_message(event, words)
    finally:
        console.print(Segments([_character_path(0)]), end="")
    raise AssertionError("a stream of events ends with the answer")


def print_answer(console: Console, answer: Answer) -> None:
    """Write an answer and its sources, in the words and lines of `answer_as_text`."""
    print_layout(console, layout_answer(answer, load_words(answer.language)))


def print_layout(console: Console, layout: AnswerLayout) -> None:
    """Write the layout of an answer; what is marked in it is bold and underlined."""
    _print(console, [row for line in text_lines(layout) for row in _split_rows(line)])


def print_question(console: Console, text: str) -> None:
    """Write a question above its answer."""
    _print(console, [(Segment("? ", "separator"), Segment(text, "title"))])


def _print(console: Console, lines: Iterable[Sequence[Segment]]) -> None:
    """Write lines that the terminal itself wraps, so that they can be copied and follow its width."""
    console.print(_Lines(tuple(_paint(line) for line in lines)), soft_wrap=True, end="")


def _split_rows(line: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Yield the rows of a line whose segments may hold line breaks."""
    row: list[Segment] = []
    for segment in line:
        first, *others = segment.lines()
        row.append(first)
        for other in others:
            yield row
            row = [other]
    yield row


def _paint(line: Sequence[Segment]) -> Text:
    """Return a line in which each segment has the style of its role, and keeps its place and its direction."""
    whole = "".join(_safe(segment.text) for segment in line)
    painted = Text()
    for segment in line:
        if segment.text:
            painted.append_text(_paint_segment(segment, whole))
    return painted


def _paint_segment(segment: Segment, line: str) -> Text:
    before, after = "", ""
    if segment.role not in _IN_LINE:
        before, after = _isolation(_safe(segment.text), line)
    text = Text(before, style=_STYLES.get(segment.role, ""))
    for piece, marked in segment.pieces():
        text.append(_safe(piece), _MARKED if marked else None)
    return text.append(after)


def _safe(text: str) -> str:
    """Return text in which nothing is left that a terminal obeys, whoever wrote it."""
    return _OBEYED.sub("\ufffd", text)


def _isolation(part: str, line: str) -> tuple[str, str]:
    """Return what isolates a part of a line, with the direction of most of its letters; nothing if it has the line's.

    A number has no direction of its own: it would join what stands before it.
    """
    if True not in _directions(line) or set(_directions(part)) == {_is_right_to_left(line)}:
        return "", ""
    return _ISOLATE + _direction_mark(part, part), _END_OF_ISOLATE


def _direction_mark(line: str, whole: str) -> str:
    """Return the mark that gives a line the direction that most letters of the `whole` have; none if it has it.

    A reader takes the direction of the first letter that is not in an isolate.
    """
    directions, right_to_left = _directions(_ISOLATED.sub("", line)), _is_right_to_left(whole)
    if True not in _directions(whole) or directions[:1] == [right_to_left]:
        return ""
    return _RIGHT_TO_LEFT if right_to_left else _LEFT_TO_RIGHT


def _is_right_to_left(text: str) -> bool:
    return text_direction(text) == "rtl"


def _directions(text: str) -> list[bool]:
    """Return of each letter whether it runs from right to left."""
    return [kind != "L" for kind in map(unicodedata.bidirectional, text) if kind in {"L", "R", "AL"}]


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines, each in the direction of most of its letters."""

    lines: Sequence[Text]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        turned = any(True in _directions(line.plain) for line in self.lines)
        for line in self.lines:
            yield from _directed(line, line.plain, turned=turned)
        if turned:
            yield _character_path(0)


class _GrowingAnswer:
    """What is checked of an answer, over what is going on: the last rows of both, as many as the terminal has."""

    def __init__(self, progress: str) -> None:
        self.text = Text()
        self.progress = progress

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        frame = _spinner_frame(console.get_time())
        status = Text.assemble((frame, "status.spinner"), " ", _safe(self.progress))
        lines = [line for line in (self.text, status) if line.plain]
        turned = any(True in _directions(line.plain) for line in lines)
        rows = [(row, line.plain) for line in lines for row in line.wrap(console, options.max_width)]
        for row, whole in rows[-max(1, options.size.height - 1) :]:
            yield from _directed(row, whole, turned=turned)


def _spinner_frame(seconds: float) -> str:
    return _SPINNER.frames[int(seconds * 1000 / _SPINNER.interval) % len(_SPINNER.frames)]


def _directed(row: Text, whole: str, *, turned: bool) -> Iterator[RenderableType | ConsoleSegment]:
    """Yield a row with the direction of most letters of the `whole` that it belongs to."""
    if turned:
        yield _character_path(2 if _is_right_to_left(whole) else 1)
    yield Text.assemble(_direction_mark(row.plain, whole), row)


def _character_path(path: int) -> ConsoleSegment:
    """Return SCP: from here on lines run from left to right (1), right to left (2), or as the terminal likes (0)."""
    # Any control type will do: rich knows none for it.
    return ConsoleSegment(f"\x1b[{path} k", None, [(ControlType.HOME,)])
