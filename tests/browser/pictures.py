"""Makes the pictures of the pages for the documentation: `python -m tests.browser.pictures` (docs/images/make.sh)."""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.visitor import Bot, Visitor, running_bot
from tests.fakes.process import ROOT

IMAGES = ROOT / "docs" / "images"


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
        me = _visits(browser, stack, bot, width=960, height=720)
        me.presses("use the samples")
        me.is_live()
        me.says("/sub diffusion -survey")
        me.page.wait_for_selector(".menu details")
        me.page.locator(".menu summary").first.click()
        _takes(me, "page", "#log .post.mine")
        _takes(_visits(browser, stack, bot, width=960, height=720, dark=True), "page-dark", "#log .post.mine")


def _visits(browser: Any, stack: ExitStack, bot: Bot, **wishes: Any) -> Visitor:
    return Visitor.comes(browser, stack, bot, "", still=True, **wishes)


def _takes(visitor: Visitor, name: str, top: str) -> None:
    """Saves what a window shows whose first message is `top`."""
    visitor.page.locator(top).first.evaluate("item => { item.scrollIntoView(); document.activeElement.blur(); }")
    visitor.page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
