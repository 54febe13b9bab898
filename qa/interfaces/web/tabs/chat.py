"""The chat: asking, the answer as it is made, stopping it."""

# No postponed annotations: see `components.py`.
import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr

from qa.errors import QuestionError
from qa.interfaces.i18n import error_message
from qa.interfaces.web.chats import EMPTY_CHAT, Chat, Turn, append_turn, dump_chat, start_chat, truncate_chat
from qa.interfaces.web.streaming import stream_turn
from qa.interfaces.web.tabs.components import PageContext, Updates, html_view, on_event, selected_turn
from qa.interfaces.web.tabs.panel import SourcesPanel
from qa.interfaces.web.tabs.storage import ChatStorage
from qa.interfaces.web.views import (
    LiveAnswer,
    citations_view,
    hint_view,
    live_view,
    sources_view,
    turns_view,
    welcome_view,
)
from qa.understanding.validation import parse_question


class ChatTab:
    """The chat of a page and the box for the next question."""

    def __init__(self, context: PageContext, storage: ChatStorage, panel: SourcesPanel) -> None:
        """Lay out the chat."""
        self._startup = context.startup
        self._words = context.words
        self._storage = storage
        self._panel = panel
        self._running: dict[str, threading.Event] = {}  # by session: set when its answer is no longer wanted
        self.replaced_turn = gr.State(None)  # the number of the turn that the next question takes the place of
        self._pending = gr.State(("", EMPTY_CHAT))  # the question that is being answered, and its chat
        self._turn = gr.State(None)  # the finished turn
        with gr.Column(elem_id="chat"):
            self.log = html_view("", "log")
            self.live = html_view("", "live")
        self._lay_out_composer()

    def _lay_out_composer(self) -> None:
        words = self._words
        self._hint = html_view("", "hint")
        html_view(hint_view(words, words["still_answering"]), "busy")  # shown by `script.js`
        self.editing = gr.Button(f"{words['editing']} {words['cancel']}", visible=False, size="sm", elem_id="editing")
        with gr.Row(elem_id="composer"):
            self._question = gr.Textbox(
                label=words["placeholder"],
                show_label=False,
                placeholder=words["placeholder"],
                max_lines=6,
                autofocus=True,
                container=False,
                scale=5,
                elem_id="question",
            )
            self._ask = gr.Button(words["ask"], variant="primary", scale=0, min_width=96, elem_id="ask")
            self._stop = gr.Button(words["stop"], variant="stop", visible=False, scale=0, min_width=96, elem_id="stop")

    def bind(self, blocks: Any) -> None:
        """Handle the events: a question is accepted, answered, and its turn becomes part of the chat."""
        chat, replaced_turn, question = self._storage.chat, self.replaced_turn, self._question
        for event, inputs, handler in (
            (question.submit, [question, chat, replaced_turn], self.accept),
            (self._ask.click, [question, chat, replaced_turn], self.accept),
            (self.log.example, [chat], self.accept_example),
            (self.log.retry, [chat], self.accept_again),
        ):
            self._bind_asking(event, inputs, handler)
        self._stop.click(self.stop, queue=False, api_visibility="private")
        blocks.unload(self.stop)
        edited = [question, replaced_turn, self.editing]
        on_event(self.log.edit, self.edit, [chat], edited)
        on_event(self.editing.click, lambda: ("", None, gr.update(visible=False)), None, edited)

    def _bind_asking(self, event: Any, inputs: list[Any], handler: Any) -> None:
        chat, panel = self._storage.chat, self._panel
        buttons = [self._ask, self._stop]
        accepted = [self._question, self.replaced_turn, self.editing, *buttons, self._hint, self.log, panel.article]
        answered = on_event(event, handler, inputs, [*accepted, chat, self._pending]).then(
            self.answer,
            [self._pending],
            [self.live, panel.sources, self._turn],
            show_progress="hidden",
            concurrency_limit=None,
            api_visibility="private",
        )
        finished = [*buttons, self.log, self.live, panel.sources, chat, self._storage.to_browser]
        self._storage.store_after(on_event(answered.then, self.finish, [self._turn, self._pending, chat], finished))

    def accept(self, text: str, chat: Chat, replaced: int | None) -> Updates:
        """Take a question for the end of the chat, or in the place of its turn `replaced` and those after it.

        What is not a question stays in the box, with a hint.
        """
        try:
            parse_question(text)
        except QuestionError as error:
            hint = hint_view(self._words, error_message(error, self._words))
            return {self._hint: hint, self.log: self.log_view(chat), self._panel.article: "", self._pending: ("", chat)}
        chat = start_chat(truncate_chat(chat, replaced))
        return {
            self._question: "",
            self.replaced_turn: None,
            self.editing: gr.update(visible=False),
            self._ask: gr.update(visible=False),
            self._stop: gr.update(visible=True),
            self._hint: "",
            self.log: turns_view(self._words, chat),
            self._panel.article: "",
            self._storage.chat: chat,
            self._pending: (text, chat),
        }

    def accept_example(self, chat: Chat, event: gr.EventData) -> Updates:
        """Take a question that was offered."""
        return self.accept(str(event.question), chat, None)

    def accept_again(self, chat: Chat, event: gr.EventData) -> Updates:
        """Take a question again: the last one in its own place, an earlier one at the end."""
        number, turn = selected_turn(event, chat)
        return self.accept(turn.question, chat, number if turn is chat.last_turn else None)

    def answer(self, pending: tuple[str, Chat], request: gr.Request) -> Iterator[tuple[str, str, Turn | None]]:
        """Show the answer as it is made and what is found for it, and at last give the turn."""
        text, chat = pending
        if not text:
            yield "", sources_view(self._words, chat.last_turn), None
            return
        session = str(request.session_hash)
        self._running[session] = stopped = threading.Event()
        live, sources = "", sources_view(self._words, None)
        for event in stream_turn(self._startup, self._words, text, chat, stopped.is_set):
            if isinstance(event, Turn):
                yield live, sources_view(self._words, event), event
                break
            if isinstance(event, LiveAnswer):
                live = live_view(self._words, event)
            else:
                sources = citations_view(self._words, self._words["found"], event.citations, numbered=False)
            yield live, sources, None
        if self._running.get(session) is stopped:
            del self._running[session]

    def finish(self, turn: Turn | None, pending: tuple[str, Chat], shown: Chat) -> Updates:
        """Add the turn to its chat, which is no longer the `shown` one when the reader has opened another."""
        asked = shown if shown.id == pending[1].id else pending[1]
        finished = append_turn(asked, turn) if turn else asked
        shown = finished if shown.id == finished.id else shown
        return {
            self._ask: gr.update(visible=True),
            self._stop: gr.update(visible=False),
            self.log: self.log_view(shown),
            self.live: "",
            self._panel.sources: sources_view(self._words, shown.last_turn),
            self._storage.chat: shown,
            self._storage.to_browser: dump_chat(finished),
        }

    def stop(self, request: gr.Request) -> None:
        """Let the answer end with what is checked."""
        if (running := self._running.get(str(request.session_hash))) is not None:
            running.set()

    def edit(self, chat: Chat, event: gr.EventData) -> tuple[str, int, Any]:
        """Put a question back into the box; the next one takes its place."""
        number, turn = selected_turn(event, chat)
        return turn.question, number, gr.update(visible=True)

    def log_view(self, chat: Chat) -> str:
        """Return the turns of a chat, or a welcome while there are none."""
        if chat.turns:
            return turns_view(self._words, chat)
        return welcome_view(self._words, self._startup.suggestions())
