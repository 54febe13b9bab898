"""A chat as Markdown, so that a text stays the text it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa.interfaces.i18n import Words
from qa.interfaces.web.chats import Chat, Turn
from qa.types import Citation

# What could begin or end a mark anywhere in a line, by CommonMark; `<` and `&` because Markdown lets HTML through.
_MARKS = re.compile(r"([\\`*_{}\[\]<>&#|~$!])")
_OPENING = re.compile(r"^(\s*\d*)([-+=.)])")


def chat_as_markdown(words: Words, talk: Chat) -> str:
    """Return a chat with its quoted evidence as Markdown."""
    return "\n\n".join(["# " + words["title"], *(line for turn in talk.turns for line in _turn(words, turn))]) + "\n"


def _turn(words: Words, turn: Turn) -> Iterator[str]:
    yield "## " + _text(turn.question)
    if turn.answer is None:
        yield _text(turn.problem)
        return
    answer = turn.answer
    if answer.asked != answer.question:
        yield _text(words["understood"].format(asked=answer.asked))
    if answer.since or answer.until:
        yield _text(words["days"].format(since=answer.since or "…", until=answer.until or "…"))
    if answer.status in {"quoted", "cut"}:
        yield f"*{words[answer.status]}*"
    for sentence in answer.sentences:
        doubt = "" if sentence.support == "supported" else f" *({words['unsupported']})*"
        yield _text(sentence.text) + "".join(rf" \[{number}\]" for number in sentence.citations) + doubt
    if not answer.sentences:
        yield _text(answer.text)
    if answer.closest:
        yield f"*{words['closest']}:*"
    for citation in answer.citations or answer.closest:
        yield _source(words, citation, numbered=bool(answer.citations))


def _source(words: Words, citation: Citation, *, numbered: bool) -> str:
    number = rf"\[{citation.number}\] " if numbered else ""
    about = (citation.published or words["no_date"], citation.source, citation.path, citation.url)
    lines = [
        number + _text(citation.title),
        *citation.quote.split("\n"),
        " · ".join(_text(part) for part in about if part),
    ]
    quote = "\n".join("> " + _text(line) for line in lines[1:-1])
    return f"{lines[0]}\n\n{quote}\n\n{lines[-1]}"


def _text(text: str) -> str:
    """Return one line of text, each of whose marks is only a sign."""
    return _OPENING.sub(r"\1\\\2", _MARKS.sub(r"\\\1", text.replace("\n", " ")))
