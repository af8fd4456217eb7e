"""A conversation: what people ask, and what is asked of their platform beside posting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.ports.reply import File
from subscriptions.model import ChatAddress, ChatKind, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A chat as its platform describes it."""

    chat: ChatAddress
    kind: ChatKind
    title: str = ""
    public: bool = False  # strangers can read it: it has a name of its own
    is_forum: bool = False  # it has topics; known of a place that was asked for
    is_linked: bool = False  # it is the group of a channel's comments, or that channel; known as `forum`
    is_outside: bool = False  # the bot is not in it, so only `Request.response_url` leads there


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBase:
    """What every request has: where it was made, by whom, and what the platform takes to answer it."""

    place: Place
    update_id: str  # the platform's id of the update; a redelivered update has no second effect
    sender: str = ""  # the platform's id of the person; "" where nobody is named
    sender_name: str = ""
    sender_is_admin: bool = False  # the update itself proves it: anonymous admins, channel posts
    language: str = ""  # the client's language code
    timezone: str = ""  # of the person, an IANA name; "" where the platform does not tell
    message_id: str = ""  # the platform's id of the message that was written, or under which the button stands
    thread_id: str = (
        ""  # the platform's id of the message whose thread it was made in, where that is no chat of its own
    )
    response_url: str = ""  # where the platform takes answers to this request, a URL that is as good as a password
    trigger_id: str = ""  # opens a form, once and within seconds; "" where the platform has none
    outside_channel: str = ""  # the platform's id of a direct channel that may be one between other people

    @property
    def chat(self) -> ChatAddress:
        """The address of its place."""
        return self.place.chat


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRequest(RequestBase):
    """A message or a command that a person wrote."""

    command: str = ""  # "sub" of "/sub@bot diffusion", lower case; "" for text without one
    text: str = ""  # as typed, without the command and the platform's wrapping
    is_addressed: bool = True  # to the bot: a private chat, a command to it, a mention, a reply to it
    mentions_bot: bool = False  # its text names the bot
    takes_bare_commands: bool = False  # commands need no sign before their name on this platform
    is_edit: bool = False  # the message was written earlier and has been changed
    written_at: datetime | None = None  # when the message was first written, aware UTC
    reply_to: str = ""  # the platform's id of the bot's message that this one replies to
    file_id: str = ""  # the platform's id of an attached document
    file_size: int = 0  # bytes
    direct_channel: str = (
        ""  # the platform's id of the direct channel of bot and sender, where the chat's address is the sender
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest(RequestBase):
    """A person pressed a button under a message or on their home view."""

    callback_data: str  # what the button carries, never trusted
    callback_id: str = ""  # the platform's id of the callback, to acknowledge it
    is_ephemeral: bool = False  # only its sender sees the message under which the button stands
    topic_is_unknown: bool = False  # the platform did not tell in which topic of the chat the button stands
    view_id: str = ""  # the platform's id of the home view; "" for a button under a message


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRequest(RequestBase):
    """A person submitted a form, or changed a value of one that answers to changes."""

    callback_data: str  # what the form carries, never trusted
    view_id: str  # the platform's id of the form
    values: Mapping[str, str] = field(default_factory=dict)  # by field
    is_submitted: bool = False  # False: it is still being filled in


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRequest(RequestBase):
    """Something happened to a chat, or a person opened their home view or a shortcut."""

    event: str  # a name of the registry's events: arrived, left, back, moved, …
    details: Mapping[str, str] = field(default_factory=dict)  # what the platform says of it
    view_id: str = ""  # the platform's id of the home view that was opened


Interaction = CallbackRequest | FormRequest  # carries callback data
Request = MessageRequest | CallbackRequest | FormRequest | EventRequest


class PlatformApi(Protocol):
    """A platform as a place where people talk: what a conversation asks of it beside posting."""

    platform: str
    has_ephemeral: bool  # whether it can show a message to one person of many

    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        """Whether a person administers a chat, asked anew each time. None: the platform does not let the bot see.

        With `members` a member of the workspace is enough, where there are workspaces; guests and strangers are none.
        `there`: they say it in that chat, so they need not be looked for there. Raises NotDelivered when the platform
        cannot be asked now.
        """

    async def enrich(self, request: "Request", *, changes: bool) -> "Request":
        """The request with what the platform knows of its place and its person and the update did not say.

        Of the person only where the request `changes` something. Never raises, and never takes long.
        """

    async def find_chat(self, name: str) -> Place | None:
        """The chat with this id or "@name"; None: there is none that the bot can see. Raises NotDelivered."""

    async def post_ephemeral(
        self,
        chat: ChatAddress,
        person: str,
        message: Message | None,
        *,
        response_url: str,
        replaces: bool,
        plain: bool = False,
    ) -> None:
        """Shows a message to one person in a chat; `at` is the `response_url` of the request that it answers.

        With `replaces` in place of the message whose button was pressed; None takes that one away. Raises NotDelivered.
        """

    async def acknowledge(self, callback_id: str, words: str = "") -> None:
        """Ends the waiting of a pressed button, with a few words. Never raises: a press that is too old is no matter."""

    async def send_file(self, chat: ChatAddress, file: "File", *, silent: bool = True) -> str:
        """Posts a document; its id. Raises NotDelivered."""

    async def fetch(self, file: str, most: int) -> bytes:
        """The content of a document that a person dropped, at most `most` bytes. Raises NotDelivered, Refused."""
