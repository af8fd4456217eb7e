"""E-mail, from a confirmation to the mails, against a fake server and against Postfix."""

import os
import pwd
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.operation.worker import listening
from bot.platforms.email.adapter import MailPages
from bot.platforms.email.markup import Link, Signer
from bot.ports.conversation import RequestDispatcher, WebRequest, WebResponse
from bot.settings import Settings
from subscriptions.errors import Refused
from subscriptions.notices import AccessDenied
from subscriptions.notices.declared import VersionChanged
from subscriptions.service.access import allow, ask_to_confirm, ask_unasked, confirm, deny
from subscriptions.service.next_deliveries import get_chat, listed
from subscriptions.service.notices import notify, notify_operators
from subscriptions.service.pausing import resume
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.service.sending import outbox_entries
from subscriptions.states import ChatState, MessageState, PauseReason
from tests import make
from tests.fakes.smtp import FakeMailServer, a_mail_server, shown_text
from tests.integration.cli import Terminal
from tests.patience import PATIENCE

ADA, HOME = make.address("email:ada@lab.org"), make.address("web:ada")
ROOT = "https://papers.lab.org"


@dataclass(slots=True)
class Bot:
    """A running bot, its mail server, and people who press links in their mails."""

    app: App
    fake: FakeMailServer
    clock: make.FakeClock
    dispatcher: RequestDispatcher
    pages: MailPages

    async def delivers(self, minutes: int = 0) -> list[EmailMessage]:
        """Lets time pass, sends what is due, and returns the new mails."""
        self.clock.advance(timedelta(minutes=minutes))
        before = len(self.fake.mails)
        await self.app.sender.deliver()
        return self.fake.mails[before:]

    async def opens(self, url: str, *, presses: bool = False, **fields: str) -> WebResponse:
        """Opens a link, or presses the button on its page."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        body = urlencode(fields).encode()
        return await self.pages.answer(WebRequest(headers={}, query=query, body=body), does=presses)

    async def confirms(self, chat: str = "email:ada@lab.org") -> WebResponse:
        """Sends the question to an address, and confirms it."""
        ask_to_confirm(self.app.store, make.address(chat), source=HOME, now=self.clock.now())
        [question] = await self.delivers()
        return await self.opens(link(question, "yes"), presses=True)

    def state(self) -> ChatState:
        return get_chat(self.app.store, ADA).state


@asynccontextmanager
async def a_bot(folder: Path, fake: FakeMailServer, clock: make.FakeClock, **given: object) -> AsyncIterator[Bot]:
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{folder / 'paperwire.db'}"),
        smtp_url=SecretStr(fake.url),
        mail_from="Papers <papers@lab.org>",
        web_url=ROOT,
        **({"access": "open"} | given),  # type: ignore[arg-type]
    )
    app = build_app(settings, clock=clock)
    app.open()
    try:
        receivers = app.receivers()
        async with listening(app, receivers) as dispatcher:
            pages = next(one for one in receivers if isinstance(one, MailPages))
            pages._dispatcher = dispatcher  # must be set before its task takes its first step
            subscribe(app.store, HOME, SubscriptionRequest(text="diffusion", when="daily 13:00"), now=clock.now())
            yield Bot(app, fake, clock, dispatcher, pages)
    finally:
        await app.close()


@pytest.fixture
async def bot(tmp_path: Path, clock: make.FakeClock) -> AsyncIterator[Bot]:
    with a_mail_server() as fake:
        async with a_bot(tmp_path, fake, clock) as running:
            yield running


def text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def link(mail: EmailMessage, label: str) -> str:
    """Returns the address of a link in a mail, found by the beginning of its label."""
    found = re.search(rf'href="({ROOT}[^"]+)"[^>]*>{label}', html(mail))
    assert found, html(mail)
    return unescape(found[1])


def words(response: WebResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", response.body, flags=re.DOTALL)).strip()


async def test_a_person_says_yes_and_gets_papers_by_mail(bot: Bot) -> None:
    ask_to_confirm(bot.app.store, ADA, source=HOME, now=bot.clock.now())
    [question] = await bot.delivers()
    assert question["To"] == "ada@lab.org"
    assert question["List-Unsubscribe"] is None
    assert "Shall papers come to this address?" in text(question)
    shown = await bot.opens(link(question, "yes"))
    assert "yes, send them here" in shown.body
    assert bot.state() is ChatState.UNCONFIRMED, "opening the link changes nothing"
    answered = await bot.opens(link(question, "yes"), presses=True)
    assert "Papers come to ada@lab.org from now on. It has 1 subscription." in words(answered)
    papers = [make.paper(f"Diffusion on graphs {number}") for number in range(7)]
    make.ingested(bot.app.store, *papers, make.paper("Sorting sand"), now=bot.clock.now())
    [mail] = [one for one in await bot.delivers(61) if one["To"] == "ada@lab.org"]
    assert mail["Subject"] == "7 papers on diffusion · 22 Jan"
    assert mail["From"] == "Papers <papers@lab.org>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    for part in (text(mail), html(mail)):
        assert all(f"Diffusion on graphs {number}" in re.sub(r"<[^>]+>", "", part) for number in range(7))
        assert "Sorting sand" not in part
    assert await bot.delivers(1) == []


async def test_what_is_pressed_in_a_mail_is_done_once_and_on_a_page(bot: Bot) -> None:
    await bot.confirms()
    make.ingested(
        bot.app.store, *(make.paper(f"Diffusion on graphs {number}") for number in range(6)), now=bot.clock.now()
    )
    [mail] = [one for one in await bot.delivers(61) if one["To"] == "ada@lab.org"]
    assert 'href="press:' not in html(mail)
    saved = await bot.opens(link(mail, "save"), presses=True, once="a")
    assert re.search("saved|Saved|save", words(saved))
    assert "link=" in mail["List-Unsubscribe"]
    listing = await bot.opens(link(mail, "change what comes"), presses=True)
    assert "diffusion" in words(listing)
    assert 'name="text"' in listing.body
    talk = re.search(r'class="say".*?name="link" value="([^"]+)"', listing.body, re.DOTALL)
    assert talk
    told = await bot.opens(f"{ROOT}/mail", presses=True, link=unescape(talk[1]), text="/sub graphs daily 13:00")
    assert "graphs" in words(told)
    assert len(listed(bot.app.store, ADA)) == 2
    stopped = await bot.opens(mail["List-Unsubscribe"].strip("<>"), presses=True, **{"List-Unsubscribe": "One-Click"})
    assert stopped.status == 200
    assert bot.state() is ChatState.PAUSED
    make.ingested(bot.app.store, make.paper("Diffusion again"), now=bot.clock.now())
    assert [one for one in await bot.delivers(24 * 60) if one["To"] == "ada@lab.org"] == []


async def test_a_link_that_was_made_up_or_changed_does_nothing(bot: Bot) -> None:
    await bot.confirms()
    make.ingested(bot.app.store, make.paper("Diffusion on graphs"), now=bot.clock.now())
    [mail] = [one for one in await bot.delivers(61) if one["To"] == "ada@lab.org"]
    stop = mail["List-Unsubscribe"].strip("<>")
    for wrong in (
        stop[:-1],
        stop.replace("link=W", "link=X"),
        f"{ROOT}/mail?link=",
        f"{ROOT}/mail?link=a.b",
        f"{ROOT}/mail",
    ):
        for presses in (False, True):
            found = await bot.opens(wrong, presses=presses)
            assert found.status == 404
            assert "does not work any more" in found.body
    assert bot.state() is ChatState.ACTIVE


async def test_a_link_of_an_erased_chat_does_nothing_to_the_next_one(bot: Bot) -> None:
    await bot.confirms()
    url = Signer.url(
        await bot.pages.channel.signer(), Link(get_chat(bot.app.store, ADA).id, "email:bo@lab.org", "say", "/pause")
    )
    assert (await bot.opens(url, presses=True)).status == 404
    assert bot.state() is ChatState.ACTIVE


async def test_the_question_is_open_for_two_days(bot: Bot) -> None:
    ask_to_confirm(bot.app.store, ADA, source=HOME, now=bot.clock.now())
    [question] = await bot.delivers()
    bot.clock.advance(timedelta(days=2, minutes=1))
    late = await bot.opens(link(question, "yes"), presses=True)
    assert "older than two days" in words(late)
    assert bot.state() is ChatState.UNCONFIRMED


async def test_an_address_that_an_operator_denied_is_not_asked(bot: Bot) -> None:
    await does(bot, "subscribe")
    deny(bot.app.store, ADA, now=bot.clock.now())
    with pytest.raises(Refused, match="said no to this address"):
        ask_to_confirm(bot.app.store, ADA, source=HOME, now=bot.clock.now())
    ask_unasked(bot.app.store, [ADA], now=bot.clock.now())
    assert await bot.delivers() == []


async def does(bot: Bot, step: str) -> None:
    """Does something that may happen to an address that has not confirmed."""
    store, now = bot.app.store, bot.clock.now()
    match step:
        case "subscribe":
            subscribe(store, ADA, SubscriptionRequest(text="diffusion", when="daily 13:00"), now=now)
        case "deny" | "allow":
            (deny if step == "deny" else allow)(store, ADA, now=now)
        case "resume":
            resume(store, ADA, None, now=now)
        case "notify":
            notify(store, ADA, AccessDenied(event="1"), now=now)
        case "notify the operator":
            notify_operators(store, [ADA], VersionChanged(version="2", before="1"), now=now)
        case "ask":
            ask_to_confirm(store, ADA, source=HOME, now=now)
        case "open the link":
            [question] = await bot.delivers()
            await bot.opens(link(question, "yes"))
            bot.fake.mails.clear()
        case "bounce":
            bot.fake.troubles.append("recipient 550 5.1.1 no such user")
            await bot.delivers()
        case "say /resume":  # with this address as the chat, as `paperwire say --as` does
            chat = get_chat(store, ADA)
            await bot.pages._do(chat, Link(chat.id, str(ADA), "talk", ""), "/resume", "x", bot.dispatcher)


@pytest.mark.parametrize(
    "way",
    [
        ["subscribe"],
        ["subscribe", "allow"],
        ["subscribe", "deny", "allow"],
        ["subscribe", "resume"],
        ["subscribe", "notify"],
        ["notify the operator"],
        ["ask", "open the link"],
        ["ask", "bounce", "subscribe"],
        ["subscribe", "say /resume"],
    ],
    ids=", ".join,
)
@pytest.mark.parametrize("access", ["open", "ask"])
async def test_nothing_is_sent_before_the_address_says_yes(
    tmp_path: Path, clock: make.FakeClock, way: list[str], access: str
) -> None:
    with a_mail_server() as fake:
        async with a_bot(tmp_path, fake, clock, access=access) as bot:
            for step in way:
                await does(bot, step)
            make.ingested(bot.app.store, make.paper("Diffusion on graphs"), now=clock.now())
            sent = [*await bot.delivers(61), *await bot.delivers(24 * 60), *fake.mails]
            assert {mail["Subject"] for mail in sent} <= {"Shall papers come to this address?"}
            assert bot.state() is ChatState.UNCONFIRMED


async def test_what_was_asked_for_meanwhile_comes_after_the_yes(bot: Bot) -> None:
    await does(bot, "subscribe")
    ask_unasked(bot.app.store, [ADA], now=bot.clock.now())
    ask_unasked(bot.app.store, [ADA], now=bot.clock.now())
    make.ingested(bot.app.store, make.paper("Diffusion on graphs"), now=bot.clock.now())
    [question] = await bot.delivers(61)
    await bot.opens(link(question, "yes"), presses=True)
    [mail] = [one for one in await bot.delivers(24 * 60) if one["To"] == "ada@lab.org"]
    assert "Diffusion on graphs" in mail["Subject"]


@pytest.mark.parametrize(
    ("trouble", "state", "chat"),
    [
        ("recipient 450 4.2.0 greylisted, try again", MessageState.WAITING, ChatState.ACTIVE),
        ("recipient 452 4.2.2 over quota", MessageState.WAITING, ChatState.ACTIVE),
        ("recipient 552 5.2.2 mailbox full", MessageState.WAITING, ChatState.ACTIVE),
        ("recipient 550 5.1.1 no such user", None, ChatState.PAUSED),
        ("recipient drop", MessageState.WAITING, ChatState.ACTIVE),
        ("sender 421 4.3.2 shutting down", MessageState.WAITING, ChatState.ACTIVE),
        ("content 451 4.3.0 later", MessageState.WAITING, ChatState.ACTIVE),
        ("content drop", MessageState.UNCLEAR, ChatState.ACTIVE),
        ("content 554 5.7.1 looks like spam", MessageState.SENT, ChatState.ACTIVE),  # the second try is plain text
    ],
)
async def test_what_a_server_says_decides_what_follows(
    bot: Bot, trouble: str, state: MessageState | None, chat: ChatState
) -> None:
    await bot.confirms()
    make.ingested(bot.app.store, make.paper("Diffusion on graphs"), now=bot.clock.now())
    bot.fake.troubles.append(trouble)
    await bot.delivers(61)
    now, wall = bot.clock.now(), bot.clock.wall()
    entries = {one.chat: one for one in outbox_entries(bot.app.store, now=now, wall=wall)}
    assert bot.state() is chat
    if state is None:
        assert get_chat(bot.app.store, ADA).pause_reason is PauseReason.GONE
    elif state is MessageState.SENT:
        [mail] = [one for one in bot.fake.mails if "Diffusion" in one["Subject"]]
        assert mail.get_body(("html",)) is None
    else:
        assert entries[str(ADA)].state.value == state.value


async def test_a_mail_that_may_have_come_comes_again_under_its_own_id(bot: Bot) -> None:
    await bot.confirms()
    make.ingested(bot.app.store, make.paper("Diffusion on graphs"), now=bot.clock.now())
    bot.fake.troubles.append("content drop")
    await bot.delivers(61)
    await bot.delivers(5)
    first, second = (one for one in bot.fake.mails if "Diffusion" in one["Subject"])
    assert first["Message-ID"] == second["Message-ID"]


def test_no_word_of_the_address_of_the_server_is_printed(terminal: Terminal) -> None:
    terminal.set("MAIL_FROM", "Papers <papers@lab.org>")
    with a_mail_server("papers", "made-up-word") as server:
        terminal.set("SMTP_URL", server.url)
        terminal("subscribe", "diffusion", "--as", str(ADA))
        said = [terminal("deliver"), terminal("check"), terminal("outbox"), terminal("status")]
        terminal.set("SMTP_URL", server.url.replace("made-up-word", "made-up-word-wrong"))
        terminal.set("LOG_LEVEL", "debug")
        said += [terminal("deliver"), terminal("check"), terminal("run", "--once")]
    printed = "".join(one.out + one.err for one in said)
    assert "535" in printed, "the server refuses the password"
    assert "made-up-word" not in printed


# ── A real Postfix takes a digest, delivers all of it, and refuses an unknown address ─────────────────────────────────

POSTFIX = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.lab.org
mydestination =
alias_maps =
virtual_mailbox_domains = lab.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ ada@lab.org=ada/ }}
virtual_uid_maps = static:{user.pw_uid}
virtual_gid_maps = static:{user.pw_gid}
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
"""


@contextmanager
def a_postfix() -> Iterator[tuple[Path, int]]:
    """Runs Postfix in a new folder, which Postfix's user can enter. Yields the folder and its port."""
    assert POSTFIX
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with _started(folder) as port:
            yield folder, port


@contextmanager
def _started(folder: Path) -> Iterator[int]:
    assert POSTFIX
    user = pwd.getpwnam("postfix")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name in ("etc", "queue", "data", "mail"):
        (folder / name).mkdir()
    for name in ("data", "mail"):
        os.chown(folder / name, user.pw_uid, user.pw_gid)
    (folder / "etc" / "main.cf").write_text(MAIN.format(folder=folder, user=user))
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=port))
    command = [POSTFIX, "-c", str(folder / "etc")]
    begun = subprocess.run([*command, "start"], capture_output=True, text=True, check=False)  # noqa: S603 - from Debian's package
    assert begun.returncode == 0, begun.stderr
    try:
        yield port
    finally:
        subprocess.run([*command, "stop"], capture_output=True, check=True)  # noqa: S603


def _waits_for(log: Path, words: str, *, times: int) -> None:
    """Reads a growing log until it holds the words `times` times."""
    command = ["timeout", str(PATIENCE), "tail", "-n", "+1", "-F", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as tail:  # noqa: S603
        assert tail.stdout
        for line in tail.stdout:
            times -= words in line
            if not times:
                break
        tail.terminate()
    assert not times, log.read_text()


@pytest.mark.skipif(POSTFIX is None or os.geteuid() != 0, reason="Postfix is not installed, or only root may start it")
async def test_a_real_postfix_takes_papers_and_refuses_strangers(tmp_path: Path, clock: make.FakeClock) -> None:
    with a_postfix() as (folder, port):
        settings = Settings(
            database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
            smtp_url=SecretStr(f"smtp://127.0.0.1:{port}"),
            mail_from="Papers <papers@lab.org>",
            access="open",
        )
        app = build_app(settings, clock=clock)
        app.open()
        try:
            for name in ("ada", "nobody"):
                chat = make.address(f"email:{name}@lab.org")
                ask_to_confirm(app.store, chat, now=make.NOON)
                confirm(app.store, chat, source=None, until=make.NOON, now=make.NOON)
                subscribe(app.store, chat, SubscriptionRequest(text="扩散 OR diffusion", every="now"), now=make.NOON)
            make.ingested(app.store, make.paper("Diffusion über Graphen, 扩散模型"), now=clock.now())
            sent = await app.sender.deliver()
            assert sent.sent == 2, "the question and the paper for ada"
            assert get_chat(app.store, make.address("email:nobody@lab.org")).pause_reason is PauseReason.GONE
            assert get_chat(app.store, make.address("email:ada@lab.org")).state is ChatState.ACTIVE
        finally:
            await app.close()
        _waits_for(folder / "log", "status=sent", times=2)
        box = folder / "mail" / "ada" / "new"
        mails = [message_from_bytes(file.read_bytes(), policy=default) for file in box.iterdir()]
    [mail] = [one for one in mails if "扩散模型" in str(one["Subject"])]
    assert isinstance(mail, EmailMessage)
    assert "Diffusion über Graphen, 扩散模型" in shown_text(mail)
    assert mail["Return-Path"] == "<papers@lab.org>"
