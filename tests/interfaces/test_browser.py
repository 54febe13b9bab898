"""The page in a real browser, as its readers use it: Debian's Chromium, the real store, stand-ins for the models."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from qa.interfaces.i18n import load_words
from qa.interfaces.web.app import application
from qa.interfaces.web.startup import Startup, StartupState
from qa.request_queue import RequestQueue
from qa.service import Mujib
from qa.settings import Settings
from tests.site import ARTICLES, CHROMIUM, Copyist, Server, copyist_of, free_port, open_mujib, served

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.usefixtures("tidy")]  # of the page's own libraries
EN, AR = load_words("en"), load_words("ar")
QUESTION = "How many people did the police arrest in London?"
QUOTE = "The police arrested 8 people in London on Thursday."
ARABIC = "كم صيادا أوقفت الشرطة في مدينة صفرو؟"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def mujib(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mujib]:
    data = tmp_path_factory.mktemp("site")
    shutil.copytree(ARTICLES, data / "articles")
    with open_mujib(data / "articles") as opened:
        yield opened


@pytest.fixture
def copyist(mujib: Mujib) -> Iterator[Copyist]:
    copyist = copyist_of(mujib)
    yield copyist
    copyist.go.set()
    copyist.reply, copyist.fails = "", None


@pytest.fixture(scope="module")
def server(mujib: Mujib) -> Iterator[Server]:
    port = free_port()
    with served(application(Startup.of(mujib), "127.0.0.1", port), port) as running:
        yield running


@pytest.fixture
def context(browser: Browser, server: Server, copyist: Copyist) -> Iterator[BrowserContext]:
    opened = browser.new_context(
        base_url=server.url, locale="en-GB", viewport={"width": 1280, "height": 820}, accept_downloads=True
    )
    opened.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.set_default_timeout(15_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return open_page(context)


def open_page(context: BrowserContext, path: str = "/") -> Page:
    page = context.new_page()
    page.goto(path)
    expect(page.locator(".welcome, #log .turn").first).to_be_visible()
    return page


def ask(page: Page, question: str) -> Locator:
    """Ask, and return the turn that shows the finished answer."""
    before = page.locator("#log .turn").count()
    page.locator("#question textarea").fill(question)
    page.keyboard.press("Enter")
    turn = page.locator("#log .turn").nth(before)
    expect(turn).to_be_visible()
    return turn


def in_view(page: Page, element: Locator) -> bool:
    """Return whether an element is where a reader sees it: in the window, and in what scrolls around it."""
    return bool(
        element.evaluate(
            """e => { const r = e.getBoundingClientRect(), p = e.closest('#panel').getBoundingClientRect();
            return r.top >= Math.max(0, p.top) && r.bottom <= Math.min(innerHeight, p.bottom) && r.height > 0; }"""
        )
    )


def test_an_answer_and_the_sentence_it_rests_on(page: Page) -> None:
    turn = ask(page, QUESTION)
    sentence = turn.locator(".sentence")
    expect(sentence).to_have_text(f"{QUOTE} 12017-03-23")
    expect(sentence).to_have_attribute("dir", "ltr")
    source = page.locator("#sources .source")
    expect(source.locator("blockquote")).to_have_text(QUOTE)
    expect(source.locator("h3")).to_have_text("1 Eight people arrested after the attack")
    expect(source.locator(".about")).to_contain_text("2017-03-23")
    expect(source.locator(".about")).to_contain_text("The Courier")
    expect(source.locator(".also")).to_contain_text("Evening Post")
    sentence.locator(".cite").click()
    mark = page.locator("#article mark")
    expect(mark).to_have_text(QUOTE)
    assert in_view(page, mark)
    expect(page.locator("#article .text")).to_contain_text("Flags flew at half mast.")
    link = page.locator("#article a")
    expect(link).to_have_attribute("href", "https://courier.example/arrests")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    page.keyboard.press("Escape")
    expect(page.locator("#article .reading")).to_have_count(0)
    expect(page.locator("#sources blockquote")).to_be_visible()
    expect(sentence.locator(".cite")).to_be_focused()


def test_arabic_reads_from_the_right(page: Page) -> None:
    box = page.locator("#question textarea")
    box.fill("كم صيادا من شركة OpenSea؟")
    expect(box).to_have_attribute("dir", "rtl")
    box.fill("OpenSea: كم؟")
    expect(box).to_have_attribute("dir", "ltr")
    turn = ask(page, ARABIC)
    expect(box).to_have_attribute("dir", "ltr")  # empty again: as the page
    expect(turn.locator(".asked p")).to_have_attribute("dir", "rtl")
    sentence = turn.locator(".sentence")
    expect(sentence).to_contain_text("أوقفت الشرطة في مدينة صفرو سبعة صيادين مساء الاثنين.")
    expect(sentence).to_have_attribute("dir", "rtl")
    words_, number = sentence.bounding_box(), sentence.locator(".cite").bounding_box()
    assert words_
    assert number
    assert number["x"] < words_["x"] + words_["width"] / 2  # the number stands after the sentence: at its left
    expect(page.locator("#sources blockquote")).to_have_attribute("dir", "rtl")


def test_a_text_of_both_scripts_stays_in_order(page: Page) -> None:
    ask(page, "ماذا باعت شركة OpenSea عام 2016 قرب سد علال الفاسي؟")
    page.locator("#log .cite").first.click()
    place = page.locator("#article p", has_text="OpenSea")
    expect(place).to_have_attribute("dir", "rtl")
    x = place.evaluate(
        """p => { const at = word => { const n = [...document.createTreeWalker(p, 4) && (function* () {
            const w = document.createTreeWalker(p, 4); while (w.nextNode()) yield w.currentNode; })()]
            .find(n => n.data.includes(word)); const r = document.createRange(), i = n.data.indexOf(word);
            r.setStart(n, i); r.setEnd(n, i + word.length); const b = r.getBoundingClientRect();
            return [b.top, b.left]; }; return ['شركة', 'OpenSea', '(ش.م.م)', '2016'].map(at); }"""
    )
    lines = {round(top) for top, _ in x}
    if len(lines) == 1:
        assert [left for _, left in x] == sorted((left for _, left in x), reverse=True)


def test_what_is_found_stands_there_before_the_answer(page: Page, copyist: Copyist) -> None:
    copyist.go.clear()
    page.locator("#question textarea").fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator("#sources h2")).to_have_text(EN["found"])
    expect(page.locator("#sources blockquote").first).to_have_text(QUOTE)
    expect(page.locator("#live .sentence")).to_contain_text(QUOTE)
    page.locator("#live .cite").click()
    expect(page.locator("#article mark")).to_have_text(QUOTE)
    copyist.go.set()
    expect(page.locator("#log .turn")).to_have_count(1)
    expect(page.locator("#article mark")).to_have_text(QUOTE)  # what the reader has opened stays open
    expect(page.locator("#live .turn")).to_have_count(0)


def test_where_the_articles_do_not_say(page: Page) -> None:
    turn = ask(page, "What does the stock exchange in Tokyo cost?")
    expect(turn.locator(".answer")).to_have_class(re.compile(r"\bnone\b"))
    expect(turn.locator(".cite")).to_have_count(0)
    expect(page.locator("#sources h2")).to_have_text(EN["closest"])
    expect(page.locator("#sources .source").first).to_be_visible()
    expect(page.locator("#sources .number")).to_have_count(0)
    expect(turn.get_by_role("button", name=EN["nearest"])).to_be_visible()


def test_a_follow_up(page: Page) -> None:
    ask(page, QUESTION)
    turn = ask(page, "And in Birmingham?")
    expect(turn.locator(".aside")).to_have_text(f"Understood as: {QUESTION} And in Birmingham?")


def test_stop_keeps_what_is_checked(page: Page, copyist: Copyist) -> None:
    copyist.go.clear()
    page.locator("#question textarea").fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator("#live .sentence")).to_contain_text(QUOTE)
    expect(page.locator("#ask")).to_be_hidden()
    page.locator("#stop").click()
    turn = page.locator("#log .turn")
    expect(turn.locator(".badge.doubt")).to_have_text(EN["cut"])
    expect(turn.locator(".sentence")).to_contain_text(QUOTE)
    expect(page.locator("#ask")).to_be_visible()


def test_retry_edit_and_copy(page: Page) -> None:
    ask(page, QUESTION)
    ask(page, "Who opened the harbour of Bizerte again?")
    page.locator("#log .turn").first.get_by_role("button", name=EN["retry"]).click()
    expect(page.locator("#log .turn")).to_have_count(3)  # an earlier question is asked again at the end
    page.locator("#log .turn").last.get_by_role("button", name=EN["retry"]).click()
    expect(page.locator("#live .turn")).to_have_count(0)
    expect(page.locator("#log .turn")).to_have_count(3)  # and the last one in its place
    page.locator("#log .turn").first.get_by_role("button", name=EN["edit"]).click()
    box = page.locator("#question textarea")
    expect(box).to_have_value(QUESTION)
    expect(box).to_be_focused()
    expect(page.locator("#editing")).to_be_visible()
    box.fill("Who opened the harbour of Bizerte again?")
    page.keyboard.press("Enter")
    expect(page.locator("#log .turn")).to_have_count(1)
    expect(page.locator("#log .answer")).to_contain_text("The minister Leila Haddad opened it again on Tuesday.")
    expect(page.locator("#editing")).to_be_hidden()
    page.get_by_role("button", name=EN["copy"], exact=True).click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"The minister Leila Haddad opened it again on Tuesday\. \[\d\]", copied)
    assert "«The minister Leila Haddad opened it again on Tuesday.»" in copied


def test_a_verdict_and_its_note_are_kept(page: Page, mujib: Mujib) -> None:
    ask(page, QUESTION)
    page.get_by_role("button", name=EN["not_useful"]).click()
    note = page.locator("[data-note]")
    note.fill("The number is <b>old</b>.")
    page.keyboard.press("Enter")
    expect(page.get_by_text(EN["thanks"])).to_be_visible()
    expect(page.get_by_role("button", name=EN["not_useful"])).to_have_attribute("aria-pressed", "true")
    lines = (mujib.settings.data / "ratings.jsonl").read_text("utf-8").splitlines()
    kept = [json.loads(line) for line in lines]
    assert [one["verdict"] for one in kept] == ["down", "down"]
    assert [one["note"] for one in kept] == ["", "The number is <b>old</b>."]
    assert kept[1]["answer"]["citations"][0]["quote"] == QUOTE


def test_history_survives_a_reload_and_a_new_chat(page: Page) -> None:
    ask(page, QUESTION)
    page.reload()
    expect(page.locator("#log .sentence")).to_contain_text(QUOTE)
    expect(page.locator("#sources blockquote")).to_have_text(QUOTE)
    turn = ask(page, "And in Birmingham?")
    expect(turn.locator(".aside")).to_contain_text("Understood as")  # what came before is known again
    page.locator("#new").click()
    expect(page.locator(".welcome")).to_be_visible()
    ask(page, ARABIC)
    page.locator("#history button").first.click()
    expect(page.locator("#chat-list .chat")).to_have_text([ARABIC, QUESTION])
    page.locator("#chat-list .chat").nth(1).click()
    expect(page.locator("#log .turn")).to_have_count(2)
    page.reload()
    page.locator("#history button").first.click()
    expect(page.locator("#chat-list .chat")).to_have_count(2)
    delete = page.get_by_role("button", name=f"{EN['delete']}: {ARABIC}")
    delete.click()
    expect(page.locator("#chat-list .chat")).to_have_count(2)  # it asks first
    expect(delete).to_have_text(EN["sure"])
    delete.click()
    expect(page.locator("#chat-list .chat")).to_have_text([QUESTION])
    page.get_by_role("button", name=EN["clear"]).click()
    page.get_by_role("button", name=EN["sure"]).last.click()
    expect(page.locator(".welcome")).to_be_visible()
    page.reload()
    expect(page.locator(".welcome")).to_be_visible()


def test_a_chat_is_saved_with_its_evidence(page: Page, tmp_path: Path, browser: Browser) -> None:
    ask(page, QUESTION)
    for button, name in (("#markdown", "mujib.md"), ("#html", "mujib.html")):
        with page.expect_download() as download:
            page.locator(button).click()
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
    text = (tmp_path / "mujib.md").read_text("utf-8")
    assert f"## {QUESTION}" in text
    assert f"> {QUOTE}" in text
    saved = browser.new_page()
    saved.goto((tmp_path / "mujib.html").as_uri())
    expect(saved.locator("h2")).to_have_text(QUESTION)
    expect(saved.locator("blockquote")).to_have_text(QUOTE)
    saved.close()


def test_the_language_of_the_page_is_remembered(page: Page) -> None:
    ask(page, QUESTION)
    page.get_by_role("link", name="العربية").click()
    expect(page.locator("#log .sentence")).to_contain_text(QUOTE)  # the chat is the same
    root = page.locator("html")
    expect(root).to_have_attribute("dir", "rtl")
    expect(root).to_have_attribute("lang", "ar")
    assert page.title() == AR["title"]
    expect(page.locator("#ask")).to_have_text(AR["ask"])
    panel, left = page.locator("#panel").bounding_box(), page.locator("#left").bounding_box()
    assert panel
    assert left
    assert panel["x"] < left["x"]  # mirrored
    page.goto("/")
    expect(root).to_have_attribute("dir", "rtl")
    page.get_by_role("link", name="English").click()
    expect(page.locator("#ask")).to_have_text(EN["ask"])
    expect(root).to_have_attribute("dir", "ltr")


def test_an_arabic_browser_opens_the_arabic_page(browser: Browser, server: Server) -> None:
    context = browser.new_context(base_url=server.url, locale="ar-TN")
    page = context.new_page()
    page.goto("/")
    expect(page.locator("#ask")).to_have_text(AR["ask"])
    context.close()


def test_light_and_dark(page: Page) -> None:
    def ground() -> str:
        return str(page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor"))

    light = ground()
    page.get_by_role("button", name=EN["theme"]).click()
    dark = ground()
    assert light != dark
    page.reload()
    expect(page.locator("#chat")).to_be_visible()
    expect(page.locator("body")).to_have_class(re.compile("dark"))
    assert ground() == dark


def open_collection(page: Page) -> None:
    page.get_by_role("tab").nth(1).click()
    expect(page.locator("#list .item").first).to_be_visible()


def test_the_collection(page: Page) -> None:
    open_collection(page)
    facts = page.locator(".facts")
    expect(facts).to_contain_text("Articles6")
    expect(facts).to_contain_text("Arabic2")
    expect(facts).to_contain_text("2017-03-23 – 2018-10-11")
    columns = page.locator(".plot li")
    expect(columns).to_have_count(20)  # March 2017 to October 2018, the empty months too
    expect(columns.first).to_have_attribute("title", "2017-03: 2")
    expect(page.locator("#list .item")).to_have_count(6)
    expect(page.locator("#list .name").first).to_have_text("موسم الزيتون يبدأ مبكرا")  # the newest first
    page.locator("#filter-words input, #filter-words textarea").fill("صيادين")
    page.keyboard.press("Enter")
    expect(page.locator("#list .name")).to_have_text(["توقيف سبعة صيادين في صفرو"])
    page.locator("#list .item").click()
    expect(page.locator("#article h2")).to_have_text("توقيف سبعة صيادين في صفرو")
    expect(page.locator("#article mark")).to_have_count(0)


def test_the_list_by_day_and_source(page: Page) -> None:
    open_collection(page)
    names = page.locator("#list .name")
    page.get_by_label(EN["filter_since"]).fill("2017-05")
    page.get_by_label(EN["filter_until"]).fill("2018-03-05")
    page.keyboard.press("Enter")
    expect(names).to_have_text(["توقيف سبعة صيادين في صفرو", "The harbour of Bizerte is dredged"])
    page.get_by_label(EN["filter_source"]).click()
    page.get_by_role("option", name="The Courier").click()
    expect(names).to_have_text(["The harbour of Bizerte is dredged"])
    page.get_by_label(EN["filter_since"]).fill("yesteryear")
    page.keyboard.press("Enter")
    expect(page.locator("#list")).to_contain_text(EN["no_such_day"])


def test_new_articles_while_the_chat_goes_on(page: Page, context: BrowserContext, mujib: Mujib) -> None:
    open_collection(page)
    new = mujib.settings.articles / "ferry.md"
    new.write_text("---\ntitle: A ferry for Kerkennah\n---\nThe ferry Loud began its service to Kerkennah.", "utf-8")
    broken = mujib.settings.articles / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4 nothing")
    try:
        page.locator("#update").click()
        report = page.locator("#report")
        expect(report).to_contain_text("New: 1")
        expect(report).to_contain_text("Not read: 1")
        expect(report).to_contain_text("broken.pdf")
        expect(page.locator(".facts")).to_contain_text("Articles7")
        expect(page.locator("#update")).to_be_enabled()
        other = open_page(context)
        expect(ask(other, "Which ferry began its service to Kerkennah?").locator(".sentence")).to_contain_text("Loud")
    finally:
        new.unlink()
        broken.unlink()
    page.locator("#update").click()
    expect(report).to_contain_text("Removed: 1")
    expect(page.locator(".facts")).to_contain_text("Articles6")


def test_the_questions_that_are_offered_come_from_the_articles(page: Page) -> None:
    offered = page.locator(".example")
    expect(offered.filter(has_text="Leila Haddad")).to_be_visible()
    offered.filter(has_text="Leila Haddad").click()
    expect(page.locator("#log .sentence").first).to_contain_text("Leila Haddad")


@pytest.mark.parametrize(("path", "words"), [("/", EN), ("/ar/", AR)])
def test_waiting_and_busy(
    context: BrowserContext, mujib: Mujib, copyist: Copyist, path: str, words: dict[str, str]
) -> None:
    mujib.engine.request_queue, usual = RequestQueue(2), mujib.engine.request_queue
    try:
        copyist.go.clear()
        first, second, third = (open_page(context, path) for _ in range(3))
        for page in (first, second, third):
            page.locator("#question textarea").fill(QUESTION)
            page.keyboard.press("Enter")
            if page is not third:
                expect(page.locator("#sources blockquote").first).to_be_visible()  # the evidence does not wait
        expect(second.locator("#live .progress")).to_have_text(words["waiting"].format(ahead=1))
        expect(third.locator("#log .problem")).to_have_text(words["busy"])
        copyist.go.set()
        for page in (first, second):
            expect(page.locator("#log .sentence")).to_contain_text(QUOTE)
        third.get_by_role("button", name=words["retry"]).click()
        expect(third.locator("#log .sentence")).to_contain_text(QUOTE)
    finally:
        mujib.engine.request_queue = usual


def test_mistakes_are_told_in_plain_words(page: Page, copyist: Copyist, caplog: pytest.LogCaptureFixture) -> None:
    box = page.locator("#question textarea")
    for text, hint in (("؟؟", "empty_question"), ("police " * 400, "long_question")):
        box.fill(text)
        page.keyboard.press("Enter")
        expect(page.locator("#hint")).to_have_text(EN[hint].format(most="2,000"))
        expect(box).to_have_value(text)  # nothing of it is lost
    expect(page.locator("#log .turn")).to_have_count(0)
    copyist.fails = RuntimeError("no such tensor")
    expect(ask(page, QUESTION).locator(".problem")).to_have_text(EN["broken"])
    assert "no such tensor" in caplog.text  # the terminal tells more
    copyist.fails = None
    expect(ask(page, QUESTION).locator(".sentence")).to_contain_text(QUOTE)


def test_what_is_typed_while_an_answer_is_written_stays(page: Page, copyist: Copyist) -> None:
    copyist.go.clear()
    box = page.locator("#question textarea")
    box.fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator("#live .sentence")).to_be_visible()
    box.fill("And in Birmingham?")
    expect(page.locator("#busy")).to_be_hidden()
    page.keyboard.press("Enter")  # it waits
    expect(box).to_have_value("And in Birmingham?")
    expect(page.locator("#busy")).to_have_text(EN["still_answering"])
    expect(page.locator("#busy")).to_be_visible()
    copyist.go.set()
    expect(page.locator("#log .turn")).to_have_count(1)
    expect(page.locator("#busy")).to_be_hidden()
    expect(page.locator("#ask")).to_be_visible()
    expect(box).to_have_value("And in Birmingham?")
    page.keyboard.press("Enter")
    expect(page.locator("#log .turn")).to_have_count(2)


def test_the_hint_that_a_question_waits_is_for_that_answer_only(page: Page, copyist: Copyist) -> None:
    box = page.locator("#question textarea")
    for question, waiting in ((QUESTION, "And in Birmingham?"), (ARABIC, "")):
        copyist.go.clear()
        box.fill(question)
        page.keyboard.press("Enter")
        expect(page.locator("#live .sentence")).to_be_visible()
        box.fill(waiting)
        page.keyboard.press("Enter")
        expect(page.locator("#busy")).to_be_visible(visible=bool(waiting))
        turns = page.locator("#log .turn").count()
        copyist.go.set()
        expect(page.locator("#log .turn")).to_have_count(turns + 1)
        expect(page.locator("#ask")).to_be_visible()


def test_a_dropped_file_does_not_take_the_place_of_the_page(page: Page) -> None:
    prevented = page.evaluate(
        """() => ["dragover", "drop"].map(name => { const data = new DataTransfer();
        data.items.add(new File(["text"], "a.txt"));
        const event = new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true });
        document.querySelector("#chat").dispatchEvent(event); return event.defaultPrevented; })"""
    )
    assert prevented == [True, True]
    text = page.evaluate(
        """() => { const data = new DataTransfer(); data.setData("text/plain", "words");
        const event = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
        document.querySelector("#question textarea").dispatchEvent(event); return event.defaultPrevented; }"""
    )
    assert text is False  # words can be dropped into the box


@pytest.mark.parametrize("path", ["/", "/ar/"])
@pytest.mark.parametrize(("width", "height"), [(1280, 820), (1680, 1050), (1920, 1080)])
def test_the_page_stands_in_the_middle_and_fills_the_window(
    context: BrowserContext, path: str, width: int, height: int
) -> None:
    page = open_page(context, path)
    page.set_viewport_size({"width": width, "height": height})
    ask(page, QUESTION)
    main, chat, panel, actions = (
        page.locator(part).bounding_box() for part in ("#main", "#chat", "#panel", "#history")
    )
    assert main
    assert chat
    assert panel
    assert actions
    assert abs(main["x"] - (width - main["x"] - main["width"])) < 2
    assert chat["height"] > height - 240
    assert abs(actions["y"] + actions["height"] - panel["y"] - panel["height"]) < 4
    assert page.evaluate("document.documentElement.scrollHeight") <= height
    page.locator("#question textarea").fill("؟؟")
    page.keyboard.press("Enter")
    expect(page.locator("#hint .state")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight") <= height  # the chat makes room for the hint


@pytest.mark.parametrize(("path", "sideways"), [("/", -1), ("/ar/", 1)])
def test_the_arrow_of_the_closed_history_points_onwards(context: BrowserContext, path: str, sideways: int) -> None:
    arrow = open_page(context, path).locator("#history .icon")
    expect(arrow).to_have_text("▼")
    matrix = arrow.evaluate("e => { const m = new DOMMatrix(getComputedStyle(e).transform); return [m.a, m.b]; }")
    assert [round(value) for value in matrix] == [0, sideways]  # turned by a quarter: to the right, or to the left
    arrow.click()
    expect(arrow).to_have_css("transform", re.compile("none|matrix\\(1, 0, 0, 1"))


def test_hover_does_not_look_like_pressed(page: Page) -> None:
    ask(page, QUESTION)
    style = "e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.borderColor]; }"
    button = page.get_by_role("button", name=EN["not_useful"])
    plain = button.evaluate(style)
    button.hover()
    hovered = button.evaluate(style)
    button.click()
    page.mouse.move(0, 0)
    expect(button).to_have_attribute("aria-pressed", "true")
    pressed = button.evaluate(style)
    assert plain != hovered
    assert all(one != other for one, other in zip(hovered, pressed, strict=True))


def test_a_new_chat_while_an_answer_is_written(page: Page, copyist: Copyist) -> None:
    copyist.go.clear()
    page.locator("#question textarea").fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator("#live .sentence")).to_be_visible()
    page.locator("#new").click()
    expect(page.locator("#ask")).to_be_visible()
    expect(page.locator(".welcome")).to_be_visible()
    expect(page.locator("#live .turn")).to_have_count(0)
    page.locator("#history button").first.click()
    expect(page.locator("#chat-list .chat")).to_have_text(
        [QUESTION]
    )  # what was checked by then is in a chat of its own
    copyist.go.set()
    expect(ask(page, ARABIC).locator(".sentence")).to_be_visible()
    expect(page.locator("#chat-list .chat")).to_have_text([ARABIC, QUESTION])
    page.locator("#chat-list .chat").nth(1).click()
    expect(page.locator("#log .badge")).to_have_text(EN["cut"])


def test_two_tabs_keep_their_chats(context: BrowserContext) -> None:
    first, second = open_page(context), open_page(context)
    ask(first, QUESTION)
    ask(second, ARABIC)
    third = open_page(context)
    third.locator("#history button").first.click()
    expect(third.locator("#chat-list .chat")).to_have_text([ARABIC, QUESTION])


def test_the_sources_are_those_of_the_answer_whose_number_is_clicked(page: Page) -> None:
    ask(page, QUESTION)
    ask(page, ARABIC)
    page.locator("#log .turn").first.locator(".cite").click()
    expect(page.locator("#article .also")).to_contain_text("Evening Post")
    page.keyboard.press("Escape")
    expect(page.locator("#sources blockquote")).to_have_text(QUOTE)


def test_the_chat_goes_to_its_end_for_a_new_question_only(page: Page, copyist: Copyist) -> None:
    for _ in range(5):
        ask(page, QUESTION)
    at = "e => [e.scrollTop, e.scrollHeight - e.clientHeight]"
    chat = page.locator("#chat")
    chat.evaluate("e => { e.scrollTop = 0; }")
    page.locator("#question textarea").fill(QUESTION)
    copyist.go.clear()
    page.locator("#ask").click()
    expect(page.locator("#live .sentence")).to_be_in_viewport()
    top, end = chat.evaluate(at)
    assert top > end - 80
    chat.evaluate("e => { e.scrollTop = 10; }")
    page.wait_for_timeout(100)
    copyist.go.set()
    expect(page.locator("#log .turn")).to_have_count(6)
    assert chat.evaluate(at)[0] == 10  # where the reader is, he stays


def test_an_article_that_is_gone(page: Page, mujib: Mujib) -> None:
    extra = mujib.settings.articles / "gone.txt"
    extra.write_text("The balloon Zephyr landed in Tozeur.", "utf-8")
    page.get_by_role("tab").nth(1).click()
    page.locator("#update").click()
    expect(page.locator("#report")).to_contain_text("New: 1")
    page.get_by_role("tab").nth(0).click()
    turn = ask(page, "Where did the balloon Zephyr land?")
    extra.unlink()
    page.get_by_role("tab").nth(1).click()
    page.locator("#update").click()
    expect(page.locator("#report")).to_contain_text("Removed: 1")
    page.get_by_role("tab").nth(0).click()
    turn.locator(".cite").click()
    expect(page.locator("#article")).to_contain_text(EN["no_article"])


def test_a_lost_connection(browser: Browser, mujib: Mujib, copyist: Copyist) -> None:
    port = free_port()
    context = browser.new_context(locale="en-GB", base_url=f"http://127.0.0.1:{port}")
    with served(application(Startup.of(mujib), "127.0.0.1", port), port) as server:
        page = open_page(context)
        ask(page, QUESTION)
        expect(page.locator("#lost")).to_be_hidden()
        server.stop()
        expect(page.locator("#lost")).to_be_visible(timeout=15_000)
        expect(page.locator("#lost")).to_have_text(EN["lost"])
        server.app = application(Startup.of(mujib), "127.0.0.1", port)
        server.start()
        expect(page.locator("#lost")).to_be_hidden(timeout=15_000)
        expect(page.locator("#log .sentence")).to_contain_text(QUOTE)  # it was loaded anew, and the chat was kept
        ask(page, ARABIC)
        expect(page.locator("#log .turn")).to_have_count(2)
        context.close()


def test_a_page_that_is_opened_while_the_models_load(browser: Browser, mujib: Mujib, copyist: Copyist) -> None:
    startup, port = Startup(mujib.settings), free_port()
    with served(application(startup, "127.0.0.1", port), port) as server:
        context = browser.new_context(base_url=server.url, locale="en-GB")
        page = open_page(context)
        expect(page.locator("#state")).to_contain_text(EN["loading"])
        page.locator("#question textarea").fill(QUESTION)
        page.keyboard.press("Enter")
        expect(page.locator("#live .progress")).to_have_text(EN["not_yet"])
        startup.set_ready(mujib)
        expect(page.locator("#log .sentence")).to_contain_text(QUOTE)
        expect(page.locator("#state .state")).to_have_count(0)
        later = open_page(context)
        later.wait_for_timeout(300)
        expect(later.locator("#state .state")).to_have_count(0)
        page.locator("#new").click()
        expect(page.locator(".example").first).to_be_visible()
        context.close()


class RecordingStartup(Startup):
    """A start without models, which only records what is asked of it: a fetch fails, the next try indexes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.state = StartupState("models_missing", total=2_300_000_000)
        self.begun: list[bool] = []

    def begin(self, *, fetch: bool = False) -> None:
        self.begun.append(fetch)
        self.state = StartupState("failed", problem="no such host") if fetch else StartupState("indexing", 3, 7)


def test_missing_models_are_fetched_on_request(browser: Browser, mujib: Mujib) -> None:
    startup, port = RecordingStartup(mujib.settings), free_port()
    with served(application(startup, "127.0.0.1", port), port) as server:
        context = browser.new_context(base_url=server.url, locale="ar-TN")
        page = open_page(context)
        page.get_by_role("button", name=AR["fetch"]).click()
        expect(page.locator("#state")).to_contain_text("no such host")
        page.get_by_role("button", name=AR["again"]).click()
        expect(page.locator("#state")).to_contain_text(AR["indexing"].format(done=3, total=7))
        assert startup.begun == [True, False]
        context.close()


@pytest.mark.parametrize("path", ["/", "/ar/"])
def test_on_a_phone(browser: Browser, server: Server, copyist: Copyist, path: str) -> None:
    context = browser.new_context(
        base_url=server.url, viewport={"width": 375, "height": 740}, has_touch=True, is_mobile=True, locale="en-GB"
    )
    page = open_page(context, path)
    turn = ask(page, ARABIC)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    turn.locator(".cite").tap()
    mark = page.locator("#article mark")
    expect(mark).to_be_in_viewport()
    page.get_by_role("tab").nth(1).tap()
    expect(page.locator("#list .item").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    context.close()


def test_with_the_keyboard_alone(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator("#log .sentence")).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.className") == "cite":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#article mark")).to_be_visible()
    expect(page.locator("#article .back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#log .cite")).to_be_focused()


def faults(page: Page) -> list[str]:
    """Return what axe-core finds that keeps somebody from using the page."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary'][:300]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize(("path", "words"), [("/", EN), ("/ar/", AR)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(context: BrowserContext, path: str, words: dict[str, str], scheme: str) -> None:
    page = open_page(context, path)
    if scheme == "dark":
        page.get_by_role("button", name=words["theme"]).click()
        page.wait_for_timeout(800)  # the colours fade over
    assert faults(page) == []
    ask(page, QUESTION)
    ask(page, "What does the stock exchange in Tokyo cost?")
    page.locator("#question textarea").fill("؟؟")
    page.keyboard.press("Enter")
    expect(page.locator("#hint")).not_to_be_empty()
    page.locator("#history button").first.click()
    page.get_by_role("button", name=words["not_useful"]).first.click()
    expect(page.locator("[data-note]")).to_be_visible()
    assert faults(page) == []
    page.locator("#log .cite").first.click()
    expect(page.locator("#article mark")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("tab").nth(1).click()
    expect(page.locator("#list .item").first).to_be_visible()
    assert faults(page) == []


def test_the_page_is_quick(context: BrowserContext) -> None:
    """First paint within 1.5 s, evidence within half a second, with room for a noisy computer."""
    page = open_page(context)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert paint < 3000
    page.locator("#question textarea").fill(QUESTION)
    start = time.monotonic()
    page.keyboard.press("Enter")
    expect(page.locator("#sources .source").first).to_be_visible()
    assert time.monotonic() - start < 2
