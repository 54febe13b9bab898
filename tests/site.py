"""The whole page on a port of this computer, with stand-in models, for tests in a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from index.errors import MujibError
from qa.generation.base import Cancelled, ReplyCutError
from qa.service import Mujib
from qa.settings import Settings
from qa.types import Prompt
from tests.conftest import make_engine

ARTICLES = Path(__file__).with_name("newsroom")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""


class Copyist:
    """Copies the best evidence word by word, or its `reply`; pauses while `go` is cleared."""

    identity = "copyist@1"

    def __init__(self) -> None:
        self.reply = ""
        self.go = threading.Event()  # cleared, it stops after the first word until it is set again
        self.go.set()
        self.fails: MujibError | Exception | None = None

    def stream(self, prompt: Prompt, stop: Cancelled) -> Iterator[str]:
        if self.fails is not None:
            raise self.fails
        for word in (self.reply or prompt.evidence[0].text).split():
            yield word + " "
            while not self.go.wait(0.02):
                if stop():
                    raise ReplyCutError
            if stop():
                raise ReplyCutError

    def count(self, prompt: Prompt) -> int:
        return sum(len(message.text.split()) for message in prompt.messages)


@dataclass
class Server:
    """A server that can be stopped and started again on its port."""

    app: FastAPI
    port: int
    _running: list[tuple[uvicorn.Server, threading.Thread]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        settings = uvicorn.Config(
            self.app, port=self.port, log_level="error", timeout_graceful_shutdown=1, lifespan="on"
        )
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        self._running.append((server, thread))
        deadline = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self) -> None:
        server, thread = self._running.pop()
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@contextmanager
def open_mujib(articles: Path, **changed: Any) -> Iterator[Mujib]:
    """Yield the service over a folder or file of articles; its store lies beside it, its model is a `Copyist`."""
    mujib = Mujib(make_engine(Settings(data=articles.parent, articles=articles, **changed), Copyist()))
    mujib.collection.update()
    yield mujib
    mujib.close()


def copyist_of(mujib: Mujib) -> Copyist:
    """Return the model of a service that `open_mujib` opened."""
    copyist = mujib.engine.generator()
    assert isinstance(copyist, Copyist)
    return copyist


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(app: FastAPI, port: int) -> Iterator[Server]:
    server = Server(app, port)
    server.start()
    yield server
    if server._running:
        server.stop()
