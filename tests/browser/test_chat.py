"""The chat as people use it: with scripts, without scripts, and with the keyboard only."""

from typing import Any

import pytest

from tests.browser.visitor import Visit, knows


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
    gus.says("/undo", "✓ Undone")  # [more] only showed something


def test_who_writes_on_before_the_first_request_has_ended_is_answered_twice(visit: Visit) -> None:
    ivy = visit("ivy")
    ivy.says("/list")
    ivy.says("/help about")
    ivy.has(4)


def test_a_file_can_be_sent_from_the_first_answer_on(visit: Visit) -> None:
    nan = visit("nan")
    attach = nan.page.get_by_text("send a file", exact=True)
    assert not attach.is_visible()
    nan.says("/library", "send me the file")
    assert attach.is_visible()


def test_the_field_is_at_the_bottom_below_a_short_conversation(visit: Visit) -> None:
    oda = visit("oda", height=800)
    oda.says("/list", "There are no subscriptions yet")
    field = oda.page.locator(".composer").bounding_box()
    assert round(field["y"] + field["height"]) == 800


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
    # no subscription, because a paper of another test could then add a message
    desk.says("/list", "There are no subscriptions yet")
    phone.page.context.set_offline(False)
    phone.sees("There are no subscriptions yet")
    shown, missed = (one.page.locator("#log .post").all_inner_texts() for one in (desk, phone))
    assert missed == shown
    assert len(shown) == 2, shown


def test_everything_works_without_scripts(visit: Visit) -> None:
    dan = visit("dan", scripts=False)
    dan.says("/sub lighthouse", "✓ 1")
    dan.presses("undo", "Undone.")
    dan.bot.brings("A lighthouse made of light")
    dan.says("/sub lighthouse")
    visit("dan").sees("A lighthouse made of light")  # a second window shows when the paper has arrived
    dan.page.get_by_role("link", name="show what is new").click()
    dan.sees("A lighthouse made of light")


def is_read(page: Any, item: Any) -> bool:
    """Tells whether the beginning of an element is between the header and the field, where a person reads."""
    return bool(
        item.evaluate("""item => {
            const [header, field] = [".top", ".composer"].map((one) => document.querySelector(one).getBoundingClientRect());
            const first = item.getBoundingClientRect().top;
            return first >= header.bottom - 1 && first <= field.top - 20;
        }""")
    )


@pytest.mark.parametrize(("scripts", "width"), [(True, 390), (False, 1280)], ids=["scripts", "without"])
def test_what_one_asks_for_is_in_view(visit: Visit, scripts: bool, width: int) -> None:
    word = f"carillon{scripts}{width}"
    knows(visit, word, *(f"A {word} with {number} bells" for number in range(1, 8)))
    kim = visit(f"kim-{scripts}-{width}", scripts=scripts, width=width)
    page, posts = kim.page, kim.page.locator("#log .post:not(.mine)")

    def lands(place: Any, what: str) -> None:
        place.wait_for(state="attached")
        for _ in range(100):
            if is_read(page, place):
                return
            page.wait_for_timeout(20)
        assert is_read(page, place), what

    kim.says(f"/search {word}")
    lands(posts.first, "the first answer")
    kim.says(f"/search {word} bells")
    lands(posts.nth(1), "an answer below another")
    paper = posts.first.locator(".paper").nth(4)
    paper.locator("summary").click()
    paper.get_by_role("button", name="more", exact=True).press("Enter")
    lands(posts.nth(2), "what a button in the middle says")
    paper.locator(".save").press("Enter")
    page.locator('.save[aria-pressed="true"]').first.wait_for(state="attached")
    lands(
        paper.locator(".save") if scripts else posts.first, "what says nothing stays where it is, or shows its message"
    )
    page.locator("#text").fill("/list")
    page.locator("#text").press("Enter") if scripts else page.locator("#composer button").press("Enter")
    lands(posts.nth(3), "sent by a key")


def test_a_longer_text_in_place_of_the_newest_message_is_in_view(visit: Visit) -> None:
    liv = visit("liv", width=390)
    for _ in range(3):
        liv.says("/help", "Subscribe: /sub")
    liv.presses("all commands", "About me: /privacy")
    liv.page.wait_for_function(
        """() => {
            const [last, field] = ["#log > :last-child", ".composer"].map((one) => document.querySelector(one).getBoundingClientRect());
            return last.bottom <= field.top + 1;
        }"""
    )


def test_without_scripts_a_page_shows_what_is_new_as_often_as_one_asks(visit: Visit) -> None:
    lou, other = visit("lou", scripts=False), visit("lou", scripts=False)
    for number in (1, 2, 3):
        other.says("/list")
        lou.page.goto(lou.bot.url) if number == 1 else lou.page.get_by_role("link", name="show what is new").click()
        lou.page.locator("#log .post").nth(2 * number - 1).wait_for()


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
