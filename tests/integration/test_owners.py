"""What only one of several processes may do: send the next message of a lane, and write (docs/architecture.md, rule 14)."""

import contextlib
from collections import abc
from datetime import timedelta

import pytest

from subscriptions.chats.known import listed
from subscriptions.chats.stored.records import chat_moved
from subscriptions.database.store import Store
from subscriptions.errors import StoreUnavailable
from subscriptions.model import Lane, Message
from subscriptions.outbox import sending
from subscriptions.outbox.stored import claims
from subscriptions.outbox.stored import deliveries as stored_deliveries
from subscriptions.outbox.stored import entries as outbox
from subscriptions.outcomes import RetryLater
from subscriptions.plan.plan import plan_due
from tests import make, stored
from tests.clock import NOON
from tests.make import address, subscribes

GROUP = "-100"


def due(store: Store, *chats: str) -> None:
    """Plans a delivery of one paper to each of these chats, and renders the deliveries."""
    make.due(store, *chats)
    plan_due(store, now=NOON)
    message = Message(number=1, payload='{"text": "A graph"}')
    rendered = dict.fromkeys(range(1, len(chats) + 1), ([message], ""))
    store.write_now(stored_deliveries.store_rendered, rendered, Lane("telegram", "1"), now=NOON)


def next_of(store: Store, lane: str = GROUP) -> claims.Claim:
    step = store.write_now(claims.claim, Lane("telegram", lane), now=NOON)
    assert isinstance(step, claims.Claim)
    return step


def in_hand(store: Store) -> list[tuple[int, str]]:
    return stored.rows(store, "SELECT delivery, state FROM message ORDER BY delivery")


ENDS: dict[str, abc.Callable[[Store, claims.Claim], object]] = {
    "the message is confirmed": lambda store, first: store.write_now(claims.confirm, first, "m1", now=NOON),
    "the attempt has failed": lambda store, first: store.write_now(
        sending.record_outcome, first, RetryLater("busy", timedelta(0)), on_unclear="resend", now=NOON
    ),
    "what was in hand is recovered": lambda store, _: store.write_now(claims.recover),
}


@pytest.mark.both_databases
@pytest.mark.parametrize("ends", ENDS)
def test_a_lane_has_one_message_in_hand_until_its_outcome_is_stored(store: Store, other: Store, ends: str) -> None:
    """While one message of a lane is being sent, no other one may be, even if it was claimed.

    The second claim is possible because an operator dismisses the delivery that is being sent.
    """
    due(store, "telegram:-100", "telegram:-100/7", "telegram:1")
    first = next_of(store)
    assert store.write_now(claims.mark_sending, first, wall=NOON)
    store.write_now(outbox.dismiss, first.delivery, now=NOON)
    second = next_of(store)
    assert (first.seq, second.seq) == (1, 2)
    assert not other.write_now(claims.mark_sending, second, wall=NOON)
    assert in_hand(store)[:2] == [(1, "sending"), (2, "ready")]
    assert other.write_now(claims.mark_sending, next_of(store, "1"), wall=NOON)  # another lane need not wait
    ENDS[ends](store, first)
    assert other.write_now(claims.mark_sending, second, wall=NOON)


@pytest.mark.both_databases
def test_merged_groups_keep_what_they_have_in_hand(store: Store, other: Store) -> None:
    due(store, "telegram:-1", "telegram:-2")
    for process, place in ((store, "-1"), (other, "-2")):
        assert process.write_now(claims.mark_sending, next_of(store, place), wall=NOON)
    (gone, _) = outbox.outbox_entries(store, now=NOON)
    store.write_now(chat_moved, address(gone.chat), "-2", now=NOON)
    assert in_hand(store) == [(1, "sending"), (2, "sending")]
    assert store.write_now(claims.claim, Lane("telegram", "-2"), now=NOON) is None


@pytest.mark.both_databases
def test_a_writer_waits_for_the_other_and_then_sees_what_it_wrote(
    store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscriptions.database.store.BUSY_SECONDS", 0.2)
    with contextlib.closing(Store(database_url)) as other:
        other.revision()  # connects now, while nobody writes
        with store.writing() as transaction:
            subscribes(transaction, "telegram:1", "graph")
            with pytest.raises(StoreUnavailable, match="locked"):
                subscribes(other, "telegram:2", "tree")
            assert other.read_now(listed, None) == ()  # a reader need not wait
        subscribes(other, "telegram:1", "graph")
        subscribes(other, "telegram:1", "tree")
    assert [(one.subscription.number, one.subscription.text) for one in store.read_now(listed, None)] == [
        (1, "graph"),
        (2, "tree"),
    ]
