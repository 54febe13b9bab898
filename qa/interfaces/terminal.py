"""Paints an answer on a terminal, each line in its own direction.

Terminals differ in what they know of direction. VTE (GNOME, Xfce) and mintty follow the recommendation "BiDi in
Terminal Emulators": an escape sequence (SCP) tells the direction of a line, and a mark at its beginning is lost. Others
take the direction of the first letter, which a mark decides. Isolates keep the order of the parts within a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.segment import ControlType, Segment, Segments
from rich.spinner import Spinner
from rich.text import Text

from index.text.normalize import clean_text, one_line
from qa.interfaces.formatting import answer_as_text, text_direction
from qa.types import Answer, DraftGrown, Event, Sentence, SentencesChecked

_LEFT_TO_RIGHT, _RIGHT_TO_LEFT = "\u200e", "\u200f"  # marks
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"
_ISOLATED = re.compile(f"{_ISOLATE}[^{_END_OF_ISOLATE}]*{_END_OF_ISOLATE}")
# What a terminal would obey: controls, and bidi embeddings, overrides and isolates, of which only ours may be there.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_NUMBER, _TITLE, _PATH, _WARNING, _UNCHECKED = "cyan", "bold", "dim", "yellow", "dim"
_Part = tuple[str, str | None]  # a text and its style; None is what stands between parts that keep their own direction


def supports_styling(console: Console) -> bool:
    """Return whether a console is a terminal that takes colours and what moves; else it is written to plainly."""
    told = console.is_terminal and not console.is_dumb_terminal and not console.no_color
    return told and console.file.isatty()  # with FORCE_COLOR rich takes a pipe for a terminal


def follow_answer(console: Console, events: Iterable[Event]) -> Answer:
    """Show an answer while it is written, take it off the screen again, and return it."""
    checked: Sequence[Sentence] = ()
    try:
        with Live(
            Spinner("dots", "…", style="status.spinner"), console=console, transient=True, refresh_per_second=10
        ) as live:
            for event in events:
                match event:
                    case Answer():
                        return event
                    case SentencesChecked(sentences):
                        checked = sentences
                        live.update(_Growing(_joined(_written(checked, ""))))
                    case DraftGrown(text) if text.strip():
                        live.update(_Growing(_joined(_written(checked, text))))
    finally:
        console.print(Segments([_character_path(0)]), end="")
    raise AssertionError("a stream of events ends with the answer")


def print_answer(console: Console, answer: Answer) -> None:
    """Write an answer and its sources, in the words of `render.as_text`."""
    _print(console, _lines(answer))


def print_question(console: Console, text: str) -> None:
    """Write a question above its answer."""
    _print(console, [_joined([("? ", None), (_safe(text), _TITLE)])])


def _print(console: Console, lines: Iterable[Text]) -> None:
    """Write lines that the terminal itself wraps, so that they can be copied and follow its width."""
    console.print(_Lines(tuple(lines)), soft_wrap=True, end="")


def _written(checked: Sequence[Sentence], draft: str) -> Iterator[_Part]:
    """Yield what is written so far, its citations numbered as they will be in the answer: as they are met."""
    numbers = list(dict.fromkeys(number for sentence in checked for number in sentence.citations))
    for sentence in checked:
        yield _safe(sentence.text), _style(sentence)
        for number in sentence.citations:
            yield " ", None
            yield f"[{numbers.index(number) + 1}]", _NUMBER
        yield " ", None
    yield _safe(one_line(clean_text(draft))), _UNCHECKED


def _style(sentence: Sentence) -> str:
    return "" if sentence.support == "supported" else _WARNING


def _lines(answer: Answer) -> Iterator[Text]:
    """Yield the lines of `render.as_text`, with the parts of an answer in them found again."""
    numbers = {f"[{citation.number}]": _NUMBER for citation in answer.citations}
    said = numbers | {sentence.text: _style(sentence) for sentence in answer.sentences}
    told = numbers | dict.fromkeys((answer.asked, answer.since or "", answer.until or ""), "")
    for citation in (*answer.citations, *answer.closest):
        told |= {f"«{citation.quote}»": "", citation.published or "": "", citation.title: _TITLE, citation.path: _PATH}
        told |= dict.fromkeys(citation.also, _PATH)
    doubtful = tuple(sentence.text for sentence in answer.sentences if sentence.support == "unsupported")
    for number, line in enumerate(answer_as_text(answer).split("\n")):
        if number <= answer.text.count("\n"):
            yield _joined(_parts(line, said), _WARNING if answer.status == "no_evidence" else "")
        elif line.endswith(doubtful):
            yield _joined(_parts(line, said), _WARNING)
        else:
            yield _joined(_parts(line, told), _TITLE if line.endswith(":") else "")


def _parts(line: str, styles: Mapping[str, str]) -> Iterator[_Part]:
    """Yield a line as those of its parts that have a style, the longest where there are two, and what is between."""
    found = {_safe(part): style for part, style in styles.items() if part}
    longest_first = sorted(found, key=len, reverse=True)
    for piece in re.split(f"({'|'.join(map(re.escape, longest_first)) or '(?!)'})", _safe(line)):
        yield piece, found.get(piece)


def _safe(text: str) -> str:
    """Return text in which nothing is left that a terminal obeys, whoever wrote it."""
    return _OBEYED.sub("\ufffd", text)


def _joined(parts: Iterable[_Part], style: str = "") -> Text:
    """Return the parts as one line, in which each keeps its place and its direction."""
    parts = [(text, own) for text, own in parts if text]
    line = "".join(text for text, _ in parts)
    return Text.assemble(
        *((text if own is None else isolate(text, line), own or "") for text, own in parts), style=style
    )


def isolate(part: str, line: str) -> str:
    """Return a part of a line in an isolate, with the direction of most of its letters; bare if it only has the line's.

    A number has none of its own: it would join what stands before it.
    """
    if True not in _directions(line) or set(_directions(part)) == {_is_right_to_left(line)}:
        return part
    return f"{_ISOLATE}{direction_mark(part, part)}{part}{_END_OF_ISOLATE}"


def direction_mark(line: str, whole: str) -> str:
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
            yield from _directed([line], line.plain, turned=turned)
        if turned:
            yield _character_path(0)


@dataclass(frozen=True, slots=True)
class _Growing:
    """A text that grows: its last rows, as many as the terminal has."""

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = self.text.wrap(console, options.max_width)[-max(1, options.size.height - 1) :]
        yield from _directed(rows, self.text.plain, turned=True in _directions(self.text.plain))


def _directed(rows: Iterable[Text], whole: str, *, turned: bool) -> Iterator[RenderableType | Segment]:
    """Yield rows, each with the direction of most letters of the `whole`."""
    for row in rows:
        if turned:
            yield _character_path(2 if _is_right_to_left(whole) else 1)
        yield Text.assemble(direction_mark(row.plain, whole), row)


def _character_path(path: int) -> Segment:
    """Return SCP: from here on lines run from left to right (1), right to left (2), or as the terminal likes (0)."""
    return Segment(f"\x1b[{path} k", None, [(ControlType.HOME,)])  # any control type: rich knows none for it
