"""An update of the index beside the questions, with its progress."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from index.sync.update import UpdateReport
from qa.engine import Engine
from qa.interfaces.web.startup import update_index

Done = tuple[int, int]  # so many of so many passages


def run_update(engine: Engine) -> Iterator[Done | UpdateReport]:
    """Bring the index up to date, and yield how far that is and at last what was done.

    It goes on to its end if nobody listens any more. Raises the `MujibError` that ends it.
    """
    told: queue.SimpleQueue[Done | UpdateReport | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            embedder = engine.embedder
            told.put(update_index(engine.settings, embedder.identity, lambda: embedder, lambda *done: told.put(done)))
        except BaseException as error:
            told.put(error)

    threading.Thread(target=run, name="renewing", daemon=True).start()
    while True:
        item = told.get()
        if isinstance(item, BaseException):
            raise item
        yield item
        if isinstance(item, UpdateReport):
            return
