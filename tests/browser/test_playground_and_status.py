"""The playground and the status as people use them, and as axe-core sees them."""

from collections.abc import Callable

import pytest

from tests.browser.visitor import Visitor, violations

Visit = Callable[..., Visitor]


def with_papers(visit: Visit, name: str, word: str, **wishes: object) -> Visitor:
    """A visitor of a bot that knows two papers with this word."""
    visitor = visit(name, **wishes)
    visitor.bot.brings(f"A {word} in the sea", f"The {word}, and a survey of it")
    teller = visit(f"{name}-teller")
    teller.says(f"/sub {word}")
    teller.sees("and a survey of it")
    return visitor


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "without"])
def test_a_query_is_tried_changed_and_subscribed_to(visit: Visit, scripts: bool) -> None:
    gil = with_papers(visit, f"gil-{scripts}", f"astrolabe{scripts}", scripts=scripts)
    word, page = f"astrolabe{scripts}", gil.page
    page.get_by_role("link", name="Playground").click()
    page.get_by_role("textbox", name="Query").fill(f"{word} -survey")
    page.keyboard.press("Enter")
    page.locator(".found", has_text="1 of").wait_for()
    assert set(page.locator(".found-papers mark").all_inner_texts()) == {word}
    page.get_by_role("link", name="allow survey").click()
    page.locator(".found", has_text="2 of").wait_for()
    assert page.url.endswith(f"/playground?q={word}"), "the link carries the query"
    page.get_by_role("button", name="subscribe").click()
    gil.sees("✓ 1")


def test_a_refused_query_says_why(visit: Visit) -> None:
    page = visit("hua").page
    page.goto(f"{page.url}playground?q=title:")
    assert "has nothing to look for" in page.get_by_role("alert").inner_text()
    assert page.get_by_role("textbox", name="Query").get_attribute("aria-invalid") == "true"


def test_the_status_is_for_operators(visit: Visit) -> None:
    op, stranger = visit("op"), visit("ivo")
    assert stranger.page.get_by_role("link", name="Status").count() == 0
    assert stranger.page.request.get(f"{stranger.bot.url}status").status == 404
    op.page.get_by_role("link", name="Status").click()
    op.page.get_by_role("heading", name="What waits").wait_for()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_on_them(visit: Visit, dark: bool) -> None:
    op = with_papers(visit, "op", "quadrant", dark=dark, still=True)
    for path in ("playground", "playground?q=quadrant+-whale", "playground?q=title:", "status"):
        for language in ("en", "zh"):
            shown = op.page.goto(f"{op.bot.url}{path}{'&' if '?' in path else '?'}language={language}")
            assert shown.status == 200
            for width in (1280, 360):
                op.page.set_viewport_size({"width": width, "height": 800})
                assert violations(op.page) == [], (path, language, width)
                assert not op.overflows(), (path, language, width)
