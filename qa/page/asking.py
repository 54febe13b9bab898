"""What does the reader see between a question and its answer?"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace

from index.errors import MujibError
from qa.answer import stream
from qa.generate import Stop
from qa.page.start import Start
from qa.page.talk import Talk, Turn, exchanges
from qa.page.views import Live
from qa.page.words import Words, told
from qa.question import accept
from qa.types import Answer, Checked, Citation, Draft, Evidence, Found, Waiting, Window

_LOOK = 0.2  # seconds after which a question that came too early looks whether it can be answered


@dataclass(frozen=True, slots=True)
class Nearest:
    """What is nearest to the question in the articles, before there is an answer."""

    citations: tuple[Citation, ...]


def ask(start: Start, words: Words, text: str, before: Talk, stop: Stop) -> Iterator[Live | Nearest | Turn]:
    """Yield what is shown while `text` is answered after the chat `before`, and at last the finished turn.

    Whatever goes wrong becomes a turn that says so: the page goes on.
    """
    live = Live(text, words["searching"])
    yield live
    try:
        question = accept(text)
        while start.state.stage in {"loading", "fetching", "indexing"} and not stop():
            yield replace(live, progress=words["not_yet"])
            time.sleep(_LOOK)
        for event in stream(start.engine(), question, Window(), exchanges(before), stop):
            if isinstance(event, Found):
                yield Nearest(event.nearest)
                live = replace(live, progress=words["writing"], citations=_places(event.evidence))
            elif isinstance(event, Waiting):
                live = replace(live, progress=words["waiting"].format(ahead=event.ahead))
            elif isinstance(event, Checked):
                live = replace(live, sentences=event.sentences, progress=words["writing"], draft="")
            elif isinstance(event, Draft):
                live = replace(live, draft=event.text, progress=words["writing"])
            if isinstance(event, Answer):
                yield Turn(question.text, event)
            else:
                yield live
    except MujibError as error:
        yield Turn(text, problem=told(error, words))
    except Exception:  # noqa: BLE001 - one question must not take the page down; the terminal has the traceback
        traceback.print_exc()
        yield Turn(text, problem=words["broken"])


def _places(evidence: tuple[Evidence, ...]) -> dict[int, Citation]:
    """Return where each piece of evidence lies, for the numbers in an answer that is not finished."""
    return {
        item.number: Citation(item.number, item.article_id, "", None, "", item.start, item.end, item.text)
        for item in evidence
    }
