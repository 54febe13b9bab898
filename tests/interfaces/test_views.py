"""The views of the page."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.types import Article
from qa.interfaces.formatting import AnswerLayout, Segment, SentenceBlock, answer_as_text, layout_checked
from qa.interfaces.i18n import PAGE_LANGUAGES, Words, load_words
from qa.interfaces.web.chats import Chat, Turn
from qa.interfaces.web.views import LiveAnswer, article_view, live_view, sources_view, turns_view
from qa.types import Answer, Language, Sentence, SentencesChecked
from tests.interfaces.answers import TEXT, WORDS, ParsedHtml, answer, citation, turn


@given(TEXT, TEXT, st.integers(0, 200), st.integers(0, 200))
def test_an_article_is_shown_whole_with_its_quote_marked(text: str, title: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    shown = Article("id", "a.txt", title, None, "en", None, None, text + ".", "sha")
    read = ParsedHtml(article_view(WORDS, shown, start, end))
    assert set(read.elements) <= {"div", "button", "h2", "p", "bdi", "mark"}
    lines = [line for line in (text + ".").split("\n") if line]
    assert "".join(lines) in read.text.replace("\n", "") or not lines
    marked = "".join(re.findall(r"<mark[^>]*>(.*?)</mark>", article_view(WORDS, shown, start, end), re.S))
    assert ParsedHtml(marked).text == text[start:end].replace("\n", "")


def test_the_author_is_named_with_the_source_and_the_article() -> None:
    author = "<script>Ana</script>"
    shown = Article("id", "a.txt", "T", None, "en", "Post", None, "One.", "sha", {"author": author})
    cited = turn(answer=answer(citations=(citation(details={"author": author}, source="Post"),)))
    for html in (article_view(WORDS, shown), sources_view(WORDS, cited)):
        assert "<bdi>by &lt;script&gt;Ana&lt;/script&gt;</bdi><bdi>Post</bdi>" in html


def test_the_quote_over_two_paragraphs_is_marked_in_both() -> None:
    shown = Article("id", "a.txt", "T", None, "en", None, None, "First one.\nSecond one.", "sha")
    html = article_view(WORDS, shown, 6, 17)
    assert re.findall(r"<mark[^>]*>(.*?)</mark>", html) == ["one.", "Second"]


@given(TEXT)
def test_nothing_in_a_turn_becomes_markup(text: str) -> None:
    plain = turn("Who?", answer=answer(Sentence("S", "unsupported", (1,)), citations=(citation(also=("A",)),)))
    cited = citation(quote=text, title=text, path=text, also=(text,), source=text, url=text, details={"author": text})
    hostile = turn(text, answer=answer(Sentence(text, "unsupported", (1,)), citations=(cited,), asked=text))
    elements, names = (
        [ParsedHtml(turns_view(WORDS, Chat("a", "b", (one,)))).elements for one in (plain, hostile)],
        {name for name, _ in ParsedHtml(sources_view(WORDS, hostile)).attributes},
    )
    assert Counter(elements[1]) - Counter(elements[0]) in (
        Counter(),
        Counter({"p": 1, "bdi": 1}),
    )  # how it was understood
    assert names <= {
        *("class", "dir", "type", "title", "aria-label"),
        *("data-act", "data-article", "data-start", "data-end", "data-also"),
    }
    assert text in ParsedHtml(sources_view(WORDS, hostile)).text


@pytest.mark.parametrize(("quote", "badges"), [("أوقفت الشرطة ثمانية.", 1), ("They arrested eight.", 0)])
def test_a_translation_is_called_one(quote: str, badges: int) -> None:
    cited = answer(Sentence("The police arrested eight.", "supported", (1,)), citations=(citation(quote=quote),))
    assert turn_html(cited).count(WORDS["translated"]) == badges
    assert answer_as_text(cited).count("translated from the article") == badges


def turn_html(shown: Answer, words: Words = WORDS) -> str:
    return turns_view(words, Chat("a", "b", (turn(answer=shown),)))


def test_each_sentence_has_its_own_warnings_and_days() -> None:
    quotes = citation(1, "Eight people."), citation(2, "أوقفت الشرطة ثمانية.", published=None)
    shown = answer(
        Sentence("Eight people.", "supported", (1,)),
        Sentence("The police arrested eight.", "supported", (1, 2)),
        Sentence("Perhaps.", "unsupported", ()),
        citations=quotes,
    )
    paragraphs = re.findall(r'<p class="sentence (\w+)".*?</p>', turn_html(shown), re.S)
    texts = [ParsedHtml(html).text for html in re.findall(r'<p class="sentence.*?</p>', turn_html(shown), re.S)]
    assert paragraphs == ["supported", "supported", "unsupported"]
    assert texts == [
        "Eight people. 12017-03-23",
        f"The police arrested eight. 12017-03-23 2 {WORDS['translated']}",
        f"Perhaps. {WORDS['unsupported']}",
    ]


@pytest.mark.parametrize("language", PAGE_LANGUAGES)
def test_the_notes_of_an_answer(language: Language) -> None:
    words = load_words(language)
    shown = answer(
        Sentence("Eight.", "supported", (1,)),
        citations=(citation(),),
        status="cut",
        asked="من؟ Who?",
        since="2017-03-01",
        until=None,
    )
    html = turn_html(shown, words)
    text = ParsedHtml(html).text
    assert words["cut"] in text
    assert words["understood"].format(asked="من؟ Who?") in text
    assert words["days"].format(since="2017-03-01", until="…") in text
    # Isolated: behind an Arabic word the parts of a day would change places.
    assert {"<bdi>2017-03-01</bdi>", "<bdi>…</bdi>", "<bdi>من؟ Who?</bdi>"} <= set(re.findall(r"<bdi>.*?</bdi>", html))


def test_a_number_without_its_citation_opens_nothing() -> None:
    html = turn_html(answer(Sentence("Eight.", "supported", (7,))))
    assert 'data-act="cite"' not in html
    assert '<span class="number">7</span>' in html


def test_a_refusal_offers_the_closest_articles() -> None:
    refused = answer(status="no_evidence", text="The articles do not say.", closest=(citation(), citation(2)))
    assert "The articles do not say." in turn_html(refused)
    assert f"{WORDS['nearest']} (2)" in turn_html(refused)
    html = sources_view(WORDS, turn(answer=refused))
    assert ParsedHtml(html).text.startswith(WORDS["closest"])
    assert html.count('class="source"') == 2
    assert 'class="number"' not in html


def test_every_source_names_who_reported_it_too() -> None:
    cites = tuple(citation(number, also=(f"Outlet {number}",)) for number in (1, 2))
    html = sources_view(WORDS, turn(answer=answer(Sentence("Eight.", "supported", (1, 2)), citations=cites)))
    assert re.findall(r"<li dir=\"ltr\">(.*?)</li>", html) == ["Outlet 1", "Outlet 2"]
    assert html.count(WORDS["also"]) == 2


def test_the_panel_explains_itself_while_it_is_empty() -> None:
    for nothing in (None, Turn("Who?", problem="no"), turn(answer=answer(status="no_evidence"))):
        assert WORDS["panel_empty"] in sources_view(WORDS, nothing)


def test_what_is_copied_names_no_place_on_this_computer() -> None:
    cited = citation(path="/home/editor/from-informant/a.txt", source="The Post", url="https://post.example/a")
    html = turn_html(answer(Sentence("Eight.", "supported", (1,)), citations=(cited,)))
    (copied,) = [value for name, value in ParsedHtml(html).attributes if name == "data-copy"]
    assert copied is not None
    assert "[1] A title · 2017-03-23 · The Post · https://post.example/a" in copied
    assert "informant" not in copied
    assert "a.txt" not in copied


def test_marked_words_of_a_sentence_are_marked() -> None:
    block = SentenceBlock(Segment("Eight <people> came.", "supported", marked=((0, 5), (15, 19))), (), ())
    html = live_view(WORDS, LiveAnswer("Who?", "…", AnswerLayout((block,))))
    assert "<mark>Eight</mark> &lt;people&gt; <mark>came</mark>." in html


def test_an_answer_in_the_making_has_the_numbers_it_will_have() -> None:
    checked = SentencesChecked((Sentence("Eight.", "supported", (2,)),), (citation(2, source="The Post"),))
    html = live_view(WORDS, LiveAnswer("Who?", WORDS["writing"], layout_checked(checked, WORDS)))
    assert f'aria-label="{WORDS["cite"].format(number=2, title="A title")}">2</button>' in html
    assert WORDS["writing"] in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "//evil.example", "x"]
)
def test_only_addresses_of_the_web_are_links(url: str) -> None:
    shown = Article("id", "a.txt", "T", None, "en", None, url, "Text.", "sha")
    assert "<a " not in article_view(WORDS, shown)
    web = replace(shown, url='https://x.example/"onclick="y')
    (attributes,) = re.findall(r"<a [^>]*>", article_view(WORDS, web))
    assert dict(ParsedHtml(attributes).attributes).keys() == {"href", "target", "rel"}
