"""An answer as lines of plain text, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from qa.interfaces.formatting.layout import AnswerLayout, Segment, SourceBlock, layout_answer
from qa.interfaces.i18n import load_words
from qa.types import Answer

Line = tuple[Segment, ...]

_SPACE = Segment(" ", "separator")
_INDENT = Segment("    ", "separator")
_BULLET = Segment("-", "separator")


def answer_as_json(answer: Answer) -> str:
    """Return the answer as one JSON object: the contract of `ask --json`."""
    return json.dumps(asdict(answer), ensure_ascii=False)


def answer_as_text(answer: Answer) -> str:
    """Return the answer and its sources as plain text for a terminal or a pipe of this computer."""
    return _join(text_lines(layout_answer(answer, load_words(answer.language))))


def answer_as_shareable_text(answer: Answer) -> str:
    """Return the answer and its sources as plain text that names no place on this computer."""
    return _join(text_lines(layout_answer(answer, load_words(answer.language)), shareable=True))


def text_lines(layout: AnswerLayout, *, shareable: bool = False) -> Iterator[Line]:
    """Yield an answer and its sources line by line; text of an article may hold line breaks of its own.

    A source is named by the path of its file, or in a `shareable` text by its outlet and its address of the web.
    """
    yield answer_line(layout)
    for note in layout.notes:
        yield Segment("(", "separator"), *note.short, Segment(")", "separator")
    yield from _unsupported_lines(layout)
    if layout.closest:
        yield ()
        yield (layout.closest.heading.wrapped("", ":"),)
        for source in layout.closest.sources:
            yield from _source_lines(source, shareable)
    if layout.sources:
        yield ()
        for source in layout.sources.sources:
            yield from _source_lines(source, shareable)


def answer_line(layout: AnswerLayout) -> Line:
    """Return the sentences of an answer with their markers, or its refusal, as one line."""
    if layout.refusal:
        return (layout.refusal,)
    line: list[Segment] = []
    for block in layout.sentences:
        if line:
            line.append(_SPACE)
        line.append(block.text)
        for reference in block.references:
            line += [_SPACE, reference.marker.wrapped("[", "]")]
    return tuple(line)


def _join(lines: Iterator[Line]) -> str:
    return "\n".join("".join(segment.text for segment in line) for line in lines)


def _unsupported_lines(layout: AnswerLayout) -> Iterator[Line]:
    for block in layout.sentences:
        for warning in block.warnings:
            if warning.kind == "unsupported":
                yield Segment("".join(part.text for part in warning.short) + ": ", "warning"), block.text


def _source_lines(source: SourceBlock, shareable: bool) -> Iterator[Line]:
    yield source.number.wrapped("[", "]") if source.number else _BULLET, _SPACE, *_source_heading(source, shareable)
    yield _INDENT, source.quote.wrapped("«", "»")
    if source.also:
        yield _INDENT, source.also.label.wrapped("", ": "), *_separated("; ", source.also.outlets)


def _source_heading(source: SourceBlock, shareable: bool) -> Line:
    details = source.public_details() if shareable else (source.day, *source.details, source.path)
    known = (part for part in (source.title, *details) if part.text and part.role != "no_day")
    return _separated(" · ", tuple(known))


def _separated(separator: str, parts: Line) -> Line:
    """Return the parts with a separator between each two."""
    separated = [piece for part in parts for piece in (Segment(separator, "separator"), part)]
    return tuple(separated[1:])
