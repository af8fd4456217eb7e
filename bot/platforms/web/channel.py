"""The channel and the forms of the web: how long a message may be, how many in a minute, how long a press waits; requests of visitors.

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

from pydantic import TypeAdapter

from bot.platforms.web import FACTS, markup
from bot.platforms.web.secrets_of_chats import SecretsOfChats
from bot.ports import channel as channels
from bot.ports.conversation import (
    CallbackRequest,
    FormRequest,
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
    form: "asyncio.Future[str]"  # the form that the answer opens; "" if a message was posted instead


class Hub:
    """What requests of this process wait for, and how often visitors spoke."""

    def __init__(self) -> None:
        self._spoke: defaultdict[str, deque[float]] = defaultdict(deque)  # chat -> times of its latest requests
        self._said: dict[str, str] = {}  # chat -> the words for its next page
        self._awaited: dict[str, Awaited] = {}  # update -> what its page waits for
        self.files: dict[str, bytes] = {}  # update -> the file that was sent with it

    def posted(self, chat: str) -> None:
        """Tells the requests of a chat that the answer is a message, and opens no form."""
        for awaited in self._awaited.values():
            if awaited.chat == chat:
                _resolve(awaited.form, "")

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
        """Yields the futures of the words and the form in the answer to an update."""
        loop = asyncio.get_running_loop()
        awaited = Awaited(chat=chat, toast=loop.create_future(), form=loop.create_future())
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

    def show_form(self, update: str, view: str) -> bool:
        """Passes a form to the page that sent the update. Returns whether that page still waits."""
        awaited = self._awaited.get(update)
        return awaited is not None and _resolve(awaited.form, view)

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


# ------------------------------------------------------------------------------------------------- the forms of the web

# Each form has its own page (adapter.py), to which the browser of the person is redirected.


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownForm:
    """A form, as the conversation passes it to its page."""

    id: str  # the callback token
    modal: channels.Modal


class WebForms(channels.Forms):
    """See Forms. There is no home view: the page shows the chat itself."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def render_modal(self, modal: channels.Modal, callback_token: str) -> str:
        """See Forms."""
        return _VIEW.dump_json(ShownForm(id=callback_token, modal=modal)).decode()

    def render_home_view(self, home: channels.HomeView) -> str:
        """See Forms. Returns "", since there is nothing to show."""
        del home
        return ""

    async def open_modal(self, chat: ChatAddress, trigger_id: str, view: str) -> None:
        """See Forms. Raises Rejected if the page that requested the form no longer waits, as after a restart."""
        del chat
        if not self._hub.show_form(trigger_id, view):
            raise Rejected("The page that asked for the form is gone.")

    async def update_modal(self, chat: ChatAddress, view_ref: str, view: str) -> None:
        """See Forms. `view_ref` is the id of the update that requested the change."""
        del chat
        self._hub.show_form(view_ref, view)

    async def shared_chats(self, person: ChatAddress) -> frozenset[str] | None:
        """See Forms. Each person has only their own chat."""
        return frozenset({person.address})


_VIEW = TypeAdapter(ShownForm)


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
        payload = self.secrets.hidden(channels.read_message(message, _checked, plain=plain))
        with channels.store_outcomes():  # the message may have been stored; then a retry changes nothing
            return str(await self.say(chat, payload, key=delivery, part=message.number))

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        payload = self.secrets.hidden(channels.read_message(message, _checked, plain=plain))
        number = int(message_id) if message_id.isascii() and message_id.isdecimal() else -1
        with channels.store_outcomes():
            is_edited = await self._opened().run(page_messages.edit_page_message, chat, number, _storable(payload))
        if not is_edited:
            raise Rejected("The message is not there any more.")
        self.hub.posted(chat.address)

    async def say(self, chat: ChatAddress, content: str, *, key: str, part: int = 0, is_own: bool = False) -> int:
        """Stores a message, once for each `key` and `part`. Returns its number. Raises StoreError."""
        number = await self._opened().run(
            page_messages.add_page_message,
            chat,
            _storable(content),
            delivery=key,
            part=part,
            is_own=is_own,
            now=self.clock.now(),
        )
        self.hub.posted(chat.address)
        return number

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


# ------------------------------------------------------------------------------- what visitors write, press and fill in


_LONGEST_NAME = 80  # characters of a file's name
LONGEST = 8000  # characters of a message; Telegram accepts half of that
TOAST_WITHIN = 3.0  # seconds to wait for the words about a pressed button
FORM_WITHIN = 1.0  # seconds to wait for an answer to open a form; if it posts a message instead, the wait ends early
_NUMBER = re.compile(r"[0-9]{1,12}")
_ONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The results of a request that the page shows in addition to messages."""

    update: str = ""  # the id of the update; "" if there was nothing to do
    number: int = 0  # the message that the visitor wrote, or whose button they pressed; 0 if there is none
    pressed: str = ""  # the data of that button
    toast: str = ""  # a few words to show
    form: ShownForm | None = None  # a form to show next
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
            trigger_id=update,
            file_id=file_id,
        )
        with hub.expecting(update, chat.address) as awaited, hub.holding(file_id, file):
            await dispatcher.dispatch_without_retry(message)
            return Heard(update=update, number=number, form=await _form(awaited))

    async def press(self, asked: PageRequest, dispatcher: RequestDispatcher) -> Heard:
        """Handles a pressed button. Raises StoreError."""
        form, chat = asked.form, await self._let_in(asked.frame)
        message = form.get("message", "")
        update = _update(asked, "pressed", f":{form.get('press', '')[:100]}:{message[:20]}")
        pressed = CallbackRequest(
            **_by_visitor(asked.frame, update),
            callback_data=form.get("press", "")[:LONGEST],
            callback_id=update,
            trigger_id=update,
            message_id=message if _NUMBER.fullmatch(message) else "",
        )
        with self._channel.hub.expecting(update, chat.address) as awaited:
            await dispatcher.dispatch_without_retry(pressed)
            await asyncio.wait((awaited.toast,), timeout=TOAST_WITHIN)
        toast, number = awaited.toast.result() if awaited.toast.done() else "", int(pressed.message_id or 0)
        shows: Mapping[str, bool] = {}
        if toast:
            shows = await self._store.run(markup.pressed_in, chat, number)
        return Heard(
            update=update,
            number=number,
            pressed=pressed.callback_data,
            toast=toast,
            form=_shown(awaited),
            shows=shows,
        )

    async def fill_in(
        self,
        asked: PageRequest,
        dispatcher: RequestDispatcher,
        form_id: str,
        values: Mapping[str, str],
    ) -> ShownForm | None:
        """Returns a form with the values entered so far; None if the form no longer exists. Raises StoreError."""
        update = f"{asked.visitor.name}:filled:{new_once()}"
        with self._channel.hub.expecting(update, asked.visitor.name) as awaited:
            filled = _filled(asked.frame, form_id, update, values, is_submitted=False)
            await dispatcher.dispatch_without_retry(filled)
            return await _form(awaited)

    async def submit(
        self,
        asked: PageRequest,
        dispatcher: RequestDispatcher,
        form_id: str,
        values: Mapping[str, str],
    ) -> tuple[str, Mapping[str, str]]:
        """Handles a sent form, at most once for each `once` of it. Returns (update id, errors by field). Raises StoreError."""
        await self._let_in(asked.frame)
        update = _update(asked, "sent")
        filled = _filled(asked.frame, form_id, update, values, is_submitted=True)
        return update, await dispatcher.dispatch_without_retry(filled)

    async def _let_in(self, frame: PageFrame) -> ChatAddress:
        """Returns the visitor's chat, which it opens for a visitor on this machine."""
        chat = markup.chat_of(frame.visitor.name)
        if frame.visitor.is_local and not (await self._store.run(access.standing_of, chat)).is_admitted:
            now = self._channel.clock.now()
            await self._store.run(access.open_page_chat, chat, lang=frame.language, timezone=frame.timezone, now=now)
        return chat


def _filled(
    frame: PageFrame, form_id: str, update: str, values: Mapping[str, str], *, is_submitted: bool
) -> FormRequest:
    return FormRequest(
        **_by_visitor(frame, update),
        callback_data=form_id[:LONGEST],
        view_id=update,
        values={name: value[:LONGEST] for name, value in values.items()},
        is_submitted=is_submitted,
    )


async def _form(awaited: Awaited) -> ShownForm | None:
    """Waits until a form is shown or a message is posted. Returns the form; None if there is none."""
    await asyncio.wait((awaited.form,), timeout=FORM_WITHIN)
    return _shown(awaited)


def _shown(awaited: Awaited) -> ShownForm | None:
    view = awaited.form.result() if awaited.form.done() else ""
    return _VIEW.validate_json(view) if view else None


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
