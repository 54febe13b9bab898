"""The chat page: its parts and their events. The only importer of gradio."""

# No postponed annotations here: gradio reads those of its handlers, and could not look up `gr.Request`.
import json
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import FileResponse, RedirectResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from index.errors import MujibError, UsageError
from qa.errors import PortBusyError, QuestionError
from qa.interfaces.http.api import build_api
from qa.interfaces.i18n import LANGUAGES, error_message, load_words
from qa.interfaces.web.chats import (
    EMPTY_CHAT,
    Chat,
    Turn,
    Verdict,
    append_turn,
    dump_chat,
    load_chats,
    rate_turn,
    start_chat,
    truncate_chat,
)
from qa.interfaces.web.collection import filter_articles, list_items, month_columns, source_options
from qa.interfaces.web.export import chat_as_markdown
from qa.interfaces.web.feedback import record_feedback
from qa.interfaces.web.security import COOKIE, SecurityMiddleware
from qa.interfaces.web.startup import Startup
from qa.interfaces.web.streaming import stream_turn
from qa.interfaces.web.updates import run_update
from qa.interfaces.web.views import (
    LiveAnswer,
    article_view,
    chats_view,
    citations_view,
    hint_view,
    listing_view,
    live_view,
    overview_view,
    report_view,
    saved_view,
    sources_view,
    state_view,
    top_view,
    turns_view,
    welcome_view,
)
from qa.service import Mujib
from qa.types import Language
from qa.understanding.time_expressions import parse_filter
from qa.understanding.validation import parse_question

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # gradio reads it when it is imported
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "100"  # of those that it counts for itself; else ten thousand

LOOPBACK = ("127.0.0.1", "localhost", "::1")
USER = "mujib"  # who gives the password
_FONTS = ["system-ui", "Segoe UI", "Noto Sans Arabic", "Tahoma", "sans-serif"]  # of this computer: none is fetched
_FILES = Path(__file__).with_name("static")
_LISTED = 40  # articles that a list shows at first, and more each time
_WAITING = 100  # events that may wait; questions have a line of their own, which is shorter
_MONTH = 30 * 24 * 3600

Shown = dict[Any, Any]  # components, and what they show from now on


class _Page:
    """The page in one language. What it shows is made in `qa.page`; here are its parts and their events."""

    def __init__(self, start: Startup, language: Language) -> None:
        self.start = start
        self.said = load_words(language)
        self.language = language
        self.answering: dict[str, threading.Event] = {}  # by session: set when its answer is no longer wanted
        with gr.Blocks(title=self.said["title"], analytics_enabled=False, fill_height=True) as self.blocks:
            self._state()
            self._lay_out()
            self._asking()
            self._reading()
            self._remembering()
            self._collecting()
            self._starting()
        self.blocks.queue(max_size=_WAITING)

    def _state(self) -> None:
        # As text: a citation has a `path`, and gradio takes an object with one for a file that it is to serve.
        self.browser = gr.Textbox(visible=False)  # what the browser gives of the chats that it keeps (`script.js`)
        self.keep = gr.Textbox(visible=False)  # a chat, or a file, that it is to keep
        self.talk = gr.State(EMPTY_CHAT)
        self.replacing = gr.State(None)  # the number of the turn that the next question takes the place of
        self.asked = gr.State(("", EMPTY_CHAT))  # the question that is being answered, and the chat it belongs to
        self.turn = gr.State(None)  # what came of it
        self.listed = gr.State(_LISTED)

    def _lay_out(self) -> None:
        said = self.said
        _view(top_view(said, self.language), "top")
        self.state = _view("", "state")  # told by the timer: what is said here stays as it was when the server started
        with gr.Row(elem_id="main"):
            with gr.Column(scale=3, elem_id="left"), gr.Tabs(elem_id="tabs"):
                with gr.Tab(said["ask_tab"], id="ask"):
                    self._lay_out_chat()
                with gr.Tab(said["collection_tab"], id="collection") as self.collection_tab:
                    self._lay_out_collection()
            with gr.Column(scale=2, elem_id="panel"):
                self.sources = _view(sources_view(said, None), "sources")
                self.article = _view("", "article")

    def _lay_out_chat(self) -> None:
        said = self.said
        with gr.Column(elem_id="talk"):
            self.log = _view("", "log")
            self.live = _view("", "live")
        self.hint = _view("", "hint")
        self.editing = gr.Button(f"{said['editing']} {said['cancel']}", visible=False, size="sm", elem_id="editing")
        with gr.Row(elem_id="composer"):
            self.question = gr.Textbox(
                label=said["placeholder"],
                show_label=False,
                placeholder=said["placeholder"],
                max_lines=6,
                autofocus=True,
                container=False,
                scale=5,
                elem_id="question",
            )
            self.ask = gr.Button(said["ask"], variant="primary", scale=0, min_width=96, elem_id="ask")
            self.stop = gr.Button(said["stop"], variant="stop", visible=False, scale=0, min_width=96, elem_id="stop")
        with gr.Row(elem_id="chats"):
            self.new = gr.Button(said["new_talk"], size="sm", elem_id="new")
            self.as_markdown = gr.Button(said["export_markdown"], size="sm", elem_id="markdown")
            self.as_html = gr.Button(said["export_html"], size="sm", elem_id="html")
        with gr.Accordion(said["history"], open=False, elem_id="history"):
            self.history = _view(chats_view(said, (), ""), "talks")

    def _lay_out_collection(self) -> None:
        said = self.said
        self.overview = _view("", "overview")
        self.update = gr.Button(said["update"], size="sm", elem_id="update")
        self.report = _view("", "report")
        with gr.Row(elem_id="filters"):
            self.holding = gr.Textbox(label=said["filter_words"], max_length=200, elem_id="holding")
            self.since = gr.Textbox(label=said["filter_since"], placeholder=said["filter_day"], max_length=40)
            self.until = gr.Textbox(label=said["filter_until"], placeholder=said["filter_day"], max_length=40)
            self.source = gr.Dropdown([(said["every_source"], "")], value="", label=said["filter_source"])
        self.listing = _view("", "list")

    # Asking: the page is made ready for the answer, the answer is made, and becomes part of the chat.
    #
    # Every handler gives each HTML component that it may change a value, also one it leaves as it is: gradio 6.31 keeps
    # a copy of the component, for as long as the page is open, for each time that one is skipped.

    def _asking(self) -> None:
        given = [self.talk, self.replacing]
        buttons = [self.ask, self.stop]
        begun = [self.question, self.replacing, self.editing, *buttons, self.hint, self.log, self.article]
        begun += [self.talk, self.asked]
        for event, inputs, handler in (
            (self.question.submit, [self.question, *given], self.begin),
            (self.ask.click, [self.question, *given], self.begin),
            (self.log.example, given, self.begin_example),
            (self.log.retry, given, self.begin_retry),
        ):
            answered = _at_once(event, handler, inputs, begun).then(
                self.answer,
                [self.asked],
                [self.live, self.sources, self.turn],
                show_progress="hidden",
                concurrency_limit=None,
                api_visibility="private",
            )
            finished = [*buttons, self.log, self.live, self.sources, self.talk, self.keep]
            self._kept(_at_once(answered.then, self.finish, [self.turn, self.asked, self.talk], finished))
        self.stop.click(self.stopped, queue=False, api_visibility="private")
        self.blocks.unload(self.stopped)
        edited = [self.question, self.replacing, self.editing]
        _at_once(self.log.edit, self.edit, [self.talk], edited)
        _at_once(self.editing.click, lambda: ("", None, gr.update(visible=False)), None, edited)

    def begin(self, text: str, now: Chat, number: int | None) -> Shown:
        """Take a question for the end of the chat, or in the place of its turn `number` and what came after it.

        What is no question stays in the box, with a hint.
        """
        try:
            parse_question(text)
        except QuestionError as error:
            hint = hint_view(self.said, error_message(error, self.said))
            return {self.hint: hint, self.log: self._chat(now), self.article: "", self.asked: ("", now)}
        now = start_chat(truncate_chat(now, number))
        return {
            self.question: "",
            self.replacing: None,
            self.editing: gr.update(visible=False),
            self.ask: gr.update(visible=False),
            self.stop: gr.update(visible=True),
            self.hint: "",
            self.log: turns_view(self.said, now),
            self.article: "",
            self.talk: now,
            self.asked: (text, now),
        }

    def begin_example(self, now: Chat, _number: int | None, event: gr.EventData) -> Shown:
        """Take a question that was offered."""
        return self.begin(str(event.question), now, None)

    def begin_retry(self, now: Chat, _number: int | None, event: gr.EventData) -> Shown:
        """Take a question again: the last one in its own place, an earlier one at the end."""
        number, turn = _turn(event, now)
        return self.begin(turn.question, now, number if turn is now.turns[-1] else None)

    def answer(self, asked: tuple[str, Chat], request: gr.Request) -> Iterator[tuple[str, str, Turn | None]]:
        """Show the answer as it is made and what is found for it, and at last give the turn."""
        if not asked[0]:
            yield "", sources_view(self.said, _last(asked[1])), None
            return
        session = str(request.session_hash)
        self.answering[session] = wanted = threading.Event()
        live, sources = "", sources_view(self.said, None)
        for event in stream_turn(self.start, self.said, *asked, wanted.is_set):
            if isinstance(event, Turn):
                yield live, sources_view(self.said, event), event
                break
            if isinstance(event, LiveAnswer):
                live = live_view(self.said, event)
            else:
                sources = citations_view(self.said, self.said["found"], event.citations, numbered=False)
            yield live, sources, None
        if self.answering.get(session) is wanted:
            del self.answering[session]

    def finish(self, turn: Turn | None, asked: tuple[str, Chat], now: Chat) -> Shown:
        """Make the turn part of its chat, which is no longer shown when the reader has opened another one."""
        here = now.id == asked[1].id
        done = now if here else asked[1]
        done = append_turn(done, turn) if turn else done
        shown = done if here else now
        return {
            self.ask: gr.update(visible=True),
            self.stop: gr.update(visible=False),
            self.log: self._chat(shown),
            self.live: "",
            self.sources: sources_view(self.said, _last(shown)),
            self.talk: shown,
            self.keep: dump_chat(done),
        }

    def stopped(self, request: gr.Request) -> None:
        """Let the answer end with what is checked."""
        if (wanted := self.answering.get(str(request.session_hash))) is not None:
            wanted.set()

    def edit(self, now: Chat, event: gr.EventData) -> tuple[str, int, Any]:
        """Put a question back into the box; the next one takes its place."""
        number, turn = _turn(event, now)
        return turn.question, number, gr.update(visible=True)

    # Reading what an answer rests on

    def _reading(self) -> None:
        for part in (self.live, self.sources, self.listing):
            _at_once(part.cite, self.read, None, self.article, trigger_mode="always_last")
        _at_once(self.log.cite, self.read_of, [self.talk], [self.article, self.sources], trigger_mode="always_last")
        _at_once(self.article.shut, lambda: "", None, self.article)
        _at_once(self.log.sources, self.sources_of, [self.talk], [self.article, self.sources])
        self._kept(_at_once(self.log.rate, self.rate, [self.talk], [self.log, self.talk, self.keep]))
        _at_once(self.log.note, self.note, [self.talk], self.log)

    def read(self, event: gr.EventData) -> str:
        """Open an article at a place."""
        try:
            shown = self.start.engine().snapshot().article(str(event.article))
        except (KeyError, MujibError):
            return article_view(self.said, None)
        also = [name for name in str(event.also).split("\n") if name]
        return article_view(self.said, shown, int(event.start), int(event.end), also)

    def read_of(self, now: Chat, event: gr.EventData) -> tuple[str, str]:
        """Open an article at a place, over the sources of the answer that names it."""
        return self.read(event), sources_view(self.said, _turn(event, now)[1])

    def sources_of(self, now: Chat, event: gr.EventData) -> tuple[str, str]:
        """Show what an earlier answer rests on."""
        return "", sources_view(self.said, _turn(event, now)[1])

    def rate(self, now: Chat, event: gr.EventData) -> Shown:
        """Write down a verdict, or that it is taken back, and ask for a note."""
        number, turn = _turn(event, now)
        verdict: Verdict = "up" if event.verdict == "up" else "down"
        now = rate_turn(now, number, "" if turn.verdict == verdict else verdict)
        record_feedback(self.start.settings.data, now.turns[number])
        noting = number if now.turns[number].verdict else None
        return {self.log: turns_view(self.said, now, noting=noting), self.talk: now, self.keep: dump_chat(now)}

    def note(self, now: Chat, event: gr.EventData) -> str:
        """Write down a note on an answer."""
        number, turn = _turn(event, now)
        if str(event.note).strip():
            record_feedback(self.start.settings.data, turn, str(event.note))
        return turns_view(self.said, now, noted=number)

    # Remembering

    def _remembering(self) -> None:
        opened = [self.talk, self.log, self.live, self.sources, self.article, self.replacing, self.editing]
        loaded = self.blocks.load(
            self.reload,
            [self.browser],
            opened,
            js="() => [mujib.last()]",
            show_progress="hidden",
            api_visibility="private",
        )
        self._listed(loaded)
        self._listed(_at_once(self.new.click, self.open_new, None, opened))
        self._listed(_at_once(self.history.reopen, self.reopen, None, opened))
        self._listed(_at_once(self.history.forget, self.forget, [self.talk], opened))
        for button, handler in ((self.as_markdown, self.markdown), (self.as_html, self.html)):
            _at_once(button.click, handler, [self.talk], self.keep).then(
                None, [self.keep], None, js="(file) => mujib.save(file)"
            )

    def _kept(self, event: Any) -> None:
        """Let the browser keep what `event` gave it to keep."""
        self._listed(event.then(None, [self.keep], None, js="(chat) => mujib.keep(chat)"))

    def _listed(self, event: Any) -> None:
        """After `event`, list the chats that the browser keeps now."""
        event.then(
            lambda kept, now: chats_view(self.said, load_chats(kept), now.id),
            [self.browser, self.talk],
            [self.history],
            js="(_, now) => [mujib.titles(), now]",
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )

    def reload(self, kept: Any) -> Shown:
        """Show the last chat again."""
        return self._opened(next(iter(load_chats(kept)), EMPTY_CHAT))

    def open_new(self, request: gr.Request) -> Shown:
        """Show an empty chat; an answer that is being written ends, and stays with the chat it belongs to."""
        self.stopped(request)
        return self._opened(EMPTY_CHAT)

    def reopen(self, event: gr.EventData, request: gr.Request) -> Shown:
        """Show an earlier chat."""
        self.stopped(request)
        return self._opened(next(iter(load_chats(event.chat)), EMPTY_CHAT))

    def forget(self, now: Chat, event: gr.EventData) -> Shown:
        """Show an empty chat when this one, or all, were deleted from the browser."""
        return self._opened(EMPTY_CHAT if event.talk in {"", now.id} else now)

    def markdown(self, now: Chat) -> str:
        """Return the chat as a Markdown file."""
        return _file("mujib.md", "text/markdown", chat_as_markdown(self.said, now))

    def html(self, now: Chat) -> str:
        """Return the chat as a web page."""
        return _file("mujib.html", "text/html", saved_view(self.said, now, self.language))

    def _opened(self, now: Chat) -> Shown:
        return {
            self.talk: now,
            self.log: self._chat(now),
            self.live: "",
            self.sources: sources_view(self.said, _last(now)),
            self.article: "",
            self.replacing: None,
            self.editing: gr.update(visible=False),
        }

    def _chat(self, now: Chat) -> str:
        if now.turns:
            return turns_view(self.said, now)
        return welcome_view(self.said, self.start.examples())

    # The collection

    def _collecting(self) -> None:
        filters = [self.holding, self.since, self.until, self.source, self.listed]
        whole = [self.overview, self.source, self.listing, self.listed]
        _at_once(self.collection_tab.select, self.collection, filters, whole)
        for box in (self.holding, self.since, self.until):
            _at_once(box.submit, self.found, filters[:-1], [self.listing, self.listed])
            _at_once(box.blur, self.found, filters[:-1], [self.listing, self.listed])
        _at_once(self.source.change, self.found, filters[:-1], [self.listing, self.listed])
        _at_once(self.listing.more, self.more, filters, [self.listing, self.listed])
        renewed = self.update.click(
            self.renew,
            None,
            [self.report, self.update],
            show_progress="hidden",
            concurrency_limit=1,
            api_visibility="private",
        )
        _at_once(renewed.then, self.collection, filters, whole)

    def collection(self, words_: str, since: str, until: str, source: str, count: int) -> Shown:
        """Show what the collection holds now."""
        try:
            snapshot = self.start.engine().snapshot()
        except MujibError:
            return {self.overview: "", self.listing: ""}
        heads = snapshot.article_heads()
        sources = [(self.said["every_source"], ""), *((name, name) for name in source_options(heads))]
        return {
            self.overview: overview_view(self.said, snapshot.status(), month_columns(heads)),
            self.source: gr.update(choices=sources),
            self.listing: self._list(words_, since, until, source, count),
        }

    def found(self, words_: str, since: str, until: str, source: str) -> tuple[str, int]:
        """Show the articles that are like that."""
        return self._list(words_, since, until, source, _LISTED), _LISTED

    def more(self, words_: str, since: str, until: str, source: str, count: int) -> tuple[str, int]:
        """Show more of them."""
        return self._list(words_, since, until, source, count + _LISTED), count + _LISTED

    def renew(self) -> Iterator[tuple[str, Any]]:
        """Bring the index up to date, and show how far that is and what was done."""
        busy, free = gr.update(interactive=False), gr.update(interactive=True)
        yield report_view(self.said, None), busy
        try:
            for event in run_update(self.start.engine()):
                if isinstance(event, tuple):
                    yield report_view(self.said, None, *event), busy
                else:
                    yield report_view(self.said, event), free
        except MujibError as error:
            yield report_view(self.said, None, problem=error_message(error, self.said)), free

    def _list(self, words_: str, since: str, until: str, source: str, count: int) -> str:
        try:
            days = parse_filter(since.strip(), until.strip())
            snapshot = self.start.engine().snapshot()
        except UsageError:
            return listing_view(self.said, (), 0, self.said["no_such_day"])
        except MujibError as error:
            return listing_view(self.said, (), 0, error_message(error, self.said))
        heads = filter_articles(snapshot, words_, days, source)
        return listing_view(self.said, list_items(snapshot, heads[:count]), len(heads))

    # The first start

    def _starting(self) -> None:
        timer = gr.Timer(0.5, active=self.start.state.stage != "ready")
        _at_once(timer.tick, self.look, [self.talk], [self.state, timer, self.log])
        _at_once(self.state.fetch, lambda: self.start.begin(fetch=True))
        _at_once(self.state.again, self.start.begin)

    def look(self, now: Chat) -> tuple[Any, Any, Any]:
        """Show how far the start is; when it is over, questions can be offered."""
        ready = self.start.state.stage == "ready"
        # Only where no chat has begun: the answer to an early question may come at the same moment.
        log = self._chat(now) if ready and not now.id else gr.skip()
        return state_view(self.said, self.start.state), gr.Timer(active=not ready), log


# What a button of a view does (`data-act`) is an event of its component: gradio wants the names in this text.
_WIRED = (
    "mujib.wire(element, trigger); /* 'cite' 'shut' 'sources' 'edit' 'retry' 'rate' 'note' 'example' 'reopen' 'forget' "
    "'fetch' 'again' 'more' */"
)


def _view(html: str, name: str) -> Any:
    return gr.HTML(html, js_on_load=_WIRED, apply_default_css=False, elem_id=name)


def _at_once(event: Any, handler: Callable[..., Any], inputs: Any = None, outputs: Any = None, **more: Any) -> Any:
    return event(handler, inputs, outputs, queue=False, show_progress="hidden", api_visibility="private", **more)


def _file(name: str, kind: str, text: str) -> str:
    return json.dumps({"name": name, "type": kind, "text": text})


def _last(now: Chat) -> Turn | None:
    return now.turns[-1] if now.turns else None


def _turn(event: gr.EventData, now: Chat) -> tuple[int, Turn]:
    number = int(event.turn)
    return number, now.turns[number]


def build_page(start: Startup, language: Language) -> Any:
    """Return the page in a language, as Gradio blocks."""
    return _Page(start, language).blocks


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


def application(start: Startup, host: str, port: int, password: str = "") -> FastAPI:
    """Return the page in both languages, with the door for programs on the same port.

    With a `password` both ask for it: the page from the user `mujib`, programs as their key. Without one only requests
    that name this computer are taken: a page from elsewhere could otherwise come in under a name of its own.
    """
    app = build_api(lambda: Mujib(start.engine()), password)
    _add_files(app)
    paths: dict[Language, str] = {"ar": "/ar", "en": "/"}  # the second takes all that is left
    for language, path in paths.items():
        gr.mount_gradio_app(
            app,
            build_page(start, language),
            path=path,
            server_name=host,
            server_port=port,
            auth=(USER, password) if password else None,
            theme=gr.themes.Default(font=_FONTS, font_mono=["monospace"], primary_hue="teal", neutral_hue="slate"),
            footer_links=[],
            run_history=False,
            show_error=False,
            ssr_mode=False,
        )
    app.add_middleware(SecurityMiddleware)
    if not password:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, host])
    return app


def _add_files(app: FastAPI) -> None:
    """Add what the page loads beside Gradio's own, and the choice of its language."""
    server = secrets.token_hex(4)  # another one after a restart: what an open page knew of this one is gone then

    @app.get("/page/alive", include_in_schema=False)
    def alive() -> Response:
        return Response(status_code=204, headers={"X-Mujib": server})

    @app.get("/page/{name}", include_in_schema=False)
    def file(name: str) -> Response:
        if name not in {"style.css", "script.js", "icon.svg"}:
            return Response(status_code=404)
        return FileResponse(_FILES / name, headers={"Cache-Control": "no-cache"})

    @app.get("/language/{name}", include_in_schema=False)
    def language(name: str) -> Response:
        chosen = name if name in LANGUAGES else "en"
        response = RedirectResponse("/ar/" if chosen == "ar" else "/")
        response.set_cookie(COOKIE, chosen, max_age=12 * _MONTH, samesite="lax", httponly=True)
        return response


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve an `application` until interrupted."""
    # An open page keeps a connection: it is not waited for when the server is stopped.
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=1)
