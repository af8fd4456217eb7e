"""Forms as people fill them in: with scripts, without scripts, with the keyboard only; and their check by axe-core."""

from typing import Any

import pytest

from tests.browser import visitor as visiting


def opens(visitor: visiting.Visitor, words: str) -> Any:
    """Sends a command that opens a form. Returns the page once it shows the form."""
    visitor.says(words)
    visitor.page.wait_for_selector("#sheet")
    return visitor.page


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "without"])
def test_a_subscription_is_made_refused_and_mended_in_a_form(visit: visiting.Visit, scripts: bool) -> None:
    liv, word = visit(f"liv-{scripts}", scripts=scripts), f"theodolite{scripts}"
    visiting.knows(visit, word, f"A {word} on a hill")
    page = opens(liv, "/sub")
    query, look = page.get_by_label("Papers with"), page.get_by_role("button", name="show what it finds")
    assert look.is_visible() is not scripts, "with scripts it is shown while one writes"
    query.fill(word)
    if not scripts:
        look.click()
    page.locator(".notes", has_text="on a hill").wait_for()
    query.fill("-survey")
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("alert").wait_for()
    assert query.get_attribute("aria-invalid") == "true"
    assert liv.focus("id") == query.get_attribute("id")
    assert "only excludes" in query.evaluate("field => field.ariaDescribedByElements[0].textContent")
    query.fill(word)
    page.get_by_label("When").select_option("daily")
    page.get_by_role("button", name="Subscribe").click()
    liv.sees("✓ 1")
    liv.sees("09:00")


def test_a_form_is_closed_and_filled_in_with_the_keyboard_alone(visit: visiting.Visit) -> None:
    mia = visit("mia")
    opens(mia, "/sub").get_by_role("link", name="Cancel").click()
    mia.is_live()
    assert mia.page.locator("#log .post:not(.mine)").count() == 0, "a closed form changes nothing"
    keys: Any = mia.page.keyboard
    keys.type("/sub")
    keys.press("Enter")
    mia.page.wait_for_selector("#sheet")
    assert mia.focus("name") == "field-query", "one can type at once"
    keys.type("clavichord")
    keys.press("Enter")
    mia.sees("✓ 1")


def test_all_settings_are_changed_in_one_form_and_undone(visit: visiting.Visit) -> None:
    noa = visit("noa")
    noa.says("/set")
    noa.presses("all in one form")
    noa.page.wait_for_selector("#sheet")
    noa.page.get_by_label("titles only").check()
    noa.page.get_by_label("the newest first").check()
    noa.page.get_by_role("button", name="Save").click()
    noa.sees("Text: titles only (was: summary)")
    noa.is_live()
    noa.presses("undo", "Undone.")


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("zh", True)])
def test_axe_finds_nothing_in_a_new_and_in_a_refused_form(visit: visiting.Visit, language: str, dark: bool) -> None:
    reader = visit(f"filler-{language}", language=language, dark=dark, width=360)
    page = opens(reader, "/sub")
    reader.is_accessible(1280, 320)
    page.locator("[name=field-query]").fill("-survey")
    page.locator("#sheet .main").click()
    page.get_by_role("alert").wait_for()
    reader.is_accessible(1280, 320)
    page.goto(reader.bot.url)
    reader.says("/set")
    page.locator("#log form .buttons button").first.click()
    page.wait_for_selector("#sheet fieldset")
    reader.is_accessible(320)
