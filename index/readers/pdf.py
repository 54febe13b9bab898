"""Reads the text layer of PDFs in reading order."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from index.readers.arabic_repair import repair_arabic, visual_to_logical
from index.readers.base import RawArticle, UnreadableError

_ARABIC = re.compile("[\u0620-\u06d3\ufb50-\ufefc]")
_HYPHENATED = re.compile("[\u0002\u00ad\ufffe]\r?\n")  # how PDFium marks a word that is divided at the end of a line
_NO_TITLE = re.compile(r"^(?:microsoft \w+|untitled)\b|\.(?:docx?|pdf|indd|rtf|qxd|pages|html?)$", re.IGNORECASE)
_MARKS = re.compile("[\u064b-\u065f\u0670]+")
_GUTTER = 2.0  # of a letter's size: a wider gap lies between columns, not words
_SPACE = 0.2  # of a letter's size: a narrower gap is no space, unless a space is written there
_FULL = 0.75  # of a usual line's length: a shorter line ends its paragraph


@dataclass(frozen=True, slots=True)
class _Glyph:
    """A glyph on the page: its characters and where it is, in points from the lower left corner."""

    text: str
    left: float
    right: float
    base: float
    size: float


def read_pdf(data: bytes) -> Iterator[RawArticle | UnreadableError]:
    """Read the text layer of a PDF as one article; title and day are those of its properties."""
    import pypdfium2
    from pypdfium2.raw import FPDF_ERR_PASSWORD

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == FPDF_ERR_PASSWORD
        reason = "it is protected with a password" if locked else "it is damaged, or not what its name says (no PDF)"
        raise UnreadableError(reason) from None
    lines: list[str] = []
    for page in document:
        lines += _lines(page.get_textpage())
        page.close()
    if not any(lines):
        raise UnreadableError("there is no text in it: it may be a scan")
    properties = document.get_metadata_dict()
    title = properties.get("Title", "").strip()
    yield RawArticle(
        text=_paragraphs(repair_arabic("\n".join(lines)).split("\n")),  # while the lines are still those of the page
        title="" if _NO_TITLE.search(title) else title,
        published=properties.get("CreationDate", "").removeprefix("D:")[:8] or None,
    )


def _lines(page: Any) -> list[str]:
    """Return the lines of a page: as PDFium orders them, unless there are Arabic letters, whose order it loses.

    It takes a letter's mark for a line of its own and reverses the letters of a ligature (الطالب for الطلاب).
    """
    text = page.get_text_bounded()
    if not _ARABIC.search(text):
        return _HYPHENATED.sub("", text).splitlines()
    return [visual_to_logical(_visual_pieces(line)) for line in _rows(_glyphs(page))]


def _glyphs(page: Any) -> list[_Glyph]:
    from pypdfium2 import raw

    x, y = ctypes.c_double(), ctypes.c_double()
    leftmost, lowest, rightmost, highest = page.page.get_bbox()
    characters = []
    for i in range(page.count_chars()):
        c = chr(raw.FPDFText_GetUnicode(page, i))
        if raw.FPDFText_IsGenerated(page, i) == 1 or c < " " or c == "\ufffe":
            continue
        raw.FPDFText_GetCharOrigin(page, i, x, y)
        if not (leftmost <= x.value <= rightmost and lowest <= y.value <= highest):
            continue  # it lies outside the page
        left, _, right, _ = page.get_charbox(i, loose=True)  # with the space that the font reserves for it
        characters.append((c, (left, right, x.value, y.value), raw.FPDFText_GetFontSize(page, i)))
    glyphs = []
    for (left, right, origin, base), group in groupby(characters, key=lambda character: character[1]):
        members = list(group)
        letters = "".join(c for c, _, _ in members)
        glyphs.append(_Glyph(_ligature(letters), min(left, origin), right, base, members[0][2] or 1.0))
    return glyphs


def _ligature(letters: str) -> str:
    """Return the letters of one glyph in order: PDFium reverses them with the line.

    It does not reverse those of ﻻ ﻷ ﻹ ﻵ, which it decomposes itself; no glyph stands for alef and lam in that order.
    """
    if len(letters) == 1 or not _ARABIC.match(letters) or (letters[0] == "ل" and letters[-1] in "اأإآ"):
        return letters
    return letters[::-1]


def _rows(glyphs: list[_Glyph]) -> list[list[_Glyph]]:
    """Return the glyphs line by line, in the order in which the page draws the lines, so that columns stay apart.

    A line is what stands at one height, cut where a gap is as wide as a gutter.
    """
    heights: list[list[_Glyph]] = []
    for glyph in sorted(glyphs, key=lambda glyph: bool(_MARKS.fullmatch(glyph.text))):  # marks stand higher or lower
        row = min(heights, key=lambda row: abs(row[0].base - glyph.base), default=None)
        if row is None or abs(row[0].base - glyph.base) > 0.4 * max(row[0].size, glyph.size):
            heights.append([glyph])
        else:
            row.append(glyph)
    rows: list[list[_Glyph]] = []
    for height in heights:
        reached = float("-inf")
        for glyph in sorted(height, key=lambda glyph: glyph.left):
            if glyph.left - reached > _GUTTER * glyph.size:
                rows.append([])
            rows[-1].append(glyph)
            reached = max(reached, glyph.right)
    place = {id(glyph): place for place, glyph in enumerate(glyphs)}
    return sorted(rows, key=lambda row: min(place[id(glyph)] for glyph in row))


def _visual_pieces(row: list[_Glyph]) -> list[str]:
    """Return the texts of a row from left to right, each mark with its letter, and a space for each wide gap."""
    marks = [glyph for glyph in row if _MARKS.fullmatch(glyph.text)]
    letters = sorted((g for g in row if not _MARKS.fullmatch(g.text)), key=lambda g: g.left + g.right)
    texts = [glyph.text for glyph in letters]
    for mark in marks:
        centre = (mark.left + mark.right) / 2
        near = [(abs((g.left + g.right) / 2 - centre), -n) for n, g in enumerate(letters) if g.text != " "]
        if near:
            texts[-min(near)[1]] += mark.text
    pieces: list[str] = []
    reached, spaced = float("inf"), False
    for glyph, text in zip(letters, texts, strict=True):
        if text == " ":
            spaced = True  # PDFium also reports one where a mark is moved to its place: then there is no gap
            continue
        gap = (glyph.left - reached) / glyph.size
        pieces += [" "] * (gap > _SPACE or (spaced and gap > _SPACE / 2)) + [text]
        reached, spaced = glyph.right, False
    return pieces


def _paragraphs(lines: list[str]) -> str:
    """Return the lines joined to paragraphs, which end at a short line; lines that are page numbers are dropped."""
    lines = [line.strip() for line in lines]
    lines = [line for line in lines if not line.isdigit()]
    usual = sorted(len(line) for line in lines)[int(0.9 * len(lines))] if lines else 0
    text = ""
    for line in lines:
        text += line + (" " if len(line) >= _FULL * usual else "\n")
    return text.strip()
