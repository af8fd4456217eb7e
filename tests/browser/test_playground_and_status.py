"""The playground and the status page as people use them, and their check by axe-core."""

import re
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Error

from tests.browser import visitor as visiting


def with_papers(visit: visiting.Visit, name: str, word: str, **wishes: object) -> visiting.Visitor:
    """Returns a visitor of a bot that has two papers with this word."""
    visiting.knows(visit, word, f"A {word} in the sea", f"The {word}, and a survey of it")
    return visit(name, **wishes)


def finds(page: Any, number: int) -> None:
    """Waits until this number of papers is found."""
    page.locator(".found", has_text=re.compile(rf"\b{number} of")).wait_for()


def test_papers_change_while_one_types(visit: visiting.Visit) -> None:
    page = with_papers(visit, "jan", "octant").page
    page.goto(f"{page.url}playground")
    page.locator(".found-papers .paper").first.wait_for()
    field = page.get_by_role("textbox", name="Query")
    field.press_sequentially("octant survey")
    finds(page, 1)
    assert page.locator(".found-papers .paper").count() == 1
    page.wait_for_url("**/playground?q=octant+survey")
    field.fill("title:")
    page.get_by_text("has nothing after it to look for").wait_for()
    left = page.locator(".found-papers .paper, #offer button, .parts button, .variants, .found:not(:empty)")
    assert left.count() == 0, "nothing of the last query is left"
    assert page.get_by_role("alert").count() == 0
    field.fill("octant")
    finds(page, 2)
    assert page.get_by_text("has nothing after it to look for").count() == 0
    assert page.evaluate("document.activeElement.id") == "q"
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/playground?q=octant+survey", hold)
    with page.expect_request("**/playground?q=octant+survey"):
        field.fill("octant survey")
    field.fill("octant -survey")
    finds(page, 1)
    with suppress(Error):  # the page may have cancelled this request
        held[0].continue_()
    # the older answer has arrived by now
    page.evaluate("fetch('/playground?q=octant').then((answer) => answer.text())")
    assert "in the sea" in page.locator(".found-papers .paper").inner_text(), "it does not replace the newer one"
    assert page.url.endswith("q=octant+-survey")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "without"])
def test_a_query_is_tried_switched_changed_and_subscribed_to(visit: visiting.Visit, scripts: bool) -> None:
    word = f"alidade{scripts}"
    lea = with_papers(visit, f"lea-{scripts}", word, scripts=scripts)
    page = lea.page
    page.get_by_role("link", name="Playground").click()
    field, part = page.get_by_role("textbox", name="Query"), page.get_by_role("button", name="survey")
    field.fill(f"{word} survey")
    page.keyboard.press("Enter")
    finds(page, 1)
    assert set(page.locator(".found-papers mark").all_inner_texts()) == {word, "survey"}
    assert part.get_attribute("aria-pressed") == "true"
    part.press("Enter")
    finds(page, 2)
    assert part.get_attribute("aria-pressed") == "false"
    assert field.input_value() == word
    if scripts:
        assert page.evaluate("document.activeElement.textContent").startswith("survey")
    page.get_by_role("button", name=word).click()
    page.locator(".parts [aria-pressed=false]").nth(1).wait_for()
    assert field.input_value() == ""
    assert page.locator(".found-papers .paper").count() >= 2, "the newest papers"
    page.get_by_role("button", name=word).click()
    finds(page, 2)
    part.click()
    finds(page, 1)
    assert field.input_value() == f"{word} survey"
    page.go_back()
    finds(page, 2)
    assert part.get_attribute("aria-pressed") == "false"
    page.goto(f"{lea.bot.url}playground?q={word}+-survey")
    page.get_by_role("link", name="allow survey").click()
    finds(page, 2)
    assert page.url.endswith(f"/playground?q={word}"), "the link carries the query"
    page.get_by_role("button", name="subscribe").click()
    lea.sees("✓ 1")
    page.goto(f"{lea.bot.url}playground?q=title:")
    assert "has nothing after it to look for" in page.get_by_role("alert").inner_text()
    assert page.get_by_role("textbox", name="Query").get_attribute("aria-invalid") == "true"


def test_the_status_is_for_operators(visit: visiting.Visit) -> None:
    op, stranger = visit("op"), visit("ivo")
    assert stranger.page.get_by_role("link", name="Status").count() == 0
    assert stranger.page.request.get(f"{stranger.bot.url}status").status == 404
    op.page.get_by_role("link", name="Status").click()
    op.page.get_by_role("heading", name="Came today").wait_for()


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("zh", True)])
def test_axe_finds_nothing_on_them(visit: visiting.Visit, language: str, dark: bool) -> None:
    op = with_papers(visit, f"op-{language}", f"quadrant{language}", dark=dark, still=True)
    for path in ("playground?", f"playground?q=quadrant{language}+-whale&", "playground?q=title:&", "status?"):
        assert op.page.goto(f"{op.bot.url}{path}language={language}").status == 200
        op.is_accessible(1280, 360)
