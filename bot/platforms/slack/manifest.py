"""The scopes, events, and command that the app requests.

`paperwire check` uses the list, too; docs/slack_page.py says what each scope is for. docs.slack.dev, reference/methods
and reference/events, says which scope a method or an event needs.
"""

import json
from typing import Any

import typer

from bot.platforms.slack import COMMAND
from bot.rendering import brand

NEEDED = ("chat:write", "commands")  # without these, nothing works
# each scope → the events that Slack sends only with it; the comment names the methods of the Web API that the program calls with it
SCOPES = {
    "chat:write": (),  # chat.postMessage, chat.update, chat.delete, chat.postEphemeral
    "commands": (),
    "app_mentions:read": ("app_mention",),
    "im:history": ("message.im",),  # conversations.history, conversations.replies
    "im:write": (),  # conversations.open
    "channels:history": (),  # conversations.history, conversations.replies
    "groups:history": (),  # conversations.history, conversations.replies
    "mpim:history": (),  # conversations.history, conversations.replies
    "channels:read": (  # conversations.info, conversations.members
        "channel_archive",
        "channel_deleted",
        "channel_id_changed",
        "channel_left",
        "channel_rename",
        "channel_unarchive",
        "member_joined_channel",
        "member_left_channel",
    ),
    # conversations.info, conversations.members
    "groups:read": ("group_archive", "group_deleted", "group_left", "group_rename", "group_unarchive"),
    "mpim:read": (),  # conversations.info, conversations.members
    "users:read": (),  # users.info
    "files:read": (),  # files.info
    "files:write": (),  # files.getUploadURLExternal, files.completeUploadExternal
}

_DESCRIPTION = "Tells channels and people of new research papers that they ask for."
_LONG = (
    "paperwire tells you when papers appear that you care about: once a day or at once, in a channel, a thread or in "
    'private. You say what a paper should hold, such as: diffusion -survey, author:"Ranjay Krishna", cat:cs.CV. It reads the '
    "daily announcements, sends each paper once, and says why it came. It reads no messages but those that are meant "
    "for it. Type /paperwire to begin."
)


def manifest() -> dict[str, Any]:
    """Return the manifest of an app for Socket Mode."""
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": brand.NAME,
            "description": _DESCRIPTION,
            "long_description": _LONG,
            "background_color": brand.LIGHT["accent"],
        },
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "paperwire", "always_online": True},
            "slash_commands": [
                {
                    "command": COMMAND,
                    "description": "New research papers: subscribe, list, preview, help",
                    "usage_hint": "sub diffusion -survey | list | help",
                    "should_escape": False,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": sorted(event for events in SCOPES.values() for event in events)},
            "interactivity": {"is_enabled": True},
            "org_deploy_enabled": False,
            "socket_mode_enabled": True,
            "token_rotation_enabled": False,
        },
    }


app = typer.Typer(help="An app of your own in Slack.", no_args_is_help=True)


@app.command("manifest")
def _print_manifest() -> int:
    """Print the app's manifest. At api.slack.com/apps choose Create New App, From a manifest, and paste it."""
    typer.echo(json.dumps(manifest(), ensure_ascii=False, indent=2))
    return 0
