"""A platform that is on, as one object. The rest of the program uses this object and never compares a platform's name.

A new platform: CONTRIBUTING.md.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TextIO

from bot.clock import Clock
from bot.messages import File, Place, Request
from bot.pace import Limits
from bot.rendering.packing import Renderer
from subscriptions.chats.addresses import PlatformFacts
from subscriptions.errors import PaperwireError, StoreError
from subscriptions.model import ChatAddress, ChatKind, Message
from subscriptions.outcomes import Rejected, RetryLater

if TYPE_CHECKING:  # so that a subcommand that only knows platforms need not load what finds papers
    from starlette.routing import Route

    from bot.settings import Settings
    from subscriptions.database.store import Store

OnBotName = Callable[[str], None]  # called with the bot's name on the platform, once it is known


@contextmanager
def store_outcomes() -> Iterator[None]:
    """WriteQueue an error of the store into RetryLater, for a platform that needs the store to post."""
    try:
        yield
    except StoreError as error:
        raise RetryLater("The database cannot be used.") from error


def read_message(message: Message, *texts: str) -> dict[str, Any]:
    """Return the payload of a stored message: a JSON object that has these texts.

    Raise Rejected if it is none, or cannot be sent.
    """
    try:
        payload: dict[str, Any] = json.loads(message.payload)
        for name in texts:
            payload[name].encode()
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Rejected(f"The stored message cannot be read ({type(error).__name__}).", form=True) from error
    return payload


class RequestDispatcher(Protocol):
    """Handles requests. Requests of one lane are executed in the order of the calls."""

    async def dispatch(self, request: Request) -> asyncio.Task[None]:
        """Handle a request. Return when its update is noted; waits while the database cannot be used.

        What the request changes is then stored, or follows together with what takes longer. Return the task that
        posts the reply, which ends by itself and need not be waited for.
        """

    async def dispatch_without_retry(self, request: Request) -> asyncio.Task[None]:
        """Like `dispatch`, but raises StoreError instead of waiting.

        For platforms that send the update again after an error.
        """


class Receiver(Protocol):
    """Receives the updates of one platform."""

    name: str  # in /health/ready
    problem: str = ""  # why it does not work now, in one line for the operator; "" if it works

    @property
    def routes(self) -> "Sequence[Route]":
        """The paths to which the platform leads people's browsers. By default, none."""
        return ()

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """Receive updates until it is cancelled, even after errors of the platform or of the network."""

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """Handle the updates that wait on the platform, then return. Raise StoreError. By default, do nothing."""
        return


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One question of `paperwire check`, its answer, and how to correct what is wrong.

    Only an answer that was found to be good gets a ✓: with neither `mend`, nor `is_open`, nor a cure.
    """

    question: str
    answer: str
    cure: str = ""
    mend: bool = False  # True: something must be corrected; False: the cure is only advice
    is_open: bool = False  # True: the answer is bad or unknown, but nothing must be corrected

    @classmethod
    def wrong(cls, question: str, answer: str, cure: str) -> "CheckResult":
        """Return an answer that must be corrected."""
        return cls(question, answer, cure=cure, mend=True)

    @classmethod
    def of_error(cls, question: str, error: PaperwireError) -> "CheckResult":
        """Return the finding that an error answers a question, and must be corrected."""
        return cls(question, str(error.sentence), cure=str(error.hint), mend=True)


class MenuCommand(Protocol):
    """A command, as far as a platform's menu needs it."""

    @property
    def name(self) -> str: ...  # noqa: D102 - as in bot.commands.base.Command
    @property
    def summary(self) -> str: ...  # noqa: D102
    @property
    def listed(self) -> bool: ...  # noqa: D102
    @property
    def needs_operator(self) -> bool: ...  # noqa: D102


class Given(NamedTuple):
    """What a platform is made of."""

    settings: "Settings"
    store: "Store"
    clock: Clock
    out: TextIO  # where the console writes


class Platform(ABC):
    """A platform that is on: it posts rendered messages.

    It never sleeps, retries or shortens a message, and knows nothing about papers. What else a platform can do, it says
    by being a Listener, a Directory or Operated too.
    """

    facts: PlatformFacts
    renderer: Renderer  # renders its messages
    token_identity: str = ""  # the bot's id in the token, maybe mistyped; only the id from `identity` is stored
    destinations: Sequence[ChatAddress] = ()  # chats without people; operators subscribe them from other chats
    limits: Limits = Limits()

    @abstractmethod
    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """Post one message. Return the id that the platform gave it.

        `delivery` is the delivery's id, which is sent with the message if the platform can store it. `thread` is the
        platform's id of the first message of the thread in which to post. With `plain`, posts the message without its
        markup, always in the same way. Raise only NotDelivered.
        """

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """Replace a sent message. "Not modified" counts as success.

        Raise only NotDelivered. By default, raises Rejected.
        """
        raise Rejected("A message cannot be changed there once it was sent.")

    async def find(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        after: datetime,
        thread: str | None = None,
    ) -> str | None:
        """Search for a message that was perhaps sent after `after`.

        Return its id on the platform; None if it was not sent. A message with a `thread` may have been sent outside of
        that thread. Raise LookupError if the platform cannot tell, RetryLater if it demands a wait, and SenderStopped
        if it refuses the token. By default, raises LookupError.
        """
        raise LookupError("Messages cannot be looked up there.")

    async def identity(self) -> str:
        """Return the id of the bot to which the token belongs (docs/architecture.md, rule 11). Raise NotDelivered.

        By default, returns "": the platform has only one bot, so the database belongs to none.
        """
        return ""

    async def close(self) -> None:
        """Close the connections. A second call does nothing. By default, do nothing."""
        return

    def renderer_for(self, chat: ChatAddress) -> Renderer:
        """Return the renderer that renders the messages of a chat."""
        return self.renderer

    async def resolve(self, address: ChatAddress) -> ChatAddress:
        """Return the address that the store uses for a chat. Raise NotFound, PaperwireError."""
        return address

    async def describe(self, address: ChatAddress) -> tuple[str, ChatKind | None]:
        """Return (title, kind) of a chat; ("", None) if the platform does not respond soon. Raise NotFound."""
        return "", None


class Listener(Platform):
    """A platform on which people talk with the bot."""

    lets_choose_names: bool = False  # people choose the names of their chats, so no chat is certainly an operator's

    def receivers(self, clock: Clock, on_bot_name: OnBotName) -> Sequence[Receiver]:
        """Return what receives the updates of the platform."""
        return ()

    async def enrich(self, request: Request, *, changes: bool) -> Request:
        """Return the request with details of its place and its sender that are missing in the update.

        The sender is looked up only if the request `changes` something. Never raise NotDelivered, and takes at most a
        few seconds. By default, returns the request unchanged.
        """
        return request

    async def acknowledge(self, callback_id: str, words: str = "") -> None:
        """Acknowledge a pressed button, and show a few words there. Never raise, not even for an expired callback.

        By default, do nothing and show no words, since the receiver has already acknowledged the press.
        """
        return

    async def send_file(self, chat: ChatAddress, file: File) -> str:
        """Post a document without a sound. Return the platform's id of the message. Raise NotDelivered."""
        raise Rejected("No documents are sent there.")

    async def send_file_privately(self, chat: ChatAddress, person: str, file: File) -> None:
        """Show a document to one person, who asked for it in a chat.

        By default, posts it to the person's private chat.

        Raise NotDelivered; ChatGone only if `chat` is gone.
        """
        await self.send_file(ChatAddress(chat.platform, person), file)

    async def fetch(self, file: str, most: int) -> bytes:
        """Return the content of a document that a person attached.

        Raise NotDelivered; Refused, as far as the platform tells that it has more than `most` bytes.
        """
        raise Rejected("No documents are taken there.")

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
        """Show a message to one person in a chat, as a reply to the request that had this `response_url`.

        `replaces`: the message replaces the ephemeral message whose button was pressed; with None as `message`, that
        message is removed. Raise NotDelivered.
        """
        raise Rejected("Nothing is shown there to one person of many.")


class Directory(ABC):
    """A platform that knows who manages a chat, and which chats there are."""

    @abstractmethod
    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        """Return whether a person administers a chat; None if the platform does not let the bot see this.

        The result is not cached between requests. `member_suffices`: on platforms with workspaces, every member of the
        workspace counts as an administrator, but no guest and no person from outside. `in_chat`: the request came from
        that chat, so membership is not checked. Raise
        NotDelivered if the platform does not answer now.
        """

    @abstractmethod
    async def find_chat(self, name: str) -> Place | None:
        """Return the chat with this id or "@name"; None if the bot can see no such chat. Raise NotDelivered."""


class Operated:
    """A platform with something to do or to say at the start of `paperwire run`, or for `paperwire check`."""

    @property
    def startup_lines(self) -> Sequence[str]:
        """What is printed for the operator at the start."""
        return ()

    async def check_tokens(self) -> None:
        """Ask the platform about its tokens at the start. Raise SettingsError if it refuses one for good."""
        return

    async def publish_commands(self, commands: Sequence[MenuCommand]) -> None:
        """Show the commands in the platform's menus. Log errors of the platform."""
        return

    async def check(self) -> Sequence[CheckResult]:
        """Return the findings of `paperwire check`. Called if there is no token, or the token works."""
        return ()
