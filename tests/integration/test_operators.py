"""Pages, log lines, notices and commands for operators, which no other person sees."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.operation.checks import check_outbox
from bot.operation.metrics import operator_lines
from bot.operation.process import Process, run
from bot.operation.web_server import health_app
from bot.settings import Settings, SourceSettings, TelegramSettings
from subscriptions.model import ChatKind
from subscriptions.service import access, chat_status, sending
from subscriptions.service.listing import get_chat
from subscriptions.store.conversations import reply_to
from subscriptions.store.database.store import Store
from subscriptions.store.outbox import room
from tests import make
from tests.fakes.telegram import FakeTelegram
from tests.filling import fill
from tests.integration.cli import Terminal
from tests.integration.telegram_bot import opened

OPERATOR = make.address("telegram:99")


@asynccontextmanager
async def a_bot(tmp_path: Path, fake: FakeTelegram | None, clock: make.FakeClock, **more: object) -> AsyncIterator[App]:
    """A bot that reads digests from a folder."""
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
        telegram=TelegramSettings(token=SecretStr(fake.token), api_url=fake.url) if fake else TelegramSettings(),
        sources=(SourceSettings(name="inbox", path=tmp_path / "*.md"),),
        **more,  # type: ignore[arg-type]
    )
    async with opened(build_app(settings, clock=clock)) as app:
        yield app


async def test_run_prints_a_code_while_nobody_runs_the_bot(
    tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock
) -> None:
    async with a_bot(tmp_path, telegram, clock, admins=(OPERATOR,)) as app:
        assert operator_lines(app.store, app) == []
    async with a_bot(tmp_path, None, clock) as app:
        assert operator_lines(app.store, app) == [], "no person can talk to it"
    async with a_bot(tmp_path, telegram, clock) as app:
        (line,) = operator_lines(app.store, app)
        code = line.rpartition(" ")[2]
        assert line == f"This bot has no operator yet. To become it, send in private: /admin {code}"
        chat_status.store_chat(app.store, make.address("telegram:1"), ChatKind.PRIVATE, now=make.NOON)
        assert access.redeem_code(app.store, make.address("telegram:1"), code, admins=(), now=make.NOON) == "made"
        assert operator_lines(app.store, app) == []


# ── Without an operator's chat ────────────────────────────────────────────────────────────────────────────────────────
# If no chat gets notices for operators, the log, `paperwire check` and the health page report the same troubles.


async def test_a_dead_letter_is_named_by_all_three(
    tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_bot(tmp_path, telegram, clock) as app:
        process = Process(app, app.source_scheduler())
        await ticks(process, clock)
        assert answers_of(app.store, clock) == ["nothing is dead, and nothing has waited for long"]
        assert process.attention == {}
        for number in (1, 2):
            make.subscribes(app.store, f"telegram:{number}", "graph", every="now")
            telegram.forbids(str(number), "STICKER_INVALID")
            make.ingested(app.store, make.paper(f"A graph {number}"), now=clock.now())
            await ticks(process, clock, 4)
        lines = [one for one in caplog.messages if "could not be sent" in one]
        dead = sorted(one.id for one in sending.outbox_entries(app.store, now=clock.now()) if one.state == "dead")
        named = " ".join(lines)
        assert [named.count(delivery) for delivery in dead] == [1] * len(dead)  # the log names each delivery once
        assert "Usual reason: Telegram refuses the message: Sticker_invalid. paperwire outbox" in named
        await ticks(process, clock, 3)
        assert len([one for one in caplog.messages if "could not be sent" in one]) == len(lines)
        assert process.attention == {"dead": f"{len(dead)} deliveries could not be sent, the first 20 min ago"}
        (finding,) = check_outbox(app.store, now=clock.now())
        assert str(finding.answer).startswith(f"could not be sent: {len(dead)}, the first on 2026-01-22")
        assert all(delivery in str(finding.cure) for delivery in dead)
        assert finding.mend
        for delivery in dead:
            sending.dismiss(app.store, delivery, now=clock.now())
        assert answers_of(app.store, clock) == ["nothing is dead, and nothing has waited for long"]


async def test_what_waits_for_days_is_named_by_all_three(
    tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_bot(tmp_path, telegram, clock) as app:
        make.subscribes(app.store, "telegram:1", "graph", every="now")
        telegram.knows("1")
        telegram._chat("1").refusal = (502, "Bad Gateway")
        make.ingested(app.store, make.paper("A graph"), now=clock.now())
        process = Process(app, app.source_scheduler())
        for _ in range(3):
            for _ in range(4):
                clock.advance(timedelta(hours=6) - timedelta(minutes=2))
                await ticks(process, clock, 1)
        # one line a day
        assert len([one for one in caplog.messages if "have waited for more than an hour: 1" in one]) == 3
        assert process.attention == {"waiting telegram": "1 deliveries wait, the first for 2 d"}
        (finding,) = check_outbox(app.store, now=clock.now())
        assert str(finding.answer) == "waiting for Telegram: 1, the first since 2026-01-22 18:00 UTC"
        assert finding.mend


async def test_the_page_of_health_is_ready_and_names_them() -> None:
    page = health_app(dict, attention=lambda: {"dead": "2 deliveries could not be sent, the first 3 h ago"})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://localhost") as client:
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert answer.json()["attention"] == {"dead": "2 deliveries could not be sent, the first 3 h ago"}


async def test_of_two_processes_one_writes_the_line(
    tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock
) -> None:
    async with a_bot(tmp_path, telegram, clock) as app:
        assert sending.claim_unlogged_trouble(app.store, now=clock.now()).waiting == {}
        make.due(app.store, "telegram:1")
        telegram.goes_down()
        await app.sender.deliver()
        clock.advance(2 * make.HOUR)
        found = [sending.claim_unlogged_trouble(app.store, now=clock.now()) for _ in range(2)]
        found.append(sending.outbox_trouble(app.store, now=clock.now()))
    assert [[*one.waiting] for one in found] == [["telegram"], [], ["telegram"]]


async def ticks(process: Process, clock: make.FakeClock, times: int = 2) -> None:
    for _ in range(times):
        clock.advance(timedelta(minutes=2))
        await process.tick()
        await process.finish()


def answers_of(store: Store, clock: make.FakeClock) -> list[str]:
    return [str(finding.answer) for finding in check_outbox(store, now=clock.now())]


async def test_cron_runs_do_the_daily_work_once_and_tell_operators(
    tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock
) -> None:
    copies = tmp_path / "copies"

    async def once() -> int:
        async with a_bot(tmp_path, telegram, clock, admins=(OPERATOR,), backup_to=copies) as app:
            return await run(
                app, app.source_scheduler(), once=True, new_bot=False, pause_gone=False, say=lambda _: None
            )

    assert await once() == 0
    store = Store(f"sqlite:///{tmp_path}/paperwire.db")
    chat_status.apply_once(store, "telegram", "old", lambda _: "", chat="", now=clock.now())
    make.due(store, "telegram:1")
    telegram._chat("1").refusal = (400, "Bad Request: STICKER_INVALID")
    rounds = []
    for _ in range(3):  # the bot tries the message with markup, then its plain text
        clock.advance(timedelta(minutes=5))
        rounds.append(await once())
    assert rounds[-1] == 1  # the message has become a dead letter
    assert [entry.text.splitlines()[0] for entry in telegram.posted_to("99")] == ["1 message could not be sent."]
    clock.advance(timedelta(days=1))
    assert await once() == 1
    assert len(telegram.posted_to("99")) == 1
    assert reply_to(store, "telegram", "old") is not None  # a stored reply is kept for seven days
    clock.advance(timedelta(days=7))
    await once()
    assert reply_to(store, "telegram", "old") is None
    store.close()
    assert copies_in(copies) == ["daily-20260122", "daily-20260123", "daily-20260130"]


def test_the_command_line_lets_a_chat_in(terminal: Terminal) -> None:
    store = Store(f"sqlite:///{terminal.database}")
    store.open(now=make.NOON)
    make.subscribes(store, "telegram:42", "diffusion")
    access.request_admission(store, make.address("telegram:42"), admins=(), who="", request="", now=make.NOON)
    assert get_chat(store, make.address("telegram:42")).state == "asked"
    assert terminal("subscribe", "graphs", "--as", "telegram:42").status == 0
    assert get_chat(store, make.address("telegram:42")).state == "active"
    store.close()


def copies_in(folder: Path) -> list[str]:
    return sorted(copy.name[:14] for copy in folder.glob("*.db"))


async def test_a_copy_that_failed_is_made_later_on_the_same_day(
    tmp_path: Path, clock: make.FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    backups = tmp_path / "backups"
    backups.write_text("a file where the folder should be")
    async with a_bot(tmp_path, None, clock) as app:
        maintaining = Process(app, app.source_scheduler())
        await maintaining.tick()
        assert maintaining.attention == {"daily work": "the clean-up or the copy failed; the log says why"}
        assert "The daily clean-up or copy failed" in caplog.text

        backups.unlink()
        made = []
        a_day = timedelta(days=1)
        for later in (timedelta(0), make.HOUR, make.HOUR, a_day, 365 * a_day, -364 * a_day):
            clock.advance(later)
            await maintaining.tick()
            made.append(len(copies_in(backups)))
        # a copy that failed is not tried again each second, and a clock that was a year ahead delays no copy
        assert made == [0, 1, 1, 2, 3, 4]
        assert copies_in(backups) == ["daily-20260122", "daily-20260123", "daily-20260124", "daily-20270123"]
        assert maintaining.attention == {}


def test_the_size_of_a_database_is_told_by_kind_and_day(store: Store) -> None:
    fill(store, 70)
    with store.read() as session:
        found = {one.what: one for one in room(session, now=make.NOON)}
        whole = session.connection().exec_driver_sql("SELECT sum(pgsize) FROM dbstat").scalar_one()
    messages, items = found["messages"], found["papers of chats"]
    assert (messages.rows, items.rows) == (70 * 6, 70 * 30)
    assert 2_400 * messages.rows < messages.size < 6_000 * messages.rows, "each holds two texts of 1,200 characters"
    assert messages.a_day == messages.size // 7, "all of them came in the last seven days"
    assert 0.9 * whole < sum(one.size for one in found.values()) <= whole
