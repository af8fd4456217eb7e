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
class Request:
    """What a person typed or pressed, or what happened to a chat, translated by an inbound adapter.

    Exactly one of `text` (with or without `command`), `pressed` and `happened` says what it is.
    """

    place: Place
    update_id: str  # the platform's id of the update, by which it has its effect once
    command: str = ""  # "sub" of "/sub@bot diffusion", lower case; "" for text without one
    text: str = ""  # as typed, without the command and the platform's wrapping
    callback_data: str = ""  # what the button under a message carries
    event: str = ""  # a name of bot/commands/chat/chat_events.py: arrived, left, back, moved, …
    details: Mapping[str, str] = field(default_factory=dict)  # what the platform says of it
    message_id: str = ""  # the platform's id of the message that was written, or under which the button stands
    callback_id: str = ""  # the platform's id of the press, to acknowledge it
    sender: str = ""  # the platform's id of the person; "" where nobody is named
    sender_name: str = ""
    sender_is_admin: bool = (
        False  # the update itself proves that its sender manages the chat: anonymous admins, channel posts
    )
    language: str = ""  # the client's language code
    timezone: str = ""  # of the person, an IANA name; "" where the platform does not tell
    response_url: str = ""  # where the platform takes answers to this request, a URL that is as good as a password
    is_ephemeral: bool = False  # only its presser sees the message under which the button stands
    thread_id: str = (
        ""  # the platform's id of the message in whose thread it was said, where that is no chat of its own
    )
    is_addressed: bool = True  # for the bot: a private chat, a command to it, a mention, an answer to it
    takes_bare_commands: bool = (
        False  # its first word is a command if it is the name of one: none needs a sign before it here
    )
    mentions_bot: bool = False  # its words name the bot
    is_edit: bool = False  # a message that was written earlier and is changed now
    written_at: datetime | None = None  # when the message was first written, aware UTC
    reply_to: str = ""  # the platform's id of the message of the bot that it answers
    file_id: str = ""  # the platform's id of a document that came along
    file_size: int = 0  # bytes
    trigger_id: str = ""  # what the platform takes to open a form, once and within seconds; "" where it has none
    view_id: str = ""  # the platform's id of the form, or of the person's board, in which something was pressed
    form_values: Mapping[str, str] = field(default_factory=dict)  # what stands in the form, by field
    is_submitted: bool = False  # the form is sent, not only being filled in

    @property
    def chat(self) -> ChatAddress:
        """Where it was written."""
        return self.place.chat


TOPIC_UNKNOWN = "topic-untold"  # told of a press: in which topic of the chat the button stands is not known


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
