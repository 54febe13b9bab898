"""What exactly is sent?"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from index.normalise import one_line
from qa.errors import PromptError
from qa.types import Grounding, Prompt, Question, Turn

# The placeholders that each message must have; there is a file of each in Arabic and in English.
_PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "answer": frozenset({"question", "evidence"}),
    "translate": frozenset({"evidence"}),
    "no_evidence": frozenset(),
}
_ROLE = re.compile(r"^# (system|user|assistant)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Prompts:
    """The files of the prompts folder by name (`answer.ar`), and the hash of them all."""

    texts: Mapping[str, str]
    digest: str


def load(folder: Path) -> Prompts:
    """Read the prompts. Raises `PromptError` when one is missing or has other placeholders than it must."""
    texts = {}
    for message, placeholders in _PLACEHOLDERS.items():
        for language in ("ar", "en"):
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


def compose(prompts: Prompts, question: Question, grounding: Grounding) -> Prompt:
    """Return what is sent for a question and its evidence.

    Evidence in the question's own language is answered in its own words: a small model that may only copy cannot name
    what the articles do not hold. Evidence in the other language is translated, the best sentence of it.
    """
    best = grounding.evidence[0]
    if best.language != question.language:
        return Prompt(_turns(prompts.texts[f"translate.{question.language}"], {"evidence": best.text}))
    own = [evidence for evidence in grounding.evidence if evidence.language == question.language]
    # The best stands last, next to the question: F1 .42 (ar), .60 (en) on 59 questions; first .38, .57.
    listed = "\n".join(f"[{evidence.number}] {one_line(evidence.text)}" for evidence in reversed(own))
    values = {"question": question.text, "evidence": listed}
    copy_from = tuple(one_line(evidence.text) for evidence in own)
    return Prompt(_turns(prompts.texts[f"answer.{question.language}"], values), copy_from)


def no_evidence(prompts: Prompts, question: Question) -> str:
    """Return what is said when the articles do not hold an answer."""
    return prompts.texts[f"no_evidence.{question.language}"]


def _turns(text: str, values: Mapping[str, str]) -> tuple[Turn, ...]:
    # Cut into turns before anything is filled in: a line of an article that looks like a heading opens no turn.
    _, *pieces = _ROLE.split(text)
    filled = (Template(body.strip()).substitute(values) for body in pieces[1::2])
    return tuple(
        Turn("system" if role == "system" else "assistant" if role == "assistant" else "user", body)
        for role, body in zip(pieces[::2], filled, strict=True)
    )
