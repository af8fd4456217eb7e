"""Conversations: the requests of people, and the calls to their platform that are not posts of a channel."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.ports.channel import File
from subscriptions.errors import Rejected
from subscriptions.model import ChatAddress, ChatKind, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A chat as its platform describes it."""

    chat: ChatAddress
    kind: ChatKind
    title: str = ""
    public: bool = False  # strangers can read it, because it has a public name
    is_forum: bool = False  # it has topics; set only by `PlatformApi.find_chat`
    is_linked: bool = False  # it is the group of a channel's comments, or that channel; set only by `find_chat`
    is_outside: bool = False  # the bot is not in it, so it can answer only by the request's `response_url`


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBase:
    """The fields of every request: its place, its sender, and how it can be answered."""

    place: Place
    update_id: str  # the platform's id of the update; a redelivered update has no second effect
    sender: str = ""  # the platform's id of the person; "" if the update names no person
    sender_name: str = ""
    sender_is_admin: bool = False  # the update itself proves that the sender administers the chat (channel posts)
    is_operator: bool = False  # the sender has a shell of the machine, on which the bot runs
    language: str = ""  # the language code of the sender's client
    timezone: str = ""  # the sender's time zone, an IANA name; "" if the platform does not tell
    message_id: str = ""  # the platform's id of the message that was written, or that holds the pressed button
    thread_id: str = (
        ""  # the platform's id of the first message of the thread; "" if none, or if the thread is itself a chat
    )
    response_url: str = ""  # a URL to which answers to this request can be posted; as secret as a password
    trigger_id: str = ""  # opens one form, within seconds; "" if the platform has none
    is_local: bool = (
        False  # the sender sits at the machine on which the bot runs, so the limits of a minute do not hold
    )
    outside_channel: str = ""  # the platform's id of a direct channel that may be between two other people

    @property
    def chat(self) -> ChatAddress:
        """The address of the chat where the request was made."""
        return self.place.chat


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRequest(RequestBase):
    """A message or a command that a person wrote."""

    command: str = ""  # "sub" of "/sub@bot diffusion", lower case; "" for text without a command
    text: str = ""  # as typed, without the command and the platform's wrapping
    is_addressed: bool = True  # meant for the bot: in a private chat, or a command, a mention or a reply to the bot
    mentions_bot: bool = False  # the text names the bot
    takes_bare_commands: bool = False  # on this platform a command needs no slash before its name
    is_edit: bool = False  # the message was written earlier and has been changed
    written_at: datetime | None = None  # when the message was first written, aware UTC
    reply_to: str = ""  # the platform's id of the bot's message that this one replies to
    file_id: str = ""  # the platform's id of an attached document
    direct_channel: str = (
        ""  # the platform's id of the direct channel of bot and sender, if the chat's address is the sender's id
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest(RequestBase):
    """A person pressed a button under a message or on their home view."""

    callback_data: str  # the data of the button; untrusted
    callback_id: str = ""  # the platform's id of the callback, for `PlatformApi.acknowledge`
    is_ephemeral: bool = False  # only the sender sees the message with the button
    topic_is_unknown: bool = False  # the platform did not tell in which topic of the chat the button is
    view_id: str = ""  # the platform's id of the home view; "" for a button under a message


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRequest(RequestBase):
    """A person submitted a form, or changed a field that has `notifies_change`."""

    callback_data: str  # the data of the form; untrusted
    view_id: str  # the platform's id of the form
    values: Mapping[str, str] = field(default_factory=dict)  # name of the field → value
    is_submitted: bool = False  # False: the person is still filling in the form


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRequest(RequestBase):
    """Something happened to a chat, or a person opened their home view or a shortcut."""

    event: str  # a name of the registry's events: arrived, left, back, moved, …
    details: Mapping[str, str] = field(default_factory=dict)  # what the platform tells about the event


Interaction = CallbackRequest | FormRequest  # the requests with callback data
Request = MessageRequest | CallbackRequest | FormRequest | EventRequest


class PlatformApi(Protocol):
    """The calls to a platform that conversations need in addition to those of its channel.

    Calls that most platforms lack have a default.
    """

    platform: str
    has_ephemeral: bool = False  # whether the platform can show a message to one person of many

    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        """Returns whether a person administers a chat. None: the platform does not let the bot see it.

        The answer is not cached between requests. `member_suffices`: on platforms with workspaces every member counts, but
        no guest and no person from outside. `in_chat`: the request came from that chat, so membership is not checked.
        By default each person manages only their own chat. Raises NotDelivered if the platform cannot be asked now.
        """
        return chat.address == person

    async def enrich(self, request: "Request", *, changes: bool) -> "Request":
        """Returns the request with details of its place and sender that the update lacks.

        The sender is looked up only if the request `changes` something. Never raises NotDelivered, and takes a few
        seconds at most. By default updates are complete.
        """
        return request

    async def find_chat(self, name: str) -> Place | None:
        """Returns the chat with this id or "@name"; None if the bot can see no such chat. Raises NotDelivered."""
        return None

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
        """Shows a message to one person in a chat, as an answer to the request that had this `response_url`.

        `replaces`: the message takes the place of the ephemeral message whose button was pressed; None as message removes
        that one. Raises NotDelivered.
        """
        raise Rejected("Nothing is shown there to one person of many.")

    async def acknowledge(self, callback_id: str, words: str = "") -> None:
        """Acknowledges a pressed button and shows a few words there. Never raises, not even for an expired callback."""

    async def send_file(self, chat: ChatAddress, file: "File") -> str:
        """Posts a document without sound, and returns the platform's id of it. Raises NotDelivered."""

    async def fetch(self, file: str, most: int) -> bytes:
        """Returns the content of a document that a person attached. Raises NotDelivered; Refused above `most` bytes."""
        raise Rejected("No documents are taken there.")


# -------------------------------------------------------------------------------------------------------- the receiver

# receives the updates of one platform and gives them to the dispatcher as requests.


@dataclass(frozen=True, slots=True, kw_only=True)
class WebResponse:
    """The response of a web route."""

    status: int = 200
    body: str = ""
    kind: str = "text/plain"  # media type; the charset is UTF-8
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """A request to a web route."""

    headers: Mapping[str, str]  # names in lower case
    query: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def anyone(headers: Mapping[str, str]) -> bool:
    """Accepts every request."""
    del headers
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRoute:
    """A web address of a platform, with its own responses."""

    path: str  # "/…"
    answer: Callable[[WebRequest], Awaitable[WebResponse]]  # never raises
    method: str = "GET"
    accepts: Callable[[Mapping[str, str]], bool] = anyone  # of the headers, whether the body is to be read


class RequestDispatcher(Protocol):
    """Handles requests. Requests of one lane have their effects in the order of the calls.

    Both methods return the problems of a submitted form, by field; for other requests an empty mapping.
    """

    async def dispatch(self, request: Request) -> Mapping[str, str]:
        """Handles a request. Returns once effect and reply are stored; waits while the database cannot be used."""

    async def dispatch_without_retry(self, request: Request) -> Mapping[str, str]:
        """Like `dispatch`, but raises StoreError instead of waiting; for a platform that sends the update again."""


class Receiver(Protocol):
    """Receives the updates of one platform, or of one of its workspaces."""

    @property
    def name(self) -> str:
        """The receiver's name in /health/ready."""

    @property
    def problem(self) -> str:
        """Why the receiver does not work now; "" if it works."""

    @property
    def is_exclusive(self) -> bool:
        """Whether one worker at a time receives, because two that fetch updates would take them from each other."""

    @property
    def routes(self) -> Sequence[WebRoute]:
        """The web addresses to which the platform sends updates or people's browsers."""

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """Receives updates until it is cancelled. Errors of the platform or of the network do not end it."""

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """Handles the updates that wait on the platform, and returns. Raises StoreError."""
