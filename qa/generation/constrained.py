"""Constrained decoding: a trie of the token sequences that a reply may copy.

The reply of a small model is held to the evidence: it walks down a trie of tokens that holds every sequence of words
in it, and may stop only where a word ends. What it says, the articles say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_WORD = re.compile(r"\S+")
_REACH = 240  # characters that a copied sequence may be long


@dataclass(slots=True)
class TrieNode:
    """A place in the tree: the tokens that may follow, and whether a word ends here."""

    children: dict[int, TrieNode] = field(default_factory=dict)
    ends_word: bool = False

    def allowed(self, end_token: int) -> list[int]:
        """Return the tokens that may come next; `end_token`, the end of the reply, where a word has ended."""
        tokens = list(self.children)
        return [*tokens, end_token] if self.ends_word or not tokens else tokens


def build_trie(texts: Sequence[str], tokenise: Callable[[str], list[int]], piece: Callable[[int], bytes]) -> TrieNode:
    """Return the root of all word sequences of `texts`. `tokenise` gives a text's tokens, `piece` a token's bytes."""
    root = TrieNode()
    for text in texts:
        for word in _WORD.finditer(text):
            tail = text[word.start() : word.start() + _REACH]
            _insert(root, tail, tokenise(tail), piece)
    return root


def _insert(root: TrieNode, tail: str, tokens: list[int], piece: Callable[[int], bytes]) -> None:
    ends = _word_ends(tail)
    node, offset = root, 0
    for token in tokens:
        node = node.children.setdefault(token, TrieNode())
        offset += len(piece(token))
        node.ends_word = node.ends_word or offset in ends


def _word_ends(text: str) -> set[int]:
    """Return the byte offsets in `text` at which no word is left half said."""
    ends, offset = set(), 0
    for i, character in enumerate(text):
        offset += len(character.encode())
        if i + 1 == len(text) or not text[i + 1].isalnum():
            ends.add(offset)
    return ends
