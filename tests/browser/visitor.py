"""A visitor of the pages, and the bots that they visit. The bots are real processes of `paperwire run`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import axe_playwright_python

from tests.integration.cli import INBOX, Process, page
from tests.patience import PATIENCE

PASSWORD = "correct horse battery"
_papers = count(1)


@dataclass(frozen=True, slots=True)
class Bot:
    """A running `paperwire run` process."""

    folder: Path
    url: str

    def brings(self, *titles: str) -> None:
        """Puts a digest with these papers into the inbox that the bot watches."""
        papers = [(f"2611.{next(_papers):05d}", title, "We look at it, and it holds.") for title in titles]
        part = self.folder / "inbox" / f"{next(_papers)}.part"
        part.write_text(page(*papers), "utf-8")
        part.rename(part.with_suffix(".md"))


@contextmanager
def running_bot(folder: Path, environment: Mapping[str, str], *, sources: bool = True) -> Iterator[Bot]:
    """Runs a bot in a folder. With `sources`, it watches an inbox. Otherwise it has no settings and no network."""
    (folder / "inbox").mkdir()
    if sources:
        (folder / "paperwire.toml").write_text(INBOX)
    settings = {
        "HTTPS_PROXY": "http://127.0.0.1:9",  # nobody listens there
        "HTTP_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
        "PAPERWIRE_ACCESS": "open" if sources else "ask",
        **environment,
    }
    program = Process(folder, "run", environ=settings)
    try:
        yield Bot(folder, program.says(r"^Pages: (http://\S+/)$")[1])
    finally:
        program.stops()


@dataclass(slots=True)
class Visitor:
    """A person who has a chat open in a browser."""

    page: Any
    bot: Bot

    @classmethod
    def comes(
        cls,
        browser: Any,
        stack: ExitStack,
        bot: Bot,
        name: str,
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        language: str = "en",
        scripts: bool = True,
        still: bool = False,
    ) -> "Visitor":
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="zh-CN" if language == "zh" else "en-GB",
            java_script_enabled=scripts,
            reduced_motion="reduce" if still else "no-preference",
        )
        stack.callback(context.close)
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        errors: list[str] = []
        page.on("console", lambda said: errors.append(said.text) if _is_error(said) else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        stack.callback(lambda: _none(errors))
        page.goto(bot.url)
        if name:
            page.locator("#name").fill(name)
            page.locator("#password").fill(PASSWORD)
            page.locator("main form button").click()
            page.wait_for_selector("#chat", state="attached")
        visitor = cls(page, bot)
        if scripts:
            visitor.is_live()
        return visitor

    def is_live(self) -> None:
        """Waits until the page shows new messages as soon as they arrive."""
        self.page.wait_for_selector("html[data-live=yes]", state="attached")

    def says(self, words: str, answer: str = "") -> None:
        """Sends these words. If an answer is expected, waits until a message contains it."""
        self.page.locator("#text").fill(words)
        self.page.locator("#composer button").click()
        if answer:
            self.sees(answer)

    def presses(self, label: str, answer: str = "") -> None:
        """Presses the newest button with this label. If an answer is expected, waits until a message contains it."""
        self.page.get_by_role("button", name=label, exact=True).last.click()
        if answer:
            self.sees(answer)

    def sees(self, words: str) -> None:
        """Waits until a message contains these words."""
        self.page.locator("#log .post:not(.mine)", has_text=words).last.wait_for(state="attached")

    def has(self, messages: int) -> None:
        """Waits until the page shows this number of messages."""
        self.page.locator("#log .post").nth(messages - 1).wait_for(state="attached")

    def focus(self, what: str) -> str:
        """Returns the property `what` of the element that has the focus."""
        return str(self.page.evaluate(f"document.activeElement.{what}"))

    def overflows(self) -> bool:
        """Tells whether the page must be scrolled sideways."""
        return bool(self.page.evaluate("document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"))


Visit = Callable[..., Visitor]  # the fixture `visit`


def knows(visit: Visit, word: str, *titles: str) -> None:
    """Lets papers with this word arrive, and waits until another chat has them."""
    other = visit(f"other-{word}")
    other.says(f"/sub {word}", "✓ 1")
    other.bot.brings(*titles)
    other.sees(titles[-1])


def _is_error(said: Any) -> bool:
    """Whether a line of the console is an error of the page. That it is offline, where a test wants that, is none."""
    return said.type == "error" and "ERR_INTERNET_DISCONNECTED" not in said.text


def _none(errors: list[str]) -> None:
    assert errors == [], errors


AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")


def violations(page: Any) -> list[str]:
    """Returns what axe-core finds with all its rules."""
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(AXE.read_text("utf-8"))  # not through a <script>, because the page forbids it
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
