"""What the parts of the page share: their context, components made of HTML, events."""

# No postponed annotations here or in the modules beside: gradio reads those of its handlers, and could not look up
# `gr.Request`.
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from qa.interfaces.i18n import Words
from qa.interfaces.web.chats import Chat, Turn
from qa.interfaces.web.startup import Startup
from qa.types import Language

Updates = dict[Any, Any]  # components, and their new values

# A click on a button of a view (`data-act`) is an event of its component: gradio wants the names in this text.
_ACTIONS = (
    "mujib.bindActions(element, trigger); /* 'cite' 'shut' 'sources' 'edit' 'retry' 'rate' 'note' 'example' 'reopen' "
    "'forget' 'fetch' 'again' 'more' */"
)


@dataclass(frozen=True)
class PageContext:
    """What every part of the page is made with."""

    startup: Startup
    words: Words
    language: Language


def html_view(html: str, elem_id: str, *, render: bool = True) -> Any:
    """Return a component that shows a view; the actions of its buttons are its events.

    With `render` it takes its place on the page at once, without when its `render()` is called.
    """
    return gr.HTML(html, js_on_load=_ACTIONS, apply_default_css=False, elem_id=elem_id, render=render)


def on_event(event: Any, handler: Callable[..., Any], inputs: Any = None, outputs: Any = None, **options: Any) -> Any:
    """Call `handler` at an event, at once: not in the queue of the questions. Return what follows it.

    Every handler gives each HTML component that it may change a value, also one it leaves as it is: gradio 6.31 keeps
    a copy of the component, for as long as the page is open, for each time that one is skipped.
    """
    return event(handler, inputs, outputs, queue=False, show_progress="hidden", api_visibility="private", **options)


def selected_turn(event: gr.EventData, chat: Chat) -> tuple[int, Turn]:
    """Return the turn, and its number, whose button was clicked."""
    number = int(event.turn)
    return number, chat.turns[number]
