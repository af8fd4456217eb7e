"""Makes the pictures of the pages for the documentation: `python -m tests.browser.pictures` (docs/images/make.sh)."""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from bot.rendering import brand
from tests.browser import conftest
from tests.browser import visitor as visiting
from tests.fakes.process import ROOT

IMAGES = ROOT / "docs" / "images"


WINDOW = {"width": 1080, "height": 700}  # of the picture of README

# what somebody says to a bot that knows the samples; the answer to the last is in the picture
SAID = {
    "en": (
        "/sub diffusion -survey at 8",
        "/sub author:Guibas now",
        "/sub cs.RO every monday at 9",
        "reinforcement learning",
    ),
    "zh": ("/sub 扩散模型 每天8点", "/sub 作者:Guibas 工作日8点半", "/sub cs.RO 每周一9点", "强化学习"),
}
SAMPLES = {"en": "use the samples", "zh": "使用示例"}
# in the answer to the last; papers of a subscription may come before it
FOUND = {"en": "of 73 papers", "zh": "73 篇论文中"}


def main() -> None:
    """Talks with a bot that has the sample digests, and takes the pictures on a desktop screen and on a phone."""
    for name in [name for name in os.environ if name.startswith("PAPERWIRE_")]:
        del os.environ[name]
    with ExitStack() as stack:
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=conftest.CHROMIUM, args=list(conftest.ARGUMENTS)
        )
        stack.callback(browser.close)
        # the picture of the app on Slack and of the bot on Telegram
        mark = browser.new_page(viewport={"width": 512, "height": 512})
        mark.set_content(f'<body style="margin:0"><img src="{brand.icon()}" width="512">')
        mark.screenshot(path=IMAGES / "mark.png", omit_background=True)
        for language in SAID:
            _page_of(browser, stack, language)


def _page_of(browser: Any, stack: ExitStack, language: str) -> None:
    """Takes the picture of README: a question and its papers, by day and by night."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    bot = stack.enter_context(visiting.running_bot(folder, {}, sources=False))
    me = _visits(browser, stack, bot, language=language, **WINDOW)
    me.presses(SAMPLES[language])
    me.is_live()
    suffix = "" if language == "en" else f"-{language}"
    for words in SAID[language]:
        before = me.page.locator("#log .post").count()
        me.says(words)
        me.has(before + 2)
    me.page.locator("#log .post:not(.mine)").filter(has_text=FOUND[language]).wait_for()
    for night in ("", "-dark"):
        me.page.emulate_media(color_scheme="dark" if night else "light")
        me.page.locator("#log .post.mine").last.evaluate("item => scrollBy(0, item.getBoundingClientRect().top - 64)")
        me.page.screenshot(path=IMAGES / f"page{suffix}{night}.png")


def _visits(browser: Any, stack: ExitStack, bot: visiting.Bot, **wishes: Any) -> visiting.Visitor:
    return visiting.Visitor.comes(browser, stack, bot, "", still=True, **wishes)


if __name__ == "__main__":
    main()
