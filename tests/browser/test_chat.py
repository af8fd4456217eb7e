"""The chat as people use it: with scripts, without scripts, and with the keyboard only."""

from typing import Any

from tests.browser.visitor import Visit


def test_a_person_subscribes_judges_a_paper_and_undoes_it(visit: Visit) -> None:
    gus = visit("gus")
    gus.says("/sub theremin", "✓ 1")
    gus.bot.brings("A theremin that plays by itself")
    gus.sees("A theremin that plays by itself")

    def pressed() -> list[str]:
        return list(gus.page.locator('#log button[aria-pressed="true"]').all_inner_texts())

    assert pressed() == []
    for label in ("👍", "save"):
        gus.presses(label)
        gus.page.get_by_role("button", name=label, pressed=True).wait_for()
    gus.page.reload()
    gus.is_live()
    assert pressed() == ["save", "👍"]
    gus.presses("👎")
    gus.page.get_by_role("button", name="👎", pressed=True).wait_for()
    assert pressed() == ["save", "👎"]
    gus.page.locator(".actions summary").last.click()
    gus.presses("more", "We look at it, and it holds.")
    gus.says("/undo", "Undone.")


def test_who_writes_on_before_the_first_request_has_ended_is_answered_twice(visit: Visit) -> None:
    ivy = visit("ivy")
    ivy.page.evaluate("""() => {
        const asks = window.fetch;
        window.held = new Promise((ends) => { window.letGo = ends; });
        window.fetch = async (...asked) => { const answer = await asks(...asked); await window.held; return answer; };
    }""")
    ivy.says("/list")
    ivy.has(2)
    ivy.says("/about")
    ivy.page.evaluate("letGo()")
    ivy.has(4)


def test_a_ninth_page_of_a_chat_takes_the_place_of_the_first(visit: Visit) -> None:
    pages = [visit("hal") for _ in range(8)]
    visit("hal")
    first = pages[0].page
    first.wait_for_selector("html:not([data-live])", state="attached")
    first.get_by_text("Too many pages are open").wait_for()
    pages[0].says("/list")  # the page still works, but does not show new messages by itself
    first.wait_for_load_state()
    pages[0].sees("There are no subscriptions yet")


def test_another_page_of_the_chat_is_updated_another_chat_not(visit: Visit) -> None:
    desk, phone, stranger = visit("bea"), visit("bea", width=360), visit("eve")
    desk.says("/sub harpsichord")
    phone.sees("✓ 1")
    phone.presses("undo")
    desk.sees("Undone.")
    stranger.says("/list", "There are no subscriptions yet")
    assert "harpsichord" not in stranger.page.content()


def test_a_page_that_was_away_goes_on_where_it_stopped(visit: Visit) -> None:
    desk, phone = visit("cem"), visit("cem")
    phone.page.context.set_offline(True)
    desk.says(
        "/list", "There are no subscriptions yet"
    )  # no subscription, because a paper of another test could then add a message
    phone.page.context.set_offline(False)
    phone.sees("There are no subscriptions yet")
    shown, missed = (one.page.locator("#log .post").all_inner_texts() for one in (desk, phone))
    assert missed == shown
    assert len(shown) == 2, shown


def test_everything_works_without_scripts(visit: Visit) -> None:
    dan = visit("dan", scripts=False)
    dan.says("/sub lighthouse", "✓ 1")
    dan.presses("undo", "Undone.")
    dan.says("/sub cornamuse")
    dan.page.locator("#panel li").get_by_role("button", name="remove").click()
    dan.sees("Removed 1 subscription")
    assert dan.page.locator("#panel li").count() == 0
    dan.bot.brings("A lighthouse made of light")
    dan.says("/sub lighthouse")
    visit("dan").sees("A lighthouse made of light")  # a second window shows when the paper has arrived
    dan.page.get_by_role("link", name="show what is new").click()
    dan.sees("A lighthouse made of light")


def test_with_the_keyboard_alone(visit: Visit) -> None:
    fay = visit("fay")
    keys: Any = fay.page.keyboard
    assert fay.focus("id") == "text", "one can type at once"
    keys.type("/sub marimba")
    keys.press("Enter")
    fay.sees("✓ 1")
    assert fay.focus("id") == "text", "one can go on typing"
    keys.press("Shift+Tab")
    assert fay.focus("textContent") == "undo"
    assert fay.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "focus is seen"
    keys.press("Enter")
    fay.sees("Undone.")
    reached = []
    while (here := fay.focus("className || document.activeElement.textContent.trim()")) != "skip":
        reached.append(here)
        keys.press("Shift+Tab")
        assert len(reached) < 20
    keys.press("Enter")
    assert fay.focus("id") == "content"
