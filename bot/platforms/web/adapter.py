"""The channel of the web, which is always on: how long a message may be, and where it is kept.

Its pages are in bot/web.

A delivery and a number identify a message, so posting it twice has no second effect.
No outcome stays unclear: a sender that does not know whether a message was stored stores it again, or looks it up.
"""

import asyncio
import json
import secrets
from datetime import datetime

from bot.clock import Clock
from bot.messages import File
from bot.platforms.base import Given, Listener, read_message, store_outcomes
from bot.platforms.web import FACTS, markup
from subscriptions.chats.stored import conversations
from subscriptions.database.store import Store
from subscriptions.model import ChatAddress, Message
from subscriptions.outcomes import Rejected


class WebPlatform(Listener):
    """Stores the messages of chats on our own page, where each person manages only their own chat.

    What belongs to a request while it is handled: `files`, update → the file that was sent with it; `toasts`, update →
    the words about a pressed button, for the page that waits for them.
    """

    facts = FACTS
    renderer = markup.RENDERER

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self.files: dict[str, bytes] = {}
        self.toasts: dict[str, asyncio.Future[str]] = {}

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Platform. Returns the number of the message in its chat. There are no threads, only one log."""
        del thread
        payload = _read(message, plain=plain)
        with store_outcomes():  # the message may have been stored; then a retry changes nothing
            return str(await self.say(chat, payload, key=delivery, part=message.number))

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Platform."""
        payload = _read(message, plain=plain)
        with store_outcomes():
            is_edited = await self._store.write(conversations.edit_page_message, chat, int(message_id), payload)
        if not is_edited:
            raise Rejected("The message is not there any more.")

    async def say(self, chat: ChatAddress, content: str, *, key: str, part: int = 0, is_own: bool = False) -> int:
        """Store a message, once for each `key` and `part`. Return its number. Raise StoreError."""
        return await self._store.write(
            conversations.add_page_message,
            chat,
            _storable(content),
            delivery=key,
            part=part,
            is_own=is_own,
            now=self._clock.now(),
        )

    async def find(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        after: datetime,
        thread: str | None = None,
    ) -> str | None:
        """See Platform."""
        del after, thread
        with store_outcomes():
            number = await self._store.read(
                conversations.find_page_message, chat, delivery=delivery, part=message.number
            )
        return None if number is None else str(number)

    async def acknowledge(self, callback_id: str, words: str = "") -> None:
        """See Platform. Passes the words to the page that sent the press, if it still waits."""
        toast = self.toasts.get(callback_id)
        if toast is not None and not toast.done():
            toast.set_result(words)

    async def fetch(self, file: str, most: int) -> bytes:  # noqa: ARG002 - the page has its own limit
        """See Platform."""
        data = self.files.get(file)
        if data is None:
            raise Rejected("The file is gone. Send it again.")
        return data

    async def send_file(self, chat: ChatAddress, file: File) -> str:
        """See Platform. The message contains the document, and the page shows a link to it."""
        kept = json.dumps({"text": "", "file": {"name": file.name, "text": file.text}}, ensure_ascii=False)
        with store_outcomes():
            return str(await self.say(chat, kept, key=f"file:{secrets.token_hex(16)}"))


def _read(message: Message, *, plain: bool) -> str:
    """Return the content of a message as it is stored; with `plain`, only its text. Raise Rejected."""
    content = read_message(message, "text")
    shown = {"text": content["text"]}
    if content.get("html") and not plain:
        shown["html"] = content["html"]
    return _storable(json.dumps(shown, ensure_ascii=False))


def _storable(text: str) -> str:
    """Return the text with "?" instead of lone surrogates, which no database accepts."""
    return text.encode("utf-8", "replace").decode()


def connect(given: Given) -> WebPlatform:
    """See bot.platforms.connect."""
    channel = WebPlatform(given.store, given.clock)
    channel.lets_choose_names = given.settings.web_password is not None  # who knows it may sign in under any name
    return channel
