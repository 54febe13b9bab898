"""Is there anything new in the folders? An update beside the questions, told as it goes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from index.update import Report
from qa.engine import Engine
from qa.page.start import renew

Done = tuple[int, int]  # so many of so many passages


def renewing(engine: Engine) -> Iterator[Done | Report]:
    """Bring the index up to date, and yield how far that is and at last what was done.

    It goes on to its end if nobody listens any more. Raises the `MujibError` that ends it.
    """
    told: queue.SimpleQueue[Done | Report | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            embedder = engine.embedder
            told.put(renew(engine.settings, embedder.identity, lambda: embedder, lambda *done: told.put(done)))
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody listens
            told.put(error)

    threading.Thread(target=run, name="renewing", daemon=True).start()
    while True:
        item = told.get()
        if isinstance(item, BaseException):
            raise item
        yield item
        if isinstance(item, Report):
            return
