"""Modals and home views in Slack: they keep every limit for any content, and appear in the gallery."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.views import View as Judge

from bot.platforms.slack import markup
from bot.ports import channel
from tests.unit.deliveries import HOSTILE, hostile

LINK = "AbCdEfGhIjKlMnOp"


def a_modal(*fields: channel.FormField, title: str = "New subscription") -> channel.Modal:
    return channel.Modal(title=title, submit_label="Subscribe", close_label="Cancel", fields=fields, verb="send-new")


def options(*values: str) -> tuple[channel.Option, ...]:
    return tuple(channel.Option(value=value, label=value.title()) for value in values)


QUERY = channel.FormField(
    name="query", label="Papers with", value="diffusion", hint="For example", notes=("read so",), notifies_change=True
)
CHOICE = channel.FormField(
    name="when", label="When", value="daily", options=options("now", "daily", "weekdays", "weekly", "a", "b")
)
RADIO = channel.FormField(name="place", label="Where", value="here", options=options("here", "mine"))
CLOCK = channel.FormField(name="clock", label="At", value="09:00", is_clock=True, required=False)


def judged(text: str) -> dict[str, Any]:
    """Checks a view by the limits of Slack's SDK, and by limits that the SDK does not check. Returns the view."""
    view: dict[str, Any] = json.loads(text)
    Judge(**view).validate_json()
    assert 0 < len(view["blocks"]) <= markup.BLOCKS_OF_VIEW
    ids = [block["block_id"] for block in view["blocks"] if "block_id" in block]
    assert len(ids) == len(set(ids))
    for block in view["blocks"]:
        for element in [block.get("element"), block.get("accessory"), *block.get("elements", ())]:
            _judge_element(element or {})
        for words in (block.get("label"), block.get("hint"), block.get("text")):
            assert words is None or words["text"]
        if block["type"] in {"section", "context"}:
            inside = [block.get("text"), *block.get("elements", ())] if block["type"] == "context" else [block["text"]]
            assert all("<!" not in one["text"] and "<@" not in one["text"] for one in inside if one)
            assert all(len(one["text"]) <= 3000 for one in inside if one)
    return view


def _judge_element(element: dict[str, Any]) -> None:
    assert len(element.get("initial_value", "")) <= markup.INPUT
    for option in element.get("options", ()):
        assert 0 < len(option["text"]["text"]) <= markup.OPTION
        assert 0 < len(option["value"]) <= 150
    initial = element.get("initial_option")
    assert initial is None or initial in element["options"]


# ---------------------------------------------------------------------------------------------------------------- forms


def test_a_form_is_a_modal_that_carries_an_id_and_nothing_else() -> None:
    view = judged(markup.modal_view(a_modal(QUERY, CHOICE, CLOCK, RADIO), LINK))
    assert (view["type"], view["private_metadata"]) == ("modal", LINK)
    assert [view[name]["text"] for name in ("title", "submit", "close")] == ["New subscription", "Subscribe", "Cancel"]
    assert [block.get("block_id") for block in view["blocks"]] == ["query", None, "when", "clock", "place"]
    elements = {block["block_id"]: block["element"] for block in view["blocks"] if "element" in block}
    assert [element["type"] for element in elements.values()] == [
        "plain_text_input",
        "static_select",
        "timepicker",
        "radio_buttons",
    ]
    assert all(element["action_id"] == name for name, element in elements.items())
    assert elements["query"]["initial_value"] == "diffusion"
    assert elements["when"]["initial_option"]["value"] == "daily"


def test_enter_in_a_watched_field_tells_the_bot() -> None:
    (block, _) = judged(markup.modal_view(a_modal(QUERY), LINK))["blocks"]
    assert block["dispatch_action"] is True
    assert block["element"]["dispatch_action_config"] == {"trigger_actions_on": ["on_enter_pressed"]}


def test_what_is_not_there_is_not_said() -> None:
    (block,) = judged(markup.modal_view(a_modal(channel.FormField(name="query", label="Papers with")), LINK))["blocks"]
    assert set(block) == {"type", "block_id", "label", "element"}
    assert "initial_value" not in block["element"]
    bare = channel.FormField(name="when", label="When", value="gone", options=options("now", "daily"))
    (block,) = judged(markup.modal_view(a_modal(bare), LINK))["blocks"]
    assert "initial_option" not in block["element"]


@given(hostile, hostile, st.integers(1, 99))
def test_whatever_stands_in_a_form_slack_takes_it(text: str, note: str, amount: int) -> None:
    words = text or "x"
    many = tuple(channel.Option(value=f"v{number}", label=words) for number in range(amount))
    fields = (
        channel.FormField(
            name="query", label=words, value=text, hint=note, notes=(note or "x", words) * 3, notifies_change=True
        ),
        channel.FormField(name="when", label=words, value="v0", options=many),
    )
    judged(markup.modal_view(a_modal(*fields, title=words * 3), LINK))


@pytest.mark.parametrize("length", [markup.INPUT, markup.INPUT + 1, 40_000])
def test_a_text_longer_than_a_field_is_cut(length: int) -> None:
    (block, *_) = judged(
        markup.modal_view(a_modal(channel.FormField(name="query", label="x", value="y" * length)), LINK)
    )["blocks"]
    assert len(block["element"]["initial_value"]) == markup.INPUT


def test_long_notes_stay_in_one_section() -> None:
    notes = tuple("& < > word " * 40 for _ in range(12))
    view = judged(markup.modal_view(a_modal(channel.FormField(name="query", label="x", notes=notes)), LINK))
    assert len(view["blocks"]) == 2


def test_a_long_title_is_cut_where_slack_would_refuse_it() -> None:
    assert len(judged(markup.modal_view(a_modal(QUERY, title="x" * 60), LINK))["title"]["text"]) <= markup.TITLE


# --------------------------------------------------------------------------------------------------------------- boards

MENU = (
    channel.Button(label="edit", data="e"),
    channel.Button(label="pause", data="p"),
    channel.Button(label="remove", data="r"),
)


def a_home_view(*items: channel.HomeItem, **more: Any) -> channel.HomeView:
    panel = channel.HomePanel(
        title="#vision", items=items, lines=("Next: soon.",), buttons=((channel.Button(label="new", data="n"),),)
    )
    return channel.HomeView(panels=(panel,), **more)


def test_a_board_is_the_tab_home_with_a_menu_beside_each_item() -> None:
    view = judged(
        markup.home_view(
            a_home_view(channel.HomeItem(text="1  diffusion", remark="daily", menu=MENU), remark="That is all.")
        )
    )
    assert view["type"] == "home"
    assert "private_metadata" not in view
    header, lines, item, row, remark = view["blocks"]
    assert header["text"]["text"] == "#vision"
    assert lines["elements"][0]["text"] == "Next: soon."
    assert item["text"]["text"] == "*1  diffusion*\ndaily"
    assert [option["value"] for option in item["accessory"]["options"]] == ["e", "p", "r"]
    assert row["elements"][0]["value"] == "n"
    assert remark["elements"][0]["text"] == "That is all."


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_subscribed_to_the_board_can_show_it(text: str) -> None:
    panels = (
        channel.HomePanel(
            title=text.strip() or "x", items=(channel.HomeItem(text=text or "x", remark=text, menu=MENU),)
        ),
    ) * 2
    view = judged(markup.home_view(channel.HomeView(panels=panels, remark=text)))
    actions = [block["accessory"]["action_id"] for block in view["blocks"] if "accessory" in block]
    assert len(actions) == len(set(actions)) == 2


def test_a_board_never_has_more_blocks_than_a_view_takes() -> None:
    items = tuple(channel.HomeItem(text=f"{number}", menu=MENU) for number in range(150))
    assert len(judged(markup.home_view(a_home_view(*items)))["blocks"]) == markup.BLOCKS_OF_VIEW
