"""Slack's markup and manifest: deliveries and replies within Slack's limits, and the scopes that the code uses."""

import json
import re
from typing import Any

import pytest

from bot.commands.cards import read_callback
from bot.connections import renderer_of
from bot.platforms.slack import manifest, markup
from bot.platforms.slack.incoming import HAPPENINGS
from subscriptions.model import ChatAddress, Message
from tests import rendered
from tests.fakes import blocks as slack_rules
from tests.unit.deliveries import chat, delivery, item, items, team


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
        ["more", "why", "save", "less of this", "similar"]
    ] * 4
    names = ["more", "why", "save", "less", "similar"]
    for one, menu in zip(shown, menus(thread), strict=True):
        assert [value for _, value in menu] == [f"d{'a' * 16}.c{one.position}.{name}" for name in names]


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
    link = read_callback(blocks_of(last)[-1]["elements"][0]["value"], ChatAddress("slack", "C1"))
    assert link
    assert (link.verb, link.arguments) == ("show-more", {"delivery": "a" * 16, "start": 0})


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("*bold* ~gone~", "<b>bold</b> <s>gone</s>"),
        ("a*b*c, 2 * 3 * 4, snake_case_name", "a*b*c, 2 * 3 * 4, snake_case_name"),
        ("<https://a.org/x|A *hit* inside>", '<a href="https://a.org/x">A <b>hit</b> inside</a>'),
        ("~<https://a.org/x|A title>~", '<s><a href="https://a.org/x">A title</a></s>'),
        ("<https://a.org/?a=1&amp;b=2>", '<a href="https://a.org/?a=1&amp;b=2">https://a.org/?a=1&amp;b=2</a>'),
        ('<https://a.org/"x|y>', '<a href="https://a.org/%22x">y</a>'),
        ("so:\n```\na &lt; b *c*\n```", "so:\n<pre>a &lt; b *c*</pre>"),
    ],
)
def test_the_marks_of_slack_become_html(text: str, seen: str) -> None:
    (block,) = renderer_of("slack").display({"blocks": [{"type": "section", "text": {"text": text}}]}).blocks
    assert (block.shape, block.html) == ("text", seen)


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


def test_the_manifest_has_the_shape_that_slack_takes() -> None:
    made = manifest.manifest()
    assert list(slack_rules.misfits(made, SHAPE, is_closed=True)) == []
    assert re.fullmatch(r"#[0-9a-f]{6}", made["display_information"]["background_color"])
    assert re.fullmatch(r"[a-z0-9._-]+", made["features"]["bot_user"]["display_name"])


def test_every_event_that_is_read_is_asked_for_and_no_other() -> None:
    assert {event.partition(".")[0] for events in manifest.SCOPES.values() for event in events} == {
        "message",
        "app_mention",
        *HAPPENINGS,
    }
