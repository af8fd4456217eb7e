"""The links in mails, and the pages that they open: what needs a press there, what a program may do without, the answer.

A link is signed, so that no one can invent or change one. Its page shows what the link does, with a button, and after a
press the answer. Opening a link changes nothing, because security scanners open every link. RFC 8058 lets a mail
program post to the link of List-Unsubscribe without showing a page.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape, unescape
from typing import Literal

from itsdangerous import BadData, URLSafeSerializer
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request as WebRequest
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.http import SECRET_PAGE, with_any_prefix
from bot.messages import CallbackRequest, MessageRequest, Place, typed_command, usable_text
from bot.platforms.base import RequestDispatcher
from bot.platforms.email import FACTS
from bot.platforms.email.markup import PRESS, Payload, line
from bot.platforms.receivers import PageReceiver, wait_for_reply
from bot.rendering.dialects import draw
from bot.rendering.views import reader_of
from subscriptions.chats.addresses import parse_address
from subscriptions.chats.stored.chats import find_chat
from subscriptions.database import bot_state
from subscriptions.database.store import Store, Transaction
from subscriptions.errors import Sentence, StoreError
from subscriptions.model import Chat, ChatAddress, ChatState

PATH = "/mail"
Does = Literal["press", "say"]  # presses a button; says a command, or what the person types on the page
_LONGEST_LINK = 4000  # characters; a longer link is not read
_KEY = "mail-key"
_LONGEST_TEXT = 2000  # characters that a person types
_LARGEST_BODY = 65_536  # bytes
_HEADERS = {
    **SECRET_PAGE,
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-frame-options": "DENY",
}
_SAY, _SEND = Sentence("a topic, an author, or what you want"), Sentence("send")
_DONE, _NOTHING = Sentence("Done"), Sentence("That is being done. It can take a moment.")
_NOT_NOW = "Not now. Please try again in a minute."
_GONE = "This link does not work any more. Newer mail has newer links."


@dataclass(frozen=True, slots=True)
class Link:
    """What a link does, and in which chat."""

    chat: int  # the id of the chat; after the chat is erased, another chat may get this id
    address: str  # the address of the chat, so that the link works only for this chat
    does: Does
    data: str  # data of the button, or the text to say; "": what is typed
    label: str = ""  # the name of the action on the page

    @classmethod
    def of(cls, chat: Chat, does: Does, data: str, label: str = "") -> "Link":
        """Return a link that does something in a chat."""
        return cls(chat.id, str(chat.address), does, data, label)


class Signer:
    """Writes and reads signed links. `root`: the web address of the pages."""

    def __init__(self, key: str, root: str) -> None:
        self._root = root
        self._signed = URLSafeSerializer(key)

    def url(self, chat: Chat, does: Does, data: str, label: str = "") -> str:
        """Return the web address of a link that does something in a chat."""
        return f"{self._root}{PATH}?link={self.token(Link.of(chat, does, data, label))}"

    def token(self, link: Link) -> str:
        """Return the link and its signature as one word."""
        return str(self._signed.dumps([link.chat, link.address, link.does, link.data, link.label]))

    def read(self, token: str) -> Link | None:
        """Return the link in a word from `token`; None for any other word."""
        try:
            return Link(*self._signed.loads(token[:_LONGEST_LINK]))
        except BadData:
            return None

    def linked(self, chat: Chat, html: str) -> str:
        """Return the HTML of a payload with signed links for its buttons."""

        def signed(found: re.Match[str]) -> str:
            data, style, label = found.groups()
            address = self.url(chat, "press", unescape(data), unescape(label))
            return f'href="{escape(address)}"{style}>{label}<'

        return PRESS.sub(signed, html)


def signer_of(transaction: Transaction, root: str) -> Signer:
    """Return the signer with the key of this database. Makes the key at the first call."""
    return Signer(bot_state.made_value(transaction, _KEY, partial(secrets.token_hex, 32)), root)


class MailPages(PageReceiver):
    """A Receiver of the requests that people make on the pages of mail links."""

    name = "pages of mail"

    def __init__(
        self, store: Store, signer: Callable[[], Awaitable[Signer]], waiting: dict[str, list[Payload]]
    ) -> None:
        """Take `waiting`: update id → messages for its page."""
        super().__init__()
        self.store, self.signer, self.waiting = store, signer, waiting

    @property
    def routes(self) -> list[Route]:
        """See Receiver."""
        limit = [Middleware(RequestBodyLimitMiddleware, max_body_size=_LARGEST_BODY)]
        return [Route(path, self._answer, methods=["GET", "POST"], middleware=limit) for path in with_any_prefix(PATH)]

    async def _answer(self, request: WebRequest) -> Response:
        """Return the page of a link; after a press, does what it says before.

        Its signature shows whether we made it.
        """
        try:
            form = await request.form()
        except UnicodeError:  # its encoding is one that Python has for other purposes
            return _words(404, _GONE)
        fields = {**request.query_params, **{name: value for name, value in form.items() if isinstance(value, str)}}
        try:
            signer = await self.signer()
            link = signer.read(fields.get("link", ""))
            chat = await self._chat_of(link) if link else None
            if link is None or chat is None:
                return _words(404, _GONE)
            if request.method != "POST":
                return _page(chat, signer, link)
            dispatcher = await self.dispatcher()
            if dispatcher is None:
                return _words(503, _NOT_NOW)
            answers = await self._do(chat, link, fields, dispatcher)
            return _page(await self._chat_of(link) or chat, signer, link, answers)
        except StoreError:
            return _words(503, _NOT_NOW)

    async def _chat_of(self, link: Link) -> Chat | None:
        """Return the chat of a link; None if it was erased, even if another one has its id now. Raise StoreError."""
        found = await self.store.read(find_chat, parse_address(link.address))
        return found if found and found.id == link.chat else None

    async def _do(
        self, chat: Chat, link: Link, fields: Mapping[str, str], dispatcher: RequestDispatcher
    ) -> Sequence[Payload]:
        """Do what the link says, at most once for each `once` of a page. Return the answer. Raise StoreError."""
        once = usable_text(fields.get("once"))[:64] or secrets.token_urlsafe(16)
        update = f"{chat.address.address}:{once}:{link.data[:64]}"
        page = self.waiting.setdefault(update, [])  # two presses of one button share the answer
        typed = usable_text(fields.get("text"))[:_LONGEST_TEXT].strip()
        try:
            await wait_for_reply(await dispatcher.dispatch_without_retry(_request(chat.address, link, typed, update)))
        finally:
            self.waiting.pop(update, None)
        return page


def _words(status: int, words: str) -> Response:
    return PlainTextResponse(f"{words}\n", status, _HEADERS)


def _request(chat: ChatAddress, link: Link, typed: str, update: str) -> CallbackRequest | MessageRequest:
    """Return the request of the person who received the mail."""
    place = Place(chat, FACTS.kind_of(chat))
    if link.does == "press":
        return CallbackRequest(
            place=place,
            update_id=update,
            sender=chat.address,
            sender_name=chat.address,
            callback_data=link.data,
            callback_id=update,
        )
    said = typed_command(link.data or typed)
    return MessageRequest(
        place=place,
        update_id=update,
        sender=chat.address,
        sender_name=chat.address,
        command=said.name,
        text=said.rest,
    )


def _page(chat: Chat, signer: Signer, link: Link, answers: Sequence[Payload] | None = None) -> Response:
    """Return the page with the button of a link. With `answers`, returns the page that shows them after the press."""
    say = reader_of(chat).language.say
    title, body, talk = link.label or (FACTS.title if answers is None else say(_DONE)), "", ""
    buttons = [[(link.label or "OK", "", signer.token(link))]]  # rows of (label, address, or else a link)
    if answers is not None:
        shown = answers or [line(say(_NOTHING))]
        body = "\n".join(signer.linked(chat, one["html"]) or line(one["text"])["html"] for one in shown)
        buttons = [
            [(label, url, signer.token(Link.of(chat, "press", data, label))) for label, data, url in row]
            for one in shown
            for row in one["buttons"]
        ]
        if chat.state is not ChatState.UNCONFIRMED:
            talk = signer.token(Link.of(chat, "say", ""))
    html = draw(
        "email",
        "page.html",
        language=chat.settings.lang,
        title=title,
        address=chat.address.address,
        body=body,
        buttons=buttons,
        talk=talk,
        once=secrets.token_urlsafe(12),
        path=PATH.lstrip("/"),
        words={"say": say(_SAY), "send": say(_SEND)},
    )
    return HTMLResponse(html, headers=_HEADERS)
