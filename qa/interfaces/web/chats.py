"""The turns of a chat. Chats lie in the reader's browser and nowhere else.

What comes back from there is read as it would be from a stranger: what is not a chat is left out.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from qa.types import Answer, Exchange
from qa.understanding.followups import HISTORY_LENGTH

Verdict = Literal["", "up", "down"]
_MAX_CHATS = 50  # chats that are read: a browser keeps no more


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer, or the `problem` that came in its place."""

    question: str
    answer: Answer | None = None
    problem: str = ""
    verdict: Verdict = ""


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat; `started` is an ISO time."""

    id: str
    started: str
    turns: tuple[Turn, ...] = ()

    @property
    def title(self) -> str:
        """Return what it began with."""
        return self.turns[0].question if self.turns else ""


_CHAT_ADAPTER = TypeAdapter(Chat)


EMPTY_CHAT = Chat("", "")


def start_chat(talk: Chat) -> Chat:
    """Return the chat, with a name of its own if it is the empty one."""
    return talk if talk.id else Chat(secrets.token_hex(8), datetime.now(UTC).isoformat(timespec="seconds"))


def append_turn(talk: Chat, turn: Turn) -> Chat:
    """Return the chat with one more turn."""
    return replace(talk, turns=(*talk.turns, turn))


def truncate_chat(talk: Chat, number: int | None) -> Chat:
    """Return the chat without turn `number` (from 0) and what came after it; None leaves it whole."""
    return talk if number is None else replace(talk, turns=talk.turns[:number])


def rate_turn(talk: Chat, number: int, verdict: Verdict) -> Chat:
    """Return the chat with a verdict on one of its turns."""
    turns = list(talk.turns)
    turns[number] = replace(turns[number], verdict=verdict)
    return replace(talk, turns=tuple(turns))


def chat_history(talk: Chat) -> tuple[Exchange, ...]:
    """Return what a follow-up may lean on: the last questions that were answered or refused."""
    answers = [turn.answer for turn in talk.turns if turn.answer is not None]
    return tuple(
        Exchange(answer.question, answer.text if answer.sentences else "") for answer in answers[-HISTORY_LENGTH:]
    )


def load_chats(kept: Any) -> tuple[Chat, ...]:
    """Return the chats that a browser kept (`script.js`), the last one first, from JSON."""
    try:
        found = json.loads(kept)
    except (TypeError, ValueError):
        return ()
    return tuple(_valid_chats(found if isinstance(found, list) else [found]))


def _valid_chats(found: Sequence[Any]) -> Iterator[Chat]:
    for one in found[:_MAX_CHATS]:
        try:
            yield _CHAT_ADAPTER.validate_python(one)
        except ValidationError:
            continue


def dump_chat(talk: Chat) -> str:
    """Return a chat as JSON, for the browser to keep."""
    return json.dumps(asdict(talk), ensure_ascii=False)
