"""What was asked and answered in this chat, and in those before?

The chats lie in the reader's browser and nowhere else. What comes back from there is read as it would be from a
stranger: what is not a chat is left out.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from qa.conversation import MEMORY, Exchange
from qa.types import Answer

Verdict = Literal["", "up", "down"]
_TALKS = 50  # chats that are read: a browser keeps no more


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer, or the `problem` that came in its place."""

    question: str
    answer: Answer | None = None
    problem: str = ""
    verdict: Verdict = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """A chat; `started` is an ISO time."""

    id: str
    started: str
    turns: tuple[Turn, ...] = ()

    @property
    def title(self) -> str:
        """Return what it began with."""
        return self.turns[0].question if self.turns else ""


_TALK = TypeAdapter(Talk)


EMPTY = Talk("", "")


def begun(talk: Talk) -> Talk:
    """Return the chat, with a name of its own if it is the empty one."""
    return talk if talk.id else Talk(secrets.token_hex(8), datetime.now(UTC).isoformat(timespec="seconds"))


def with_turn(talk: Talk, turn: Turn) -> Talk:
    """Return the chat with one more turn."""
    return replace(talk, turns=(*talk.turns, turn))


def cut(talk: Talk, number: int | None) -> Talk:
    """Return the chat without turn `number` (from 0) and what came after it; None leaves it whole."""
    return talk if number is None else replace(talk, turns=talk.turns[:number])


def rated(talk: Talk, number: int, verdict: Verdict) -> Talk:
    """Return the chat with a verdict on one of its turns."""
    turns = list(talk.turns)
    turns[number] = replace(turns[number], verdict=verdict)
    return replace(talk, turns=tuple(turns))


def exchanges(talk: Talk) -> tuple[Exchange, ...]:
    """Return what a follow-up may lean on: the last questions that were answered or refused."""
    answers = [turn.answer for turn in talk.turns if turn.answer is not None]
    return tuple(Exchange(answer.question, answer.text if answer.sentences else "") for answer in answers[-MEMORY:])


def load(kept: Any) -> tuple[Talk, ...]:
    """Return the chats that a browser kept (`script.js`), the last one first, from JSON."""
    try:
        found = json.loads(kept)
    except (TypeError, ValueError):
        return ()
    return tuple(_talks(found if isinstance(found, list) else [found]))


def _talks(found: Sequence[Any]) -> Iterator[Talk]:
    for one in found[:_TALKS]:
        try:
            yield _TALK.validate_python(one)
        except ValidationError:
            continue


def dump(talk: Talk) -> str:
    """Return a chat as JSON, for the browser to keep."""
    return json.dumps(asdict(talk), ensure_ascii=False)
