"""A GGUF model in this process. The only importer of llama_cpp."""

from __future__ import annotations

import codecs
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.models.registry import VerifiedModel
from qa.errors import GenerationError
from qa.generation.base import POLL_SECONDS, Cancelled, ReplyCutError, never_cancelled
from qa.generation.constrained import TrieNode, build_trie
from qa.types import Message, Prompt

if TYPE_CHECKING:
    from qa.settings import Settings

# How models mark the messages of a conversation: the texts before and after each role's message, and the reply's
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


class LlamaModel:
    """A loaded GGUF model: all that touches llama_cpp, its private parts included, stands in this class.

    The private parts (`_ctx`, `_model`, and the function that closes standard output) are those of the version that
    `pyproject.toml` pins; `tests/qa/test_generation.py` fails when another one is installed.
    """

    def __init__(self, path: Path, context_tokens: int, threads: int) -> None:
        """Load the file. Raises `GenerationError` when it is not a model."""
        import llama_cpp

        self._library: Any = llama_cpp
        self.cancelled: Cancelled = never_cancelled
        _silence_library()
        try:
            self._llama: Any = llama_cpp.Llama(
                str(path), n_ctx=context_tokens, n_threads=threads, n_threads_batch=threads, verbose=False
            )
        except (ValueError, OSError) as error:
            raise GenerationError(f"{path} is not a model that can be loaded ({error}).") from None
        # Asked between two steps of a computation: a model reads a prompt for seconds, which need not be waited for.
        self._abort: Any = llama_cpp.ggml_abort_callback(lambda _: self.cancelled())
        llama_cpp.llama_set_abort_callback(self._llama._ctx.ctx, self._abort, None)

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Return the tokens of a text; only with `special` do control tokens in it become real ones."""
        return list(self._llama.tokenize(text.encode(), add_bos=False, special=special))

    def detokenize(self, token: int) -> bytes:
        """Return the bytes of a token."""
        return bytes(self._llama.detokenize([token]))

    def readable(self, tokens: Sequence[int]) -> str:
        """Return tokens as text, control tokens as they are written."""
        return bytes(self._llama.detokenize(list(tokens), special=True)).decode()

    def first_tokens(self) -> list[int]:
        """Return the tokens with which every prompt begins."""
        return [self._llama.token_bos()] if self._llama._model.add_bos_token() else []

    @property
    def end_token(self) -> int:
        """The token that ends a reply."""
        return int(self._llama.token_eos())

    def ends_reply(self, token: int) -> bool:
        """Return whether a token ends a reply: models have several that do."""
        return bool(self._library.llama_vocab_is_eog(self._llama._model.vocab, token))

    def generate(self, tokens: list[int], temperature: float, trie: TrieNode | None) -> Iterator[int]:
        """Yield the tokens of a reply, held to the sequences of `trie` if there is one.

        Raises `RuntimeError` when the computation is aborted because `cancelled` says so.
        """
        processors = self._library.LogitsProcessorList()
        if trie is not None:
            processors.append(_TrieProcessor(trie, self.end_token, len(tokens)))
        self._llama.set_seed(_SEED)
        yield from self._llama.generate(tokens, temp=temperature, repeat_penalty=1.0, logits_processor=processors)


def _silence_library() -> None:
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


class _TrieProcessor:
    """A logits processor that allows only the tokens that may follow in a trie."""

    def __init__(self, root: TrieNode, end_token: int, prompt_length: int) -> None:
        self._node = root
        self._end_token = end_token
        self._length = prompt_length

    def __call__(self, tokens: Any, scores: Any) -> Any:
        for token in tokens[self._length :]:
            self._node = self._node.children[int(token)]
        self._length = len(tokens)
        allowed = self._node.allowed(self._end_token)
        masked = np.full_like(scores, -np.inf)
        masked[allowed] = scores[allowed]
        return masked


class LlamaGenerator:
    """A GGUF model in this process. One reply at a time: others wait."""

    def __init__(self, model: VerifiedModel, settings: Settings) -> None:
        """Load the model file, which has been verified. Raises `GenerationError` when it is not a model."""
        self.identity = model.identity
        self._lock = threading.Lock()
        self._limit = settings.answer_tokens
        self._context = settings.context_tokens
        self.model = LlamaModel(model.path, settings.context_tokens, settings.threads)
        self._mark = next((mark for mark in CHAT_TEMPLATES if self._is_one_token(mark)), None)

    def stream(self, prompt: Prompt, cancelled: Cancelled) -> Iterator[str]:
        """See `Generator.stream`. The same prompt gives the same reply."""
        tokens = self.prompt_tokens(prompt.messages)
        if len(tokens) + self._limit > self._context:
            raise GenerationError(
                f"the prompt has {len(tokens)} tokens and the reply up to {self._limit}, but the model's context only "
                f"{self._context}. Raise MUJIB_CONTEXT_TOKENS."
            )
        trie = build_trie(prompt.copy_from, self._content_tokens, self.model.detokenize) if prompt.copy_from else None
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with self._exclusive(cancelled):
            for count, token in enumerate(self.model.generate(tokens, prompt.temperature, trie)):
                if self.model.ends_reply(token):
                    return
                if count == self._limit or cancelled():
                    raise ReplyCutError
                if text := decoder.decode(self.model.detokenize(token)):
                    yield text

    def count(self, prompt: Prompt) -> int:
        """See `Generator.count`."""
        return len(self.prompt_tokens(prompt.messages))

    @contextmanager
    def _exclusive(self, cancelled: Cancelled) -> Iterator[None]:
        """Wait for the model to be free, and let go of it when `cancelled` says so, before its turn or in it."""
        while not self._lock.acquire(timeout=POLL_SECONDS):
            if cancelled():
                raise ReplyCutError
        self.model.cancelled = cancelled
        try:
            yield
        except RuntimeError:  # what the library makes of a computation that was aborted
            if not cancelled():
                raise
            raise ReplyCutError from None
        finally:
            self.model.cancelled = never_cancelled
            self._lock.release()

    def prompt_tokens(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the chat template filled with messages, whose text never becomes a control token."""
        before, after, reply = CHAT_TEMPLATES[self._mark] if self._mark else _PLAIN_TEMPLATE
        tokens = self.model.first_tokens()
        for message in _without_system(messages) if self._mark in _NO_SYSTEM else messages:
            tokens += self.model.tokenize(before.format(role=_role(message.role, self._mark)), special=True)
            tokens += self._content_tokens(message.text)
            tokens += self.model.tokenize(after, special=True)
        return tokens + self.model.tokenize(reply, special=True)

    def _content_tokens(self, text: str) -> list[int]:
        return self.model.tokenize(text, special=False)

    def _is_one_token(self, mark: str) -> bool:
        return len(self.model.tokenize(mark, special=True)) == 1


def _role(role: str, mark: str | None) -> str:
    return "model" if role == "assistant" and mark in _NO_SYSTEM else role


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with the system's text at the head of the first user message."""
    system = "\n\n".join(message.text for message in messages if message.role == "system")
    others = [message for message in messages if message.role != "system"]
    if not (system and others):
        return others
    first = Message(others[0].role, f"{system}\n\n{others[0].text}")
    return [first, *others[1:]]
