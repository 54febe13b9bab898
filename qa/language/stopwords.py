"""Words that carry no meaning of their own."""

from __future__ import annotations

import re

from index.text.normalize import fold

_QUESTION_WORDS = frozenset(
    (
        "who whom whose what which when where why how many much did does do is are was were the a an of in on "
        "at to for and or by with from as his her its their it he she they there this that has have had been "
        "be will would can could من ما ماذا متي اين كيف كم هل لماذا اي في علي الي عن مع هو هي هم هذا هذه ذلك "
        "تلك التي الذي كان كانت تم عدد"
    ).split()
)


def content_words(question: str) -> list[str]:
    """Return the words of a question that have a meaning of their own: "and why?" has none."""
    return [word for word in re.findall(r"[^\W_]+", fold(question)) if word.removeprefix("و") not in _QUESTION_WORDS]
