"""The state of one workspace of the fake Slack: people, conversations, and messages."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SCOPES = ("chat:write", "channels:history", "groups:history", "im:history", "im:write")


class Refusal(Exception):
    """Slack refuses a call. `body` is the answer: an error code, and further fields."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.body = {"ok": False, "error": code, **more}

    @classmethod
    def when(cls, wrong: object, *code: str, **more: Any) -> None:
        """Refuses the call if `wrong` is true."""
        if wrong:
            raise cls(*code, **more)


@dataclass(slots=True)
class FakePerson:
    """A person with an account."""

    id: str
    team: str
    name: str = "Ann Example"
    tz: str = "Europe/Berlin"
    locale: str = "en-US"
    admin: bool = False
    owner: bool = False
    guest: bool = False  # is_restricted
    single: bool = False  # is_ultra_restricted: a guest in one channel only
    gone: bool = False  # the account is closed

    def user_object(self, team: str, *, locale: bool) -> dict[str, Any]:
        """Returns the user object of users.info in a workspace."""
        user = {
            "id": self.id,
            "team_id": self.team,
            "name": self.id.lower(),
            "real_name": self.name,
            "deleted": self.gone,
            "tz": self.tz,
            "profile": {"real_name": self.name, "display_name": self.name},
            "is_bot": False,
            "is_admin": self.admin or self.owner,
            "is_owner": self.owner,
            "is_primary_owner": False,
            "is_restricted": self.guest or self.single,
            "is_ultra_restricted": self.single,
            **({"locale": self.locale} if locale else {}),
        }
        return user if self.team == team else {**user, "is_stranger": True}


@dataclass(slots=True)
class FakeConversation:
    """A channel, direct messages or a group conversation, with its messages."""

    id: str
    member: bool = True  # whether the bot is a member
    private: bool = False
    archived: bool = False
    threads_refusal: str = ""  # the error code with which Slack refuses replies in threads; "" if it accepts them
    deleted: set[str] = field(default_factory=set)  # the ts of deleted messages
    refusal: str = ""  # the error code with which Slack refuses messages to this conversation; "" if it accepts them
    name: str = "general"
    people: set[str] = field(default_factory=set)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)  # ts → message, in order

    @property
    def direct(self) -> bool:
        return self.id.startswith("D")

    @property
    def shown_name(self) -> str:
        """Returns the channel's name in commands and interactions, in which Slack hides names of private conversations."""
        return "directmessage" if self.direct else "privategroup" if self.private else self.name

    def conversation_object(self) -> dict[str, Any]:
        """Returns the object of conversations.info."""
        if self.direct:
            return {"id": self.id, "is_im": True, "is_archived": self.archived, "user": min(self.people, default="")}
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": not self.private,
            "is_group": self.private,
            "is_im": False,
            "is_mpim": self.name.startswith("mpdm-"),
            "is_private": self.private,
            "is_archived": self.archived,
            "is_member": self.member,
        }


class FakeWorkspace:
    """One workspace in which the app is installed. `ts` returns the timestamp (ts) of the next message."""

    def __init__(self, team: str, token: str, app_token: str, ts: Callable[[], str], *, prefix: str = "") -> None:
        self.team = team
        self.token = token
        self.app_token = app_token
        self.bot = "U0BOT"
        self.prefix = prefix  # the journal writes this before a channel's id; "" for the first workspace
        self.scopes = set(SCOPES)
        self.conversations: dict[str, FakeConversation] = {}
        self.people: dict[str, FakePerson] = {}
        self.revoked = ""  # the error code with which the token is refused
        self.next_ts = ts

    def chat(self, channel: str) -> str:
        """Returns the name of a channel in the journal."""
        return f"{self.prefix}{channel}"

    def need(self, scope: str) -> None:
        Refusal.when(scope not in self.scopes, "missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    def visible(self, channel: str) -> FakeConversation:
        """Returns a conversation that the bot can see. Unlike Slack, accepts no channel names and no ids of people."""
        conversation = self.conversations.get(channel)
        if conversation is None or (conversation.private and not conversation.member):
            raise Refusal("channel_not_found")
        return conversation

    def writable(self, channel: str) -> FakeConversation:
        conversation = self.visible(channel)
        Refusal.when(conversation.archived, "is_archived")
        Refusal.when(not conversation.member, "not_in_channel")
        Refusal.when(conversation.refusal, conversation.refusal)
        return conversation

    def kind(self, conversation: FakeConversation) -> str:
        """Returns the part of a scope that names this kind of conversation ("channels" of "channels:read")."""
        if conversation.direct:
            return "im"
        if conversation.name.startswith("mpdm-"):
            return "mpim"
        return "groups" if conversation.private or conversation.id.startswith("G") else "channels"

    def direct_with(self, user: str) -> FakeConversation:
        """Returns the bot's direct messages with a person."""
        channel = f"D{user[1:]}"
        found = self.conversations.setdefault(channel, FakeConversation(channel, people={user}))
        found.people.add(user)
        return found


def stamps() -> Callable[[], str]:
    """Returns a function that returns the ts of the next message. The ts increases even if the clock does not."""
    last = 0.0

    def following() -> str:
        nonlocal last
        last = max(time.time(), last + 0.0001)
        return f"{last:.6f}"

    return following
