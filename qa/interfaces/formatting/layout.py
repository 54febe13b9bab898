"""The layout of an answer: the parts it has, in which order and in which words. Painters add nothing but form.

`layout_answer` makes an `AnswerLayout` of blocks; a block is made of `Segment`s. The plain text, the terminal, the page
and both exports are painted from it, so that all of them say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from string import Formatter
from types import MappingProxyType
from typing import Literal

from index.text.languages import Direction, detect_language, direction_of
from qa.interfaces.i18n import Words
from qa.types import Answer, Citation, Sentence, SentencesChecked

Span = tuple[int, int]  # start and end (exclusive), in characters
Role = Literal[
    "supported",  # a sentence of the answer
    "unsupported",  # a sentence of the answer that no article supports
    "marker",  # the number of a citation
    "refusal",  # the text of an answer that has no sentence
    "warning",
    "note",
    "value",  # what a note is about: a question, a day
    "heading",
    "label",
    "title",
    "day",
    "no_day",  # the words that stand for a day that is not known
    "outlet",
    "detail",  # a field of the article that is only shown: its author
    "link",  # an address of the web
    "address",  # any other address
    "path",
    "quote",
    "copy",  # an outlet that printed the article too
    "separator",
]
NoteKind = Literal["quoted", "cut", "unsupported", "translated", "understood", "days"]
# The details of an article that are shown, in this order, each with the name of its wording.
_DETAILS: Mapping[str, str] = MappingProxyType({"author": "by_author"})
_NO_VALUES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Segment:
    """A text with one role.

    `citation` is what it opens, `marked` are the spans of the text that carry the direct answer, and `note` is what is
    read out in the place of a text that does not explain itself.
    """

    text: str
    role: Role
    citation: Citation | None = None
    marked: tuple[Span, ...] = ()
    note: str = ""

    @property
    def direction(self) -> Direction:
        """Return the direction of most of its letters."""
        return text_direction(self.text)

    def pieces(self) -> Iterator[tuple[str, bool]]:
        """Yield the text piece by piece, each with whether it is marked."""
        end = 0
        for start, stop in self.marked:
            if start > end:
                yield self.text[end:start], False
            yield self.text[start:stop], True
            end = stop
        if end < len(self.text):
            yield self.text[end:], False

    def lines(self) -> list[Segment]:
        """Return the segment cut at its line breaks."""
        lines, start = [], 0
        for text in self.text.split("\n"):
            marked = (_clip(span, start, len(text)) for span in self.marked)
            lines.append(replace(self, text=text, marked=tuple(span for span in marked if span[0] < span[1])))
            start += len(text) + 1
        return lines

    def wrapped(self, before: str, after: str = "") -> Segment:
        """Return the segment with a text before and after its own."""
        shift = len(before)
        marked = tuple((start + shift, end + shift) for start, end in self.marked)
        return replace(self, text=f"{before}{self.text}{after}", marked=marked)


@dataclass(frozen=True, slots=True)
class Note:
    """A remark on an answer or a sentence; `short` is its wording where there is one line for it."""

    kind: NoteKind
    segments: tuple[Segment, ...]
    short: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """Return its whole text."""
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Reference:
    """The marker of a citation behind a sentence, and the day of the cited article."""

    marker: Segment
    day: Segment | None


@dataclass(frozen=True, slots=True)
class SentenceBlock:
    """A sentence of the answer, what it rests on, and what a reader is warned of."""

    text: Segment
    references: tuple[Reference, ...]
    warnings: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class AlsoReported:
    """The outlets that printed a cited article too."""

    label: Segment
    outlets: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class SourceBlock:
    """A cited sentence and its article.

    `path` is the place of the article's file on this computer, which may tell who gave it: what a reader hands on
    (copies, exports) has the `public_details` instead.
    """

    citation: Citation
    number: Segment | None
    title: Segment
    day: Segment
    details: tuple[Segment, ...]
    outlet: Segment | None
    address: Segment | None
    path: Segment
    quote: Segment
    also: AlsoReported | None

    def public_details(self) -> tuple[Segment, ...]:
        """Return what tells the article from others without its place on this computer.

        An address that is not of the web is left out: `file:///home/...` is such a place.
        """
        link = self.address if self.address and self.address.role == "link" else None
        return tuple(part for part in (self.day, *self.details, self.outlet, link) if part)


@dataclass(frozen=True, slots=True)
class SourceList:
    """Sources under a heading."""

    heading: Segment
    sources: tuple[SourceBlock, ...]


@dataclass(frozen=True, slots=True)
class AnswerLayout:
    """The blocks of an answer; each but the notes in the order in which it is read.

    There are sentences or a `refusal`. `closest` are offered where the articles do not say.
    """

    # The direct answer will be the first block, before the sentences that it rests on.
    sentences: tuple[SentenceBlock, ...]
    refusal: Segment | None = None
    notes: tuple[Note, ...] = ()
    closest: SourceList | None = None
    sources: SourceList | None = None


def layout_answer(answer: Answer, words: Words) -> AnswerLayout:
    """Return the layout of a finished answer, in the words of one language."""
    sentences = _layout_sentences(answer.sentences, answer.citations, words)
    return AnswerLayout(
        sentences=sentences,
        refusal=None if sentences else Segment(answer.text, "refusal"),
        notes=tuple(_layout_notes(answer, sentences, words)),
        closest=layout_sources(words["closest"], answer.closest, words, numbered=False) if answer.closest else None,
        sources=layout_sources(words["sources"], answer.citations, words) if answer.citations else None,
    )


def layout_checked(checked: SentencesChecked, words: Words) -> AnswerLayout:
    """Return the layout of an answer that is being written: its checked sentences, numbered as they will stay."""
    return AnswerLayout(_layout_sentences(checked.sentences, checked.citations, words))


def layout_sources(heading: str, citations: Sequence[Citation], words: Words, *, numbered: bool = True) -> SourceList:
    """Return citations as sources under a heading."""
    sources = tuple(_layout_source(citation, words, numbered=numbered) for citation in citations)
    return SourceList(Segment(heading, "heading"), sources)


def layout_details(details: Mapping[str, str], words: Words) -> tuple[Segment, ...]:
    """Return the details of an article that are shown, in the words of one language."""
    shown = ((name, words[wording]) for name, wording in _DETAILS.items() if details.get(name))
    return tuple(Segment(wording.format(**{name: details[name]}), "detail") for name, wording in shown)


def text_direction(text: str) -> Direction:
    """Return the direction that most of a text's letters have."""
    return direction_of(detect_language(text))


def is_web_address(address: str) -> bool:
    """Return whether an address can be a link: any other scheme could run something."""
    return address.startswith(("https://", "http://"))


def _clip(span: Span, start: int, length: int) -> Span:
    """Return the part of a span that lies in a text of that length from `start` on, counted from there."""
    return max(span[0] - start, 0), min(span[1] - start, length)


def _layout_sentences(
    sentences: Sequence[Sentence], citations: Sequence[Citation], words: Words
) -> tuple[SentenceBlock, ...]:
    by_number = {citation.number: citation for citation in citations}
    return tuple(
        SentenceBlock(
            text=Segment(sentence.text, sentence.support),
            references=tuple(_layout_reference(number, by_number, words) for number in sentence.citations),
            warnings=tuple(_layout_warnings(sentence, by_number, words)),
        )
        for sentence in sentences
    )


def _layout_reference(number: int, citations: Mapping[int, Citation], words: Words) -> Reference:
    citation = citations.get(number)
    if citation is None:
        return Reference(Segment(str(number), "marker"), None)
    label = words["cite"].format(number=number, title=citation.title)
    day = Segment(citation.published, "day") if citation.published else None
    return Reference(Segment(str(number), "marker", citation, note=label), day)


def _layout_warnings(sentence: Sentence, citations: Mapping[int, Citation], words: Words) -> Iterator[Note]:
    if sentence.support == "unsupported":
        yield _note("unsupported", words["unsupported"], words["short_unsupported"], role="warning")
    if _is_translated(sentence, citations):
        yield _note("translated", words["translated"], words["short_translated"], role="warning")


def _is_translated(sentence: Sentence, citations: Mapping[int, Citation]) -> bool:
    """Return whether a sentence is in another language than a quote that it rests on."""
    quotes = [citations[number].quote for number in sentence.citations if number in citations]
    return any(detect_language(quote) != detect_language(sentence.text) for quote in quotes)


def _layout_notes(answer: Answer, sentences: Sequence[SentenceBlock], words: Words) -> Iterator[Note]:
    """Yield what a reader should know of how the answer came about."""
    if answer.status == "quoted":
        yield _note("quoted", words["quoted"], words["short_quoted"])
    if answer.status == "cut":
        yield _note("cut", words["cut"], words["short_cut"], role="warning")
    if any(warning.kind == "translated" for block in sentences for warning in block.warnings):
        yield _note("translated", words["translated"], words["short_translated"])
    if answer.asked != answer.question:
        yield _note("understood", words["understood"], words["understood"], {"asked": answer.asked})
    if answer.since or answer.until:
        days = {"since": answer.since or "…", "until": answer.until or "…"}
        yield _note("days", words["days"], words["short_days"], days)


def _note(
    kind: NoteKind, wording: str, short: str, values: Mapping[str, str] = _NO_VALUES, *, role: Role = "note"
) -> Note:
    return Note(kind, _fill(wording, role, values), _fill(short, "note", values))


def _fill(wording: str, role: Role, values: Mapping[str, str]) -> tuple[Segment, ...]:
    """Return the wording with its `{names}` as segments of their own, which keep their own direction."""
    segments: list[Segment] = []
    for literal, name, _, _ in Formatter().parse(wording):
        if literal:
            segments.append(Segment(literal, role))
        if name:
            segments.append(Segment(values[name], "value"))
    return tuple(segments)


def _layout_source(citation: Citation, words: Words, *, numbered: bool) -> SourceBlock:
    return SourceBlock(
        citation=citation,
        number=Segment(str(citation.number), "marker", citation) if numbered else None,
        title=Segment(citation.title, "title"),
        day=Segment(citation.published, "day") if citation.published else Segment(words["no_date"], "no_day"),
        details=layout_details(citation.details, words),
        outlet=Segment(citation.source, "outlet") if citation.source else None,
        address=_layout_address(citation.url),
        path=Segment(citation.path, "path"),
        quote=Segment(citation.quote, "quote", citation),
        also=_layout_copies(citation, words),
    )


def _layout_address(url: str | None) -> Segment | None:
    if not url:
        return None
    return Segment(url, "link" if is_web_address(url) else "address")


def _layout_copies(citation: Citation, words: Words) -> AlsoReported | None:
    if not citation.also:
        return None
    return AlsoReported(Segment(words["also"], "label"), tuple(Segment(outlet, "copy") for outlet in citation.also))
