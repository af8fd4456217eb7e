"""The pages of a chat: the log with its form, the stream of what is new (server-sent events), documents, forms, subscriptions.

An event has the number of the chat's change as its id, so a browser that reconnects continues where it stopped. A form is
drawn from its callback token at each request. So it can be reloaded, and no process keeps state. Beside the chat each
subscription has a row, with what it found in the last days and buttons that change it.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.commands.phrasing import Localizer
from bot.commands.phrasing.subscription_words import subscription_rows
from bot.context import write
from bot.platforms.receiver_loop import wait_for_reply
from bot.platforms.web import WEB, markup
from bot.platforms.web.incoming import Heard, Talk, new_once
from bot.platforms.web.markup import ChatView, page, shown
from bot.platforms.web.outgoing import Hub, ShownForm, WebChannel
from bot.platforms.web.playground import draw_papers
from bot.ports.channel import FormField
from bot.ports.conversation import RequestDispatcher
from bot.ports.web_page import PageFrame, PageRequest, PageResponse, WebPage
from bot.rendering.language import Language
from bot.rendering.plots import few_bars
from bot.rendering.query_text import query_in_words
from bot.rendering.templating import draw_page, draw_part
from subscriptions.errors import Sentence, StoreError
from subscriptions.model import Chat, ChatAddress, KnownPaper
from subscriptions.query.parse import parse_query
from subscriptions.service import paper_search
from subscriptions.service.access import choose_language
from subscriptions.service.next_deliveries import Listed, listed
from subscriptions.states import SubscriptionState
from subscriptions.store.conversations import changed_page_messages, newest_page_messages
from subscriptions.store.database.store import Store

AT_ONCE = 50  # messages that are read together
LOOK_AGAIN = 2.0  # seconds until the store is looked at without a call: another process may have written there
QUIET_LOOKS = 8  # looks without anything new after which a line is sent, so that a lost connection is noticed
RETRY = 2000  # milliseconds until the browser connects again
_PANEL_WORDS = {
    "subscriptions": Sentence("Your subscriptions"),
    "none": Sentence("None yet. Search for something and press [subscribe]."),
    "new": Sentence("new subscription"),
    "settings": Sentence("settings"),
}
_HELD = (("edit", Sentence("edit")), ("resume", Sentence("resume")), ("unsub", Sentence("remove")))
_ACTIVE = (("edit", Sentence("edit")), ("pause", Sentence("pause")), ("unsub", Sentence("remove")))


async def events(
    hub: Hub, store: Store, chat: Chat, frame: PageFrame, after: int, *, panel: Callable[[], str]
) -> AsyncIterator[str]:
    """Yields the changes of a chat after change `after`, until the reader disconnects. `panel` draws its subscriptions."""
    yield f"retry: {RETRY}\n\n"
    with hub.listening(chat.address.address) as woken:
        quiet = 0
        while True:
            woken.clear()
            messages, changes = await asyncio.to_thread(changed_page_messages, store, chat.address, after, AT_ONCE)
            if changes < after:  # the chat was erased
                yield event("reload", changes, "")
                return
            for message in messages:
                after = message.change
                yield event("message", after, markup.fragment(shown(store, [message], chat, frame), frame))
            if messages:
                yield event("panel", after, await asyncio.to_thread(panel))
            quiet = 0 if messages else quiet + 1
            if quiet >= QUIET_LOOKS:
                yield ": nothing new\n\n"
                quiet = 0
            if len(messages) < AT_ONCE:
                await _until(woken)


def event(kind: str, number: int, data: str) -> str:
    """Returns an event as it is sent (html.spec.whatwg.org, server-sent events)."""
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"event: {kind}\nid: {number}\n{lines}\n"


async def _until(woken: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(LOOK_AGAIN):
            await woken.wait()
    except TimeoutError:
        pass


log = logging.getLogger("paperwire")
END = "/#end"  # the newest message
FORM = "/chat/form"  # the page of a form
_LONGEST_NUMBER = 12  # digits
NOT_NOW = PageResponse(status=503, body="Not now.\n", kind="text/plain")
TOO_MUCH = PageResponse(status=429, body="That was too much. Wait a minute.\n", kind="text/plain")
_Work = Callable[[PageRequest, RequestDispatcher], Awaitable[PageResponse]]


def answering(channel: WebChannel, work: _Work) -> Callable[[PageRequest], Awaitable[PageResponse]]:
    """Returns the page that does this work, where people can talk to the bot now, not too often, and the store works."""

    async def answer(asked: PageRequest) -> PageResponse:
        if asked.dispatcher is None:
            return NOT_NOW
        if not channel.hub.counts(asked.visitor, channel.clock.monotonic()):
            return TOO_MUCH
        try:
            return await work(asked, asked.dispatcher)
        except StoreError as error:
            log.error("What somebody sent from the page could not be handled: %s", error)
            return NOT_NOW

    return answer


class ChatPages:
    """The pages of the chats of one database, and of their forms."""

    def __init__(self, channel: WebChannel, store: Store) -> None:
        self._channel = channel
        self._store = store
        self._talk = Talk(channel, store)

    def all(self) -> tuple[WebPage, ...]:
        """Returns the pages."""
        return (
            WebPage(path="/", answer=self.show, label=Sentence("Chat")),
            WebPage(path="/chat/say", answer=answering(self._channel, self.say), method="POST"),
            WebPage(path="/chat/press", answer=answering(self._channel, self.press), method="POST"),
            WebPage(path="/chat/events", answer=self.follow),
            WebPage(path="/chat/file", answer=self.download),
            WebPage(path="/chat/file", answer=answering(self._channel, self.say), method="POST", takes_file=True),
            WebPage(path=FORM, answer=answering(self._channel, self.show_form)),
            WebPage(path=FORM, answer=answering(self._channel, self.take_form), method="POST"),
        )

    async def show(self, asked: PageRequest) -> PageResponse:
        """Shows the newest messages, or those before the one that is named."""
        before = _number(asked.query.get("before", ""))
        view = await asyncio.to_thread(markup.look, self._store, asked.frame, before=before)
        if asked.frame.has_chosen_language and ("language" in asked.query or "lang" not in view.chat.chosen):
            now = self._channel.clock.now()
            await write(choose_language, self._store, view.chat.address, asked.frame.language, now=now)
        said = self._channel.hub.take_said(asked.visitor.name)
        body = await asyncio.to_thread(self._drawn, view, said, is_newest=before is None)
        return PageResponse(body=body)

    def _drawn(self, view: ChatView, said: str, *, is_newest: bool) -> str:
        once = new_once()
        if not view.messages:
            return page(view, said, once, is_newest=is_newest, example=self._example(view))
        return page(view, said, once, is_newest=is_newest, panel=self._panel(view.frame))

    def _panel(self, frame: PageFrame) -> str:
        chat, frame = markup.framed(self._store, frame)
        return draw_panel(self._store, chat, frame, now=self._channel.clock.now(), once=new_once())

    def _example(self, view: ChatView) -> str:
        """Returns the newest paper, else one of those that are offered; "" if there are none."""
        now = self._channel.clock.now()
        offered = [offer.example for offer in view.frame.offers if offer.example]
        sample = [
            KnownPaper(id=0, paper=paper, sequence=None, sequenced_at=None, first_seen_at=now, day=now.date())
            for paper in offered
        ]
        return draw_papers(
            [*paper_search.newest_papers(self._store, now=now, most=1), *sample][:1], None, view.chat, alone=True
        )

    async def say(self, asked: PageRequest, dispatcher: RequestDispatcher) -> PageResponse:
        """Takes a message, or a file."""
        return await self._done(asked, await self._talk.say(asked.frame, asked.form, dispatcher, asked.file))

    async def press(self, asked: PageRequest, dispatcher: RequestDispatcher) -> PageResponse:
        """Takes a pressed button."""
        return await self._done(asked, await self._talk.press(asked.frame, asked.form, dispatcher))

    async def follow(self, asked: PageRequest) -> PageResponse:
        """Sends changes since the last one that the browser has, or since the page was drawn."""
        view = await asyncio.to_thread(markup.look, self._store, asked.frame)
        after = _number(asked.headers.get("last-event-id", "") or asked.query.get("after", ""))
        start = view.change if after is None else after
        return PageResponse(
            stream=events(
                self._channel.hub, self._store, view.chat, view.frame, start, panel=partial(self._panel, asked.frame)
            )
        )

    async def download(self, asked: PageRequest) -> PageResponse:
        """Hands out the document of a message of this chat."""
        number = _number(asked.query.get("message", ""))
        found = await asyncio.to_thread(_document, self._store, markup.chat_of(asked.visitor.name), number or 0)
        if found is None:
            return PageResponse(status=404, body="There is no such page.\n", kind="text/plain")
        name, text = found
        shown = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in name)
        kept = {"content-disposition": f'attachment; filename="{shown}"'}
        return PageResponse(body=text.encode("utf-8", "replace"), kind="application/octet-stream", headers=kept)

    async def _done(self, asked: PageRequest, heard: Heard) -> PageResponse:
        """Sends the browser to the newest message, or to the form that was asked for.

        Our own script gets the words to show, and the address of the form.
        """
        goes = f"{FORM}?id={heard.form.id}" if heard.form else ""
        if asked.wants_fragment:
            told = {"said": heard.toast, "goes": goes, **({"shows": dict(heard.shows)} if heard.shows else {})}
            return PageResponse(body=json.dumps(told, ensure_ascii=False), kind="application/json")
        if heard.update and not goes:
            await wait_for_reply(self._store, WEB.name, heard.update)
        self._channel.hub.keep_said(asked.visitor.name, heard.toast)
        return PageResponse(location=goes or END)

    # -------------------------------------------------------------------------------------------------------------- forms

    async def show_form(self, asked: PageRequest, dispatcher: RequestDispatcher) -> PageResponse:
        """Shows a form as it was opened."""
        return await self._form_page(asked, dispatcher, asked.query.get("id", ""), {})

    async def take_form(self, asked: PageRequest, dispatcher: RequestDispatcher) -> PageResponse:
        """Takes a form that was sent, or previews it."""
        form_id = asked.form.get("id", "")
        values = {name.removeprefix(_FIELD): value for name, value in asked.form.items() if name.startswith(_FIELD)}
        if "look" in asked.form:
            return await self._form_page(asked, dispatcher, form_id, values)
        return await self._form_sent(asked, dispatcher, form_id, values)

    async def _form_sent(
        self, asked: PageRequest, dispatcher: RequestDispatcher, form_id: str, values: Mapping[str, str]
    ) -> PageResponse:
        """Redirects to the chat, which shows the answer; or shows the form again with its errors."""
        once = asked.form.get("once", "")
        update, problems = await self._talk.submit(asked.frame, form_id, values, dispatcher, once=once)
        if problems:
            return await self._form_page(asked, dispatcher, form_id, values, problems)
        await wait_for_reply(self._store, WEB.name, update)
        return PageResponse(location=END)

    async def _form_page(
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
        _, frame = await asyncio.to_thread(markup.framed, self._store, asked.frame)
        if form is None:
            gone = " ".join(wrong.values()) or _GONE.say(Language(frame.language, "UTC").translate)
            self._channel.hub.keep_said(asked.visitor.name, gone)
            return PageResponse(location=END)
        fields = _fields(form, wrong)
        others = [words for name, words in wrong.items() if name not in {one.field.name for one in fields}]
        shown = {"form": form, "fields": fields, "others": others, "path": FORM, "end": END, "once": new_once()}
        page = await asyncio.to_thread(draw_page, "form.html", frame, form.title, words=_WORDS, wrong=wrong, **shown)
        return PageResponse(body=page)


def _document(store: Store, chat: ChatAddress, number: int) -> tuple[str, str] | None:
    """Returns name and text of the document in a message of this chat."""
    found, _ = newest_page_messages(store, chat, 1, before=number + 1)
    for message in found:
        file = json.loads(message.payload).get("file")
        if message.number == number and file:
            return file["name"], file["text"]
    return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None


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


# -------------------------------------------------------------------------------------- the subscriptions beside a chat


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRow:
    """One subscription as the panel shows it."""

    query: str
    remark: str  # when it comes next, or why it does not
    is_held: bool
    bars: str  # SVG: its papers of the last days, day by day
    buttons: Sequence[tuple[str, str]]  # (what a press says in the chat, label)


def draw_panel(store: Store, chat: Chat, frame: PageFrame, *, now: datetime, once: str) -> str:
    """Returns the panel as HTML. `once`: the id of the next press."""
    there = listed(store, chat.address) if chat.id else ()
    found = paper_search.found_by_day(store, chat, [one.subscription for one in there], now=now)
    rows = _rows(there, found, Language(frame.language, chat.settings.timezone), now)
    return draw_part("panel.html", frame, words=_PANEL_WORDS, rows=rows, once=once)


def _rows(
    there: Sequence[Listed], found: Mapping[str, Sequence[int]], language: Language, now: datetime
) -> list[PanelRow]:
    def own(one: Listed) -> Localizer:
        return language.speaking(language.code, one.zone)

    shown = []
    reading = subscription_rows(there, lambda text: query_in_words(parse_query(text), language.translate), own, now)
    for one, row in zip(there, reading, strict=True):
        subscription = one.subscription
        days, is_held = found[subscription.canonical], subscription.state is SubscriptionState.PAUSED
        papers = language.count("{count} paper", "{count} papers", sum(days))
        counted = language.say("{papers} in the last {days} days", papers=papers, days=paper_search.DAYS_KNOWN)
        comes = language.say("next {moment}", moment=row.next_due) if row.next_due else language.say("as papers come")
        shown.append(
            PanelRow(
                query=f"{row.number}  {row.reading}",
                remark=row.state or f"{comes} · {counted}",
                is_held=is_held,
                bars=few_bars(counted, days),
                buttons=[
                    (f"/{verb} {row.number}", label.say(language.translate))
                    for verb, label in (_HELD if is_held else _ACTIVE)
                ],
            )
        )
    return shown
