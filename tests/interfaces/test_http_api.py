"""The HTTP door: the program's own API and that of OpenAI, as programs use them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openai import BadRequestError, OpenAI, UnprocessableEntityError

from index.sync.update import UpdateReport
from qa.engine import Engine
from qa.generation.base import Cancelled
from qa.interfaces.http.api import build_api
from qa.request_queue import RequestQueue
from qa.service import Mujib
from qa.types import Prompt
from tests.fakes import ScriptedGenerator

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.usefixtures("tidy")]  # of the libraries of this door
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
    ],
)
def test_a_mistake_is_one_line(client: TestClient, path: str, body: dict[str, Any], status: int, message: str) -> None:
    response = client.post(path, json=body)
    assert response.status_code == status
    assert message in response.json()["error"]["message"]


def test_what_there_is_not(client: TestClient) -> None:
    assert client.get("/v1/articles/nothing").status_code == 404
    assert client.get("/docs").status_code == 404
    assert client.get("/v1/health").json()["articles"] == 2
    assert "/v1/ask" in client.get("/v1/openapi.json").json()["paths"]


def test_a_key_is_asked_for(mujib: Mujib) -> None:
    with TestClient(build_api(lambda: mujib, "secret")) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
            assert client.get("/v1/health", headers=headers).status_code == 401
            assert client.post("/v1/ask", json={"question": QUESTION}, headers=headers).status_code == 401
        assert client.get("/v1/health", headers={"Authorization": "Bearer secret"}).status_code == 200


class Slow(ScriptedGenerator):
    """Says nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def stream(self, prompt: Prompt, stop: Cancelled) -> Iterator[str]:
        self.go.wait(20)
        yield "8 people"


def test_more_than_the_places_are_told_to_come_again(mujib: Mujib) -> None:
    mujib.engine.request_queue = RequestQueue(3)
    slow = Slow()
    mujib.engine.generator = lambda: slow
    with TestClient(build_api(lambda: mujib)) as client:
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
