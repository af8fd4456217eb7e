"""The channel of the web: posts are stored, and the open pages of the chat are notified.

A delivery and a number identify a message, so posting it twice changes nothing. No outcome stays unclear: a sender that
does not know whether a message was stored stores it again, or looks it up.
"""

import json
from datetime import datetime

from bot.channels.web.facts import WEB
from bot.channels.web.hub import Hub
from bot.context.writing import write
from bot.ports.channel import Clock, Limits
from subscriptions.errors import Rejected, RetryLater, StoreError
from subscriptions.model import ChatAddress, Message
from subscriptions.store import Store
from subscriptions.store.page_messages import add_page_message, edit_page_message, find_page_message


class WebChannel:
    """Stores the messages of chats on our own page. `open` gives it the store; before that it posts nothing."""

    platform = WEB.name
    adapter = "bot.channels.web.adapter"  # the module that builds the platform
    limits = Limits(text=1_000_000, per_second=0, per_lane=0)

    def __init__(self, clock: Clock) -> None:
        self.hub = Hub()
        self.clock = clock
        self._store: Store | None = None

    def open(self, store: Store) -> None:
        """Lets the channel post, into this store."""
        self._store = store

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """See Channel. The id is the number of the message in its chat. There are no threads, only one log."""
        del thread
        payload, now = _checked(message, plain=plain), self.clock.now()
        given = {"delivery": delivery, "part": message.number, "now": now}
        try:
            number = await write(add_page_message, self._opened(), chat, payload, **given)
        except StoreError as error:
            raise RetryLater("The database cannot be used.") from error  # also if it was stored, see above
        self.hub.wake(chat.address)
        return str(number)

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        payload = _checked(message, plain=plain)
        number = int(message_id) if message_id.isascii() and message_id.isdecimal() else -1
        try:
            is_edited = await write(edit_page_message, self._opened(), chat, number, payload)
        except StoreError as error:
            raise RetryLater("The database cannot be used.") from error
        if not is_edited:
            raise Rejected("The message is not there any more.")
        self.hub.wake(chat.address)

    async def say(self, chat: ChatAddress, content: str, *, key: str, is_own: bool = False) -> int:
        """Stores a message that no delivery has, once for each `key`, and returns its number. Raises StoreError."""
        given = {"delivery": key, "part": 0, "is_own": is_own, "now": self.clock.now()}
        number = await write(add_page_message, self._opened(), chat, _storable(content), **given)
        self.hub.wake(chat.address)
        return number

    async def find(
        self, chat: ChatAddress, message: Message, *, delivery: str, after: datetime, thread: str | None = None
    ) -> str | None:
        """See Channel."""
        del after, thread
        given = {"delivery": delivery, "part": message.number}
        try:  # in the writer thread, so after every write that has begun
            number = await write(find_page_message, self._opened(), chat, **given)
        except StoreError as error:
            raise RetryLater("The database cannot be used.") from error
        return None if number is None else str(number)

    async def identity(self) -> str:
        """See Channel. There is one page for each database."""
        return WEB.name

    async def close(self) -> None:
        """See Channel. The store belongs to the caller."""
        self._store = None

    def _opened(self) -> Store:
        if self._store is None:
            raise RetryLater("The channel is closed.")
        return self._store


def _checked(message: Message, *, plain: bool) -> str:
    """Returns a message as stored: {"html": …, "text": …}, or the text alone. Raises Rejected."""
    try:
        content = json.loads(message.plain if plain else message.payload)
    except ValueError as error:
        raise Rejected("The stored message cannot be read.", form=True) from error
    match content:
        case {"text": str(text)}:
            html = content.get("html", "")
            kept = {"html": html, "text": text} if isinstance(html, str) and html else {"text": text}
            return _storable(json.dumps(kept, ensure_ascii=False))
    raise Rejected("The stored message cannot be read: a payload for the web is an object with a text.", form=True)


def _storable(text: str) -> str:
    """Returns the text with ? for lone surrogates, which no database takes."""
    return text.encode("utf-8", "replace").decode()
