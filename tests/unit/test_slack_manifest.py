"""The manifest and its scopes: it has the shape that Slack requires, and exactly the scopes that the code uses."""

import re
from pathlib import Path
from typing import Any

import pytest

import bot.platforms.slack as package
from bot.commands.intent import REGISTRY
from bot.platforms.slack.incoming import _EVENTS as READ_EVENTS
from bot.platforms.slack.manifest import (
    FREE_EVENTS,
    PATHS,
    REDIRECT,
    SCOPES,
    events_of,
    manifest,
    missing,
    scopes_of,
)

FREE_METHODS = {
    "auth.test", "apps.connections.open", "oauth.v2.access", "views.open", "views.publish", "views.update",
}  # fmt: skip
SOURCES = [path.read_text() for path in Path(package.__file__).parent.glob("*.py")]
URL = "https://papers.example.org/bot"
VARIANTS = [{}, {"minimal": True}, {"url": URL}, {"minimal": True, "url": URL}]

# docs.slack.dev, App manifest reference: the values that each part may hold; "?" marks parts that may be left out. A
# number is the largest length of a text; (number, shape) is the largest length of a list and the shape of its elements.
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


def misfit(value: object, shape: Any, where: str = "") -> list[str]:
    """Returns the place where a value does not match a shape."""
    match shape:
        case bool() | type():
            return [] if type(value) is shape else [f"{where} is no {shape}"]
        case int():
            return [] if isinstance(value, str) and 0 < len(value) <= shape else [f"{where} is no text up to {shape}"]
        case (int(most), inner):
            if not isinstance(value, list) or not 0 < len(value) <= most:
                return [f"{where} is no list up to {most}"]
            return [wrong for number, one in enumerate(value) for wrong in misfit(one, inner, f"{where}/{number}")]
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    names = {name.rstrip("?"): name for name in shape}
    wrong = [f"{where}/{name} is unknown" for name in value if name not in names]
    wrong += [f"{where}/{name} is missing" for name in shape if not name.endswith("?") and name not in value]
    return wrong + [
        one for name in value if name in names for one in misfit(value[name], shape[names[name]], f"{where}/{name}")
    ]


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_the_manifest_has_the_shape_that_slack_takes(options: dict[str, Any]) -> None:
    made = manifest(**options)
    assert misfit(made, SHAPE) == []
    assert re.fullmatch(r"#[0-9a-f]{6}", made["display_information"]["background_color"])
    assert re.fullmatch(r"[a-z0-9._-]+", made["features"]["bot_user"]["display_name"])
    assert made["features"]["shortcuts"][0]["type"] in {"message", "global"}


def test_a_misfit_would_be_found() -> None:
    made = manifest()
    made["features"]["slash_commands"][0]["command"] = "/" + "x" * 40
    made["settings"]["surprise"] = True
    del made["display_information"]["name"]
    assert len(misfit(made, SHAPE)) == 3


def test_without_an_address_it_uses_socket_mode_and_names_none() -> None:
    made = manifest()
    assert made["settings"]["socket_mode_enabled"] is True
    assert "https://" not in str({**made, "display_information": {}})


def test_with_an_address_slack_sends_to_the_served_paths() -> None:
    made = manifest(url=URL)
    settings, oauth = made["settings"], made["oauth_config"]
    assert settings["socket_mode_enabled"] is False
    asked = [
        settings["event_subscriptions"]["request_url"],
        made["features"]["slash_commands"][0]["url"],
        settings["interactivity"]["request_url"],
    ]
    assert asked == [f"{URL}{path}" for path in PATHS]
    assert oauth["redirect_urls"] == [f"{URL}{REDIRECT}"]


def test_the_smallest_app_asks_for_what_is_needed() -> None:
    made = manifest(minimal=True)
    assert set(made["oauth_config"]["scopes"]["bot"]) == {"chat:write", "commands"}
    assert set(made["settings"]["event_subscriptions"]["bot_events"]) == set(FREE_EVENTS)
    assert made["features"]["app_home"]["messages_tab_read_only_enabled"] is True


def test_every_event_that_is_read_is_asked_for_and_no_other() -> None:
    asked = {event.partition(".")[0] for event in events_of(scopes_of())}
    assert asked == set(READ_EVENTS)


def test_every_method_that_is_called_is_in_the_list_and_no_other() -> None:
    named = {found for text in SOURCES for found in re.findall(r"\"((?:[a-z0-9]+\.)+(?!com\b)[a-z][A-Za-z]*)\"", text)}
    library = {
        f"{family}.{name}" if family != "auth" else "auth.test"
        for text in SOURCES
        for family, name in re.findall(r"_web\.(chat|conversations|auth)_([A-Za-z]+)\(?", text)
    }
    listed = {method for scope in SCOPES for method in scope.methods} | FREE_METHODS
    families = {method.partition(".")[0] for method in listed}
    called = {name for name in named | library if name.partition(".")[0] in families}
    assert called == listed


def test_every_scope_says_why_and_what_is_lost_without_it() -> None:
    assert all(scope.why for scope in SCOPES)
    assert len({scope.name for scope in SCOPES}) == len(SCOPES)


def test_what_is_missing_is_told_with_the_needed_first() -> None:
    assert [scope.name for scope in missing(set(scopes_of()) - {"chat:write"})] == ["chat:write"]
    assert next(missing(set())).needed
    assert list(missing(scopes_of())) == []


def test_people_can_choose_the_shortcut_of_the_manifest() -> None:
    assert "shortcut" in REGISTRY.events
