"""The first half of a morning is delivered from SQLite. Then everything is copied, and PostgreSQL delivers the rest."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.platforms.telegram.settings import TelegramSettings
from bot.settings import Settings
from subscriptions.errors import Refused
from subscriptions.service.listing import listed
from subscriptions.service.sending import outbox_entries
from subscriptions.service.whole_copy import copy_database
from subscriptions.store.database.store import Store
from subscriptions.store.rows import TABLES
from tests.clock import NOON, FakeClock
from tests.fakes.telegram import FakeTelegram
from tests.make import ingested, paper, subscribes
from tests.postgres.server import Server

CHATS = ("1", "2", "3", "4")


@asynccontextmanager
async def a_process(url: str, clock: FakeClock, telegram: FakeTelegram) -> AsyncIterator[App]:
    settings = Settings(
        database_url=SecretStr(url),
        of_rooms=(TelegramSettings(token=SecretStr(telegram.token), api_url=telegram.url),),
    )
    app = build_app(settings, clock=clock)
    app.open()
    try:
        yield app
    finally:
        await app.close()


def copied(old: str, new: str) -> None:
    source, target = Store(old), Store(new)
    target.open(now=NOON)
    copy_database(source, target)
    source.close()
    target.close()


def analyzed(url: str) -> list[tuple[str]]:
    """Returns the tables for which the server has statistics."""
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT DISTINCT tablename::text FROM pg_stats").fetchall()


async def test_a_morning_that_is_copied_half_delivered_is_delivered_once(
    tmp_path: Path, clock: FakeClock, postgres: Server
) -> None:
    old = f"sqlite:///{tmp_path}/paperwire.db"
    with FakeTelegram() as telegram, postgres.database(empty=True) as new:
        telegram.opens_to_all()
        async with a_process(old, clock, telegram) as app:
            for chat in CHATS:
                subscribes(app.store, f"telegram:{chat}", "graph", every="now")
            ingested(app.store, paper("A graph", arxiv_id="2601.00001"), paper("Graphs", arxiv_id="2601.00002"))
            for chat in ("2", "4"):
                telegram.answers("429", chat=chat, retry_after=600)
            sent = await app.sender.deliver()
            assert (sent.sent, sent.waiting) == (2, 2)
            before = listed(app.store, None)
        copied(old, new)
        assert ("delivery",) in analyzed(new)
        clock.advance(timedelta(seconds=700))
        async with a_process(new, clock, telegram) as app:
            assert listed(app.store, None) == before
            assert (await app.sender.deliver()).sent == 2
            ingested(app.store, paper("A later graph", arxiv_id="2601.00003"), now=clock.now())
            clock.advance(timedelta(minutes=1))
            assert (await app.sender.deliver()).sent == 4
            assert {entry.state for entry in outbox_entries(app.store, now=clock.now())} == {"sent"}
        for chat in CHATS:
            text = " ".join(str(entry.payload) for entry in telegram.posted_to(chat))
            found = re.findall(r"abs/(2601\.\d+)", text)
            assert {one: found.count(one) for one in set(found)} == dict.fromkeys(
                ("2601.00001", "2601.00002", "2601.00003"), 1
            )


def test_what_was_copied_to_postgresql_comes_back_as_it_was(tmp_path: Path, store: Store, postgres: Server) -> None:
    subscribes(store, "telegram:1", "graph", every="now")
    ingested(store, paper("A graph", authors=("Ada Example", "Łukasz Ünal")), "图神经网络")
    with postgres.database(empty=True) as url:
        copied(str(store.url), url)
        copied(url, f"sqlite:///{tmp_path}/back.db")
    back = Store(f"sqlite:///{tmp_path}/back.db")
    assert rows_of(back) == rows_of(store)
    back.close()


def rows_of(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.read() as session:
        return {
            table.name: [tuple(row) for row in session.connection().execute(table.select())]
            for table in TABLES.sorted_tables
            if table.name not in {"indexed_paper", "query_change"}
        }


def test_nothing_is_copied_into_a_database_that_holds_something(store: Store, postgres: Server) -> None:
    with postgres.database() as url:
        target = Store(url)
        subscribes(target, "telegram:1", "graph")
        with pytest.raises(Refused, match="is not empty"):
            copy_database(store, target)
        target.close()
