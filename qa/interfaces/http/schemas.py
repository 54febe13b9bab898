"""What programs send, as pydantic models: `/v1/openapi.json` describes them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from index.text.languages import RequestedLanguage
from qa.types import Exchange
from qa.understanding.followups import HISTORY_LENGTH
from qa.understanding.validation import MAX_CHARACTERS

MODEL = "mujib"  # the one model that a client of OpenAI's API can choose


class EarlierExchange(BaseModel):
    """A question that was asked before, and the answer to it; empty when the articles did not say."""

    question: str = Field(max_length=MAX_CHARACTERS)
    answer: str = ""


class AskRequest(BaseModel):
    """A question."""

    question: str = Field(description="In Arabic or English.")
    language: RequestedLanguage = Field("auto", description="Of the answer; auto: the question's.")
    since: str | None = Field(None, description="Only articles published then or later: a day, a month or a year.")
    until: str | None = Field(None, description="Only articles published then or earlier.")
    history: list[EarlierExchange] = Field([], description="The questions before this one, for a follow-up.")
    stream: bool = Field(False, description="Server-sent events: found, waiting, draft, checked, and at last answer.")


class SearchRequest(BaseModel):
    """A search for passages."""

    query: str = Field(description="In Arabic or English.")
    k: int = Field(10, ge=1, le=50, description="Passages to give at most, each of another article.")
    since: str | None = None
    until: str | None = None


class ChatMessage(BaseModel):
    """A message of a conversation, as OpenAI's API has it."""

    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        """Return the message's text, of all its parts."""
        if isinstance(self.content, list):
            return " ".join(str(part["text"]) for part in self.content if part.get("type") == "text" and "text" in part)
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream holds besides the answer."""

    include_usage: bool = False


class CompletionRequest(BaseModel):
    """A conversation whose last message is the question.

    Every other field of OpenAI's API is accepted, but has no effect: `max_tokens`, `temperature` and the like, and
    messages of the roles `system` and `developer`. The response header `X-Mujib-Ignored` names those that were given.
    """

    model_config = ConfigDict(extra="allow")

    model: str = Field(MODEL, description="Any name: there is one model.")
    messages: list[ChatMessage]
    stream: bool = False
    stream_options: StreamOptions | None = None


class ErrorDetail(BaseModel):
    """What is wrong, and its cure, in one line."""

    message: str


class ErrorBody(BaseModel):
    """The body of every response whose status is 400 or more."""

    error: ErrorDetail


def as_history(exchanges: list[EarlierExchange]) -> tuple[Exchange, ...]:
    """Return the last exchanges, as many as a follow-up is understood from."""
    return tuple(Exchange(one.question, one.answer) for one in exchanges[-HISTORY_LENGTH:])
