"""A plain retrieval-augmented pipeline with the same models, for comparison."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from index.store.snapshot import Snapshot
from index.text.chunking import sentence_spans
from qa.evaluation.answers import CITED_NUMBER
from qa.evaluation.dataset import Case
from qa.evaluation.setup import EvaluationSetup
from qa.generation.base import Cancelled, Generator, ReplyCutError
from qa.retrieval.hybrid import search
from qa.timings import Timings
from qa.types import Answer, Evidence, Message, Prompt, SearchFilter, Sentence
from qa.verification.citations import join_sentences, normalize_markers, number_citations

_PLAIN_PASSAGES = 3
_PLAIN_PROMPT = (
    "Answer the question in {language} using only the passages. Cite the passage you used as [n]. "
    "If the passages do not contain the answer, reply NOT FOUND."
)
_LANGUAGE = {"ar": "Arabic", "en": "English"}
_NOT_FOUND = "NOT FOUND"


class CountingGenerator:
    """A generator that remembers how long its longest prompt was."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self.identity = generator.identity
        self.tokens = 0

    def stream(self, sent: Prompt, stop: Cancelled) -> Iterator[str]:
        self.tokens = max(self.tokens, self._generator.count(sent))
        return self._generator.stream(sent, stop)

    def count(self, sent: Prompt) -> int:
        return self._generator.count(sent)


class PlainPipeline:
    """A plain pipeline: three whole passages, citations as the model writes them.

    Its replies are kept with the seconds they took, by what was sent and to which model: they never change.
    """

    def __init__(self, bench: EvaluationSetup, snapshot: Snapshot, generator: CountingGenerator) -> None:
        self._bench, self._snapshot, self._generator = bench, snapshot, generator
        self._file = bench.settings.data.parent / "plain.jsonl"
        lines = self._file.read_text("utf-8").splitlines() if self._file.exists() else []
        self._kept: dict[str, dict[str, Any]] = {record["key"]: record for record in map(json.loads, lines)}

    def answer(self, case: Case, searched: SearchFilter) -> tuple[Answer, int]:
        """Return the answer to a question, and the tokens of the prompt."""
        vector = self._bench.vectors[case.question.text]
        stories = search(self._snapshot, case.question, vector, searched, _PLAIN_PASSAGES)
        passages = [story.hits[0].chunk for story in stories]
        listed = "\n\n".join(f"[{number}] {passage.text}" for number, passage in enumerate(passages, start=1))
        instruction = _PLAIN_PROMPT.format(language=_LANGUAGE[case.question.language])
        asking = f"{listed}\n\nQuestion: {case.question.text}\nAnswer:"
        reply = self._reply(Prompt((Message("system", instruction), Message("user", asking)), case.question.language))
        text = reply["text"]
        cited = () if _NOT_FOUND in text.upper() else tuple(_as_written(text, len(passages)))
        evidence = [
            Evidence(number, chunk.article_id, chunk.start, chunk.end, chunk.text, "", 0.0)
            for number, chunk in enumerate(passages, start=1)
        ]
        renumbered, citations = number_citations(cited, evidence, self._snapshot)
        made = Answer(
            question=case.question.text,
            language=case.question.language,
            status="answered" if cited else "no_evidence",
            text=join_sentences(renumbered) or text,
            sentences=renumbered,
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
        return made, reply["tokens"]

    def _reply(self, sent: Prompt) -> dict[str, Any]:
        key = hashlib.sha256(repr((self._generator.identity, sent.turns)).encode()).hexdigest()
        if key not in self._kept:
            clock, text = Timings(), ""
            deadline = self._bench.settings.deadline_seconds
            with suppress(ReplyCutError):
                for piece in self._generator.stream(sent, lambda: clock.seconds() > deadline):
                    clock.mark("first_word")
                    text += piece
            clock.mark("end")
            self._kept[key] = {"key": key, "text": text, "seconds": clock.marks, "tokens": self._generator.tokens}
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._kept[key], ensure_ascii=False) + "\n")
        return self._kept[key]


def _as_written(text: str, passages: int) -> Iterator[Sentence]:
    text = normalize_markers(text)
    for start, end in sentence_spans(text):
        numbers = [int(number) for number in CITED_NUMBER.findall(text[start:end])]
        real = tuple(dict.fromkeys(number for number in numbers if 1 <= number <= passages))
        if stripped := CITED_NUMBER.sub("", text[start:end]).strip(" ."):
            yield Sentence(stripped, "supported", real)
