"""The page of a chat: what it shows, what a person writes, presses and sends there, and what came since it was drawn.

It works without scripts: each form leads back to the page. With htmx, the same forms get only what is new as an answer,
and the page asks for that every two seconds. Until papers have come, it offers samples; a real digest replaces them.
"""

import asyncio
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeVar
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.app import App
from bot.digests import read_digest
from bot.messages import CallbackRequest, MessageRequest, Place, reply_delivery, typed_command
from bot.platforms.receivers import wait_for_reply
from bot.platforms.web import markup
from bot.platforms.web.adapter import WebPlatform
from bot.rendering.papers import paper_view
from bot.rendering.views import CARD, reader_of
from bot.sources.ingest import store_digest
from bot.web.visitors import Form, Visitor, Visitors, draw_page, is_from_script
from subscriptions.chats.known import known_or_new
from subscriptions.chats.stored.conversations import find_page_message, page_messages
from subscriptions.database.store import Transaction
from subscriptions.errors import Sentence, sentences
from subscriptions.language import Language, translator
from subscriptions.model import SAMPLES, Chat, ChatAddress, ChatKind, Digest, Item, StoredPaper
from subscriptions.papers.stored.feedback import signals_of_papers
from subscriptions.papers.stored.papers import first_paper_at
from subscriptions.plan import previews
from subscriptions.sources.poll_results import Outcome
from subscriptions.sources.stored import known_sources
from subscriptions.subscribing import access

T = TypeVar("T")

SHOWN = 60  # messages on one page; a link leads to older ones
AT_ONCE = 50  # changes that an open page gets together
MAX_MESSAGE_LENGTH = 8000  # characters of a message
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
FILES = ("daily_arxiv.md", "arxiv_rss.xml", "hf_papers.json", "bilingual.txt")  # of the samples
_COMING = Sentence(
    "No papers have come yet. Meanwhile you can try it with samples: real papers with made-up summaries."
)
_UNREACHED = Sentence(
    "arXiv cannot be reached from this machine; look at its network or proxy. I keep trying. "
    "Meanwhile you can try it with samples: real papers with made-up summaries."
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

    def __init__(self, app: App, channel: WebPlatform, visitors: Visitors) -> None:
        self._app, self._store, self._clock = app, app.store, app.clock
        self._channel = channel
        self._visitors = visitors

    async def show(self, request: Request) -> Response:
        """Show the newest messages, or those before the message with a given number."""
        visitor = await self._visitors.admitted(request)
        before = _number(request.query_params.get("before", ""))
        view = await self._store.read(view_of, visitor.chat, visitor.frame.language, before=before)
        words, found = WORDS, list[StoredPaper]()
        if await self._offers_samples(visitor):
            sources = await self._store.read(known_sources)
            has_failed = any(one.last and one.last.outcome is Outcome.FAILED for one in sources)
            words = {**WORDS, "offer": _UNREACHED if has_failed else _COMING}
            now, sample = self._clock.now(), (await asyncio.to_thread(_sample, FILES[0])).entries[0]
            found = [
                StoredPaper(id=0, paper=sample, sequence=None, sequenced_at=None, first_seen_at=now, day=now.date())
            ]
        elif not view.messages:
            found += await self._store.read(previews.newest_papers, now=self._clock.now(), most=1)
        reader = reader_of(view.chat)
        shown = [paper_view(Item(paper=one, because=(), position=0), reader, CARD) for one in found]
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
                example="" if view.messages else "".join(markup.RENDERER.draw(one).markup for one in shown),
            )
        )
        return HTMLResponse(html)

    async def say(self, request: Request) -> Response:
        """Handle a message, which may have a file, at most once for each `once` of the form."""
        visitor, form = await self._heard(request)
        text = form.text("text").replace("\r\n", "\n").strip()[:MAX_MESSAGE_LENGTH]
        if not text and not form.file:
            return await self._answer(request, visitor, form, "/#end")
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
        with _kept(self._channel.files, update, form.file):
            posting = await dispatcher.dispatch_without_retry(message)
        return await self._answer(request, visitor, form, "/#end", update=update, posting=posting)

    async def press(self, request: Request) -> Response:
        """Handle a pressed button."""
        visitor, form = await self._heard(request)
        data, message = form.text("press")[:MAX_MESSAGE_LENGTH], form.text("message")
        number = _number(message)
        update = _update(visitor, form, "pressed", f":{data[:100]}:{message[:20]}")
        pressed = CallbackRequest(
            **_by(visitor, update),
            callback_data=data,
            callback_id=update,
            message_id="" if number is None else str(number),
        )
        dispatcher = await self._visitors.handling()
        with _kept(self._channel.toasts, update, asyncio.get_running_loop().create_future()) as toast:
            posting = await dispatcher.dispatch_without_retry(pressed)
            await asyncio.wait((toast,), timeout=TOAST_WITHIN)
        said = toast.result() if toast.done() else ""
        place = f"/#m{number or 0}"
        return await self._answer(
            request, visitor, form, place, update=update, posting=posting, said=said, pressed=number
        )

    async def news(self, request: Request) -> Response:
        """Return what came since the page was drawn or asked last; an empty response if that is nothing."""
        visitor = await self._visitors.admitted(request)
        after = _number(request.query_params.get("after", "")) or 0
        return await self._news(visitor, request.query_params.get("language", ""), after)

    async def download(self, request: Request) -> Response:
        """Return the document in a message of this chat."""
        visitor = await self._visitors.admitted(request)
        number = _number(request.query_params.get("message", ""))
        content = await self._store.read(content_of, visitor.chat, number or 0)
        if "file" not in content:
            raise HTTPException(404)
        name, text = content["file"]["name"], content["file"]["text"]
        headers = {"content-disposition": f"attachment; filename*=utf-8''{quote(name, safe='')}"}
        return Response(text.encode("utf-8", "replace"), headers=headers, media_type="application/octet-stream")

    async def use_samples(self, request: Request) -> Response:
        """Store the samples as today's papers, since they have no day, if they are offered, and show the chat."""
        visitor, _ = await self._heard(request)
        if await self._offers_samples(visitor):
            for name in FILES:
                await store_digest(self._app, await asyncio.to_thread(_sample, name), source=SAMPLES)
        return RedirectResponse("/", 303)

    async def _offers_samples(self, visitor: Visitor) -> bool:
        """Return whether no source and no token is set, no paper is known, and the visitor is at this machine."""
        if not visitor.is_local or self._app.settings.sources:
            return False
        if any(platform.facts.token_variable for platform in self._app.platforms.values()):
            return False
        return await self._store.read(first_paper_at) is None

    async def _heard(self, request: Request) -> tuple[Visitor, Form]:
        """Return the visitor who sent a form, and the form. Open the chat of a visitor on this machine."""
        visitor = await self._visitors.admitted(request)
        form = await self._visitors.own_form(request)
        if visitor.is_local and not (await self._store.read(access.access_status, visitor.chat)).is_admitted:
            await self._store.write(
                access.open_page_chat,
                visitor.chat,
                lang=visitor.frame.language,
                timezone=visitor.timezone,
                now=self._clock.now(),
            )
        return visitor, form

    async def _answer(
        self,
        request: Request,
        visitor: Visitor,
        form: Form,
        place: str,
        *,
        update: str = "",
        posting: "asyncio.Task[None] | None" = None,
        said: str = "",
        pressed: int | None = None,
    ) -> Response:
        """Return what is new, if htmx asks; otherwise leads the browser to the answer to the update, else to `place`.

        `posting` posts that answer. `said`: a few words to show there.
        """
        if is_from_script(request):
            if posting:
                await asyncio.wait((posting,), timeout=ANSWER_WITHIN)
            after = _number(form.text("after")) or 0
            language = (await self._visitors.admitted(request)).frame.language  # what was said may have changed it
            return await self._news(visitor, language, after, said=said, pressed=pressed)
        if posting:
            await wait_for_reply(posting)
            answer = await self._store.read(find_page_message, visitor.chat, delivery=reply_delivery(update), part=1)
            place = place if answer is None else f"/#m{answer}"
        if said:
            request.session["said"] = said
        return RedirectResponse(place, 303)

    async def _news(
        self, visitor: Visitor, language: str, after: int, *, said: str | None = None, pressed: int | None = None
    ) -> Response:
        """Return what came after a change; "" if that is nothing. `language`: that of the page, or of the chat now."""
        view = await self._store.read(view_of, visitor.chat, visitor.frame.language, after=after)
        if view.change < after or language != visitor.frame.language:
            return Response(status_code=204, headers={"hx-refresh": "true"})
        if said is None and not view.messages:
            return Response(status_code=204)
        buttons = "" if pressed is None else await self._store.read(buttons_of, visitor.chat, pressed)
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


@contextmanager
def _kept(kept: dict[str, T], update: str, value: T) -> Iterator[T]:
    """Keep a value for an update while the body runs. A form may be sent twice at once; then the first one ends it."""
    is_first = update not in kept
    try:
        yield kept.setdefault(update, value)
    finally:
        if is_first:
            del kept[update]


def _sample(name: str) -> Digest:
    return read_digest(files("bot").joinpath("samples", name).read_bytes(), name)


def view_of(
    transaction: Transaction, chat: ChatAddress, language: str, *, before: int | None = None, after: int | None = None
) -> View:
    """Return the newest messages of a chat, or those before message number `before`, or what came since change `after`.

    Times are in the chat's zone, and buttons show whether they are pressed. What was there at `after` replaces what an
    open page shows. If the chat was erased since then, the view has a smaller change.
    """
    most = SHOWN if after is None else AT_ONCE
    messages, change = page_messages(transaction, chat, most, before=before, after=after)
    known = known_or_new(transaction, chat, ChatKind.PRIVATE, lang=language)
    words, day = Language(language, known.settings.timezone), None
    if after is not None and change >= after:
        change = messages[-1].change if messages else after
        new = next((one.number for one in messages if one.number > after), 0)
        for above in page_messages(transaction, chat, 1, before=new)[0]:
            day = words.local(above.at).date()
    contents = [json.loads(one.payload) for one in messages]
    papers = {paper for content in contents for paper in markup.papers_told_of(content.get("html", ""))}
    told = signals_of_papers(transaction, known.id, papers) if papers else frozenset()
    shown: list[ShownMessage] = []
    for message, content in zip(messages, contents, strict=True):
        local, replaces = words.local(message.at), after is not None and message.number <= after
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


def content_of(transaction: Transaction, chat: ChatAddress, number: int) -> Mapping[str, Any]:
    """Return the content of the message with this number; {} if the chat has no such message."""
    found, _ = page_messages(transaction, chat, 1, before=number + 1)
    return next((json.loads(one.payload) for one in found if one.number == number), {})


def buttons_of(transaction: Transaction, chat: ChatAddress, number: int) -> str:
    """Return the buttons of a message that show what the chat told of papers, as HTML."""
    html = content_of(transaction, chat, number).get("html", "")
    known = known_or_new(transaction, chat, ChatKind.PRIVATE)
    told = signals_of_papers(transaction, known.id, markup.papers_told_of(html))
    return markup.pressed_buttons(html, number, told)


def _by(visitor: Visitor, update: str) -> dict[str, Any]:
    """Return the fields of a request that say in which chat and by whom it was made."""
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
    """Return the id of an update. A form that is sent twice has the same id; ids of different chats differ."""
    once = form.text("once")
    if not _ONCE.fullmatch(once):
        once = secrets.token_urlsafe(16)
    return f"{visitor.name}:{what}:{once}{button}"


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None
