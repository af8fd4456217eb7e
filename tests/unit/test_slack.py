"""Slack's markup and manifest: deliveries, replies, forms and the home view within Slack's limits, and the scopes that the code uses."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.intent import REGISTRY
from bot.commands.paper_buttons import read_callback
from bot.platforms.slack import manifest, markup
from bot.platforms.slack.incoming import _EVENTS as READ_EVENTS
from bot.ports.channel import Button, FormField, HomeItem, HomePanel, HomeView, Modal, Option, Reply
from subscriptions.model import ChatKind, Message
from tests import rendered
from tests.fakes import blocks as slack_rules
from tests.unit.deliveries import HOSTILE, THURSDAY, alert, because, changed, chat, delivery, hostile, item, items, team


def blocks_of(message: Message) -> list[dict[str, Any]]:
    """Returns the blocks of a message, and checks that Slack accepts them."""
    blocks: list[dict[str, Any]] = json.loads(message.payload)["blocks"]
    slack_rules.check_blocks(blocks)
    assert len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) <= markup.BUDGET
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


def test_every_paper_has_a_menu_of_five() -> None:
    shown = items(4)
    _, thread = rendered.render_delivery(delivery(team(), shown))
    assert [[label for label, _ in menu] for menu in menus(thread)] == [
        ["more", "exclude", "why", "mute ▾", "follow authors"]
    ] * 4
    letters = ["f", "x", "w", "q", "a"]
    for one, menu in zip(shown, menus(thread), strict=True):
        assert [value for _, value in menu] == [f"d{'a' * 16}.c{one.position}.{letter}" for letter in letters]


def test_whose_authors_nobody_knows_cannot_be_followed() -> None:
    to = chat("slack", ChatKind.PRIVATE)
    message, *_ = rendered.render_delivery(alert(to, item(authors=()), item()))
    assert [label for label, _ in menus(message)[0]] == ["more", "exclude", "why", "mute ▾", "more like this"]


@pytest.mark.parametrize("shape", ["thread", "digest", "each"])
def test_no_menu_where_the_chat_wants_no_buttons(shape: str) -> None:
    for message in rendered.render_delivery(delivery(team(buttons="off", shape=shape), items(4))):
        assert menus(message) == []


def test_a_card_has_two_rows_of_buttons_with_the_rest_in_a_menu() -> None:
    (message,) = rendered.render_delivery(alert(team(), item("Noise", because("diffusion"))))
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
    assert why["elements"][0]["text"] == "▸ diffusion"


def test_papers_of_an_answer_have_the_menus_of_their_delivery() -> None:
    shown = items(2)
    numbers = tuple(Button(label=str(n), data=f"d{'b' * 16}.c{n + 11}") for n in (1, 2))
    (message,) = rendered.render_reply(Reply(items=shown, numbers=numbers, first=12), team())
    assert [menu[0] for menu in menus(message)] == [("more", f"d{'b' * 16}.c12.f"), ("more", f"d{'b' * 16}.c13.f")]
    assert rows(message) == []


def hidden(amount: int) -> list[Any]:
    return [item(f"Hidden {number}", shown=False) for number in range(amount)]


@pytest.mark.parametrize(
    "to",
    [team(), team(shape="digest"), chat("slack")],
    ids=["thread", "digest", "direct"],
)
def test_the_rest_is_a_button_below_the_last_message(to: Any) -> None:
    *before, last = rendered.render_delivery(delivery(to, [*items(12), *hidden(5)]))
    assert rows(last) == [["show 5 more"]]
    assert all(rows(message) == [] for message in before)
    link = read_callback(blocks_of(last)[-1]["elements"][0]["value"], "slack:C1")
    assert link
    assert (link.verb, link.arguments) == ("show-more", {"delivery": "a" * 16, "start": 0})


@pytest.mark.parametrize(
    ("buttons", "lengths"),
    [
        ([[f"{n} a subscription with a long name"] for n in range(12)], [1] * 12),
        ([[str(n) for n in range(30)]], [25, 5]),
    ],
    ids=["a long list keeps every row", "too many buttons continue in the next row"],
)
def test_every_button_is_there(buttons: list[list[str]], lengths: list[int]) -> None:
    keys = tuple(tuple(Button(label=label, data=f"x{label}"[:16]) for label in row) for row in buttons)
    (message,) = rendered.render_reply(Reply(lines=("Which one?",), buttons=keys), team())
    assert [len(row) for row in rows(message)] == lengths


def test_buttons_and_the_text_above_them_stay_within_one_budget() -> None:
    buttons = tuple(tuple(Button(label="🎓" * 40, data="x" * 16) for _ in range(2)) for _ in range(15))
    messages = rendered.render_reply(Reply(lines=tuple("words " * 150 for _ in range(20)), buttons=buttons), team())
    assert len(messages) > 1
    assert [len(rows(message)) for message in messages] == [*[0] * (len(messages) - 1), 15]
    assert all(len(blocks_of(message)) <= markup.BLOCKS for message in messages)


@pytest.mark.parametrize("shape", ["thread", "digest", "each"])
def test_an_edit_keeps_thread_papers_menus_and_buttons(shape: str) -> None:
    shown = items(4)
    before = rendered.render_delivery(delivery(team(), [*shown, *hidden(2)]))
    layout = [message.papers for message in before]
    papers = [changed(shown[0], withdrawn=THURSDAY), *shown[1:], *hidden(2)]
    after = rendered.render_delivery(delivery(team(shape=shape), papers), layout)
    kept, sent = (
        [(one.number, one.reply_to, one.papers, menus(one), rows(one)) for one in messages]
        for messages in (after, before)
    )
    assert kept == sent
    first = next(block for block in blocks_of(after[1]) if "accessory" in block)
    assert "withdrawn, " in first["text"]["text"]


def test_each_has_a_message_of_its_own_for_every_paper() -> None:
    messages = rendered.render_delivery(delivery(team(shape="each"), items(3)))
    assert [len(message.papers) for message in messages] == [1, 1, 1]
    assert all(len(menus(message)) == 1 for message in messages)


LINK = "AbCdEfGhIjKlMnOp"


def a_modal(*fields: FormField, title: str = "New subscription") -> Modal:
    return Modal(title=title, submit_label="Subscribe", close_label="Cancel", fields=fields, verb="send-new")


def options(*values: str) -> tuple[Option, ...]:
    return tuple(Option(value=value, label=value.title()) for value in values)


QUERY = FormField(
    name="query", label="Papers with", value="diffusion", hint="For example", notes=("read so",), notifies_change=True
)


def judged(text: str) -> dict[str, Any]:
    """Returns a view. Fails if Slack would refuse it, or would read what people wrote as markup."""
    view: dict[str, Any] = json.loads(text)
    slack_rules.check_view(view)
    assert 0 < len(view["blocks"]) <= markup.BLOCKS_OF_VIEW
    for block in view["blocks"]:
        shown = [
            one["text"]
            for one in (block.get("text"), *block.get("elements", ()))
            if one and one.get("type") == "mrkdwn"
        ]
        assert not any("<!" in one or "<@" in one for one in shown)
        element = block.get("element", {})
        assert len(element.get("initial_value", "")) <= markup.INPUT
        assert element.get("initial_option") in [None, *element.get("options", ())]
    return view


def test_a_form_is_a_modal_that_carries_an_id_and_nothing_else() -> None:
    view = judged(
        markup.modal_view(
            a_modal(
                QUERY,
                FormField(
                    name="when",
                    label="When",
                    value="daily",
                    options=options("now", "daily", "weekdays", "weekly", "a", "b"),
                ),
                FormField(name="clock", label="At", value="09:00", is_clock=True, required=False),
                FormField(name="place", label="Where", value="here", options=options("here", "mine")),
            ),
            LINK,
        )
    )
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
    # Enter in the field that is watched tells the bot
    assert view["blocks"][0]["dispatch_action"] is True
    assert elements["query"]["dispatch_action_config"] == {"trigger_actions_on": ["on_enter_pressed"]}
    assert elements["when"]["initial_option"]["value"] == "daily"


def test_what_is_not_there_is_not_said() -> None:
    (block,) = judged(markup.modal_view(a_modal(FormField(name="query", label="Papers with")), LINK))["blocks"]
    assert set(block) == {"type", "block_id", "label", "element"}
    assert "initial_value" not in block["element"]
    bare = FormField(name="when", label="When", value="gone", options=options("now", "daily"))
    (block,) = judged(markup.modal_view(a_modal(bare), LINK))["blocks"]
    assert "initial_option" not in block["element"]


@given(hostile, hostile, st.integers(1, 99))
def test_whatever_stands_in_a_form_slack_takes_it(text: str, note: str, amount: int) -> None:
    words = text or "x"
    many = tuple(Option(value=f"v{number}", label=words) for number in range(amount))
    fields = (
        FormField(
            name="query", label=words, value=text, hint=note, notes=(note or "x", words) * 3, notifies_change=True
        ),
        FormField(name="when", label=words, value="v0", options=many),
    )
    judged(markup.modal_view(a_modal(*fields, title=words * 3), LINK))


def test_a_text_longer_than_a_field_is_cut() -> None:
    (block, *_) = judged(markup.modal_view(a_modal(FormField(name="query", label="x", value="y" * 40_000)), LINK))[
        "blocks"
    ]
    assert len(block["element"]["initial_value"]) == markup.INPUT


def test_long_notes_stay_in_one_section() -> None:
    notes = tuple("& < > word " * 40 for _ in range(12))
    view = judged(markup.modal_view(a_modal(FormField(name="query", label="x", notes=notes)), LINK))
    assert len(view["blocks"]) == 2


MENU = (
    Button(label="edit", data="e"),
    Button(label="pause", data="p"),
    Button(label="remove", data="r"),
)


def a_home_view(*items: HomeItem, **more: Any) -> HomeView:
    panel = HomePanel(title="#vision", items=items, lines=("Next: soon.",), buttons=((Button(label="new", data="n"),),))
    return HomeView(panels=(panel,), **more)


def test_a_board_is_the_tab_home_with_a_menu_beside_each_item() -> None:
    view = judged(
        markup.home_view(a_home_view(HomeItem(text="1  diffusion", remark="daily", menu=MENU), remark="That is all."))
    )
    assert view["type"] == "home"
    assert "private_metadata" not in view
    header, lines, entry, row, remark = view["blocks"]
    assert [block["text"]["text"] for block in (header, entry)] == ["#vision", "*1  diffusion*\ndaily"]
    assert [block["elements"][0]["text"] for block in (lines, remark)] == ["Next: soon.", "That is all."]
    assert [option["value"] for option in entry["accessory"]["options"]] == ["e", "p", "r"]
    assert row["elements"][0]["value"] == "n"


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_subscribed_to_the_board_can_show_it(text: str) -> None:
    panels = (HomePanel(title=text.strip() or "x", items=(HomeItem(text=text or "x", remark=text, menu=MENU),)),) * 2
    view = judged(markup.home_view(HomeView(panels=panels, remark=text)))
    actions = [block["accessory"]["action_id"] for block in view["blocks"] if "accessory" in block]
    assert len(actions) == len(set(actions)) == 2
    assert not re.search("<[!@#]", json.dumps(view))  # neither in markup nor in plain text


URL = "https://papers.example.org/bot"

# docs.slack.dev, App manifest reference: the values that each part may hold
SHAPE: dict[str, Any] = {
    "_metadata?": {"major_version?": int, "minor_version?": int},
    "display_information": {"name": 35, "description?": 140, "long_description?": 4000, "background_color?": 7},
    "features?": {
        "app_home?": {
            "home_tab_enabled?": bool,
            "messages_tab_enabled?": bool,
            "messages_tab_read_only_enabled?": bool,
        },
        "bot_user?": {"display_name": 80, "always_online?": bool},
        "shortcuts?": (10, {"type": 7, "name": 24, "callback_id": 255, "description": 150}),
        "slash_commands?": (
            50,
            {"command": 32, "description": 2000, "should_escape?": bool, "url?": 3000, "usage_hint?": 1000},
        ),
    },
    "oauth_config?": {"redirect_urls?": (1000, 3000), "scopes?": {"bot?": (255, 100), "user?": (255, 100)}},
    "settings?": {
        "event_subscriptions?": {"bot_events?": (100, 100), "user_events?": (100, 100), "request_url?": 3000},
        "interactivity?": {"is_enabled": bool, "request_url?": 3000, "message_menu_options_url?": 3000},
        "org_deploy_enabled?": bool,
        "socket_mode_enabled?": bool,
        "token_rotation_enabled?": bool,
    },
}


@pytest.mark.parametrize("options", [{}, {"minimal": True}, {"url": URL}, {"minimal": True, "url": URL}], ids=str)
def test_the_manifest_has_the_shape_that_slack_takes(options: dict[str, Any]) -> None:
    made = manifest.manifest(**options)
    assert list(slack_rules.misfits(made, SHAPE, is_closed=True)) == []
    assert re.fullmatch(r"#[0-9a-f]{6}", made["display_information"]["background_color"])
    assert re.fullmatch(r"[a-z0-9._-]+", made["features"]["bot_user"]["display_name"])
    assert made["features"]["shortcuts"][0]["type"] in {"message", "global"}


def test_only_with_an_address_slack_sends_to_the_served_paths() -> None:
    without, made = manifest.manifest(), manifest.manifest(url=URL)
    settings, oauth = made["settings"], made["oauth_config"]
    assert (without["settings"]["socket_mode_enabled"], settings["socket_mode_enabled"]) == (True, False)
    assert "https://" not in str({**without, "display_information": {}})
    asked = [
        settings["event_subscriptions"]["request_url"],
        made["features"]["slash_commands"][0]["url"],
        settings["interactivity"]["request_url"],
    ]
    assert asked == [f"{URL}{path}" for path in manifest.PATHS]
    assert oauth["redirect_urls"] == [f"{URL}{manifest.REDIRECT}"]


def test_the_smallest_app_asks_for_what_is_needed() -> None:
    made = manifest.manifest(minimal=True)
    assert set(made["oauth_config"]["scopes"]["bot"]) == {"chat:write", "commands"}
    assert set(made["settings"]["event_subscriptions"]["bot_events"]) == set(manifest.FREE_EVENTS)
    assert made["features"]["app_home"]["messages_tab_read_only_enabled"] is True


def test_every_event_that_is_read_is_asked_for_and_no_other() -> None:
    assert {event.partition(".")[0] for event in manifest.events_of(manifest.scopes_of())} == set(READ_EVENTS)


def test_what_is_missing_is_told_with_the_needed_first() -> None:
    assert [scope.name for scope in manifest.missing(set(manifest.scopes_of()) - {"chat:write"})] == ["chat:write"]
    assert next(manifest.missing(set())).needed
    assert list(manifest.missing(manifest.scopes_of())) == []


def test_people_can_choose_the_shortcut_of_the_manifest() -> None:
    assert "shortcut" in REGISTRY.events
