"""Reads Word documents."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime

from index.readers.base import RawArticle, UnreadableError
from index.readers.zip_archive import open_archive

_TEMPLATE = datetime(2013, 12, 23, 23, 15)  # the day of the empty document that some programs start from

_DOCX_TEXT = ".//w:r[not(w:rPr/w:vanish)][not(ancestor::w:moveFrom)]/*[self::w:t or self::w:tab or self::w:br]"


def read_docx(data: bytes) -> Iterator[RawArticle | UnreadableError]:
    """Read a Word document as one article; title and day are those of its properties, else its title paragraph."""
    import docx
    from docx.oxml.ns import nsmap, qn
    from lxml import etree

    open_archive(data).close()
    document = docx.Document(io.BytesIO(data))
    pieces_of = etree.XPath(_DOCX_TEXT, namespaces=nsmap)
    white_space = {qn("w:tab"): " ", qn("w:br"): "\n"}
    titles: list[str] = []
    lines: list[str] = []
    for paragraph in document.element.body.iter(qn("w:p")):
        line = "".join(
            white_space.get(piece.tag) or piece.text or ""
            for piece in pieces_of(paragraph)
            if next(piece.iterancestors(paragraph.tag)) is paragraph  # a text box is a paragraph within one
        )
        is_title = line and not titles and paragraph.style == "Title"
        (titles if is_title else lines).append(line)
    properties = document.core_properties
    created = properties.created
    is_known = created is not None and created.replace(tzinfo=None) != _TEMPLATE
    yield RawArticle(
        text="\n\n".join(lines),
        title=properties.title or "".join(titles),
        published=created.isoformat() if created is not None and is_known else None,
    )
