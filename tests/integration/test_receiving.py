"""The bot receives updates from the fake Telegram over real HTTP, and answers them. Some updates are bad input."""

import asyncio
from collections import abc
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.commands import registry as commands
from bot.commands.base import Command
from bot.conversation.dispatcher import Dispatcher
from bot.platforms.telegram.incoming import LongPolling
from bot.run import listeners as worker
from subscriptions.errors import StoreError
from tests.clock import NOON
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.integration import telegram_bot
from tests.integration.program import RestingClock
from tests.integration.telegram_bot import a_bot, a_listening_bot, confirmed
from tests.patience import PATIENCE

GROUP = "-1001"


@pytest.fixture
def telegram() -> abc.Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        fake.knows("42")
        fake.knows("43")
        fake.knows(GROUP, topics=(5,), people={"7": "creator", "8": "member"})
        yield fake


@pytest.fixture
def clock() -> RestingClock:
    return RestingClock()


def said(fake: FakeTelegram, chat: str = "42") -> list[str]:
    return [entry.text for entry in fake.posted_to(chat)]


async def asks(fake: FakeTelegram, text: str, chat: str = "42", *, posts: int = 0) -> None:
    """A person writes a text.

    Returns when the bot has confirmed the update and has posted at least `posts` messages.
    """
    fake.user_writes(text, chat)
    await telegram_bot.posts(fake, posts)
    await confirmed(fake)


async def test_a_slow_question_holds_up_its_own_chat_and_no_other(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock
) -> None:
    """Updates that come together are handled together, and confirmed together."""
    telegram.answers("hang before", method="getChatMember")
    telegram.user_writes("/sub@paperwire_test_bot diffusion", GROUP, by="7")
    telegram.user_writes("/sub@paperwire_test_bot graph", GROUP, by="7")
    telegram.user_writes("/sub quantum")
    telegram.user_writes("/sub optics", "43")
    async with a_listening_bot(tmp_path, telegram, clock):
        await asyncio.to_thread(telegram.waits_hanging)
        await telegram_bot.posts(telegram, 1, "42")
        await telegram_bot.posts(telegram, 1, "43")
        assert said(telegram, GROUP) == []
        assert telegram.waiting() == 4  # no update is confirmed before the slow one is
        telegram.releases()
        await confirmed(telegram)
    assert [text[:8] for text in said(telegram, GROUP)] == ["✓ 1  dif", "✓ 2  gra"]
    assert [len(said(telegram, chat)) for chat in ("42", "43")] == [1, 1]


def replace_command(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    """Makes a command raise this error."""

    def fails(context: object) -> None:
        raise error

    broken = Command(name=name, run=fails, summary="list")
    registry = commands.REGISTRY
    monkeypatch.setattr(
        commands,
        "REGISTRY",
        replace(registry, commands=tuple(broken if command.name == name else command for command in registry.commands)),
    )


async def test_a_request_that_fails_is_given_up_and_logged_safely(
    tmp_path: Path,
    telegram: FakeTelegram,
    clock: RestingClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One command fails by a mistake of the program, another because the database refuses a statement."""
    replace_command(monkeypatch, "list", RuntimeError("the words of a person"))
    replace_command(monkeypatch, "help", StoreError("The database cannot be used: too many columns."))
    async with a_listening_bot(tmp_path, telegram, clock) as running:
        telegram.user_writes("/list of secrets")
        telegram.user_writes("/help")
        await asks(telegram, "/sub diffusion")
        assert running.bot_names == {"telegram": "paperwire_test_bot"}
    assert ["went wrong here" in text for text in said(telegram)] == [True, True, False]
    assert "RuntimeError in fails" in caplog.text
    assert "secrets" not in caplog.text
    assert "words of a person" not in caplog.text


UNKNOWN: list[dict[str, Any]] = [  # whatever the shape: tests/unit/test_inbound.py
    {"message": {"text": "/sub diffusion"}},
    {"callback_query": {"id": "1", "message": {"chat": {"id": 42}}, "data": "x"}},
    {"something_new": {"chat": {"id": 42}}},
    {},
]


async def test_updates_of_a_shape_that_nobody_knows_are_passed_over(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_listening_bot(tmp_path, telegram, clock):
        for shape in UNKNOWN:
            telegram.receives(shape)
        await asks(telegram, "/sub diffusion", posts=1)
    assert [text[:3] for text in said(telegram)] == ["✓ 1"]
    assert caplog.text.count("unknown shape") == 2


PAGES = [
    "404 page", "502", "broken json", "list", "cut in the answer", "429",
]  # fmt: skip


async def test_no_page_of_something_on_the_way_ends_the_listening(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_listening_bot(tmp_path, telegram, clock):
        for number, page in enumerate(PAGES, 1):
            telegram.answers(page, 2, method="getUpdates")
            await asks(telegram, "/list", str(number), posts=number)
    assert [len(said(telegram, str(number))) for number in range(1, len(PAGES) + 1)] == [1] * len(PAGES)
    assert TOKEN.partition(":")[2] not in caplog.text


@pytest.mark.parametrize(
    ("trouble", "words", "rests"),
    [
        ("is down", "No connection to Telegram", [1, 2, 4, 8, 16, 32, 60]),  # the bot waits longer each time
        ("knows no such token", "does not know this token", [60]),  # the bot names this trouble at once
    ],
)
async def test_a_telegram_that_does_not_answer_is_named_and_rarely_asked(
    tmp_path: Path,
    telegram: FakeTelegram,
    clock: RestingClock,
    caplog: pytest.LogCaptureFixture,
    *,
    trouble: str,
    words: str,
    rests: list[float],
) -> None:
    begins, ends = {
        "is down": (telegram.goes_down, telegram.comes_back),
        "knows no such token": (telegram.revokes, telegram.restores),
    }[trouble]
    async with a_bot(tmp_path, telegram, clock) as app:
        receivers = app.receivers()
        begins()
        async with worker.listening(app, receivers):
            await clock.rested(len(rests))
            assert words in worker.problems_of(receivers)["telegram updates"]
            ends()
            clock.rings()
            await asks(telegram, "/sub diffusion")
            assert worker.problems_of(receivers) == {}
    assert clock.rests[: len(rests)] == rests
    assert len(said(telegram)) == 1
    assert caplog.text.count("No one can talk to the bot") == 1


async def test_a_second_program_that_polls_is_named(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_bot(tmp_path, telegram, clock) as app:
        receivers = app.receivers()
        async with worker.listening(app, receivers), httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
            await asyncio.to_thread(telegram.waits_for, "getMyShortDescription", 2)
            while not worker.problems_of(receivers):  # each request of the other program ends a request of the bot
                await client.post(f"{telegram.url}/bot{TOKEN}/getUpdates", json={"offset": -1})
            assert "give it a token of its own" in worker.problems_of(receivers)["telegram updates"]
            telegram.user_writes("/sub diffusion")
            await telegram_bot.posts(telegram, 1)
            assert worker.problems_of(receivers)  # the bot got one update, but the other program may still run
            clock.advance(timedelta(seconds=61))
            await asks(telegram, "/sub graph", posts=2)
            assert worker.problems_of(receivers) == {}
    assert caplog.text.count("another program asks Telegram") == 1


async def test_a_forgotten_webhook_is_removed_and_nothing_is_lost(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
        await client.post(f"{telegram.url}/bot{TOKEN}/setWebhook", json={"url": "https://gone.example.org/x"})
    telegram.user_writes("/sub diffusion")
    async with a_listening_bot(tmp_path, telegram, clock):
        await telegram_bot.posts(telegram, 1)
        await confirmed(telegram)
    assert len(said(telegram)) == 1
    assert "None is lost" in caplog.text
    assert "gone.example.org" not in caplog.text


async def test_a_repeated_old_answer_is_not_polled_without_pause(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock
) -> None:
    async with a_bot(tmp_path, telegram, clock) as app:
        client = app.platforms["telegram"].client  # type: ignore[attr-defined]

        async def updates(*_: object, **__: object) -> list[dict[str, Any]]:
            await asyncio.sleep(0)
            return [{"update_id": 1000, "poll": {}}]

        client.updates = updates
        task = asyncio.create_task(LongPolling(client, clock, on_bot_name=lambda _: None).listen(Dispatcher(app)))
        await clock.rested(3)
        task.cancel()
    assert set(clock.rests) == {1.0}


async def test_messages_from_downtime_are_answered_up_to_a_day_old(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    telegram.sets_time((NOON - timedelta(hours=25)).timestamp())
    telegram.user_writes("/sub tooold")
    telegram.sets_time((NOON - timedelta(hours=23)).timestamp())
    telegram.user_writes("/sub diffusion")
    for _ in range(2):
        async with a_listening_bot(tmp_path, telegram, clock):
            await confirmed(telegram)
    assert [text[:14] for text in said(telegram)] == ["✓ 1  diffusion"]
    assert "older than a day" in caplog.text
    assert "tooold" not in caplog.text
