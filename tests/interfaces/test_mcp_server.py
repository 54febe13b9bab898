"""The server of the Model Context Protocol, as its own client uses it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from index.sync.update import UpdateReport
from qa.engine import Engine
from qa.interfaces.http.mcp_server import build_mcp_server
from qa.service import Mujib
from tests.paths import ROOT

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.usefixtures("tidy")]  # of the protocol's own library


@pytest.fixture
def mujib(folder: Path, bring_up_to_date: Callable[[], UpdateReport], engine_of: Callable[..., Engine]) -> Mujib:
    (folder / "a.txt").write_text("The police arrested 8 people in London. They searched six houses.", "utf-8")
    bring_up_to_date()
    return Mujib(engine_of("8 people"))


def call(server: Any, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Return what the tools answer, one after the other."""

    async def go() -> list[Any]:
        async with Client(server) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return anyio.run(go)


def test_tools_are_described(mujib: Mujib) -> None:
    async def go() -> Any:
        async with Client(build_mcp_server(lambda: mujib)) as client:
            return await client.list_tools()

    tools = {tool.name: tool for tool in anyio.run(go).tools}
    assert set(tools) == {"ask", "search", "read_article"}
    assert "no_evidence" in (tools["ask"].description or "")


def test_ask_search_and_read(mujib: Mujib) -> None:
    server = build_mcp_server(lambda: mujib)
    asked, found = call(
        server, ("ask", {"question": "How many people did the police arrest?"}), ("search", {"query": "houses", "k": 3})
    )
    answer = asked.structured_content
    assert answer["text"] == "The police arrested 8 people in London. [1]"
    (citation,) = answer["citations"]
    (passage,) = found.structured_content["result"]
    assert passage["article_id"] == citation["article_id"]
    (read,) = call(server, ("read_article", {"article_id": citation["article_id"]}))
    assert read.structured_content["text"][citation["start"] : citation["end"]] == citation["quote"]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ask", {"question": "؟"}, "the question is empty"),
        ("ask", {"question": "Who?", "since": "soon"}, "not a date"),
        ("read_article", {"article_id": "nothing"}, "there is no article nothing"),
        ("ask", {}, "ask was given wrong arguments: question: Field required"),
        ("ask", {"q": "Who?"}, "ask was given wrong arguments: question: Field required"),
        ("search", {"query": "police", "k": "many"}, "search was given wrong arguments: k: Input should be a valid"),
        ("read_article", {"article_id": ["a"]}, "article_id: Input should be a valid string"),
    ],
)
def test_a_mistake_is_one_line(mujib: Mujib, name: str, arguments: dict[str, Any], message: str) -> None:
    (result,) = call(build_mcp_server(lambda: mujib), (name, arguments))
    assert result.is_error
    assert message in result.content[0].text
    assert "\n" not in result.content[0].text


def test_over_standard_input_and_output(mujib: Mujib, store: Path) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "tests.with_fakes", "mcp"],
        env={**os.environ, "MUJIB_DATA": str(store.parent)},
        cwd=ROOT,
    )
    (found,) = call(server, ("search", {"query": "police London"}))
    assert [passage["path"] for passage in found.structured_content["result"]] == ["articles/a.txt"]
