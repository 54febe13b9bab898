"""Ratings of answers, and notes on them."""

# No postponed annotations: see `components.py`.
import gradio as gr

from qa.interfaces.web.chats import Chat, Verdict, dump_chat, rate_turn
from qa.interfaces.web.feedback import record_feedback
from qa.interfaces.web.tabs.chat import ChatTab
from qa.interfaces.web.tabs.components import PageContext, Updates, on_event, selected_turn
from qa.interfaces.web.tabs.storage import ChatStorage
from qa.interfaces.web.views import turns_view


class Ratings:
    """Records what readers think of the answers in the log of a chat."""

    def __init__(self, context: PageContext, storage: ChatStorage, chat_tab: ChatTab) -> None:
        """Take the parts of the page; the buttons stand under each answer."""
        self._words = context.words
        self._data = context.startup.settings.data
        self._storage = storage
        self._log = chat_tab.log

    def bind(self) -> None:
        """Handle the events."""
        storage, log = self._storage, self._log
        storage.store_after(on_event(log.rate, self.rate, [storage.chat], [log, storage.chat, storage.to_browser]))
        on_event(log.note, self.add_note, [storage.chat], log)

    def rate(self, chat: Chat, event: gr.EventData) -> Updates:
        """Record a verdict, or that it is taken back, and ask for a note."""
        number, turn = selected_turn(event, chat)
        verdict: Verdict = "up" if event.verdict == "up" else "down"
        chat = rate_turn(chat, number, "" if turn.verdict == verdict else verdict)
        rated = chat.turns[number]
        record_feedback(self._data, rated)
        log = turns_view(self._words, chat, noting=number if rated.verdict else None)
        return {self._log: log, self._storage.chat: chat, self._storage.to_browser: dump_chat(chat)}

    def add_note(self, chat: Chat, event: gr.EventData) -> str:
        """Record a note on an answer."""
        number, turn = selected_turn(event, chat)
        if str(event.note).strip():
            record_feedback(self._data, turn, str(event.note))
        return turns_view(self._words, chat, noted=number)
