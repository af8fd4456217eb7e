"""The channel of the web: how long a message may be, how many in a minute, how long a press waits; requests of visitors.

A delivery and a number identify a message, so posting it twice has no second effect.
No outcome stays unclear: a sender that does not know whether a message was stored stores it again, or looks it up.
"""

import asyncio
import json
import re
import secrets
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.platforms.web import FACTS, markup
from bot.ports import channel as channels
from bot.ports.channel import Clock
from bot.ports.conversation import (
    CallbackRequest,
    MessageRequest,
    PageFrame,
    PageRequest,
    Place,
    RequestDispatcher,
    Visitor,
    typed_command,
)
from subscriptions.errors import Rejected, RetryLater
from subscriptions.model import ChatAddress, ChatKind, Message
from subscriptions.service import access
from subscriptions.store import page_messages
from subscriptions.store.database.store import Store

MINUTE = 60.0  # seconds
MOST_IN_MINUTE = 60  # messages and presses of one chat that are accepted; the limits for commands also apply


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """The parts of an answer that are not messages, for the page that sent the request."""

    chat: str
    toast: "asyncio.Future[str]"  # the words that acknowledge a pressed button


class Hub:
    """What requests of this process wait for, and how often visitors spoke."""

    def __init__(self) -> None:
        self._spoke: defaultdict[str, deque[float]] = defaultdict(deque)  # chat -> times of its latest requests
        self._said: dict[str, str] = {}  # chat -> the words for its next page
        self._awaited: dict[str, Awaited] = {}  # update -> what its page waits for
        self.files: dict[str, bytes] = {}  # update -> the file that was sent with it

    def counts(self, visitor: Visitor, second: float) -> bool:
        """Counts a message or press of a visitor at a monotonic second. Returns False if there were too many in a minute.

        Visitors at this machine have no limit.
        """
        if visitor.is_local:
            return True
        spoke = self._spoke[visitor.name]
        while spoke and spoke[0] <= second - MINUTE:
            spoke.popleft()
        if len(spoke) >= MOST_IN_MINUTE:
            return False
        spoke.append(second)
        return True

    @contextmanager
    def expecting(self, update: str, chat: str) -> Iterator[Awaited]:
        """Yields the future of the words in the answer to an update."""
        loop = asyncio.get_running_loop()
        awaited = Awaited(chat=chat, toast=loop.create_future())
        self._awaited[update] = awaited
        try:
            yield awaited
        finally:
            del self._awaited[update]

    @contextmanager
    def holding(self, update: str, file: bytes) -> Iterator[None]:
        """Keeps the file of an update while the body handles the update."""
        self.files[update] = file
        try:
            yield
        finally:
            self.files.pop(update, None)

    def acknowledge(self, callback: str, words: str) -> None:
        """Passes the words to the page that sent the press, if it still waits."""
        if awaited := self._awaited.get(callback):
            _resolve(awaited.toast, words)

    def keep_said(self, chat: str, words: str) -> None:
        """Stores the words for the next page of a chat. Used for browsers without scripts."""
        if words:
            self._said[chat] = words

    def take_said(self, chat: str) -> str:
        """Returns the stored words and forgets them; "" if there are none."""
        return self._said.pop(chat, "")


def _resolve(expected: "asyncio.Future[str]", value: str) -> bool:
    """Sets the result of a future if it has none. Returns whether it was set."""
    if expected.done():
        return False
    expected.set_result(value)
    return True


# ---------------------------------------------------------------------------------------------------------- the channel


class WebChannel(channels.Channel):
    """Stores the messages of chats on our own page. `open` gives it the store. Before that, it posts nothing."""

    platform = FACTS.name
    adapter = "bot.platforms.web.adapter"  # the module that builds the platform
    limits = channels.Limits(text=1_000_000, per_second=0, per_lane=0)

    def __init__(self, clock: channels.Clock) -> None:
        self.hub = Hub()
        self.secrets = SecretsOfChats(clock)
        self.clock = clock
        self._store: Store | None = None

    def open(self, store: Store) -> None:
        """Lets the channel post into this store."""
        self._store = store

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Channel. Returns the number of the message in its chat. There are no threads, only one log."""
        del thread
        payload = self.secrets.hidden(_read(message, plain=plain))
        with channels.store_outcomes():  # the message may have been stored; then a retry changes nothing
            return str(await self.say(chat, payload, key=delivery, part=message.number))

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        payload = self.secrets.hidden(_read(message, plain=plain))
        number = int(message_id) if message_id.isascii() and message_id.isdecimal() else -1
        with channels.store_outcomes():
            is_edited = await self._opened().run(page_messages.edit_page_message, chat, number, _storable(payload))
        if not is_edited:
            raise Rejected("The message is not there any more.")

    async def say(self, chat: ChatAddress, content: str, *, key: str, part: int = 0, is_own: bool = False) -> int:
        """Stores a message, once for each `key` and `part`. Returns its number. Raises StoreError."""
        return await self._opened().run(
            page_messages.add_page_message,
            chat,
            _storable(content),
            delivery=key,
            part=part,
            is_own=is_own,
            now=self.clock.now(),
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
        """See Channel."""
        del after, thread
        with channels.store_outcomes():
            number = await self._opened().run(
                page_messages.find_page_message, chat, delivery=delivery, part=message.number
            )
        return None if number is None else str(number)

    async def close(self) -> None:
        """See Channel. The store belongs to the caller."""
        self._store = None

    def _opened(self) -> Store:
        if self._store is None:
            raise RetryLater("The channel is closed.")
        return self._store


def _read(message: Message, *, plain: bool) -> str:
    """Returns the content of a message in its stored form; with `plain`, only its text. Raises Rejected."""
    content = channels.read_message(message, _checked)
    return json.dumps({"text": json.loads(content)["text"]}, ensure_ascii=False) if plain else content


def _checked(content: object) -> str:
    """Returns a message in its stored form: {"html": …, "text": …}, or only the text. Raises ValueError."""
    match content:
        case {"text": str(text), **rest}:
            html = rest.get("html", "")
            kept = {"text": text}
            if isinstance(html, str) and html:
                kept = {"html": html, **kept}
            return json.dumps(kept, ensure_ascii=False)
    raise ValueError("a payload for the web is an object with a text")


def _storable(text: str) -> str:
    """Returns the text with "?" instead of lone surrogates, which no database accepts."""
    return text.encode("utf-8", "replace").decode()


# ----------------------------------------------------------------------------------------- what visitors write and press


_LONGEST_NAME = 80  # characters of a file's name
LONGEST = 8000  # characters of a message; Telegram accepts half of that
TOAST_WITHIN = 3.0  # seconds to wait for the words about a pressed button
_NUMBER = re.compile(r"[0-9]{1,12}")
_ONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The results of a request that the page shows in addition to messages."""

    update: str = ""  # the id of the update; "" if there was nothing to do
    posting: asyncio.Task[None] | None = None  # posts the reply to it
    number: int = 0  # the message that the visitor wrote, or whose button they pressed; 0 if there is none
    pressed: str = ""  # the data of that button
    toast: str = ""  # a few words to show
    # the signals that the buttons of the pressed message show, and whether each one is set
    shows: Mapping[str, bool] = field(default_factory=dict)


class Talk:
    """Dispatches the requests of visitors. `channel` also stores the visitors' own words, so that the page shows them."""

    def __init__(self, channel: WebChannel, store: Store) -> None:
        self._channel = channel
        self._store = store

    async def say(self, asked: PageRequest, dispatcher: RequestDispatcher) -> Heard:
        """Handles a message, which may have a file, at most once for each `once` of the form. Raises StoreError."""
        form, file = asked.form, asked.file
        text = form.get("text", "").replace("\r\n", "\n").strip()[:LONGEST]
        if not text and not file:
            return Heard()
        chat, update = await self._let_in(asked.frame), _update(asked, "said")
        own = text or f"📎 {form.get('file', '')[:_LONGEST_NAME]}"
        number = await self._channel.say(chat, json.dumps({"text": own}, ensure_ascii=False), key=update, is_own=True)
        typed, file_id, hub = typed_command(text), update if file else "", self._channel.hub
        message = MessageRequest(
            **_by_visitor(asked.frame, update),
            command=typed.name if typed else "",
            text=typed.rest if typed else text,
            written_at=self._channel.clock.now(),
            file_id=file_id,
        )
        with hub.holding(file_id, file):
            posting = await dispatcher.dispatch_without_retry(message)
        return Heard(update=update, posting=posting, number=number)

    async def press(self, asked: PageRequest, dispatcher: RequestDispatcher) -> Heard:
        """Handles a pressed button. Raises StoreError."""
        form, chat = asked.form, await self._let_in(asked.frame)
        message = form.get("message", "")
        update = _update(asked, "pressed", f":{form.get('press', '')[:100]}:{message[:20]}")
        pressed = CallbackRequest(
            **_by_visitor(asked.frame, update),
            callback_data=form.get("press", "")[:LONGEST],
            callback_id=update,
            message_id=message if _NUMBER.fullmatch(message) else "",
        )
        with self._channel.hub.expecting(update, chat.address) as awaited:
            posting = await dispatcher.dispatch_without_retry(pressed)
            await asyncio.wait((awaited.toast,), timeout=TOAST_WITHIN)
        toast, number = awaited.toast.result() if awaited.toast.done() else "", int(pressed.message_id or 0)
        shows: Mapping[str, bool] = {}
        if toast:
            shows = await self._store.run(markup.pressed_in, chat, number)
        return Heard(
            update=update,
            posting=posting,
            number=number,
            pressed=pressed.callback_data,
            toast=toast,
            shows=shows,
        )

    async def _let_in(self, frame: PageFrame) -> ChatAddress:
        """Returns the visitor's chat, which it opens for a visitor on this machine."""
        chat = markup.chat_of(frame.visitor.name)
        if frame.visitor.is_local and not (await self._store.run(access.standing_of, chat)).is_admitted:
            now = self._channel.clock.now()
            await self._store.run(access.open_page_chat, chat, lang=frame.language, timezone=frame.timezone, now=now)
        return chat


def new_once() -> str:
    """Returns an id for a form that must have its effect only once."""
    return secrets.token_urlsafe(16)


def _by_visitor(frame: PageFrame, update: str) -> dict[str, Any]:
    """Returns the fields of a request that say in which chat and by whom it was made."""
    name = frame.visitor.name
    return {
        "place": Place(chat=markup.chat_of(name), kind=ChatKind.PRIVATE),
        "update_id": update,
        "sender": name,
        "sender_name": name,
        "is_local": frame.visitor.is_local,
        "language": frame.language,
        "timezone": frame.timezone,
    }


def _update(asked: PageRequest, what: str, button: str = "") -> str:
    """Returns the id of an update. A form that is sent twice has the same id; ids of different chats differ."""
    once = asked.form.get("once", "")
    if not _ONCE.fullmatch(once):
        once = new_once()
    return f"{asked.visitor.name}:{what}:{once}{button}"


KEPT_FOR = 600.0  # seconds
_KEY = re.compile(r"\b(?P<shown>feed_[\w-]{4})[\w-]{28}(?![\w-])", re.ASCII)


class SecretsOfChats:
    """The keys in messages of the last minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[str, float]] = {}  # what is stored → (the key, the monotonic second when it came)

    def hidden(self, text: str) -> str:
        """Returns a text with the beginning of each key in its place, and keeps the keys."""
        return _KEY.sub(self._keep, text)

    def _keep(self, found: re.Match[str]) -> str:
        stored = f"{found['shown']}…"
        self._kept[stored] = found[0], self._clock.monotonic()
        return stored

    def shown(self, text: str) -> str:
        """Returns a text in which the keys that are kept stand whole."""
        second = self._clock.monotonic()
        self._kept = {stored: kept for stored, kept in self._kept.items() if second - kept[1] <= KEPT_FOR}
        for stored, (key, _) in self._kept.items():
            text = text.replace(stored, key)
        return text
