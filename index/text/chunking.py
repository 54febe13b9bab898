"""Cuts articles into passages and sentences, with offsets."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from index.types import Article, Chunk, Span

if TYPE_CHECKING:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

# Sentence-aware chunks of 80 to 120 words without overlap kept the answer inside the first 600 retrieved words most
# often (.909 against .877 for fixed cuts, Arabic and English question sets).
CHUNK_WORDS = 120
_LONGEST_WORD = 12  # characters; what has no spaces is counted as words of this length
CHUNKING = f"sentences-{CHUNK_WORDS}-1"  # recorded in the store: changes whenever the cuts would

_TITLE_LENGTH = 90  # characters; a longer first line is a paragraph, not a title

_CLOSING = "[»”’\"')\\]]*"
_ABBREVIATIONS = (
    *("Mr", "Ms", "Dr", "St", "Jr", "Sr", "vs", "No", "Mrs", "Gen", "Sen", "Rep", "Gov", "Col", "Inc", "Ltd"),
    *("Prof", "Capt", "Corp"),
)
_NOT_ABBREVIATED = "".join(rf"(?<!\b{word}\.)" for word in _ABBREVIATIONS)
_NOT_LONE_LETTER = r"(?<![\s.(«\"][^\W\d_]\.)(?<!^[^\W\d_]\.)"  # initials, U.S., د. and أ.د.
# A full stop ends a sentence before a space, a letter of Arabic (news pages often leave the space out) or an opening
# quote: so 3.5, example.com and 1.000 stay whole. The Arabic comma does not end one. What precedes the full stop is
# checked after it was found: lookbehinds at every character took 17 times as long.
SENTENCE_END = (
    rf"(?:\.{_NOT_LONE_LETTER}{_NOT_ABBREVIATED}{_CLOSING}(?=[\s\u0620-\u064a«“]|$)"
    rf"|[!?؟؛…]+{_CLOSING}"
    r"|\n)\s*"
)
_SENTENCE_END = re.compile(SENTENCE_END)
_WORD = re.compile(r"\w")


def sentence_spans(text: str) -> list[Span]:
    """Return the start and end of every sentence of `text` that holds a word, without the space around it.

    The sentences of a stored passage are in `Chunk.spans`.
    """
    cuts = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
    spans = (_trim(text, start, end) for start, end in pairwise(cuts))
    return [(start, end) for start, end in spans if _WORD.search(text, start, end)]


def headline(article: Article) -> str:
    """Return the title to show: the article's own, else its first line when that is short, else how it begins.

    Not for embedding: a made-up title in front of a passage moves its vector away from the questions it answers.
    """
    first_line = article.text.split("\n", 1)[0]
    if article.title:
        return article.title
    if len(first_line) <= _TITLE_LENGTH:
        return first_line
    start, end = sentence_spans(article.text)[0]
    beginning = article.text[start : min(end, start + _TITLE_LENGTH)]
    if start + len(beginning) == end:
        return beginning
    return beginning.rsplit(" ", 1)[0].rstrip(" ،,;:") + "…"


def split_into_chunks(article: Article) -> list[Chunk]:
    """Cut an article into passages of whole sentences, at most about `CHUNK_WORDS` words each.

    The passages are in order, do not overlap, and together hold every character but the space between them.
    """
    pieces = _splitter().split_text(article.text)
    ends = list(accumulate(len(piece) for piece in pieces))
    if "".join(pieces) != article.text:
        raise AssertionError(f"the splitter lost text of {article.path}")
    trimmed = (_trim(article.text, end - len(piece), end) for piece, end in zip(pieces, ends, strict=True))
    slices = [(start, end) for start, end in trimmed if start < end]
    return [_make_chunk(article, ordinal, start, end) for ordinal, (start, end) in enumerate(slices)]


def _make_chunk(article: Article, ordinal: int, start: int, end: int) -> Chunk:
    text = article.text[start:end]
    return Chunk(
        id=f"{article.id}#{ordinal}",
        article_id=article.id,
        start=start,
        end=end,
        text=text,
        spans=tuple(sentence_spans(text)),
    )


@lru_cache(maxsize=1)
def _splitter() -> RecursiveCharacterTextSplitter:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    return RecursiveCharacterTextSplitter(
        # Sentences; long ones are cut at commas, then between words, then anywhere.
        separators=[SENTENCE_END, r"[،,;:]\s+", r"\s+", ""],
        is_separator_regex=True,
        keep_separator="end",
        strip_whitespace=False,  # so that the pieces joined are the text and offsets are exact
        chunk_size=CHUNK_WORDS,
        chunk_overlap=0,
        length_function=_count_words,
    )


def _count_words(text: str) -> int:
    if len(text) == 1:  # the splitter measures each character of a text without spaces three times
        return 0 if text.isspace() else 1
    return max(len(text.split()), len(text) // _LONGEST_WORD)


def _trim(text: str, start: int, end: int) -> Span:
    """Return the slice without the space around it."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), max(end - len(piece) + len(piece.rstrip()), start)
