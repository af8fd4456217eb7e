"""Deliveries and replies as Slack's blocks: menus of papers, rows of buttons, threads, and what an edit keeps."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.commands.cards import read_callback
from bot.platforms.slack.markup import BLOCKS, BUDGET
from bot.ports.channel import Button, Reply
from subscriptions.model import ChatKind, Message
from tests.fakes.blocks import check_blocks
from tests.rendered import render_delivery, render_reply
from tests.unit import deliveries

CHANNEL = "slack:C1"


def blocks_of(message: Message) -> list[dict[str, Any]]:
    """Returns the blocks of a message, and checks that Slack accepts them."""
    blocks: list[dict[str, Any]] = json.loads(message.payload)["blocks"]
    check_blocks(blocks)
    assert len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) <= BUDGET
    return blocks


def menus(message: Message) -> list[list[tuple[str, str]]]:
    """Returns the menus of the papers in a message, with label and value of each option."""
    return [
        [(option["text"]["text"], option["value"]) for option in block["accessory"]["options"]]
        for block in blocks_of(message)
        if "accessory" in block
    ]


def rows(message: Message) -> list[list[str]]:
    """Returns the labels of the buttons below a message."""
    return [
        [element["text"]["text"] for element in block["elements"]]
        for block in blocks_of(message)
        if block["type"] == "actions"
    ]


# -------------------------------------------------------------------------------------------------- the menu of a paper


def test_every_paper_has_a_menu_of_five() -> None:
    shown = deliveries.items(4)
    _, thread = render_delivery(deliveries.delivery(deliveries.team(), shown))
    labels = ["more", "exclude", "why", "mute ▾", "follow authors"]
    assert [[label for label, _ in menu] for menu in menus(thread)] == [labels] * 4
    letters = ["f", "x", "w", "q", "a"]
    for one, menu in zip(shown, menus(thread), strict=True):
        assert [value for _, value in menu] == [f"d{'a' * 16}.c{one.position}.{letter}" for letter in letters]


def test_whose_authors_nobody_knows_cannot_be_followed() -> None:
    message, *_ = render_delivery(deliveries.alert(deliveries.team(), deliveries.item(authors=()), deliveries.item()))
    assert [label for label, _ in menus(message)[0]] == ["more", "exclude", "why", "mute ▾", "more like this"]


@pytest.mark.parametrize("shape", ["thread", "digest", "each"])
def test_no_menu_where_the_chat_wants_no_buttons(shape: str) -> None:
    for message in render_delivery(
        deliveries.delivery(deliveries.team(buttons="off", shape=shape), deliveries.items(4))
    ):
        assert menus(message) == []


def test_a_card_has_two_rows_of_buttons_with_the_rest_in_a_menu() -> None:
    (message,) = render_delivery(
        deliveries.alert(deliveries.team(), deliveries.item("Noise", deliveries.because("diffusion", by="Ann Lee")))
    )
    title, why, first, second = blocks_of(message)
    assert "accessory" not in title
    assert [key["text"]["text"] for key in first["elements"]] == ["PDF", "save", "👍", "👎"]
    more, exclude, menu = second["elements"]
    assert [key["text"]["text"] for key in (more, exclude)] == ["more", "exclude"]
    assert [option["text"]["text"] for option in menu["options"]] == [
        "why",
        "mute ▾",
        "follow authors",
        "more like this",
    ]
    assert why["elements"][0]["text"] == "▸ diffusion (Ann Lee)"


def test_papers_of_an_answer_have_the_menus_of_their_delivery() -> None:
    shown = deliveries.items(2)
    numbers = tuple(Button(label=str(n), data=f"d{'b' * 16}.c{n + 11}") for n in (1, 2))
    (message,) = render_reply(Reply(items=shown, numbers=numbers, first=12), deliveries.team())
    assert [menu[0] for menu in menus(message)] == [("more", f"d{'b' * 16}.c12.f"), ("more", f"d{'b' * 16}.c13.f")]
    assert rows(message) == []


# ------------------------------------------------------------------------------------------------------ beyond the limit


def hidden(amount: int) -> list[Any]:
    return [deliveries.item(f"Hidden {number}", shown=False) for number in range(amount)]


@pytest.mark.parametrize(
    "to",
    [deliveries.team(), deliveries.team(shape="digest"), deliveries.chat("slack")],
    ids=["thread", "digest", "direct"],
)
def test_the_rest_is_a_button_below_the_last_message(to: Any) -> None:
    *before, last = render_delivery(deliveries.delivery(to, [*deliveries.items(12), *hidden(5)]))
    assert rows(last) == [["show 5 more"]]
    assert all(rows(message) == [] for message in before)
    value = blocks_of(last)[-1]["elements"][0]["value"]
    link = read_callback(value, CHANNEL)
    assert link
    assert (link.verb, link.arguments) == ("show-more", {"delivery": "a" * 16, "start": 0})


def test_the_button_stands_in_the_thread_and_not_in_the_channel() -> None:
    root, thread = render_delivery(deliveries.delivery(deliveries.team(), [*deliveries.items(4), *hidden(5)]))
    assert root.reply_to is None
    assert (thread.reply_to, rows(thread)) == (1, [["show 5 more"]])


# ------------------------------------------------------------------------------------------------------ rows of buttons


def test_a_long_list_keeps_every_row_and_its_last_button() -> None:
    buttons = tuple((Button(label=f"{n} a subscription with a long name", data="x" * 16),) for n in range(12))
    (message,) = render_reply(Reply(lines=("Which one?",), buttons=buttons), deliveries.team())
    assert len(rows(message)) == 12


def test_too_many_buttons_continue_in_the_next_row() -> None:
    row = tuple(Button(label=str(n), data=f"x{n}") for n in range(30))
    (message,) = render_reply(Reply(lines=("Which one?",), buttons=(row,)), deliveries.team())
    assert [len(row) for row in rows(message)] == [25, 5]


def test_buttons_and_the_text_above_them_stay_within_one_budget() -> None:
    buttons = tuple(tuple(Button(label="🎓" * 40, data="x" * 16) for _ in range(2)) for _ in range(15))
    messages = render_reply(Reply(lines=tuple("words " * 150 for _ in range(20)), buttons=buttons), deliveries.team())
    assert len(messages) > 1
    assert [len(rows(message)) for message in messages] == [*[0] * (len(messages) - 1), 15]
    assert all(len(blocks_of(message)) <= BLOCKS for message in messages)


# --------------------------------------------------------------------------------------------------------------- edits


@pytest.mark.parametrize("shape", ["thread", "digest", "each"])
def test_an_edit_keeps_thread_papers_menus_and_buttons(shape: str) -> None:
    shown = deliveries.items(4)
    before = render_delivery(deliveries.delivery(deliveries.team(), [*shown, *hidden(2)]))
    layout = [message.papers for message in before]
    gone = [deliveries.item(one.paper.paper.title, withdrawn=deliveries.THURSDAY) for one in shown[:1]]
    papers = [_instead(shown[0], gone[0]), *shown[1:], *hidden(2)]
    after = render_delivery(deliveries.delivery(deliveries.team(shape=shape), papers), layout)
    assert [(m.number, m.reply_to, m.papers) for m in after] == [(m.number, m.reply_to, m.papers) for m in before]
    assert [menus(m) for m in after] == [menus(m) for m in before]
    assert [rows(m) for m in after] == [rows(m) for m in before]
    first = next(block for block in blocks_of(after[1]) if "accessory" in block)
    assert "withdrawn by the authors" in first["text"]["text"]


def _instead(one: Any, other: Any) -> Any:
    """Returns the other paper in the place of this one."""
    known = replace(other.paper, id=one.paper.id, paper=replace(other.paper.paper, arxiv_id=one.paper.paper.arxiv_id))
    return other._replace(paper=known, position=one.position)


# --------------------------------------------------------------------------------------------------------- other cases


def test_each_has_a_message_of_its_own_for_every_paper() -> None:
    messages = render_delivery(deliveries.delivery(deliveries.team(shape="each"), deliveries.items(3)))
    assert [len(message.papers) for message in messages] == [1, 1, 1]
    assert all(len(menus(message)) == 1 for message in messages)


@pytest.mark.parametrize("name", ["<!channel>", "<@U123>", "@here", "<!subteam^S1>", "*bold* _x_ ~y~ `z`", ":tada:"])
def test_nobody_is_called_by_a_title_a_name_or_who_asked(name: str) -> None:
    reason = deliveries.because(name, name=name, by=name)
    for message in render_delivery(
        deliveries.delivery(
            deliveries.team(shape="digest"), [deliveries.item(name, reason, authors=(name,)), deliveries.item(name)]
        )
    ):
        text = message.payload + message.plain
        assert "<!" not in text
        assert "<@" not in text
        for block in blocks_of(message):
            assert block["type"] != "header" or ":" not in block["text"]["text"] or block["text"]["emoji"] is False


def test_a_direct_message_is_a_private_chat() -> None:
    (message,) = render_delivery(deliveries.alert(deliveries.chat("slack", ChatKind.PRIVATE), *deliveries.items(2)))
    assert len(menus(message)) == 2
