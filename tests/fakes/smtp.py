"""A mail server on loopback that accepts mail. A test can make it refuse or postpone a mail, or drop the connection.

A test writes a trouble as "STEP ANSWER". The steps are those of RFC 5321: "sender 550 5.7.1 no", "recipient 450 4.2.0
later", "content 552 5.3.4 large". The answer "drop" closes the connection. "content drop" closes the connection after
the mail was accepted, like a server that crashes. "content silent" accepts the mail without an answer; "content held"
answers after `answers_held`.
"""

import asyncio
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape

from aiosmtpd import smtp
from aiosmtpd.controller import Controller

from tests.patience import PATIENCE

LOOPBACK = "127.0.0.1"
_DOMAINS = ("lab.org", "example.org")  # the server does not relay mail to other domains


@dataclass
class FakeMailServer:
    """The server: its address, the mails that it accepted, and the troubles to come, at most one for each mail."""

    user: str = ""
    password: str = ""
    only_tokens: bool = False  # it offers XOAUTH2 and no other sign-in
    controller: "_Controller" = field(init=False)
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)  # the same mails as they came
    greetings: set[str | None] = field(default_factory=set)  # the names by which clients greeted
    troubles: deque[str] = field(default_factory=deque)
    refusals: dict[str, str] = field(default_factory=dict)  # reader, or "" for all → the trouble of each of their mails
    refused_texts: dict[str, str] = field(default_factory=dict)  # part of a text → the answer to each mail with it
    _open: list["_Protocol"] = field(default_factory=list)
    _may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)  # notified of each mail

    @property
    def url(self) -> str:
        """The value of PAPERWIRE_SMTP_URL."""
        secret = f"{self.user}:{self.password}@" if self.user else ""
        return f"smtp://{secret}{LOOPBACK}:{self.controller.port}"

    def goes_down(self) -> None:
        """Closes all connections and accepts no new ones."""
        asyncio.run_coroutine_threadsafe(self._close(), self.controller.loop).result()

    async def until_it_has(self, count: int) -> None:
        """Waits until the server has so many mails. Raises TimeoutError."""

        async def wait() -> None:  # in the loop of the server, which runs in a thread of its own
            async with asyncio.timeout(PATIENCE), self._came:
                await self._came.wait_for(lambda: len(self.mails) >= count)

        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(wait(), self.controller.loop))

    def answers_held(self) -> None:
        """Answers the mails that it holds."""
        self.controller.loop.call_soon_threadsafe(self._may_answer.set)

    async def _close(self) -> None:
        assert self.controller.server is not None
        self.controller.server.close()
        for one in self._open:
            one.drops()

    def trouble(self, step: str, reader: str = "") -> str:
        """Returns the answer of the next trouble, or of the reader's own, if it is planned for this step.

        Otherwise "".
        """
        own = self.refusals.get(reader) or self.refusals.get("", "")
        if own.startswith(f"{step} "):
            return own.removeprefix(f"{step} ").replace("READER", reader)
        if self.troubles and self.troubles[0].startswith(f"{step} "):
            return self.troubles.popleft().removeprefix(f"{step} ")
        return ""

    async def auth_XOAUTH2(self, server: smtp.SMTP, arguments: list[str]) -> smtp.AuthResult:  # noqa: N802
        """Refuses tokens, since nothing here can have one."""
        return smtp.AuthResult(success=False, handled=False)

    async def handle_MAIL(  # noqa: N802 - the names that aiosmtpd calls
        self, server: "_Protocol", session: smtp.Session, envelope: smtp.Envelope, address: str, options: list[str]
    ) -> str:
        """Accepts a sender. Returns the answer."""
        self.greetings.add(session.host_name)
        if self.user and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if answer := self.trouble("sender"):
            return server.says(answer)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: "_Protocol", session: smtp.Session, envelope: smtp.Envelope, address: str, options: list[str]
    ) -> str:
        """Accepts a recipient of the server's own domains. Returns the answer."""
        if answer := self.trouble("recipient", address):
            return server.says(answer)
        if address.rpartition("@")[2] not in _DOMAINS:
            return "550 5.7.1 relaying denied"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: "_Protocol", session: smtp.Session, envelope: smtp.Envelope) -> str:  # noqa: N802
        """Accepts a mail that has all headers, unless a trouble is planned. Returns the answer."""
        raw = envelope.content
        assert isinstance(raw, bytes)
        mail = message_from_bytes(raw, policy=default)
        if any(mail.get_all(name, []) == [] for name in ("From", "To", "Date", "Message-ID", "Subject")):
            return "550 5.6.0 a header is missing"
        assert isinstance(mail, EmailMessage)
        text = shown_text(mail)
        if answer := next((answer for part, answer in self.refused_texts.items() if part in text), ""):
            return server.says(answer)
        first_form = mail.get_body(("html",)) is not None
        answer = (first_form and self.trouble("html")) or self.trouble(
            "content", envelope.rcpt_tos[0] if envelope.rcpt_tos else ""
        )
        if answer and answer not in ("drop", "silent", "held"):
            return server.says(answer)
        self.mails.append(mail)
        self.raw.append(raw)
        async with self._came:
            self._came.notify_all()
        if answer in ("silent", "held"):
            await (self._may_answer if answer == "held" else asyncio.Event()).wait()
            answer = ""
        return server.says(answer) if answer else "250 OK"


class _Protocol(smtp.SMTP):
    """One connection."""

    def __init__(self, fake: FakeMailServer) -> None:
        super().__init__(
            fake,
            hostname="fake.example.org",
            loop=fake.controller.loop,
            auth_require_tls=False,
            authenticator=self._signs_in,
            auth_exclude_mechanism=("PLAIN", "LOGIN") if fake.only_tokens else (),
        )
        self._fake = fake
        fake._open.append(self)

    def _signs_in(
        self, server: smtp.SMTP, session: smtp.Session, envelope: smtp.Envelope, mechanism: str, data: object
    ) -> smtp.AuthResult:
        assert isinstance(data, smtp.LoginPassword)
        return smtp.AuthResult(
            success=(data.login.decode(), data.password.decode()) == (self._fake.user, self._fake.password),
            handled=False,
        )

    def says(self, answer: str) -> str:
        """Returns the answer. If it is "drop", closes the connection."""
        if answer == "drop":
            self.drops()
        return answer

    def drops(self) -> None:
        """Closes the connection without an answer."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()


class _Controller(Controller):
    """Runs the server in its own thread, on a free port."""

    def factory(self) -> smtp.SMTP:
        return _Protocol(self.handler)

    async def _create_server(self) -> asyncio.Server:
        made = await self.loop.create_server(self._factory_invoker, LOOPBACK, 0)
        self.port = made.sockets[0].getsockname()[1]
        return made


@contextmanager
def a_mail_server(user: str = "", password: str = "", *, only_tokens: bool = False) -> Iterator[FakeMailServer]:
    """Runs a mail server that listens until the context ends."""
    fake = FakeMailServer(user=user, password=password, only_tokens=only_tokens)
    fake.controller = _Controller(fake, hostname=LOOPBACK, port=0)
    fake.controller.start()
    try:
        yield fake
    finally:
        fake.controller.stop()


def shown_text(mail: EmailMessage) -> str:
    """Returns what a person sees of a mail below its letterhead: its HTML without tags, or its text if it has no HTML."""
    part = mail.get_body(("html", "plain"))
    assert part is not None
    body = str(part.get_content()).partition("</head>")[2] or str(part.get_content())
    return unescape(re.sub(r"<[^>]+>", "", body)).strip().removeprefix("≡\xa0 paperwire").strip()
