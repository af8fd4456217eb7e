"""Deliveries by e-mail and by services of Apprise. The fake servers are as strict as the real ones."""

import asyncio
import dataclasses
import itertools
import json
import re
from collections import abc
from datetime import timedelta
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import getaddresses
from html import unescape
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from bot.app import App
from bot.build import build_app
from bot.delivery import sender as delivery_sender
from bot.delivery.sender import Sender
from bot.platforms.apprise import adapter
from bot.platforms.base import Operated
from bot.platforms.email.adapter import ANSWER, AT_ONCE, EmailPlatform
from bot.platforms.email.link_pages import Link, MailPages
from bot.run.listeners import listening
from bot.settings import Destination, Settings
from subscriptions.chats import known as known_chats
from subscriptions.database.store import Store
from subscriptions.model import ChatAddress, ChatState, DeliveryState, Message, Paper
from subscriptions.outbox.stored import claims
from subscriptions.outbox.stored.entries import OutboxEntry, outbox_entries
from subscriptions.outcomes import Rejected, RetryLater
from subscriptions.subscribing import access
from tests import tables
from tests.clock import NOON, FakeClock
from tests.contract.rigs.email import mail_message
from tests.fakes import apprise, smtp
from tests.fakes.apprise import READ, SERVICES, TOKEN, FakeServices
from tests.fakes.faults import FAULTS as FAULTS_OF_PLATFORMS
from tests.fakes.faults import Fault
from tests.integration import program
from tests.integration.cli import Terminal
from tests.make import address, ingested, paper, subscribes, summary

ADA, HOME = address("email:ada@lab.org"), address("web:ada")
ROOT = "https://papers.lab.org"


@dataclasses.dataclass(slots=True)
class Bot:
    """A bot with a web chat and e-mail, its mail server, and the web pages that links in its mails open."""

    app: App
    fake: smtp.FakeMailServer
    clock: FakeClock
    pages: MailPages

    async def delivers(self, minutes: int = 0) -> list[EmailMessage]:
        """Advances the clock, sends the due deliveries, and returns the mails that the server got."""
        self.clock.advance(timedelta(minutes=minutes))
        before = len(self.fake.mails)
        await Sender(self.app).deliver()
        return self.fake.mails[before:]

    async def opens(self, url: str, *, presses: bool = False, **fields: str) -> httpx.Response:
        """Opens a link of a mail or, with `presses`, presses the button on the page behind the link.

        Returns the page.
        """
        site = httpx.ASGITransport(Starlette(routes=self.pages.routes))
        async with httpx.AsyncClient(transport=site) as browser:
            return await (browser.post(url, data=fields) if presses else browser.get(url))

    async def asks(self, chat: ChatAddress = ADA) -> EmailMessage:
        """Asks an address whether papers may come to it. Returns the question."""
        self.app.store.write_now(access.ask_to_confirm, chat, source=HOME, now=self.clock.now())
        [question] = await self.delivers()
        return question

    async def confirms(self, chat: ChatAddress = ADA) -> httpx.Response:
        """Asks an address, which answers yes. Returns the page after the answer."""
        return await self.opens(link(await self.asks(chat), "yes"), presses=True)

    def brings(self, *papers: str) -> None:
        """Ingests papers with these titles."""
        ingested(self.app.store, *map(paper, papers), now=self.clock.now())

    async def sends_papers(self, *papers: str) -> EmailMessage:
        """Ingests papers with these titles, and returns the mail in which Ada gets them an hour later."""
        self.brings(*papers or ["Diffusion on graphs"])
        [mail] = [one for one in await self.delivers(61) if one["To"] == "ada@lab.org"]
        return mail

    def state(self) -> ChatState:
        return self.app.store.read_now(known_chats.get_chat, ADA).state


@pytest.fixture
async def bot(tmp_path: Path, clock: FakeClock, request: pytest.FixtureRequest) -> abc.AsyncIterator[Bot]:
    """A bot that listens. A test may give its setting `access` as the parameter; it is "open" by default."""
    with smtp.a_mail_server() as fake:
        settings = Settings(
            database_url=SecretStr(f"sqlite:///{tmp_path / 'paperwire.db'}"),
            smtp_url=SecretStr(fake.url),
            mail_from="Papers <papers@lab.org>",
            web_url=ROOT,
            access=getattr(request, "param", "open"),
        )
        async with program.opened(build_app(settings, clock=clock)) as app:
            receivers = app.receivers()
            async with listening(app, receivers) as dispatcher:
                pages = next(one for one in receivers if isinstance(one, MailPages))
                pages._dispatcher = dispatcher  # otherwise, only the first step of the receiver's task would set this
                subscribes(app.store, "web:ada", "diffusion", when="daily 13:00", now=clock.now())
                yield Bot(app, fake, clock, pages)


def content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def link(mail: EmailMessage, label: str) -> str:
    """Returns the address of the link in a mail whose label begins with `label`."""
    found = re.search(rf'href="({ROOT}[^"]+)"[^>]*>{label}', content(mail, "html"))
    assert found, content(mail, "html")
    return unescape(found[1])


def words(response: httpx.Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", response.text, flags=re.DOTALL)).strip()


async def test_what_is_pressed_in_a_mail_is_done_once_and_on_a_page(bot: Bot) -> None:
    await bot.confirms()
    mail = await bot.sends_papers(*(f"Diffusion on graphs {number}" for number in range(6)))
    assert 'href="press:' not in content(mail, "html")
    assert re.search("saved|Saved|save", words(await bot.opens(link(mail, "save"), presses=True, once="a")))
    assert "link=" in mail["List-Unsubscribe"]
    page = await bot.opens(link(mail, "change what comes"), presses=True)
    assert "diffusion" in words(page)
    assert 'name="text"' in page.text
    talk = re.search(r'class="say".*?name="link" value="([^"]+)"', page.text, re.DOTALL)
    assert talk
    assert "graphs" in words(
        await bot.opens(f"{ROOT}/mail", presses=True, link=unescape(talk[1]), text="/sub graphs daily 13:00")
    )
    assert len(bot.app.store.read_now(known_chats.listed, ADA)) == 2
    assert (
        await bot.opens(mail["List-Unsubscribe"].strip("<>"), presses=True, **{"List-Unsubscribe": "One-Click"})
    ).status_code == 200
    assert bot.state() is ChatState.PAUSED
    bot.brings("Diffusion again")
    assert [one for one in await bot.delivers(24 * 60) if one["To"] == "ada@lab.org"] == []


async def test_a_link_that_was_made_up_changed_or_of_an_erased_chat_does_nothing(bot: Bot) -> None:
    await bot.confirms()
    stop = (await bot.sends_papers())["List-Unsubscribe"].strip("<>")
    signer, ada = await bot.pages.signer(), bot.app.store.read_now(known_chats.get_chat, ADA).id
    for wrong in (
        stop[:-1],
        stop.replace("link=W", "link=X"),
        f"{ROOT}/mail?link=",
        f"{ROOT}/mail?link=a.b",
        f"{ROOT}/mail",
        f"{ROOT}/mail?link={signer.token(Link(ada, 'email:bo@lab.org', 'say', '/pause'))}",
    ):
        for presses in (False, True):
            found = await bot.opens(wrong, presses=presses)
            assert found.status_code == 404
            assert "does not work any more" in found.text
    odd = "--b\r\nContent-Disposition: form-data; name=x\r\n\r\n\xff\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b; charset=undefined"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=bot.pages.routes))) as browser:
        found = await browser.post(f"{ROOT}/mail", content=odd.encode("latin-1"), headers={"content-type": kind})
    assert found.status_code == 404
    assert bot.state() is ChatState.ACTIVE


async def test_the_question_is_open_for_two_days(bot: Bot) -> None:
    question = await bot.asks()
    bot.clock.advance(timedelta(days=2, minutes=1))
    assert "older than two days" in words(await bot.opens(link(question, "yes"), presses=True))
    assert bot.state() is ChatState.UNCONFIRMED


async def test_an_answer_whose_page_is_gone_is_not_mailed_to_who_has_not_agreed(bot: Bot) -> None:
    question = await bot.asks()
    channel, answer = bot.app.platforms["email"], mail_message("your subscriptions")
    with pytest.raises(Rejected, match="The page that asked is gone"):
        await channel.post(ADA, answer, delivery=f"{ANSWER}7")
    await bot.opens(link(question, "yes"), presses=True)
    await channel.post(ADA, answer, delivery=f"{ANSWER}8")
    assert "your subscriptions" in content(bot.fake.mails[-1], "html")


async def test_a_mail_that_may_have_come_twice_does_not_come_again(bot: Bot) -> None:
    await bot.confirms()
    bot.fake.troubles.extend(["content drop", "recipient 450 4.2.0 later", "content drop"])
    first = await bot.sends_papers()
    copies = [first, *[mail for _ in range(5) for mail in await bot.delivers(20)]]
    assert [mail["Message-ID"] for mail in copies] == [first["Message-ID"]] * 2
    assert papers_for_ada(bot).state.value == "dead"
    assert "may have arrived. That was the second time" in papers_for_ada(bot).reason
    bot.brings("Diffusion again")
    assert [one for one in await bot.delivers(24 * 60) if one["To"] == "ada@lab.org"], "the lane goes on"


async def test_a_mail_that_two_processes_were_broken_off_with_is_not_sent_a_third_time(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_sender, "SHUTDOWN_GRACE", 0)
    await bot.confirms()
    bot.fake.mails.clear()
    bot.fake.troubles.extend(["content silent"] * 3)
    bot.brings("Diffusion on graphs")
    bot.clock.advance(timedelta(minutes=61))
    for copies in (1, 2):
        sends = asyncio.create_task(Sender(bot.app).deliver())
        await bot.fake.until_it_has(copies)
        bot.app.stop.set()
        await sends
        bot.app.stop.clear()
        bot.app.store.write_now(claims.recover)
        bot.clock.advance(timedelta(minutes=20))
    assert await bot.delivers() == []
    assert papers_for_ada(bot).state.value == "dead"


async def test_a_late_answer_counts_and_holds_up_neither_other_mails_nor_the_page(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.email.adapter.PROMPT", 0.01)
    await bot.confirms()
    readers = [f"reader{number}@lab.org" for number in range(AT_ONCE)]
    for reader in readers:
        await bot.confirms(address(f"email:{reader}"))
    stop = (await bot.sends_papers())["List-Unsubscribe"].strip("<>")
    bot.fake.mails.clear()
    bot.fake.troubles.extend(["content held"] * AT_ONCE)
    bot.brings("Diffusion again")
    bot.clock.advance(timedelta(days=1))
    sends = asyncio.create_task(Sender(bot.app).deliver())
    await bot.fake.until_it_has(len(readers) + 1)
    assert not sends.done()
    assert "paused" in words(await bot.opens(stop, presses=True)).lower()
    bot.fake.answers_held()
    await sends
    assert sorted(mail["To"] for mail in bot.fake.mails) == ["ada@lab.org", *readers]
    assert papers_for_ada(bot).state.value == "sent"


def papers_for_ada(bot: Bot) -> OutboxEntry:
    """Returns the last delivery of papers to Ada."""
    entries = outbox_entries(bot.app.store, now=bot.clock.now())
    return [one for one in entries if one.chat == str(ADA) and one.papers][-1]


@pytest.mark.parametrize(
    ("settings", "greeting"),
    [
        ({"web_url": "https://wire.lab.org:8443/x"}, "wire.lab.org"),
        ({"web_url": "http://localhost:8420"}, "post.lab.org"),
        ({}, "post.lab.org"),
    ],
)
def test_a_server_is_greeted_by_a_name_that_others_can_look_up(
    settings: dict[str, Any], greeting: str, store: Store
) -> None:
    found = Settings(smtp_url=SecretStr("smtp://localhost"), mail_from="Papers <a@post.lab.org>", **settings)
    assert EmailPlatform(found, store, FakeClock(NOON)).client().local_hostname == greeting


@pytest.mark.parametrize(
    ("url", "encrypted"),
    tables.rows("""
        smtp://lab.org            → if the server offers it
        smtp://ada:sesame@lab.org → else nothing is sent
        smtps://ada:sesame@lab.org → from the first byte
        smtp://ada:sesame@[::1]   → no
    """),
)
def test_no_password_goes_unencrypted_to_another_machine(url: str, encrypted: str, store: Store) -> None:
    found = Settings(smtp_url=SecretStr(url), mail_from="a@lab.org")
    server = EmailPlatform(found, store, FakeClock(NOON)).client()
    assert {
        (True, False): "from the first byte",
        (False, True): "else nothing is sent",
        (False, None): "if the server offers it",
        (False, False): "no",
    }[server.use_tls, server._start_tls_on_connect] == encrypted


SUBJECTS = (
    "=?utf-8?q?Paper=0D=0ABcc:_spy@lab.org?=",
    "Paper\r\nBcc: spy@lab.org\r\n\r\nHello",
    "Paper\x0b\x85\u2028Bcc: spy@lab.org",
    "论文" * 70,
    "x" * 150,
    "word; " * 25,
    "",
)
NAMES = ("Papers", "=?utf-8?q?x=0D=0ABcc:_spy@lab.org?=", 'Dr. "P", <a@b.org>', "论文" * 20)


async def test_headers_hold_any_text_as_text(bot: Bot) -> None:
    await bot.confirms()
    channel = bot.app.platforms["email"]
    assert isinstance(channel, EmailPlatform)
    for subject, name in itertools.product(SUBJECTS, NAMES):
        channel.sender = Address(name, addr_spec="papers@lab.org")
        payload = {"subject": subject, "preview": "", "text": "t", "html": "<tr><td>h</td></tr>"}
        message = Message(number=1, payload=json.dumps(payload))
        await channel.post(ADA, message, delivery="d1")
        head = bot.fake.raw[-1].partition(b"\r\n\r\n")[0].decode("ascii")
        lines = re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n")
        assert [line.partition(":")[0] for line in lines] == [
            "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Precedence", "List-Id",
            "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type",
        ]  # fmt: skip
        assert re.search(rf"(?m)^List-Unsubscribe: <{ROOT}/mail\?link=[\w.-]+>\r$", head)
        assert {
            "To: ada@lab.org",
            "Auto-Submitted: auto-generated",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        } <= {*lines}
        assert max(len(line) for line in head.split("\r\n") if not line.startswith("List-Unsubscribe:")) <= 78
        shown = str(make_header(decode_header(lines[2].partition(": ")[2])))
        assert shown == " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", subject).split())
        [(sender, at)] = getaddresses([lines[0].partition(": ")[2]])
        assert (str(make_header(decode_header(sender))), at) == (name, "papers@lab.org")


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


ABSTRACT = "We look at noise & <signs>; see https://lab.org/a_b. " * 4
LINKS = {
    "json": r"(?m)^\s+(https://arxiv\.org/abs/[0-9.]+)$",
    "feishu": r"(?m)^\s+(https://arxiv\.org/abs/[0-9.]+)$",
    "matrix": r'<a href="(https://arxiv\.org/abs/[0-9.]+)">[^<]+</a>',
    "discord": r"\]\((https://arxiv\.org/abs/[0-9.]+)\)",
}


@dataclasses.dataclass(slots=True)
class Poster:
    """A bot with a destination for each service of Apprise."""

    app: App
    fake: FakeServices
    clock: FakeClock

    async def sends(self, services: abc.Iterable[str], *papers: Paper) -> None:
        """Subscribes these services, ingests the papers, and delivers them an hour later."""
        for service in services:
            subscribes(self.app.store, f"apprise:{service}", "diffusion", when="daily 13:00", now=self.clock.now())
        ingested(self.app.store, *papers, now=self.clock.now())
        await self.delivers(minutes=60)

    async def delivers(self, minutes: int = 0) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        await Sender(self.app).deliver()

    def outbox(self) -> list[OutboxEntry]:
        return [
            one for one in outbox_entries(self.app.store, now=self.clock.now()) if one.state is not DeliveryState.SENT
        ]


@pytest.fixture
def fake() -> abc.Iterator[FakeServices]:
    with apprise.fake_services() as services:
        yield services


@pytest.fixture
async def poster(
    tmp_path: Path, fake: FakeServices, clock: FakeClock, request: pytest.FixtureRequest
) -> abc.AsyncIterator[Poster]:
    """A bot with a destination for each service. A test may give the end of all their addresses as the parameter."""
    destinations = [
        Destination(name=one, url_env="A_URL", url=SecretStr(fake.address(one, getattr(request, "param", ""))))
        for one in {*SERVICES, *READ, *apprise.PUSHES}
    ]
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{tmp_path / 'paperwire.db'}"),
        destinations=tuple(destinations),
    )
    async with program.opened(build_app(settings, clock=clock)) as app:
        yield Poster(app, fake, clock)


def papers(count: int, title: str = "Diffusion of *stars* & <tags>, part", text: str = ABSTRACT) -> list[Paper]:
    return [
        paper(arxiv_id=f"2601.{number:05d}", title=f"{title} {number:02d}", abstract=text)
        for number in range(1, count + 1)
    ]


async def test_each_service_gets_the_digest_in_its_format(poster: Poster) -> None:
    await poster.sends(SERVICES, *papers(7))
    text, html, markdown, plain = ("\n".join(poster.fake.texts(service)) for service in SERVICES)
    assert "7 papers · " in poster.fake.titles("json")[0]
    assert text.startswith(" 1  Diffusion of *stars* & <tags>, part 07\n    "), "the head is the title"
    assert "7 papers · " in html.splitlines()[0]
    assert (
        '1 <a href="https://arxiv.org/abs/2601.00007">Diffusion of *stars* &amp; &lt;tags&gt;, part 07</a> — ' in html
    )
    assert markdown.startswith("7 papers · ")
    assert "1 [Diffusion of \\*stars\\* & \\<tags>, part 07](https://arxiv.org/abs/2601.00007) — " in markdown
    assert plain.startswith("7 papers · ")
    assert " 1  Diffusion of *stars* & <tags>, part 07\n    " in plain


@pytest.mark.parametrize("service", SERVICES)
async def test_a_long_digest_is_split_between_papers(poster: Poster, service: str) -> None:
    count = 60
    await poster.sends([service], *papers(count, text="一种用于扩散模型的新方法，效果很好。" * 12))
    assert poster.outbox() == []
    got = poster.fake.texts(service)
    assert sorted(found for message in got for found in re.findall(r"part (\d\d)", unescape(message))) == [
        f"{number:02d}" for number in range(1, count + 1)
    ], "each paper once"
    assert sorted(found for message in got for found in re.findall(LINKS[service], message)) == [
        f"https://arxiv.org/abs/2601.{number:05d}" for number in range(1, count + 1)
    ]
    if service == "discord":
        assert len(got) > 1
        assert all(len(message) <= 2000 for message in got)


@pytest.mark.parametrize(("service", "count"), [("feishu", 40), ("wecombot", 20), ("ntfy", 60), ("bark", 60)])
async def test_a_summary_in_chinese_fits_into_what_counts_bytes(poster: Poster, service: str, count: int) -> None:
    """Feishu limits the bytes of a request, in which a Chinese character takes six; WeCom limits the bytes of the text.
    ntfy would send a file instead of a longer text, and Apple refuses a longer push.
    """
    summaries = summary("一种用于扩散模型的新方法，效果很好，成本更低，" * 10)
    await poster.sends([service], *(dataclasses.replace(one, summaries=summaries) for one in papers(count)))
    assert (poster.outbox(), sum(text.count("part") for text in poster.fake.texts(service))) == ([], count)


async def test_a_service_gets_twenty_messages_a_minute(poster: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    """DingTalk and WeCom refuse the 21st message of a minute, and DingTalk then refuses all for ten minutes."""
    post, moments = adapter.post_ourselves, list[float]()

    async def noted(plugin: Any, text: str) -> None:
        moments.append(poster.clock.monotonic())
        await post(plugin, text)

    monkeypatch.setattr(adapter, "post_ourselves", noted)
    await poster.sends(["wecombot"], *papers(240, title="Diffusion of everything that flows " * 6))
    minutes = [later - first for first, later in zip(moments, moments[20:], strict=False)]
    assert len(minutes) > 1
    assert minutes == pytest.approx([60.0] * len(minutes), abs=1)


@pytest.mark.parametrize(
    ("service", "fault", "times"),  # `times`: how many copies of the message the service has got in the end
    [
        ("json", "429", 1),
        ("matrix", "429", 1),
        ("discord", "429", 1),
        ("json", "cut after", 2),
        ("feishu", "cut after", 2),
    ],
)
async def test_what_failed_comes_again_at_least_once(poster: Poster, service: str, fault: str, times: int) -> None:
    poster.fake.answers(fault, times=4 if fault == "429" else 1)
    await poster.sends([service], *papers(2))
    if not (fault == "429" and service in ("matrix", "discord")):
        [entry] = poster.outbox()
        assert entry.state is DeliveryState.UNCLEAR
        assert re.search("Apprise does not say which|was lost", entry.reason)
    for _ in range(4):
        await poster.delivers(minutes=20)
    assert (poster.outbox(), len(poster.fake.texts(service))) == ([], times)
    assert poster.clock.slept == [], "nothing but the outbox waits"


@pytest.mark.parametrize("poster", ["/second/third"], indirect=True)
async def test_target_that_failed_gets_its_message_alone(poster: Poster) -> None:
    poster.fake.answers("500", times=1, after=1)
    await poster.sends(["ntfy"], *papers(1))
    [entry] = poster.outbox()
    assert "2 of 3 targets" in entry.reason
    await poster.delivers(minutes=20)
    assert (poster.outbox(), len(poster.fake.texts("ntfy"))) == ([], 3)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("ntfy://lab.org/one", 1),
        ("ntfy://lab.org/one/two", 2),
        ("mailto://me:secret@lab.org?to=a@lab.org,b@lab.org", 2),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#one/#two/#three", 3),
        ("tgram://123456789:AAAAbbbbccccddddeeeeffffgggghhhhiii/123/456", 2),
        ("mmost://lab.org/token?channels=one,two", 2),
        ("json://lab.org/hook", 1),
    ],
)
def test_targets_of_one_address_are_posted_to_one_by_one(url: str, parts: int) -> None:
    channel = adapter.ApprisePlatform([Destination(name="lab", url_env="LAB_URL", url=SecretStr(url))])
    target = channel.targets["lab"]
    assert isinstance(target, adapter.Target)
    assert [len(one) for one in target.parts] == [1] * parts


@pytest.mark.parametrize(
    ("service", "body", "state"),
    [
        *(("feishu", body, DeliveryState.UNCLEAR) for body in ('{"code": "0"}', "[]", "<html>")),
        *((service, '{"code": 19024, "errcode": 310000, "msg": "no keyword"}', DeliveryState.DEAD) for service in READ),
        *((service, '{"code": 11232, "errcode": 45009}', DeliveryState.WAITING) for service in READ),
    ],
)
async def test_a_refusal_under_status_200_is_none_the_less_one(
    poster: Poster, service: str, body: str, state: DeliveryState
) -> None:
    """A service refuses a message but answers with status 200, for example because Feishu requires a keyword in it. The
    bot must not count the message as sent.
    """
    with patch.dict(FAULTS_OF_PLATFORMS, refused=Fault(body=body)):
        poster.fake.answers("refused")
    await poster.sends([service], *papers(1))
    [entry] = poster.outbox()
    assert entry.state is state
    assert state is not DeliveryState.DEAD or "says " in entry.reason
    await poster.delivers(minutes=20)
    assert len(poster.fake.texts(service)) == (state is not DeliveryState.DEAD)


async def test_a_service_that_never_answers_holds_up_no_other(poster: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = poster.app.platforms["apprise"]
    assert isinstance(channel, adapter.ApprisePlatform)
    monkeypatch.setattr(adapter, "TIMEOUT", 0.2)
    poster.fake.answers("hang after", chat="json")
    await poster.sends(["json", "feishu"], *papers(1))
    assert ([entry.chat for entry in poster.outbox()], len(poster.fake.texts("feishu"))) == (["apprise:json"], 1)
    with pytest.raises(RetryLater, match="still under way"):
        await channel.post(address("apprise:json"), message("x"), delivery="d")
    poster.fake.releases()


def files(folder: Path) -> dict[str, str]:
    """Maps the name of each file in a folder to its content."""
    return {file.name: file.read_bytes().decode("latin-1") for file in folder.iterdir()}


def message(text: str) -> Message:
    payload = json.dumps({"title": "", "text": text, "format": "text"})
    return Message(number=1, payload=payload)


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        (None, "LAB_URL is not set."),
        (f"nonsense://{TOKEN}", "Apprise does not understand the address in LAB_URL."),
        (f"json://:{TOKEN}@/", "Apprise does not understand the address in LAB_URL."),
    ],
)
async def test_what_apprise_cannot_use_is_told_without_the_address(
    url: str | None, trouble: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    channel = adapter.ApprisePlatform(
        [Destination(name="lab", url_env="LAB_URL", url=None if url is None else SecretStr(url))]
    )
    with pytest.raises(RetryLater, match=re.escape(trouble)):
        await channel.post(address("apprise:lab"), message("x"), delivery="d")
    assert TOKEN not in (caplog.text + "".join(capfd.readouterr()) + repr(channel.targets))
    assert "apprise" not in caplog.text


async def test_secrets_are_in_no_log_error_or_table(
    poster: Poster, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    poster.fake.answers("echo page", times=3)
    await poster.sends(SERVICES, *papers(1))
    poster.fake.goes_down()
    await poster.delivers(minutes=20)
    platform = poster.app.platforms["apprise"]
    assert isinstance(platform, Operated)
    found = (*await platform.check(), *platform.startup_lines, *poster.outbox(), poster.app.settings, poster.app)
    found += (vars(poster.app.platforms["apprise"]),)
    said = caplog.text + "".join(capfd.readouterr()) + "".join(map(repr, found))
    assert "Apprise does not say which" in said
    await poster.app.close()
    stored = "".join(files(tmp_path).values())
    assert '"title"' in stored
    assert TOKEN not in said + stored
