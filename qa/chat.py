"""The chat page. The only importer of gradio."""

# No postponed annotations here: gradio reads those of its handlers, and could not look up `gr.Request`.
import os
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from index.errors import MujibError
from qa import api
from qa.answer import stream
from qa.conversation import Exchange, remember
from qa.engine import Engine
from qa.errors import PortBusyError
from qa.mujib import Mujib
from qa.question import MAX_CHARACTERS, accept
from qa.render import as_html, block, found_as_html, sentences_as_html
from qa.types import Answer, Checked, Draft, Found

_CSS = "#chat [dir] { text-align: start } #chat hr { margin: .6em 0 }"

Message = dict[str, str]
LOOPBACK = ("127.0.0.1", "localhost", "::1")
USER = "mujib"  # who gives the password
_QUEUE = 16  # questions that may wait; the model answers one at a time
_FONTS = ["system-ui", "Segoe UI", "Noto Sans Arabic", "Tahoma", "sans-serif"]  # of this computer: none is fetched


def build(engine: Engine) -> Any:
    """Return the page as Gradio blocks."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr

    stopped: set[str] = set()  # sessions whose answer is no longer wanted

    def respond(
        text: str, history: list[Message], asked: tuple[Exchange, ...], request: gr.Request
    ) -> Iterator[tuple[str, list[Message], tuple[Exchange, ...]]]:
        """Answer `text`: show the draft as it grows, and the checked answer with its citations in its place."""
        session = str(request.session_hash)
        stopped.discard(session)
        before = [*history, {"role": "user", "content": block(text[:MAX_CHARACTERS])}]

        def shown(content: str) -> tuple[str, list[Message], tuple[Exchange, ...]]:
            return "", [*before, {"role": "assistant", "content": content}], asked

        yield shown("…")
        finished = found = ""
        try:
            accepted = accept(text)
            for event in stream(engine, accepted, history=asked, cancelled=lambda: session in stopped):
                if isinstance(event, Found) and event.enough:
                    found = found_as_html(event.nearest, accepted.language)
                    yield shown(found)
                elif isinstance(event, Checked):
                    finished = sentences_as_html(event.sentences)
                    yield shown(f"{finished}<hr>{found}")
                elif isinstance(event, Draft):
                    yield shown(f"{finished}{block(event.text)}<hr>{found}")
                elif isinstance(event, Answer):
                    asked = remember(asked, Exchange(event.question, event.text if event.sentences else ""))
                    yield shown(as_html(event))
        except MujibError as error:
            yield shown(block(str(error)))

    def stop(request: gr.Request) -> None:
        """Let the answer end with what is checked."""
        stopped.add(str(request.session_hash))

    with gr.Blocks(title="مجيب Mujib", analytics_enabled=False) as page:
        gr.Markdown("# مجيب · Mujib")
        history = gr.Chatbot(
            show_label=False,
            height="70vh",
            allow_tags=False,
            sanitize_html=True,
            latex_delimiters=[],  # a dollar sign in an article is a dollar sign
            buttons=["copy"],
            elem_id="chat",
        )
        question = gr.Textbox(
            show_label=False, placeholder="اسأل · Ask", max_length=MAX_CHARACTERS, autofocus=True, elem_id="question"
        )
        asked = gr.State(())
        question.submit(
            respond,
            [question, history, asked],
            [question, history, asked],
            concurrency_limit=1,
            concurrency_id="answer",
            api_name="ask",
        )
        gr.Button("توقف · Stop", elem_id="stop", size="sm").click(stop, queue=False, api_name="stop")
        history.clear(lambda: (), None, asked, api_name=False)
    return page.queue(max_size=_QUEUE)


def require_free(host: str, port: int) -> None:
    """Raise `PortBusyError` when nothing can be opened on `host` and `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortBusyError(
                f"the page cannot be opened on {host}:{port} ({error.strerror}). Choose another with --port."
            ) from None


def application(engine: Engine, host: str, port: int, password: str = "") -> FastAPI:
    """Return the page with the door for programs on the same port.

    With a `password` both ask for it: the page from the user `mujib`, programs as their key. Without one only requests
    that name this computer are taken: a page from elsewhere could otherwise come in under a name of its own.
    """
    page, app = build(engine), api.build(Mujib(engine), password)
    import gradio as gr

    if not password:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, host])
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=host,
        server_port=port,
        auth=(USER, password) if password else None,
        theme=gr.themes.Default(font=_FONTS, font_mono=["monospace"]),
        css=_CSS,
        footer_links=[],
        ssr_mode=False,
    )
    return mounted


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve an `application` until interrupted."""
    # An open page keeps a connection: it is not waited for when the server is stopped.
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=1)
