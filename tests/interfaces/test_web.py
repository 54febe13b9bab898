"""The parts of the page, each on its own: chats, the collection, ratings, suggestions, updates, the start."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import ModelFetchError, RemovalError
from index.models.download import DownloadProgress
from index.sync.update import UpdateReport
from index.types import ArticleHead
from qa.engine import Engine
from qa.errors import NotReadyError
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
from qa.interfaces.web.feedback import record_feedback
from qa.interfaces.web.startup import Startup, StartupState
from qa.interfaces.web.streaming import stream_turn
from qa.interfaces.web.suggestions import suggest_questions
from qa.interfaces.web.updates import run_update
from qa.interfaces.web.views import state_view
from qa.service import Mujib
from qa.settings import Settings
from qa.types import SearchFilter
from tests.fakes import FakeModels
from tests.interfaces.answers import WORDS, answer, turn


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


def test_what_a_follow_up_refers_to() -> None:
    chat = Chat(
        "a", "b", (turn("Who?"), Turn("؟", problem="no"), turn("Refused?", answer=answer(status="no_evidence")))
    )
    assert [(exchange.question, exchange.answer) for exchange in chat_history(chat)] == [("Who?", "T."), ("Who?", "")]
    assert truncate_chat(chat, 1).turns == chat.turns[:1]
    assert truncate_chat(chat, None) == chat
    assert [turn_.verdict for turn_ in rate_turn(chat, 2, "down").turns] == ["", "", "down"]


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
        assert column.counts["ar"] == own.count("ar")
        assert column.counts["other"] == own.count("fr")
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


def test_ratings_are_lines_of_a_file(tmp_path: Path) -> None:
    rated = replace(turn(), verdict="up")
    record_feedback(tmp_path / "data", rated)
    record_feedback(tmp_path / "data", rated, "نعم\n" + "x" * 3000)
    first, second = map(json.loads, (tmp_path / "data" / "ratings.jsonl").read_text("utf-8").splitlines())
    assert (first["verdict"], first["note"], first["question"]) == ("up", "", "Who?")
    assert second["note"] == "نعم\n" + "x" * 1996
    assert second["answer"]["citations"][0]["quote"] == "Eight."


QUOTE = "The police arrested 8 people in London."


@pytest.fixture
def mujib(folder: Path, engine_of: Callable[..., Engine]) -> Mujib:
    (folder / "a.txt").write_text(f"It is said Leila Haddad came back. Then Leila Haddad left. {QUOTE}", "utf-8")
    mujib = Mujib(engine_of("8 people", articles=folder))
    mujib.collection.update()
    return mujib


def test_offered_questions_are_answered_by_the_articles(mujib: Mujib) -> None:
    assert suggest_questions(mujib) == ("What is said about Leila Haddad?",)
    (question,) = suggest_questions(mujib)
    *_, last = stream_turn(Startup.of(mujib), WORDS, question, EMPTY_CHAT, lambda: False)
    assert isinstance(last, Turn)
    assert last.answer is not None
    assert "Leila Haddad" in last.answer.text


def test_offered_questions_follow_the_collection(mujib: Mujib, folder: Path) -> None:
    startup = Startup.of(mujib)
    assert startup.suggestions() == ("What is said about Leila Haddad?",)
    (folder / "b.txt").write_text("It is said Omar Trabelsi came back. Then Omar Trabelsi left.", "utf-8")
    mujib.collection.update()
    assert set(startup.suggestions()) == {"What is said about Leila Haddad?", "What is said about Omar Trabelsi?"}


def test_an_update_beside_the_questions(mujib: Mujib, folder: Path) -> None:
    (folder / "b.txt").write_text("A ferry for Kerkennah.", "utf-8")
    *progress, report = run_update(mujib)
    assert progress[-1] == (1, 1)
    assert isinstance(report, UpdateReport)
    assert report.added == 1
    (folder / "a.txt").unlink()
    (folder / "b.txt").unlink()
    with pytest.raises(RemovalError, match="would remove 2 of the 2 articles"):
        list(run_update(mujib))


# The first start


def run(startup: Startup, **options: Any) -> StartupState:
    before = set(threading.enumerate())
    startup.begin(**options)
    for thread in set(threading.enumerate()) - before:
        if thread.name == "startup":
            thread.join(20)
    return startup.state


@pytest.fixture
def settings(folder: Path, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", models=tmp_path / "models", articles=folder)


def test_a_first_start_makes_the_index(folder: Path, settings: Settings) -> None:
    (folder / "a.txt").write_text(QUOTE, "utf-8")
    startup = Startup(settings, FakeModels())
    with pytest.raises(NotReadyError, match="loading"):
        startup.mujib()
    assert startup.suggestions() == ()
    assert run(startup) == StartupState("ready")
    assert startup.mujib().collection.snapshot().status().articles == 1
    startup.mujib().close()


def test_a_start_that_fails_says_why_and_can_begin_again(folder: Path, settings: Settings) -> None:
    startup = Startup(settings, FakeModels())
    state = run(startup)
    assert state.stage == "failed"
    assert "no article in" in state.problem
    with pytest.raises(NotReadyError, match="no article in"):
        startup.mujib()
    (folder / "a.txt").write_text(QUOTE, "utf-8")
    assert run(startup).stage == "ready"
    startup.mujib().close()


class WatchedModels(FakeModels):
    """Missing models; keeps what was fetched, and what the start showed at that moment."""

    def __init__(self) -> None:
        super().__init__(missing=True)
        self.fetched: list[str] = []
        self.shown: list[StartupState] = []
        self.startup: Startup | None = None

    def fetch(self, settings: Settings, progress: DownloadProgress) -> None:
        super().fetch(settings, progress)
        self.fetched += settings.needed_models
        assert self.startup is not None
        self.shown.append(self.startup.state)


def test_models_are_fetched_only_on_request(folder: Path, settings: Settings) -> None:
    (folder / "a.txt").write_text(QUOTE, "utf-8")
    models = WatchedModels()
    models.startup = startup = Startup(settings, models)
    assert run(startup) == StartupState("models_missing", total=4)
    assert models.fetched == []
    assert run(startup, fetch=True).stage == "ready"
    assert models.fetched == list(settings.needed_models)
    assert models.shown[0] == StartupState("fetching", 3, 4)
    assert "75" in state_view(WORDS, models.shown[0])
    startup.mujib().close()


def test_the_size_of_missing_models_is_shown(settings: Settings) -> None:
    startup = Startup(settings)
    assert run(startup) == StartupState("models_missing", total=startup.state.total)
    assert 2e9 < startup.state.total < 3e9
    assert "2.2 GB" in state_view(WORDS, startup.state) or "2.3 GB" in state_view(WORDS, startup.state)


class BrokenModels(FakeModels):
    """Models whose fetch ends with an error."""

    def __init__(self, error: Exception) -> None:
        super().__init__(missing=True)
        self.error = error

    def fetch(self, settings: Settings, progress: DownloadProgress) -> None:
        raise self.error


def test_an_error_of_the_user_is_shown_and_not_logged(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    startup = Startup(settings, BrokenModels(ModelFetchError("no such host")))
    assert run(startup, fetch=True) == StartupState("failed", problem="no such host")
    assert [record for record in caplog.records if record.name == "mujib.web"] == []


def test_an_error_of_the_program_is_shown_and_logged(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    startup = Startup(settings, BrokenModels(RuntimeError("no such tensor")))
    assert run(startup, fetch=True) == StartupState("failed", problem="RuntimeError: no such tensor")
    (record,) = [record for record in caplog.records if record.name == "mujib.web"]
    assert record.exc_info is not None
