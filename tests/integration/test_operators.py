"""Operators, from outside: the code that `run` prints, what they are told, and the maintenance of each day."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr
from sqlmodel import update

from bot.app import App, build_app
from bot.operation.checks import check_outbox
from bot.operation.metrics import operator_lines
from bot.operation.process import Process, run
from bot.operation.web_server import health_app
from bot.settings import Settings, SourceSettings, TelegramSettings
from subscriptions.model import ChatKind, DeliveryKind, Facts
from subscriptions.service.access import redeem_code, request_admission
from subscriptions.service.chat_status import apply_once, store_chat
from subscriptions.service.next_deliveries import get_chat
from subscriptions.service.sending import claim_unlogged_trouble, dismiss, outbox_entries, outbox_trouble
from subscriptions.store import chats, planner
from subscriptions.store.conversations import reply_to
from subscriptions.store.database.store import Store
from subscriptions.store.figures import room
from subscriptions.store.planner import Planned
from subscriptions.store.rows import DeliveryRow
from tests.fakes.telegram import FakeTelegram
from tests.filling import fill
from tests.integration.cli import Terminal
from tests.make import NOON, FakeClock, address, ingested, paper, subscribes

OPERATOR = address("telegram:99")


def settings(tmp_path: Path, fake: FakeTelegram | None, **more: object) -> Settings:
    telegram = TelegramSettings(token=SecretStr(fake.token), api_url=fake.url) if fake else TelegramSettings()
    url = SecretStr(f"sqlite:///{tmp_path}/paperwire.db")
    return Settings(database_url=url, telegram=telegram, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def a_bot(tmp_path: Path, fake: FakeTelegram | None, clock: FakeClock, **more: object) -> AsyncIterator[App]:
    """A bot that reads a folder."""
    folder = SourceSettings(name="inbox", path=tmp_path / "*.md")
    app = build_app(settings(tmp_path, fake, sources=(folder,), **more), clock=clock)
    app.open()
    try:
        yield app
    finally:
        await app.close()


async def test_run_prints_a_code_while_nobody_runs_the_bot(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock
) -> None:
    async with a_bot(tmp_path, telegram, clock) as app:
        (line,) = operator_lines(app.store, app)
        code = line.rpartition(" ")[2]
        assert line == f"Nobody runs this bot yet. To do so, send it in private: /admin {code}"
        store_chat(app.store, address("telegram:1"), ChatKind.PRIVATE, now=NOON)
        assert redeem_code(app.store, address("telegram:1"), code, admins=(), now=NOON) == "made"
        assert operator_lines(app.store, app) == []


async def test_it_prints_none_where_an_operator_is_set_or_nobody_talks(tmp_path: Path, clock: FakeClock) -> None:
    with FakeTelegram() as telegram:
        named = build_app(settings(tmp_path, telegram, admins=(OPERATOR,)), clock=clock)
        named.open()
        assert operator_lines(named.store, named) == []
        await named.close()
    alone = build_app(settings(tmp_path, None), clock=clock)
    alone.open()
    assert operator_lines(alone.store, alone) == []
    await alone.close()


async def test_the_tick_tells_the_operators_of_dead_letters(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock
) -> None:
    async with a_bot(tmp_path, telegram, clock, admins=(OPERATOR,)) as app:
        subscribes(app.store, "telegram:1", "graph", every="now")
        ingested(app.store, paper("A graph"))
        telegram.forbids("1", "STICKER_INVALID")
        process = Process(app, app.source_scheduler())
        for _ in range(3):
            clock.advance(timedelta(minutes=2))
            await process.tick()
            await process.finish()
        posts = telegram.posted_to("99")
        assert [entry.text.splitlines()[0] for entry in posts] == ["1 message could not be sent."]


class TestWithoutAnOperatorsChat:
    """The log, `check` and the page of health say what an operator's chat would get."""

    async def test_a_dead_letter_is_named_by_all_three(
        self, tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with a_bot(tmp_path, telegram, clock) as app:
            process = Process(app, app.source_scheduler())
            await ticks(process, clock)
            assert answers_of(app.store, clock) == ["nothing is dead, and nothing has waited for long"]
            assert process.attention == {}
            for number in (1, 2):
                subscribes(app.store, f"telegram:{number}", "graph", every="now")
                telegram.forbids(str(number), "STICKER_INVALID")
                ingested(app.store, paper(f"A graph {number}"), now=clock.now())
                await ticks(process, clock, 4)
            lines = [one for one in caplog.messages if "could not be sent" in one]
            dead = sorted(one.id for one in outbox_entries(app.store, now=clock.now()) if one.state == "dead")
            named = " ".join(lines)
            assert [named.count(delivery) for delivery in dead] == [1] * len(dead)  # each once
            assert "Usual reason: Telegram refuses the message: Sticker_invalid. paperwire outbox" in named
            await ticks(process, clock, 3)
            assert len([one for one in caplog.messages if "could not be sent" in one]) == len(lines)
            assert process.attention == {"dead": f"{len(dead)} deliveries could not be sent, the first 20 min ago"}
            (finding,) = check_outbox(app.store, now=clock.now())
            assert str(finding.answer).startswith(f"could not be sent: {len(dead)}, the first on 2026-01-22")
            assert all(delivery in str(finding.cure) for delivery in dead)
            assert finding.mend
            for delivery in dead:
                dismiss(app.store, delivery, now=clock.now())
            assert answers_of(app.store, clock) == ["nothing is dead, and nothing has waited for long"]

    async def test_what_waits_for_days_is_named_by_all_three(
        self, tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with a_bot(tmp_path, telegram, clock) as app:
            subscribes(app.store, "telegram:1", "graph", every="now")
            telegram.knows("1")
            telegram._chat("1").refusal = (502, "Bad Gateway")
            ingested(app.store, paper("A graph"), now=clock.now())
            process = Process(app, app.source_scheduler())
            for _ in range(3):
                for _ in range(4):
                    clock.advance(timedelta(hours=6) - timedelta(minutes=2))
                    await ticks(process, clock, 1)
            lines = [one for one in caplog.messages if "have waited for more than an hour: 1" in one]
            assert len(lines) == 3  # one each day: it is planned on the 22nd in the evening, and now it is the 25th
            assert process.attention == {"waiting telegram": "1 deliveries wait, the first for 2 d"}
            (finding,) = check_outbox(app.store, now=clock.now())
            assert str(finding.answer) == "waiting for Telegram: 1, the first since 2026-01-22 18:00 UTC"
            assert finding.mend

    async def test_the_page_of_health_is_ready_and_names_them(self) -> None:
        page = health_app(dict, attention=lambda: {"dead": "2 deliveries could not be sent, the first 3 h ago"})
        async with AsyncClient(transport=ASGITransport(page), base_url="http://localhost") as client:
            answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["ready"]) == (200, True)
        assert answer.json()["attention"] == {"dead": "2 deliveries could not be sent, the first 3 h ago"}

    def test_of_two_processes_one_writes_the_line(self, tmp_path: Path) -> None:
        store = Store(f"sqlite:///{tmp_path}/paperwire.db")
        store.open(now=NOON)
        assert claim_unlogged_trouble(store, now=NOON).waiting == {}
        subscribes(store, "telegram:1", "graph", every="now")
        ingested(store, paper("A graph"))
        deliver_in_vain(store)
        later = NOON + timedelta(hours=2)
        assert [*claim_unlogged_trouble(store, now=later).waiting] == ["telegram"]
        assert claim_unlogged_trouble(store, now=later).waiting == {}
        assert [*outbox_trouble(store, now=later).waiting] == ["telegram"]
        store.close()


async def ticks(process: Process, clock: FakeClock, times: int = 2) -> None:
    for _ in range(times):
        clock.advance(timedelta(minutes=2))
        await process.tick()
        await process.finish()


def answers_of(store: Store, clock: FakeClock) -> list[str]:
    return [str(finding.answer) for finding in check_outbox(store, now=clock.now())]


def deliver_in_vain(store: Store) -> None:
    """Plans due deliveries, and notes a failed try."""
    with store.write() as session:
        ((chat,),) = chats.all_chats(session, zone="UTC")
        planner.add_deliveries(
            session,
            [
                Planned(
                    id="a" * 16, chat_id=chat.id, kind=DeliveryKind.ALERT, due=NOON, key="k", items=(), facts=Facts()
                )
            ],
            now=NOON,
        )
        session.exec(update(DeliveryRow).values(attempts=3, reason="It does not answer."))


async def test_cron_runs_do_the_daily_work_once_and_tell_operators(tmp_path: Path, clock: FakeClock) -> None:
    async def once() -> int:
        app = build_app(
            settings(tmp_path, telegram, admins=(OPERATOR,), sources=(folder,), backup_to=copies), clock=clock
        )
        app.open()
        try:
            return await run(
                app, app.source_scheduler(), once=True, new_bot=False, pause_gone=False, say=lambda _: None
            )
        finally:
            await app.close()

    copies, folder = tmp_path / "copies", SourceSettings(name="inbox", path=tmp_path / "*.md")
    with FakeTelegram() as telegram:
        telegram.opens_to_all()
        assert await once() == 0
        store = Store(f"sqlite:///{tmp_path}/paperwire.db")
        apply_once(store, "telegram", "old", lambda _: "", chat="", now=clock.now())
        subscribes(store, "telegram:1", "graph", every="now")
        ingested(store, paper("A graph"))
        telegram.knows("1")
        telegram._chat("1").refusal = (400, "Bad Request: STICKER_INVALID")
        rounds = []
        for _ in range(3):  # as it is, and in its plain form
            clock.advance(timedelta(minutes=5))
            rounds.append(await once())
        assert rounds[-1] == 1  # a dead letter
        assert [entry.text.splitlines()[0] for entry in telegram.posted_to("99")] == ["1 message could not be sent."]
        clock.advance(timedelta(days=1))
        assert await once() == 1
        assert len(telegram.posted_to("99")) == 1
        assert reply_to(store, "telegram", "old") is not None  # one day later it is younger than seven
        clock.advance(timedelta(days=7))
        await once()
        assert reply_to(store, "telegram", "old") is None
        store.close()
    assert [copy.name[:14] for copy in sorted(copies.iterdir())] == [
        "daily-20260122",
        "daily-20260123",
        "daily-20260130",
    ]


async def test_operators_hear_there_that_a_platform_stands_still(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock
) -> None:
    async with a_bot(tmp_path, telegram, clock, admins=(OPERATOR,)) as app:
        for chat in range(1, 41):
            telegram.knows(str(chat))
            telegram.blocks(str(chat))
            subscribes(app.store, f"telegram:{chat}", "graph", every="now")
        ingested(app.store, paper("A graph"))
        sent = await app.sender.deliver()
        assert "telegram" in sent.stopped
        (posts,) = telegram.posted_to("99")
        first, second, *_ = posts.text.splitlines()
        assert first == "Sending to Telegram has stopped."
        assert second.endswith("chats answered that they are gone.")
        assert (await app.sender.deliver()).sent == 0


def test_the_command_line_lets_a_chat_in(terminal: Terminal) -> None:
    store = Store(f"sqlite:///{terminal.database}")
    store.open(now=NOON)
    subscribes(store, "telegram:42", "diffusion")
    request_admission(store, address("telegram:42"), admins=(), who="", request="", now=NOON)
    assert get_chat(store, address("telegram:42")).state == "asked"
    assert terminal("subscribe", "graphs", "--as", "telegram:42").status == 0
    assert get_chat(store, address("telegram:42")).state == "active"
    store.close()


@pytest.fixture
async def app(tmp_path: Path, clock: FakeClock) -> AsyncIterator[App]:
    """A bot that reads a folder."""
    folder = SourceSettings(name="inbox", path=tmp_path / "*.md")
    url = SecretStr(f"sqlite:///{tmp_path}/paperwire.db")
    app = build_app(Settings(database_url=url, sources=(folder,)), clock=clock)
    app.open()
    yield app
    await app.close()


@pytest.fixture
def maintaining(app: App) -> Process:
    return Process(app, app.source_scheduler())


def copies(tmp_path: Path) -> list[str]:
    return sorted(copy.name[:14] for copy in (tmp_path / "backups").glob("*.db"))


async def test_a_copy_that_failed_is_made_later_on_the_same_day(
    maintaining: Process, tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "backups"
    in_the_way.write_text("a file where the folder should be")

    await maintaining.tick()
    assert maintaining.attention == {"daily work": "the clean-up or the copy failed; the log says why"}
    assert "The daily clean-up or copy failed" in caplog.text

    in_the_way.unlink()
    await maintaining.tick()
    assert copies(tmp_path) == []  # a disk that is full is not asked each second
    clock.advance(timedelta(hours=1))
    await maintaining.tick()
    assert copies(tmp_path) == [f"daily-{clock.now():%Y%m%d}"]
    assert maintaining.attention == {}

    clock.advance(timedelta(hours=1))
    await maintaining.tick()
    assert len(copies(tmp_path)) == 1
    clock.advance(timedelta(days=1))
    await maintaining.tick()
    assert len(copies(tmp_path)) == 2


async def test_a_clock_that_was_a_year_ahead_delays_no_copy(app: App, tmp_path: Path, clock: FakeClock) -> None:
    clock.advance(timedelta(days=365))
    await Process(app, app.source_scheduler()).tick()
    clock.advance(timedelta(days=-365))
    await Process(app, app.source_scheduler()).tick()
    assert len(copies(tmp_path)) == 2


def test_the_size_of_a_database_is_told_by_kind_and_day(store: Store) -> None:
    fill(store, 70)
    with store.read() as session:
        found = {one.what: one for one in room(session, now=NOON)}
        whole = session.connection().exec_driver_sql("SELECT sum(pgsize) FROM dbstat").scalar_one()
    messages, items = found["messages"], found["papers of chats"]
    assert (messages.rows, items.rows) == (70 * 6, 70 * 30)
    assert 2_400 * messages.rows < messages.size < 6_000 * messages.rows, "each holds two texts of 1,200 characters"
    assert messages.a_day == messages.size // 7, "all of them came in the last seven days"
    assert 0.9 * whole < sum(one.size for one in found.values()) <= whole


def test_the_subcommand_prints_it_as_a_table_and_as_json(terminal: Terminal) -> None:
    terminal("db", "upgrade")
    assert "the file" in terminal("db", "size").out
    document = terminal("db", "size", "--json").json
    assert document["bytes"] > 0
    assert {kind["what"] for kind in document["kinds"]} >= {"papers", "messages", "papers of chats"}
