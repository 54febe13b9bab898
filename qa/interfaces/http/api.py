"""The HTTP API: the application, and the program's own routes."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from index.errors import MujibError
from qa.interfaces.http.errors import add_error_handlers, add_not_found, error_response
from qa.interfaces.http.events import Events, event_response, json_event
from qa.interfaces.http.openai import openai_routes
from qa.interfaces.http.schemas import AskRequest, ErrorBody, SearchRequest, as_history
from qa.pipeline import last_answer
from qa.service import Mujib
from qa.types import Answer, DraftGrown, Event, EvidenceFound, SentencesChecked, Waiting

_PREFIX = "/v1"
_BEARER = HTTPBearer(auto_error=False)
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": description}
    for status, description in {
        401: "The key is missing or wrong.",
        404: "There is nothing of that name.",
        422: "Something given cannot be used.",
        429: "As many questions as are taken wait already.",
        503: "Mujib cannot answer now: models or index are not ready, or not as they should be.",
    }.items()
}
_EVENT_NAMES: dict[type[Event], str] = {
    EvidenceFound: "found",
    Waiting: "waiting",
    DraftGrown: "draft",
    SentencesChecked: "checked",
    Answer: "answer",
}


def build_api(mujib: Callable[[], Mujib], key: str = "") -> FastAPI:
    """Return the application; with a `key`, every request must carry it (`Authorization: Bearer KEY`).

    `mujib` is called for each request: what it raises while the models are still being loaded is the response.
    """

    def require_key(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> None:
        if key and not (given and secrets.compare_digest(given.credentials.encode(), key.encode())):
            raise HTTPException(401, "give the key as `Authorization: Bearer KEY`", {"WWW-Authenticate": "Bearer"})

    # The pages that show the description would fetch scripts from elsewhere: only the description itself is served.
    app = FastAPI(
        title="Mujib",
        version=version("mujib"),
        summary="Answers questions about a collection of articles, in Arabic or English, with checked citations.",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{_PREFIX}/openapi.json",
    )
    dependencies = [Depends(require_key)]
    for routes in (_own_routes(mujib), openai_routes(mujib)):
        app.include_router(routes, prefix=_PREFIX, dependencies=dependencies, responses=_ERRORS)
    add_error_handlers(app)
    add_not_found(app, _PREFIX, dependencies)
    return app


def _own_routes(mujib: Callable[[], Mujib]) -> APIRouter:
    routes = APIRouter()

    @routes.post("/ask")
    def ask(body: AskRequest) -> Any:
        """Answer a question: the object of `mujib ask --json`, or its making as server-sent events.

        The answer to a client that is gone is not written to its end.
        """
        disconnected = threading.Event()
        events = mujib().stream(
            body.question,
            language=body.language,
            since=body.since,
            until=body.until,
            history=as_history(body.history),
            cancelled=disconnected.is_set,
        )
        if body.stream:
            return event_response(_encode_events(events), disconnected)
        return asdict(last_answer(events))

    @routes.post("/search")
    def search(body: SearchRequest) -> Any:
        """Find passages, the best of each article, in either language."""
        passages = mujib().search(body.query, body.k, since=body.since, until=body.until)
        return {"passages": [asdict(passage) for passage in passages]}

    @routes.get("/articles/{id_:path}")
    def article(id_: str) -> Any:
        """Return a whole article; the offsets of citations count the characters of its `text`."""
        try:
            return asdict(mujib().article(id_))
        except KeyError:
            return error_response(404, f"there is no article {id_}")

    @routes.get("/health")
    def health() -> Any:
        """Tell that the program is there, and what it answers from."""
        status = mujib().collection.snapshot().status()
        return {"status": "ok", "articles": status.articles, "passages": status.chunks, "updated": status.updated}

    return routes


def _encode_events(events: Iterator[Event]) -> Events:
    try:
        for event in events:
            yield json_event(asdict(event), _EVENT_NAMES[type(event)])
    except MujibError as error:
        yield json_event({"message": str(error)}, "error")
