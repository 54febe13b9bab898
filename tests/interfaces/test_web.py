"""The rooms of the page, each on its own: words, chats, views, Markdown, the collection, the start, verdicts."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from index.errors import RemovalError
from index.models import embedder as embed
from index.models import registry as models
from index.store.schema import ArticleHead
from index.sync.update import UpdateReport
from index.types import Article
from qa import engine as engines
from qa.engine import Engine
from qa.errors import NotReadyError, QuestionError
from qa.interfaces.formatting import answer_as_text
from qa.interfaces.i18n import LANGUAGES, error_message, load_words
from qa.interfaces.web import views
from qa.interfaces.web.chats import (
    EMPTY_CHAT,
    Chat,
    Turn,
    append_turn,
    chat_history,
    dump_chat,
    load_chats,
    rate_turn,
    start_chat,
    truncate_chat,
)
from qa.interfaces.web.collection import filter_articles, list_items, month_columns, source_options
from qa.interfaces.web.export import chat_as_markdown
from qa.interfaces.web.feedback import record_feedback
from qa.interfaces.web.startup import Startup, StartupState
from qa.interfaces.web.streaming import NearestFound, stream_turn
from qa.interfaces.web.suggestions import suggest_questions
from qa.interfaces.web.updates import run_update
from qa.interfaces.web.views import LiveAnswer, article_view, live_view, sources_view, state_view, turns_view
from qa.settings import Settings
from qa.types import Answer, Citation, SearchFilter, Sentence, Status
from qa.understanding.validation import parse_question
from tests.fakes import FakeEmbedder, ScriptedGenerator

SAID = load_words("en")
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60)


def citation(number: int = 1, quote: str = "Eight.", **fields: Any) -> Citation:
    given = {"title": "A title", "published": "2017-03-23", "path": "a.txt", **fields}
    return Citation(number, "id", start=0, end=len(quote), quote=quote, **given)


def answer(*sentences: Sentence, status: Status = "answered", **fields: Any) -> Answer:
    given: dict[str, Any] = {
        "question": "Who?", "language": "en", "status": status, "text": "T.", "sentences": sentences,
        "citations": (), "closest": (), "confidence": 0.5, "asked": "Who?", "since": None, "until": None,
        "timings": {"end": 1.0}, "models": {"answer": "a@1"}, "prompt": "p",
    }  # fmt: skip
    return Answer(**(given | fields))


def turn(question: str = "Who?", **fields: Any) -> Turn:
    cited = answer(Sentence("Eight.", "supported", (1,)), citations=(citation(),))
    return Turn(question, **{"answer": cited, **fields})


class _Read(HTMLParser):
    """The elements of a page, each with its attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_both_languages_say_the_same_things() -> None:
    english, arabic = (load_words(language) for language in LANGUAGES)
    assert english.keys() == arabic.keys()
    for name in english:
        assert re.findall(r"\{\w+\}", english[name]) == re.findall(r"\{\w+\}", arabic[name]), name
    used = "".join(path.read_text("utf-8") for path in Path(views.__file__).parent.rglob("*") if path.is_file())
    used += (Path(views.__file__).parent.parent / "chat.py").read_text("utf-8")
    for name in english:
        assert re.search(rf"words\.{name}\b|[\"']{name}[\"']", used), f"nothing says {name}"


def test_mistakes_have_words() -> None:
    for question, said in (("؟", "empty_question"), ("a" * 2001, "long_question")):
        with pytest.raises(QuestionError) as raised:
            parse_question(question)
        for language in LANGUAGES:
            assert error_message(raised.value, load_words(language)) == load_words(language)[said].format(most="2,000")


def test_a_chat_comes_back_from_the_browser_as_it_was() -> None:
    chat = append_turn(append_turn(start_chat(EMPTY_CHAT), turn()), Turn("؟", problem="no"))
    other = append_turn(start_chat(EMPTY_CHAT), turn("Where?"))
    assert load_chats(f"[{dump_chat(chat)}, 7, {dump_chat(other)}]") == (chat, other)
    assert load_chats(dump_chat(chat)) == (chat,)
    assert (chat.title, other.title) == ("Who?", "Where?")
    assert chat.id != other.id
    assert start_chat(chat) == chat


@pytest.mark.parametrize(
    "strange",
    [
        None,
        7,
        "",
        "text",
        "null",
        "7",
        "[1]",
        "[{}]",
        '{"id": "a"}',
        '{"id": "", "started": "", "turns": [{"question": 1}]}',
    ],
)
def test_what_is_no_chat_is_left_out(strange: Any) -> None:
    assert load_chats(strange) == ()


def test_what_a_follow_up_leans_on() -> None:
    chat = Chat(
        "a", "b", (turn("Who?"), Turn("؟", problem="no"), turn("Refused?", answer=answer(status="no_evidence")))
    )
    assert [(one.question, one.answer) for one in chat_history(chat)] == [("Who?", "T."), ("Who?", "")]
    assert truncate_chat(chat, 1).turns == chat.turns[:1]
    assert truncate_chat(chat, None) == chat
    assert [one.verdict for one in rate_turn(chat, 2, "down").turns] == ["", "", "down"]


@given(TEXT, TEXT, st.integers(0, 200), st.integers(0, 200))
def test_an_article_is_shown_whole_with_its_quote_marked(text: str, title: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    shown = Article("id", "a.txt", title, None, "en", None, None, text + ".", "sha")
    read = _Read(article_view(SAID, shown, start, end))
    assert set(read.elements) <= {"div", "button", "h2", "p", "bdi", "mark"}
    lines = [line for line in (text + ".").split("\n") if line]
    assert "".join(lines) in read.text.replace("\n", "") or not lines
    marked = "".join(re.findall(r"<mark[^>]*>(.*?)</mark>", article_view(SAID, shown, start, end), re.S))
    assert _Read(marked).text == text[start:end].replace("\n", "")


def test_the_quote_over_two_paragraphs_is_marked_in_both() -> None:
    shown = Article("id", "a.txt", "T", None, "en", None, None, "First one.\nSecond one.", "sha")
    html = article_view(SAID, shown, 6, 17)
    assert re.findall(r"<mark[^>]*>(.*?)</mark>", html) == ["one.", "Second"]


@given(TEXT)
def test_nothing_in_a_turn_becomes_markup(text: str) -> None:
    plain = turn("Who?", answer=answer(Sentence("S", "unsupported", (1,)), citations=(citation(also=("A",)),)))
    cited = citation(quote=text, title=text, path=text, also=(text,), source=text, url=text)
    hostile = turn(text, answer=answer(Sentence(text, "unsupported", (1,)), citations=(cited,), asked=text))
    elements, names = (
        [_Read(turns_view(SAID, Chat("a", "b", (one,)))).elements for one in (plain, hostile)],
        {name for name, _ in _Read(sources_view(SAID, hostile)).attributes},
    )
    assert Counter(elements[1]) - Counter(elements[0]) in (Counter(), Counter({"p": 1}))  # how it was understood
    assert names <= {
        *("class", "dir", "type", "title", "aria-label"),
        *("data-act", "data-article", "data-start", "data-end", "data-also"),
    }
    assert text in _Read(sources_view(SAID, hostile)).text


@pytest.mark.parametrize(("quote", "badges"), [("أوقفت الشرطة ثمانية.", 1), ("They arrested eight.", 0)])
def test_a_translation_is_called_one(quote: str, badges: int) -> None:
    said = answer(Sentence("The police arrested eight.", "supported", (1,)), citations=(citation(quote=quote),))
    assert turns_view(SAID, Chat("a", "b", (turn(answer=said),))).count(SAID["translated"]) == badges
    assert answer_as_text(said).count("translated from the article") == badges


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "//evil.example", "x"]
)
def test_only_addresses_of_the_web_are_links(url: str) -> None:
    shown = Article("id", "a.txt", "T", None, "en", None, url, "Text.", "sha")
    assert "<a " not in article_view(SAID, shown)
    web = replace(shown, url='https://x.example/"onclick="y')
    (attributes,) = re.findall(r"<a [^>]*>", article_view(SAID, web))
    assert dict(_Read(attributes).attributes).keys() == {"href", "target", "rel"}


_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@given(TEXT, TEXT)
def test_a_chat_as_markdown_says_what_was_said(question: str, quote: str) -> None:
    chat = Chat(
        "a",
        "b",
        (turn(question, answer=answer(Sentence(quote, "supported", (1,)), citations=(citation(quote=quote),))),),
    )
    tokens = _PARSER.parse(chat_as_markdown(SAID, chat))
    inline = [token for token in tokens if token.type == "inline"]
    kinds = {child.type for token in inline for child in token.children or []}
    assert kinds <= {"text", "softbreak", "em_open", "em_close", "text_special"}
    said = [" ".join("".join(child.content for child in token.children or []).split()) for token in inline]
    assert said[0] == "Mujib"
    assert said[1] == " ".join(question.split()) or not question.split()
    assert {token.type for token in tokens} <= {
        *("heading_open", "heading_close", "inline", "paragraph_open", "paragraph_close"),
        *("blockquote_open", "blockquote_close"),
    }


def head(id_: str, published: str | None, language: str = "en", source: str | None = None) -> ArticleHead:
    return ArticleHead(1, "f", id_, f"{id_}.txt", "T", published, language, source, None, "sha")


_DAYS = st.dates().map(lambda day: day.replace(year=2000 + day.year % 6).isoformat())


@given(st.lists(st.tuples(st.none() | _DAYS, st.sampled_from(["ar", "en", "fr"])), max_size=30))
def test_the_columns_of_the_plot(articles: list[tuple[str | None, str]]) -> None:
    heads = [head(str(number), day, language) for number, (day, language) in enumerate(articles)]
    columns = month_columns(heads)
    assert sum(column.total for column in columns) == sum(day is not None for day, _ in articles)
    periods = [column.period for column in columns]
    assert periods == sorted(set(periods))
    assert len(periods) <= 36
    for column in columns:
        own = [language for day, language in articles if day and day.startswith(column.period)]
        assert column.kinds["ar"] == own.count("ar")
        assert column.kinds["other"] == own.count("fr")
    if periods and len(periods[0]) == 7:
        months = [int(period[:4]) * 12 + int(period[5:]) for period in periods]
        assert months == list(range(months[0], months[-1] + 1))


def test_articles_are_found_by_words_days_and_source(
    folder: Path, bring_up_to_date: Callable[[], UpdateReport], engine_of: Callable[..., Engine]
) -> None:
    texts = {
        "a": ("2017-03-23", "Post", "The police arrested eight people."),
        "b": ("2017-04-01", "Herald", "أوقفت الشرطة سبعة صيادين في صفرو."),
        "c": (None, None, "The harbour was dredged; the police looked on."),
    }
    for name, (day, source, text) in texts.items():
        about = "".join(f"{key}: {value}\n" for key, value in (("date", day), ("source", source)) if value)
        (folder / f"{name}.md").write_text(f"---\ntitle: Title {name}\n{about}---\n{text}", "utf-8")
    bring_up_to_date()
    snapshot = engine_of().snapshot()

    def found(words_: str = "", since: str | None = None, until: str | None = None, source: str | None = None) -> str:
        heads = filter_articles(snapshot, words_, SearchFilter(since, until), source)
        return "".join(head.path[-4] for head in heads)

    assert found() == "bac"
    assert found("police") == "ac"
    assert found("arresting police") == "a"
    assert found("شرطه") == "b"  # as it is searched, with or without its article
    assert found("صيّادين") == "b"
    assert found("submarine") == ""
    assert found("title") == "bac"
    assert found("!") == "bac"
    assert found(since="2017-03-24") == "b"
    assert found(until="2017-03-23") == "a"
    assert found(source="Post") == "a"
    assert source_options(snapshot.article_heads()) == ["Herald", "Post"]
    assert [item.title for item in list_items(snapshot, snapshot.article_heads())] == ["Title a", "Title b", "Title c"]


def test_verdicts_are_lines_of_a_file(tmp_path: Path) -> None:
    rated = replace(turn(), verdict="up")
    record_feedback(tmp_path / "data", rated)
    record_feedback(tmp_path / "data", rated, "نعم\n" + "x" * 3000)
    first, second = map(json.loads, (tmp_path / "data" / "ratings.jsonl").read_text("utf-8").splitlines())
    assert (first["verdict"], first["note"], first["question"]) == ("up", "", "Who?")
    assert second["note"] == "نعم\n" + "x" * 1996
    assert second["answer"]["citations"][0]["quote"] == "Eight."


@pytest.fixture
def ready(folder: Path, bring_up_to_date: Callable[[], UpdateReport], engine_of: Callable[..., Engine]) -> Engine:
    (folder / "a.txt").write_text(
        "It is said Leila Haddad came back. Then Leila Haddad left. The police arrested 8 people in London.", "utf-8"
    )
    bring_up_to_date()
    return engine_of("8 people")


def never() -> bool:
    return False


def test_what_is_shown_while_a_question_is_answered(ready: Engine) -> None:
    question = "How many people did the police arrest in London?"
    shown = list(stream_turn(Startup.of(ready), SAID, question, EMPTY_CHAT, never))
    assert [type(one) for one in shown[:3]] == [LiveAnswer, NearestFound, LiveAnswer]
    assert isinstance(shown[0], LiveAnswer)
    assert shown[0].progress == SAID["searching"]
    last = shown[-1]
    assert isinstance(last, Turn)
    assert last.answer is not None
    assert last.answer.citations[0].quote == "The police arrested 8 people in London."
    live = [one for one in shown if isinstance(one, LiveAnswer) and one.sentences]
    assert live[0].citations is not None
    assert live_view(SAID, live[0]).count('data-act="cite"') == 1


def test_offered_questions_are_answered_by_the_articles(ready: Engine) -> None:
    assert suggest_questions(ready) == ("What is said about Leila Haddad?",)
    (asked,) = suggest_questions(ready)
    *_, last = stream_turn(Startup.of(ready), SAID, asked, EMPTY_CHAT, never)
    assert isinstance(last, Turn)
    assert last.answer is not None
    assert "Leila Haddad" in last.answer.text


def test_an_update_beside_the_questions(ready: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from index.sync.sources import SourcePath

    monkeypatch.setattr("qa.page.start.of_collection", lambda *_: [SourcePath(folder, "articles")])
    (folder / "b.txt").write_text("A ferry for Kerkennah.", "utf-8")
    *progress, report = run_update(ready)
    assert progress[-1] == (1, 1)
    assert isinstance(report, UpdateReport)
    assert report.added == 1
    (folder / "a.txt").unlink()
    (folder / "b.txt").unlink()
    with pytest.raises(RemovalError, match="would remove 2 of the 2 articles"):
        list(run_update(ready))


# The first start


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "identity", lambda *_: FakeEmbedder.identity)
    monkeypatch.setattr(models, "locate", lambda *_: Path())
    monkeypatch.setattr(embed, "load", lambda *_: FakeEmbedder())
    monkeypatch.setattr(engines, "load_generator", lambda _: ScriptedGenerator())


def run(start: Startup, **options: Any) -> StartupState:
    before = set(threading.enumerate())
    start.begin(**options)
    for thread in set(threading.enumerate()) - before:
        if thread.name == "start":
            thread.join(20)
    return start.state


@pytest.mark.usefixtures("stand_ins")
def test_a_first_start_makes_the_index(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people in London.", "utf-8")
    start = Startup(Settings(data=tmp_path / "data", articles=folder))
    with pytest.raises(NotReadyError, match="loading"):
        start.engine()
    assert run(start) == StartupState("ready")
    assert start.engine().snapshot().status().articles == 1
    start.engine().close()


@pytest.mark.usefixtures("stand_ins")
def test_a_start_that_fails_says_why_and_can_begin_again(folder: Path, tmp_path: Path) -> None:
    start = Startup(Settings(data=tmp_path / "data", articles=folder))
    state = run(start)
    assert state.stage == "failed"
    assert "no article in" in state.problem
    with pytest.raises(NotReadyError, match="no article in"):
        start.engine()
    (folder / "a.txt").write_text("The police arrested 8 people in London.", "utf-8")
    assert run(start).stage == "ready"
    start.engine().close()


def test_models_are_fetched_only_when_somebody_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people in London.", "utf-8")
    fetched: list[str] = []
    shown: list[StartupState] = []
    start = Startup(Settings(data=tmp_path / "data", models=tmp_path / "models", articles=folder))

    def fetch(name: str, _cache: Path, _wheels: None, progress: Callable[[int, int, str], None]) -> None:
        fetched.append(name)
        progress(3, 4, "part")
        shown.append(start.state)

    monkeypatch.setattr(models, "fetch", fetch)
    assert run(start) == StartupState("models_missing", total=start.state.total)
    assert 2e9 < start.state.total < 3e9
    assert fetched == []
    assert "2.2 GB" in state_view(SAID, start.state) or "2.3 GB" in state_view(SAID, start.state)
    monkeypatch.setattr(models, "identity", lambda *_: FakeEmbedder.identity)
    monkeypatch.setattr(embed, "load", lambda *_: FakeEmbedder())
    monkeypatch.setattr(engines, "load_generator", lambda _: ScriptedGenerator())
    monkeypatch.setattr(models, "locate", lambda *_: Path())
    assert run(start, fetch=True).stage == "ready"
    assert fetched == list(start.settings.needed_models)
    assert shown[0] == StartupState("fetching", 3, 4)
    assert "75" in state_view(SAID, shown[0])
    start.engine().close()


def test_a_question_that_comes_too_early_waits(ready: Engine) -> None:
    start = Startup(ready.settings)
    waiting = stream_turn(start, SAID, "How many people did the police arrest in London?", EMPTY_CHAT, never)
    assert next(waiting) == LiveAnswer("How many people did the police arrest in London?", SAID["searching"])
    early = next(waiting)
    assert isinstance(early, LiveAnswer)
    assert early.progress == SAID["not_yet"]
    start._engine, start.state = ready, StartupState("ready")
    *_, last = waiting
    assert isinstance(last, Turn)
    assert last.answer is not None
    assert asdict(last.answer)["status"] == "answered"


def test_what_is_missing_is_told_in_place_of_an_answer(ready: Engine) -> None:
    start = Startup(ready.settings)
    start.state = StartupState("failed", problem="the disk is full")
    *_, last = stream_turn(start, SAID, "Who?", EMPTY_CHAT, never)
    assert isinstance(last, Turn)
    assert "the disk is full" in last.problem
