"""Decodes the bytes of a text. What is not clearly text is rejected, never guessed."""

from __future__ import annotations

import codecs
import re

from index.readers.base import UnreadableError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f]")
_ARABIC_LETTERS = re.compile("[\u0621-\u0652]")
_TOUCHING = re.compile("[A-Za-z][\u0621-\u0652]|[\u0621-\u0652][A-Za-z]")
_THE = re.compile("\\b[وفبك]?(?:ال|لل)(?=[ء-ي]{2})")  # the article, at the head of every third Arabic word

# Names of encodings that a page may declare: of the Web's list, those in which Arabic or English is written. Others
# that Python knows (`unicode_escape`, `idna`) are no encodings of a page.
_DECLARABLE = re.compile(
    r"(?:windows|cp)-?(?:125[0-8]|720|864)|iso-?8859-(?:[1-9]|1[0-6])|us-ascii|latin-?1|x-mac-arabic"
)
_CHARSET = re.compile(rb"""<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_HEAD = 4096  # bytes; the Web's rule is that a page names its encoding in the first 1,024


def decode_text(data: bytes, declared: str | None = None) -> str:
    """Return the text in `data`: UTF-8, UTF-16, else what is `declared`, else windows-1256 or ISO-8859-6.

    UTF-8 is tried before what a page declares, because hardly any other text happens to be valid UTF-8.
    Raises `UnreadableError` for anything else: a wrong guess would be indexed as nonsense.
    """
    marked = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    encoding = marked or _utf16(data)
    if encoding:
        try:
            return _require_text(data.decode(encoding))
        except UnicodeDecodeError:
            raise UnreadableError(f"it starts like {encoding} but is not") from None
    try:
        return _require_text(data.decode("utf-8"))
    except UnicodeDecodeError:
        _require_text(data.decode("latin-1"))
        return _decode_single_byte(data, declared)


def decode_page(data: bytes) -> str:
    """Return the text of a page of HTML or XML, which may declare its encoding."""
    declaration = _CHARSET.search(data[:_HEAD])
    return decode_text(data, declaration[1].decode("ascii") if declaration else None)


def _require_text(text: str) -> str:
    if _CONTROLS.search(text):
        raise UnreadableError("it is not text")
    return text


def _utf16(data: bytes) -> str | None:
    """Return the kind of UTF-16 that `data` is without a mark: every other byte is 0, or 6 for Arabic letters."""
    for encoding, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        high, low = data[first:_HEAD:2], data[1 - first : _HEAD : 2]
        blocks = sum(high.count(block) for block in (0x00, 0x06, 0x20))  # ASCII and Latin, Arabic, punctuation
        if high.count(0) and blocks >= 0.98 * len(high) and low.count(0) <= 0.02 * len(low):
            return encoding
    return None


def _decode_single_byte(data: bytes, declared: str | None) -> str:
    if declared and _DECLARABLE.fullmatch(declared.lower()):
        try:
            return data.decode(declared.replace("x-mac-arabic", "mac-arabic"))
        except (UnicodeDecodeError, LookupError):
            pass  # the declaration is wrong
    texts = [_decode_arabic(data, encoding) for encoding in ("cp1256", "iso8859-6")]
    arabic = [text for text in texts if text is not None]
    if not arabic:
        raise UnreadableError("its encoding is neither UTF-8 nor windows-1256")
    # Both encode alef alike but not lam: only the right one shows the article. The first wins a tie.
    return max(arabic, key=lambda text: len(_THE.findall(text)))


def _decode_arabic(data: bytes, encoding: str) -> str | None:
    """Return `data` in that encoding, None where it is no Arabic prose.

    In Arabic prose nearly all characters beyond ASCII are Arabic letters. Every fourth is an alef or a lam, unlike in
    Russian or Greek decoded so, and few touch a Latin letter, unlike in French.
    """
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    foreign = sum(ord(c) > 127 for c in text)
    letters, touching = len(_ARABIC_LETTERS.findall(text)), len(_TOUCHING.findall(text))
    frequent = text.count("ا") + text.count("ل")
    is_prose = letters >= 0.8 * foreign and touching <= 0.1 * letters and 10 * frequent >= letters
    return text if is_prose else None
