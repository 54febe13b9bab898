"""The HTTP API."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from index.errors import BusyError, MujibError, UsageError
from qa.interfaces.formatting import answer_as_text
from qa.service import Mujib
from qa.types import Answer, DraftGrown, Event, EvidenceFound, Exchange, SentencesChecked, Waiting
from qa.understanding.followups import HISTORY_LENGTH
from qa.understanding.validation import MAX_CHARACTERS

MODEL = "mujib"
_AGAIN = "15"  # seconds after which a program that found no place may ask again

Language = Literal["auto", "ar", "en"]


class Before(BaseModel):
    """A question that was asked before, and the answer to it; empty when the articles did not say."""

    question: str = Field(max_length=MAX_CHARACTERS)
    answer: str = ""


class Ask(BaseModel):
    """A question."""

    question: str = Field(description="In Arabic or English.")
    language: Language = Field("auto", description="Of the answer; auto: the question's.")
    since: str | None = Field(None, description="Only articles published then or later: a day, a month or a year.")
    until: str | None = Field(None, description="Only articles published then or earlier.")
    history: list[Before] = Field([], description="The questions before this one, for a follow-up.")
    stream: bool = Field(False, description="Server-sent events: found, waiting, draft, checked, and at last answer.")


class Search(BaseModel):
    """What to look for."""

    query: str = Field(description="In Arabic or English.")
    k: int = Field(10, ge=1, le=50, description="Stories to give at most.")
    since: str | None = None
    until: str | None = None


class Message(BaseModel):
    """A message of a conversation, as OpenAI's API has it."""

    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        """Return the message's text, of all its parts."""
        if isinstance(self.content, list):
            return " ".join(str(part["text"]) for part in self.content if part.get("type") == "text" and "text" in part)
        return self.content or ""


class Completion(BaseModel):
    """A conversation whose last message is the question. Settings of the model's are not taken."""

    model: str = MODEL
    messages: list[Message]
    stream: bool = False


_BEARER = HTTPBearer(auto_error=False)


def build_api(mujib: Callable[[], Mujib], key: str = "") -> FastAPI:
    """Return the application; with a `key`, every request must carry it (`Authorization: Bearer KEY`).

    `mujib` is called for each request: what it raises while the models are still being loaded is told.
    """

    def allowed(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> None:
        if key and not (given and secrets.compare_digest(given.credentials.encode(), key.encode())):
            raise HTTPException(401, "give the key as `Authorization: Bearer KEY`", {"WWW-Authenticate": "Bearer"})

    # The pages that show the description would fetch scripts from elsewhere: only the description itself is served.
    app = FastAPI(
        title="Mujib",
        version=version("mujib"),
        summary="Answers questions about a collection of articles, in Arabic or English, with checked citations.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    for routes in (_own(mujib), _openai(mujib)):
        app.include_router(routes, prefix="/v1", dependencies=[Depends(allowed)])

    @app.exception_handler(MujibError)
    def _told(_request: Request, error: MujibError) -> JSONResponse:
        if isinstance(error, BusyError):
            return _error(429, str(error), {"Retry-After": _AGAIN})
        return _error(422 if error.exit_status == UsageError.exit_status else 503, str(error))

    return app


def _own(mujib: Callable[[], Mujib]) -> APIRouter:
    routes = APIRouter()

    @routes.post("/ask")
    def ask(body: Ask) -> Any:
        """Answer a question: the object of `mujib ask --json`, or its making as server-sent events."""
        before = _history(body.history)
        events = mujib().stream(
            body.question, language=body.language, since=body.since, until=body.until, history=before
        )
        if not body.stream:
            *_, answer = events
            return asdict(answer)

        def tell() -> Iterator[str]:
            try:
                for event in events:
                    yield _event(_NAME[type(event)], asdict(event))
            except MujibError as error:
                yield _event("error", {"message": str(error)})

        return StreamingResponse(tell(), media_type="text/event-stream", headers=_UNCACHED)

    @routes.post("/search")
    def search(body: Search) -> Any:
        """Find passages, the best of each story, in either language."""
        found = mujib().search(body.query, body.k, since=body.since, until=body.until)
        return {"passages": [asdict(passage) for passage in found]}

    @routes.get("/articles/{id_:path}")
    def article(id_: str) -> Any:
        """Return a whole article; the offsets of citations count the characters of its `text`."""
        try:
            return asdict(mujib().article(id_))
        except KeyError:
            return _error(404, f"there is no article {id_}")

    @routes.get("/health")
    def health() -> Any:
        """Tell that the program is there, and what it answers from."""
        held = mujib().engine.snapshot().status()
        return {"status": "ok", "articles": held.articles, "passages": held.chunks, "updated": held.updated}

    return routes


def _openai(mujib: Callable[[], Mujib]) -> APIRouter:
    routes = APIRouter()

    @routes.get("/models")
    def models() -> Any:
        """Name the one model that a client can choose."""
        return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]}

    @routes.post("/chat/completions")
    def complete(body: Completion) -> Any:
        """Answer the last message as OpenAI's API does. Only what is checked is sent, also when it is streamed."""
        said = [message for message in body.messages if message.role in {"user", "assistant"}]
        if not said or said[-1].role != "user":
            raise UsageError("the last message is not the user's. Put the question there.")
        events = mujib().stream(said[-1].text, history=_history(_pairs(said[:-1])))
        id_, created = f"chatcmpl-{uuid.uuid4().hex}", int(time.time())
        if not body.stream:
            *_, answer = events
            return _completion(id_, created, answer)

        def tell() -> Iterator[str]:
            try:
                for event in events:
                    if isinstance(event, Answer):
                        yield from _chunks(id_, created, event)
                    else:
                        yield ": working\n\n"
            except MujibError as error:
                yield f"data: {json.dumps({'error': {'message': str(error)}}, ensure_ascii=False)}\n\n"
            yield "data: [DONE]\n\n"

        return StreamingResponse(tell(), media_type="text/event-stream", headers=_UNCACHED)

    return routes


_NAME: dict[type[Event], str] = {
    EvidenceFound: "found",
    Waiting: "waiting",
    DraftGrown: "draft",
    SentencesChecked: "checked",
    Answer: "answer",
}
_UNCACHED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"message": message}}, status, headers)


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _history(before: list[Before]) -> tuple[Exchange, ...]:
    return tuple(Exchange(one.question, one.answer) for one in before[-HISTORY_LENGTH:])


def _pairs(messages: list[Message]) -> list[Before]:
    """Return the questions of a conversation, each with what was answered to it."""
    pairs: list[Before] = []
    for message in messages:
        if message.role == "user":
            pairs.append(Before(question=message.text[:MAX_CHARACTERS]))
        elif pairs:
            pairs[-1] = Before(question=pairs[-1].question, answer=message.text)
    return pairs


def _completion(id_: str, created: int, answer: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer_as_text(answer)}
    choice = {"index": 0, "message": message, "finish_reason": _reason(answer), "logprobs": None}
    tokens = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}  # nobody pays for them here
    head = {"id": id_, "object": "chat.completion", "created": created, "model": MODEL}
    return {**head, "choices": [choice], "usage": tokens, "mujib": asdict(answer)}


def _chunks(id_: str, created: int, answer: Answer) -> Iterator[str]:
    """Yield a finished answer in the pieces in which OpenAI's API streams: line by line."""
    head = {"id": id_, "object": "chat.completion.chunk", "created": created, "model": MODEL}
    lines = answer_as_text(answer).splitlines(keepends=True)
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}, *({"content": line} for line in lines), {}]
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": None if delta else _reason(answer)}
        yield f"data: {json.dumps({**head, 'choices': [choice]}, ensure_ascii=False)}\n\n"


def _reason(answer: Answer) -> str:
    return "length" if answer.status == "cut" else "stop"
