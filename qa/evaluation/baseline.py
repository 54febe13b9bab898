"""A plain retrieval-augmented pipeline with the same models, for comparison."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from index.store.snapshot import Snapshot
from index.text.chunking import sentence_spans
from index.text.languages import LANGUAGE_TABLE
from index.types import Chunk
from qa.evaluation.dataset import Case
from qa.evaluation.setup import EvaluationSetup
from qa.generation.base import Cancelled, Generator, ReplyCutError
from qa.retrieval.hybrid import search
from qa.timings import Timings
from qa.types import Answer, Citation, Evidence, Message, Prompt, SearchFilter, Sentence
from qa.verification.citations import CitationNumbering, join_sentences, normalize_markers

MARKER = re.compile(r"\[\s*(\d+)\s*\]")

_PASSAGES = 3
_INSTRUCTION = (
    "Answer the question in {language} using only the passages. Cite the passage you used as [n]. "
    "If the passages do not contain the answer, reply NOT FOUND."
)
_NOT_FOUND = "NOT FOUND"


class CountingGenerator:
    """A generator that keeps the length of its longest prompt, in `tokens`."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self.identity = generator.identity
        self.tokens = 0

    def stream(self, prompt: Prompt, cancelled: Cancelled) -> Iterator[str]:
        """See `Generator.stream`."""
        self.tokens = max(self.tokens, self._generator.count(prompt))
        return self._generator.stream(prompt, cancelled)

    def count(self, prompt: Prompt) -> int:
        """See `Generator.count`."""
        return self._generator.count(prompt)


class PlainPipeline:
    """A plain pipeline: three whole passages, citations as the model writes them.

    Its replies are kept with the seconds they took, by the prompt and the model: they never change.
    """

    def __init__(self, setup: EvaluationSetup, snapshot: Snapshot, generator: CountingGenerator) -> None:
        self._setup, self._snapshot, self._generator = setup, snapshot, generator
        self._file = setup.settings.data.parent / "plain.jsonl"
        lines = self._file.read_text("utf-8").splitlines() if self._file.exists() else []
        self._replies: dict[str, dict[str, Any]] = {record["key"]: record for record in map(json.loads, lines)}

    def answer(self, case: Case, search_filter: SearchFilter) -> tuple[Answer, int]:
        """Return the answer to a question, and the tokens of the prompt."""
        vector = self._setup.question_vectors[case.question.text]
        articles = search(self._snapshot, case.question, vector, search_filter, _PASSAGES)
        passages = [article.hits[0].chunk for article in articles]
        reply = self._reply(_prompt(case, passages))
        text = reply["text"]
        written = [] if _NOT_FOUND in text.upper() else list(_sentences(text, len(passages)))
        sentences, citations = self._cite(written, passages)
        answer = Answer(
            question=case.question.text,
            language=case.question.language,
            status="answered" if sentences else "no_evidence",
            text=join_sentences(sentences) or text,
            sentences=sentences,
            citations=citations,
            closest=(),
            confidence=0.0,
            asked=case.question.text,
            since=None,
            until=None,
            timings=reply["seconds"],
            models={"answer": self._generator.identity},
            prompt="plain",
        )
        return answer, reply["tokens"]

    def _cite(
        self, sentences: Sequence[Sentence], passages: Sequence[Chunk]
    ) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
        evidence = [
            Evidence(number, chunk.article_id, chunk.start, chunk.end, chunk.text, "", 0.0)
            for number, chunk in enumerate(passages, start=1)
        ]
        return CitationNumbering(evidence, self._snapshot).number(sentences)

    def _reply(self, prompt: Prompt) -> dict[str, Any]:
        """Return the kept reply to a prompt; one that is not there is written and kept."""
        key = reply_key(self._generator.identity, prompt)
        if key not in self._replies:
            self._replies[key] = {"key": key, **self._write(prompt)}
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._replies[key], ensure_ascii=False) + "\n")
        return self._replies[key]

    def _write(self, prompt: Prompt) -> dict[str, Any]:
        timings, text = Timings(), ""
        deadline = self._setup.settings.deadline_seconds
        with suppress(ReplyCutError):
            for piece in self._generator.stream(prompt, lambda: timings.seconds() > deadline):
                timings.mark("first_word")
                text += piece
        timings.mark("end")
        return {"text": text, "seconds": timings.marks, "tokens": self._generator.tokens}


def reply_key(model: str, prompt: Prompt) -> str:
    """Return the key of a kept reply, spelled as when the first replies were kept, so that those are still found."""
    messages = ", ".join(f"Turn(role={message.role!r}, text={message.text!r})" for message in prompt.messages)
    return hashlib.sha256(f"({model!r}, ({messages}))".encode()).hexdigest()


def _prompt(case: Case, passages: Sequence[Chunk]) -> Prompt:
    listed = "\n\n".join(f"[{number}] {passage.text}" for number, passage in enumerate(passages, start=1))
    instruction = _INSTRUCTION.format(language=LANGUAGE_TABLE[case.question.language].name)
    request = f"{listed}\n\nQuestion: {case.question.text}\nAnswer:"
    return Prompt((Message("system", instruction), Message("user", request)), case.question.language)


def _sentences(text: str, passages: int) -> Iterator[Sentence]:
    """Yield the sentences of a reply, with the numbers of the passages that their markers name."""
    text = normalize_markers(text)
    for start, end in sentence_spans(text):
        numbers = [int(number) for number in MARKER.findall(text[start:end])]
        existing = tuple(dict.fromkeys(number for number in numbers if 1 <= number <= passages))
        if stripped := MARKER.sub("", text[start:end]).strip(" ."):
            yield Sentence(stripped, "supported", existing)
