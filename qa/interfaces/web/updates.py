"""An update of the index while questions are answered, with its progress."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from index.collection import UpdateReport
from qa.service import Mujib

UpdateProgress = tuple[int, int]  # so many of so many passages


def run_update(mujib: Mujib) -> Iterator[UpdateProgress | UpdateReport]:
    """Bring the index up to date; yield the progress, and at last the report.

    The update goes on to its end if the caller stops listening. Raises the `MujibError` that ends it.
    """
    events: queue.SimpleQueue[UpdateProgress | UpdateReport | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            events.put(mujib.collection.update(progress=lambda done, total: events.put((done, total))))
        except BaseException as error:  # noqa: BLE001 - it is raised where the events are read
            events.put(error)

    threading.Thread(target=run, name="update", daemon=True).start()
    while True:
        event = events.get()
        if isinstance(event, BaseException):
            raise event
        yield event
        if isinstance(event, UpdateReport):
            return
