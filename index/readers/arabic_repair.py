"""Repairs Arabic text that a program stored in visual order, in presentation forms or decoded twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from index.readers.base import UnreadableError
from index.text.normalize import detect_language

# The shapes of letters (U+FB50 to U+FEFC), as fonts and old programs name them. Ornate brackets and whole words that
# are one character (ﷲ ﷺ ﷽) are as they were written.
_SHAPES = [chr(c) for c in (*range(0xFB50, 0xFD3E), *range(0xFD50, 0xFDF0), *range(0xFE70, 0xFEFD))]
_LETTERS = str.maketrans(
    {
        shape: letters.strip(" ") if len(letters.strip(" ")) == 1 else letters.replace("ـ", "").strip(" ")
        for shape in _SHAPES
        if (letters := unicodedata.normalize("NFKC", shape)) != shape
    }
)
_SHAPE_OF = {shape: (unicodedata.decomposition(shape).split() or [""])[0] for shape in _SHAPES}
_ARABIC = "\u0620-\u065f\u0670-\u06d3\ufb50-\ufd3d\ufd50-\ufdfb\ufe70-\ufefc"
_WORD = re.compile(f"[{_ARABIC}]{{2,}}")
_SHAPE = re.compile(f"[{_SHAPES[0]}-\ufd3d\ufd50-\ufdef\ufe70-\ufefc]")

_LOST = re.compile("[\ue000-\uf8ff\ufffd]|\\(cid:\\d+\\)")
_TWICE = "ØÙطظ"  # the first byte of every Arabic letter in UTF-8, as windows-1252 and windows-1256 read it
_QUESTION_MARKS = re.compile(r"(?<!\S)\?{2,}(?!\S)")
_CLOSED = str.maketrans("()[]{}«»", ")(][}{»«")


def repair_arabic(text: str) -> str:
    """Return `text` with its Arabic as it was written: letters for their shapes, words and lines in reading order.

    Text that is not damaged is returned as it is. Raises `UnreadableError` where the letters are lost or scrambled.
    """
    text = _undo_double_decoding(text)
    _reject_lost_letters(text)
    evidence = _evidence(text)
    mended = text if evidence[1] < 2 else _reorder(text, _reads_backwards(*evidence))  # no line can have two either
    shapes = len(_SHAPE.findall(mended))
    if shapes and shapes > 0.1 * len(re.findall(f"[{_ARABIC}]", mended)):  # a lone ﻻ was typed so
        mended = mended.translate(_LETTERS)
    forwards, backwards, _ = evidence if mended == text else _evidence(mended)
    if backwards > 4 and backwards > 0.2 * forwards:
        raise UnreadableError("its Arabic letters are out of order")
    return mended


def _reorder(text: str, whole: bool | None) -> str:
    """Return the text with those lines turned round that read backwards, or are unclear where the `whole` does."""
    lines = re.split("(\r\n?|\n)", text)  # with what divides them, which stays
    for number, line in enumerate(lines):
        own = _reads_backwards(*_evidence(line))
        if (whole if own is None else own) and detect_language(line) == "ar":
            lines[number] = visual_to_logical(line)
    return "".join(lines)


def visual_to_logical(pieces: Sequence[str]) -> str:
    """Return a line in the order of reading from the `pieces` that are seen from left to right.

    The inverse of the Unicode bidirectional algorithm, as far as a line shows it: an Arabic line is reversed but for
    its numbers and the runs of Latin words, of an English line only the Arabic words are. A piece is one letter or
    what one sign of a font stands for.
    """
    arabic = detect_language("".join(pieces)) == "ar"
    order = list(pieces[::-1] if arabic else pieces)
    kinds = "".join(_kind(piece) for piece in order)
    # Numbers keep together over one point or comma (W4 of UAX 9); Latin words over all that is not Arabic.
    runs = r"L(?:[^R]*[LN])?|N(?:S?N)*" if arabic else r"R(?:[^L]*R)?"
    for run in re.finditer(runs, kinds):
        order[run.start() : run.end()] = order[run.start() : run.end()][::-1]
    line = "".join(order)
    return line.translate(_CLOSED) if _misplaced(line.translate(_CLOSED)) < _misplaced(line) else line


def _kind(piece: str) -> str:
    bidi = {unicodedata.bidirectional(c) for c in piece}
    for kind, classes in (("R", {"R", "AL", "NSM"}), ("N", {"EN", "AN"}), ("L", {"L"}), ("S", {"CS"})):
        if bidi & classes:
            return kind
    return " "


def _misplaced(line: str) -> int:
    """Return how many brackets close before they open."""
    wrong = 0
    for opening, closing in ("()", "[]", "{}", "«»"):
        depth = 0
        for c in line:
            depth += (c == opening) - (c == closing)
            wrong += depth < 0
            depth = max(depth, 0)
        wrong += depth
    return wrong


def _evidence(text: str) -> tuple[int, int, int]:
    """Return the signs that the words of `text` read forwards, that they read backwards, and the sure ones of these.

    Arabic words often begin with the article, end with ة or ى, and never begin with those; a shaped letter knows its
    place in the word.
    """
    forwards = backwards = sure = 0
    for word in _WORD.findall(text):
        first, last = _SHAPE_OF.get(word[0], ""), _SHAPE_OF.get(word[-1], "")
        plain = word.translate(_LETTERS) if first or last else word
        head = plain[0] in "ةى" or first in {"<final>", "<medial>"}
        forwards += len(plain) > 3 and plain.startswith("ال")
        forwards += plain[-1] in "ةى" or first == "<initial>"
        backwards += head + (len(plain) > 3 and plain.endswith("لا"))
        sure += head
    return forwards, backwards, sure


def _reads_backwards(forwards: int, backwards: int, sure: int) -> bool | None:
    """Return what the evidence says, None when it is too little."""
    if (sure or backwards > 4) and backwards > 1 and backwards > 3 * forwards:
        return True
    return False if forwards > backwards else None


def _undo_double_decoding(text: str) -> str:
    """Return the text that was UTF-8, was read as another encoding and saved so (Ø§Ù„, ط§ظ„); any other as it is."""
    if sum(map(text.count, _TWICE)) < 0.2 * len(text):
        return text
    for encoding in ("cp1256", "cp1252"):
        try:
            once = "".join(c if "\x80" <= c <= "\x9f" else c.encode(encoding).decode("latin-1") for c in text)
            return once.encode("latin-1").decode("utf-8")
        except UnicodeError:
            continue
    return text


def _reject_lost_letters(text: str) -> None:
    lost = sum(map(len, _LOST.findall(text)))
    if lost and lost > 0.05 * len("".join(text.split())):
        raise UnreadableError("its letters are lost: the font says not which they are")
    if len(_QUESTION_MARKS.findall(text)) > max(2, 0.3 * len(text.split())):
        raise UnreadableError("its letters are lost: most words are question marks")
