"""`make screenshots`: pictures of the page's main states in both languages, with the real models; and its speed."""

from __future__ import annotations

import shutil
import statistics
import time

from playwright.sync_api import Browser, Page, expect, sync_playwright

from qa.interfaces.web.app import application
from qa.interfaces.web.startup import Startup, StartupState
from qa.request_queue import RequestQueue
from qa.settings import load_settings
from qa.types import Language
from tests.paths import ROOT
from tests.site import CHROMIUM, free_port, served

PICTURES = ROOT / ".data" / "screenshots"
README = ROOT / "tests" / "pictures"
QUESTIONS = {
    "ar": ("من هي رئيسة الوزراء البريطانية؟", "كم شخصا أوقفت الشرطة البريطانية؟", "ما هو سعر النفط اليوم؟"),
    "en": (
        "How many people did the police arrest, and where did they search?",
        "Which countries' ministers met in Washington?",
        "What is the price of oil today?",
    ),
}
PATHS: dict[Language, str] = {"en": "/", "ar": "/ar/"}
WAIT = 90_000


def main() -> None:
    """Take the pictures and print what was measured."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    README.mkdir(exist_ok=True)
    startup, port = Startup(load_settings()), free_port()
    with served(application(startup, "127.0.0.1", port), port) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        loading = browser.new_page(base_url=server.url, viewport={"width": 1280, "height": 820})
        loading.goto("/")
        expect(loading.locator("#state .state")).to_be_visible()
        loading.screenshot(path=PICTURES / "loading.en.png")
        startup.begin()
        expect(loading.locator(".example").first).to_be_visible(timeout=WAIT)
        loading.close()
        for language in PATHS:
            states(browser, server.url, language, startup)
            phone(browser, server.url, language)
        measure(browser, server.url)
        browser.close()
    for language in PATHS:
        shutil.copy(PICTURES / f"answer.{language}.png", README / f"answer.{language}.png")
    print(f"pictures are in {PICTURES}, those of the README in {README}")


def states(browser: Browser, url: str, language: Language, startup: Startup) -> None:
    """Picture the page from its first look to the collection, light and dark."""
    page = browser.new_page(base_url=url, viewport={"width": 1280, "height": 820})

    def picture(name: str) -> None:
        page.wait_for_timeout(700)  # what fades has faded
        page.screenshot(path=PICTURES / f"{name}.{language}.png")

    page.goto(PATHS[language])
    expect(page.locator(".example").first).to_be_visible()
    picture("welcome")
    first, second, third = QUESTIONS[language]
    page.locator("#question textarea").fill(first)
    page.keyboard.press("Enter")
    expect(page.locator("#sources blockquote").first).to_be_visible(timeout=WAIT)
    page.screenshot(path=PICTURES / f"writing.{language}.png")
    answered(page, 1)
    page.locator("#log .cite").first.click()
    expect(page.locator("#article mark")).to_be_visible()
    picture("answer")
    page.locator("#article .back").click()
    for number, question in enumerate((second, third), start=2):
        page.locator("#question textarea").fill(question)
        page.keyboard.press("Enter")
        answered(page, number)
    picture("not-found")
    engine = startup.mujib().engine
    engine.request_queue, usual = RequestQueue(0), engine.request_queue
    page.locator("#question textarea").fill(first)
    page.keyboard.press("Enter")
    answered(page, 4)
    engine.request_queue = usual
    page.locator("#history button").first.click()
    picture("busy-and-history")
    page.locator("[data-theme]").click()
    picture("dark")
    page.get_by_role("tab").nth(1).click()
    expect(page.locator("#list .item").first).to_be_visible()
    picture("collection-dark")
    page.locator("[data-theme]").click()
    picture("collection")
    for name, state in (
        ("models-missing", StartupState("models_missing", total=2_300_000_000)),
        ("fetching", StartupState("fetching", 900_000_000, 2_300_000_000)),
        ("failed", StartupState("failed", problem="the disk is full. Make room and try again.")),
    ):
        usual_state, startup.state = startup.state, state
        page.reload()
        expect(page.locator("#state .state")).to_be_visible()
        picture(name)
        startup.state = usual_state
    page.close()


def phone(browser: Browser, url: str, language: Language) -> None:
    """Picture the page on a phone."""
    context = browser.new_context(
        base_url=url, viewport={"width": 375, "height": 740}, device_scale_factor=2, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(PATHS[language])
    expect(page.locator(".example").first).to_be_visible()
    page.screenshot(path=PICTURES / f"phone-welcome.{language}.png")
    page.locator("#question textarea").fill(QUESTIONS[language][0])
    page.keyboard.press("Enter")
    answered(page, 1)
    page.screenshot(path=PICTURES / f"phone-answer.{language}.png")
    page.locator("#log .cite").first.tap()
    expect(page.locator("#article mark")).to_be_in_viewport()
    page.screenshot(path=PICTURES / f"phone-article.{language}.png")
    context.close()


def answered(page: Page, turns: int) -> None:
    """Wait until so many turns are finished."""
    expect(page.locator("#log .turn")).to_have_count(turns, timeout=WAIT)


def measure(browser: Browser, url: str) -> None:
    """Print the first paint, the time to the evidence, and how often the answer was drawn while it was written."""
    paints, evidence, frames = [], [], []
    for _ in range(5):
        page = browser.new_page(base_url=url)
        page.goto("/")
        expect(page.locator(".example").first).to_be_visible()
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000)
        page.evaluate(
            """() => { window.drawn = []; new MutationObserver(() => drawn.push(performance.now()))
            .observe(document.querySelector('#live'), { childList: true, subtree: true, characterData: true }); }"""
        )
        page.locator("#question textarea").fill(QUESTIONS["en"][0])
        start = time.monotonic()
        page.keyboard.press("Enter")
        page.locator("#sources blockquote").first.wait_for()
        evidence.append(time.monotonic() - start)
        answered(page, 1)
        frames.append(page.evaluate("drawn.length"))
        page.close()
    for name, values in (("first paint, s", paints), ("evidence, s", evidence), ("changes while writing", frames)):
        print(f"{name}: median {statistics.median(values):.2f}, most {max(values):.2f}")


if __name__ == "__main__":
    main()
