"""The product works with a platform that it does not know: the postbox of the tests, which `build_app` gets by its name."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.errors import SettingsError
from bot.operation.process import startup_lines
from bot.operation.worker import answer_once
from bot.platforms import ADAPTERS
from bot.settings import Settings
from subscriptions import addresses
from subscriptions.errors import NotFound, Refused
from subscriptions.model import ChatKind
from subscriptions.service import known_chats
from tests.clock import NOON, FakeClock
from tests.integration.program import opened
from tests.make import address, ingested
from tests.postbox.channel import PostboxChannel

ADA, STREET = "postbox:ada", "postbox:high street"
_NUMBERS = count(1)  # numbers of letters. Each letter needs a new number, because the bot reads a number only once


@pytest.fixture
async def app(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PAPERWIRE_POSTBOX_KEY", str(tmp_path))
    settings = Settings(database_url=SecretStr(f"sqlite:///{tmp_path / 'paperwire.db'}"), access="open")
    async with opened(
        build_app(settings, clock=clock, platforms={**ADAPTERS, "postbox": "tests.postbox.adapter"})
    ) as app:
        yield app


def post_office(app: App) -> PostboxChannel:
    channel = app.deps.channels["postbox"]
    assert isinstance(channel, PostboxChannel)
    return channel


async def writes(app: App, sender: str, letter: str) -> str:
    """A person sends a letter. Returns the bot's reply; "" if there is none."""
    before = post_office(app).texts()
    (post_office(app).folder / "in" / f"{next(_NUMBERS):09}.txt").write_text(f"{sender}\n{letter}")
    await answer_once(app)
    return "".join(post_office(app).texts()[len(before) :])


async def test_a_person_subscribes_by_letter_and_gets_papers_by_letter(app: App, clock: FakeClock) -> None:
    assert (await writes(app, "ada", "/sub diffusion daily 13:00")).startswith("✓ 1")
    ingested(app.store, "Diffusion on graphs", "Sorting sand", now=clock.now())
    clock.advance(timedelta(hours=1, minutes=1))
    assert (await app.sender.deliver()).papers == 1
    assert "Diffusion on graphs" in post_office(app).texts()[-1]
    assert (await app.sender.deliver()).sent == 0
    assert "diffusion" in await writes(app, "ada", "/list")


async def test_buttons_are_tokens_that_can_be_sent_back(app: App, clock: FakeClock) -> None:
    (token,) = re.findall(r"^undo: (token \S+)$", await writes(app, "ada", "/sub diffusion"), re.MULTILINE)
    for sender, left in (("eve", 1), ("ada", 0)):
        await writes(app, sender, token)
        assert len(known_chats.listed(app.store, address(ADA))) == left


async def test_every_kind_of_command_is_answered(app: App) -> None:
    ingested(app.store, "Diffusion on graphs", now=NOON)
    await writes(app, "ada", "/sub graphs")
    for letter, begins in {
        "/help": "Subscribe: Dear bot, sub diffusion",
        "/set limit 5": "✓",
        "/pause": "✓",
        "/timezone Berlin": "✓",
        "/search diffusion": "1 paper in the last 7 days",
        "/unsub 7": "✗",
        "diffusion": "1 paper in the last 7 days",
        "/subb x": "✗ I do not know /subb.\nDid you mean Dear bot, sub?",
    }.items():
        answer = await writes(app, "ada", letter)
        assert answer.startswith(begins), answer
        assert not re.search(r"(?<![\w/:.<])/(?:sub|list|help|unsub)\b", answer), (
            "commands are written as letters begin"
        )


async def test_in_a_street_only_the_mayor_changes_something(app: App) -> None:
    assert (await writes(app, "high street", "/sub diffusion")).startswith("✗")
    with pytest.raises(NotFound):
        known_chats.get_chat(app.store, address(STREET))


async def test_its_facts_are_used_wherever_a_platform_matters(app: App, clock: FakeClock) -> None:
    lines = startup_lines(app, app.source_scheduler())
    assert "console, postbox, web" in lines[0]
    assert "Letters are read once a minute." in lines
    assert {one.facts.name for one in app.platforms.values() if one.facts.can_look_up} == {"postbox", "web"}
    await writes(app, "ada", "/sub diffusion")
    assert app.bot_names == {"postbox": "The postman"}
    chat = known_chats.get_chat(app.store, address(ADA))
    assert chat.kind is ChatKind.PRIVATE
    with pytest.raises(Refused, match="is no postbox"):
        addresses.parse_address("postbox:")
    with pytest.raises(Refused, match=r"postbox:NAME\."):
        addresses.parse_address("pigeon:ada")
    assert addresses.facts_of("postbox").title == "Postbox"


def test_without_its_setting_it_is_off(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAPERWIRE_POSTBOX_KEY", raising=False)
    settings = Settings(database_url=SecretStr(f"sqlite:///{tmp_path / 'paperwire.db'}"))
    with pytest.raises(SettingsError, match="Postbox is off"):
        build_app(settings, clock=clock, platforms={"postbox": "tests.postbox.adapter"})
