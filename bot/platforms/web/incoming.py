"""Turns what a visitor writes, presses and fills in into requests, which are handled like those of any platform."""

import asyncio
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.context import write
from bot.platforms.web.markup import chat_of, pressed_in
from bot.platforms.web.outgoing import Awaited, ShownForm, WebChannel, read_form
from bot.ports.conversation import CallbackRequest, FormRequest, MessageRequest, Place, Request, RequestDispatcher
from bot.ports.web_page import PageFrame
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.service.access import open_page_chat, standing_of
from subscriptions.store.database.store import Store

_LONGEST_NAME = 80  # characters of the name of a file
LONGEST = 8000  # characters of a message; Telegram takes half of it
TOAST_WITHIN = 3.0  # seconds for the few words about a pressed button
FORM_WITHIN = 1.0  # seconds for a form, which is shown before anything is posted
_COMMAND = re.compile(r"/(?P<name>[^\W\d_]\w*)(?:\s+(?P<rest>.*))?", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,12}")
_ONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The results of a request that the page shows beside the messages."""

    update: str = ""  # "" if there was nothing to do
    toast: str = ""  # a few words
    form: ShownForm | None = None  # shown next
    shows: Mapping[str, bool] = field(
        default_factory=dict
    )  # what the buttons of the pressed message show, and whether it is so


class Talk:
    """Passes on what visitors do. `channel` stores their own words, so that the page shows them."""

    def __init__(self, channel: WebChannel, store: Store) -> None:
        self._channel = channel
        self._store = store

    async def say(
        self, frame: PageFrame, form: Mapping[str, str], dispatcher: RequestDispatcher, file: bytes = b""
    ) -> Heard:
        """Handles a message, perhaps with a file, once for each `once` of the form. Raises StoreError."""
        text = form.get("text", "").replace("\r\n", "\n").strip()[:LONGEST]
        if not text and not file:
            return Heard()
        chat, update, now = chat_of(frame.visitor.name), _update(frame, form, "said"), self._channel.clock.now()
        await self._let_in(chat, frame)
        if "quiet" not in form:  # a button of the panel: its answer says enough
            own = text or f"📎 {form.get('file', '')[:_LONGEST_NAME]}"
            await self._channel.say(chat, json.dumps({"text": own}, ensure_ascii=False), key=update, is_own=True)
        hub, file_id = self._channel.hub, update if file else ""
        with hub.expecting(update, chat.address) as awaited, hub.holding(file_id, file):
            await dispatcher.dispatch_without_retry(_message(frame, text, update, now, file_id=file_id))
            return Heard(update=update, form=await _form(awaited))

    async def press(self, frame: PageFrame, form: Mapping[str, str], dispatcher: RequestDispatcher) -> Heard:
        """Handles a pressed button. Raises StoreError."""
        chat, update = chat_of(frame.visitor.name), _update(frame, form, "pressed")
        await self._let_in(chat, frame)
        message = form.get("message", "")
        pressed = CallbackRequest(
            place=_place(chat),
            update_id=update,
            sender=chat.address,
            sender_name=chat.address,
            is_local=frame.visitor.is_local,
            language=frame.language,
            timezone=frame.timezone,
            callback_data=form.get("press", "")[:LONGEST],
            callback_id=update,
            trigger_id=update,
            message_id=message if _NUMBER.fullmatch(message) else "",
        )
        with self._channel.hub.expecting(update, chat.address) as awaited:
            await dispatcher.dispatch_without_retry(pressed)
            await asyncio.wait((awaited.toast,), timeout=TOAST_WITHIN)
        toast, number = awaited.toast.result() if awaited.toast.done() else "", int(pressed.message_id or 0)
        shows = await asyncio.to_thread(pressed_in, self._store, chat, number) if toast else {}
        return Heard(update=update, toast=toast, form=_shown(awaited), shows=shows)

    async def fill_in(
        self, frame: PageFrame, form_id: str, values: Mapping[str, str], dispatcher: RequestDispatcher
    ) -> ShownForm | None:
        """Returns a form for the values so far, or as it was opened; None if there is none. Raises StoreError."""
        update = _update(frame, {}, "filled")
        with self._channel.hub.expecting(update, frame.visitor.name) as awaited:
            await dispatcher.dispatch_without_retry(_filled(frame, form_id, update, values, is_submitted=False))
            return await _form(awaited)

    async def submit(
        self, frame: PageFrame, form_id: str, values: Mapping[str, str], dispatcher: RequestDispatcher, *, once: str
    ) -> tuple[str, Mapping[str, str]]:
        """Handles a form, once for each `once`. Returns the update's id, and errors by field. Raises StoreError."""
        await self._let_in(chat_of(frame.visitor.name), frame)
        update = _update(frame, {"once": once}, "sent")
        request = _filled(frame, form_id, update, values, is_submitted=True)
        return update, await dispatcher.dispatch_without_retry(request)

    async def _let_in(self, chat: ChatAddress, frame: PageFrame) -> None:
        if frame.visitor.is_local and not (await asyncio.to_thread(standing_of, self._store, chat)).is_admitted:
            now = self._channel.clock.now()
            await write(open_page_chat, self._store, chat, lang=frame.language, timezone=frame.timezone, now=now)


def _message(frame: PageFrame, text: str, update: str, now: datetime, *, file_id: str) -> Request:
    """Returns the request of a message: a command, or other words."""
    chat, found = chat_of(frame.visitor.name), _COMMAND.fullmatch(text)
    return MessageRequest(
        place=_place(chat),
        update_id=update,
        sender=chat.address,
        sender_name=chat.address,
        is_local=frame.visitor.is_local,
        language=frame.language,
        timezone=frame.timezone,
        command=found["name"].casefold() if found else "",
        text=(found["rest"] or "") if found else text,
        written_at=now,
        trigger_id=update,
        file_id=file_id,
    )


def _filled(
    frame: PageFrame, form_id: str, update: str, values: Mapping[str, str], *, is_submitted: bool
) -> FormRequest:
    chat = chat_of(frame.visitor.name)
    return FormRequest(
        place=_place(chat),
        update_id=update,
        sender=chat.address,
        sender_name=chat.address,
        is_local=frame.visitor.is_local,
        language=frame.language,
        timezone=frame.timezone,
        callback_data=form_id[:LONGEST],
        view_id=update,
        values={name: value[:LONGEST] for name, value in values.items()},
        is_submitted=is_submitted,
    )


async def _form(awaited: Awaited) -> ShownForm | None:
    """Waits until a form is shown or something is posted instead, and returns the form."""
    await asyncio.wait((awaited.form,), timeout=FORM_WITHIN)
    return _shown(awaited)


def _shown(awaited: Awaited) -> ShownForm | None:
    view = awaited.form.result() if awaited.form.done() else ""
    return read_form(view) if view else None


def new_once() -> str:
    """Returns the id of a form that is to be sent once."""
    return secrets.token_urlsafe(16)


def _place(chat: ChatAddress) -> Place:
    return Place(chat=chat, kind=ChatKind.PRIVATE)


def _update(frame: PageFrame, form: Mapping[str, str], what: str) -> str:
    """Returns the id of an update: the same for a form that is sent twice, and another one in each chat."""
    once = form.get("once", "")
    if not _ONCE.fullmatch(once):
        once = new_once()
    button = f":{form.get('press', '')[:100]}:{form.get('message', '')[:20]}" if what == "pressed" else ""
    return f"{frame.visitor.name}:{what}:{once}{button}"
