"""Sends mail by SMTP. A delivery is one mail with a stable Message-ID, by which a mail that comes twice is recognised."""

import asyncio
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib
from pydantic import SecretStr

from bot.context import write
from bot.platforms.email import EMAIL, writing
from bot.platforms.email.writing import Reader, Signer, signer
from bot.ports.channel import Channel, Clock, Limits, read_message
from bot.settings import Settings
from subscriptions.errors import (
    ChatGone,
    NotDelivered,
    Rejected,
    RetryLater,
    SenderStopped,
    StoreError,
    Unclear,
)
from subscriptions.model import ChatAddress, Message
from subscriptions.store.database.store import Store

TIMEOUT = 60.0  # seconds for one step; RFC 5321 (4.5.3.2) asks for minutes, and a lane would wait as long
AT_ONCE = 4  # connections; a server counts those of one client
ANSWER = "reply"  # before the id of the update in the `delivery` of an answer
_PORTS = {"smtp": 587, "smtps": 465}
_LONGEST_REASON = 160
_CODE = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")  # RFC 3463

Step = Literal["begin", "sender", "recipient", "content"]
Payload = Mapping[str, Any]  # see bot/platforms/email/markup.py


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over."""

    host: str
    port: int
    is_tls: bool  # from the first byte; else STARTTLS, if the server offers it
    user: str
    password: SecretStr

    @property
    def is_here(self) -> bool:
        """Returns whether the server is this machine. Then mail needs no encryption, because it leaves no machine."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False


def read_server(url: SecretStr) -> Server:
    """Returns the server of PAPERWIRE_SMTP_URL."""
    parts = urlsplit(url.get_secret_value())
    return Server(
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        is_tls=parts.scheme == "smtps",
        user=unquote(parts.username or ""),
        password=SecretStr(unquote(parts.password or "")),
    )


class EmailChannel(Channel):
    """Sends messages by mail. `open` gives it the store, which has the key of its links; before that it sends nothing.

    The answer to what a person pressed goes to the page that waits for it: `waiting` has the messages of each, by update.
    """

    platform = EMAIL.name
    not_found = "A mail server cannot be asked what it took."
    adapter = "bot.platforms.email.adapter"  # the module that makes a platform of this channel
    limits = Limits(text=10_000_000, per_second=5, per_lane=0)

    def __init__(self, settings: Settings, clock: Clock, *, timeout: float = TIMEOUT) -> None:
        assert settings.smtp_url is not None  # noqa: S101 - without it the platform is off
        name, address = parseaddr(settings.mail_from or "")
        self.server = read_server(settings.smtp_url)
        self.sender = Address(name or "paperwire", addr_spec=address)
        self.clock = clock
        self.waiting: dict[str, list[Payload]] = {}
        self._timeout = timeout
        self._root = settings.pages_url
        self._store: Store | None = None
        self._signer: Signer | None = None
        self._places = asyncio.Semaphore(AT_ONCE)

    def open(self, store: Store) -> None:
        """Lets the channel send, with links that are signed by the key of this store."""
        self._store = store

    async def signer(self) -> Signer:
        """Returns what signs links. Raises StoreError."""
        if self._signer is None:
            self._signer = await write(signer, self._opened(), self._root)
        return self._signer

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """See Channel. The id is the Message-ID."""
        payload = read_message(message, _checked, plain=plain)
        if (page := self.waiting.get(delivery.removeprefix(ANSWER))) is not None:
            page.append(payload)
            return delivery
        try:
            reader = await self._reader(chat)
        except StoreError as error:
            raise RetryLater("The database cannot be used.") from error
        if delivery.startswith(ANSWER) and not reader.is_confirmed:
            raise Rejected("The page that asked is gone, and nothing but the question goes to this address.")
        message_id, domain = f"<{delivery}.{message.number}@{self.sender.domain}>", self.sender.domain
        mail = writing.write_mail(
            payload,
            reader,
            sender=self.sender,
            message_id=message_id,
            thread=thread or writing.thread_of(reader.chat, payload["about"], domain),
            now=self.clock.wall(),
        )
        async with self._places:
            await self._send(chat.address, mail)
        return message_id

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel. A mail stays as it was sent."""
        del chat, message_id
        read_message(message, _checked, plain=plain)
        raise Rejected("A mail cannot be changed once it was sent.")

    async def identity(self) -> str:
        """See Channel. A database belongs to the address that it sends from."""
        return self.sender.addr_spec

    async def close(self) -> None:
        """See Channel. Each mail has a connection of its own, so there is none to close."""

    async def check(self) -> None:
        """Connects, signs in, and sends nothing. Raises NotDelivered."""
        await _leave(await self._connected())

    async def _reader(self, chat: ChatAddress) -> Reader:
        found = await asyncio.to_thread(writing.chat_at, self._opened(), chat)
        if found is None:
            raise Rejected("The chat was erased.")
        return Reader(chat=found, signer=await self.signer())

    def _opened(self) -> Store:
        if self._store is None:
            raise RetryLater("The channel is closed.")
        return self._store

    async def _connected(self) -> aiosmtplib.SMTP:
        """Returns a connection on which mail can be handed over. Raises NotDelivered."""
        server = self.server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.is_tls,
            # A password never goes over the network in the clear; mail does, where a server offers nothing else.
            start_tls=False if server.is_tls or server.is_here else (True if server.user else None),
            timeout=self._timeout,
            username=server.user or None,
            password=server.password.get_secret_value() or None,
        )
        with _outcomes("begin"):
            await client.connect()
        return client

    async def _send(self, address: str, mail: EmailMessage) -> None:
        """Hands a mail over. Raises NotDelivered."""
        client = await self._connected()
        try:
            with _outcomes("sender"):
                await client.mail(self.sender.addr_spec)
            with _outcomes("recipient"):
                await client.rcpt(address)
            with _outcomes("content"):
                await client.data(mail.as_bytes())
        except NotDelivered:
            client.close()
            raise
        await _leave(client)


async def _leave(client: aiosmtplib.SMTP) -> None:
    """Ends a connection. Errors are ignored: the server keeps the mails that it has accepted."""
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


def outcome_of(error: Exception, step: Step) -> NotDelivered:
    """Returns what an error at a step of a mail means (codes: RFC 5321, 4.2; RFC 3463)."""
    match error:
        case aiosmtplib.SMTPResponseException():
            return _of_answer(error.code, _line(error.message), step)
        case aiosmtplib.SMTPNotSupported():
            return SenderStopped("The mail server offers no STARTTLS or no sign-in, so the password was not sent.")
        case _ if ssl.SSLCertVerificationError in (type(error), type(error.__cause__)):
            return SenderStopped("The certificate of the mail server is not valid for its name.")
        case _ if step == "content":
            return Unclear("The connection to the mail server broke while it took the mail.")
        case _:
            return RetryLater("The mail server cannot be reached.")


_FULL = ("2", "2")  # a mailbox: permanent by its number, and still it passes
_TOO_LARGE = (("2", "3"), ("3", "4"))
_NOBODY = (550, 551, 553)  # of a recipient, unless the detail names another cause


def _of_answer(code: int, words: str, step: Step) -> NotDelivered:
    """Returns what a refusal means: 4 passes, 5 lasts. Who is refused is whom the step names."""
    said = f"The mail server says {code}: {words}"
    found = _CODE.search(words)
    detail = (found[2], found[3]) if found else ("", "")
    is_full = detail == _FULL or (step == "recipient" and code == 552)  # noqa: PLR2004 - RFC 5321
    if code < 500 or is_full:  # noqa: PLR2004 - also an answer that is none
        return RetryLater(said)
    if step in ("begin", "sender"):
        return SenderStopped(said)
    if detail[0] in ("1", "2") and detail not in _TOO_LARGE:
        return ChatGone(said)
    if step == "recipient" and code in _NOBODY and not detail[0]:
        return ChatGone(said)
    return Rejected(said, form=step == "content")


def _line(words: str) -> str:
    return " ".join(words.split())[:_LONGEST_REASON]


def _checked(payload: object) -> Payload:
    texts = ("subject", "about", "preview", "text", "html")
    if isinstance(payload, dict) and all(isinstance(payload.get(name), str) for name in texts):
        storable = {name: payload[name].encode("utf-8", "replace").decode() for name in texts}  # no lone surrogates
        return {"buttons": [], **payload, **storable}
    raise ValueError("a payload for e-mail is an object with subject, about, preview, text and html")
