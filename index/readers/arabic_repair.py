"""Repairs Arabic text that a program stored in visual order, in presentation forms, or decoded wrongly."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from index.readers.base import UnreadableError
from index.text.languages import detect_language

# Presentation forms: the shapes of letters (U+FB50 to U+FEFC), as fonts and old programs use them. Ornate brackets and
# whole words that are one character (ﷲ ﷺ ﷽) are not among them.
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
_FIRST_BYTES = "ØÙطظ"  # the first byte of every Arabic letter in UTF-8, as windows-1252 and windows-1256 read it
_QUESTION_MARKS = re.compile(r"(?<!\S)\?{2,}(?!\S)")
_MIRRORED = str.maketrans("()[]{}«»", ")(][}{»«")


def repair_arabic(text: str) -> str:
    """Return `text` with letters instead of presentation forms, and words and lines in reading order.

    Text that is not damaged is returned unchanged. Raises `UnreadableError` where letters are lost or scrambled.
    """
    text = _undo_double_decoding(text)
    _reject_lost_letters(text)
    direction = _direction(text)
    repaired = text
    if direction.backwards >= 2:  # with fewer no line can have two either
        repaired = _reorder(text, is_backwards=direction.is_backwards())
    shapes = len(_SHAPE.findall(repaired))
    if shapes and shapes > 0.1 * len(re.findall(f"[{_ARABIC}]", repaired)):  # a single ﻻ may have been typed
        repaired = repaired.translate(_LETTERS)
    if repaired != text:
        direction = _direction(repaired)
    if direction.backwards > 4 and direction.backwards > 0.2 * direction.forwards:
        raise UnreadableError("its Arabic letters are out of order")
    return repaired


def _reorder(text: str, *, is_backwards: bool | None) -> str:
    """Return the text with those lines reversed that read backwards, or are unclear where the whole text does."""
    lines = re.split("(\r\n?|\n)", text)  # with the line ends, which are kept
    for number, line in enumerate(lines):
        line_is_backwards = _direction(line).is_backwards()
        if (is_backwards if line_is_backwards is None else line_is_backwards) and detect_language(line) == "ar":
            lines[number] = visual_to_logical(line)
    return "".join(lines)


def visual_to_logical(pieces: Sequence[str]) -> str:
    """Return a line in logical (reading) order from its `pieces` in visual order, left to right.

    The inverse of the Unicode bidirectional algorithm (UAX 9), as far as a line shows it: an Arabic line is reversed
    except for its numbers and its runs of Latin words; in an English line only the Arabic words are. A piece is one
    letter, or the letters of one glyph of a font.
    """
    arabic = detect_language("".join(pieces)) == "ar"
    order = list(pieces[::-1] if arabic else pieces)
    kinds = "".join(_kind(piece) for piece in order)
    # Numbers keep together over one point or comma (W4 of UAX 9); Latin words over all that is not Arabic.
    runs = r"L(?:[^R]*[LN])?|N(?:S?N)*" if arabic else r"R(?:[^L]*R)?"
    for run in re.finditer(runs, kinds):
        order[run.start() : run.end()] = order[run.start() : run.end()][::-1]
    line = "".join(order)
    mirrored = line.translate(_MIRRORED)
    return mirrored if _misplaced_brackets(mirrored) < _misplaced_brackets(line) else line


def _kind(piece: str) -> str:
    """Return the kind of a piece: right-to-left, number, left-to-right, number separator, or other."""
    bidi = {unicodedata.bidirectional(c) for c in piece}
    for kind, classes in (("R", {"R", "AL", "NSM"}), ("N", {"EN", "AN"}), ("L", {"L"}), ("S", {"CS"})):
        if bidi & classes:
            return kind
    return " "


def _misplaced_brackets(line: str) -> int:
    """Return how many brackets close before they open, or never close."""
    wrong = 0
    for opening, closing in ("()", "[]", "{}", "«»"):
        depth = 0
        for c in line:
            depth += (c == opening) - (c == closing)
            wrong += depth < 0
            depth = max(depth, 0)
        wrong += depth
    return wrong


class _Direction(NamedTuple):
    """How many words of a text look as if it reads forwards, and backwards; `certain` of the latter cannot else be."""

    forwards: int
    backwards: int
    certain: int

    def is_backwards(self) -> bool | None:
        """Return whether the text reads backwards, None when there is too little to decide."""
        if (self.certain or self.backwards > 4) and self.backwards > 1 and self.backwards > 3 * self.forwards:
            return True
        return False if self.forwards > self.backwards else None


def _direction(text: str) -> _Direction:
    """Return how the words of `text` read.

    Arabic words often begin with the article, end with ة or ى, and never begin with those; a presentation form shows
    its place in the word.
    """
    forwards = backwards = certain = 0
    for word in _WORD.findall(text):
        first, last = _SHAPE_OF.get(word[0], ""), _SHAPE_OF.get(word[-1], "")
        plain = word.translate(_LETTERS) if first or last else word
        starts_with_end = plain[0] in "ةى" or first in {"<final>", "<medial>"}
        forwards += len(plain) > 3 and plain.startswith("ال")
        forwards += plain[-1] in "ةى" or first == "<initial>"
        backwards += starts_with_end + (len(plain) > 3 and plain.endswith("لا"))
        certain += starts_with_end
    return _Direction(forwards, backwards, certain)


def _undo_double_decoding(text: str) -> str:
    """Return the text that was UTF-8, was read as another encoding and saved so (Ø§Ù„, ط§ظ„); any other unchanged."""
    if sum(map(text.count, _FIRST_BYTES)) < 0.2 * len(text):
        return text
    for encoding in ("cp1256", "cp1252"):
        try:
            undone = "".join(c if "\x80" <= c <= "\x9f" else c.encode(encoding).decode("latin-1") for c in text)
            return undone.encode("latin-1").decode("utf-8")
        except UnicodeError:
            continue
    return text


def _reject_lost_letters(text: str) -> None:
    lost = sum(map(len, _LOST.findall(text)))
    if lost and lost > 0.05 * len("".join(text.split())):
        raise UnreadableError("its letters are lost: the font says not which they are")
    if len(_QUESTION_MARKS.findall(text)) > max(2, 0.3 * len(text.split())):
        raise UnreadableError("its letters are lost: most words are question marks")
