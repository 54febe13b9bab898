"""Builds exactly what is sent to the answering model, from the files in prompts/."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template

from index.store.snapshot import Snapshot
from index.text.dates import format_day
from index.text.languages import LANGUAGES, Language
from index.text.normalize import one_line
from qa.errors import PromptError
from qa.retrieval.evidence import runner_up
from qa.types import Evidence, EvidenceSet, Message, Prompt, Question

# The placeholders that each message must have; there is a file of each in every language.
_PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "answer": frozenset({"question", "evidence"}),
    "write": frozenset({"question", "evidence"}),
    "translate": frozenset({"evidence"}),
    "no_evidence": frozenset(),
}
PROMPT_TOKENS = 600  # beyond this a model on two cores takes more than eight seconds to its first word
_REWORDED_SENTENCES = (
    2  # sentences in Arabic that a small model may answer from in English: two seconds to the first word
)
WORDING_LANGUAGE: Language = "en"  # in which a small model can word an answer from evidence in another language
_TITLE = 90  # characters of a title that the model sees
_SECOND_TRY = 0.7  # temperature of a reply that takes the place of one gone wrong

_ROLE = re.compile(r"^# (system|user|assistant)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Prompts:
    """The files of the prompts folder by name (`answer.ar`), and the hash of them all."""

    texts: Mapping[str, str]
    digest: str


def load_prompts(folder: Path) -> Prompts:
    """Read the prompts. Raises `PromptError` when one is missing or has other placeholders than it must."""
    texts = {}
    for message, placeholders in _PLACEHOLDERS.items():
        for language in LANGUAGES:
            path = folder / f"{message}.{language}.md"
            try:
                text = path.read_text("utf-8").strip()
            except OSError as error:
                raise PromptError(f"the prompt {path} cannot be read: {error.strerror}. Restore it.") from None
            template = Template(text)
            if not template.is_valid() or set(template.get_identifiers()) != placeholders:
                names = ", ".join(f"${name}" for name in sorted(placeholders)) or "none"
                raise PromptError(f"the prompt {path} must have exactly these placeholders: {names}.")
            texts[f"{message}.{language}"] = text
    digest = hashlib.sha256("\0".join(f"{name}\0{texts[name]}" for name in sorted(texts)).encode()).hexdigest()
    return Prompts(texts, digest[:16])


Attempt = tuple[Prompt, ...]  # prompts that are sent one after the other, and whose replies make up one answer


def build_prompts(
    prompts: Prompts, snapshot: Snapshot, evidence_set: EvidenceSet, free_form: bool, count: Callable[[Prompt], int]
) -> tuple[Attempt, ...]:
    """Return what is sent for a question and its evidence: attempts, of which the next is made when one fails.

    A model that may word its answers (`free_form`) sees all evidence. A small one may not: evidence in the question's
    own language it answers in the words of that evidence, where it cannot name what the articles do not hold. Of
    evidence in the other language it may word the answer in English; else the best sentence and its `runner_up` are
    translated.
    """
    question, evidence = evidence_set.question, evidence_set.evidence
    if free_form:
        return ((_fitting_prompt(prompts, "write", snapshot, question, evidence, count),),)
    if evidence[0].language == question.language:
        own = [item for item in evidence if item.language == question.language]
        return ((_fitting_prompt(prompts, "answer", snapshot, question, own, count),),)
    translations = tuple(_translation_prompt(prompts, question, item) for item in (evidence[0], *runner_up(evidence)))
    if question.language != WORDING_LANGUAGE:
        return (translations,)
    wording = _question_prompt(prompts, "write", snapshot, question, evidence[:_REWORDED_SENTENCES])
    return (wording,), translations


def _translation_prompt(prompts: Prompts, question: Question, item: Evidence) -> Prompt:
    template = prompts.texts[f"translate.{question.language}"]
    return Prompt(_messages(template, {"evidence": one_line(item.text)}), question.language, (item,))


def retry_prompt(prompt: Prompt) -> Prompt:
    """Return the prompt to send once more after a draft that went wrong: the reply is drawn, not the likeliest one."""
    return replace(prompt, temperature=_SECOND_TRY)


def _fitting_prompt(
    prompts: Prompts,
    name: str,
    snapshot: Snapshot,
    question: Question,
    evidence: Sequence[Evidence],
    count: Callable[[Prompt], int],
) -> Prompt:
    """Return the prompt with as much of the evidence, best first, as `PROMPT_TOKENS` allow; the best always."""
    for kept in range(len(evidence), 1, -1):
        prompt = _question_prompt(prompts, name, snapshot, question, evidence[:kept])
        if count(prompt) <= PROMPT_TOKENS:
            return prompt
    return _question_prompt(prompts, name, snapshot, question, evidence[:1])


def _question_prompt(
    prompts: Prompts, name: str, snapshot: Snapshot, question: Question, evidence: Sequence[Evidence]
) -> Prompt:
    values = {"question": question.text, "evidence": _list_evidence(snapshot, evidence)}
    messages = _messages(prompts.texts[f"{name}.{question.language}"], values)
    copy_from = tuple(one_line(item.text) for item in evidence) if name == "answer" else ()
    return Prompt(messages, question.language, tuple(evidence), copy_from)


def _list_evidence(snapshot: Snapshot, evidence: Sequence[Evidence]) -> str:
    """Return the evidence as the model sees it: by article, under its title and day, numbered.

    The best stands last, next to the question: F1 .42 (ar), .60 (en) on 59 questions; first .38, .57.
    """
    groups: dict[str, list[Evidence]] = {}
    for item in evidence:
        groups.setdefault(item.article_id, []).append(item)
    lines = []
    for article_id, items in reversed(groups.items()):
        article = snapshot.article(article_id)
        day = format_day(article.published, article.language) if article.published else ""
        lines += [", ".join(part for part in (one_line(article.title)[:_TITLE], day) if part)]
        lines += [f"[{item.number}] {one_line(f'{item.context} {item.text}')}" for item in reversed(items)]
    return "\n".join(line for line in lines if line)


def no_evidence_text(prompts: Prompts, question: Question) -> str:
    """Return what is said when the articles do not hold an answer."""
    return prompts.texts[f"no_evidence.{question.language}"]


def _messages(text: str, values: Mapping[str, str]) -> tuple[Message, ...]:
    # Cut into turns before anything is filled in: a line of an article that looks like a heading opens no turn.
    _, *pieces = _ROLE.split(text)
    filled = (Template(body.strip()).substitute(values) for body in pieces[1::2])
    return tuple(
        Message("system" if role == "system" else "assistant" if role == "assistant" else "user", body)
        for role, body in zip(pieces[::2], filled, strict=True)
    )
