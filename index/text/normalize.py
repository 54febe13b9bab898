"""Normalizes text: to show it (`clean_text`) and to search it (`fold`)."""

from __future__ import annotations

import re
import unicodedata

# Never shown: controls (but newline and tab), zero-width space and byte order mark, soft hyphen, and the bidi
# embeddings, overrides and isolates with which an article could reorder the page around it. Joiners stay (Persian).
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_BLANKS = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")  # spaces that only differ in width
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029|\u0085")
_SURROGATES = re.compile("[\ud800-\udfff]")

_LETTERS = {"ى": "ي", "ة": "ه", "ٱ": "ا", "ـ": "", "ی": "ي", "ک": "ك"}
_LONGEST_EXPANSION = 4  # U+FDFA alone would become 18 characters; a ligature of letters is at most this long


def clean_text(text: str) -> str:
    """Return `text` as it is shown, quoted and cited: NFC, one kind of space and line end, nothing invisible.

    Idempotent. Letters, harakat, tatweel, digits and punctuation stay as the publisher wrote them.
    """
    text = _LINE_ENDS.sub("\n", text)
    text = _SURROGATES.sub("\ufffd", text)
    text = _BLANKS.sub(" ", _HIDDEN.sub("", text))
    text = unicodedata.normalize("NFC", text)
    lines = (re.sub(" {2,}", " ", line).strip(" ") for line in text.split("\n"))
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip()


def _fold_character(character: str) -> str:
    """Fold one character: compatibility form, no marks, one alef, one ya, one kaf, ASCII digits, lower case."""
    if character.isspace():
        return " "
    decomposed = unicodedata.normalize("NFKD", character.casefold())
    if len(decomposed) > _LONGEST_EXPANSION:
        return ""
    folded = []
    for c in decomposed:
        if unicodedata.category(c) in {"Mn", "Cf", "Cc"}:
            continue
        digit = unicodedata.digit(c, None)
        folded.append(_LETTERS.get(c, c) if digit is None else str(digit))
    return "".join(folded).casefold()


class _FoldTable(dict[int, str]):
    """A table for `str.translate` that is filled as characters occur."""

    def __missing__(self, codepoint: int) -> str:
        folded = self[codepoint] = _fold_character(chr(codepoint))
        return folded


_FOLD = _FoldTable()


def fold(text: str) -> str:
    """Return `text` as it is searched, never shown. Idempotent, and folds each character on its own.

    Harakat, tatweel, accents and invisible characters are removed; alef, ya, ta marbuta and kaf each get one form;
    digits become ASCII; letters become lower case.
    """
    return text.translate(_FOLD)


def fold_with_offsets(text: str) -> tuple[str, list[int]]:
    """Return the folded text and, for each of its characters, the offset in `text` that it came from."""
    parts = [_FOLD[ord(c)] for c in text]
    offsets = [i for i, part in enumerate(parts) for _ in part]
    return "".join(parts), offsets


def one_line(text: str) -> str:
    """Return `text` with every run of white space as one space."""
    return " ".join(text.split())


_PARTICLES = re.compile(r"^[وف]?(?:[بكل]?ال|لل|[بكلس])?(?=\w{3})")


def strip_clitics(word: str) -> str:
    """Return an Arabic word without the particles and the article attached to its front: `وبالمدينة` gives `مدينة`."""
    return _PARTICLES.sub("", word)
