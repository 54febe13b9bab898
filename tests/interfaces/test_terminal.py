"""The answer on a terminal.

`python -m tests.interfaces.test_terminal ask "..."`: the command line with an answering model that writes slowly.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from index.text.languages import detect_language
from qa.generation.base import Cancelled, Generator, ReplyCutError
from qa.interfaces.cli.main import main
from qa.interfaces.formatting import AnswerLayout, Segment, SentenceBlock, answer_as_text
from qa.interfaces.i18n import load_words
from qa.interfaces.terminal import follow_answer, print_answer, print_layout
from qa.settings import Settings
from qa.types import (
    Answer,
    Citation,
    DraftGrown,
    Event,
    EvidenceFound,
    Language,
    Prompt,
    Sentence,
    SentencesChecked,
    Status,
    Waiting,
)
from tests.fakes import FakeModels, ScriptedGenerator
from tests.paths import ROOT

QUESTION = "How many people did the police arrest?"
LONG = " ".join(a + b + c for a in "bdfg" for b in "aeiou" for c in "lmnr")
ARABIC = "أوقفت الشرطة 8 أشخاص في لندن."
_OURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\[[012] k")  # colours, and the direction of a line
_ISOLATES = "\u2068\u2069"
_MARKS = "\u200e\u200f"


class Dribbling(ScriptedGenerator):
    """Replies word by word, one each `PACE` seconds, whatever it is asked."""

    def stream(self, prompt: Prompt, stop: Cancelled) -> Iterator[str]:
        for word in re.findall(r"\S+\s*", os.environ["REPLY"]):
            time.sleep(float(os.environ["PACE"]))
            if stop():
                raise ReplyCutError
            yield word


class DribblingModels(FakeModels):
    """The stand-ins for the models, of which the answering one is slow."""

    def generator(self, settings: Settings) -> Generator:
        return Dribbling()


@dataclass
class Screen:
    """What a terminal shows of what is written to it, and what has scrolled out of its window."""

    height: int
    width: int
    rows: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0

    def write(self, text: str) -> None:
        for move, character in re.findall(r"\x1b\[([?0-9; ]*[A-Za-z])|(.)", text, re.DOTALL):
            if move == "2K":
                self.rows[self.row] = ""
            elif move.endswith("A"):
                self.row = max(self.row - int(move[:-1]), len(self.rows) - self.height, 0)
            elif move:
                assert re.fullmatch(r"[0-9;]*m|\?25[hl]|[012] k", move)
            elif character == "\r":
                self.column = 0
            elif character == "\n":
                self.down()
            else:
                self.put(character)

    def down(self) -> None:
        self.row += 1
        self.rows += [""] * (self.row + 1 - len(self.rows))

    def put(self, character: str) -> None:
        if self.column + cell_len(character) > self.width:
            self.down()
            self.column = 0
        line = self.rows[self.row]
        assert cell_len(line) == self.column  # it only ever writes at the end of a line
        self.rows[self.row] = line + character
        self.column += cell_len(character)


@dataclass
class Run:
    """A program that has run in a terminal: its exit status, and what it wrote to it."""

    status: int
    written: str
    seconds_after_typing: float = 0.0


def in_terminal(
    *arguments: str,
    reply: str,
    size: tuple[int, int] = (24, 80),
    press: tuple[str, bytes] | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Run:
    """Run the command line in a terminal of so many rows and columns; `press` keys once it has written something."""
    controller, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.interfaces.test_terminal", *arguments],
        cwd=ROOT,
        env=os.environ | {"TERM": "xterm-256color", "PACE": "0.01", "REPLY": reply} | dict(environment),
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    written, typed = b"", 0.0
    try:
        while piece := _read(controller):
            written += piece
            if press and not typed and press[0].encode() in written:
                os.write(controller, press[1])
                typed = time.monotonic()
        status = process.wait(30)
    finally:
        process.kill()
        os.close(controller)
    return Run(status, written.decode(), time.monotonic() - typed)


def _read(controller: int) -> bytes:
    try:
        return os.read(controller, 65536) if select.select([controller], [], [], 60)[0] else b""
    except OSError:  # the other end is closed
        return b""


def piped(*arguments: str, reply: str, environment: Mapping[str, str] = MappingProxyType({})) -> tuple[int, str]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.interfaces.test_terminal", *arguments],
        cwd=ROOT,
        env=os.environ | {"PACE": "0", "REPLY": reply} | dict(environment),
        capture_output=True,
        check=False,
    )
    return run.returncode, run.stdout.decode()


@pytest.fixture
def indexed(folder: Path, bring_up_to_date: Callable[[], object]) -> None:
    (folder / "a.txt").write_text("The police arrested 8 people in London. It rained all day.", "utf-8")
    (folder / "b.txt").write_text(ARABIC, "utf-8")
    bring_up_to_date()


def answer(
    *sentences: Sentence, citations: Sequence[Citation] = (), closest: Sequence[Citation] = (), asked: str = "q"
) -> Answer:
    status: Status = "answered" if sentences else "no_evidence"
    return Answer(
        question="q",
        language="en",
        status=status,
        text=" ".join(s.text + "".join(f" [{n}]" for n in s.citations) for s in sentences)
        or "The articles do not say.",
        sentences=sentences,
        citations=tuple(citations),
        closest=tuple(closest),
        confidence=0.9,
        asked=asked,
        since=None,
        until="2017-03-31",
        timings={},
        models={},
        prompt="p",
    )


def cited(
    number: int, quote: str, title: str = "", path: str = "seeds/a.txt", also: tuple[str, ...] = (), author: str = ""
) -> Citation:
    details = {"author": author} if author else {}
    return Citation(number, "a", title, "2017-03-23", path, 0, len(quote), quote, also, details=details)


def console(file: io.StringIO, width: int = 80) -> Console:
    return Console(file=file, force_terminal=True, color_system="standard", width=width, height=10, highlight=False)


def shown(answered: Answer) -> str:
    file = io.StringIO()
    print_answer(console(file), answered)
    return file.getvalue()


def words(written: str) -> str:
    """Return what is written without what is only for the terminal."""
    return re.sub(f"[{_ISOLATES}{_MARKS}]", "", _OURS.sub("", written))


def base_direction(line: str) -> str:
    """Return the direction that rules P2 and P3 of the Unicode bidirectional algorithm give a line."""
    depth = 0
    for kind in map(unicodedata.bidirectional, line):
        if kind in {"LRI", "RLI", "FSI"}:
            depth += 1
        elif kind == "PDI":
            depth = max(0, depth - 1)
        elif not depth and kind in {"L", "R", "AL"}:
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


texts = st.text(st.sampled_from("aZ1٢ .:-[]«»\n\x1b\x07\u202e\u2066\u2069\u200fبجש") | st.characters(), max_size=30)
sentences = st.builds(
    Sentence, texts, st.sampled_from(["supported", "unsupported"]), st.lists(st.integers(1, 3)).map(tuple)
)
citations = st.builds(cited, st.integers(1, 3), texts, texts, texts, st.lists(texts, max_size=2).map(tuple), texts)
answers = st.builds(
    lambda said, cites, near, asked: answer(*said, citations=cites, closest=near, asked=asked),
    *(st.lists(sentences, max_size=3), st.lists(citations, max_size=3), st.lists(citations, max_size=2), texts),
)


@given(answers)
def test_it_says_what_is_piped_each_line_in_its_direction_and_obeys_nobody_else(answered: Answer) -> None:
    written = shown(answered)
    bare = _OURS.sub("", written)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067]", bare)
    plain = re.sub(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", "\ufffd", answer_as_text(answered)
    )
    assert words(bare) == re.sub(f"[{_MARKS}]", "", plain) + "\n"
    for line in bare.split("\n"):
        assert re.fullmatch(f"(?:[^{_ISOLATES}]|\u2068[^{_ISOLATES}]*\u2069)*", line)
        if any(unicodedata.bidirectional(character) in {"R", "AL"} for character in line):
            assert base_direction(line) == ("rtl" if detect_language(line) == "ar" else "ltr")


def test_numbers_titles_and_paths_have_colours_and_keep_their_place() -> None:
    quote = "أوقفت الشرطة 8 أشخاص"
    answered = answer(
        Sentence(quote, "supported", (1,)),
        Sentence("Perhaps more", "unsupported", ()),
        citations=[cited(1, quote, "BBC عربي: الخبر كله كما هو", also=("BBC, a.txt",))],
    )
    first, *_, doubt, _, heading, quoted, also = shown(answered).splitlines()[:-1]
    assert first == f"\x1b[2 k{quote} \x1b[36m\u2068[1]\u2069\x1b[0m \x1b[33m\u2068Perhaps more\u2069\x1b[0m"
    assert doubt == "\x1b[1 k\x1b[33mNot supported by the articles: \x1b[0m\x1b[33mPerhaps more\x1b[0m"
    assert heading == (
        "\x1b[2 k\u200f\x1b[36m\u2068[1]\u2069\x1b[0m \x1b[1m\u2068\u200fBBC عربي: الخبر كله كما هو\u2069\x1b[0m"
        " · \u20682017-03-23\u2069 · \x1b[2m\u2068seeds/a.txt\u2069\x1b[0m"
    )
    assert quoted == f"\x1b[2 k    «{quote}»"
    assert also == "\x1b[1 k    Also reported by: \x1b[2mBBC, a.txt\x1b[0m"


def test_what_is_not_found_warns_and_english_alone_is_told_no_direction() -> None:
    written = shown(answer(closest=[cited(1, "It [red]rained[/red] :smile:", "Weather")]))
    assert written.startswith("\x1b[33mThe articles do not say.\x1b[0m\n")
    assert "\x1b[1mClosest in the articles, not an answer:\x1b[0m\n- \x1b[1mWeather\x1b[0m · 2017-03-23 · " in written
    assert "«It [red]rained[/red] :smile:»" in written
    assert " k" not in written
    assert not set(written) & set(_ISOLATES + _MARKS)


def test_marked_words_are_bold_and_underlined_and_keep_their_place() -> None:
    layout = AnswerLayout(
        (SentenceBlock(Segment("Eight people came.", "supported", marked=((0, 5), (13, 17))), (), ()),)
    )
    file = io.StringIO()
    print_layout(console(file), layout)
    assert file.getvalue() == "\x1b[1;4mEight\x1b[0m people \x1b[1;4mcame\x1b[0m.\n"


def test_a_path_is_not_broken_however_narrow_the_terminal_is() -> None:
    file = io.StringIO()
    path = "articles/of the year 2017/the attack in Westminster.txt"
    print_answer(console(file, width=20), answer(closest=[cited(1, "Eight people.", "A title", path)]))
    assert path in file.getvalue()


def followed(*events: Event, language: Language = "en") -> tuple[str, list[Screen]]:
    """Return what is written while an answer is followed, and the screen as it is after each event."""
    file = io.StringIO()
    screens: list[Screen] = []

    def slowly() -> Iterator[Event]:
        for event in events:
            yield event
            time.sleep(0.3)  # the screen is renewed ten times a second
            screens.append(screen_of(file.getvalue()))
        yield answer()

    follow_answer(console(file), slowly(), load_words(language))
    screens.append(screen_of(file.getvalue()))
    return file.getvalue(), screens


def screen_of(written: str) -> Screen:
    screen = Screen(10, 80)
    screen.write(written.replace("\n", "\r\n"))
    return screen


def test_what_is_not_checked_is_never_written() -> None:
    cites = (cited(1, "Eight people."),)
    written, screens = followed(
        EvidenceFound((), True, ()),
        DraftGrown("The minister Zorblax"),
        SentencesChecked((Sentence("Eight people.", "supported", (1,)),), cites),
        DraftGrown("and Zorblax \x1b[2J said"),
    )
    assert "Zorblax" not in written
    writing = "Found. The answer is being written…"
    shown_rows = [[re.sub(r"^[\u2800-\u28ff] ", "", words(row)) for row in screen.rows if row] for screen in screens]
    assert shown_rows == [*[[writing]] * 2, *[["Eight people. [1]", writing]] * 2, []]
    assert "Eight people. \x1b[36m[1]\x1b[0m" in written


def test_progress_is_shown_in_the_language_of_the_question() -> None:
    written, screens = followed(Waiting(3), language="ar")
    assert load_words("ar")["waiting"].format(ahead=3) in words(written)
    assert "\x1b[2 k" in written
    assert not "".join(screens[-1].rows)


def test_a_checked_answer_longer_than_the_window_shows_its_end_and_leaves_no_trace() -> None:
    sentences_ = tuple(Sentence(f"Sentence {n}: {LONG[:100]}", "supported", ()) for n in range(12))
    written, screens = followed(SentencesChecked(sentences_))
    rows = [row for row in screens[0].rows if row]
    assert "Sentence 11" in "".join(rows)
    assert "Sentence 0" not in written
    assert words(rows[-1]).endswith("being written…")
    assert len(screens[-1].rows) <= screens[-1].height
    assert not "".join(screens[-1].rows)


@pytest.mark.parametrize("size", [(6, 24), (24, 80)])
def test_in_a_terminal_the_answer_remains_and_nothing_else(indexed: None, size: tuple[int, int]) -> None:
    reply = "8 people in London. " * 8
    run = in_terminal("ask", QUESTION, size=size, reply=reply)
    assert run.status == 0
    assert "being written…" in run.written
    screen = Screen(*size)
    screen.write(run.written)
    expected = Screen(*size)
    expected.write(piped("ask", QUESTION, reply=reply)[1].replace("\n", "\r\n"))
    assert [words(row).rstrip() for row in screen.rows if row] == [row.rstrip() for row in expected.rows if row]
    assert screen.rows[0].startswith("The police arrested 8")


def test_a_draft_is_not_shown_and_leaves_no_trace(indexed: None) -> None:
    run = in_terminal("ask", QUESTION, size=(6, 24), reply=LONG, environment={"MUJIB_FREE_WORDING": "true"})
    before, _ = run.written.split("\x1b[0 k")
    assert "being written…" in before
    assert not [word for word in LONG.split() if word in before]
    screen = Screen(6, 24)
    screen.write(before)
    assert not "".join(screen.rows)
    assert len(screen.rows) <= screen.height


def test_arabic_is_told_its_direction(indexed: None) -> None:
    run = in_terminal("ask", "كم شخصا أوقفت الشرطة في لندن؟", reply="أوقفت 8")
    assert run.status == 0
    assert f"\x1b[2 k{ARABIC} \x1b[36m\u2068[1]\u2069\x1b[0m\r\n" in run.written
    assert run.written.endswith("\x1b[0 k")


def test_several_questions_are_answered_one_below_the_other(indexed: None, tmp_path: Path) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text(f"{QUESTION}\nWhich elephants sing?\n", "utf-8")
    run = in_terminal("ask", "--file", str(questions), reply="8 people")
    assert run.status == 3
    screen = Screen(24, 80)
    screen.write(run.written)
    rows = [row for row in screen.rows if row.startswith(("? ", "The "))]
    assert [words(row) for row in rows] == [
        *(f"? {QUESTION}", "The police arrested 8 people in London. [1]"),
        *("? Which elephants sing?", "The articles do not say."),
    ]


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_where_it_is_asked_for_a_terminal_is_written_to_plainly(indexed: None, name: str, value: str) -> None:
    run = in_terminal("ask", QUESTION, reply="8 people", environment={name: value})
    assert run.written == piped("ask", QUESTION, reply="8 people")[1].replace("\n", "\r\n")
    assert "\x1b" not in run.written


def test_a_pipe_is_written_to_plainly_and_so_is_json(indexed: None) -> None:
    status, output = piped("ask", ARABIC, reply="أوقفت 8", environment={"FORCE_COLOR": "1"})
    assert (status, output) == piped("ask", ARABIC, reply="أوقفت 8")
    assert output.startswith(f"{ARABIC} [1]\n")
    assert not set(output) & set("\x1b" + _ISOLATES + _MARKS)
    run = in_terminal("ask", ARABIC, "--json", reply="أوقفت 8")
    assert json.loads(run.written[run.written.index("{") :])["status"] == "answered"


@pytest.mark.parametrize("reached", ["being written", "\x1b[?25l"])
def test_ctrl_c_ends_it_with_130_and_gives_the_cursor_back(indexed: None, reached: str) -> None:
    run = in_terminal("ask", QUESTION, press=(reached, b"\x03"), reply=LONG, environment={"PACE": "0.2"})
    assert run.status == 130
    assert run.seconds_after_typing < 8  # of the 16 that the reply takes
    assert "Traceback" not in run.written
    assert "articles/a.txt" not in run.written
    assert run.written.rindex("\x1b[?25h") > run.written.rindex("\x1b[?25l")


if __name__ == "__main__":
    if sys.stdin.isatty():
        fcntl.ioctl(sys.stdin, termios.TIOCSCTTY, 0)  # what is typed in it, Ctrl+C, is for this process
    main(DribblingModels())
