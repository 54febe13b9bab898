"""Here is a document in a zip file (DOCX, EPUB), give me the articles in it."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from index.drafts import Draft, UnreadableError
from index.encoding import decode_page
from index.markup import parse, plain

_UNPACKED = 256 * 1024 * 1024  # bytes; a document of a million characters has some 10 MB of XML
_MEMBERS = 10_000
_TEMPLATE = datetime(2013, 12, 23, 23, 15)  # the day of the empty document that some programs start from

_DOCX_TEXT = ".//w:r[not(w:rPr/w:vanish)][not(ancestor::w:moveFrom)]/*[self::w:t or self::w:tab or self::w:br]"
_OPF = {
    "c": "urn:oasis:names:tc:opendocument:xmlns:container",
    "o": "http://www.idpf.org/2007/opf",
    "d": "http://purl.org/dc/elements/1.1/",
}


def read_docx(data: bytes) -> Iterator[Draft | UnreadableError]:
    """Read a Word document as one article; title and day are those of its properties, else its title paragraph."""
    import docx
    from docx.oxml.ns import nsmap, qn
    from lxml import etree

    _unpackable(data).close()
    document = docx.Document(io.BytesIO(data))
    pieces_of = etree.XPath(_DOCX_TEXT, namespaces=nsmap)
    said = {qn("w:tab"): " ", qn("w:br"): "\n"}
    titles: list[str] = []
    lines: list[str] = []
    for paragraph in document.element.body.iter(qn("w:p")):
        line = "".join(
            said.get(piece.tag) or piece.text or ""
            for piece in pieces_of(paragraph)
            if next(piece.iterancestors(paragraph.tag)) is paragraph  # a text box is a paragraph within one
        )
        is_title = line and not titles and paragraph.style == "Title"
        (titles if is_title else lines).append(line)
    properties = document.core_properties
    yield Draft(
        text="\n\n".join(lines),
        title=properties.title or "".join(titles),
        published=made.isoformat() if (made := properties.created) and made.replace(tzinfo=None) != _TEMPLATE else None,
    )


def read_epub(data: bytes) -> Iterator[Draft | UnreadableError]:
    """Read an e-book: one article a chapter, in the order of reading, with the book as its source.

    Magazines and saved news come with an article a chapter, and a citation of a whole book would help nobody.
    """
    with _unpackable(data) as package:
        (root, *_) = _xml(package, "META-INF/container.xml").xpath("//c:rootfile/@full-path", namespaces=_OPF)
        book = _xml(package, root)

        def say(name: str) -> str | None:
            return next((said.strip() for said in book.xpath(f"//d:{name}/text()", namespaces=_OPF)), None)

        files = {item.get("id"): item for item in book.xpath("//o:manifest/o:item", namespaces=_OPF)}
        spine = dict.fromkeys(
            book.xpath("//o:spine/o:itemref/@idref", namespaces=_OPF)
        )  # each once, however often named
        chapters = [files[name] for name in spine if name in files]
        for item in chapters:
            if "nav" in (item.get("properties") or "").split():
                continue
            name = posixpath.normpath(posixpath.join(posixpath.dirname(root), unquote(item.get("href", ""))))
            try:
                page = decode_page(package.read(name))
            except (KeyError, UnreadableError):
                yield UnreadableError(f"the chapter {name!r} is missing or damaged")
                continue
            title, text = _heading(page), plain(page)
            if text:
                yield Draft(
                    text=text.removeprefix(f"{title}\n"),
                    title=title,
                    published=say("date"),
                    source=say("title") or say("publisher"),
                )


def _heading(page: str) -> str:
    tree = parse(page)
    found = [] if tree is None else [*tree.xpath("//h1"), *tree.xpath("//h2"), *tree.xpath("//title")]
    return next((said for element in found if (said := " ".join(element.text_content().split()))), "")


def _unpackable(data: bytes) -> zipfile.ZipFile:
    """Open a zip file that stays within bounds when it is unpacked: no member is ever read beyond its declared size."""
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        raise UnreadableError("it is damaged, or not what its name says (no zip file)") from None
    members = package.infolist()
    if len(members) > _MEMBERS or sum(member.file_size for member in members) > _UNPACKED:
        raise UnreadableError(f"unpacked it would be larger than {_UNPACKED // 1024**2} MB")
    if any(member.flag_bits & 1 for member in members):
        raise UnreadableError("it is protected with a password")
    return package


def _xml(package: zipfile.ZipFile, name: str) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    return etree.fromstring(package.read(name), parser)
