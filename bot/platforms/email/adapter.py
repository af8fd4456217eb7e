"""The adapter of e-mail.

Sends mails by SMTP: encryption, connections at once, how long a step may take, the name of the greeting, and the
headers. These are those of RFC 5322, RFC 2919 (List-Id), RFC 2369 and 8058 (List-Unsubscribe), RFC 3834
(Auto-Submitted). A delivery is one mail with a stable Message-ID, by which mail programs recognise a mail that comes
twice.

What the answers of a mail server mean depends on the step that it refuses (docs/operating.md, Mail). What is refused
before a reader is named is the sender's. A refused recipient is that reader's, for any reason, and a refused text
that message's, unless a few words say that it is not the text. One answer shows neither for certain: what readers get
one after another is the sender's (`in_doubt`, see subscriptions/outbox/retries.py).
"""

import asyncio
import os
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Sequence
from contextlib import ExitStack
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from html import escape
from typing import Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib

from bot.clock import Clock
from bot.http import certificate_problem
from bot.messages import File
from bot.pace import Limits
from bot.platforms.base import CheckResult, Given, Listener, OnBotName, Operated, read_message, store_outcomes
from bot.platforms.email import FACTS, markup
from bot.platforms.email.link_pages import MailPages, Signer, signer_of
from bot.platforms.email.markup import Payload
from bot.rendering.dialects import draw
from bot.rendering.views import reader_of
from bot.settings import Settings
from bot.settings.values import is_ip, is_loopback
from subscriptions.chats.stored.chats import find_chat
from subscriptions.database.store import Store
from subscriptions.errors import Sentence, sentences
from subscriptions.model import Chat, ChatAddress, ChatState, Message
from subscriptions.outcomes import ChatGone, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear
from subscriptions.text.cutting import clean

TIMEOUT = 60.0  # seconds for one step; RFC 5321 (4.5.3.2) recommends minutes, but that would block the lane
# how many times as long the answer to the content may take. RFC 5321 (4.5.3.2.6) requires ten minutes, since whoever
# gives up earlier sends mails that have arrived a second time.
DATA_TIMEOUT_FACTOR = 10
AT_ONCE = 4  # connections at the same time; servers allow one client only a few
PROMPT = 2.0  # seconds; a mail whose answer takes longer does not count, so that it keeps no other mail waiting
ANSWER = "reply"  # prefix of `delivery` in an answer; the id of the update follows
_NOT_IN_ID = re.compile(r"[^\w.+-]", re.ASCII)  # an answer has an id from the browser
_PORTS = {"smtp": 587, "smtps": 465}
_LONGEST_LINE = 76  # characters of a line of a header
_REASON = Sentence("You get this because {address} asked for it.")
_FOOTER = sentences({"/list": "change what comes", "/set": "change when", "/stop": "stop"})  # what its links say
_AT_ONCE = "/pause"  # the command of List-Unsubscribe: it must work without a question, and /stop asks one
Step = Literal["begin", "sender", "recipient", "content"]

UNANSWERED = "The mail server did not say whether it took the mail, so it may have arrived."
_LONGEST_REASON = 160
# what a server says of a text that it would take from another sender, for another reader or at another time: the reader
# is not there, the box is full, we send too much, or nobody vouches for us
_NOT_THE_TEXT = re.compile(
    r"\b(?:user|account|mailbox|recipient|address)\b.{0,60}(?:\bunknown|\bno longer|not (?:found|exist)|n't |disabled|unavailable|full)"
    r"|\b(?:no such|unknown) (?:user|account|mailbox|recipient)|\S+@\S+ (?:is no|does)"
    r"|quota|\b(?:sending|hourly|daily) (?:\w+ ){0,2}limit|\bfrequen|\btoo (?:much mail|often|fast|many (?:mails|messages|recipients))\b|\brate\b"
    r"|\b(?:spf|dkim|dmarc|unauthenticated|send ?as\w*|relay(?:ing)?)\b",
    re.IGNORECASE,
)
_THE_TEXT = re.compile(
    r"\b(?:size|large|big|length|long|links?|attachments?|hops?|spam|virus|content)\b", re.IGNORECASE
)
# Why there is no connection, the most specific first.
_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (socket.gaierror, "its name is not known"),
    (ConnectionRefusedError, "it refuses connections"),
    (ssl.SSLError, "it does not speak TLS at this port"),
    (TimeoutError, "it does not answer"),
    ((aiosmtplib.SMTPServerDisconnected, ConnectionResetError), "it broke off the connection"),
)


class EmailPlatform(Listener, Operated):
    """Sends messages by mail. An address is the chat of one person, who manages no other chat.

    The answer to a button goes to the page that waits for it, not into a mail. `waiting`: update id → messages for its
    page.
    """

    facts = FACTS
    renderer = markup.RENDERER
    limits = Limits(per_second=5)

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        assert settings.smtp_url is not None  # noqa: S101 - without it the platform is off
        name, address = parseaddr(settings.mail_from or "")
        self.sender = Address(name or "paperwire", addr_spec=address)
        self._url = settings.smtp_url
        self._greeting = _greeting(settings, self.sender.domain)
        self._store, self._clock = store, clock
        self.waiting: dict[str, list[Payload]] = {}
        self._settings = settings
        self._signer: Signer | None = None
        self._places = asyncio.Semaphore(AT_ONCE)

    async def signer(self) -> Signer:
        """Return the signer of links. Raise StoreError."""
        if self._signer is None:
            self._signer = await self._store.write(signer_of, self._settings.pages_url)
        return self._signer

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Platform. Returns the Message-ID of the mail."""
        del thread
        payload = {"buttons": [], **read_message(message, "subject", "preview", "text", "html")}
        if plain:
            payload = {**payload, "html": ""}
        if (page := self.waiting.get(delivery.removeprefix(ANSWER))) is not None:
            page.append(payload)
            return delivery
        with store_outcomes():
            found, signer = await self._store.read(find_chat, chat), await self.signer()
        if found is None:
            raise Rejected("The chat was erased.")
        if delivery.startswith(ANSWER) and found.state is ChatState.UNCONFIRMED:
            raise Rejected("The page that asked is gone, and nothing but the question goes to this address.")
        message_id = f"<{_NOT_IN_ID.sub('-', delivery)}.{message.number}@{self.sender.domain}>"
        await self._send(chat.address, self._written(payload, found, signer, message_id))
        return message_id

    def _written(self, payload: Payload, chat: Chat, signer: Signer, message_id: str) -> bytes:
        """Return the mail of a payload, as it is sent. To who has not agreed yet, it has no way to leave."""
        language, address = reader_of(chat).language, chat.address.address
        buttons = [
            [(label, url or signer.url(chat, "press", data, label)) for label, data, url in row]
            for row in payload["buttons"]
        ]
        headers = {
            "From": _mailbox(self.sender),
            "To": address,
            "Subject": _words("Subject", payload["subject"]),
            "Date": format_datetime(self._clock.wall()),
            "Message-ID": message_id,
            "Auto-Submitted": "auto-generated",
            "Precedence": "bulk",
        }
        footer, reason = list[tuple[str, str]](), ""
        if chat.state is not ChatState.UNCONFIRMED:
            said = {command: language.say(sentence) for command, sentence in _FOOTER.items()}
            footer = [(words, signer.url(chat, "say", command, words)) for command, words in said.items()]
            reason = language.say(_REASON.template, address=address)
            leave = signer.url(chat, "say", _AT_ONCE, said["/stop"])
            headers |= {"List-Id": f"paperwire <papers.{self.sender.domain}>", "List-Unsubscribe": f"<{leave}>"}
            if leave.startswith("https:"):  # RFC 8058 requires it
                headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        content = EmailMessage(policy=SMTP)
        below = "\n".join(f"{label}: {url}" for row in [*buttons, footer] for label, url in row)
        content.set_content("\n\n".join(part for part in (payload["text"], reason, below) if part) + "\n")
        if payload["html"]:
            html = draw(
                "email",
                "mail.html",
                language=chat.settings.lang,
                subject=payload["subject"],
                preview=payload["preview"],
                body=signer.linked(chat, payload["html"]),
                buttons=buttons,
                footer=footer,
                reason=reason,
            )
            content.add_alternative(html, subtype="html")
        # The standard library would read these texts before it writes them: it decodes what looks encoded, with line
        # ends, and encodes long addresses of links. Each of its versions does so in another way.
        return b"".join(f"{name}: {value}\r\n".encode("ascii") for name, value in headers.items()) + content.as_bytes()

    async def identity(self) -> str:
        """See Platform. Returns the sender's address, to which the database belongs."""
        return self.sender.addr_spec

    async def acknowledge(self, callback_id: str, words: str = "") -> None:
        """See Platform. The words become the first line of the page."""
        if words and (page := self.waiting.get(callback_id)) is not None:
            page.append(markup.line(words))

    async def send_file(self, chat: ChatAddress, file: File) -> str:
        """See Platform. The page that waits in that chat offers the file for download."""
        data = b64encode(file.text.encode("utf-8", "replace")).decode()
        link = f'<a download="{escape(file.name)}" href="data:text/plain;base64,{data}">{escape(file.name)}</a>'
        for update, page in self.waiting.items():
            if update.startswith(f"{chat.address}:"):
                page.append({**markup.line(file.name), "html": f"<tr><td>{link}</td></tr>"})
        return file.name

    def receivers(self, clock: Clock, on_bot_name: OnBotName) -> Sequence[MailPages]:
        """See Platform."""
        del clock, on_bot_name
        return [MailPages(self._store, self.signer, self.waiting)]

    async def check(self) -> list[CheckResult]:
        """Return the findings about the mail server, and about the address in links. Send no mail."""
        question, links_to, client = "Mail server", self._settings.pages_url, self.client()
        try:
            await self._send("", b"")
            found = [CheckResult(question, f"It takes mail from {self.sender.addr_spec}.")]
        except NotDelivered as error:
            answer = f"{client.hostname}:{client.port}: {error.reason}"
            found = [CheckResult.wrong(question, answer, "Look at PAPERWIRE_SMTP_URL.")]
        if self._settings.web_url is None:
            cure = "Set PAPERWIRE_WEB_URL to the address under which people reach the pages."
            answer = f"They open {links_to}, which only this machine reaches."
            found.append(CheckResult("Links in mail", answer, cure=cure))
        return found

    def client(self) -> aiosmtplib.SMTP:
        """Return a client, not yet connected, for the server of PAPERWIRE_SMTP_URL."""
        parts = urlsplit(self._url.get_secret_value())
        is_tls = parts.scheme == "smtps"  # TLS from the first byte; otherwise STARTTLS, if the server offers it
        host, user = parts.hostname or "", parts.username
        # With a password, encryption is required. Without one, mail is sent unencrypted if the server offers nothing else.
        start_tls = True if user else None
        if is_tls or is_loopback(host):  # mail to this machine needs no encryption, because it does not use the network
            start_tls = False
        return aiosmtplib.SMTP(
            hostname=host,
            port=parts.port or _PORTS[parts.scheme],
            use_tls=is_tls,
            start_tls=start_tls,
            local_hostname=self._greeting,
            timeout=TIMEOUT,
        )

    async def _sign_in(self, client: aiosmtplib.SMTP) -> None:
        """Sign in with the user of PAPERWIRE_SMTP_URL, if it names one. Raise SenderStopped if the server offers no way."""
        parts = urlsplit(self._url.get_secret_value())
        if not parts.username:
            return
        try:
            await client.login(unquote(parts.username), unquote(parts.password or ""))
        except aiosmtplib.SMTPException as error:
            if type(error) is not aiosmtplib.SMTPException:
                raise
            offered = ", ".join(client.server_auth_methods).upper()
            known = f" that paperwire knows ({offered})" if offered else ""
            raise SenderStopped(f"The mail server offers no sign-in{known}, so the password was not sent.") from None

    async def _send(self, address: str, mail: bytes) -> None:
        """Send a mail; to "", only tries the server and the sender. Raise NotDelivered."""
        client = self.client()
        step: Step = "begin"
        await self._places.acquire()
        with ExitStack() as place:
            place.callback(self._places.release)
            try:
                await client.connect()
                await self._sign_in(client)
                step = "sender"
                await client.mail(self.sender.addr_spec)
                if address:
                    step = "recipient"
                    await client.rcpt(address)
                    step = "content"
                    asyncio.get_running_loop().call_later(PROMPT, place.close)
                    await client.data(mail, timeout=TIMEOUT * DATA_TIMEOUT_FACTOR)
            except BaseException as error:  # also if the process stops
                client.close()
                if isinstance(error, aiosmtplib.SMTPException | OSError | ValueError):
                    raise outcome_of(error, step) from error
                raise
        try:
            await client.quit()
        except (aiosmtplib.SMTPException, OSError):  # the server keeps the mails that it has accepted
            client.close()


def _words(name: str, text: str) -> str:
    """Return any text as the value of a header: folded, and encoded unless mail programs show it as it is."""
    plain = clean(text)
    can_be_folded = max(map(len, plain.split()), default=0) + len(f"{name}: ") <= _LONGEST_LINE
    charset = "us-ascii" if _is_shown_as_it_is(plain) and can_be_folded else "utf-8"
    return Header(plain, charset, header_name=name, maxlinelen=_LONGEST_LINE).encode(linesep="\r\n")


def _mailbox(sender: Address) -> str:
    """Return the value of the header From."""
    name = clean(sender.display_name)
    if _is_shown_as_it_is(name):
        return formataddr((name, sender.addr_spec))  # in quotation marks if necessary
    return f"{_words('From', name)}\r\n <{sender.addr_spec}>"


def _is_shown_as_it_is(text: str) -> bool:
    """Return whether no mail program decodes a part of the text; "=?" begins an encoded word (RFC 2047)."""
    return text.isascii() and "=?" not in text


def _greeting(settings: Settings, domain: str) -> str:
    """Return the name by which we greet a mail server. Servers refuse "localhost" and names without a dot."""
    host = urlsplit(settings.web_url or "").hostname or ""
    if "." in host.strip(".") and not is_ip(host):
        return host
    return domain


def outcome_of(error: Exception, step: Step) -> NotDelivered:
    """Return the outcome of a mail for an error at a step of sending it."""
    match error:
        case aiosmtplib.SMTPResponseException():
            return _of_answer(error.code, " ".join(error.message.split()), step)
        case aiosmtplib.SMTPNotSupported():
            return SenderStopped("The mail server offers no STARTTLS, so the password was not sent.")
        case _ if certificate := certificate_problem(error):
            return SenderStopped(f"The certificate of the mail server cannot be trusted: {certificate}.")
        case _ if step == "content":
            return Unclear(UNANSWERED)
        case _:
            return RetryLater(f"The mail server cannot be reached: {_why(error)}.")


def _why(error: Exception) -> str:
    """Return why a connection failed. The library's own text has the address, which is a setting."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    for kind, words in _REASONS:
        if isinstance(cause, kind):
            return words
    code = cause.errno if isinstance(cause, OSError) else None
    if code:
        return os.strerror(code).lower()
    return "the connection failed"


def _of_answer(code: int, words: str, step: Step) -> NotDelivered:
    """Return the outcome for a refusal. Codes 4xx are temporary, 5xx permanent."""
    said = f"The mail server says {code}: {words[:_LONGEST_REASON]}"
    if code < 500:  # noqa: PLR2004 - RFC 5321, 4.2.1; includes invalid codes
        return RetryLater(said)
    if step in ("begin", "sender"):  # no reader and no text is known to the server yet
        return SenderStopped(said)
    if step == "recipient" or (_NOT_THE_TEXT.search(words) and not _THE_TEXT.search(words)):
        return ChatGone(said, in_doubt=True)
    return Rejected(said, form=True, in_doubt=True)


def connect(given: Given) -> EmailPlatform:
    """See bot.platforms.connect."""
    return EmailPlatform(given.settings, given.store, given.clock)
