"""Reads e-books: one article for each chapter."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from index.readers.base import RawArticle, UnreadableError
from index.readers.encoding import decode_page
from index.readers.html import html_to_text, parse_html
from index.readers.zip_archive import open_archive

_OPF = {
    "c": "urn:oasis:names:tc:opendocument:xmlns:container",
    "o": "http://www.idpf.org/2007/opf",
    "d": "http://purl.org/dc/elements/1.1/",
}


def read_epub(data: bytes) -> Iterator[RawArticle | UnreadableError]:
    """Read an e-book: one article for each chapter, in reading order, with the book as its source.

    Magazines and saved news have an article in each chapter, and a citation of a whole book would help nobody.
    """
    with open_archive(data) as package:
        (root, *_) = _xml(package, "META-INF/container.xml").xpath("//c:rootfile/@full-path", namespaces=_OPF)
        book = _xml(package, root)

        def metadata(name: str) -> str | None:
            return next((value.strip() for value in book.xpath(f"//d:{name}/text()", namespaces=_OPF)), None)

        creators = [value.strip() for value in book.xpath("//d:creator/text()", namespaces=_OPF)]
        author = ", ".join(filter(None, creators))
        files = {item.get("id"): item for item in book.xpath("//o:manifest/o:item", namespaces=_OPF)}
        spine = book.xpath("//o:spine/o:itemref/@idref", namespaces=_OPF)
        chapters = [files[name] for name in dict.fromkeys(spine) if name in files]  # each once, however often named
        for item in chapters:
            if "nav" in (item.get("properties") or "").split():
                continue
            name = posixpath.normpath(posixpath.join(posixpath.dirname(root), unquote(item.get("href", ""))))
            try:
                page = decode_page(package.read(name))
            except (KeyError, UnreadableError):
                yield UnreadableError(f"the chapter {name!r} is missing or damaged")
                continue
            title, text = _heading(page), html_to_text(page)
            if text:
                yield RawArticle(
                    text=text.removeprefix(f"{title}\n"),
                    title=title,
                    published=metadata("date"),
                    source=metadata("title") or metadata("publisher"),
                    details={"author": author} if author else {},
                )


def _heading(page: str) -> str:
    tree = parse_html(page)
    if tree is None:
        return ""
    elements = (*tree.xpath("//h1"), *tree.xpath("//h2"), *tree.xpath("//title"))
    texts = (" ".join(element.text_content().split()) for element in elements)
    return next((text for text in texts if text), "")


def _xml(package: zipfile.ZipFile, name: str) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    return etree.fromstring(package.read(name), parser)
