"""What the page shows between a question and its answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from index.errors import MujibError
from qa.generation.base import Cancelled
from qa.interfaces.formatting import layout_checked
from qa.interfaces.i18n import Words, error_message, progress_message
from qa.interfaces.web.chats import Chat, Turn, chat_history
from qa.interfaces.web.startup import Startup
from qa.interfaces.web.views import LiveAnswer
from qa.types import Answer, Citation, Event, EvidenceFound, SentencesChecked

_logger = logging.getLogger("mujib.web")
_POLL_SECONDS = 0.2  # between two checks of a start that a question waits for


@dataclass(frozen=True, slots=True)
class NearestFound:
    """The sentences nearest to the question, before there is an answer."""

    citations: tuple[Citation, ...]


StreamedTurn = LiveAnswer | NearestFound | Turn


def stream_turn(startup: Startup, words: Words, text: str, chat: Chat, cancelled: Cancelled) -> Iterator[StreamedTurn]:
    """Yield what is shown while `text` is answered after the chat so far, and at last the finished turn.

    Whatever goes wrong becomes a turn that names it: the page goes on.
    """
    try:
        yield from _stream_answer(startup, words, text, chat, cancelled)
    except MujibError as error:
        yield Turn(text, problem=error_message(error, words))
    except Exception:
        _logger.exception("a question could not be answered")
        yield Turn(text, problem=words["broken"])


def _stream_answer(
    startup: Startup, words: Words, text: str, chat: Chat, cancelled: Cancelled
) -> Iterator[StreamedTurn]:
    live = LiveAnswer(text, words["searching"])
    yield live
    yield from _wait_for_start(startup, replace(live, progress=words["not_yet"]), cancelled)
    for event in startup.mujib().stream(text, history=chat_history(chat), cancelled=cancelled):
        if isinstance(event, Answer):
            yield Turn(event.question, event)
            return
        if isinstance(event, EvidenceFound):
            yield NearestFound(event.nearest)
        shown, live = live, _next_live(live, event, words)
        if live != shown:
            yield live


def _next_live(live: LiveAnswer, event: Event, words: Words) -> LiveAnswer:
    """Return what is shown after an event. A draft changes nothing: it is not checked."""
    live = replace(live, progress=progress_message(event, words))
    if isinstance(event, SentencesChecked):
        return replace(live, layout=layout_checked(event, words))
    return live


def _wait_for_start(startup: Startup, waiting: LiveAnswer, cancelled: Cancelled) -> Iterator[LiveAnswer]:
    while startup.state.stage in {"loading", "fetching", "indexing"} and not cancelled():
        yield waiting
        time.sleep(_POLL_SECONDS)
