"""Logging: the standard library's logger `mujib` and its children, quiet by default.

Every line carries the id of the question that it belongs to. The text of a question is logged only when the setting
`log_questions` says so.
"""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from index.errors import MujibError

LOGGER = logging.getLogger("mujib")
NO_QUESTION = "-"  # the id of lines that belong to no question
question_id: ContextVar[str] = ContextVar("question_id", default=NO_QUESTION)

_FORMAT = "%(asctime)s %(levelname)s %(name)s [%(question_id)s] %(message)s"
_T = TypeVar("_T")


class QuestionIdFilter(logging.Filter):
    """Gives each record the id of the question that is being answered, as `record.question_id`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id; every record passes."""
        record.question_id = question_id.get()
        return True


def configure_logging(level: str) -> None:
    """Write the lines of `level` (a name such as `info`) and above to standard error, in the place of what was set."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT))
    # A filter of the logger would see only the logger's own records; one of the handler sees those of its children.
    handler.addFilter(QuestionIdFilter())
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(level.upper())
    LOGGER.propagate = False  # else a library that sets up the root logger would write each line again


def new_question_id() -> str:
    """Return an id for one question."""
    return uuid.uuid4().hex[:8]


@contextmanager
def use_question_id(id_: str) -> Iterator[None]:
    """Log what happens inside under the question `id_`."""
    token = question_id.set(id_)
    try:
        yield
    finally:
        question_id.reset(token)


def trace_events(events: Generator[_T, None, None], id_: str) -> Iterator[_T]:
    """Yield `events`, logging what happens in the making of each under the question `id_`.

    A web server makes each event in another context, often in another thread: the id is set for each of them.
    """
    try:
        while True:
            with use_question_id(id_):
                try:
                    event = next(events)
                except StopIteration:
                    return
                except MujibError as error:
                    LOGGER.info("no answer: %s", error)
                    raise
            yield event
    finally:
        with use_question_id(id_):
            events.close()
