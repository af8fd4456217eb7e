"""The manifest and its scopes: it has the shape that Slack requires, and exactly the scopes that the code uses."""

import re
from typing import Any

import pytest

from bot.commands.intent import REGISTRY
from bot.platforms.slack import manifest
from bot.platforms.slack.incoming import _EVENTS as READ_EVENTS
from tests.fakes.blocks import misfits

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
    assert list(misfits(made, SHAPE, is_closed=True)) == []
    assert re.fullmatch(r"#[0-9a-f]{6}", made["display_information"]["background_color"])
    assert re.fullmatch(r"[a-z0-9._-]+", made["features"]["bot_user"]["display_name"])
    assert made["features"]["shortcuts"][0]["type"] in {"message", "global"}


def test_without_an_address_it_uses_socket_mode_and_names_none() -> None:
    made = manifest.manifest()
    assert made["settings"]["socket_mode_enabled"] is True
    assert "https://" not in str({**made, "display_information": {}})


def test_with_an_address_slack_sends_to_the_served_paths() -> None:
    made = manifest.manifest(url=URL)
    settings, oauth = made["settings"], made["oauth_config"]
    assert settings["socket_mode_enabled"] is False
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
    asked = {event.partition(".")[0] for event in manifest.events_of(manifest.scopes_of())}
    assert asked == set(READ_EVENTS)


def test_what_is_missing_is_told_with_the_needed_first() -> None:
    assert [scope.name for scope in manifest.missing(set(manifest.scopes_of()) - {"chat:write"})] == ["chat:write"]
    assert next(manifest.missing(set())).needed
    assert list(manifest.missing(manifest.scopes_of())) == []


def test_people_can_choose_the_shortcut_of_the_manifest() -> None:
    assert "shortcut" in REGISTRY.events
