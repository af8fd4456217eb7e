"""The gallery channel: keeps messages in memory, for the demo and for tests."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Literal

from bot.ports.channel import Clock, Limits, read_message
from subscriptions.errors import Rejected, RetryLater
from subscriptions.model import ChatAddress, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPost:
    """One message that a chat has received."""

    id: str  # counts from "1", over all chats of the channel
    chat: ChatAddress
    delivery: str
    number: int  # in its delivery, from 1
    payload: str  # as posted: a JSON object in the platform's shape
    at: datetime  # by the clock of decisions, aware UTC
    thread: str | None = None  # id of the post in whose thread this post is
    papers: tuple[int, ...] = ()  # ids of the papers it shows
    edited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMessage:
    """A message that the person of a private chat wrote to the bot."""

    text: str
    at: datetime  # aware UTC


class GalleryChannel:
    """A channel in place of one platform's. Keeps posted messages in `posts`, in order; an edit replaces a message.

    Accepts only payloads of that platform's shape (bot/rendering): {"text": …}, for Slack with {"blocks": […]}.
    """

    def __init__(self, platform: Literal["telegram", "slack", "console"], limits: Limits, clock: Clock) -> None:
        self.platform: str = platform
        self.limits = limits
        self._clock = clock
        self._posts: dict[str, GalleryPost] = {}
        self._closed = False

    @property
    def posts(self) -> tuple[GalleryPost, ...]:
        """The posted messages, as they are after edits."""
        return tuple(self._posts.values())

    def posts_in(self, chat: ChatAddress) -> tuple[GalleryPost, ...]:
        """Returns the posted messages of one chat."""
        return tuple(post for post in self._posts.values() if post.chat == chat)

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """See Channel."""
        post = GalleryPost(
            id=str(len(self._posts) + 1),
            chat=chat,
            delivery=delivery,
            number=message.number,
            payload=self._open(message, plain=plain),
            at=self._clock.now(),
            thread=thread,
            papers=message.papers,
        )
        self._posts[post.id] = post
        return post.id

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        payload = self._open(message, plain=plain)
        post = self._posts.get(message_id)
        if post is None or post.chat != chat:
            raise Rejected("There is no such message in this chat.")
        if payload != post.payload:
            self._posts[message_id] = replace(post, payload=payload, papers=message.papers, edited=True)

    async def find(
        self, chat: ChatAddress, message: Message, *, delivery: str, after: datetime, thread: str | None = None
    ) -> str | None:
        """See Channel. Ignores `after`, since no message is ever lost here."""
        del after, thread
        wanted = (chat, delivery, message.number)
        return next((p.id for p in self._posts.values() if (p.chat, p.delivery, p.number) == wanted), None)

    async def identity(self) -> str:
        """See Channel."""
        return "gallery"

    async def close(self) -> None:
        """See Channel. The posts stay."""
        self._closed = True

    def _open(self, message: Message, *, plain: bool) -> str:
        """Returns the message's content, checked before it is kept. Raises Rejected."""
        if self._closed:
            raise RetryLater("The gallery is closed.")
        read_message(message, partial(self._check, plain=plain), plain=plain)
        return message.plain if plain else message.payload

    def _check(self, content: object, *, plain: bool) -> None:
        match content:
            case {"text": str(text), **rest} if text.strip() and (
                self.platform != "slack" or plain or isinstance(rest.get("blocks"), list)
            ):
                return
        raise ValueError(f"it is no message for {self.platform}")
