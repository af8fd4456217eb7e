"""The scopes, events, and command that the app requests, and the reason for each scope.

This list is used by the manifest, docs/slack.md and `paperwire check`. docs.slack.dev,
reference/methods and reference/events, says which scope a method or an event needs.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import typer

from bot.rendering import brand

COMMAND = "/paperwire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A scope that the app requests."""

    name: str
    why: str  # what the app does with it
    lost: str = ""  # what does not work without it; "" for a needed scope
    events: tuple[str, ...] = ()  # events that Slack sends only with this scope

    @property
    def needed(self) -> bool:
        """Whether the app needs this scope to work at all."""
        return not self.lost


# The comment in each scope names the methods of the Web API that the program calls with it.
SCOPES = (
    Scope(
        name="chat:write",
        why="posts papers and answers, and edits its own messages",
        # chat.postMessage, chat.update, chat.postEphemeral
    ),
    Scope(name="commands", why="offers /paperwire"),
    Scope(
        name="app_mentions:read",
        why="hears what is said to it by its name",
        lost="it does not hear @paperwire, so people in threads cannot speak with it",
        events=("app_mention",),
    ),
    Scope(
        name="im:history",
        why="reads what people write to it in direct messages, and looks up its own",
        lost="people cannot write to it in direct messages, only /paperwire works there; "
        "a direct message that may have been sent cannot be looked up",
        # conversations.history, conversations.replies
        events=("message.im",),
    ),
    Scope(
        name="im:write",
        why="begins direct messages with somebody who asked for papers in private",
        lost="it cannot write to people in private",
        # conversations.open
    ),
    Scope(
        name="channels:history",
        why="looks up its own message in a public channel when the connection broke while it was sent",
        lost="in public channels such a message may come twice, or not at all, as PAPERWIRE_ON_UNCLEAR says",
        # conversations.history, conversations.replies
    ),
    Scope(
        name="groups:history",
        why="the same in private channels",
        lost="in private channels such a message may come twice, or not at all, as PAPERWIRE_ON_UNCLEAR says",
        # conversations.history, conversations.replies
    ),
    Scope(
        name="mpim:history",
        why="the same in direct messages of several people",
        lost="in direct messages of several people such a message may come twice, or not at all",
        # conversations.history, conversations.replies
    ),
    Scope(
        name="channels:read",
        why="knows what public channels are called, whether it is in them, who is, and when they are archived",
        lost="papers name no channel, and it hears only from a failed post that a public channel was archived, "
        "deleted or renamed",
        # conversations.info, conversations.members
        events=(
            "channel_archive",
            "channel_deleted",
            "channel_id_changed",
            "channel_left",
            "channel_rename",
            "channel_unarchive",
            "member_joined_channel",
            "member_left_channel",
        ),
    ),
    Scope(
        name="groups:read",
        why="the same of private channels that it was invited to",
        lost="the same of private channels",
        # conversations.info, conversations.members
        events=("group_archive", "group_deleted", "group_left", "group_rename", "group_unarchive"),
    ),
    Scope(
        name="mpim:read",
        why="knows who is in direct messages of several people to which it was added",
        lost="what such a conversation asks for can only be changed in it",
        # conversations.info, conversations.members
    ),
    Scope(
        name="users:read",
        why="knows who is a guest and who an administrator, and a person's name, time zone and language",
        lost="guests may change what a channel asks for, the setting manage=admins lets no one change anything, "
        "and times go by the operator's clock",
        # users.info
    ),
    Scope(
        name="files:read",
        why="reads a library, or subscriptions to import, that a person drops",
        lost="subscriptions can only be imported as text",
        # files.info
    ),
    Scope(
        name="files:write",
        why="hands out subscriptions, references and stored data as files",
        lost="it says that it cannot hand them out",
        # files.getUploadURLExternal, files.completeUploadExternal
    ),
)


def events() -> tuple[str, ...]:
    """Returns the events that the app receives."""
    return tuple(sorted({event for scope in SCOPES for event in scope.events}))


def missing(granted: Collection[str]) -> Iterator[Scope]:
    """Yields the scopes that a token does not have, the needed ones first."""
    yield from sorted((scope for scope in SCOPES if scope.name not in granted), key=lambda scope: not scope.needed)


_DESCRIPTION = "Tells channels and people of new research papers that they ask for."
_LONG = (
    "paperwire tells you when papers appear that you care about: once a day or at once, in a channel, a thread or in "
    'private. You say what a paper should hold, such as: diffusion -survey, author:"Ranjay Krishna", cat:cs.CV. It reads the '
    "daily announcements, sends each paper once, and says why it came. It reads no messages but those that are meant "
    "for it. Type /paperwire to begin."
)


def manifest() -> dict[str, Any]:
    """Returns the manifest of an app for Socket Mode."""
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
        "oauth_config": {"scopes": {"bot": [scope.name for scope in SCOPES]}},
        "settings": {
            "event_subscriptions": {"bot_events": list(events())},
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
