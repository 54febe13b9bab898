"""The page's server: who is answered, what is closed, which language, many questions at once."""

from __future__ import annotations

import gc
import json
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from fastapi.testclient import TestClient
from starlette.requests import HTTPConnection

from qa.interfaces.i18n import load_words
from qa.interfaces.web.app import application
from qa.interfaces.web.negotiation import preferred_language, wanted_language
from qa.interfaces.web.startup import Startup
from qa.request_queue import MAX_WAITING
from qa.service import Mujib
from tests.paths import ROOT
from tests.site import Server, copyist_of, free_port, open_mujib, served

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.usefixtures("tidy")]  # of the page's own libraries
WORDS = load_words("en")
QUESTION = "How many people did the police arrest in London?"
QUOTE = "The police arrested 8 people in London."


@pytest.fixture
def mujib(folder: Path) -> Iterator[Mujib]:
    (folder / "a.txt").write_text(f"{QUOTE} They searched six houses.", "utf-8")
    (folder / "b.txt").write_text("Ann Smith was arrested in Paris.", "utf-8")
    with open_mujib(folder) as opened:
        yield opened


@pytest.fixture
def startup(mujib: Mujib) -> Startup:
    return Startup.of(mujib)


@pytest.fixture
def server(startup: Startup) -> Iterator[Server]:
    port = free_port()
    with served(application(startup, "127.0.0.1", port), port) as running:
        yield running


class Reader:
    """A browser, as far as its requests go: asks, and reads what the page is to show."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=60)
        self.session = secrets.token_hex(5)
        functions = self.client.get("/config").json()["dependencies"]
        self.begin = next(f for f in functions if f["targets"][0][1] == "submit")
        self.answer = next(f for f in functions if f["trigger_after"] == self.begin["id"])
        self.finish = next(f for f in functions if f["trigger_after"] == self.answer["id"])
        self.load = next(f for f in functions if f["targets"][0][1] == "load" and len(f["outputs"]) > 3)

    def ask(self, question: str) -> str:
        """Return everything that was shown, one thing after the other."""
        return "\n".join(self.call(step, question) for step in (self.begin, self.answer, self.finish))

    def reload(self) -> None:
        """Load the page anew, in a browser that has kept no chat."""
        self.call(self.load, "")

    def call(self, function: dict[str, Any], question: str) -> str:
        data = [question if number == 0 else None for number in range(len(function["inputs"]))]
        body = {"data": data, "fn_index": function["id"], "session_hash": self.session}
        joined = self.client.post("/gradio_api/queue/join", json=body)
        if joined.status_code != 200:
            return joined.text
        shown = []
        with self.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": self.session}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    message = json.loads(line.removeprefix("data:"))
                    shown.append(json.dumps(message.get("output"), ensure_ascii=False))
                    if message["msg"] in {"process_completed", "unexpected_error", "close_stream"}:
                        break
        return "\n".join(shown)


def test_without_a_password_only_this_computer_is_answered(startup: Startup) -> None:
    with TestClient(application(startup, "127.0.0.1", 7860), base_url="http://127.0.0.1:7860") as client:
        paths = ("/", "/ar/", "/config", "/ar/config", "/v1/health", "/page/style.css", "/page/script.js")
        assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
        evil = {"Host": "evil.example"}
        assert [client.get(path, headers=evil).status_code for path in ("/", "/v1/health")] == [400, 400]


def test_with_a_password_the_page_and_the_api_ask_for_it(startup: Startup) -> None:
    with TestClient(application(startup, "0.0.0.0", 7860, "secret")) as client:  # noqa: S104 - nothing is opened
        paths = ("/config", "/ar/config", "/v1/health", "/v1/openapi.json", "/gradio_api/info")
        assert [client.get(path).status_code for path in paths if path != "/v1/openapi.json"] == [401] * 4
        joined = client.post("/gradio_api/queue/join", json={"data": [], "fn_index": 0, "session_hash": "a"})
        assert joined.status_code == 401
        assert client.post("/login", data={"username": "mujib", "password": "wrong"}).status_code == 400
        assert client.post("/login", data={"username": "mujib", "password": "secret"}).status_code == 200
        assert client.get("/config").status_code == 200
        assert client.get("/v1/health", headers={"Authorization": "Bearer secret"}).status_code == 200


@pytest.mark.parametrize("prefix", ["", "/ar"])
def test_nothing_of_this_computer_is_read_or_fetched_through_the_page(startup: Startup, prefix: str) -> None:
    closed = [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=pyproject.toml",
        "/gradio_api/file=http://127.0.0.1:1/",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=http://evil.example/",
        "/gradio_api/upload_progress?upload_id=a",
        "/gradio_api/runs",
        "/gradio_api/vibe-code/",
        "/gradio_api/deep_link",
        "/gradio_api/queue/../file=/etc/passwd",
        "/gradio_api//file=/etc/passwd",
        "/gradio_api/%66ile=/etc/passwd",
        "/file=/etc/passwd",
        "/monitoring",
        "/assets/../../../routes.py",
        "/assets/%2e%2e/%2e%2e/%2e%2e/routes.py",
        "/static/..%2f..%2f..%2froutes.py",
    ]
    with TestClient(application(startup, "127.0.0.1", 7860), base_url="http://127.0.0.1:7860") as client:
        for path in closed:
            response = client.get(prefix + path)
            assert response.status_code in {403, 404}, path
            assert "root:" not in response.text
            assert "import" not in response.text
        files = {"files": ("a.txt", b"text")}
        assert client.post(prefix + "/gradio_api/upload", files=files).status_code == 404
        assert client.get("/page/views.py").status_code == 404
        assert client.get("/page/..%2fapp.py").status_code == 404


def test_every_answer_says_what_a_browser_may_do(startup: Startup) -> None:
    with TestClient(application(startup, "127.0.0.1", 7860), base_url="http://127.0.0.1:7860") as client:
        page = client.get("/", headers={"Accept-Encoding": "br, gzip"})
        policy = dict(rule.strip().split(" ", 1) for rule in page.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        nonces = re.findall(r"<script nonce=\"([\w-]+)\"", page.text)
        assert len(set(nonces)) == 1
        assert len(nonces) == page.text.count("<script")
        assert f"'nonce-{nonces[0]}'" in policy["script-src"]
        assert "unsafe-inline" not in policy["script-src"]
        assert nonces[0] not in client.get("/").text
        addresses = set(re.findall(r"https?://[\w.-]+", page.text.split("<script", 1)[0]))
        assert addresses == set()
        for path in ("/v1/health", "/page/script.js", "/nothing"):
            assert client.get(path).headers["x-content-type-options"] == "nosniff"


def test_the_page_comes_in_the_readers_language(startup: Startup) -> None:
    with TestClient(application(startup, "127.0.0.1", 7860), base_url="http://127.0.0.1:7860") as client:
        assert '<html lang="en" dir="ltr"' in " ".join(client.get("/").text.split())
        arabic = client.get("/", headers={"Accept-Language": "ar-TN,fr;q=0.5"})
        assert arabic.url.path == "/ar/"
        assert '<html lang="ar" dir="rtl"' in " ".join(arabic.text.split())
        assert client.get("/language/ar").url.path == "/ar/"
        assert client.get("/").url.path == "/ar/"
        assert client.get("/language/en", headers={"Accept-Language": "ar"}).url.path == "/"
        assert client.get("/language/xx").url.path == "/"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ar", "ar"),
        ("AR-tn", "ar"),
        ("ar-TN,fr;q=0.5", "ar"),
        ("fr, ar;q=0.9, en;q=0.1", "ar"),  # the first one that the page has
        ("en;q=0.1, ar", "ar"),  # the quality counts, not the place
        ("en;q=0.1,ar; q=0.2", "ar"),
        ("", "en"),
        ("*", "en"),
        ("fr", "en"),
        ("en-GB,en;q=0.9,ar;q=0.8", "en"),
        ("en, ar", "en"),
        ("ar;q=0", "en"),  # not wanted at all
        ("arn", "en"),  # Mapudungun
        ("ar;q=much, en;q=0.1", "en"),
        (";q=,,;", "en"),
    ],
)
def test_the_language_that_a_browser_prefers(header: str, language: str) -> None:
    assert preferred_language(header) == language


@pytest.mark.parametrize(
    ("cookies", "header", "language"),
    [
        (["mujib_language=ar"], "en", "ar"),
        (["other=1; mujib_language=en"], "ar", "en"),
        (['mujib_language="ar"'], "en", "ar"),
        (["mujib_language=ar", "other=1"], "en", "ar"),  # HTTP/2 may send each cookie in a header of its own
        (["x-mujib_language=ar"], "en", "en"),
        (["a=mujib_language=ar"], "en", "en"),
        (["mujib_language=xx"], "ar", "ar"),
        (["mujib_language"], "ar", "ar"),
        ([], "ar", "ar"),
    ],
)
def test_the_chosen_language_goes_before_the_preferred_one(cookies: list[str], header: str, language: str) -> None:
    headers = [(b"accept-language", header.encode()), *((b"cookie", cookie.encode()) for cookie in cookies)]
    assert wanted_language(HTTPConnection({"type": "http", "headers": headers})) == language


def test_the_environment_is_prepared_for_gradio_only() -> None:
    script = (
        "import os, sys; before = dict(os.environ)\n"
        "import qa.interfaces.web.app as app, qa.interfaces.web.startup as startup, qa.settings as settings\n"
        "assert dict(os.environ) == before and 'gradio' not in sys.modules\n"
        "app.application(startup.Startup(settings.Settings()), '127.0.0.1', 7860)\n"
        "assert 'gradio' in sys.modules\n"
        "import gradio.analytics; assert not gradio.analytics.analytics_enabled()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_requests_are_bounded(startup: Startup) -> None:
    with TestClient(application(startup, "127.0.0.1", 7860), base_url="http://127.0.0.1:7860") as client:
        assert client.post("/v1/ask", content=b"x" * 8_000_001).status_code == 413
        assert client.post("/v1/ask", content=iter([b"x"])).status_code == 413


def test_thirty_two_ask_at_once(server: Server, mujib: Mujib) -> None:
    """Each is answered, or learns that the queue is full; and afterwards the next one is answered."""
    copyist = copyist_of(mujib)
    copyist.go.clear()
    readers = [Reader(server.url) for _ in range(32)]
    shown: list[str] = []
    threads = [threading.Thread(target=lambda reader=reader: shown.append(reader.ask(QUESTION))) for reader in readers]
    for thread in threads:
        thread.start()
    busy = 32 - MAX_WAITING
    for _ in range(600):
        if len(shown) >= busy:
            break
        threading.Event().wait(0.05)
    assert len(shown) == busy
    assert all(WORDS["busy"] in one for one in shown)
    copyist.go.set()
    for thread in threads:
        thread.join(60)
    assert len(shown) == 32
    answered = [one for one in shown if WORDS["busy"] not in one]
    assert len(answered) == MAX_WAITING
    assert all(QUOTE in one for one in answered)
    places = {int(n) for one in answered for n in re.findall(WORDS["waiting"].format(ahead=r"(\d+)"), one)}
    assert places == set(range(1, MAX_WAITING))
    assert QUOTE in Reader(server.url).ask(QUESTION)


def test_memory_stays_flat(server: Server, trials: Callable[[int, int], int]) -> None:
    """Over so many questions in chats of twenty: what one leaves behind is let go."""
    count = trials(60, 500)
    process = psutil.Process()
    reader = Reader(server.url)

    def ask_all(times: int) -> int:
        for number in range(times):
            if number % 20 == 0:
                reader.reload()
            assert QUOTE in reader.ask(QUESTION)
        gc.collect()
        return int(process.memory_info().rss)

    settled = ask_all(max(40, count // 5))
    later = ask_all(count)
    grown = (later - settled) / 1e6
    assert grown < 8, f"{settled / 1e6:.0f} MB grew to {later / 1e6:.0f} MB over {count} questions"


def test_the_start_is_shown_until_it_is_over(startup: Startup) -> None:
    waiting = Startup(startup.settings)
    with TestClient(application(waiting, "127.0.0.1", 7860), base_url="http://127.0.0.1:7860") as client:
        assert client.get("/").status_code == 200
        health: Any = client.get("/v1/health")
        assert health.status_code == 503
        assert "not ready: loading" in health.json()["error"]["message"]
