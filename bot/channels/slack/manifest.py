"""The app's manifest, made from the scopes, the command and the events in the code (docs.slack.dev, App manifests)."""

from typing import Any

from bot.channels.slack.installing.oauth import REDIRECT
from bot.channels.slack.receiving.http import PATHS
from bot.channels.slack.scopes import COMMAND, SHORTCUT, events_of, scopes_of

_DESCRIPTION = "Tells channels and people of new research papers that they ask for."
_LONG = (
    "paperwire tells you when papers appear that you care about: once a day or at once, in a channel, a thread or in "
    'private. You say what a paper should hold, such as: diffusion -survey, author:"Jane Doe", cat:cs.CV. It reads the '
    "daily announcements, sends each paper once, and says why it came. It reads no messages but those that are meant "
    "for it. Type /paperwire to begin."
)


def manifest(*, minimal: bool = False, url: str = "") -> dict[str, Any]:
    """Returns the manifest. With `url`, the root of the web address, Slack sends requests there; without it, by Socket Mode."""
    scopes = scopes_of(minimal=minimal)
    events, commands, interactivity = (f"{url}{path}" for path in PATHS) if url else ("", "", "")
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "paperwire",
            "description": _DESCRIPTION,
            "long_description": _LONG,
            "background_color": "#a33b0f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": "im:history"
                not in scopes,  # without the scope the bot cannot read direct messages
            },
            "bot_user": {"display_name": "paperwire", "always_online": True},
            "shortcuts": [
                {
                    "name": "Subscribe…",
                    "type": "message",
                    "callback_id": SHORTCUT,
                    "description": "Papers by the authors of the one in this message, in its categories",
                }
            ],
            "slash_commands": [
                {
                    "command": COMMAND,
                    "description": "New research papers: subscribe, list, preview, help",
                    "usage_hint": "sub diffusion -survey | list | help",
                    "should_escape": False,
                    **({"url": commands} if url else {}),
                }
            ],
        },
        "oauth_config": {**({"redirect_urls": [f"{url}{REDIRECT}"]} if url else {}), "scopes": {"bot": list(scopes)}},
        "settings": {
            "event_subscriptions": {
                **({"request_url": events} if url else {}),
                "bot_events": list(events_of(scopes)),
            },
            "interactivity": {"is_enabled": True, **({"request_url": interactivity} if url else {})},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }
