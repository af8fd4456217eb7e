"""What passes between people and commands: requests, replies, buttons and files."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatAddress, ChatKind, Delivery, Item

LARGEST = 20 << 20  # bytes of the largest file that any command reads
# Lone surrogates cannot be stored, some databases cannot store NUL, and control characters are invisible.
_UNUSABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
# A Chinese keyboard writes a full-width slash. People also put a colon or a comma after the name of a command.
_COMMAND = re.compile(r"[/／](?P<name>\w{1,32})(?:@(?P<bot>\w+))?(?:[:：,，] *| +|(?=\s)|$)")


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message. It either opens `url` or sends `data`, the id of a callback token in the store.

    Commands set `verb` and `arguments` (JSON values), which say what the button does. The id in `data` is created when
    the reply is stored.
    """

    label: str
    url: str = ""
    data: str = ""
    name: str = ""  # the same in all languages: of a button of a paper (see CardButtons), and "subscribe"
    options: tuple["Button", ...] = ()  # for the button ⋯: the buttons that it opens
    verb: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    only_for: str = (
        ""  # the platform's id of the only person who may press it; "" for everyone in the chat who has the rights
    )
    shows: str = ""  # the signal of the chat with which the button looks pressed; "SAVED:17": paper 17 is saved


Row = tuple[Button, ...]
Buttons = tuple[Row, ...]


def usable_text(text: object) -> str:
    """Return the text without characters that cannot be stored or shown; "" for None."""
    return _UNUSABLE.sub("", str(text or ""))


@dataclass(frozen=True, slots=True)
class File:
    """A document that is sent with a reply."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply to a person before it is rendered: first the lines, then the papers, then a delivery."""

    lines: Sequence[str] = ()  # sentences in the chat's language; plain text
    ok: bool | None = None  # True: the command was done (✓); False: it was refused (✗); None: neither
    code: Sequence[str] = ()  # lines in a fixed-width font: a query and the caret below it, or a list
    items: tuple[Item, ...] = ()  # papers that are shown below the lines, numbered from `first`
    # How papers are shown: as rows of a list, as cards, with everything that is known ("whole"), or with the reason why
    # they were delivered ("why").
    item_layout: Literal["row", "card", "whole", "why"] = "row"
    days: Sequence[str] = ()  # for each of `items`, the text shown next to it, such as its day; may be ""
    # index in `items` → a line above that paper; from there on, papers are shown without their texts
    headings: Mapping[int, str] = field(default_factory=dict)
    first: int = 1
    # for each of `items`, or of the papers that `delivery` shows, the button that opens its card; its label is a number
    numbers: Row = ()
    delivery: Delivery | None = None  # papers, shown as a delivery would show them below its title
    buttons: Buttons = ()
    file: File | None = None
    toast: str = ""  # a few words shown where a button was pressed; a reply with only a toast posts no message
    replaces: bool = False  # the reply replaces the message whose button was pressed
    is_ephemeral: bool = False  # shown only to the sender, on platforms that can do that
    target_chat: ChatAddress | None = None  # the chat where the reply is posted; None: where the request was made
    names_chat: bool = False  # the first line already names the chat that the reply is about

    def with_lines(self, *lines: str) -> "Reply":
        """Return the reply with these lines after its own."""
        return replace(self, lines=(*self.lines, *lines))


def reply_delivery(update_id: str) -> str:
    """Return the `delivery` under which the messages of the reply to an update are posted, see Platform.post."""
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
        """Return the place of a stored chat."""
        return cls(chat=chat.address, kind=chat.kind, title=chat.title, public=chat.public)

    @property
    def is_private(self) -> bool:
        """Whether it is the private chat of a person."""
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
        """The address of the chat where the request was made."""
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


class TypedText(NamedTuple):
    """What a person typed: a command with its slash and the text after it, or text alone."""

    name: str  # of the command, lower case; "" if the text begins with none
    bot: str  # the bot that it names: "/sub@bot"; "" if it names none
    rest: str  # the text after it


def typed_command(text: str) -> TypedText:
    """Return the command with which a text begins, if it begins with one, and the rest."""
    found = _COMMAND.match(text)
    if found:
        return TypedText(found["name"].casefold(), found["bot"] or "", text[found.end() :])
    return TypedText("", "", text)


def file_too_large(most: int) -> Refused:
    """Return the error for a document of more than `most` bytes."""
    if most < 1 << 20:
        return Refused(Sentence("The file is larger than {most} KB.", {"most": most // 1024}))
    return Refused(Sentence("The file is larger than {most} MB.", {"most": most >> 20}))


@dataclass(frozen=True, slots=True)
class FileReader:
    """How the files of one command are read, before the command runs."""

    most: int  # bytes
    content: Callable[[bytes], object] = bytes  # returns what the command gets. Raises Refused

    def read(self, data: bytes) -> object:
        """Return the content of a file. Raise Refused for a file that is too large or cannot be read."""
        if len(data) > self.most:
            raise file_too_large(self.most)
        return self.content(data)


class FileWithoutCommand(NamedTuple):
    """The content of a file that came without a command."""

    command: str  # the name of the command that reads such files
    content: object
