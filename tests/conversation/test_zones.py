"""The zone behind a time is that of a chat that the command line makes, else of this subscription only."""

import pytest

from tests.product import Product


@pytest.mark.parametrize(
    ("when", "zone"),
    [
        ("at 8 in Berlin", "Europe/Berlin"),
        ("now America/New_York", "America/New_York"),
        ("weekly fri 15:00 +05:45", "+05:45"),
    ],
)
@pytest.mark.parametrize("chat", ["telegram:7", "console:me"])
def test_a_new_chat_has_the_zone_of_its_first_time(product: Product, when: str, zone: str, chat: str) -> None:
    assert product.runs("subscribe", "kites", "--as", chat, "--when", when).status == 0
    assert product.tells("settings", "--as", chat)["settings"]["timezone"] == zone
    product.runs("subscribe", "oboes", "--as", chat, "--when", "daily 8 Tokyo")
    assert [one["zone"] for one in product.subscriptions(chat)] == [zone, "Asia/Tokyo"]
    assert product.tells("settings", "--as", chat)["settings"]["timezone"] == zone


def test_a_later_zone_of_the_chat_moves_its_first_time(product: Product) -> None:
    product.runs("subscribe", "kites", "--as", "console:me", "--when", "daily 9 Asia/Kolkata")
    product.runs("say", "set timezone Tokyo", "--as", "console:me")
    assert [one["zone"] for one in product.subscriptions("console:me")] == ["Asia/Tokyo"]


def test_a_later_zone_of_the_operator_moves_all_that_go_by_it(product: Product) -> None:
    def due() -> list[str]:
        return [one["next_due_at"][:16] for one in product.subscriptions("console:me")]

    for query, when in (("kites", "daily 9"), ("oboes", "daily 9 Tokyo")):
        product.runs("subscribe", query, "--as", "console:me", "--when", when)
    product.says("/sub kites daily 9")
    product.says("/timezone Lima")
    product.delivers()
    assert due() == ["2026-01-23T09:00", "2026-01-23T00:00"]
    product.sets(TIMEZONE="Asia/Kolkata")
    product.delivers()
    assert due() == ["2026-01-23T03:30", "2026-01-23T00:00"]
    assert [one["next_due_at"] for one in product.subscriptions()] == ["2026-01-22T14:00:00Z"]


def test_the_zone_behind_the_first_time_is_that_of_a_chat_that_talked_before(product: Product) -> None:
    product.says("hello")
    said = product.says("/sub kites daily 9 Tokyo")
    assert said.lines[0] == "✓ 1  kites · daily 09:00 Asia/Tokyo"
    assert not any("Which clock" in line for line in said.lines)
    product.says("/sub oboes daily 8 Lima")
    assert [one["zone"] for one in product.subscriptions()] == ["Asia/Tokyo", "America/Lima"]
    assert product.tells("settings", "--as", "telegram:42")["settings"]["timezone"] == "Asia/Tokyo"
    product.presses("undo")
    product.says("/undo")
    assert product.tells("settings", "--as", "telegram:42")["settings"]["timezone"] == "UTC"


def test_the_clock_is_asked_for_behind_the_first_subscriptions_of_a_chat(product: Product) -> None:
    question = "The times are those of UTC. Which clock is yours?"
    assert product.says("/sub kelp\nmoss").lines[-1] == question
    assert question not in product.says("/sub fern").text
    for _ in range(2):
        product.says("/unsub all")
        again = product.says("/sub kelp")
        assert again.lines[-1] == question
    product.presses("undo")
    product.says("/timezone Tokyo")
    assert "Which clock" not in product.says("/sub kelp").text


@pytest.mark.parametrize(
    ("typed", "words", "name"),
    [("kelp daily 9 Belrin", "daily 9 Belrin", "Belrin"), ("海藻 每天9点 北金", "每天9点 北金", "北金")],
)
def test_a_place_that_is_none_is_named(product: Product, typed: str, words: str, name: str) -> None:
    said = product.says(f"/sub {typed}")
    assert f"“{words}” is looked for as words: I know no place “{name}”, or several." in said.lines
    assert product.queries() == [typed]


def test_a_place_that_is_none_is_named_among_several_lines(product: Product) -> None:
    said = product.says("/sub moss\nkelp daily 9 Belrin")
    assert "“daily 9 Belrin” is looked for as words: I know no place “Belrin”, or several." in said.lines


@pytest.mark.parametrize("typed", ["kelp daily 9 Berlin", "kelp daily 9 more", "kelp of 9 Seas"])
def test_words_that_are_no_place_are_not_taken_for_one(product: Product, typed: str) -> None:
    assert "I know no place" not in product.says(f"/sub {typed}").text
