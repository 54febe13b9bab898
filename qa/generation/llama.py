"""A GGUF model in this process. The only importer of llama_cpp."""

from __future__ import annotations

import codecs
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from index.models.registry import VerifiedModel
from qa.errors import GenerationError
from qa.generation.constrained import build_trie
from qa.types import Message, Prompt

if TYPE_CHECKING:
    from qa.settings import Settings
from qa.generation.base import POLL_SECONDS, Cancelled, ReplyCutError, never_cancelled

# How models mark the turns of a conversation: the texts before and after each role's message, and the reply's
# beginning. Ours, not the template inside the model file, which is a program of somebody else's.
CHAT_TEMPLATES = {
    "<|im_start|>": ("<|im_start|>{role}\n", "<|im_end|>\n", "<|im_start|>assistant\n"),
    "<start_of_turn>": ("<start_of_turn>{role}\n", "<end_of_turn>\n", "<start_of_turn>model\n"),
    "<|start_header_id|>": (
        "<|start_header_id|>{role}<|end_header_id|>\n\n",
        "<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
}
_PLAIN_TEMPLATE = ("{role}: ", "\n\n", "assistant: ")  # for a model that was trained on no such marks
_NO_SYSTEM = {"<start_of_turn>"}  # Gemma knows no system role: its text opens the first user message


_SEED = 20170323  # of a reply that is drawn, so that it is the same again


def _silence_library() -> None:
    """Stop the library's messages without closing standard output while a model loads, as it does by itself.

    It closes it for the whole process: an answer that another thread printed meanwhile was lost.
    """
    from llama_cpp import _internals, llama, llama_log_set

    llama_log_set(_no_message(), None)

    for module in (_internals, llama):
        vars(module)["suppress_stdout_stderr"] = lambda disable: nullcontext()


@cache
def _no_message() -> Any:
    from llama_cpp import llama_log_callback

    return llama_log_callback(lambda *_: None)


class LlamaGenerator:
    """A GGUF model in this process. One reply at a time: others wait."""

    def __init__(self, model: VerifiedModel, settings: Settings) -> None:
        """Load the model file, which has been verified. Raises `GenerationError` when it is not a model."""
        import llama_cpp

        self.identity = model.identity
        self._lock = threading.Lock()
        self._limit = settings.answer_tokens
        self._window = settings.context_tokens
        self._library: Any = llama_cpp
        _silence_library()
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
        self._stop: Cancelled = never_cancelled
        # Asked between two steps of a computation: a model reads a prompt for seconds, which need not be waited for.
        self._abort: Any = llama_cpp.ggml_abort_callback(lambda _: self._stop())
        llama_cpp.llama_set_abort_callback(self._llama._ctx.ctx, self._abort, None)
        self._mark = next((mark for mark in CHAT_TEMPLATES if len(self._tokenise(mark, special=True)) == 1), None)

    def stream(self, prompt: Prompt, stop: Cancelled) -> Iterator[str]:
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
    def _turn(self, stop: Cancelled) -> Iterator[None]:
        """Wait for the model to be free, and let go of it when `stop` says so, before its turn or in it."""
        while not self._lock.acquire(timeout=POLL_SECONDS):
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
            self._stop = never_cancelled
            self._lock.release()

    def count(self, prompt: Prompt) -> int:
        """See `Generator.count`."""
        return len(self._tokens(prompt.turns))

    def _only_copying(self, texts: Sequence[str], prompt_length: int) -> Any:
        node = build_trie(
            texts, lambda text: self._tokenise(text, special=False), lambda t: self._llama.detokenize([t])
        )
        end_token = self._llama.token_eos()
        length = prompt_length

        def processor(tokens: Any, scores: Any) -> Any:
            nonlocal node, length
            for token in tokens[length:]:
                node = node.children[int(token)]
            length = len(tokens)
            allowed = node.allowed(end_token)
            masked = np.full_like(scores, -np.inf)
            masked[allowed] = scores[allowed]
            return masked

        return processor

    def _tokens(self, turns: Sequence[Message]) -> list[int]:
        """Return the tokens of the scaffold with the turns in it, whose text never becomes a control token."""
        before, after, reply = CHAT_TEMPLATES[self._mark] if self._mark else _PLAIN_TEMPLATE
        tokens: list[int] = [self._llama.token_bos()] if self._llama._model.add_bos_token() else []
        for turn in _without_system(turns) if self._mark in _NO_SYSTEM else turns:
            tokens += self._tokenise(before.format(role=_role(turn.role, self._mark)), special=True)
            tokens += self._tokenise(turn.text, special=False)
            tokens += self._tokenise(after, special=True)
        return tokens + self._tokenise(reply, special=True)

    def _tokenise(self, text: str, *, special: bool) -> list[int]:
        return list(self._llama.tokenize(text.encode(), add_bos=False, special=special))


def _role(role: str, mark: str | None) -> str:
    return "model" if role == "assistant" and mark in _NO_SYSTEM else role


def _without_system(turns: Sequence[Message]) -> list[Message]:
    """Return the turns with the system's text at the head of the first user message."""
    system = "\n\n".join(turn.text for turn in turns if turn.role == "system")
    others = [turn for turn in turns if turn.role != "system"]
    return [Message(others[0].role, f"{system}\n\n{others[0].text}"), *others[1:]] if system and others else others
