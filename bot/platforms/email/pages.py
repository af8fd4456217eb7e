"""The page that a link in a mail opens: what it does, one button, and the answer.

Opening a link changes nothing, because programs that look through mail for harm open every link. RFC 8058 lets a mail program
post to the link of List-Unsubscribe without a page.
"""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from urllib.parse import parse_qsl

from bot.platforms.email import EMAIL, writing
from bot.platforms.email.outgoing import EmailChannel, Payload
from bot.platforms.email.writing import Link, Reader
from bot.platforms.receiver_loop import wait_for_reply
from bot.ports.channel import File, usable_text
from bot.ports.conversation import (
    CallbackRequest,
    MessageRequest,
    Place,
    PlatformApi,
    Request,
    RequestDispatcher,
    WebRequest,
    WebResponse,
    WebRoute,
)
from bot.rendering.templating import draw
from subscriptions.errors import Sentence, StoreError
from subscriptions.model import Chat, ChatAddress
from subscriptions.store.database.store import Store

_LONGEST_TEXT = 2000  # characters that a person types
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_SAY, _SEND = Sentence("a topic, an author, or what you want"), Sentence("send")
_DONE, _NOTHING = Sentence("Done"), Sentence("That is being done. It can take a moment.")
_GONE = "This link does not work any more. Newer mail has newer links."


class EmailApi(PlatformApi):
    """See PlatformApi. An address is one person, who manages nothing else."""

    platform = EMAIL.name

    def __init__(self, channel: EmailChannel) -> None:
        self._channel = channel

    async def acknowledge(self, callback_id: str, words: str = "") -> None:
        """See PlatformApi. The words are the first line of the page."""
        if words and (page := self._channel.waiting.get(callback_id)) is not None:
            page.append(_line(words))

    async def send_file(self, chat: ChatAddress, file: File) -> str:
        """See PlatformApi. The page that waits in that chat offers it."""
        data = b64encode(file.text.encode("utf-8", "replace")).decode()
        link = f'<a download="{escape(file.name)}" href="data:text/plain;base64,{data}">{escape(file.name)}</a>'
        for update, page in self._channel.waiting.items():
            if update.startswith(f"{chat.address}:"):
                page.append({**_line(file.name), "html": f"<tr><td>{link}</td></tr>"})
        return file.name


def _line(words: str) -> Payload:
    html = f'<tr><td class="ink">{escape(words)}</td></tr>'
    return {"subject": words, "about": "", "preview": "", "text": words, "html": html, "buttons": []}


@dataclass(slots=True, kw_only=True)
class MailPages:
    """A Receiver: people press what came by mail, on its page."""

    channel: EmailChannel
    store: Store
    name: str = "pages of mail"
    problem: str = ""
    is_exclusive: bool = False
    _dispatcher: RequestDispatcher | None = field(init=False, default=None)

    @property
    def routes(self) -> list[WebRoute]:
        """See Receiver."""
        return [
            WebRoute(path=writing.PATH, answer=partial(self.answer, does=method == "POST"), method=method)
            for method in ("GET", "POST")
        ]

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Requests come by the page."""
        self._dispatcher = dispatcher
        try:
            await asyncio.Event().wait()
        finally:
            self._dispatcher = None

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Nothing waits: a page that was not answered says so."""
        del dispatcher

    async def answer(self, call: WebRequest, *, does: bool) -> WebResponse:
        """Shows what a link does, or does it. Anybody may open it: the link itself says whether it is ours."""
        fields = {**call.query, **dict(parse_qsl(call.body.decode("utf-8", "replace")))}
        try:
            signer = await self.channel.signer()
            link = signer.read(fields.get("link", "")[: writing.LONGEST])
            chat = await asyncio.to_thread(writing.chat_with, self.store, link.chat) if link else None
            if link is None or chat is None or str(chat.address) != link.address:
                return WebResponse(status=404, body=f"{_GONE}\n", headers=_HEADERS)
            reader = Reader(chat=chat, signer=signer)
            if not does:
                return _page(reader, link)
            if self._dispatcher is None:
                return WebResponse(status=503, body="Not now. Please try again in a minute.\n", headers=_HEADERS)
            answers = await self._do(chat, link, fields.get("text", ""), fields.get("once", ""), self._dispatcher)
            after = await asyncio.to_thread(writing.chat_with, self.store, link.chat)
            return _page(Reader(chat=after or chat, signer=signer), link, answers)
        except StoreError:
            return WebResponse(status=503, body="Not now. Please try again in a minute.\n", headers=_HEADERS)

    async def _do(
        self, chat: Chat, link: Link, text: str, once: str, dispatcher: RequestDispatcher
    ) -> Sequence[Payload]:
        """Does what the link says, once for each `once`, and returns the answer. Raises StoreError."""
        address = chat.address
        update = f"{address.address}:{usable_text(once)[:64] or secrets.token_urlsafe(16)}:{link.data[:64]}"
        page = self.channel.waiting.setdefault(update, [])  # a button that is pressed twice has one answer
        try:
            await dispatcher.dispatch_without_retry(_request(address, link, usable_text(text)[:_LONGEST_TEXT], update))
            await wait_for_reply(self.store, EMAIL.name, update)
        finally:
            self.channel.waiting.pop(update, None)
        return page


def _request(chat: ChatAddress, link: Link, text: str, update: str) -> Request:
    """Returns the request of the person to whom the mail came."""
    place, person = Place(chat=chat, kind=EMAIL.kind_of(chat)), chat.address
    if link.does == "press":
        return CallbackRequest(
            place=place,
            update_id=update,
            sender=person,
            sender_name=person,
            callback_data=link.data,
            callback_id=update,
        )
    typed = link.data if link.does == "say" else text.strip()
    name, _, rest = typed.removeprefix("/").partition(" ")
    is_command = typed.startswith("/")
    return MessageRequest(
        place=place,
        update_id=update,
        sender=person,
        sender_name=person,
        command=name.casefold() if is_command else "",
        text=rest if is_command else typed,
    )


def _page(reader: Reader, link: Link, answers: Sequence[Payload] | None = None) -> WebResponse:
    """Returns the page before the button was pressed, or with the answer to it."""
    language = reader.language
    once = secrets.token_urlsafe(12)
    if answers is None:
        title, body, buttons = (
            link.label or EMAIL.title,
            "",
            [[(link.label or "OK", {"link": reader.signer.token(link)})]],
        )
    else:
        title = link.label if link.does != "talk" else _DONE.say(language.translate)
        shown = answers or [_line(_NOTHING.say(language.translate))]
        body = "\n".join(reader.linked(one["html"]) or _line(one["text"])["html"] for one in shown)
        buttons = [
            [(label, url or {"link": _pressed(reader, data, label)}) for label, data, url in row]
            for one in shown
            for row in one["buttons"]
        ]
    talk = (
        reader.signer.token(Link(reader.chat.id, str(reader.chat.address), "talk", ""))
        if answers is not None and reader.is_confirmed
        else ""
    )
    html = draw(
        "email",
        "page.html",
        language=reader.chat.settings.lang,
        title=title,
        address=reader.chat.address.address,
        body=body,
        buttons=buttons,
        say=talk,
        once=once,
        path=writing.PATH.lstrip("/"),
        words={"say": _SAY.say(language.translate), "send": _SEND.say(language.translate)},
    )
    return WebResponse(body=html, kind="text/html", headers=_HEADERS)


def _pressed(reader: Reader, data: str, label: str) -> str:
    return reader.signer.token(Link(reader.chat.id, str(reader.chat.address), "press", data, label))
