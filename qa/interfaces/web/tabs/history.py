"""Earlier chats: reopening, deleting, exporting, and the chat that a page opens with."""

# No postponed annotations: see `components.py`.
import json
from typing import Any

import gradio as gr

from qa.interfaces.web.chats import EMPTY_CHAT, Chat, load_chat
from qa.interfaces.web.export import chat_as_markdown
from qa.interfaces.web.tabs.chat import ChatTab
from qa.interfaces.web.tabs.components import PageContext, Updates, on_event
from qa.interfaces.web.tabs.panel import SourcesPanel
from qa.interfaces.web.tabs.storage import ChatStorage
from qa.interfaces.web.views import saved_view, sources_view


class ChatHistory:
    """The list of earlier chats, and the buttons for the one that is shown."""

    def __init__(self, context: PageContext, storage: ChatStorage, panel: SourcesPanel, chat_tab: ChatTab) -> None:
        """Lay out the buttons and the list."""
        self._words = words = context.words
        self._language = context.language
        self._storage = storage
        self._panel = panel
        self._chat_tab = chat_tab
        with gr.Row(elem_id="chat-actions"):
            self._new = gr.Button(words["new_chat"], size="sm", elem_id="new")
            self._markdown = gr.Button(words["export_markdown"], size="sm", elem_id="markdown")
            self._html = gr.Button(words["export_html"], size="sm", elem_id="html")
            with gr.Accordion(words["history"], open=False, elem_id="history"):
                storage.list.render()

    def bind(self, blocks: Any) -> None:
        """Handle the events."""
        storage, chat_tab = self._storage, self._chat_tab
        opened = [storage.chat, chat_tab.log, chat_tab.live, self._panel.sources, self._panel.article]
        opened += [chat_tab.replaced_turn, chat_tab.editing]
        loaded = blocks.load(
            self.open_last,
            [storage.from_browser],
            opened,
            js="() => [mujib.lastChat()]",
            show_progress="hidden",
            api_visibility="private",
        )
        storage.list_after(loaded)
        storage.list_after(on_event(self._new.click, self.open_new, None, opened))
        storage.list_after(on_event(storage.list.reopen, self.reopen, None, opened))
        storage.list_after(on_event(storage.list.forget, self.forget, [storage.chat], opened))
        for button, export in ((self._markdown, self.export_markdown), (self._html, self.export_html)):
            storage.save_after(on_event(button.click, export, [storage.chat], storage.to_browser))

    def open_last(self, stored: Any) -> Updates:
        """Show the last chat again."""
        return self._open(load_chat(stored))

    def open_new(self, request: gr.Request) -> Updates:
        """Show an empty chat; an answer that is being written ends, and stays with its own chat."""
        self._chat_tab.stop(request)
        return self._open(EMPTY_CHAT)

    def reopen(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Show an earlier chat."""
        self._chat_tab.stop(request)
        return self._open(load_chat(event.stored))

    def forget(self, chat: Chat, event: gr.EventData) -> Updates:
        """Show an empty chat when this one, or all, were deleted from the browser."""
        return self._open(EMPTY_CHAT if event.chat in {"", chat.id} else chat)

    def export_markdown(self, chat: Chat) -> str:
        """Return the chat as a Markdown file."""
        return _file("mujib.md", "text/markdown", chat_as_markdown(self._words, chat))

    def export_html(self, chat: Chat) -> str:
        """Return the chat as a web page."""
        return _file("mujib.html", "text/html", saved_view(self._words, chat, self._language))

    def _open(self, chat: Chat) -> Updates:
        return {
            self._storage.chat: chat,
            self._chat_tab.log: self._chat_tab.log_view(chat),
            self._chat_tab.live: "",
            self._panel.sources: sources_view(self._words, chat.last_turn),
            self._panel.article: "",
            self._chat_tab.replaced_turn: None,
            self._chat_tab.editing: gr.update(visible=False),
        }


def _file(name: str, media_type: str, text: str) -> str:
    """Return a file as JSON, for the browser to save."""
    return json.dumps({"name": name, "type": media_type, "text": text})
