"""Commands, buttons and events that write get a writing transaction. All others write nothing except their replies."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection

from bot.commands import context
from bot.commands.intent import REGISTRY
from subscriptions.service.plan import plan_due
from subscriptions.store.database.store import Store
from tests import make
from tests.bot_harness import BotHarness
from tests.clock import NOON, FakeClock
from tests.make import subscribes

PERSON, NEWCOMER, GROUP = "telegram:42", "telegram:43", "telegram:-1001"
ADMIN = "42"
LATER = NOON + timedelta(hours=1)
TYPED = ("", "1", "tree", "2601.90001 daily 9", "on")
OWN = ("update", "callback", "key_value", "chat")  # tables that any reply may write
ALWAYS_READING = [
    *(f"/{command.name}" for command in REGISTRY.commands if not context.writes_of(command)),
    *(verb for verb, callback in REGISTRY.callbacks.items() if not context.writes_of(callback)),
    *(name for name, one in REGISTRY.events.items() if not one.writes),
]


@dataclass
class Watch:
    """Collects the statements that write, outside and inside of writing transactions."""

    outside: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)

    def __call__(self, connection: Connection, _: object, statement: str, *__: object) -> None:
        if statement.split(maxsplit=1)[0] in ("INSERT", "UPDATE", "DELETE", "REPLACE"):
            may_write = connection.get_execution_options().get("paperwire_write")
            (self.inside if may_write else self.outside).append(statement)

    @property
    def tables(self) -> set[str]:
        """Returns the tables that were written inside writing transactions."""
        return {
            statement.replace("INSERT OR REPLACE", "INSERT").split()[2 if statement[0] in "ID" else 1].strip('"')
            for statement in self.inside
        }


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which a person and a group have subscriptions and have got papers."""
    path = tmp_path_factory.mktemp("busy") / "busy.db"
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON)
    for chat in (PERSON, GROUP):
        subscribes(store, chat, "graph", when="now")
        subscribes(store, chat, "forest", when="daily 8:00")
    make.ingested(store, make.paper("A graph", arxiv_id="2601.90001"), "Another graph", now=NOON)
    plan_due(store, now=NOON)
    store.close()
    return path


@pytest.fixture
def bot(busy: Path, tmp_path: Path) -> Iterator[BotHarness]:
    shutil.copyfile(busy, tmp_path / "bot.db")
    store = Store(f"sqlite:///{tmp_path / 'bot.db'}")
    clock = FakeClock(LATER)
    yield BotHarness(store, clock=clock, admins={GROUP: {ADMIN}})
    store.close()


@pytest.fixture
def watch(bot: BotHarness) -> Watch:
    watch = Watch()
    event.listen(bot.store._engine, "before_cursor_execute", watch)
    return watch


async def each_way(bot: BotHarness, watch: Watch, sends: Any) -> None:
    """Calls `sends` for every kind of chat. Fails if anything is written outside a writing transaction."""
    for chat in (PERSON, NEWCOMER, GROUP):
        bot.later(minutes=2)
        await sends(chat)
        assert watch.outside == []


def by_whom(chat: str) -> str:
    return ADMIN if chat == GROUP else ""


@pytest.mark.parametrize("name", [command.name for command in REGISTRY.commands])
async def test_a_command_writes_only_where_it_says_so(bot: BotHarness, watch: Watch, name: str) -> None:
    async def typed(chat: str) -> None:
        for args in TYPED:
            await bot.says(f"/{name} {args}".strip(), chat, by=by_whom(chat))

    await each_way(bot, watch, typed)
    if f"/{name}" in ALWAYS_READING:
        assert watch.tables <= set(OWN)


def test_what_only_reads_is_declared() -> None:
    assert {"/list", "/help", "/why", "/today", "/saved", "card-why", "help"} <= set(ALWAYS_READING)
    assert callable(context.writes_of(REGISTRY.by_name["search"])), "words are only looked for"
    assert {context.writes_of(REGISTRY.by_name[name]) for name in ("sub", "pause", "forget")} == {True}
