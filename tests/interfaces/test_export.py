"""A chat that is saved as Markdown or as a web page."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from qa.interfaces.formatting import AnswerLayout, Segment, SentenceBlock, answer_as_shareable_text
from qa.interfaces.i18n import PAGE_LANGUAGES, Words, load_words
from qa.interfaces.web.chats import Chat, Turn
from qa.interfaces.web.export import chat_as_markdown, layout_as_markdown
from qa.interfaces.web.views import saved_view
from qa.types import Answer, Language, Sentence
from tests.interfaces.answers import TEXT, WORDS, ParsedHtml, answer, citation, turn

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@given(TEXT, TEXT)
def test_a_chat_as_markdown_says_what_was_said(question: str, quote: str) -> None:
    chat = Chat(
        "a",
        "b",
        (turn(question, answer=answer(Sentence(quote, "supported", (1,)), citations=(citation(quote=quote),))),),
    )
    tokens = _PARSER.parse(chat_as_markdown(WORDS, chat))
    inline = [token for token in tokens if token.type == "inline"]
    kinds = {child.type for token in inline for child in token.children or []}
    assert kinds <= {"text", "softbreak", "em_open", "em_close", "text_special"}
    texts = [" ".join("".join(child.content for child in token.children or []).split()) for token in inline]
    assert texts[0] == "Mujib"
    assert texts[1] == " ".join(question.split()) or not question.split()
    assert {token.type for token in tokens} <= {
        *("heading_open", "heading_close", "inline", "paragraph_open", "paragraph_close"),
        *("blockquote_open", "blockquote_close"),
    }


PATH = "/home/editor/from-informant/a.txt"
CITED = citation(
    1,
    "أوقفت الشرطة ثمانية.",
    path=PATH,
    source="صحيفة المدينة",
    url="https://post.example/a",
    also=("The Herald, 2017-03-24", "وكالة"),
)
ANSWER = answer(
    Sentence("The police arrested eight.", "supported", (1,)),
    Sentence("Perhaps more.", "unsupported", ()),
    citations=(
        CITED,
        citation(2, "Eight.\nAnd more.", path=PATH, published=None, url="file:///home/editor/from-informant/a.txt"),
    ),
    status="quoted",
    asked="Who? And when?",
    since="2017-03-01",
)
REFUSAL = answer(status="no_evidence", text="The articles do not say.", closest=(CITED,))


def exports(words: Words, language: Language, shown: Answer) -> tuple[str, str]:
    """Return the text of a chat as its two exports give it, without what isolates directions."""
    chat = Chat("a", "2017-03-25T10:00:00+00:00", (turn(answer=shown), Turn("Why?", problem="No.")))
    tokens = _PARSER.parse(chat_as_markdown(words, chat))
    blocks = [token.children or [] for token in tokens if token.type == "inline"]
    markdown = "\n".join(
        "".join(" " if child.type == "softbreak" else child.content for child in children) for children in blocks
    )
    html = ParsedHtml(saved_view(words, chat, language)).text
    return tuple(re.sub("[\u2068\u2069]", "", text) for text in (markdown, html))  # type: ignore[return-value]


@pytest.mark.parametrize("language", PAGE_LANGUAGES)
def test_an_export_says_what_the_page_says(language: Language) -> None:
    words = load_words(language)
    for text in exports(words, language, ANSWER):
        for expected in (
            words["quoted"],
            words["understood"].format(asked="Who? And when?"),
            words["days"].format(since="2017-03-01", until="…"),
            f"The police arrested eight. [1] 2017-03-23 ({words['translated']})",
            f"Perhaps more. ({words['unsupported']})",
            "[1] A title",
            "أوقفت الشرطة ثمانية.",
            "صحيفة المدينة",
            "https://post.example/a",
            words["also"] + ":",
            "The Herald, 2017-03-24",
            "وكالة",
            "[2] A title",
            words["no_date"],
            "No.",
        ):
            assert expected in text, expected
    for text in exports(words, language, replace(ANSWER, status="cut")):
        assert words["cut"] in text


@pytest.mark.parametrize("language", PAGE_LANGUAGES)
def test_an_export_of_a_refusal_offers_the_closest_articles(language: Language) -> None:
    words = load_words(language)
    for text in exports(words, language, REFUSAL):
        for expected in ("The articles do not say.", words["closest"] + ":", "أوقفت الشرطة ثمانية.", "وكالة"):
            assert expected in text, expected
        assert "[1]" not in text


@pytest.mark.parametrize("shown", [ANSWER, REFUSAL])
def test_an_export_names_no_place_on_this_computer(shown: Answer) -> None:
    chat = Chat("a", "2017-03-25T10:00:00+00:00", (turn(answer=shown),))
    for text in (chat_as_markdown(WORDS, chat), saved_view(WORDS, chat, "en"), answer_as_shareable_text(shown)):
        assert "informant" not in text.replace("\\", "")
        assert "a.txt" not in text.replace("\\", "")


def test_only_addresses_of_the_web_are_links() -> None:
    html = saved_view(WORDS, Chat("a", "b", (turn(answer=ANSWER),)), "en")
    assert re.findall(r'<a href="([^"]*)"', html) == ["https://post.example/a"]


@given(TEXT)
def test_nothing_becomes_markup_in_the_saved_page(text: str) -> None:
    def elements(value: str) -> Counter[str]:
        cited = citation(quote=value, title=value, source=value, url=value, also=(value,), details={"author": value})
        shown = answer(Sentence(value, "unsupported", (1,)), citations=(cited,))
        return Counter(ParsedHtml(saved_view(WORDS, Chat("a", "b", (turn(value, answer=shown),)), "en")).elements)

    assert elements(text) == elements("plain")


def test_both_exports_name_the_author_behind_the_day() -> None:
    shown = answer(citations=(citation(details={"author": "<b>Ana</b> *Sol*"}, source="Post"),))
    for text in exports(WORDS, "en", shown):
        assert re.search(r"2017-03-23(?: · )?by <b>Ana</b> \*Sol\*(?: · )?Post", text)


def test_marked_words_are_strong() -> None:
    block = SentenceBlock(Segment("Eight *people* came.", "supported", marked=((0, 5), (15, 19))), (), ())
    assert layout_as_markdown(AnswerLayout((block,))) == r"**Eight** \*people\* **came**."


def test_days_keep_their_place_behind_arabic_words() -> None:
    arabic = answer(Sentence("أوقفت الشرطة ثمانية.", "supported", (1,)), citations=(CITED,), since="2017-03-01")
    text = chat_as_markdown(load_words("ar"), Chat("a", "b", (turn(answer=arabic),)))
    assert "\u20682017\\-03-01\u2069" in text
    assert "\u20682017\\-03-23\u2069 · \u2068صحيفة المدينة\u2069" in text
