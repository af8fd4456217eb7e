"""Deliveries by Apprise, from a subscription to the messages, to four fake services that are as strict as the real
ones.
"""

import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from unittest.mock import patch

import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.errors import SettingsError
from bot.platforms.apprise import adapter
from bot.settings import Destination, Settings
from bot.settings.loading import load_settings
from subscriptions import errors, model
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.service.sending import outbox_entries
from subscriptions.states import DeliveryState
from subscriptions.store.outbox import OutboxEntry
from tests import make
from tests.fakes import apprise
from tests.fakes.faults import FAULTS as FAULTS_OF_PLATFORMS
from tests.fakes.faults import Fault

ABSTRACT = "We look at noise & <signs>; see https://lab.org/a_b. " * 4
LINKS = {
    "json": r"(?m)^\s+(https://arxiv\.org/abs/[0-9.]+)$",
    "feishu": r"(?m)^\s+(https://arxiv\.org/abs/[0-9.]+)$",
    "matrix": r'<a href="(https://arxiv\.org/abs/[0-9.]+)">[^<]+</a>',
    "discord": r"\]\((https://arxiv\.org/abs/[0-9.]+)\)",
}


@dataclass(slots=True)
class Bot:
    """A running bot with a destination for each service."""

    app: App
    fake: apprise.FakeServices
    clock: make.FakeClock

    def subscribe(self, *services: str) -> None:
        for service in services:
            request = SubscriptionRequest(text="diffusion", when="daily 13:00")
            subscribe(self.app.store, make.address(f"apprise:{service}"), request, now=self.clock.now())

    def ingest(self, *papers: model.Paper) -> None:
        make.ingested(self.app.store, *papers, now=self.clock.now())

    async def sends(self, services: Iterable[str], *papers: model.Paper) -> None:
        """Subscribes the services, lets papers arrive, and sends them."""
        self.subscribe(*services)
        self.ingest(*papers)
        await self.delivers(minutes=60)

    async def delivers(self, minutes: int = 0) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        await self.app.sender.deliver()

    def outbox(self) -> list[OutboxEntry]:
        found = outbox_entries(self.app.store, now=self.clock.now())
        return [one for one in found if one.state is not DeliveryState.SENT]


@pytest.fixture
def fake() -> Iterator[apprise.FakeServices]:
    with apprise.fake_services() as services:
        yield services


@pytest.fixture
async def bot(
    tmp_path: Path, fake: apprise.FakeServices, clock: make.FakeClock, request: pytest.FixtureRequest
) -> AsyncIterator[Bot]:
    """A running bot; the parameter is what follows the address of each service."""
    destinations = [
        Destination(one, f"{one.upper()}_URL", SecretStr(fake.address(one, getattr(request, "param", ""))))
        for one in {*apprise.SERVICES, *apprise.READ}
    ]
    database = SecretStr(f"sqlite:///{tmp_path / 'paperwire.db'}")
    app = build_app(Settings(database_url=database, destinations=tuple(destinations)), clock=clock)
    app.open()
    try:
        yield Bot(app, fake, clock)
    finally:
        await app.close()


def papers(count: int, title: str = "Diffusion of *stars* & <tags>, part", text: str = ABSTRACT) -> list[model.Paper]:
    return [
        make.paper(arxiv_id=f"2601.{number:05d}", title=f"{title} {number:02d}", abstract=text)
        for number in range(1, count + 1)
    ]


# ------------------------------------------------------------------------------------------------ what services get


async def test_each_service_gets_the_digest_in_its_format(bot: Bot) -> None:
    await bot.sends(apprise.SERVICES, *papers(7))
    text, html, markdown, plain = ("\n".join(bot.fake.texts(service)) for service in apprise.SERVICES)
    assert "7 papers · " in bot.fake.titles("json")[0]
    assert text.startswith(" 1  Diffusion of *stars* & <tags>, part 07\n    "), "the head is the title"
    assert html.startswith("<h1>7 papers · ")
    assert (
        '1 <a href="https://arxiv.org/abs/2601.00007">Diffusion of *stars* &amp; &lt;tags&gt;, part 07</a><br>' in html
    )
    assert markdown.startswith("7 papers · ")
    assert "1 [Diffusion of \\*stars\\* & \\<tags>, part 07](https://arxiv.org/abs/2601.00007)  \n" in markdown
    assert plain.startswith("7 papers · ")
    assert " 1  Diffusion of *stars* & <tags>, part 07\n    " in plain


@pytest.mark.parametrize("service", apprise.SERVICES)
@pytest.mark.parametrize(
    ("count", "text"),
    [(60, "一种用于扩散模型的新方法，效果很好。" * 12), (3, "😀" * 3000)],
)
async def test_a_long_digest_is_split_between_papers(bot: Bot, service: str, count: int, text: str) -> None:
    await bot.sends([service], *papers(count, text=text))
    assert bot.outbox() == []
    got = bot.fake.texts(service)
    titles = [found for message in got for found in re.findall(r"part (\d\d)", unescape(message))]
    assert sorted(titles) == [f"{number:02d}" for number in range(1, count + 1)], "each paper once"
    links = [found for message in got for found in re.findall(LINKS[service], message)]
    assert sorted(links) == [f"https://arxiv.org/abs/2601.{number:05d}" for number in range(1, count + 1)]
    if service == "discord":
        assert len(got) > 1 or count < 60
        assert all(len(message) <= 2000 for message in got)


@pytest.mark.parametrize(("service", "count"), [("feishu", 40), ("wecombot", 20)])
async def test_a_summary_in_chinese_fits_into_what_counts_bytes(bot: Bot, service: str, count: int) -> None:
    """Feishu limits the bytes of the request, where a Chinese character takes six; WeCom limits the bytes of the text."""
    told = make.summary("一种用于扩散模型的新方法，效果很好，成本更低，" * 10)
    await bot.sends([service], *(replace(one, summaries=told) for one in papers(count)))
    assert bot.outbox() == []
    assert sum(text.count("part") for text in bot.fake.texts(service)) == count


@pytest.mark.parametrize(
    ("bot", "title"),
    [("?format=markdown", "30 papers · "), ("?overflow=truncate&retry=5&wait=9&rto=0.01", "")],
    indirect=["bot"],
)
async def test_an_address_of_discord_may_ask_for_embeds_and_for_no_limit_of_its_own(bot: Bot, title: str) -> None:
    await bot.sends(["discord"], *papers(30))
    assert "".join(bot.fake.texts("discord")).count("part ") == 30
    assert bot.fake.titles("discord")[0].startswith(title)


async def test_one_service_signs_in_once_and_out_at_the_end(bot: Bot, tmp_path: Path) -> None:
    await bot.sends(["matrix"], *papers(3))
    bot.ingest(make.paper(arxiv_id="2601.09999", title="Diffusion again"))
    await bot.delivers(minutes=24 * 60)
    assert len(bot.fake.texts("matrix")) == 2
    await bot.app.close()
    assert len(bot.fake.arrived("login")) == 1
    assert bot.fake.arrived("logout") == [("logout", "matrix")]
    assert {name.partition(".")[0] for name in files(tmp_path)} == {"paperwire"}, "Apprise keeps nothing on the disk"


# ---------------------------------------------------------------------------------------------- what a failure means


@pytest.mark.parametrize(
    ("service", "fault", "times"),  # how many copies of the message have arrived in the end
    [
        ("json", "429", 1),
        ("json", "400 page", 1),
        ("json", "503", 1),
        ("json", "cut before", 1),
        ("json", "reset after", 2),
        ("feishu", "500", 1),
        ("matrix", "429", 1),
        ("discord", "429", 1),
        *((service, "cut after", 2) for service in apprise.SERVICES),
    ],
)
async def test_what_failed_comes_again_at_least_once(bot: Bot, service: str, fault: str, times: int) -> None:
    bot.fake.answers(fault, times=4 if fault == "429" else 1)
    await bot.sends([service], *papers(2))
    if not (fault == "429" and service in ("matrix", "discord")):
        [entry] = bot.outbox()
        assert entry.state is DeliveryState.UNCLEAR
        assert "Apprise does not say which" in entry.reason
    for _ in range(4):
        await bot.delivers(minutes=20)
    assert bot.outbox() == []
    assert len(bot.fake.texts(service)) == times
    assert bot.clock.slept == [], "nothing but the outbox waits"


@pytest.mark.parametrize(
    ("service", "body"),
    [
        *(("feishu", body) for body in ('{"code": "0"}', "{}", "[]", "", "<html>")),
        *((service, '{"code": 19024, "errcode": 310000}') for service in apprise.READ),
    ],
)
async def test_a_refusal_under_status_200_is_none_the_less_one(bot: Bot, service: str, body: str) -> None:
    """For example, the message lacks the keyword that a robot of Feishu requires, or a proxy answers."""
    with patch.dict(FAULTS_OF_PLATFORMS, refused=Fault(body=body)):
        bot.fake.answers("refused")
    await bot.sends([service], *papers(1))
    assert [entry.state for entry in bot.outbox()] == [DeliveryState.UNCLEAR]
    await bot.delivers(minutes=20)
    assert bot.outbox() == []
    assert len(bot.fake.texts(service)) == 1


async def test_a_service_that_never_answers_holds_up_no_other(bot: Bot) -> None:
    channel = bot.app.context.channels["apprise"]
    assert isinstance(channel, adapter.AppriseChannel)
    channel._timeout = 0.2
    bot.fake.answers("hang after", chat="json")
    await bot.sends(["json", "feishu"], *papers(1))
    assert [entry.chat for entry in bot.outbox()] == ["apprise:json"]
    assert len(bot.fake.texts("feishu")) == 1
    with pytest.raises(errors.RetryLater, match="still under way"):
        await channel.post(make.address("apprise:json"), message("x"), delivery="d")
    bot.fake.releases()


def files(folder: Path) -> dict[str, str]:
    """Returns the name of each file with its content."""
    return {file.name: file.read_bytes().decode("latin-1") for file in folder.iterdir()}


def message(text: str) -> model.Message:
    payload = json.dumps({"title": "", "text": text, "format": "text"})
    return model.Message(number=1, payload=payload, plain=payload)


async def test_a_message_that_is_too_long_for_its_service_is_not_sent(bot: Bot) -> None:
    """This happens if a destination gets another service while a message waits."""
    with pytest.raises(errors.Rejected, match="Discord takes at most 1750 characters"):
        await bot.app.context.channels["apprise"].post(
            make.address("apprise:discord"), message("x" * 2000), delivery="d"
        )
    assert bot.fake.texts("discord") == []


# ------------------------------------------------------------------------------------- destinations that do not work


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        (None, "LAB_URL is not set."),
        (f"nonsense://{apprise.TOKEN}", "Apprise does not understand the address in LAB_URL."),
        (apprise.TOKEN, "Apprise does not understand the address in LAB_URL."),
        (f"matrix://{apprise.TOKEN}", "Apprise does not understand the address in LAB_URL."),
        (f"json://:{apprise.TOKEN}@/", "Apprise does not understand the address in LAB_URL."),
    ],
)
async def test_what_apprise_cannot_use_is_told_without_the_address(
    url: str | None, trouble: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    channel = adapter.AppriseChannel([Destination("lab", "LAB_URL", None if url is None else SecretStr(url))])
    assert str(channel.targets["lab"].trouble) == trouble
    with pytest.raises(errors.RetryLater, match=re.escape(trouble)):
        await channel.post(make.address("apprise:lab"), message("x"), delivery="d")
    said = caplog.text + "".join(capfd.readouterr()) + repr(channel.targets)
    assert apprise.TOKEN not in said
    assert "apprise" not in caplog.text


async def test_without_the_library_it_is_told_how_to_install_it(
    fake: apprise.FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(adapter, "import_module", missing)
    channel = adapter.AppriseChannel([Destination("lab", "LAB_URL", SecretStr(fake.address("json")))])
    target = channel.targets["lab"]
    assert f"{target.trouble} {target.cure}" == 'Apprise is not installed. Run pip install "paperwire[apprise]".'


async def test_secrets_are_in_no_log_error_or_table(
    bot: Bot, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    bot.fake.answers("echo page", times=3)
    await bot.sends(apprise.SERVICES, *papers(1))
    bot.fake.goes_down()
    await bot.delivers(minutes=20)
    platform = bot.app.platforms["apprise"]
    found = (*await platform.check(), *platform.startup_lines, *bot.outbox(), bot.app.settings, bot.app)
    found += (vars(bot.app.context.channels["apprise"]),)
    said = caplog.text + "".join(capfd.readouterr()) + "".join(map(repr, found))
    assert "Apprise does not say which" in said
    await bot.app.close()
    stored = "".join(files(tmp_path).values())
    assert '"title"' in stored
    assert apprise.TOKEN not in said + stored


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('name = "a"', "destination 1, url_env cannot be used: every destination needs one."),
        ('url_env = "A"', "destination 1, name cannot be used: every destination needs one."),
        ('name = "Team"\nurl_env = "A"', "destination 1, name cannot be used: it must be at most 40 of a-z"),
        (
            f'name = "a"\nurl_env = "feishu://{apprise.TOKEN}"',
            "destination 1, url_env cannot be used: it must be the name",
        ),
        (
            f'name = "a"\nurl = "feishu://{apprise.TOKEN}"',
            "destination 1, url means nothing here. Did you mean url_env?",
        ),
        (
            'name = "a"\nurl_env = "A"\n[[destination]]\nname = "a"\nurl_env = "B"',
            "destination 2, name cannot be used: destination 1 has the same one.",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_named_without_its_value(tmp_path: Path, table: str, words: str) -> None:
    (tmp_path / "paperwire.toml").write_text(f"[[destination]]\n{table}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings({}, tmp_path)
    assert words in str(refused.value)
    assert apprise.TOKEN not in str(refused.value)
