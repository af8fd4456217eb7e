"""The page of a chat: what it shows, what a person writes, presses and sends there, and what came since it was drawn.

It works without scripts: each form leads back to the page. With htmx, the same forms get only what is new as an answer,
and the page asks for that every two seconds.
"""

import asyncio
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.app import App
from bot.commands.results import result_items
from bot.pages import samples
from bot.pages.visitors import Form, Visitor, Visitors, is_from_script
from bot.platforms.receivers import wait_for_reply
from bot.platforms.web import markup
from bot.platforms.web.adapter import WebChannel
from bot.ports.conversation import CallbackRequest, MessageRequest, Place, reply_delivery, typed_command
from bot.rendering.page_frame import draw_page
from bot.rendering.papers import paper_view
from bot.rendering.views import CARD, reader_of
from subscriptions.errors import Sentence, sentences
from subscriptions.language import Language, translator
from subscriptions.model import Chat, ChatAddress, ChatKind, KnownPaper, Paper
from subscriptions.service import access, previews
from subscriptions.service.known_chats import known_or_new
from subscriptions.store.conversations import (
    PageMessage,
    find_page_message,
    page_messages,
)
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.interests import signals_of_papers

SHOWN = 60  # messages on one page; a link leads to older ones
AT_ONCE = 50  # changes that an open page gets together
LONGEST = 8000  # characters of a message
TOAST_WITHIN = 3.0  # seconds to wait for the words about a pressed button
ANSWER_WITHIN = 1.0  # seconds that htmx waits for an answer; a later one comes when the page asks again
_LONGEST_FILE_NAME = 80
_NUMBER = re.compile(r"[0-9]{1,12}")
_ONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")

WORDS = sentences(
    {
        "title": "Chat",
        "messages": "Messages",
        "say": "Your message",
        "send": "send",
        "attach": "send a file",
        "attached": "A library (BibTeX, RIS, CSL JSON), or subscriptions as text",
        "hint": "a topic, an author, or what you want",
        "you": "You",
        "edited": "edited",
        "earlier": "show earlier messages",
        "newest": "to the newest messages",
        "show_new": "show what is new",
        "file": "download",
        "welcome": "What do you read about? New papers on it come here every day.",
        "how": "Write as to a colleague, see what it finds, and press [subscribe].",
        "examples": "For example:",
        "newest_paper": "The newest paper",
        "sample": "A sample",
        "use_samples": "use the samples",
        "lost": "The connection is lost. It is tried again.",
        "unsent": "That was not sent. Please try again.",
    }
)
EXAMPLES = (
    Sentence("diffusion models, no surveys"),
    Sentence("agents cs.CL"),
    Sentence("reinforcement learning"),
)

ShownMessage = Mapping[str, object]  # a message as the templates show it


@dataclass(frozen=True, slots=True)
class View:
    """Messages of a chat at one moment."""

    chat: Chat
    messages: Sequence[ShownMessage]
    change: int  # number of the chat's last change that is in them


class ChatPage:
    """The page of the visitor's chat. `channel` stores what visitors write, so that the page shows it."""

    def __init__(self, app: App, channel: WebChannel, visitors: Visitors) -> None:
        self._app, self._store, self._clock = app, app.store, app.clock
        self._channel = channel
        self._visitors = visitors

    async def show(self, request: Request) -> Response:
        """Shows the newest messages, or those before the message with a given number."""
        visitor = await self._visitors.admitted(request)
        before = _number(request.query_params.get("before", ""))
        view = await self._store.run(page_of, visitor.chat, visitor.frame.language, before=before)
        offer, sample = await samples.offer(self._app, is_local=visitor.is_local)
        words = WORDS | ({"offer": offer} if offer else {})
        html = await asyncio.to_thread(
            lambda: draw_page(
                "chat.html",
                visitor.frame,
                words,
                messages=view.messages,
                change=view.change,
                said=request.session.pop("said", ""),
                once=secrets.token_urlsafe(16),
                is_newest=before is None,
                has_earlier=len(view.messages) == SHOWN,
                examples=[example.say(translator(visitor.frame.language)) for example in EXAMPLES],
                example="" if view.messages else self._example(view.chat, sample),
            )
        )
        return HTMLResponse(html)

    async def say(self, request: Request) -> Response:
        """Handles a message, which may have a file, at most once for each `once` of the form."""
        visitor, form = await self._heard(request)
        text = form.text("text").replace("\r\n", "\n").strip()[:LONGEST]
        if not text and not form.file:
            return await self._answer(request, visitor, form, "", "/#end")
        update = _update(visitor, form, "said")
        own = json.dumps({"text": text or f"📎 {form.file_name[:_LONGEST_FILE_NAME]}"}, ensure_ascii=False)
        await self._channel.say(visitor.chat, own, key=update, is_own=True)
        typed = typed_command(text)
        message = MessageRequest(
            **_by(visitor, update),
            command=typed.name,
            text=typed.rest,
            written_at=self._clock.now(),
            file_id=update if form.file else "",
        )
        dispatcher = await self._visitors.handling()
        # a form may be sent twice at once, and its file is kept until the end
        is_first = update not in self._channel.files
        self._channel.files[update] = form.file
        try:
            posting = await dispatcher.dispatch_without_retry(message)
        finally:
            if is_first:
                del self._channel.files[update]
        place = await self._place(request, visitor, update, posting)
        return await self._answer(request, visitor, form, "", place or "/#end")

    async def press(self, request: Request) -> Response:
        """Handles a pressed button."""
        visitor, form = await self._heard(request)
        data, message = form.text("press")[:LONGEST], form.text("message")
        number = _number(message)
        update = _update(visitor, form, "pressed", f":{data[:100]}:{message[:20]}")
        pressed = CallbackRequest(
            **_by(visitor, update),
            callback_data=data,
            callback_id=update,
            message_id="" if number is None else str(number),
        )
        dispatcher = await self._visitors.handling()
        is_first = update not in self._channel.toasts
        toast = self._channel.toasts.setdefault(update, asyncio.get_running_loop().create_future())
        try:
            posting = await dispatcher.dispatch_without_retry(pressed)
            await asyncio.wait((toast,), timeout=TOAST_WITHIN)
        finally:
            if is_first:
                del self._channel.toasts[update]
        said = toast.result() if toast.done() else ""
        place = await self._place(request, visitor, update, posting)
        return await self._answer(request, visitor, form, said, place or f"/#m{number or 0}", pressed=number)

    async def news(self, request: Request) -> Response:
        """Returns what came since the page was drawn or asked last; an empty response if that is nothing."""
        visitor = await self._visitors.admitted(request)
        after = _number(request.query_params.get("after", "")) or 0
        return await self._news(visitor, request.query_params.get("language", ""), after)

    async def download(self, request: Request) -> Response:
        """Returns the document in a message of this chat."""
        visitor = await self._visitors.admitted(request)
        number = _number(request.query_params.get("message", ""))
        content = await self._store.run(content_of, visitor.chat, number or 0)
        if "file" not in content:
            raise HTTPException(404)
        name, text = content["file"]["name"], content["file"]["text"]
        headers = {"content-disposition": f"attachment; filename*=utf-8''{quote(name, safe='')}"}
        return Response(text.encode("utf-8", "replace"), headers=headers, media_type="application/octet-stream")

    async def use_samples(self, request: Request) -> Response:
        """Stores the samples, and shows the chat."""
        visitor, _ = await self._heard(request)
        await samples.use(self._app, is_local=visitor.is_local)
        return RedirectResponse("/", 303)

    async def _heard(self, request: Request) -> tuple[Visitor, Form]:
        """Returns the visitor who sent a form, and the form. Opens the chat of a visitor on this machine."""
        visitor = await self._visitors.admitted(request)
        form = await self._visitors.own_form(request)
        if visitor.is_local and not (await self._store.run(access.standing_of, visitor.chat)).is_admitted:
            await self._store.run(
                access.open_page_chat,
                visitor.chat,
                lang=visitor.frame.language,
                timezone=visitor.timezone,
                now=self._clock.now(),
            )
        return visitor, form

    async def _place(self, request: Request, visitor: Visitor, update: str, posting: "asyncio.Task[None]") -> str:
        """Waits for the answer to an update. Returns its place on the page; "" if it is no message of its own."""
        if is_from_script(request):
            await asyncio.wait((posting,), timeout=ANSWER_WITHIN)
            return ""
        await wait_for_reply(posting)
        answer = await self._store.run(find_page_message, visitor.chat, delivery=reply_delivery(update), part=1)
        return "" if answer is None else f"/#m{answer}"

    async def _answer(
        self, request: Request, visitor: Visitor, form: Form, said: str, place: str, *, pressed: int | None = None
    ) -> Response:
        """Returns what is new, if htmx asks; otherwise leads the browser to `place`.

        `said`: a few words to show there.
        """
        if not is_from_script(request):
            if said:
                request.session["said"] = said
            return RedirectResponse(place, 303)
        after = _number(form.text("after")) or 0
        language = (await self._visitors.admitted(request)).frame.language  # what was said may have changed it
        return await self._news(visitor, language, after, said=said, pressed=pressed)

    async def _news(
        self, visitor: Visitor, language: str, after: int, *, said: str | None = None, pressed: int | None = None
    ) -> Response:
        """Returns what came after a change; "" if that is nothing. `language`: that of the page, or of the chat now."""
        view = await self._store.run(news_of, visitor.chat, visitor.frame.language, after)
        if view is None or language != visitor.frame.language:
            return Response(status_code=204, headers={"hx-refresh": "true"})
        if said is None and not view.messages:
            return Response(status_code=204)
        buttons = "" if pressed is None else await self._store.run(buttons_of, visitor.chat, pressed)
        html = draw_page(
            "news.html",
            visitor.frame,
            WORDS,
            messages=view.messages,
            change=view.change,
            said=said,
            buttons=buttons,
            once="",
        )
        return HTMLResponse(html)

    def _example(self, chat: Chat, sample: Paper | None) -> str:
        """Returns the newest paper as HTML, else the sample that is offered; "" if there is none."""
        now = self._clock.now()
        found = previews.newest_papers(self._store, now=now, most=1)
        if not found and sample is not None:
            found = (
                KnownPaper(id=0, paper=sample, sequence=None, sequenced_at=None, first_seen_at=now, day=now.date()),
            )
        views = (paper_view(item, reader_of(chat), CARD) for item in result_items(found))
        return "".join(markup.MEDIUM.draw(view).markup for view in views)


@reads
def page_of(transaction: Transaction, chat: ChatAddress, language: str, *, before: int | None = None) -> View:
    """Returns the newest messages of a chat, or those before message number `before`."""
    messages, change = page_messages(transaction, chat, SHOWN, before=before)
    return _view(transaction, chat, language, messages, change)


@reads
def news_of(transaction: Transaction, chat: ChatAddress, language: str, after: int) -> View | None:
    """Returns the messages that were written or edited after a change; None if the chat was erased since then."""
    messages, change = page_messages(transaction, chat, AT_ONCE, after=after)
    if change < after:
        return None
    new = [one.number for one in messages if one.number > after]
    before, _ = page_messages(transaction, chat, 1, before=new[0]) if new else ([], 0)
    reached = messages[-1].change if messages else after
    return _view(transaction, chat, language, messages, reached, before=before, is_after=after)


@reads
def content_of(transaction: Transaction, chat: ChatAddress, number: int) -> Mapping[str, Any]:
    """Returns the content of the message with this number; {} if the chat has no such message."""
    found, _ = page_messages(transaction, chat, 1, before=number + 1)
    return next((json.loads(one.payload) for one in found if one.number == number), {})


@reads
def buttons_of(transaction: Transaction, chat: ChatAddress, number: int) -> str:
    """Returns the buttons of a message that show what the chat told of papers, as HTML."""
    html = content_of(transaction, chat, number).get("html", "")
    known = known_or_new(transaction, chat, ChatKind.PRIVATE)
    told = signals_of_papers(transaction, known.id, markup.papers_told_of(html))
    return markup.pressed_buttons(html, number, told)


def _view(
    transaction: Transaction,
    chat: ChatAddress,
    language: str,
    messages: Sequence[PageMessage],
    change: int,
    *,
    before: Sequence[PageMessage] = (),
    is_after: int | None = None,
) -> View:
    """Returns messages for the page, with times in the chat's zone, and buttons that show whether they are pressed.

    `before`: the message above the first one, if the page shows it already. `is_after`: the last message on an open
    page; those up to it replace what is there.
    """
    known = known_or_new(transaction, chat, ChatKind.PRIVATE, lang=language)
    contents = [json.loads(one.payload) for one in messages]
    papers = {paper for content in contents for paper in markup.papers_told_of(content.get("html", ""))}
    told = signals_of_papers(transaction, known.id, papers) if papers else frozenset()
    words = Language(language, known.settings.timezone)
    day = words.local(before[0].at).date() if before else None
    shown: list[ShownMessage] = []
    for message, content in zip(messages, contents, strict=True):
        local, replaces = words.local(message.at), is_after is not None and message.number <= is_after
        shown.append(
            {
                "number": message.number,
                "is_own": message.is_own,
                "html": markup.with_pressed(content.get("html", ""), message.number, told),  # safe: we drew it
                "text": content["text"],  # plain text, used if there is no HTML
                "file": content.get("file", {}).get("name", ""),
                "day": "" if replaces or local.date() == day else words.day(local.date()),
                "time": f"{local:%H:%M}",
                "moment": local.isoformat(timespec="minutes"),
                "is_edited": message.is_edited,
                "replaces": replaces,
            }
        )
        if not replaces:
            day = local.date()
    return View(chat=known, messages=shown, change=change)


def _by(visitor: Visitor, update: str) -> dict[str, Any]:
    """Returns the fields of a request that say in which chat and by whom it was made."""
    return {
        "place": Place(visitor.chat, ChatKind.PRIVATE),
        "update_id": update,
        "sender": visitor.name,
        "sender_name": visitor.name,
        "is_local": visitor.is_local,
        "language": visitor.frame.language,
        "timezone": visitor.timezone,
    }


def _update(visitor: Visitor, form: Form, what: str, button: str = "") -> str:
    """Returns the id of an update. A form that is sent twice has the same id; ids of different chats differ."""
    once = form.text("once")
    if not _ONCE.fullmatch(once):
        once = secrets.token_urlsafe(16)
    return f"{visitor.name}:{what}:{once}{button}"


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None
