"""The playground and the status page as people use them, and their check by axe-core."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Error

from tests.browser.visitor import Visitor, violations

Visit = Callable[..., Visitor]


def with_papers(visit: Visit, name: str, word: str, **wishes: object) -> Visitor:
    """Returns a visitor of a bot that has two papers with this word."""
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


def test_papers_change_while_one_types(visit: Visit) -> None:
    page = with_papers(visit, "jan", "octant").page
    page.goto(f"{page.url}playground")
    page.locator(".found-papers .paper").first.wait_for()
    field = page.get_by_role("textbox", name="Query")
    field.press_sequentially("octant survey")
    page.locator(".found", has_text="1 of").wait_for()
    assert page.locator(".found-papers .paper").count() == 1
    page.wait_for_url("**/playground?q=octant+survey")
    field.fill("title:")
    page.get_by_text("has nothing to look for").wait_for()
    assert page.locator(".found-papers .paper").count() == 1, "the last papers stay"
    assert page.get_by_role("alert").count() == 0
    field.fill("octant")
    page.locator(".found", has_text="2 of").wait_for()
    assert page.get_by_text("has nothing to look for").count() == 0
    assert page.evaluate("document.activeElement.id") == "q"


def test_an_older_answer_never_replaces_a_newer_one(visit: Visit) -> None:
    page = with_papers(visit, "kim", "gnomon").page
    page.goto(f"{page.url}playground")
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/playground?q=gnomon+survey", hold)
    field = page.get_by_role("textbox", name="Query")
    with page.expect_request("**/playground?q=gnomon+survey"):
        field.fill("gnomon survey")
    field.fill("gnomon")
    page.locator(".found", has_text="2 of").wait_for()
    with suppress(Error):  # the page may have cancelled this request
        held[0].continue_()
    # the older answer has arrived by now
    page.evaluate("fetch('/playground?q=gnomon').then((answer) => answer.text())")
    assert page.locator(".found-papers .paper").count() == 2
    assert page.url.endswith("q=gnomon")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "without"])
def test_a_part_is_switched_off_and_on(visit: Visit, scripts: bool) -> None:
    word = f"alidade{scripts}"
    page = with_papers(visit, f"lea-{scripts}", word, scripts=scripts).page
    page.goto(f"{page.url}playground?q={word}+survey")
    field, part = page.get_by_role("textbox", name="Query"), page.get_by_role("button", name="survey")
    assert part.get_attribute("aria-pressed") == "true"
    part.press("Enter")
    page.locator(".found", has_text="2 of").wait_for()
    assert part.get_attribute("aria-pressed") == "false"
    assert field.input_value() == word
    if scripts:
        assert page.evaluate("document.activeElement.textContent").startswith("survey")
    page.get_by_role("button", name=word).click()
    page.locator(".parts [aria-pressed=false]").nth(1).wait_for()
    assert field.input_value() == ""
    assert page.locator(".found-papers .paper").count() >= 2, "the newest papers"
    page.get_by_role("button", name=word).click()
    page.locator(".found", has_text="2 of").wait_for()
    part.click()
    page.locator(".found", has_text="1 of").wait_for()
    assert field.input_value() == f"{word} survey"
    page.go_back()
    page.locator(".found", has_text="2 of").wait_for()
    assert part.get_attribute("aria-pressed") == "false"


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
    op.page.get_by_role("heading", name="Came today").wait_for()


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
