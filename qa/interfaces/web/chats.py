"""Chats and their turns. Chats are stored in the reader's browser and nowhere else.

What comes back from the browser is validated like any other input: what is not a chat is left out.
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
_MAX_CHATS = 50  # that are read: a browser stores no more


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
        """The question it began with."""
        return self.turns[0].question if self.turns else ""

    @property
    def last_turn(self) -> Turn | None:
        """The last turn; None while nothing has been asked."""
        return self.turns[-1] if self.turns else None


EMPTY_CHAT = Chat("", "")
_CHAT_ADAPTER = TypeAdapter(Chat)


def start_chat(chat: Chat) -> Chat:
    """Return the chat, with an id of its own if it is the empty one."""
    return chat if chat.id else Chat(secrets.token_hex(8), datetime.now(UTC).isoformat(timespec="seconds"))


def append_turn(chat: Chat, turn: Turn) -> Chat:
    """Return the chat with one more turn."""
    return replace(chat, turns=(*chat.turns, turn))


def truncate_chat(chat: Chat, number: int | None) -> Chat:
    """Return the chat without turn `number` (from 0) and what came after it; None leaves it whole."""
    return chat if number is None else replace(chat, turns=chat.turns[:number])


def rate_turn(chat: Chat, number: int, verdict: Verdict) -> Chat:
    """Return the chat with a verdict on one of its turns."""
    turns = list(chat.turns)
    turns[number] = replace(turns[number], verdict=verdict)
    return replace(chat, turns=tuple(turns))


def chat_history(chat: Chat) -> tuple[Exchange, ...]:
    """Return what a follow-up may refer to: the last questions that were answered or refused."""
    answers = [turn.answer for turn in chat.turns if turn.answer is not None]
    return tuple(
        Exchange(answer.question, answer.text if answer.sentences else "") for answer in answers[-HISTORY_LENGTH:]
    )


def load_chats(stored: Any) -> tuple[Chat, ...]:
    """Return the chats that a browser stored (`script.js`), the newest first, from JSON."""
    try:
        items = json.loads(stored)
    except (TypeError, ValueError):
        return ()
    return tuple(_valid_chats(items if isinstance(items, list) else [items]))


def load_chat(stored: Any) -> Chat:
    """Return the first chat in what a browser stored; the empty one when there is none."""
    return next(iter(load_chats(stored)), EMPTY_CHAT)


def _valid_chats(items: Sequence[Any]) -> Iterator[Chat]:
    for item in items[:_MAX_CHATS]:
        try:
            yield _CHAT_ADAPTER.validate_python(item)
        except ValidationError:
            continue


def dump_chat(chat: Chat) -> str:
    """Return a chat as JSON, for the browser to store."""
    return json.dumps(asdict(chat), ensure_ascii=False)
