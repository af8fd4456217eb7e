"""E-mail, from a confirmation to the mails, against a fake server."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.operation.worker import listening
from bot.platforms.email.adapter import MailPages
from bot.platforms.email.markup import Link
from bot.ports import conversation
from bot.settings import Settings
from subscriptions import states
from subscriptions.errors import Refused
from subscriptions.notices import AccessDenied
from subscriptions.notices.declared import VersionChanged
from subscriptions.service import access, notices, requests
from subscriptions.service.listing import get_chat, listed
from subscriptions.service.pausing import resume
from subscriptions.service.sending import outbox_entries
from tests import make
from tests.fakes import smtp
from tests.integration.cli import Terminal

ADA, HOME = make.address("email:ada@lab.org"), make.address("web:ada")
ROOT = "https://papers.lab.org"


@dataclass(slots=True)
class Bot:
    """A running bot, its mail server, and people who press links in their mails."""

    app: App
    fake: smtp.FakeMailServer
    clock: make.FakeClock
    dispatcher: conversation.RequestDispatcher
    pages: MailPages

    async def delivers(self, minutes: int = 0) -> list[EmailMessage]:
        """Lets time pass, sends what is due, and returns the new mails."""
        self.clock.advance(timedelta(minutes=minutes))
        before = len(self.fake.mails)
        await self.app.sender.deliver()
        return self.fake.mails[before:]

    async def opens(self, url: str, *, presses: bool = False, **fields: str) -> conversation.WebResponse:
        """Opens a link, or presses the button on its page."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        body = urlencode(fields).encode()
        return await self.pages.answer(conversation.WebRequest(headers={}, query=query, body=body), does=presses)

    async def confirms(self, chat: str = "email:ada@lab.org") -> conversation.WebResponse:
        """Sends the question to an address, and confirms it."""
        access.ask_to_confirm(self.app.store, make.address(chat), source=HOME, now=self.clock.now())
        [question] = await self.delivers()
        return await self.opens(link(question, "yes"), presses=True)

    async def sends_papers(self, *papers: str) -> EmailMessage:
        """Lets papers arrive, and returns the mail that brings them to Ada."""
        make.ingested(self.app.store, *map(make.paper, papers or ["Diffusion on graphs"]), now=self.clock.now())
        [mail] = [one for one in await self.delivers(61) if one["To"] == "ada@lab.org"]
        return mail

    def state(self) -> states.ChatState:
        return get_chat(self.app.store, ADA).state


@pytest.fixture
async def bot(tmp_path: Path, clock: make.FakeClock, request: pytest.FixtureRequest) -> AsyncIterator[Bot]:
    """A running bot; the parameter is its access."""
    with smtp.a_mail_server() as fake:
        settings = Settings(
            database_url=SecretStr(f"sqlite:///{tmp_path / 'paperwire.db'}"),
            smtp_url=SecretStr(fake.url),
            mail_from="Papers <papers@lab.org>",
            web_url=ROOT,
            access=getattr(request, "param", "open"),
        )
        app = build_app(settings, clock=clock)
        app.open()
        try:
            receivers = app.receivers()
            async with listening(app, receivers) as dispatcher:
                pages = next(one for one in receivers if isinstance(one, MailPages))
                pages._dispatcher = dispatcher  # must be set before its task takes its first step
                requests.subscribe(
                    app.store, HOME, requests.SubscriptionRequest(text="diffusion", when="daily 13:00"), now=clock.now()
                )
                yield Bot(app, fake, clock, dispatcher, pages)
        finally:
            await app.close()


def content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def link(mail: EmailMessage, label: str) -> str:
    """Returns the address of a link in a mail, found by the beginning of its label."""
    found = re.search(rf'href="({ROOT}[^"]+)"[^>]*>{label}', content(mail, "html"))
    assert found, content(mail, "html")
    return unescape(found[1])


def words(response: conversation.WebResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", response.body, flags=re.DOTALL)).strip()


async def test_a_person_says_yes_and_gets_papers_by_mail(bot: Bot) -> None:
    access.ask_to_confirm(bot.app.store, ADA, source=HOME, now=bot.clock.now())
    [question] = await bot.delivers()
    assert question["To"] == "ada@lab.org"
    assert question["List-Unsubscribe"] is None
    assert "Shall papers come to this address?" in content(question, "plain")
    shown = await bot.opens(link(question, "yes"))
    assert "yes, send them here" in shown.body
    assert bot.state() is states.ChatState.UNCONFIRMED, "opening the link changes nothing"
    answered = await bot.opens(link(question, "yes"), presses=True)
    assert "Papers come to ada@lab.org from now on. It has 1 subscription." in words(answered)
    mail = await bot.sends_papers(*(f"Diffusion on graphs {number}" for number in range(7)), "Sorting sand")
    assert mail["Subject"] == "7 papers on diffusion · 22 Jan"
    assert mail["From"] == "Papers <papers@lab.org>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    for part in (content(mail, "plain"), content(mail, "html")):
        assert all(f"Diffusion on graphs {number}" in re.sub(r"<[^>]+>", "", part) for number in range(7))
        assert "Sorting sand" not in part
    assert await bot.delivers(1) == []


async def test_what_is_pressed_in_a_mail_is_done_once_and_on_a_page(bot: Bot) -> None:
    await bot.confirms()
    mail = await bot.sends_papers(*(f"Diffusion on graphs {number}" for number in range(6)))
    assert 'href="press:' not in content(mail, "html")
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
    assert bot.state() is states.ChatState.PAUSED
    make.ingested(bot.app.store, make.paper("Diffusion again"), now=bot.clock.now())
    assert [one for one in await bot.delivers(24 * 60) if one["To"] == "ada@lab.org"] == []


async def test_a_link_that_was_made_up_changed_or_of_an_erased_chat_does_nothing(bot: Bot) -> None:
    await bot.confirms()
    stop = (await bot.sends_papers())["List-Unsubscribe"].strip("<>")
    erased = Link(get_chat(bot.app.store, ADA).id, "email:bo@lab.org", "say", "/pause")
    for wrong in (
        stop[:-1],
        stop.replace("link=W", "link=X"),
        f"{ROOT}/mail?link=",
        f"{ROOT}/mail?link=a.b",
        f"{ROOT}/mail",
        (await bot.pages.channel.signer()).url(erased),
    ):
        for presses in (False, True):
            found = await bot.opens(wrong, presses=presses)
            assert found.status == 404
            assert "does not work any more" in found.body
    assert bot.state() is states.ChatState.ACTIVE


async def test_the_question_is_open_for_two_days(bot: Bot) -> None:
    access.ask_to_confirm(bot.app.store, ADA, source=HOME, now=bot.clock.now())
    [question] = await bot.delivers()
    bot.clock.advance(timedelta(days=2, minutes=1))
    late = await bot.opens(link(question, "yes"), presses=True)
    assert "older than two days" in words(late)
    assert bot.state() is states.ChatState.UNCONFIRMED


async def test_an_address_that_an_operator_denied_is_not_asked(bot: Bot) -> None:
    await does(bot, "subscribe")
    access.deny(bot.app.store, ADA, now=bot.clock.now())
    with pytest.raises(Refused, match="said no to this address"):
        access.ask_to_confirm(bot.app.store, ADA, source=HOME, now=bot.clock.now())
    access.ask_unasked(bot.app.store, [ADA], now=bot.clock.now())
    assert await bot.delivers() == []


async def does(bot: Bot, step: str) -> None:
    """Does something that may happen to an address that has not confirmed."""
    store, now = bot.app.store, bot.clock.now()
    match step:
        case "subscribe":
            requests.subscribe(store, ADA, requests.SubscriptionRequest(text="diffusion", when="daily 13:00"), now=now)
        case "deny" | "allow":
            (access.deny if step == "deny" else access.allow)(store, ADA, now=now)
        case "resume":
            resume(store, ADA, None, now=now)
        case "notify":
            notices.notify(store, ADA, AccessDenied(event="1"), now=now)
        case "notify the operator":
            notices.notify_operators(store, [ADA], VersionChanged(version="2", before="1"), now=now)
        case "ask":
            access.ask_to_confirm(store, ADA, source=HOME, now=now)
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
    ("bot", "way"),
    [
        ("open", ["subscribe"]),
        ("ask", ["subscribe"]),
        ("ask", ["subscribe", "allow"]),
        ("open", ["subscribe", "deny", "allow"]),
        ("ask", ["subscribe", "resume"]),
        ("open", ["subscribe", "notify"]),
        ("open", ["notify the operator"]),
        ("open", ["ask", "open the link"]),
        ("open", ["ask", "bounce", "subscribe"]),
        ("ask", ["subscribe", "say /resume"]),
    ],
    indirect=["bot"],
)
async def test_nothing_is_sent_before_the_address_says_yes(bot: Bot, way: list[str]) -> None:
    for step in way:
        await does(bot, step)
    make.ingested(bot.app.store, make.paper("Diffusion on graphs"), now=bot.clock.now())
    sent = [*await bot.delivers(61), *await bot.delivers(24 * 60), *bot.fake.mails]
    assert {mail["Subject"] for mail in sent} <= {"Shall papers come to this address?"}
    assert bot.state() is states.ChatState.UNCONFIRMED


async def test_what_was_asked_for_meanwhile_comes_after_the_yes(bot: Bot) -> None:
    await does(bot, "subscribe")
    access.ask_unasked(bot.app.store, [ADA], now=bot.clock.now())
    access.ask_unasked(bot.app.store, [ADA], now=bot.clock.now())
    make.ingested(bot.app.store, make.paper("Diffusion on graphs"), now=bot.clock.now())
    [question] = await bot.delivers(61)
    await bot.opens(link(question, "yes"), presses=True)
    [mail] = [one for one in await bot.delivers(24 * 60) if one["To"] == "ada@lab.org"]
    assert "Diffusion on graphs" in mail["Subject"]


@pytest.mark.parametrize(
    ("trouble", "state", "chat"),
    [
        ("recipient 450 4.2.0 greylisted, try again", "waiting", states.ChatState.ACTIVE),
        ("recipient 452 4.2.2 over quota", "waiting", states.ChatState.ACTIVE),
        ("recipient 552 5.2.2 mailbox full", "waiting", states.ChatState.ACTIVE),
        ("recipient 550 5.1.1 no such user", "held", states.ChatState.PAUSED),
        ("recipient drop", "waiting", states.ChatState.ACTIVE),
        ("sender 421 4.3.2 shutting down", "waiting", states.ChatState.ACTIVE),
        ("content 451 4.3.0 later", "waiting", states.ChatState.ACTIVE),
        ("content drop", "unclear", states.ChatState.ACTIVE),
    ],
)
async def test_what_a_server_says_decides_what_follows(
    bot: Bot, trouble: str, state: str, chat: states.ChatState
) -> None:
    await bot.confirms()
    make.ingested(bot.app.store, make.paper("Diffusion on graphs"), now=bot.clock.now())
    bot.fake.troubles.append(trouble)
    await bot.delivers(61)
    entries = outbox_entries(bot.app.store, now=bot.clock.now(), wall=bot.clock.wall(), over=False)
    assert [one.state.value for one in entries if one.chat == str(ADA)] == [state]
    assert bot.state() is chat
    assert (get_chat(bot.app.store, ADA).pause_reason is states.PauseReason.GONE) is (chat is states.ChatState.PAUSED)


async def test_a_mail_that_may_have_come_comes_again_under_its_own_id(bot: Bot) -> None:
    await bot.confirms()
    bot.fake.troubles.append("content drop")
    first = await bot.sends_papers()
    [second] = await bot.delivers(5)
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_mail_that_is_refused_for_its_content_comes_as_plain_text(bot: Bot) -> None:
    await bot.confirms()
    bot.fake.troubles.append("content 554 5.7.1 looks like spam")
    assert (await bot.sends_papers()).get_body(("html",)) is None


def test_no_word_of_the_address_of_the_server_is_printed(terminal: Terminal) -> None:
    terminal.set("MAIL_FROM", "Papers <papers@lab.org>")
    with smtp.a_mail_server("papers", "made-up-word") as server:
        terminal.set("SMTP_URL", server.url)
        terminal("subscribe", "diffusion", "--as", str(ADA))
        said = [terminal("deliver"), terminal("check"), terminal("outbox"), terminal("status")]
        terminal.set("SMTP_URL", server.url.replace("made-up-word", "made-up-word-wrong"))
        terminal.set("LOG_LEVEL", "debug")
        said += [terminal("deliver"), terminal("check"), terminal("run", "--once")]
    printed = "".join(one.out + one.err for one in said)
    assert "535" in printed, "the server refuses the password"
    assert "made-up-word" not in printed
