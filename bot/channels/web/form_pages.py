"""The page of a form: a person fills it in, previews it and sends it; it comes back with the errors beside the fields.

Each request draws the page from the callback token of the form. So it can be reloaded, and no process keeps state.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from bot.channels.web.hub import ShownForm
from bot.channels.web.outbound import WebChannel
from bot.channels.web.pages import END, FORM, NOT_NOW, TOO_MUCH
from bot.channels.web.talk import Talk, new_once
from bot.channels.web.view import framed
from bot.ports.conversation import RequestDispatcher
from bot.ports.reply import FormField
from bot.ports.web_page import PageRequest, PageResponse, WebPage
from bot.rendering.display.web_pages import draw_page
from bot.rendering.text.language import Language
from subscriptions.errors import Sentence, StoreError
from subscriptions.store import Store

log = logging.getLogger("paperwire")

_FIELD = "field-"  # before the names of a form's fields, which are not ours
_FEW = 4  # options that all are seen, not in a menu
_WORDS = {
    "optional": Sentence("optional"),
    "look": Sentence("show what it finds"),
    "marked": Sentence("That is not done yet. Please look at what is marked."),
}
_GONE = Sentence("This form is gone. Please open it again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnField:
    """A field as the page shows it."""

    field: FormField
    kind: str  # "text", "clock", "choice" or "menu"
    problem: str
    is_first: bool  # has the focus when the page is shown

    @property
    def id(self) -> str:
        """The id of its input."""
        return f"{_FIELD}{self.field.name}"

    @property
    def about(self) -> str:
        """The ids of the elements that describe its input."""
        parts = {"problem": self.problem, "hint": self.field.hint, "notes": self.field.notifies_change}
        return " ".join(f"{self.id}-{name}" for name, there in parts.items() if there)


class FormPages:
    """The pages of the forms of one database."""

    def __init__(self, channel: WebChannel, store: Store) -> None:
        self._channel = channel
        self._store = store
        self._talk = Talk(channel, store)

    def all(self) -> tuple[WebPage, ...]:
        """Returns the pages."""
        return (
            WebPage(path=FORM, answer=self.show),
            WebPage(path=FORM, answer=self.take, method="POST"),
        )

    async def show(self, asked: PageRequest) -> PageResponse:
        """Shows a form as it was opened."""
        if (dispatcher := asked.dispatcher) is None:
            return NOT_NOW
        if not self._channel.hub.counts(asked.visitor, self._channel.clock.monotonic()):
            return TOO_MUCH
        try:
            return await self._drawn(asked, dispatcher, asked.query.get("id", ""), {})
        except StoreError as error:
            return _failed(error)

    async def take(self, asked: PageRequest) -> PageResponse:
        """Takes a form that was sent, or previews it."""
        if (dispatcher := asked.dispatcher) is None:
            return NOT_NOW
        if not self._channel.hub.counts(asked.visitor, self._channel.clock.monotonic()):
            return TOO_MUCH
        form_id = asked.form.get("id", "")
        values = {name.removeprefix(_FIELD): value for name, value in asked.form.items() if name.startswith(_FIELD)}
        try:
            if "look" in asked.form:
                return await self._drawn(asked, dispatcher, form_id, values)
            return await self._sent(asked, dispatcher, form_id, values)
        except StoreError as error:
            return _failed(error)

    async def _sent(
        self, asked: PageRequest, dispatcher: RequestDispatcher, form_id: str, values: Mapping[str, str]
    ) -> PageResponse:
        """Redirects to the chat, which shows the answer; or shows the form again with its errors."""
        once = asked.form.get("once", "")
        update, problems = await self._talk.submit(asked.frame, form_id, values, dispatcher, once=once)
        if problems:
            return await self._drawn(asked, dispatcher, form_id, values, problems)
        await self._talk.wait_for_reply(update)
        return PageResponse(location=END)

    async def _drawn(
        self,
        asked: PageRequest,
        dispatcher: RequestDispatcher,
        form_id: str,
        values: Mapping[str, str],
        problems: Mapping[str, str] | None = None,
    ) -> PageResponse:
        """Returns the page of a form with these values; the chat, if that form is gone."""
        wrong = problems or {}
        form = await self._talk.fill_in(asked.frame, form_id, values, dispatcher)
        _, frame = await asyncio.to_thread(framed, self._store, asked.frame)
        if form is None:
            gone = " ".join(wrong.values()) or _GONE.say(Language(frame.language, "UTC").translate)
            self._channel.hub.keep_said(asked.visitor.name, gone)
            return PageResponse(location=END)
        fields = _fields(form, wrong)
        others = [words for name, words in wrong.items() if name not in {one.field.name for one in fields}]
        shown = {"form": form, "fields": fields, "others": others, "path": FORM, "end": END, "once": new_once()}
        page = await asyncio.to_thread(draw_page, "form.html", frame, form.title, words=_WORDS, wrong=wrong, **shown)
        return PageResponse(body=page)


def _fields(form: ShownForm, wrong: Mapping[str, str]) -> list[DrawnField]:
    names = [field.name for field in form.fields]
    first = next((name for name in names if name in wrong), names[0] if names else "")
    return [
        DrawnField(
            field=field, kind=_kind(field), problem=wrong.get(field.name, ""), is_first=field.name == first
        )
        for field in form.fields
    ]  # fmt: skip


def _kind(field: FormField) -> str:
    if field.options:
        return "choice" if len(field.options) <= _FEW else "menu"
    return "clock" if field.is_clock else "text"


def _failed(error: StoreError) -> PageResponse:
    log.error("A form on the page could not be handled: %s", error)
    return NOT_NOW
