"""The trie a reply is held to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qa.generation.constrained import build_trie

TEXTS = st.lists(st.text("اب جد،. ab12\n«", min_size=1, max_size=60), min_size=1, max_size=3)
END = -1


@given(TEXTS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_whatever_is_written_is_a_word_sequence_of_a_text(texts: list[str], width: int, dice: object) -> None:
    vocabulary: dict[bytes, int] = {}

    def tokenize(text: str) -> list[int]:  # cuts anywhere, inside characters too, as byte-level tokens do
        data = text.encode()
        pieces = [data[i : i + width] for i in range(0, len(data), width)]
        return [vocabulary.setdefault(piece, len(vocabulary)) for piece in pieces]

    def piece(token: int) -> bytes:
        return next(data for data, number in vocabulary.items() if number == token)

    node, written = build_trie(texts, tokenize, piece), b""
    assert END not in node.allowed(END) or not any(text.split() for text in texts)
    while True:
        token = dice.choice(node.allowed(END))  # type: ignore[attr-defined]
        if token == END:
            break
        written += piece(token)
        node = node.children[token]
    reply = written.decode()
    if reply:
        starts = [(text, at) for text in texts for at in range(len(text)) if text.startswith(reply, at)]
        assert any(
            (at == 0 or text[at - 1].isspace())
            and (at + len(reply) == len(text) or not text[at + len(reply)].isalnum() or not reply[-1].isalnum())
            for text, at in starts
        )
