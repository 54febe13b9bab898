"""The page in one language: its parts and their places."""

# No postponed annotations: see `tabs/components.py`.
from typing import Any

import gradio as gr

from qa.interfaces.i18n import load_words
from qa.interfaces.web.chats import Chat
from qa.interfaces.web.startup import Startup
from qa.interfaces.web.tabs.chat import ChatTab
from qa.interfaces.web.tabs.collection import CollectionTab
from qa.interfaces.web.tabs.components import PageContext, html_view, on_event
from qa.interfaces.web.tabs.history import ChatHistory
from qa.interfaces.web.tabs.panel import SourcesPanel
from qa.interfaces.web.tabs.ratings import Ratings
from qa.interfaces.web.tabs.storage import ChatStorage
from qa.interfaces.web.views import state_view, top_view
from qa.types import Language

_MAX_EVENTS = 100  # that may wait; questions have a queue of their own, which is shorter
_FONTS = ["system-ui", "Segoe UI", "Noto Sans Arabic", "Tahoma", "sans-serif"]  # of this computer: none is fetched
_STATE_SECONDS = 0.5  # between two looks at how far the start is


def page_theme() -> Any:
    """Return the colors and fonts of the page."""
    return gr.themes.Default(font=_FONTS, font_mono=["monospace"], primary_hue="teal", neutral_hue="slate")


def build_page(startup: Startup, language: Language) -> Any:
    """Return the page in a language, as Gradio blocks."""
    context = PageContext(startup, load_words(language), language)
    with gr.Blocks(title=context.words["title"], analytics_enabled=False, fill_height=True) as blocks:
        _lay_out(context, blocks)
    blocks.queue(max_size=_MAX_EVENTS)
    return blocks


def _lay_out(context: PageContext, blocks: Any) -> None:
    words = context.words
    storage, panel = ChatStorage(context), SourcesPanel(context)
    html_view(top_view(words, context.language), "top")
    state = html_view("", "state")  # filled by the timer: what stood here would stay as it was when the server started
    with gr.Row(elem_id="main"):
        with gr.Column(scale=3, elem_id="left"), gr.Tabs(elem_id="tabs"):
            with gr.Tab(words["ask_tab"], id="ask"):
                chat_tab = ChatTab(context, storage, panel)
                history = ChatHistory(context, storage, panel, chat_tab)
            with gr.Tab(words["collection_tab"], id="collection") as tab:
                collection_tab = CollectionTab(context)
        with gr.Column(scale=2, elem_id="panel"):
            panel.render()
    chat_tab.bind(blocks)
    panel.bind(storage.chat, chat_tab.log, [chat_tab.live, collection_tab.list])
    Ratings(context, storage, chat_tab).bind()
    history.bind(blocks)
    collection_tab.bind(tab)
    _bind_startup(context, state, storage, chat_tab)


def _bind_startup(context: PageContext, state: Any, storage: ChatStorage, chat_tab: ChatTab) -> None:
    """Show how far the start is until it is over, and begin it again on request."""
    startup = context.startup

    def show(chat: Chat) -> tuple[Any, Any, Any]:
        ready = startup.state.stage == "ready"
        # Only where no chat has begun: the answer to an early question may come at the same moment.
        log = chat_tab.log_view(chat) if ready and not chat.id else gr.skip()
        return state_view(context.words, startup.state), gr.Timer(active=not ready), log

    timer = gr.Timer(_STATE_SECONDS, active=startup.state.stage != "ready")
    on_event(timer.tick, show, [storage.chat], [state, timer, chat_tab.log])
    on_event(state.fetch, lambda: startup.begin(fetch=True))
    on_event(state.again, startup.begin)
