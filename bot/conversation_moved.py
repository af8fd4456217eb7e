"""The interfaces for conversations: requests of people, how a command begins, and the receiver of a platform."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatAddress, ChatKind

if TYPE_CHECKING:  # most subcommands have no web pages
    from starlette.routing import Route

from collections.abc import Callable

LARGEST = 20 << 20  # bytes of the largest file that any command reads


def reply_delivery(update_id: str) -> str:
    """Returns the `delivery` under which the messages of the reply to an update are posted, see Platform.post."""
    return f"reply{update_id}"


@dataclass(frozen=True, slots=True)
class Place:
    """A chat as its platform describes it."""

    chat: ChatAddress
    kind: ChatKind
    title: str = ""
    public: bool = False  # strangers can read the chat, because it has a public name
    is_forum: bool = False  # the chat has topics; set only by `Platform.find_chat`
    is_outside: bool = False  # the bot is not in the chat, so it can reply only through the request's `response_url`

    @classmethod
    def of(cls, chat: Chat) -> "Place":
        """Returns the place of a stored chat."""
        return cls(chat=chat.address, kind=chat.kind, title=chat.title, public=chat.public)

    @property
    def is_private(self) -> bool:
        """Returns whether it is the private chat of a person."""
        return self.kind is ChatKind.PRIVATE


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBase:
    """The fields of every request: its place, its sender, and how to reply to it."""

    place: Place
    # the platform's id of the update; an update that is delivered again has no second effect. "": typed in a terminal
    update_id: str
    # the platform's id of a message whose edits are updates of their own: once it was understood, they have no effect
    said_id: str = ""
    sender: str = ""  # the platform's id of the person who sent it; "" if the update names no person
    sender_name: str = ""
    sender_is_admin: bool = False  # the update itself proves that the sender administers the chat (channel posts)
    is_operator: bool = False  # the sender has a shell on the machine where the bot runs
    language: str = ""  # the language code of the sender's client
    timezone: str = ""  # the sender's time zone, an IANA name; "" if the platform does not tell
    message_id: str = ""  # the platform's id of the message that was written, or that holds the pressed button
    thread_id: str = (
        ""  # the platform's id of the first message of the thread; "" for no thread, or if the thread is itself a chat
    )
    response_url: str = ""  # a URL to which replies to this request can be posted; as secret as a password
    is_local: bool = (
        False  # the sender uses the machine on which the bot runs, so there is no limit of commands per minute
    )
    outside_channel: str = ""  # the platform's id of the direct channel of the request; the bot may be no member of it

    @property
    def chat(self) -> ChatAddress:
        """Returns the address of the chat where the request was made."""
        return self.place.chat


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRequest(RequestBase):
    """A message or a command that a person wrote."""

    command: str = ""  # "sub" of "/sub@bot diffusion", lower case; "" for text without a command
    text: str = ""  # the typed text, without the command and without the platform's markup
    is_addressed: bool = True  # meant for the bot: in a private chat, or a command, a mention or a reply to the bot
    mentions_bot: bool = False  # the text names the bot
    takes_bare_commands: bool = False  # on this platform, people may type commands without a slash
    follows_name: bool = False  # the text was typed after the platform's own command: "/paperwire list"
    written_at: datetime | None = None  # when the message was written, aware UTC
    reply_to: str = ""  # the platform's id of the bot's message that this one replies to
    file_id: str = ""  # the platform's id of an attached document
    direct_channel: str = (
        ""  # the platform's id of the direct channel between bot and sender, if the chat's address is the sender's id
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest(RequestBase):
    """A person pressed a button under a message."""

    callback_data: str  # the data of the button; untrusted
    callback_id: str = ""  # the platform's id of the callback, for `Platform.acknowledge`
    is_ephemeral: bool = False  # only the sender sees the message with the button
    topic_is_unknown: bool = False  # the platform does not tell in which topic of the chat the button is


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRequest(RequestBase):
    """Something happened to a chat."""

    event: str  # a name of the registry's events: arrived, left, back, moved, …
    details: Mapping[str, str] = field(default_factory=dict)  # further data about the event, by name


Request = MessageRequest | CallbackRequest | EventRequest

# A Chinese keyboard writes a full-width slash. People also put a colon or a comma after the name of a command.
_COMMAND = re.compile(r"[/／](?P<name>\w{1,32})(?:@(?P<bot>\w+))?(?:[:：,，] *| +|(?=\s)|$)")


class TypedText(NamedTuple):
    """What a person typed: a command with its slash and the text after it, or text alone."""

    name: str  # of the command, lower case; "" if the text begins with none
    bot: str  # the bot that it names: "/sub@bot"; "" if it names none
    rest: str  # the text after it


def typed_command(text: str) -> TypedText:
    """Returns the command with which a text begins, if it begins with one, and the rest."""
    found = _COMMAND.match(text)
    if found:
        return TypedText(found["name"].casefold(), found["bot"] or "", text[found.end() :])
    return TypedText("", "", text)


def with_any_prefix(path: str) -> tuple[str, str]:
    """Returns the paths of a page without and with a prefix: a proxy in front may keep its prefix or remove it."""
    return path, "/{before:path}" + path


# headers of pages whose addresses are secrets, beside those of the page itself
SECRET_PAGE = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}


class RequestDispatcher(Protocol):
    """Handles requests. Requests of one lane are executed in the order of the calls."""

    async def dispatch(self, request: Request) -> "asyncio.Task[None]":
        """Handles a request. Returns when its update is noted; waits while the database cannot be used.

        What the request changes is then stored, or follows together with what takes longer. Returns the task that
        posts the reply, which ends by itself and need not be waited for.
        """

    async def dispatch_without_retry(self, request: Request) -> "asyncio.Task[None]":
        """Like `dispatch`, but raises StoreError instead of waiting.

        For platforms that send the update again after an error.
        """


class Receiver(Protocol):
    """Receives the updates of one platform."""

    name: str  # in /health/ready
    problem: str = ""  # why it does not work now, in one line for the operator; "" if it works

    @property
    def routes(self) -> "Sequence[Route]":
        """Returns the paths to which the platform leads people's browsers. By default, none."""
        return ()

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """Receives updates until it is cancelled, even after errors of the platform or of the network."""

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """Handles the updates that wait on the platform, then returns. Raises StoreError. By default, does nothing."""
        return


def file_too_large(most: int) -> Refused:
    """Returns the error for a document of more than `most` bytes."""
    if most < 1 << 20:
        return Refused(Sentence("The file is larger than {most} KB.", {"most": most // 1024}))
    return Refused(Sentence("The file is larger than {most} MB.", {"most": most >> 20}))


@dataclass(frozen=True, slots=True)
class FileReader:
    """How the files of one command are read, before the command runs."""

    most: int  # bytes
    content: Callable[[bytes], object] = bytes  # returns what the command gets. Raises Refused

    def read(self, data: bytes) -> object:
        """Returns the content of a file. Raises Refused for a file that is too large or cannot be read."""
        if len(data) > self.most:
            raise file_too_large(self.most)
        return self.content(data)


class FileWithoutCommand(NamedTuple):
    """The content of a file that came without a command."""

    command: str  # the name of the command that reads such files
    content: object
