"""Every command, button and event either writes, and is given a writing transaction, or writes nothing but its reply."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bot.commands.cards import opens_a_paper
from bot.commands.context import always, never, write_condition
from bot.commands.intent import REGISTRY
from bot.ports.channel import CHAT_FIELD
from subscriptions.model import CallbackToken, ChatKind
from subscriptions.service.known_papers import key_of
from subscriptions.service.plan import plan_due
from subscriptions.service.sending import outbox_entries
from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.make import NOON, FakeClock, add_callbacks, address, ingested, paper, subscribes

PERSON, NEWCOMER, GROUP = "telegram:42", "telegram:43", "telegram:-1001"
ADMIN = "42"
LATER = NOON + timedelta(hours=1)
TYPED = ("", "1", "tree", "2601.90001 daily 9", "on")
OWN = ("update", "callback", "key_value")  # tables that each reply writes: its text, its buttons, its look-up
ALWAYS_READING = [
    *(f"/{command.name}" for command in REGISTRY.commands if write_condition(command) is never),
    *(verb for verb, callback in REGISTRY.callbacks.items() if write_condition(callback) is never),
    *(name for name, one in REGISTRY.events.items() if one.writes is never),
]


@dataclass
class Watch:
    """The statements outside of writing transactions, and in them."""

    store: Store
    outside: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)

    def __call__(self, _: object, __: object, statement: str, *___: object) -> None:
        if statement.split(maxsplit=1)[0] in ("INSERT", "UPDATE", "DELETE", "REPLACE"):
            (self.inside if self.store._turn.locked() else self.outside).append(statement)

    @property
    def tables(self) -> set[str]:
        """The tables that were written to."""
        return {
            statement.replace("INSERT OR REPLACE", "INSERT").split()[2 if statement[0] in "ID" else 1].strip('"')
            for statement in self.inside
        }


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which a person and a group have subscriptions, and were sent papers."""
    path = tmp_path_factory.mktemp("busy") / "busy.db"
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON)
    for chat in (PERSON, GROUP):
        subscribes(store, chat, "graph", every="now")
        subscribes(store, chat, "forest", every="daily", at="8:00")
    ingested(store, paper("A graph", arxiv_id="2601.90001"), paper("Another graph"), now=NOON)
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
    watch = Watch(bot.store)
    event.listen(bot.store._engine, "before_cursor_execute", watch)
    return watch


def arguments_of(verb: str, delivery: str) -> Mapping[str, Any]:
    """Arguments of a button of any kind; each kind takes those that it knows."""
    own: Mapping[str, Mapping[str, Any]] = {
        "follow-author": {"name": "Ada Example"},
        "setting": {"name": "limit"},
        "answer-value": {"name": "limit"},
        "answer-pick": {"verb": "edit-ask"},
        "search-page": {"start": 0},
        "do": {"command": "sub", "args": "tree"},
        "today": {"day": NOON.date().isoformat()},
    }
    return {
        "at": LATER.isoformat(),
        "change": 1,
        "chat": GROUP,
        "day": NOON.date().isoformat(),
        "delivery": delivery,
        "first": 1,
        "lang": "en",
        "link": "none",
        "name": "limit",
        "no": {"verb": "keep", "label": "no", "arguments": {}},
        "number": 1,
        "numbers": [1],
        "page": 0,
        "paper": 1,
        "person": ADMIN,
        "position": 0,
        "query": "tree",
        "rule": "-ti:another",
        "second": 2,
        "source": "telegram:42",
        "start": 0,
        "stretches": [[key_of(NOON.date(), 1), 0]],
        "text": "tree",
        "topic": "sub",
        "until": (LATER + timedelta(days=1)).isoformat(),
        "upto": 1,
        "value": "5",
        "verb": "edit-ask",
        "when": "daily 9:00",
        "yes": {"verb": "undo", "label": "yes", "arguments": {}},
        "zone": "Europe/Berlin",
        **own.get(verb, {}),
    }


async def each_way(bot: BotHarness, watch: Watch, sends: Any) -> None:
    """Sends it for every kind of chat; nothing may be written outside of writing transactions."""
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


@pytest.mark.parametrize("verb", list(REGISTRY.callbacks))
async def test_a_button_writes_only_where_it_says_so(bot: BotHarness, watch: Watch, verb: str) -> None:
    (delivery, *_) = [one.id for one in outbox_entries(bot.store, now=LATER) if one.chat == PERSON]

    async def pressed(chat: str) -> None:
        token = CallbackToken(verb=verb, arguments=arguments_of(verb, delivery), place=chat)
        for _ in range(2):  # also after it had its effect
            with bot.store.write() as transaction:
                (data,) = add_callbacks(transaction, [token], now=bot.clock.now())
            watch.inside.clear()
            await bot.sends_request(chat, by=by_whom(chat), callback_data=data, callback_id="p", message_id="m0")

    await each_way(bot, watch, pressed)
    if verb in ALWAYS_READING:
        assert watch.tables <= set(OWN)


@pytest.mark.parametrize("verb", [verb for verb, one in REGISTRY.callbacks.items() if one.show_form is not None])
async def test_a_form_writes_only_when_it_is_sent(bot: BotHarness, watch: Watch, verb: str) -> None:
    async def filled(chat: str) -> None:
        sender = ADMIN if chat == GROUP else address(chat).address
        kind = ChatKind.GROUP if chat == GROUP else ChatKind.PRIVATE
        where = address(chat)
        here = {"platform": where.platform, "address": where.address, "topic": where.topic, "kind": kind, "title": ""}
        arguments = {"number": 1, "places": {"": here}, "until": (bot.clock.now() + timedelta(days=1)).isoformat()}
        for submitted in (False, True):
            token = CallbackToken(verb=verb, arguments=arguments, place=chat, person=sender)
            with bot.store.write() as transaction:
                (data,) = add_callbacks(transaction, [token], now=bot.clock.now())
            watch.inside.clear()
            values = {CHAT_FIELD: "", "query": "tree", "when": "daily", "clock": "09:00"}
            await bot.sends_request(
                chat, by=sender, callback_data=data, view_id="V1", values=values, is_submitted=submitted
            )
            assert submitted or watch.tables <= set(OWN)

    await each_way(bot, watch, filled)


@pytest.mark.parametrize("name", list(REGISTRY.events))
async def test_an_event_writes_only_where_it_says_so(bot: BotHarness, watch: Watch, name: str) -> None:
    details = {"as": "x", "names": "2601.90001", "team": "T1", "before": "left", "text": "tree", "to": "telegram:-1002"}

    async def happens(chat: str) -> None:
        await bot.sends_request(chat, by=by_whom(chat), event=name, details=details)

    await each_way(bot, watch, happens)
    if name in ALWAYS_READING:
        assert watch.tables <= set(OWN)


def test_what_only_reads_is_declared() -> None:
    assert {"/list", "/help", "/why", "/preview", "/saved", "card-why", "help", "shortcut"} <= set(ALWAYS_READING)
    assert write_condition(REGISTRY.by_name["search"]) is opens_a_paper, "words are only looked for"
    assert {write_condition(REGISTRY.by_name[name]) for name in ("sub", "pause", "forget")} == {always}
