"""The adapter of e-mail: sends mail by SMTP, and has the pages that the links in mails open.

A delivery is one mail with a stable Message-ID, by which mail programs recognise a mail that comes twice. The page of a link
shows what the link does, with a button, and after a press the answer. Opening a link changes nothing, because security
scanners open every link. RFC 8058 lets a mail program post to the link of List-Unsubscribe without showing a page.
"""

import asyncio
import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from functools import partial
from html import escape
from ipaddress import ip_address
from typing import Any, TextIO
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib
from pydantic import SecretStr

from bot.platform import Finding, Platform, PlatformSurroundings, switched_off
from bot.platforms.email import FACTS, markup
from bot.platforms.email.answers import Step, outcome_of
from bot.platforms.email.settings import MailSettings
from bot.platforms.receiver_loop import wait_for_reply
from bot.ports import channel as channels
from bot.ports import conversation
from bot.rendering.templating import draw
from bot.settings import Settings
from subscriptions import errors, model
from subscriptions.store.database.store import Store

TIMEOUT = 60.0  # seconds for one step; RFC 5321 (4.5.3.2) recommends minutes, but that would block the lane
# how many times as long the answer to the content may take. RFC 5321 (4.5.3.2.6) requires ten minutes, since whoever
# gives up earlier sends mails that have arrived a second time.
PATIENCE = 10
AT_ONCE = 4  # connections at the same time; servers allow one client only a few
PROMPT = 2.0  # seconds; a mail whose answer takes longer does not count, so that it keeps no other mail waiting
ANSWER = "reply"  # prefix of `delivery` in an answer; the id of the update follows
_NOT_IN_ID = re.compile(r"[^\w.+-]", re.ASCII)  # an answer has an id from the browser
_PORTS = {"smtp": 587, "smtps": 465}

Payload = Mapping[str, Any]  # see bot/platforms/email/markup.py


def _server(url: SecretStr) -> str:
    """Returns the host and port of the server of PAPERWIRE_SMTP_URL, without the password."""
    parts = urlsplit(url.get_secret_value())
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or _PORTS[parts.scheme]}"


def _hand_over(url: SecretStr, name: str, timeout: float) -> Callable[[], aiosmtplib.SMTP]:
    """Returns a function that makes a client, not yet connected, for the server of PAPERWIRE_SMTP_URL.

    `name` is the name by which the client greets.
    """
    parts = urlsplit(url.get_secret_value())
    is_tls = parts.scheme == "smtps"  # TLS from the first byte; otherwise STARTTLS, if the server offers it
    host, user = parts.hostname or "", unquote(parts.username or "")
    # With a password, encryption is required. Without one, mail is sent unencrypted if the server offers nothing else.
    start_tls = False if is_tls or _is_here(host) else (True if user else None)
    return partial(
        aiosmtplib.SMTP,
        hostname=host,
        port=parts.port or _PORTS[parts.scheme],
        use_tls=is_tls,
        start_tls=start_tls,
        local_hostname=name,
        timeout=timeout,
        username=user or None,
        password=unquote(parts.password or "") or None,
    )


def _is_here(host: str) -> bool:
    """Returns whether the server is this machine. Such mail needs no encryption, because it does not use the network."""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _greeting(settings: Settings, domain: str) -> str:
    """Returns the name by which we greet a mail server. Servers refuse "localhost" and names without a dot."""
    host = urlsplit(settings.web_url or "").hostname or ""
    return host if "." in host.strip(".") and not _is_address(host) else domain


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class EmailChannel(channels.Channel):
    """Sends messages by mail. `open` gives it the store, which contains the key of its links. Before that it sends nothing.

    The answer to a button goes to the page that waits for it, not into a mail. `waiting`: update id → messages for its page.
    """

    platform = FACTS.name
    not_found = "A mail server cannot be asked what it took."
    not_edited = "A mail cannot be changed once it was sent."
    repeats_once = True
    answers_on_page = True
    adapter = "bot.platforms.email.adapter"  # the module that makes a platform of this channel
    limits = channels.Limits(text=10_000_000, per_second=5, per_lane=0)

    def __init__(self, settings: Settings, clock: channels.Clock, *, timeout: float = TIMEOUT) -> None:
        own = settings.of(MailSettings)
        assert own.smtp_url is not None  # noqa: S101 - without it the platform is off
        name, address = parseaddr(own.mail_from or "")
        self.server = _server(own.smtp_url)
        self.sender = Address(name or "paperwire", addr_spec=address)
        self._hand_over = _hand_over(own.smtp_url, _greeting(settings, self.sender.domain), timeout)
        self._timeout = timeout
        self.clock = clock
        self.waiting: dict[str, list[Payload]] = {}
        self._root = settings.pages_url
        self._store: Store | None = None
        self._signer: markup.Signer | None = None
        self._places = asyncio.Semaphore(AT_ONCE)

    def open(self, store: Store) -> None:
        """Lets the channel send. Its links are signed with the key of this store."""
        self._store = store

    async def signer(self) -> markup.Signer:
        """Returns the signer of links. Raises StoreError."""
        if self._signer is None:
            self._signer = await self._opened().run(markup.signer, self._root)
        return self._signer

    async def post(
        self,
        chat: model.ChatAddress,
        message: model.Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Channel. Returns the Message-ID of the mail."""
        payload = channels.read_message(message, _checked, plain=plain)
        if (page := self.waiting.get(delivery.removeprefix(ANSWER))) is not None:
            page.append(payload)
            return delivery
        try:
            reader = await self._reader(chat)
        except errors.StoreError as error:
            raise errors.RetryLater("The database cannot be used.") from error
        if delivery.startswith(ANSWER) and not reader.is_confirmed:
            raise errors.Rejected("The page that asked is gone, and nothing but the question goes to this address.")
        domain = self.sender.domain
        message_id = f"<{_NOT_IN_ID.sub('-', delivery)}.{message.number}@{domain}>"
        mail = markup.write_mail(
            payload,
            reader,
            sender=self.sender,
            message_id=message_id,
            thread=thread or markup.thread_of(reader.chat, payload["about"], domain),
            now=self.clock.wall(),
        )
        await self._send(chat.address, mail)
        return message_id

    async def identity(self) -> str:
        """See Channel. Returns the sender's address, to which the database belongs."""
        return self.sender.addr_spec

    async def check(self) -> None:
        """Connects, signs in and names the sender, without sending anything. Raises NotDelivered."""
        client = self._hand_over()
        await _connect(client)
        try:
            with _outcomes("sender"):
                await client.mail(self.sender.addr_spec)
        finally:
            await _leave(client)

    async def _reader(self, chat: model.ChatAddress) -> markup.Reader:
        found = await self._opened().run(markup.chat_at, chat)
        if found is None:
            raise errors.Rejected("The chat was erased.")
        return markup.Reader(chat=found, signer=await self.signer())

    def _opened(self) -> Store:
        if self._store is None:
            raise errors.RetryLater("The channel is closed.")
        return self._store

    async def _send(self, address: str, mail: bytes) -> None:
        """Sends a mail. Raises NotDelivered."""
        client = self._hand_over()
        with ExitStack() as place:
            await self._places.acquire()
            place.callback(self._places.release)
            try:
                await _connect(client)
                with _outcomes("sender"):
                    await client.mail(self.sender.addr_spec)
                with _outcomes("recipient"):
                    await client.rcpt(address)
                asyncio.get_running_loop().call_later(PROMPT, place.close)
                with _outcomes("content"):
                    await client.data(mail, timeout=self._timeout * PATIENCE)
            except BaseException:  # also if the process stops
                client.close()
                raise
        await _leave(client)


async def _connect(client: aiosmtplib.SMTP) -> None:
    """Connects and signs in. Raises NotDelivered."""
    with _outcomes("begin"):
        await client.connect()


async def _leave(client: aiosmtplib.SMTP) -> None:
    """Ends a connection. Ignores errors, since the server keeps the mails that it has accepted."""
    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        client.close()


@contextmanager
def _outcomes(step: Step) -> Iterator[None]:
    try:
        yield
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise outcome_of(error, step) from error


def _checked(payload: object) -> Payload:
    texts = ("subject", "about", "preview", "text", "html")
    if isinstance(payload, dict) and all(isinstance(payload.get(name), str) for name in texts):
        storable = {name: payload[name].encode("utf-8", "replace").decode() for name in texts}  # no lone surrogates
        return {"buttons": [], **payload, **storable}
    raise ValueError("a payload for e-mail is an object with subject, about, preview, text and html")


# --------------------------------------------------------------------------------- the page that a link in a mail opens


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
_SAY, _SEND = errors.Sentence("a topic, an author, or what you want"), errors.Sentence("send")
_DONE, _NOTHING = errors.Sentence("Done"), errors.Sentence("That is being done. It can take a moment.")
_GONE = "This link does not work any more. Newer mail has newer links."


class EmailApi(conversation.PlatformApi):
    """See PlatformApi. An address is the chat of one person, who manages no other chat."""

    platform = FACTS.name

    def __init__(self, channel: EmailChannel) -> None:
        self._channel = channel

    async def acknowledge(self, callback_id: str, words: str = "") -> None:
        """See PlatformApi. The words become the first line of the page."""
        if words and (page := self._channel.waiting.get(callback_id)) is not None:
            page.append(_line(words))

    async def send_file(self, chat: model.ChatAddress, file: channels.File) -> str:
        """See PlatformApi. The page that waits in that chat offers the file for download."""
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
class MailPages(conversation.Receiver):
    """A Receiver of the requests that people make on the pages of mail links."""

    channel: EmailChannel
    store: Store
    name: str = "pages of mail"
    problem: str = ""
    is_exclusive: bool = False
    _dispatcher: conversation.RequestDispatcher | None = field(init=False, default=None)

    @property
    def routes(self) -> list[conversation.WebRoute]:
        """See Receiver."""
        return [
            conversation.WebRoute(path=markup.PATH, answer=partial(self.answer, does=method == "POST"), method=method)
            for method in ("GET", "POST")
        ]

    async def listen(self, dispatcher: conversation.RequestDispatcher) -> None:
        """See Receiver. Only keeps the dispatcher, since the requests come from the pages."""
        self._dispatcher = dispatcher
        try:
            await asyncio.Event().wait()
        finally:
            self._dispatcher = None

    async def answer(self, call: conversation.WebRequest, *, does: bool) -> conversation.WebResponse:
        """Shows the page of a link; with `does`, does what the link says. Its signature shows whether we made the link."""
        fields = {**call.query, **dict(parse_qsl(call.body.decode("utf-8", "replace")))}
        try:
            signer = await self.channel.signer()
            link = signer.read(fields.get("link", "")[: markup.LONGEST])
            chat = await self.store.run(markup.chat_with, link.chat) if link else None
            if link is None or chat is None or str(chat.address) != link.address:
                return conversation.WebResponse(status=404, body=f"{_GONE}\n", headers=_HEADERS)
            reader = markup.Reader(chat=chat, signer=signer)
            if not does:
                return _page(reader, link)
            if self._dispatcher is None:
                return conversation.WebResponse(
                    status=503, body="Not now. Please try again in a minute.\n", headers=_HEADERS
                )
            answers = await self._do(chat, link, fields.get("text", ""), fields.get("once", ""), self._dispatcher)
            after = await self.store.run(markup.chat_with, link.chat)
            return _page(markup.Reader(chat=after or chat, signer=signer), link, answers)
        except errors.StoreError:
            return conversation.WebResponse(
                status=503, body="Not now. Please try again in a minute.\n", headers=_HEADERS
            )

    async def _do(
        self, chat: model.Chat, link: markup.Link, text: str, once: str, dispatcher: conversation.RequestDispatcher
    ) -> Sequence[Payload]:
        """Does what the link says, at most once for each value of `once`. Returns the answer. Raises StoreError."""
        address = chat.address
        update = f"{address.address}:{channels.usable_text(once)[:64] or secrets.token_urlsafe(16)}:{link.data[:64]}"
        page = self.channel.waiting.setdefault(update, [])  # two presses of one button share the answer
        try:
            await dispatcher.dispatch_without_retry(
                _request(address, link, channels.usable_text(text)[:_LONGEST_TEXT], update)
            )
            await wait_for_reply(self.store, FACTS.name, update)
        finally:
            self.channel.waiting.pop(update, None)
        return page


def _request(chat: model.ChatAddress, link: markup.Link, text: str, update: str) -> conversation.Request:
    """Returns the request of the person who received the mail."""
    place, person = conversation.Place(chat=chat, kind=FACTS.kind_of(chat)), chat.address
    if link.does == "press":
        return conversation.CallbackRequest(
            place=place,
            update_id=update,
            sender=person,
            sender_name=person,
            callback_data=link.data,
            callback_id=update,
        )
    typed = link.data if link.does == "say" else text.strip()
    command = conversation.typed_command(typed)
    return conversation.MessageRequest(
        place=place,
        update_id=update,
        sender=person,
        sender_name=person,
        command=command.name if command else "",
        text=command.rest if command else typed,
    )


def _page(
    reader: markup.Reader, link: markup.Link, answers: Sequence[Payload] | None = None
) -> conversation.WebResponse:
    """Returns the page with the button of a link. With `answers`, returns the page that shows them after the press."""
    language = reader.language
    once = secrets.token_urlsafe(12)
    if answers is None:
        title, body, buttons = (
            link.label or FACTS.title,
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
        reader.signer.token(markup.Link(reader.chat.id, str(reader.chat.address), "talk", ""))
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
        path=markup.PATH.lstrip("/"),
        words={"say": _SAY.say(language.translate), "send": _SEND.say(language.translate)},
    )
    return conversation.WebResponse(body=html, kind="text/html", headers=_HEADERS)


def _pressed(reader: markup.Reader, data: str, label: str) -> str:
    return reader.signer.token(markup.Link(reader.chat.id, str(reader.chat.address), "press", data, label))


# ---------------------------------------------------------------------------------------------------------- the adapter


def connect(settings: Settings, clock: channels.Clock, out: TextIO) -> channels.Channel:
    """See PlatformAdapter."""
    del out
    if not settings.of(MailSettings).is_on:
        raise switched_off(FACTS)
    return EmailChannel(settings, clock)


def platform(channel: channels.Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    assert isinstance(channel, EmailChannel)  # noqa: S101 - made by `connect`
    channel.open(around.store)
    return Platform(
        facts=FACTS,
        channel=channel,
        medium=markup.MEDIUM,
        api=EmailApi(channel),
        receivers=lambda _: [MailPages(channel=channel, store=around.store)],
        has_token=False,
        check=lambda: _check(channel, around.settings),
    )


async def _check(channel: EmailChannel, settings: Settings) -> list[Finding]:
    """Returns the findings about the mail server, and about the address in links."""
    server, links = errors.Sentence("Mail server"), errors.Sentence("Links in mail")
    try:
        await channel.check()
        found = Finding(
            question=server,
            answer=errors.Sentence("It takes mail from {sender}.", {"sender": channel.sender.addr_spec}),
        )
    except errors.NotDelivered as error:
        found = Finding(
            question=server,
            answer=errors.Sentence("{server}: {reason}", {"server": channel.server, "reason": error.reason}),
            cure=errors.Sentence("Look at PAPERWIRE_SMTP_URL."),
            mend=True,
        )
    if settings.web_url is None:
        local = Finding(
            question=links,
            answer=errors.Sentence("They open {url}, which only this machine reaches.", {"url": settings.pages_url}),
            cure=errors.Sentence("Set PAPERWIRE_WEB_URL to the address under which people reach the pages."),
        )
        return [found, local]
    return [found]
