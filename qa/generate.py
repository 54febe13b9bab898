"""What does the model say? The only importer of llama_cpp and of the HTTP client."""

from __future__ import annotations

import codecs
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import cache
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from index.models import Model
from qa.copying import tree
from qa.errors import GenerationError
from qa.types import Prompt, Turn

if TYPE_CHECKING:
    from qa.config import Settings


_T = TypeVar("_T")

Stop = Callable[[], bool]  # asked again and again while a model works: is its reply no longer wanted?


class ReplyCutError(Exception):
    """The reply has more to say but ends here: it is no longer wanted, or as long as a reply may be."""


class Generator(Protocol):
    """Writes a reply to a prompt, piece by piece. `identity` names the model."""

    identity: str

    def stream(self, prompt: Prompt, stop: Stop) -> Iterator[str]:
        """Yield the reply in pieces of about a token. Closing the iterator stops the writing.

        Raises `ReplyCutError` within a second when `stop` says so, and when the reply has as many tokens as it may.
        """
        ...

    def count(self, prompt: Prompt) -> int:
        """Return how many tokens the prompt has, about."""
        ...


# How models mark the turns of a conversation: the texts before and after each role's message, and the reply's
# beginning. Ours, not the template inside the model file, which is a program of somebody else's.
_SCAFFOLDS = {
    "<|im_start|>": ("<|im_start|>{role}\n", "<|im_end|>\n", "<|im_start|>assistant\n"),
    "<start_of_turn>": ("<start_of_turn>{role}\n", "<end_of_turn>\n", "<start_of_turn>model\n"),
    "<|start_header_id|>": (
        "<|start_header_id|>{role}<|end_header_id|>\n\n",
        "<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
}
_PLAIN = ("{role}: ", "\n\n", "assistant: ")  # for a model that was trained on no such marks
_NO_SYSTEM = {"<start_of_turn>"}  # Gemma knows no system role: its text opens the first user message


_SEED = 20170323  # of a reply that is drawn, so that it is the same again
_WAIT = 0.2  # seconds between two looks at whether a waiting question is still wanted


def wanted() -> bool:
    """Never stop: the reply is wanted to its end."""
    return False


def _be_silent() -> None:
    """Stop the library's messages without closing standard output while a model loads, as it does by itself.

    It closes it for the whole process: an answer that another thread printed meanwhile was lost.
    """
    from llama_cpp import _internals, llama, llama_log_set

    llama_log_set(_no_message(), None)

    for module in (_internals, llama):
        vars(module)["suppress_stdout_stderr"] = lambda disable: nullcontext()  # noqa: ARG005 - its one argument


@cache
def _no_message() -> Any:
    from llama_cpp import llama_log_callback

    return llama_log_callback(lambda *_: None)


class LlamaGenerator:
    """A GGUF model in this process. One reply at a time: others wait."""

    def __init__(self, model: Model, settings: Settings) -> None:
        """Load the model file, which has been verified. Raises `GenerationError` when it is not a model."""
        import llama_cpp

        self.identity = model.identity
        self._lock = threading.Lock()
        self._limit = settings.answer_tokens
        self._window = settings.context_tokens
        self._library: Any = llama_cpp
        _be_silent()
        try:
            self._llama: Any = llama_cpp.Llama(
                str(model.path),
                n_ctx=settings.context_tokens,
                n_threads=settings.threads,
                n_threads_batch=settings.threads,
                verbose=False,
            )
        except (ValueError, OSError) as error:
            raise GenerationError(f"{model.path} is not a model that can be loaded ({error}).") from None
        self._stop: Stop = wanted
        # Asked between two steps of a computation: a model reads a prompt for seconds, which need not be waited for.
        self._abort: Any = llama_cpp.ggml_abort_callback(lambda _: self._stop())
        llama_cpp.llama_set_abort_callback(self._llama._ctx.ctx, self._abort, None)
        self._mark = next((mark for mark in _SCAFFOLDS if len(self._tokenise(mark, special=True)) == 1), None)

    def stream(self, prompt: Prompt, stop: Stop) -> Iterator[str]:
        """See `Generator.stream`. The same prompt gives the same reply."""
        tokens = self._tokens(prompt.turns)
        if len(tokens) + self._limit > self._window:
            raise GenerationError(
                f"the prompt has {len(tokens)} tokens and the reply up to {self._limit}, but the model's context only "
                f"{self._window}. Raise MUJIB_CONTEXT_TOKENS."
            )
        processors = self._library.LogitsProcessorList()
        if prompt.copy_from:
            processors.append(self._only_copying(prompt.copy_from, len(tokens)))
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with self._turn(stop):
            self._llama.set_seed(_SEED)
            written = self._llama.generate(
                tokens, temp=prompt.temperature, repeat_penalty=1.0, logits_processor=processors
            )
            for count, token in enumerate(written):
                if self._library.llama_vocab_is_eog(self._llama._model.vocab, token):
                    return
                if count == self._limit or stop():
                    raise ReplyCutError
                if text := decoder.decode(self._llama.detokenize([token])):
                    yield text

    @contextmanager
    def _turn(self, stop: Stop) -> Iterator[None]:
        """Wait for the model to be free, and let go of it when `stop` says so, before its turn or in it."""
        while not self._lock.acquire(timeout=_WAIT):
            if stop():
                raise ReplyCutError
        self._stop = stop
        try:
            yield
        except RuntimeError:  # what the library makes of a computation that was aborted
            if not stop():
                raise
            raise ReplyCutError from None
        finally:
            self._stop = wanted
            self._lock.release()

    def count(self, prompt: Prompt) -> int:
        """See `Generator.count`."""
        return len(self._tokens(prompt.turns))

    def _only_copying(self, texts: Sequence[str], prompt_length: int) -> Any:
        node = tree(texts, lambda text: self._tokenise(text, special=False), lambda t: self._llama.detokenize([t]))
        end_token = self._llama.token_eos()
        length = prompt_length

        def processor(tokens: Any, scores: Any) -> Any:
            nonlocal node, length
            for token in tokens[length:]:
                node = node.following[int(token)]
            length = len(tokens)
            allowed = node.allowed(end_token)
            masked = np.full_like(scores, -np.inf)
            masked[allowed] = scores[allowed]
            return masked

        return processor

    def _tokens(self, turns: Sequence[Turn]) -> list[int]:
        """Return the tokens of the scaffold with the turns in it, whose text never becomes a control token."""
        before, after, reply = _SCAFFOLDS[self._mark] if self._mark else _PLAIN
        tokens: list[int] = [self._llama.token_bos()] if self._llama._model.add_bos_token() else []
        for turn in _without_system(turns) if self._mark in _NO_SYSTEM else turns:
            tokens += self._tokenise(before.format(role=_role(turn.role, self._mark)), special=True)
            tokens += self._tokenise(turn.text, special=False)
            tokens += self._tokenise(after, special=True)
        return tokens + self._tokenise(reply, special=True)

    def _tokenise(self, text: str, *, special: bool) -> list[int]:
        return list(self._llama.tokenize(text.encode(), add_bos=False, special=special))


class ServerGenerator:
    """A model behind an OpenAI-compatible server that the user has named in the settings."""

    def __init__(self, settings: Settings) -> None:
        """Take the server's address; nothing is sent yet."""
        self._url = f"{(settings.server_url or '').rstrip('/')}/chat/completions"
        self._model = settings.server_model
        self._limit = settings.answer_tokens
        self._timeout = settings.deadline_seconds
        self._headers = {}
        if key := settings.server_key.get_secret_value():
            self._headers["Authorization"] = f"Bearer {key}"
        self.identity = f"{settings.server_model}@{settings.server_url}"

    def count(self, prompt: Prompt) -> int:
        """See `Generator.count`: its tokens are not known here, four characters are taken for one."""
        return sum(len(turn.text) for turn in prompt.turns) // 4

    def stream(self, prompt: Prompt, stop: Stop) -> Iterator[str]:
        """See `Generator.stream`. Such a server cannot be held to `copy_from`: the check of the draft remains."""
        import httpx

        body = {
            "model": self._model,
            "messages": [{"role": turn.role, "content": _disarmed(turn.text)} for turn in prompt.turns],
            "temperature": prompt.temperature,
            "max_tokens": self._limit,
            "stream": True,
        }
        pieces: SimpleQueue[str | None] = SimpleQueue()
        client = httpx.Client(headers=self._headers, timeout=self._timeout)
        reading = in_background(lambda: self._read(client, body, pieces))  # a slow server need not be waited for
        try:
            while (piece := _next(pieces, stop)) is not None:
                yield piece
            reading.result()
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise GenerationError(
                f"the server at {self._url} cannot be used ({reason}). Start it, or unset MUJIB_SERVER_URL."
            ) from None
        finally:
            client.close()

    def _read(self, client: Any, body: Any, pieces: SimpleQueue[str | None]) -> None:
        """Put the pieces of the server's reply into `pieces`, and None at its end, whatever that is."""
        try:
            with client.stream("POST", self._url, json=body) as response:
                if response.is_error:
                    raise GenerationError(f"the server at {self._url} answered {response.status_code}. Check it.")
                for piece in _pieces(response.iter_lines()):
                    pieces.put(piece)
        finally:
            pieces.put(None)


def in_background(work: Callable[[], _T]) -> Future[_T]:
    """Begin `work` in a thread of its own and return its result to come."""
    executor = ThreadPoolExecutor(max_workers=1)
    try:
        return executor.submit(work)
    finally:
        executor.shutdown(wait=False)


# How models write their control tokens. A server makes real ones of them wherever they stand in a message.
_CONTROL = re.compile(
    r"<(\|[^<>|]{1,40}\||/?s|(?:start|end)_of_turn|bos|eos|unk|pad)>|\[(/?INST|/?SYS)\]", re.IGNORECASE
)


def _disarmed(text: str) -> str:
    """Return a text in which nothing is a control token, whatever the server's tokeniser takes for one."""
    return _CONTROL.sub(lambda match: f"‹{match[1] or match[2]}›", text)


def _next(pieces: SimpleQueue[str | None], stop: Stop) -> str | None:
    while True:
        if stop():
            raise ReplyCutError
        try:
            return pieces.get(timeout=_WAIT)
        except Empty:
            continue


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    """Yield the text in a stream of server-sent events.

    Raises `GenerationError` when it is not one, `ReplyCutError` when the server ended the reply at its most tokens.
    """
    for line in lines:
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if data == "[DONE]":
            return
        if data:
            try:
                choices = json.loads(data)["choices"]
                content = choices[0]["delta"].get("content") if choices else None
                reason = choices[0].get("finish_reason") if choices else None
            except (ValueError, KeyError, TypeError, IndexError, AttributeError):
                raise GenerationError("the server's reply is not that of an OpenAI-compatible one.") from None
            if content:
                yield content
            if reason == "length":
                raise ReplyCutError


def _role(role: str, mark: str | None) -> str:
    return "model" if role == "assistant" and mark in _NO_SYSTEM else role


def _without_system(turns: Sequence[Turn]) -> list[Turn]:
    """Return the turns with the system's text at the head of the first user message."""
    system = "\n\n".join(turn.text for turn in turns if turn.role == "system")
    others = [turn for turn in turns if turn.role != "system"]
    return [Turn(others[0].role, f"{system}\n\n{others[0].text}"), *others[1:]] if system and others else others
