"""The scopes, events, command and shortcut that the app asks for, each scope with its reason.

The manifest, the page for the IT department (docs/slack.md), `paperwire check` and the OAuth installation read this list.
Which scope a method or an event needs: docs.slack.dev, reference/methods and reference/events.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

COMMAND = "/paperwire"
SHORTCUT = "subscribe"  # callback_id of the message shortcut


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A scope that the app asks for."""

    name: str
    why: str  # what the app does with it
    lost: str = ""  # what does not work without it; "" for a needed scope
    methods: tuple[str, ...] = ()  # methods of the Web API that the program calls with it
    events: tuple[str, ...] = ()  # events that Slack sends only with it

    @property
    def needed(self) -> bool:
        """Whether nothing works without the scope."""
        return not self.lost


SCOPES = (
    Scope(
        name="chat:write",
        why="posts papers and answers, and edits its own messages",
        methods=("chat.postMessage", "chat.update", "chat.postEphemeral"),
    ),
    Scope(name="commands", why="offers /paperwire and the entry “Subscribe…” in the menu of messages"),
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
        methods=("conversations.history", "conversations.replies"),
        events=("message.im",),
    ),
    Scope(
        name="im:write",
        why="begins direct messages with somebody who asked for papers in private",
        lost="it cannot write to people in private",
        methods=("conversations.open",),
    ),
    Scope(
        name="channels:history",
        why="looks up its own message in a public channel when the connection broke while it was sent",
        lost="in public channels such a message may come twice, or not at all, as PAPERWIRE_ON_UNCLEAR says",
        methods=("conversations.history", "conversations.replies"),
    ),
    Scope(
        name="groups:history",
        why="the same in private channels",
        lost="in private channels such a message may come twice, or not at all, as PAPERWIRE_ON_UNCLEAR says",
        methods=("conversations.history", "conversations.replies"),
    ),
    Scope(
        name="mpim:history",
        why="the same in direct messages of several people",
        lost="in direct messages of several people such a message may come twice, or not at all",
        methods=("conversations.history", "conversations.replies"),
    ),
    Scope(
        name="channels:read",
        why="knows what public channels are called, whether it is in them, who is, and when they are archived",
        lost="papers name no channel, App Home lists only channels that a person set up, "
        "and it hears only from a failed post that a public channel was archived, deleted or renamed",
        methods=("conversations.info", "conversations.members", "users.conversations"),
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
        methods=("conversations.info", "conversations.members", "users.conversations"),
        events=("group_archive", "group_deleted", "group_left", "group_rename", "group_unarchive"),
    ),
    Scope(
        name="mpim:read",
        why="knows who is in direct messages of several people to which it was added",
        lost="App Home does not list what such a conversation asks for",
        methods=("conversations.info", "conversations.members", "users.conversations"),
    ),
    Scope(
        name="users:read",
        why="knows who is a guest and who an administrator, and a person's name, time zone and language",
        lost="guests may change what a channel asks for, the setting manage=admins lets nobody change anything, "
        "and times go by the operator's clock",
        methods=("users.info",),
    ),
    Scope(
        name="files:read",
        why="reads a list of subscriptions that somebody drops to import it",
        lost="subscriptions can only be imported as text",
        methods=("files.info",),
    ),
    Scope(
        name="files:write",
        why="hands out subscriptions, references and stored data as files",
        lost="they come as text in messages",
        methods=("files.getUploadURLExternal", "files.completeUploadExternal"),
    ),
)

NEEDED = frozenset(scope.name for scope in SCOPES if scope.needed)
OPTIONAL = frozenset(scope.name for scope in SCOPES if not scope.needed)

# Events and methods that need no scope.
FREE_EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked")
FREE_METHODS = (
    "auth.test",
    "apps.connections.open",
    "oauth.v2.access",
    "views.open",
    "views.publish",
    "views.update",
)

HOSTS = (
    ("slack.com", "the Web API"),
    ("wss-primary.slack.com, wss-backup.slack.com", "Socket Mode: events come through a connection that the bot opens"),
    ("hooks.slack.com", "answers that only the asker sees"),
    ("files.slack.com", "files that are imported or handed out"),
)


def scopes_of(*, minimal: bool = False) -> tuple[str, ...]:
    """Returns the names of the scopes that the app asks for."""
    return tuple(scope.name for scope in SCOPES if scope.needed or not minimal)


def events_of(scopes: Collection[str]) -> tuple[str, ...]:
    """Returns the events that an app with these scopes can receive."""
    bound = {event for scope in SCOPES if scope.name in scopes for event in scope.events}
    return tuple(sorted({*bound, *FREE_EVENTS}))


def missing(granted: Collection[str]) -> Iterator[Scope]:
    """Yields the scopes that a token lacks, the needed ones first."""
    yield from sorted((scope for scope in SCOPES if scope.name not in granted), key=lambda scope: not scope.needed)
