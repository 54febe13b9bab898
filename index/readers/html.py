"""Reads saved web pages, and turns pieces of HTML into text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from index.readers.base import RawArticle, UnreadableError
from index.readers.encoding import decode_page

# What a page contains but does not show: a place to hide instructions to a model.
_STYLE = "translate(@style, ' ', '')"
_INVISIBLE = (
    "//*[@hidden]",
    *(f"//*[contains({_STYLE}, '{rule}')]" for rule in ("display:none", "visibility:hidden", "font-size:0")),
)


def read_html(data: bytes) -> Iterator[RawArticle | UnreadableError]:
    """Read a saved web page as one article, with the title, date, site, address and author that it declares."""
    import trafilatura
    from lxml.etree import LxmlError

    text = decode_page(data)
    try:
        # Links and pictures are dropped; tables and comments are not part of an article's running text.
        page = trafilatura.bare_extraction(
            text, with_metadata=True, include_comments=False, prune_xpath=list(_INVISIBLE)
        )
    except (LxmlError, ValueError, RecursionError) as error:
        raise UnreadableError(f"no article could be taken out of the page ({type(error).__name__})") from None
    if page is None:
        raise UnreadableError("there is no article text in the page")
    yield RawArticle(
        text=page.text or "",
        title=page.title or "",
        published=page.date,
        source=page.sitename or page.hostname or page.author,
        url=page.url,
        details={"author": page.author} if page.author else {},
    )


_BLOCKS = frozenset(
    "address article aside blockquote br caption dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li "
    "main ol p pre section table tr ul".split()
)
_NOT_TEXT = "//script | //style | //head | //template | //noscript | //comment() | //processing-instruction()"


def html_to_text(markup: str) -> str:
    """Return the visible text of a piece of HTML, a line for each block. It cannot define entities of its own."""
    from lxml.etree import iterwalk

    tree = parse_html(markup)
    if tree is None:
        return ""
    for path in (_NOT_TEXT, *_INVISIBLE):
        for element in tree.xpath(path):
            if element.getparent() is not None:
                element.drop_tree()
    pieces: list[str] = []
    for event, element in iterwalk(tree, events=("start", "end")):
        text = re.sub(r"\s+", " ", (element.text if event == "start" else element.tail) or "")
        pieces += ["\n", text] if element.tag in _BLOCKS else [text]
    return re.sub(r"\s*\n\s*", "\n", "".join(pieces)).strip()


def parse_html(markup: str) -> Any:
    """Return the tree of a page or of a piece of one, None when it is empty."""
    from lxml import html
    from lxml.etree import LxmlError

    undeclared = re.sub(r"^\s*<\?xml[^>]*>", "", markup)  # without the encoding of bytes that are characters now
    try:
        return html.document_fromstring(undeclared, parser=html.HTMLParser(no_network=True, huge_tree=False))
    except LxmlError:
        return None
