"""A chat as Markdown, in which a text stays the text it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from qa.interfaces.formatting import (
    AlsoReported,
    AnswerLayout,
    Note,
    Segment,
    SentenceBlock,
    SourceBlock,
    layout_answer,
)
from qa.interfaces.i18n import Words
from qa.interfaces.web.chats import Chat, Turn

# What could begin or end a mark anywhere in a line, by CommonMark; `<` and `&` because Markdown lets HTML through.
_MARKS = re.compile(r"([\\`*_{}\[\]<>&#|~$!])")
_OPENING = re.compile(r"^(\s*\d*)([-+=.)])")
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"


def chat_as_markdown(words: Words, chat: Chat) -> str:
    """Return a chat with its quoted evidence as Markdown. It names no place on this computer."""
    blocks = [block for turn in chat.turns for block in _turn_blocks(words, turn)]
    return "\n\n".join(["# " + words["title"], *blocks]) + "\n"


def _turn_blocks(words: Words, turn: Turn) -> Iterator[str]:
    yield "## " + _escape(turn.question)
    if turn.answer is None:
        yield _escape(turn.problem)
    else:
        yield layout_as_markdown(layout_answer(turn.answer, words))


def layout_as_markdown(layout: AnswerLayout) -> str:
    """Return the layout of an answer as blocks of Markdown; what is marked in it is strong."""
    return "\n\n".join(_answer_blocks(layout))


def _answer_blocks(layout: AnswerLayout) -> Iterator[str]:
    for note in layout.notes:
        if note.kind in {"understood", "days"}:
            yield _note(note)
        elif note.kind in {"quoted", "cut"}:  # a translation is named behind each sentence
            yield f"*{_note(note)}*"
    for block in layout.sentences:
        yield _sentence(block)
    if layout.refusal:
        yield _text(layout.refusal)
    if layout.closest:
        yield f"*{_text(layout.closest.heading)}:*"
    for sources in (layout.sources, layout.closest):
        for source in sources.sources if sources else ():
            yield from _source_blocks(source)


def _note(note: Note) -> str:
    isolated = any(segment.direction == "rtl" for segment in note.segments)
    return "".join(_text(part, isolated=isolated and part.role == "value") for part in note.segments)


def _sentence(block: SentenceBlock) -> str:
    parts = [_text(block.text)]
    for reference in block.references:
        parts.append(rf"\[{_text(reference.marker)}\]")
        if reference.day:
            parts.append(_text(reference.day, isolated=block.text.direction == "rtl"))
    parts += [f"*({_note(warning)})*" for warning in block.warnings]
    return " ".join(parts)


def _source_blocks(source: SourceBlock) -> Iterator[str]:
    number = rf"\[{_text(source.number)}\] " if source.number else ""
    yield number + _text(source.title)
    yield "\n".join("> " + _text(line) for line in source.quote.lines())
    yield _joined(" · ", source.public_details())
    if source.also:
        yield _also(source.also)


def _also(also: AlsoReported) -> str:
    return f"{_text(also.label)}: {_joined('; ', also.outlets)}"


def _joined(separator: str, parts: Iterable[Segment]) -> str:
    """Return the parts in one line; where one runs from right to left, each keeps its place in it."""
    parts = tuple(parts)
    isolated = any(part.direction == "rtl" for part in parts)
    return separator.join(_text(part, isolated=isolated) for part in parts)


def _text(segment: Segment, *, isolated: bool = False) -> str:
    pieces = ((_MARKS.sub(r"\\\1", piece.replace("\n", " ")), marked) for piece, marked in segment.pieces())
    text = _escape_opening("".join(f"**{piece}**" if marked else piece for piece, marked in pieces))
    return f"{_ISOLATE}{text}{_END_OF_ISOLATE}" if isolated else text


def _escape(text: str) -> str:
    """Return a text as one line of Markdown in which each mark is only a sign."""
    return _escape_opening(_MARKS.sub(r"\\\1", text.replace("\n", " ")))


def _escape_opening(line: str) -> str:
    """Return a line that opens no list and underlines no heading."""
    return _OPENING.sub(r"\1\\\2", line)
