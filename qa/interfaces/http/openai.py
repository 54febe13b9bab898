"""The routes that speak the API of OpenAI."""

from __future__ import annotations

import math
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from fastapi import APIRouter, Response

from index.errors import MujibError, UsageError
from qa.interfaces.formatting import answer_as_text
from qa.interfaces.http.events import Events, event_response, json_event, text_event
from qa.interfaces.http.schemas import MODEL, ChatMessage, CompletionRequest, EarlierExchange, as_history
from qa.pipeline import last_answer
from qa.service import Mujib
from qa.types import Answer, Event
from qa.understanding.validation import MAX_CHARACTERS

IGNORED_HEADER = "X-Mujib-Ignored"
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")  # of a field that may be repeated in a header
_IGNORED_ROLES = ("system", "developer")

# Characters that a token has, measured with the tokenizer of the default answering model (Qwen 2.5) on an English
# text of 8,000 characters (3.9) and an Arabic one of 3,000 (2.9).
_ASCII_CHARACTERS_PER_TOKEN = 4
_OTHER_CHARACTERS_PER_TOKEN = 3


def openai_routes(mujib: Callable[[], Mujib]) -> APIRouter:
    """Return the routes `/models` and `/chat/completions`."""
    routes = APIRouter()

    @routes.get("/models")
    def models() -> Any:
        """Name the one model that a client can choose."""
        return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]}

    @routes.post("/chat/completions")
    def complete(body: CompletionRequest, response: Response) -> Any:
        """Answer the last message as OpenAI's API does. Only what is checked is sent, also when it is streamed.

        Fields that set how a model writes (`max_tokens`, `temperature`, ...) and system messages are accepted but
        have no effect; the header `X-Mujib-Ignored` of the response names those that were given. `usage` is an
        estimate of the tokens of the messages and of the answer: a token for each 4 ASCII and each 3 other characters.
        """
        messages = [message for message in body.messages if message.role in {"user", "assistant"}]
        if not messages or messages[-1].role != "user":
            raise UsageError("the last message is not the user's. Put the question there.")
        disconnected = threading.Event()
        history = as_history(_pair_messages(messages[:-1]))
        events = mujib().stream(messages[-1].text, history=history, cancelled=disconnected.is_set)
        ignored = ignored_fields(body)
        headers = {IGNORED_HEADER: ", ".join(ignored)} if ignored else {}
        completion = _Completion("\n".join(message.text for message in body.messages))
        if body.stream:
            with_usage = body.stream_options is not None and body.stream_options.include_usage
            return event_response(_encode_chunks(completion, events, with_usage), disconnected, headers)
        response.headers.update(headers)
        return completion.whole(last_answer(events))

    return routes


def ignored_fields(body: CompletionRequest) -> list[str]:
    """Return the names of what was given but has no effect."""
    fields = sorted(name for name in body.model_extra or {} if _FIELD_NAME.fullmatch(name))
    return fields + [role for role in _IGNORED_ROLES if any(message.role == role for message in body.messages)]


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has."""
    in_ascii = sum(map(str.isascii, text))
    return math.ceil(in_ascii / _ASCII_CHARACTERS_PER_TOKEN + (len(text) - in_ascii) / _OTHER_CHARACTERS_PER_TOKEN)


def _pair_messages(messages: list[ChatMessage]) -> list[EarlierExchange]:
    """Return the questions of a conversation, each with its answer."""
    exchanges: list[EarlierExchange] = []
    for message in messages:
        if message.role == "user":
            exchanges.append(EarlierExchange(question=message.text[:MAX_CHARACTERS]))
        elif exchanges:
            exchanges[-1] = EarlierExchange(question=exchanges[-1].question, answer=message.text)
    return exchanges


@dataclass(frozen=True)
class _Completion:
    """One completion: its `prompt`, its id and its time, in which an answer is wrapped."""

    prompt: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, answer: Answer) -> dict[str, Any]:
        """Return the answer as one object."""
        message = {"role": "assistant", "content": answer_as_text(answer)}
        choice = {"index": 0, "message": message, "finish_reason": _finish_reason(answer), "logprobs": None}
        head = self._head("chat.completion")
        return {**head, "choices": [choice], "usage": self.usage(answer), "mujib": asdict(answer)}

    def chunks(self, answer: Answer, *, with_usage: bool) -> Iterator[dict[str, Any]]:
        """Yield the answer in the pieces in which OpenAI's API streams: line by line, at last the usage if wanted."""
        head = self._head("chat.completion.chunk")
        lines = answer_as_text(answer).splitlines(keepends=True)
        deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}, *({"content": line} for line in lines)]
        for delta in deltas:
            yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": _finish_reason(answer)}]}
        if with_usage:
            yield {**head, "choices": [], "usage": self.usage(answer)}

    def usage(self, answer: Answer) -> dict[str, int]:
        """Return the estimated tokens of the prompt and of the answer."""
        prompt, completion = estimate_tokens(self.prompt), estimate_tokens(answer_as_text(answer))
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL}


def _finish_reason(answer: Answer) -> str:
    return "length" if answer.status == "cut" else "stop"


def _encode_chunks(completion: _Completion, events: Iterator[Event], with_usage: bool) -> Events:
    try:
        for chunk in completion.chunks(last_answer(events), with_usage=with_usage):
            yield json_event(chunk)
    except MujibError as error:
        yield json_event({"error": {"message": str(error)}})
    yield text_event("[DONE]")
