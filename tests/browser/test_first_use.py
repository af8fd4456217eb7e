"""From a clone to a received paper: two commands and three messages, without an account and without a network."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.browser import visitor as visiting


def test_from_nothing_to_a_received_paper_in_three_messages(browser: Any, tmp_path: Path) -> None:
    with ExitStack() as stack:
        me = visiting.Visitor.comes(
            browser, stack, stack.enter_context(visiting.running_bot(tmp_path, {}, sources=False)), ""
        )
        me.presses("use the samples")
        me.is_live()
        assert me.page.get_by_role("button", name="use the samples").count() == 0, "it is offered once"
        me.says("diffusion", "Diffusion")  # the first message
        found = me.page.locator("#log .paper h3")
        shown = found.count()
        me.presses("subscribe", "✓ 1")  # the second message: a button replaces typing
        me.has(4)  # the word, its papers, the confirmation, and the other papers
        assert me.page.locator("#log .mine").count() + 1 <= 3
        said, header = (me.page.locator(one).bounding_box() for one in ("#log .post:has-text('✓ 1')", ".top"))
        assert said["y"] >= header["y"] + header["height"] - 1, (
            "the confirmation stays in view above the papers that come"
        )
        titles = found.all_inner_texts()
        assert len(titles) > shown
        assert len({title.lstrip("0123456789 \n") for title in titles}) == len(titles), "no paper is shown twice"


def test_who_writes_first_is_still_offered_the_samples(browser: Any, tmp_path: Path) -> None:
    with ExitStack() as stack:
        bot = stack.enter_context(visiting.running_bot(tmp_path, {}, sources=False))
        me = visiting.Visitor.comes(browser, stack, bot, "")
        me.says("diffusion")  # the answer depends on whether the first poll has failed already
        me.presses("use the samples")
        me.is_live()
        me.says("diffusion", "Diffusion")
