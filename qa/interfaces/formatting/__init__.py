"""The one layout of an answer, and its painting as plain text and JSON; the other painters are the interfaces."""

from qa.interfaces.formatting.layout import (
    AlsoReported,
    AnswerLayout,
    Note,
    Reference,
    Segment,
    SentenceBlock,
    SourceBlock,
    SourceList,
    is_web_address,
    layout_answer,
    layout_checked,
    layout_details,
    layout_sources,
    text_direction,
)
from qa.interfaces.formatting.plain_text import (
    answer_as_json,
    answer_as_shareable_text,
    answer_as_text,
    answer_line,
    text_lines,
)

__all__ = [
    "AlsoReported",
    "AnswerLayout",
    "Note",
    "Reference",
    "Segment",
    "SentenceBlock",
    "SourceBlock",
    "SourceList",
    "answer_as_json",
    "answer_as_shareable_text",
    "answer_as_text",
    "answer_line",
    "is_web_address",
    "layout_answer",
    "layout_checked",
    "layout_details",
    "layout_sources",
    "text_direction",
    "text_lines",
]
