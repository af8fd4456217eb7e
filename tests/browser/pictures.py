"""Makes the pictures of the pages for the documentation: `python -m tests.browser.pictures` (docs/images/make.sh)."""

import os
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from bot.rendering import brand
from tests.browser import conftest
from tests.browser import visitor as visiting
from tests.fakes.process import ROOT
from tests.integration.cli import INBOX, page

IMAGES = ROOT / "docs" / "images"
SUNDAY = 7
BROKEN = 9  # days ago


FRAME = {"width": 1040, "height": 620}
SECONDS = 2.4  # how long the demo shows each frame


def main() -> None:
    """Talks with a bot that has the sample digests, and takes the pictures on a desktop screen and on a phone."""
    for name in [name for name in os.environ if name.startswith("PAPERWIRE_")]:
        del os.environ[name]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=conftest.CHROMIUM, args=list(conftest.ARGUMENTS)
        )
        stack.callback(browser.close)
        mark = browser.new_page(
            viewport={"width": 512, "height": 512}
        )  # the picture of the app on Slack and of the bot on Telegram
        mark.set_content(f'<body style="margin:0"><img src="{brand.icon()}" width="512">')
        mark.screenshot(path=IMAGES / "mark.png", omit_background=True)
        bot = stack.enter_context(visiting.running_bot(folder, {}, sources=False))
        me = _visits(browser, stack, bot, **FRAME)
        me.presses("use the samples")
        me.is_live()
        (IMAGES / "demo.svg").write_text(_animated(list(_frames(me))), "utf-8")
        for visitor, night in ((me, ""), (_visits(browser, stack, bot, dark=True, **FRAME), "-dark")):
            visitor.page.goto(f"{bot.url}playground?q=diffusion+-survey")
            visitor.page.screenshot(path=IMAGES / f"playground{night}.png")
        phone = _visits(browser, stack, bot, dark=True, width=390, height=640)
        phone.says("author:Guibas")
        phone.has(6)
        phone.page.locator("#log .post.mine").last.evaluate("item => item.scrollIntoView()")
        phone.page.screenshot(path=IMAGES / "page-phone.png")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _past(folder)
        bot = stack.enter_context(visiting.running_bot(folder, {}))
        for night, dark in (("", False), ("-dark", True)):
            visitor = _visits(browser, stack, bot, dark=dark, **FRAME)
            if not dark:
                visitor.says("/sub tides")
                bot.brings("Tides of the Moon", "Tides without a moon")
                visitor.sees("Tides without a moon")
            visitor.page.goto(f"{bot.url}status")
            visitor.page.screenshot(path=IMAGES / f"status{night}.png")


def _frames(me: visiting.Visitor) -> Iterator[bytes]:
    """Yields screenshots: the first screen, papers during typing, a subscription, a saved paper, a pause."""
    page, log = me.page, me.page.locator("#log")
    yield page.screenshot()
    for typed, found in (("reinf", "#papers .number"), ("reinforcement learning", "#found:not(:empty)")):
        page.locator("#text").fill(typed)
        page.locator(found).first.wait_for()
        yield page.screenshot()
    page.locator("#text").press("Enter")
    me.has(2)
    page.screenshot(path=IMAGES / "page.png")
    yield page.screenshot()
    me.presses("subscribe")
    me.has(4)
    log.locator(".post").nth(2).evaluate("item => item.scrollIntoView()")
    yield page.screenshot()
    page.keyboard.press("Escape")
    log.locator("button.save").last.click()
    log.locator('.save[aria-pressed="true"]').last.wait_for()
    log.locator(".told").last.wait_for()
    yield page.screenshot()
    page.locator("#panel").get_by_role("button", name="pause").click()
    page.locator("#panel .held").wait_for()
    log.locator(".post").last.evaluate("item => item.scrollIntoView({block: 'end'})")
    yield page.screenshot()
    page.locator("#panel").get_by_role("button", name="resume").click()
    page.locator("#panel li:not(.held)").wait_for()


def _animated(frames: Sequence[bytes]) -> str:
    """Returns an SVG that shows the frames one after another. If motion is not wanted, it shows only the first."""
    wide, high, whole = FRAME["width"], FRAME["height"], SECONDS * len(frames)
    images = "".join(
        f'<image width="{wide}" height="{high}" class="frame" style="animation-delay:{SECONDS * at:.1f}s" '
        f'href="data:image/png;base64,{b64encode(frame).decode()}"/>'
        for at, frame in enumerate(frames)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}"><style>'
        f".frame{{visibility:hidden;animation:turn {whole:.1f}s step-end infinite}}"
        f"@keyframes turn{{0%{{visibility:visible}}{100 / len(frames):.3f}%,100%{{visibility:hidden}}}}"
        "@media (prefers-reduced-motion:reduce){.frame{animation:none}.frame:first-of-type{visibility:visible}}"
        f'</style>{images}<rect x=".5" y=".5" width="{wide - 1}" height="{high - 1}" fill="none" stroke="#e5e1d7"/></svg>\n'
    )


def _past(folder: Path) -> None:
    """Prepares the database of a bot: a list came on each of the last 27 days except Sundays, and one of them was broken."""
    past = folder / "past"
    (past / "inbox").mkdir(parents=True)
    (past / "paperwire.toml").write_text(INBOX)
    environment = {**os.environ, "PAPERWIRE_DATABASE_URL": f"sqlite:///{folder}/paperwire.db", "PYTHONPATH": str(ROOT)}
    today = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    for number in range(27, 0, -1):
        day, digest = today - timedelta(days=number), past / "inbox" / f"{number}.md"
        if day.isoweekday() < SUNDAY:
            paper = (f"2610.{number:05d}", f"A tide gauge, day {number}", "We measure it.")
            digest.write_text("" if number == BROKEN else page(paper), "utf-8")
        poll = [sys.executable, "-m", "bot", "sources", "poll", "--now", day.isoformat()]
        subprocess.run(  # noqa: S603 - our own program
            poll, cwd=past, env=environment, check=number != BROKEN, stdout=subprocess.DEVNULL
        )
        if number == BROKEN:
            digest.unlink()


def _visits(browser: Any, stack: ExitStack, bot: visiting.Bot, **wishes: Any) -> visiting.Visitor:
    return visiting.Visitor.comes(browser, stack, bot, "", still=True, **wishes)


if __name__ == "__main__":
    main()
