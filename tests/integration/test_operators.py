"""Who runs the bot, from outside: the code that `run` prints, the command line that asks nobody, the notice of rule 11."""

from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from bot.app import build_app
from bot.operation.process import Process, run
from bot.operation.startup_lines import operator_lines
from bot.settings import Settings, SourceSettings, TelegramSettings
from subscriptions.model import ChatKind
from subscriptions.service.chats import redeem_code, request_admission, store_chat
from subscriptions.service.subscriptions import get_chat
from subscriptions.store import Store
from tests.fakes.telegram import FakeTelegram
from tests.integration.cli import Terminal
from tests.make import NOON, FakeClock, address, ingested, paper, subscribes

OPERATOR = address("telegram:99")


def settings(tmp_path: Path, fake: FakeTelegram | None, **more: object) -> Settings:
    telegram = TelegramSettings(token=SecretStr(fake.token), api_url=fake.url) if fake else TelegramSettings()
    url = SecretStr(f"sqlite:///{tmp_path}/paperwire.db")
    return Settings(database_url=url, telegram=telegram, **more)  # type: ignore[arg-type]


async def test_run_prints_a_code_while_nobody_runs_the_bot(tmp_path: Path, clock: FakeClock) -> None:
    with FakeTelegram() as telegram:
        app = build_app(settings(tmp_path, telegram), clock=clock)
        app.open()
        (line,) = operator_lines(app)
        code = line.rpartition(" ")[2]
        assert line == f"Nobody runs this bot yet. To do so, send it in private: /admin {code}"
        store_chat(app.store, address("telegram:1"), ChatKind.PRIVATE, now=NOON)
        assert redeem_code(app.store, address("telegram:1"), code, admins=(), now=NOON) == "made"
        assert operator_lines(app) == []
        await app.close()


async def test_it_prints_none_where_the_settings_name_an_operator_or_nobody_can_talk(
    tmp_path: Path, clock: FakeClock
) -> None:
    with FakeTelegram() as telegram:
        named = build_app(settings(tmp_path, telegram, admins=(OPERATOR,)), clock=clock)
        named.open()
        assert operator_lines(named) == []
        await named.close()
    alone = build_app(settings(tmp_path, None), clock=clock)
    alone.open()
    assert operator_lines(alone) == []
    await alone.close()


async def test_the_tick_tells_the_operators_of_dead_letters(tmp_path: Path, clock: FakeClock) -> None:
    with FakeTelegram() as telegram:
        telegram.opens_to_all()
        folder = SourceSettings(name="inbox", path=tmp_path / "*.md")
        app = build_app(settings(tmp_path, telegram, admins=(OPERATOR,), sources=(folder,)), clock=clock)
        app.open()
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
        await app.close()


async def test_under_cron_too_a_day_is_cleaned_up_and_copied_once_and_the_operators_are_told(
    tmp_path: Path, clock: FakeClock
) -> None:
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
        store.close()
    assert [copy.name[:14] for copy in sorted(copies.iterdir())] == ["daily-20260122", "daily-20260123"]


async def test_when_a_platform_stands_still_the_operator_hears_it_there(tmp_path: Path, clock: FakeClock) -> None:
    with FakeTelegram() as telegram:
        telegram.opens_to_all()
        app = build_app(settings(tmp_path, telegram, admins=(OPERATOR,)), clock=clock)
        app.open()
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
        await app.close()


def test_the_command_line_lets_a_chat_in(terminal: Terminal) -> None:
    store = Store(f"sqlite:///{terminal.database}")
    store.open(now=NOON)
    subscribes(store, "telegram:42", "diffusion")
    request_admission(store, address("telegram:42"), admins=(), who="", request="", now=NOON)
    assert get_chat(store, address("telegram:42")).state == "asked"
    assert terminal("subscribe", "graphs", "--as", "telegram:42").status == 0
    assert get_chat(store, address("telegram:42")).state == "active"
    store.close()
