"""The pages are accessible: axe-core finds nothing, nothing scrolls sideways, nothing moves if motion is switched off."""

from typing import Any

import pytest

from tests.browser import visitor as visiting

TALK = {
    "en": ("/help", "/sub sextant", "-survey", "/set limit 3"),
    "zh": ("/help", "/sub 六分仪", "-survey", "/set limit 3"),
}


def talked(visit: visiting.Visit, language: str, **wishes: Any) -> visiting.Visitor:
    """Returns a visitor whose chat contains every kind of message."""
    visitor = visit(f"reader-{language}", language=language, **wishes)
    for number, words in enumerate(TALK[language], 1):
        visitor.says(words)
        visitor.has(2 * number)
    visitor.bot.brings("A sextant for deep water (六分仪)", "Another sextant (六分仪), and what it cannot see")
    visitor.page.wait_for_selector(".actions details")
    return visitor


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("zh", True)])
def test_axe_finds_nothing(visit: visiting.Visit, language: str, dark: bool) -> None:
    assert visiting.violations(visit(f"nobody-{language}", language=language, dark=dark, width=360).page) == []
    reader = talked(visit, language, dark=dark, still=True)
    assert reader.page.evaluate("document.documentElement.lang") == language
    for details in reader.page.locator(".actions summary").all():
        details.click()
    for width in (1280, 360):
        reader.page.set_viewport_size({"width": width, "height": 800})
        assert visiting.violations(reader.page) == []
    for width in (1280, 640, 360, 320):  # 640 and 320 are the CSS pixels of 1280 at 200 and at 400 percent
        reader.page.set_viewport_size({"width": width, "height": 400})
        assert not reader.overflows(), width
        assert reader.page.get_by_role("textbox").is_visible()


def test_who_wants_no_motion_sees_none(visit: visiting.Visit) -> None:
    for still, names in ((True, {"none"}), (False, {"arrive"})):
        reader = visit(f"mover-{still}", still=still)
        reader.says("/help about")
        reader.has(2)
        assert {reader.page.evaluate("getComputedStyle(document.querySelector('.post.new')).animationName")} == names


def test_a_screen_reader_hears_what_comes_and_what_things_are(visit: visiting.Visit) -> None:
    reader = visit("sol")
    assert reader.page.get_by_role("log", name="Messages").get_attribute("aria-live") == "polite"
    assert reader.page.get_by_role("textbox", name="Your message").count() == 1
    assert reader.page.get_by_role("heading", name="Chat", level=1).count() == 1
    assert reader.page.locator("[role=status]").count() == 1
