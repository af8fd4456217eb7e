"""What the bot does on the page: its channel and forms, and the hub that notifies the open pages of this process.

A delivery and a number identify a message, so posting it twice changes nothing. No outcome stays unclear: a sender that
does not know whether a message was stored stores it again, or looks it up.
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from bot.context import write
from bot.platforms.web import WEB
from bot.ports.channel import Channel, Clock, FormField, HomeView, Limits, Modal, read_message
from bot.ports.web_page import Visitor
from subscriptions.errors import Rejected, RetryLater, StoreError
from subscriptions.model import ChatAddress, Message
from subscriptions.store import conversations
from subscriptions.store.database.store import Store

MINUTE = 60.0  # seconds
MOST_IN_MINUTE = 60  # messages and presses of one chat that are read; the bot's own limits of answers hold, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """The parts of an answer that are not messages, for the page that made the request."""

    chat: str
    toast: "asyncio.Future[str]"  # the words with which a pressed button is acknowledged
    form: "asyncio.Future[str]"  # the form that the answer shows; "" once something was posted instead


class Hub:
    """Wakes the requests that wait for a chat to change. The change itself is in the store."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._spoke: defaultdict[str, deque[float]] = defaultdict(deque)  # chat -> monotonic seconds of the last minute
        self._said: dict[str, str] = {}  # chat -> the words that its next page shows
        self._awaited: dict[str, Awaited] = {}  # update -> what its page waits for
        self.files: dict[str, bytes] = {}  # update -> the file that was sent with it

    @contextmanager
    def listening(self, chat: str) -> Iterator[asyncio.Event]:
        """Yields an event that is set at each change of the chat. The waiting code clears it."""
        event = asyncio.Event()
        self._waiting[chat].add(event)
        try:
            yield event
        finally:
            self._waiting[chat].discard(event)
            if not self._waiting[chat]:
                del self._waiting[chat]

    def wake(self, chat: str) -> None:
        """Tells that a chat has changed."""
        for event in self._waiting.get(chat, ()):
            event.set()
        for awaited in self._awaited.values():
            if awaited.chat == chat:
                _resolve(awaited.form, "")

    def counts(self, visitor: Visitor, second: float) -> bool:
        """Counts a message or press of a visitor at a monotonic second. False if there were too many in a minute.

        A visitor at the machine has no limit.
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
        """Yields what will hold the words and the form of the answer to an update."""
        loop = asyncio.get_running_loop()
        awaited = Awaited(chat=chat, toast=loop.create_future(), form=loop.create_future())
        self._awaited[update] = awaited
        try:
            yield awaited
        finally:
            del self._awaited[update]

    @contextmanager
    def holding(self, update: str, file: bytes) -> Iterator[None]:
        """Holds the file of an update while the update is handled."""
        self.files[update] = file
        try:
            yield
        finally:
            self.files.pop(update, None)

    def acknowledge(self, callback: str, words: str) -> None:
        """Gives the words to the person who pressed the button, if they still wait."""
        if awaited := self._awaited.get(callback):
            _resolve(awaited.toast, words)

    def show_form(self, update: str, view: str) -> bool:
        """Gives a form to the page that made the update. Returns whether that page still waits."""
        awaited = self._awaited.get(update)
        return awaited is not None and _resolve(awaited.form, view)

    def keep_said(self, chat: str, words: str) -> None:
        """Keeps the words for the next page of a chat, for a browser without scripts."""
        if words:
            self._said[chat] = words

    def take_said(self, chat: str) -> str:
        """Returns the words that were kept, once."""
        return self._said.pop(chat, "")


def _resolve(expected: "asyncio.Future[str]", value: str) -> bool:
    """Sets the result if there is none yet. Returns whether it was set."""
    if expected.done():
        return False
    expected.set_result(value)
    return True


# ------------------------------------------------------------------------------------------------ the forms of the web

# Each has its own page (pages.py); the person who asked for the form is sent there.


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownForm:
    """A form as it is sent from the conversation to its page."""

    id: str  # of the callback token
    title: str
    submit_label: str
    close_label: str
    fields: tuple[FormField, ...]


class WebForms:
    """See Forms. There is no home view: the page shows the chat itself."""

    platform = WEB.name

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def render_modal(self, modal: Modal, callback_token: str) -> str:
        """See Forms."""
        form = ShownForm(
            id=callback_token,
            title=modal.title,
            submit_label=modal.submit_label,
            close_label=modal.close_label,
            fields=modal.fields,
        )
        return _VIEW.dump_json(form).decode()

    def render_home_view(self, home: HomeView) -> str:
        """See Forms. Returns nothing to show."""
        del home
        return ""

    async def open_modal(self, chat: ChatAddress, trigger_id: str, view: str) -> None:
        """See Forms. Raises Rejected if the page that asked waits no more, such as after a restart."""
        del chat
        if not self._hub.show_form(trigger_id, view):
            raise Rejected("The page that asked for the form is gone.")

    async def update_modal(self, chat: ChatAddress, view_ref: str, view: str) -> None:
        """See Forms. `view_ref` is the update that asked for it."""
        del chat
        self._hub.show_form(view_ref, view)

    async def publish_home(self, person: ChatAddress, view: str) -> None:
        """See Forms. Does nothing."""
        del person, view

    async def shared_chats(self, person: ChatAddress) -> frozenset[str] | None:
        """See Forms. Everybody has the own chat and no other."""
        return frozenset({person.address})


def read_form(view: str) -> ShownForm:
    """Returns the form that `WebForms.render_modal` wrote."""
    return _VIEW.validate_json(view)


_VIEW = TypeAdapter(ShownForm)


class WebChannel(Channel):
    """Stores the messages of chats on our own page. `open` gives it the store; before that it posts nothing."""

    platform = WEB.name
    adapter = "bot.platforms.web.adapter"  # the module that builds the platform
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
        payload, now = read_message(message, _checked, plain=plain), self.clock.now()
        given = {"delivery": delivery, "part": message.number, "now": now}
        try:
            number = await write(conversations.add_page_message, self._opened(), chat, payload, **given)
        except StoreError as error:
            raise RetryLater("The database cannot be used.") from error  # also if it was stored, see above
        self.hub.wake(chat.address)
        return str(number)

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        payload = read_message(message, _checked, plain=plain)
        number = int(message_id) if message_id.isascii() and message_id.isdecimal() else -1
        try:
            is_edited = await write(conversations.edit_page_message, self._opened(), chat, number, payload)
        except StoreError as error:
            raise RetryLater("The database cannot be used.") from error
        if not is_edited:
            raise Rejected("The message is not there any more.")
        self.hub.wake(chat.address)

    async def say(self, chat: ChatAddress, content: str, *, key: str, is_own: bool = False) -> int:
        """Stores a message that no delivery has, once for each `key`, and returns its number. Raises StoreError."""
        given = {"delivery": key, "part": 0, "is_own": is_own, "now": self.clock.now()}
        number = await write(conversations.add_page_message, self._opened(), chat, _storable(content), **given)
        self.hub.wake(chat.address)
        return number

    async def find(
        self, chat: ChatAddress, message: Message, *, delivery: str, after: datetime, thread: str | None = None
    ) -> str | None:
        """See Channel."""
        del after, thread
        given = {"delivery": delivery, "part": message.number}
        try:  # in the writer thread, so after every write that has begun
            number = await write(conversations.find_page_message, self._opened(), chat, **given)
        except StoreError as error:
            raise RetryLater("The database cannot be used.") from error
        return None if number is None else str(number)

    async def close(self) -> None:
        """See Channel. The store belongs to the caller."""
        self._store = None

    def _opened(self) -> Store:
        if self._store is None:
            raise RetryLater("The channel is closed.")
        return self._store


def _checked(content: object) -> str:
    """Returns a message as stored: {"html": …, "text": …}, or the text alone. Raises ValueError."""
    match content:
        case {"text": str(text), **rest}:
            html = rest.get("html", "")
            kept = {"html": html, "text": text} if isinstance(html, str) and html else {"text": text}
            return _storable(json.dumps(kept, ensure_ascii=False))
    raise ValueError("a payload for the web is an object with a text")


def _storable(text: str) -> str:
    """Returns the text with ? for lone surrogates, which no database takes."""
    return text.encode("utf-8", "replace").decode()
