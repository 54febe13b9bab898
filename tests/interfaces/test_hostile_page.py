"""Hostile text in titles, bodies, sources, addresses, questions and drafts stays text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from index.text.normalize import clean_text, one_line
from qa.interfaces.web.app import application
from qa.interfaces.web.startup import Startup
from qa.service import Mujib
from tests.site import CHROMIUM, copyist_of, free_port, open_mujib, served

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.usefixtures("tidy")]  # of the page's own libraries
# What the page is made of, inside the parts that show what others wrote.
_ELEMENTS = set(
    "ARTICLE DIV P H1 H2 H3 SPAN BDI BUTTON OL UL LI BLOCKQUOTE MARK A LABEL INPUT NAV "
    "DL DT DD FIGURE FIGCAPTION I".split()
)
_ATTRIBUTES = set(
    "id class dir style type href target rel lang role title hidden tabindex aria-label aria-pressed data-testid "
    "data-act data-article data-start data-end data-also data-turn data-chat data-sure data-verdict data-copy "
    "data-done data-question data-theme".split()
)
_LIST_PARTS = """() => {
    const found = { elements: [], attributes: [], links: [] };
    for (const part of document.querySelectorAll('#top, #log, #live, #sources, #article, #list, #overview, #chat-list'))
        for (const element of part.querySelectorAll('*')) {
            found.elements.push(element.tagName);
            found.attributes.push(...element.getAttributeNames());
            if (element.href) found.links.push(element.href);
        }
    return Object.fromEntries(Object.entries(found).map(([name, all]) => [name, [...new Set(all)]]));
}"""


def strings() -> list[str]:
    """Return the strings of the file: one a line, `\\u` and four digits for what cannot be seen."""
    lines = Path(__file__).parent.with_name("hostile.txt").read_text("utf-8").split("\n")
    kept = [line for line in lines if line and not line.startswith("## ")]
    return [re.sub(r"\\u([0-9A-Fa-f]{4})", lambda code: chr(int(code[1], 16)), line) for line in kept]


HOSTILE = [text for text in strings() if one_line(clean_text(text))]


@pytest.fixture(scope="module")
def mujib(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mujib]:
    data = tmp_path_factory.mktemp("hostile")
    articles = data / "articles.jsonl"
    rows = [
        {
            "id": f"{number} {text[:80]}",
            "title": text,
            "source": text[:100],
            "url": text,
            "text": f"{text}\nNumber {number}.",
        }
        for number, text in enumerate(HOSTILE)
    ]
    everything = "\n".join(HOSTILE)
    rows.append({"id": "all", "title": "All of them", "date": "2030-01-01", "text": everything})
    rows.append({"id": "police", "title": "Police", "text": "The police arrested 8 people in London on Thursday."})
    articles.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    with open_mujib(articles, free_wording=True) as opened:
        assert opened.collection.snapshot().status().articles > 0.9 * len(rows)
        yield opened


@pytest.fixture
def page(mujib: Mujib) -> Iterator[Page]:
    """Yield the page; afterwards nothing may have run, been fetched, or stand there that does not belong there."""
    port = free_port()
    happened: list[str] = []
    with served(application(Startup.of(mujib), "127.0.0.1", port), port), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(base_url=f"http://127.0.0.1:{port}", locale="en-GB")
        opened.on("dialog", lambda dialog: happened.append(f"dialog {dialog.message}"))
        opened.on("request", lambda request: happened.append(request.url[:200]))
        opened.on("pageerror", lambda error: happened.append(f"error {error}"))
        opened.on("popup", lambda popup: happened.append(f"popup {popup.url}"))
        opened.goto("/")
        expect(opened.locator(".welcome")).to_be_visible()
        yield opened
        opened.wait_for_timeout(300)
        assert [
            one
            for one in happened
            if not one.startswith((f"http://127.0.0.1:{port}/", f"blob:http://127.0.0.1:{port}/"))
        ] == []
        assert opened.url == f"http://127.0.0.1:{port}/"
        browser.close()


def looks_as_it_should(page: Page) -> None:
    found = page.evaluate(_LIST_PARTS)
    assert set(found["elements"]) <= _ELEMENTS
    assert set(found["attributes"]) <= _ATTRIBUTES
    for link in found["links"]:
        assert link.startswith(("http://", "https://")), link


def test_in_titles_bodies_sources_and_addresses(page: Page) -> None:
    page.get_by_role("tab").nth(1).click()
    items = page.locator("#list .item")
    expect(items.first).to_be_visible()
    while page.get_by_role("button", name="Show more").count():
        shown = items.count()
        page.get_by_role("button", name="Show more").click()
        expect(items.nth(shown)).to_be_visible()
    looks_as_it_should(page)
    titles = set(page.locator("#list .name").all_text_contents())
    assert len(titles & {one_line(clean_text(text)) for text in HOSTILE}) > 0.8 * len(HOSTILE)
    items.filter(has_text="All of them").click()
    expect(page.locator("#article h2")).to_have_text("All of them")
    looks_as_it_should(page)
    paragraphs = set(page.locator("#article .text p").all_text_contents())
    lines = {line for text in HOSTILE for line in clean_text(text).split("\n") if line}
    assert len(paragraphs & lines) > 0.9 * len(lines)
    for number in range(0, items.count(), 40):
        title = items.nth(number).locator(".name").text_content()
        items.nth(number).click()
        expect(page.locator("#article h2")).to_have_text(title or "", use_inner_text=False)
        looks_as_it_should(page)


def test_in_questions_and_drafts(page: Page, mujib: Mujib, trials: Callable[[int, int], int]) -> None:
    copyist = copyist_of(mujib)
    count = trials(104, len(HOSTILE))
    for number, text in enumerate(HOSTILE[:: max(1, len(HOSTILE) // count)]):
        copyist.reply = f"{text} The police arrested 8 people."
        if number % 20 == 0:
            page.locator("#new").click()
            expect(page.locator("#log .turn")).to_have_count(0)
        page.locator("#question textarea").fill(f"How many people did the police arrest in London? {text}"[:2000])
        page.locator("#ask").click()
        expect(page.locator("#log .turn")).to_have_count(number % 20 + 1)
        if number % 20 == 19:
            looks_as_it_should(page)
    looks_as_it_should(page)
    page.reload()  # what the browser kept is shown again
    expect(page.locator("#log .turn").first).to_be_visible()
    looks_as_it_should(page)
