"""Chats that are gone leave the indexes of due moments and of open deliveries; the database itself sees to it, by triggers."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.delivery.planning import Sent
from subscriptions.model import Chat, ChatKind
from subscriptions.notices.chats import AccessDenied
from subscriptions.service.notices import notify
from subscriptions.service.pausing import pause
from subscriptions.service.plan import plan_due
from subscriptions.service.retention import forget
from subscriptions.service.sending import outbox_entries, retry_delivery
from subscriptions.states import DeliveryState, PauseReason
from subscriptions.store import chats, moving
from subscriptions.store.database.store import Store, Transaction
from tests.fakes.slack import FakeSlack
from tests.integration.slack_bot import a_bot
from tests.make import NOON, FakeClock, address, ingested, paper, subscribes
from tests.stored import value

pytestmark = pytest.mark.both_databases

DAY = timedelta(days=1)

# The values of the redundant columns, computed from the chats.
_WRONG_SUBSCRIPTIONS = """
    SELECT subscription.id FROM subscription JOIN chat ON chat.id = subscription.chat
    WHERE subscription.chat_active != (chat.state = 'active')
"""
_WRONG_DELIVERIES = """
    SELECT delivery.id FROM delivery JOIN chat ON chat.id = delivery.chat
    WHERE settled_at IS NULL AND sendable != (
        chat.state = 'active'
        OR (chat.state IN ('asked', 'unconfirmed') AND chat.pause_reason IS NULL AND delivery.kind = 'notice'))
"""


def wrong(store: Store) -> list[object]:
    """What does not repeat the state of its chat."""
    with store.read() as session:
        raw = session.connection()
        return [*raw.exec_driver_sql(_WRONG_SUBSCRIPTIONS).all(), *raw.exec_driver_sql(_WRONG_DELIVERIES).all()]


def in_index(store: Store, index: str, table: str) -> int:
    """How many rows a partial index holds: on SQLite counted by walking it, else those that its condition is true of."""
    is_file = store.kind.file is not None
    source = "sql FROM sqlite_master WHERE name" if is_file else "indexdef FROM pg_indexes WHERE indexname"
    condition = str(value(store, f"SELECT {source} = :index", index=index)).partition(" WHERE ")[2]
    walked = f"INDEXED BY {index}" if is_file else ""
    return int(value(store, f"SELECT count(*) FROM {table} {walked} WHERE {condition}"))  # noqa: S608 - names of ours


def a_chat(store: Store, number: int) -> Chat:
    with store.read() as session:
        found = chats.find_chat(session, address(f"telegram:-{number}"), zone="UTC")
    assert found is not None
    return found


def blocked(store: Store, number: int) -> None:
    chat = a_chat(store, number)
    with store.write() as session:
        chats.mark_unreachable(session, chat.id, PauseReason.GONE, "blocked", now=NOON)


def test_a_subscription_added_to_a_chat_that_gets_nothing_repeats_that(store: Store) -> None:
    for number in (1, 2, 3):
        subscribes(store, f"telegram:-{number}", "graph", every="daily", at="13:00")
    first, second = (a_chat(store, number).id for number in (1, 2))
    with store.write() as session:
        chats.pause_chat(session, first, PauseReason.PERSON, now=NOON)
        chats.require_admission(session, second, now=NOON)
    before = in_index(store, "ix_subscription_due", "subscription")
    for chat in ("telegram:-1", "telegram:-2", "email:ada@lab.org"):
        subscribes(store, chat, "tree", every="daily", at="13:00")
    assert wrong(store) == []
    assert in_index(store, "ix_subscription_due", "subscription") == before


def test_whoever_is_gone_stands_in_no_index_of_due_moments(store: Store) -> None:
    for number in range(1, 7):
        subscribes(store, f"telegram:-{number}", "graph", every="daily", at="13:00")
    first, second, third = (a_chat(store, number).id for number in (1, 2, 3))
    with store.write() as session:
        chats.mark_unreachable(session, first, PauseReason.GONE, "blocked", now=NOON)
        chats.pause_chat(session, second, PauseReason.PERSON, now=NOON)
        chats.require_admission(session, third, now=NOON)
        pause(session, address("telegram:-4"), 1, until=None, now=NOON)
        moving.chat_moved(session, address("telegram:-5"), "-100", now=NOON)
    assert in_index(store, "ix_subscription_due", "subscription") == 2  # that of -100, and of -6
    with store.write() as session:
        chats.mark_reachable(session, first, now=NOON)
    assert in_index(store, "ix_subscription_due", "subscription") == 3
    assert wrong(store) == []


def test_what_waits_for_a_gone_chat_goes_out_when_it_is_back(store: Store) -> None:
    subscribes(store, "telegram:-1", "graph", every="now")
    ingested(store, paper("A graph"), now=NOON)
    plan_due(store, now=NOON)
    assert in_index(store, "ix_delivery_sendable", "delivery") == 1
    blocked(store, 1)
    assert in_index(store, "ix_delivery_sendable", "delivery") == 0
    (entry,) = outbox_entries(store, now=NOON)
    assert entry.state is DeliveryState.HELD
    retry_delivery(store, entry.id, now=NOON)
    assert in_index(store, "ix_delivery_sendable", "delivery") == 1


def test_a_chat_that_asks_for_admission_gets_only_notices(store: Store) -> None:
    subscribes(store, "telegram:-1", "graph", every="now")
    ingested(store, paper("A graph"), now=NOON)
    plan_due(store, now=NOON)
    chat = a_chat(store, 1)
    with store.write() as session:
        chats.require_admission(session, chat.id, now=NOON)
    notify(store, chat.address, AccessDenied(event="1"), now=NOON)
    assert [entry.state for entry in outbox_entries(store, now=NOON)] == [DeliveryState.HELD, DeliveryState.PLANNED]
    assert in_index(store, "ix_delivery_sendable", "delivery") == 1
    assert wrong(store) == []


Change = Callable[[Transaction, Chat, random.Random, datetime], object]


def moves(session: Transaction, chat: Chat, rng: random.Random, now: datetime) -> None:
    """To an address that is new, or to that of another chat."""
    other = address(f"telegram:-{rng.randint(1, 9)}")
    if rng.random() < 0.5:
        chats.add_chat(session, other, ChatKind.GROUP, now=now, zone="UTC")
    moving.chat_moved(session, chat.address, other.address, now=now)


CHANGES: tuple[Change, ...] = (
    lambda session, chat, _, now: chats.mark_unreachable(session, chat.id, PauseReason.GONE, "gone", now=now),
    lambda session, chat, _, now: chats.mark_reachable(session, chat.id, now=now),
    lambda session, chat, _, now: chats.pause_chat(session, chat.id, PauseReason.PERSON, now=now, until=now + DAY / 99),
    lambda session, chat, _, now: chats.resume_chat(session, chat.id, now=now),
    lambda session, chat, _, now: chats.require_admission(session, chat.id, now=now),
    lambda session, chat, _, now: chats.admit(session, chat.id, now=now),
    lambda session, chat, _, now: chats.deny(session, chat.id, now=now),
    moves,
)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_becomes_of_chats_what_is_repeated_is_right(store: Store, seed: int) -> None:
    rng, now = random.Random(seed), NOON
    for number in range(1, 5):
        subscribes(store, f"telegram:-{number}", "graph", every="now")
    for step in range(60):
        now += timedelta(minutes=7)
        if step % 5 == 0:
            ingested(store, paper(f"A graph {step}"), now=now)
            plan_due(store, now=now)
        chat = a_chat(store, rng.randint(1, 4))
        with store.write() as session:
            rng.choice(CHANGES)(session, chat, rng, now)
        for entry in list(outbox_entries(store, now=now)):
            if rng.random() < 0.1:
                retry_delivery(store, entry.id, now=now)
        assert wrong(store) == [], f"after step {step}"


# -------------------------------------------------------------- a chat is forgotten while a message of it is on its way


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows("C1")
        fake.knows("C2")
        yield fake


@pytest.mark.parametrize("answer", ["", "429", "500", "404 page", "broken json", "cut before", "cut after"])
async def test_however_slack_answers(tmp_path: Path, clock: FakeClock, slack: FakeSlack, answer: str) -> None:
    if answer:
        slack.answers(answer, chat="C1")
    await _forgotten(tmp_path, clock, slack, "post")


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("answer", ["500", "cut before", "cut after"])
async def test_while_it_is_looked_up(
    tmp_path: Path, clock: FakeClock, slack: FakeSlack, answer: str, *, readable: bool
) -> None:
    slack.answers(answer, chat="C1")
    if not readable:
        slack.withdraws("channels:history")
    await _forgotten(tmp_path, clock, slack, "find")


@pytest.mark.parametrize("code", ["no_text", "channel_not_found", "thread_not_found", "some_new_code"])
async def test_however_slack_refuses(tmp_path: Path, clock: FakeClock, slack: FakeSlack, code: str) -> None:
    slack.forbids("C1", code)
    await _forgotten(tmp_path, clock, slack, "post")


async def _forgotten(tmp_path: Path, clock: FakeClock, slack: FakeSlack, moment: str) -> None:
    async with a_bot(tmp_path, slack, clock) as app:
        for chat in ("slack:C1", "slack:C2"):
            subscribes(app.store, chat, "graph", every="now")
        ingested(app.store, paper("A graph"))
        _after_the_first(app, moment, lambda: forget(app.store, address("slack:C1")))
        await app.sender.send_once()
        assert {entry.chat for entry in outbox_entries(app.store, now=clock.now())} == {"slack:C2"}
        assert await app.sender.send_once() == Sent()
    assert len(slack.posted_to("C2")) == 1


def _after_the_first(app: App, moment: str, happens: Callable[[], object]) -> None:
    """Lets something happen when a post, or a look-up, of C1 has been answered for the first time, before that is stored."""
    channel = app.context.channels["slack"]
    call = getattr(channel, moment)
    seen: list[bool] = []

    async def calling(chat: Any, *what: Any, **more: Any) -> str | None:
        try:
            found: str | None = await call(chat, *what, **more)
        finally:
            if str(chat) == "slack:C1" and not seen:
                seen.append(True)
                happens()
        return found

    setattr(channel, moment, calling)
