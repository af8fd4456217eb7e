"""A lane has one sender at a time, and the database says which: of two that claim in one lane, the second gets nothing."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from bot.delivery.planning import DrainState, plan
from subscriptions.errors import RetryLater
from subscriptions.model import Message
from subscriptions.service.plan import plan_due
from subscriptions.service.sending import claim, confirm, dismiss, outbox_entries, record_outcome
from subscriptions.store.claims import Claim, mark_sending
from subscriptions.store.database.store import Store
from subscriptions.store.deliveries import Rendered, store_rendered
from subscriptions.store.moving import chat_moved
from subscriptions.store.workers import recover_own
from tests.being_sent import request
from tests.fakes.telegram import FakeTelegram
from tests.integration.telegram_bot import a_bot
from tests.make import NOON, FakeClock, address, ingested, paper, subscribes
from tests.stored import change, rows

pytestmark = pytest.mark.both_databases

GROUP = "-100"
TOPICS = ("telegram:-100", "telegram:-100/7")


def due(store: Store, *chats: str) -> None:
    """Plans a delivery of one paper for each of these chats, and renders it."""
    for chat in chats:
        subscribes(store, chat, "graph", every="now", since="1d")
    ingested(store, paper("A graph"), now=NOON - timedelta(hours=1))
    plan_due(store, now=NOON)
    seqs = range(1, len(chats) + 1)
    message = Message(number=1, payload='{"text": "A graph"}', plain="A graph")
    store_rendered(store, [Rendered(seq=seq, messages=(message,)) for seq in seqs], now=NOON)


def next_of(store: Store, lane: str = GROUP) -> Claim:
    step = claim(store, request(lane))
    assert isinstance(step, Claim)
    return step


def in_hand(store: Store) -> list[tuple[int, str]]:
    return rows(store, "SELECT delivery, state FROM message ORDER BY delivery")


def after_first_dismissed(store: Store) -> tuple[Claim, Claim]:
    """The claims of two messages of one lane: an operator dismissed the first after it was claimed and marked."""
    due(store, *TOPICS)
    first = next_of(store)
    assert mark_sending(store, first, wall=NOON)
    dismiss(store, first.delivery, now=NOON)
    return first, next_of(store)


class TestOneSenderALane:
    def test_two_messages_of_a_lane_are_never_in_hand_at_once(self, store: Store, other: Store) -> None:
        first, second = after_first_dismissed(store)
        assert (first.seq, second.seq) == (1, 2)
        assert not mark_sending(other, second, wall=NOON)
        assert in_hand(store) == [(1, "sending"), (2, "ready")]

    def test_other_lanes_go_on_meanwhile(self, store: Store, other: Store) -> None:
        due(store, *TOPICS, "telegram:1", "postbox:-100")
        assert mark_sending(store, next_of(store), wall=NOON)
        assert mark_sending(other, next_of(store, "1"), wall=NOON)

    def test_a_lane_is_free_again_once_the_message_is_confirmed(self, store: Store, other: Store) -> None:
        first, second = after_first_dismissed(store)
        confirm(store, first, "m1", request(GROUP))
        assert mark_sending(other, second, wall=NOON)

    def test_a_lane_is_free_again_once_the_attempt_has_failed(self, store: Store, other: Store) -> None:
        first, second = after_first_dismissed(store)
        record_outcome(store, first, RetryLater("busy", timedelta(0)), on_unclear="resend", now=NOON, wall=NOON)
        assert mark_sending(other, second, wall=NOON)

    def test_a_lane_is_free_again_once_what_was_in_hand_is_recovered(self, store: Store, other: Store) -> None:
        _, second = after_first_dismissed(store)
        assert recover_own(store) == 1
        assert mark_sending(other, second, wall=NOON)

    def test_merged_groups_keep_what_they_have_in_hand(self, store: Store, other: Store) -> None:
        due(store, "telegram:-1", "telegram:-2")
        for worker, place in ((store, "-1"), (other, "-2")):
            assert mark_sending(worker, next_of(store, place), wall=NOON)
        (gone, _) = outbox_entries(store, now=NOON)
        chat_moved(store, address(gone.chat), "-2", now=NOON)
        assert in_hand(store) == [(1, "sending"), (2, "sending")]
        assert claim(store, request("-2")) is None

    def test_the_database_itself_refuses_a_second_one(self, store: Store) -> None:
        due(store, *TOPICS)
        mark_sending(store, next_of(store), wall=NOON)
        taken = "UPDATE message SET state = 'sending', lane = 'telegram:-100' WHERE delivery = 2"
        with pytest.raises(IntegrityError, match=r"(?i)unique"):
            change(store, taken)


async def test_a_sender_leaves_a_lane_that_another_process_has(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, other: Store
) -> None:
    async with a_bot(tmp_path, telegram, clock, database=str(other.url)) as app:
        for chat in (*TOPICS, "telegram:1"):
            subscribes(app.store, chat, "graph", every="now")
        ingested(app.store, paper("A graph"))
        await plan(app.context, DrainState())
        first = next_of(app.store)
        message = Message(number=1, payload='{"text": "A graph"}', plain="A graph")
        store_rendered(other, [Rendered(seq=first.seq, messages=(message,))], now=clock.now())
        first = next_of(other)
        assert mark_sending(other, first, wall=clock.wall())
        dismiss(app.store, first.delivery, now=clock.now())
        await app.sender.deliver()
        assert [len(telegram.posted_to(chat)) for chat in ("-100", "1")] == [0, 1]
        confirm(other, first, "m1", request(GROUP))
        await app.sender.deliver()
        assert [len(telegram.posted_to(chat)) for chat in ("-100", "1")] == [1, 1]
