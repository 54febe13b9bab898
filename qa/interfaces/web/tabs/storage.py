"""The chat that is shown, and the chats that the browser stores."""

# No postponed annotations: see `components.py`.
from typing import Any

import gradio as gr

from qa.interfaces.web.chats import EMPTY_CHAT, load_chats
from qa.interfaces.web.tabs.components import PageContext, html_view
from qa.interfaces.web.views import chats_view


class ChatStorage:
    """Passes chats between the page and the browser's storage (`script.js`).

    They travel as text: a citation has a `path`, and gradio takes an object with one for a file that it is to serve.
    """

    def __init__(self, context: PageContext) -> None:
        """Make the components; the list of stored chats is not rendered yet."""
        self._words = context.words
        self.chat = gr.State(EMPTY_CHAT)
        self.from_browser = gr.Textbox(visible=False)
        self.to_browser = gr.Textbox(visible=False)  # a chat to store, or a file to save
        self.list = html_view(chats_view(context.words, (), ""), "chat-list", render=False)

    def store_after(self, event: Any) -> None:
        """Let the browser store the chat that `event` gives, and list the chats anew."""
        self.list_after(event.then(None, [self.to_browser], None, js="(chat) => mujib.storeChat(chat)"))

    def list_after(self, event: Any) -> None:
        """After `event`, list the chats that the browser stores now."""
        event.then(
            lambda stored, chat: chats_view(self._words, load_chats(stored), chat.id),
            [self.from_browser, self.chat],
            [self.list],
            js="(_, chat) => [mujib.chatTitles(), chat]",
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )

    def save_after(self, event: Any) -> None:
        """Let the browser save the file that `event` gives."""
        event.then(None, [self.to_browser], None, js="(file) => mujib.saveFile(file)")
