"""The chat page over a small collection: asked as its own browser code asks it."""

from __future__ import annotations

import gc
import html
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from gradio_client import Client

from index.update import Report
from qa.chat import application, build
from qa.engine import Engine
from qa.generate import ReplyCutError, Stop
from qa.types import Prompt
from tests.fakes import ScriptedGenerator

pytestmark = pytest.mark.filterwarnings("default")  # of the page's own libraries


class Waiting(ScriptedGenerator):
    """Says the first line of what it was told and then waits until it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.writing = threading.Event()

    def stream(self, prompt: Prompt, stop: Stop) -> Iterator[str]:
        yield "They searched six houses. "
        yield "And"
        self.writing.set()
        while not stop():
            threading.Event().wait(0.05)
        raise ReplyCutError


@pytest.fixture
def serve(
    folder: Path, bring_up_to_date: Callable[[], Report], engine_of: Callable[..., Engine]
) -> Iterator[Callable[..., Client]]:
    (folder / "a.txt").write_text("The police arrested 8 people in London. They searched six houses.", "utf-8")
    (folder / "b.txt").write_text("Ann Smith was arrested in Paris.", "utf-8")
    bring_up_to_date()
    opened: list[tuple[Client, Any]] = []

    def open_page(engine: Engine) -> Client:
        page = build(engine)
        _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, share=False)
        opened.append((Client(url, verbose=False), page))
        return opened[-1][0]

    yield open_page
    for client, page in opened:
        client.close()
        page.close()
    opened.clear()
    gc.collect()  # what they leave open is warned of here, not in some later test


def shown(history: list[dict[str, Any]]) -> str:
    content = history[-1]["content"]
    return html.unescape(content if isinstance(content, str) else content[0]["text"])


def test_a_question_and_its_follow_up(serve: Callable[..., Client], engine_of: Callable[..., Engine]) -> None:
    client = serve(engine_of("8 people", "Ann Smith"))
    _, history = client.predict("How many people did the police arrest in London?", [], api_name="/ask")
    assert "The police arrested 8 people in London." in shown(history)
    _, history = client.predict("And in Paris?", history, api_name="/ask")
    assert "Ann Smith was arrested in Paris." in shown(history)
    assert "(Understood as: How many people did the police arrest in London? And in Paris?)" in shown(history)
    _, history = client.predict("؟", history, api_name="/ask")
    assert "empty" in shown(history)


def test_without_a_password_only_this_computer_is_answered(
    folder: Path, bring_up_to_date: Callable[[], Report], engine_of: Callable[..., Engine]
) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people in London.", "utf-8")
    bring_up_to_date()
    with TestClient(application(engine_of(), "127.0.0.1", 7860), base_url="http://127.0.0.1:7860") as client:
        assert [client.get(path).status_code for path in ("/", "/config", "/v1/health")] == [200, 200, 200]
        evil = {"Host": "evil.example"}
        assert [client.get(path, headers=evil).status_code for path in ("/", "/v1/health")] == [400, 400]
    with TestClient(application(engine_of(), "0.0.0.0", 7860, "secret")) as client:  # noqa: S104 - nothing is opened
        assert [client.get(path).status_code for path in ("/config", "/v1/health")] == [401, 401]
        assert client.get("/v1/health", headers={"Authorization": "Bearer secret"}).status_code == 200


def test_stop_keeps_what_was_checked(serve: Callable[..., Client], engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(free_wording=True)
    waiting = Waiting()
    engine.generator = lambda: waiting
    client = serve(engine)
    job = client.submit("Police arrested 8 people, and they searched six houses?", [], api_name="/ask")
    assert waiting.writing.wait(10)
    deadline = time.monotonic() + 10
    while len(job.outputs()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    seen = shown(job.outputs()[1][1])  # before the model has said a word
    assert "Found; the answer is being written:" in seen
    assert "«They searched six houses.»" in seen
    client.predict(api_name="/stop")
    _, history = job.result(timeout=5)
    assert "They searched six houses. [1]" in shown(history).replace("<b>", "").replace("</b>", "")
    assert "cut before its end" in shown(history)
