"""Makes the pictures of the pages for the documentation: `python -m tests.browser.pictures` (docs/images/make.sh)."""

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.visitor import Bot, Visitor, running_bot
from tests.fakes.process import ROOT
from tests.integration.cli import INBOX, page

IMAGES = ROOT / "docs" / "images"
SUNDAY = 7
BROKEN = 9  # days ago


def main() -> None:
    """Talks with a bot that has the samples, on a screen and on a phone."""
    for name in [name for name in os.environ if name.startswith("PAPERWIRE_")]:
        del os.environ[name]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        stack.callback(browser.close)
        bot = stack.enter_context(running_bot(folder, {}, sources=False))
        me = _visits(browser, stack, bot)
        me.presses("use the samples")
        me.is_live()
        me.says("/sub diffusion -survey")
        me.page.wait_for_selector(".actions details")
        me.page.locator(".actions summary").first.click()
        _takes(me, "page", "#log .post.mine")
        by_night = _visits(browser, stack, bot, dark=True)
        _takes(by_night, "page-dark", "#log .post.mine")
        for visitor, night in ((me, ""), (by_night, "-dark")):
            visitor.page.goto(f"{bot.url}playground?q=diffusion+-survey")
            _takes(visitor, f"playground{night}", "header")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _past(folder)
        bot = stack.enter_context(running_bot(folder, {}))
        for night, dark in (("", False), ("-dark", True)):
            visitor = _visits(browser, stack, bot, dark=dark)
            if not dark:
                visitor.says("/sub tides")
                bot.brings("Tides of the Moon", "Tides without a moon")
                visitor.sees("Tides without a moon")
            visitor.page.goto(f"{bot.url}status")
            _takes(visitor, f"status{night}", "header")


def _past(folder: Path) -> None:
    """Lets a list come on each of the last 27 days but Sundays, and be broken on one, into the database that a bot will have there."""
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


def _visits(browser: Any, stack: ExitStack, bot: Bot, **wishes: Any) -> Visitor:
    return Visitor.comes(browser, stack, bot, "", still=True, width=960, height=720, **wishes)


def _takes(visitor: Visitor, name: str, top: str) -> None:
    """Saves what a window shows whose first message is `top`."""
    visitor.page.locator(top).first.evaluate("item => { item.scrollIntoView(); document.activeElement.blur(); }")
    visitor.page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
