"""A model behind an OpenAI-compatible server. The only importer of httpx and httpx_sse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from qa.errors import GenerationError
from qa.generation.base import POLL_SECONDS, Cancelled, ReplyCutError, run_in_background
from qa.types import Prompt

if TYPE_CHECKING:
    import httpx

    from qa.settings import Settings

_OTHER_API = "the server's reply is not that of an OpenAI-compatible one."


class ServerGenerator:
    """A model behind an OpenAI-compatible server that the user has named in the settings."""

    def __init__(self, settings: Settings) -> None:
        """Take the server's address; nothing is sent yet."""
        self._url = f"{(settings.server_url or '').rstrip('/')}/chat/completions"
        self._model = settings.server_model
        self._limit = settings.answer_tokens
        self._timeout = settings.deadline_seconds
        self._headers = {}
        if key := settings.server_key.get_secret_value():
            self._headers["Authorization"] = f"Bearer {key}"
        self.identity = f"{settings.server_model}@{settings.server_url}"

    def count(self, prompt: Prompt) -> int:
        """See `Generator.count`: its tokens are not known here, four characters are taken for one."""
        return sum(len(turn.text) for turn in prompt.messages) // 4

    def stream(self, prompt: Prompt, cancelled: Cancelled) -> Iterator[str]:
        """See `Generator.stream`. Such a server cannot be held to `copy_from`: the check of the draft remains."""
        import httpx

        body = {
            "model": self._model,
            "messages": [
                {"role": turn.role, "content": _neutralize_control_tokens(turn.text)} for turn in prompt.messages
            ],
            "temperature": prompt.temperature,
            "max_tokens": self._limit,
            "stream": True,
        }
        pieces: SimpleQueue[str | None] = SimpleQueue()
        client = httpx.Client(headers=self._headers, timeout=self._timeout)
        reading = run_in_background(lambda: self._read(client, body, pieces))  # a slow server need not be waited for
        try:
            while (piece := _next_piece(pieces, cancelled)) is not None:
                yield piece
            reading.result()
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise GenerationError(
                f"the server at {self._url} cannot be used ({reason}). Start it, or unset MUJIB_SERVER_URL."
            ) from None
        finally:
            client.close()

    def _read(self, client: Any, body: Any, pieces: SimpleQueue[str | None]) -> None:
        """Put the pieces of the server's reply into `pieces`, and None at its end, whatever that is."""
        try:
            with client.stream("POST", self._url, json=body) as response:
                if response.is_error:
                    raise GenerationError(f"the server at {self._url} answered {response.status_code}. Check it.")
                for piece in _parse_events(response):
                    pieces.put(piece)
        finally:
            pieces.put(None)


# How models write their control tokens. A server makes real ones of them wherever they stand in a message.
_CONTROL = re.compile(
    r"<(\|[^<>|]{1,40}\||/?s|(?:start|end)_of_turn|bos|eos|unk|pad)>|\[(/?INST|/?SYS)\]", re.IGNORECASE
)


def _neutralize_control_tokens(text: str) -> str:
    """Return a text in which nothing is a control token, whatever the server's tokeniser takes for one."""
    return _CONTROL.sub(lambda match: f"‹{match[1] or match[2]}›", text)


def _next_piece(pieces: SimpleQueue[str | None], cancelled: Cancelled) -> str | None:
    while True:
        if cancelled():
            raise ReplyCutError
        try:
            return pieces.get(timeout=POLL_SECONDS)
        except Empty:
            continue


def _parse_events(response: httpx.Response) -> Iterator[str]:
    """Yield the text in a stream of server-sent events.

    Raises `GenerationError` when it is not one, `ReplyCutError` when the server ended the reply at its most tokens.
    """
    from httpx_sse import EventSource, SSEError

    response.headers.setdefault("Content-Type", "text/event-stream")  # not every server names it
    try:
        for event in EventSource(response).iter_sse():
            if event.data == "[DONE]":
                return
            if event.data:
                content, reason = _parse_chunk(event.data)
                if content:
                    yield content
                if reason == "length":
                    raise ReplyCutError
    except SSEError:
        raise GenerationError(_OTHER_API) from None


def _parse_chunk(data: str) -> tuple[str | None, str | None]:
    """Return the text of one event, and why the reply ends with it, if it does."""
    try:
        choices = json.loads(data)["choices"]
        if not choices:
            return None, None
        return choices[0]["delta"].get("content"), choices[0].get("finish_reason")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise GenerationError(_OTHER_API) from None
