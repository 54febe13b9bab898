"""Server-sent events. The only importer of sse_starlette."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Generator, Mapping
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import iterate_in_threadpool
from starlette.types import Message

Events = Generator[ServerSentEvent, None, None]
_LINE_END = "\n"
_PING_SECONDS = 15  # after which a comment is sent, so that no proxy takes a stream for dead


def json_event(data: Any, name: str | None = None) -> ServerSentEvent:
    """Return an event whose data is JSON."""
    return text_event(json.dumps(data, ensure_ascii=False), name)


def text_event(text: str, name: str | None = None) -> ServerSentEvent:
    """Return an event whose data is a text."""
    return ServerSentEvent(text, event=name, sep=_LINE_END)


def event_response(
    events: Events, disconnected: threading.Event, headers: Mapping[str, str] | None = None
) -> EventSourceResponse:
    """Return a response that sends `events`, each made in a thread, while comments keep the connection alive.

    `disconnected` is set when the client is gone: what makes the events must then end them soon.
    """

    async def on_disconnect(_message: Message) -> None:
        disconnected.set()

    return EventSourceResponse(
        _iterate(events, disconnected),
        headers=headers,
        ping=_PING_SECONDS,
        sep=_LINE_END,
        client_close_handler_callable=on_disconnect,
    )


async def _iterate(events: Events, disconnected: threading.Event) -> AsyncIterator[ServerSentEvent]:
    """Yield the events, and close them at the end, also when that comes early."""
    try:
        async for event in iterate_in_threadpool(events):
            yield event
    finally:
        disconnected.set()
        events.close()
