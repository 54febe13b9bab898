"""The panel beside the chat: the sources of an answer, and the article that is read."""

# No postponed annotations: see `components.py`.
from typing import Any

import gradio as gr

from index.errors import MujibError
from qa.interfaces.web.chats import Chat
from qa.interfaces.web.tabs.components import PageContext, html_view, on_event, selected_turn
from qa.interfaces.web.views import article_view, sources_view


class SourcesPanel:
    """Shows what an answer rests on; an open article takes the place of the sources."""

    def __init__(self, context: PageContext) -> None:
        """Make the components; they are not rendered yet."""
        self._startup = context.startup
        self._words = context.words
        self.sources = html_view(sources_view(context.words, None), "sources", render=False)
        self.article = html_view("", "article", render=False)

    def render(self) -> None:
        """Give the components their place on the page."""
        self.sources.render()
        self.article.render()

    def bind(self, chat: Any, log: Any, citing: list[Any]) -> None:
        """Handle the events of the panel, of the `log` of the `chat`, and of the views that cite without it."""
        for view in (*citing, self.sources):
            on_event(view.cite, self.open_article, None, self.article, trigger_mode="always_last")
        both = [self.article, self.sources]
        on_event(log.cite, self.open_cited_article, [chat], both, trigger_mode="always_last")
        on_event(log.sources, self.show_sources, [chat], both)
        on_event(self.article.shut, lambda: "", None, self.article)

    def open_article(self, event: gr.EventData) -> str:
        """Open an article at a place."""
        try:
            article = self._startup.mujib().article(str(event.article))
        except (KeyError, MujibError):
            return article_view(self._words, None)
        duplicates = [name for name in str(event.also).split("\n") if name]
        return article_view(self._words, article, int(event.start), int(event.end), duplicates)

    def open_cited_article(self, chat: Chat, event: gr.EventData) -> tuple[str, str]:
        """Open an article at a place, over the sources of the answer that cites it."""
        _, turn = selected_turn(event, chat)
        return self.open_article(event), sources_view(self._words, turn)

    def show_sources(self, chat: Chat, event: gr.EventData) -> tuple[str, str]:
        """Show the sources of an earlier answer."""
        _, turn = selected_turn(event, chat)
        return "", sources_view(self._words, turn)
