"""The pages are accessible: axe-core finds nothing, nothing scrolls sideways, nothing moves if motion is switched off."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.visitor import Visitor, violations

Visit = Callable[..., Visitor]
TALK = {
    "en": ("/help", "/sub sextant", "-survey", "/set limit 3"),
    "zh": ("/help", "/sub 六分仪", "-survey", "/set limit 3"),
}


def talked(visit: Visit, name: str, language: str, **wishes: Any) -> Visitor:
    """Returns a visitor whose chat contains every kind of message."""
    visitor = visit(name, language=language, **wishes)
    if not visitor.page.locator("#log .post").count():
        for words in TALK[language]:
            before = visitor.page.locator("#log .post").count()
            visitor.says(words)
            visitor.has(before + 2)
        visitor.bot.brings("A sextant for deep water (六分仪)", "Another sextant (六分仪), and what it cannot see")
        visitor.page.wait_for_selector(".actions details")
    return visitor


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing(visit: Visit, language: str, dark: bool) -> None:
    empty = visit(f"nobody-{language}-{dark}", language=language, dark=dark, width=360)
    assert violations(empty.page) == []
    reader = talked(visit, f"reader-{language}", language, dark=dark, still=True)
    assert reader.page.evaluate("document.documentElement.lang") == language
    for details in reader.page.locator(".actions summary").all():
        details.click()
    for width in (1280, 360):
        reader.page.set_viewport_size({"width": width, "height": 800})
        assert violations(reader.page) == []
        assert not reader.overflows()


def test_nothing_is_scrolled_sideways_at_200_percent_and_more(visit: Visit) -> None:
    reader = talked(visit, "reader-en", "en", still=True)
    for width in (640, 320):  # CSS pixels of a window of 1280 pixels at 200 and at 400 percent
        reader.page.set_viewport_size({"width": width, "height": 400})
        assert not reader.overflows(), width
        assert reader.page.get_by_role("textbox").is_visible()


def test_who_wants_no_motion_sees_none(visit: Visit) -> None:
    for still, names in ((True, {"none"}), (False, {"arrive"})):
        reader = visit(f"mover-{still}", still=still)
        reader.says("/about")
        reader.has(2)
        assert {reader.page.evaluate("getComputedStyle(document.querySelector('.post.new')).animationName")} == names


def test_a_screen_reader_hears_what_comes_and_what_things_are(visit: Visit) -> None:
    reader = visit("hal")
    log = reader.page.get_by_role("log", name="Messages")
    assert log.get_attribute("aria-live") == "polite"
    assert reader.page.get_by_role("textbox", name="Your message").count() == 1
    assert reader.page.get_by_role("heading", name="Chat", level=1).count() == 1
    assert reader.page.locator("[role=status]").count() == 1
