"""The HTTP API: the program's own routes and those of OpenAI's API, as programs use them."""

from __future__ import annotations

import json
import math
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from openai import BadRequestError, OpenAI, UnprocessableEntityError

from index.sync.update import UpdateReport
from qa.engine import Engine
from qa.generation.base import Cancelled, ReplyCutError
from qa.interfaces.http.api import build_api
from qa.interfaces.http.events import Events, event_response, json_event
from qa.interfaces.http.openai import IGNORED_HEADER, estimate_tokens
from qa.request_queue import RequestQueue
from qa.service import Mujib
from qa.types import Prompt
from tests.conftest import make_engine
from tests.fakes import ScriptedGenerator

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.usefixtures("tidy")]  # of the server's libraries
QUESTION = "How many people did the police arrest in London?"
ANSWER = "The police arrested 8 people in London. [1]"


@pytest.fixture
def mujib(folder: Path, bring_up_to_date: Callable[[], UpdateReport], engine_of: Callable[..., Engine]) -> Mujib:
    (folder / "a.md").write_text(
        "---\ndate: 2017-03-23\ntitle: Arrests\n---\nThe police arrested 8 people in London. They searched six houses.",
        "utf-8",
    )
    (folder / "b.txt").write_text("Ann Smith was arrested in Paris.", "utf-8")
    bring_up_to_date()
    return Mujib(engine_of("8 people", "8 people", "8 people"))


@pytest.fixture
def client(mujib: Mujib) -> Iterator[TestClient]:
    with TestClient(build_api(lambda: mujib)) as opened:
        yield opened


def events(text: str) -> list[tuple[str, Any]]:
    pairs = (block.split("\n", 1) for block in text.strip().split("\n\n"))
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in pairs]


def test_an_answer_is_the_object_of_the_command_line(client: TestClient, mujib: Mujib) -> None:
    answer = client.post("/v1/ask", json={"question": QUESTION}).json()
    assert answer["text"] == ANSWER
    same = json.loads(json.dumps(asdict(mujib.ask(QUESTION))))
    assert {**answer, "timings": None} == {**same, "timings": None}
    (citation,) = answer["citations"]
    article = client.get(f"/v1/articles/{citation['article_id']}").json()
    assert article["text"][citation["start"] : citation["end"]] == citation["quote"]


def test_an_answer_as_events(client: TestClient) -> None:
    response = client.post("/v1/ask", json={"question": QUESTION, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    told = events(response.text)
    assert told[0][0] == "found"
    assert "checked" in [name for name, _ in told]
    assert told[-1][0] == "answer"
    assert told[-1][1]["text"] == ANSWER
    assert told[0][1]["evidence"][0]["text"] == "The police arrested 8 people in London."


def test_days_and_follow_ups(client: TestClient) -> None:
    late = client.post("/v1/ask", json={"question": QUESTION, "since": "2018"}).json()
    assert late["status"] == "no_evidence"
    before = [{"question": QUESTION, "answer": "8"}]
    asked = client.post("/v1/ask", json={"question": "And in Paris?", "history": before}).json()["asked"]
    assert asked == f"{QUESTION} And in Paris?"


def test_passages_are_found(client: TestClient) -> None:
    found = client.post("/v1/search", json={"query": "police London", "k": 1}).json()["passages"]
    assert [(one["title"], one["published"]) for one in found] == [("Arrests", "2017-03-23")]


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/v1/ask", {"question": ""}, 422, "empty"),
        ("/v1/ask", {"question": "", "stream": True}, 422, "empty"),
        ("/v1/ask", {"question": "x" * 3000}, 422, "at most 2,000"),
        ("/v1/ask", {"question": "Who?", "since": "soon"}, 422, "since soon: not a date"),
        ("/v1/chat/completions", {"messages": []}, 422, "the last message is not the user's"),
        ("/v1/chat/completions", {}, 422, "messages: Field required"),
        ("/v1/ask", {}, 422, "question: Field required. See /v1/openapi.json."),
        ("/v1/search", {"query": ""}, 422, "empty"),
        ("/v1/search", {"query": "police", "k": 51}, 422, "k: Input should be less than or equal to 50"),
        ("/v1/search", {"query": "police", "until": "soon"}, 422, "until soon: not a date"),
        ("/v1/search", ["police"], 422, "the body: Input should be a valid dictionary"),
        ("/v1/nothing", {}, 404, "there is no POST /v1/nothing"),
        ("/v1/health", {}, 405, "there is no POST /v1/health"),
        ("/nothing", {}, 404, "Not Found"),
    ],
)
def test_a_mistake_is_one_line(client: TestClient, path: str, body: Any, status: int, message: str) -> None:
    response = client.post(path, json=body)
    assert response.status_code == status
    assert list(response.json()) == ["error"]
    assert message in response.json()["error"]["message"]
    assert "\n" not in response.json()["error"]["message"]


def test_a_body_that_is_not_json_is_a_mistake_of_the_same_shape(client: TestClient) -> None:
    response = client.post("/v1/ask", content=b"{question", headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]["message"]) == (
        422,
        "the body: not JSON. See /v1/openapi.json.",
    )


def test_what_there_is_not(client: TestClient) -> None:
    missing = client.get("/v1/articles/nothing")
    assert (missing.status_code, missing.json()) == (404, {"error": {"message": "there is no article nothing"}})
    assert client.get("/docs").status_code == 404
    assert client.get("/v1/health").json()["articles"] == 2
    assert "/v1/ask" in client.get("/v1/openapi.json").json()["paths"]


def test_a_key_is_asked_for(mujib: Mujib) -> None:
    with TestClient(build_api(lambda: mujib, "secret")) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
            refused = client.get("/v1/health", headers=headers)
            assert (refused.status_code, list(refused.json()["error"])) == (401, ["message"])
            assert refused.headers["WWW-Authenticate"] == "Bearer"
            assert client.get("/v1/nothing", headers=headers).status_code == 401
            assert client.post("/v1/ask", json={"question": QUESTION}, headers=headers).status_code == 401
        assert client.get("/v1/health", headers={"Authorization": "Bearer secret"}).status_code == 200


class SlowGenerator(ScriptedGenerator):
    """Writes nothing until it may go on, or its reply is no longer wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.begun = threading.Event()
        self.cancelled = threading.Event()

    def stream(self, prompt: Prompt, stop: Cancelled) -> Iterator[str]:
        self.begun.set()
        while not self.go.wait(0.02):
            if stop():
                self.cancelled.set()
                raise ReplyCutError
        yield "8 people"


@pytest.fixture
def slow() -> SlowGenerator:
    return SlowGenerator()


@pytest.fixture
def slow_mujib(mujib: Mujib, slow: SlowGenerator) -> Iterator[Mujib]:
    """Yield the service with a slow model and three places for questions."""
    made = Mujib(replace(make_engine(mujib.settings, slow), request_queue=RequestQueue(3)))
    yield made
    made.close()


def test_more_than_the_places_are_told_to_come_again(slow_mujib: Mujib, slow: SlowGenerator) -> None:
    with TestClient(build_api(lambda: slow_mujib)) as client:
        statuses: list[int] = []
        threads = [
            threading.Thread(
                target=lambda: statuses.append(client.post("/v1/ask", json={"question": QUESTION}).status_code)
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        while len(statuses) < 5:
            threading.Event().wait(0.01)
        slow.go.set()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200] * 3 + [429] * 5
        assert client.post("/v1/ask", json={"question": QUESTION}).status_code == 200


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application on a port of this computer, and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/ask", {"question": QUESTION, "stream": True}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": QUESTION}], "stream": True}),
    ],
)
def test_an_answer_is_cancelled_when_its_client_is_gone(
    slow_mujib: Mujib, slow: SlowGenerator, path: str, body: dict[str, Any]
) -> None:
    with served(build_api(lambda: slow_mujib)) as address:
        with httpx.stream("POST", f"{address}{path}", json=body) as response:
            assert response.status_code == 200
            assert slow.begun.wait(5)
            assert not slow.cancelled.is_set()
        assert slow.cancelled.wait(2)
        slow.go.set()
        for _ in range(4):  # more than there are places: that of the client that is gone is free again
            assert httpx.post(f"{address}/v1/ask", json={"question": QUESTION}).status_code == 200


def test_a_stream_is_closed_when_its_client_leaves_between_two_events() -> None:
    closed = threading.Event()

    def events() -> Events:
        try:
            while True:
                yield json_event({"text": "x" * 1000})
        finally:
            closed.set()

    app = FastAPI()
    app.add_api_route("/", lambda: event_response(events(), threading.Event()))
    with served(app) as address:
        with httpx.stream("GET", address) as response:
            next(response.iter_lines())
        assert closed.wait(2)


@pytest.fixture
def openai(client: TestClient) -> OpenAI:
    return OpenAI(api_key="none", base_url="http://testserver/v1", http_client=client, max_retries=0)


def test_the_client_of_openai(openai: OpenAI) -> None:
    assert [model.id for model in openai.models.list()] == ["mujib"]
    asked: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
    content = openai.chat.completions.create(model="mujib", messages=asked).choices[0].message.content or ""
    assert content.startswith(ANSWER)
    assert "[1] Arrests · 2017-03-23" in content
    pieces = list(openai.chat.completions.create(model="mujib", messages=asked, stream=True))
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == content
    assert pieces[-1].choices[0].finish_reason == "stop"


def test_what_openai_has_and_mujib_does_not_use_is_named(client: TestClient) -> None:
    plain = {"messages": [{"role": "user", "content": QUESTION}]}
    assert IGNORED_HEADER not in client.post("/v1/chat/completions", json=plain).headers
    extra = {
        "messages": [{"role": "system", "content": "Be brief."}, *plain["messages"]],
        "max_tokens": 1,
        "temperature": 2.0,
        "x\r\nSet-Cookie": "a=b",
    }
    for stream in (False, True):
        response = client.post("/v1/chat/completions", json={**extra, "stream": stream})
        assert response.headers[IGNORED_HEADER] == "max_tokens, temperature, system"
        assert "Set-Cookie" not in response.headers


def test_usage_is_an_estimate_of_the_tokens(client: TestClient, openai: OpenAI) -> None:
    asked: list[Any] = [{"role": "system", "content": "كن موجزا."}, {"role": "user", "content": QUESTION}]
    completion = openai.chat.completions.create(model="mujib", messages=asked)
    usage = completion.usage
    assert usage is not None
    arabic, ascii_ = 7, 2 + 1 + len(QUESTION)  # the letters; the space and the full stop, the line end, the question
    assert usage.prompt_tokens == math.ceil(ascii_ / 4 + arabic / 3)
    assert usage.completion_tokens == estimate_tokens(completion.choices[0].message.content or "") > 10
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    options: Any = {"include_usage": True}
    *chunks, last = openai.chat.completions.create(model="mujib", messages=asked, stream=True, stream_options=options)
    assert (last.choices, last.usage) == ([], usage)
    assert not any(chunk.usage for chunk in chunks)


def test_a_follow_up_through_the_client_of_openai(openai: OpenAI, mujib: Mujib) -> None:
    asked: list[Any] = [
        {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
        {"role": "assistant", "content": ANSWER},
        {"role": "user", "content": "And in Paris?"},
    ]
    made = openai.chat.completions.create(model="mujib", messages=asked)
    assert made.model_extra is not None
    assert made.model_extra["mujib"]["asked"] == f"{QUESTION} And in Paris?"
    with pytest.raises((BadRequestError, UnprocessableEntityError), match="empty"):
        openai.chat.completions.create(model="mujib", messages=[{"role": "user", "content": "؟"}])


def test_the_library_is_named_by_its_package(mujib: Mujib) -> None:
    import qa

    assert qa.Mujib is Mujib
    assert mujib.ask(QUESTION).text == ANSWER
    assert list(mujib.stream(QUESTION))[-1].text == ANSWER  # type: ignore[union-attr]
