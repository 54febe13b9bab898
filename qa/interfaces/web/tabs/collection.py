"""The collection: what it holds, a filtered list of its articles, updates."""

# No postponed annotations: see `components.py`.
from collections.abc import Iterator
from typing import Any

import gradio as gr

from index.errors import MujibError, UsageError
from qa.interfaces.i18n import error_message
from qa.interfaces.web.collection import filter_articles, list_items, month_columns, source_options
from qa.interfaces.web.tabs.components import PageContext, Updates, html_view, on_event
from qa.interfaces.web.updates import run_update
from qa.interfaces.web.views import listing_view, overview_view, report_view
from qa.understanding.time_expressions import parse_filter

_LIST_STEP = 40  # articles that a list shows at first, and more each time


class CollectionTab:
    """The articles that are asked about."""

    def __init__(self, context: PageContext) -> None:
        """Lay out the overview, the filters and the list."""
        self._startup = context.startup
        self._words = words = context.words
        self._count = gr.State(_LIST_STEP)  # of articles that the list shows
        self._overview = html_view("", "overview")
        self._update = gr.Button(words["update"], size="sm", elem_id="update")
        self._report = html_view("", "report")
        day = words["filter_day"]
        with gr.Row(elem_id="filters"):
            self._with_words = gr.Textbox(label=words["filter_words"], max_length=200, elem_id="filter-words")
            self._since = gr.Textbox(label=words["filter_since"], placeholder=day, max_length=40)
            self._until = gr.Textbox(label=words["filter_until"], placeholder=day, max_length=40)
            self._source = gr.Dropdown([(words["every_source"], "")], value="", label=words["filter_source"])
        self.list = html_view("", "list")

    def bind(self, tab: Any) -> None:
        """Handle the events; the collection is shown when its `tab` is opened."""
        boxes = [self._with_words, self._since, self._until]
        filters = [*boxes, self._source]
        listed = [self.list, self._count]
        shown = [self._overview, self._source, self.list, self._count]
        on_event(tab.select, self.show, [*filters, self._count], shown)
        for event in (*(box.submit for box in boxes), *(box.blur for box in boxes), self._source.change):
            on_event(event, self.filter, filters, listed)
        on_event(self.list.more, self.show_more, [*filters, self._count], listed)
        updated = self._update.click(
            self.update,
            None,
            [self._report, self._update],
            show_progress="hidden",
            concurrency_limit=1,
            api_visibility="private",
        )
        on_event(updated.then, self.show, [*filters, self._count], shown)

    def show(self, with_words: str, since: str, until: str, source: str, count: int) -> Updates:
        """Show what the collection holds now."""
        try:
            snapshot = self._startup.mujib().collection.snapshot()
        except MujibError:
            return {self._overview: "", self.list: ""}
        heads = snapshot.article_heads()
        choices = [(self._words["every_source"], ""), *((name, name) for name in source_options(heads))]
        return {
            self._overview: overview_view(self._words, snapshot.status(), month_columns(heads)),
            self._source: gr.update(choices=choices),
            self.list: self._list_view(with_words, since, until, source, count),
        }

    def filter(self, with_words: str, since: str, until: str, source: str) -> tuple[str, int]:
        """Show the articles that pass the filters."""
        return self._list_view(with_words, since, until, source, _LIST_STEP), _LIST_STEP

    def show_more(self, with_words: str, since: str, until: str, source: str, count: int) -> tuple[str, int]:
        """Show more of them."""
        count += _LIST_STEP
        return self._list_view(with_words, since, until, source, count), count

    def update(self) -> Iterator[tuple[str, Any]]:
        """Bring the index up to date, and show the progress and the report."""
        disabled, enabled = gr.update(interactive=False), gr.update(interactive=True)
        yield report_view(self._words, None), disabled
        try:
            for event in run_update(self._startup.mujib()):
                if isinstance(event, tuple):
                    yield report_view(self._words, None, *event), disabled
                else:
                    yield report_view(self._words, event), enabled
        except MujibError as error:
            yield report_view(self._words, None, problem=error_message(error, self._words)), enabled

    def _list_view(self, with_words: str, since: str, until: str, source: str, count: int) -> str:
        try:
            search_filter = parse_filter(since.strip(), until.strip())
            snapshot = self._startup.mujib().collection.snapshot()
        except UsageError:
            return listing_view(self._words, (), 0, self._words["no_such_day"])
        except MujibError as error:
            return listing_view(self._words, (), 0, error_message(error, self._words))
        heads = filter_articles(snapshot, with_words, search_filter, source)
        return listing_view(self._words, list_items(snapshot, heads[:count]), len(heads))
