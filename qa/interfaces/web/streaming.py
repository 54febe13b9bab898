"""What the reader sees between a question and its answer."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace

from index.errors import MujibError
from qa.generation.base import Cancelled
from qa.interfaces.i18n import Words, error_message
from qa.interfaces.web.chats import Chat, Turn, chat_history
from qa.interfaces.web.startup import Startup
from qa.interfaces.web.views import LiveAnswer
from qa.pipeline import stream_answer
from qa.types import Answer, Citation, DraftGrown, Evidence, EvidenceFound, SearchFilter, SentencesChecked, Waiting
from qa.understanding.validation import parse_question

_LOOK = 0.2  # seconds after which a question that came too early looks whether it can be answered


@dataclass(frozen=True, slots=True)
class NearestFound:
    """What is nearest to the question in the articles, before there is an answer."""

    citations: tuple[Citation, ...]


def stream_turn(
    start: Startup, words: Words, text: str, before: Chat, stop: Cancelled
) -> Iterator[LiveAnswer | NearestFound | Turn]:
    """Yield what is shown while `text` is answered after the chat `before`, and at last the finished turn.

    Whatever goes wrong becomes a turn that says so: the page goes on.
    """
    live = LiveAnswer(text, words["searching"])
    yield live
    try:
        question = parse_question(text)
        while start.state.stage in {"loading", "fetching", "indexing"} and not stop():
            yield replace(live, progress=words["not_yet"])
            time.sleep(_LOOK)
        for event in stream_answer(start.engine(), question, SearchFilter(), chat_history(before), stop):
            if isinstance(event, EvidenceFound):
                yield NearestFound(event.nearest)
                live = replace(live, progress=words["writing"], citations=_places(event.evidence))
            elif isinstance(event, Waiting):
                live = replace(live, progress=words["waiting"].format(ahead=event.ahead))
            elif isinstance(event, SentencesChecked):
                live = replace(live, sentences=event.sentences, progress=words["writing"], draft="")
            elif isinstance(event, DraftGrown):
                live = replace(live, draft=event.text, progress=words["writing"])
            if isinstance(event, Answer):
                yield Turn(question.text, event)
            else:
                yield live
    except MujibError as error:
        yield Turn(text, problem=error_message(error, words))
    except Exception:
        traceback.print_exc()
        yield Turn(text, problem=words["broken"])


def _places(evidence: tuple[Evidence, ...]) -> dict[int, Citation]:
    """Return where each piece of evidence lies, for the numbers in an answer that is not finished."""
    return {
        item.number: Citation(item.number, item.article_id, "", None, "", item.start, item.end, item.text)
        for item in evidence
    }
