"""The state of a chat and of the whole bot, for `/status` and the pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.planning.next_deliveries import NextDelivery
from subscriptions.service import listing
from subscriptions.store import bot_state, stored_sources
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.outbox import OutboxCounts, outbox_counts
from subscriptions.store.stored_sources import KnownSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of the whole bot at one moment."""

    at: datetime
    outbox: OutboxCounts = field(default_factory=OutboxCounts)
    stopped: Mapping[str, str] = field(default_factory=dict)  # platform -> why it is stopped until a person decides
    sources: tuple[KnownSource, ...] = ()  # the sources that the settings declare


@reads
def figures(transaction: Transaction, *, now: datetime) -> Figures:
    """Returns the figures of the whole bot. Raises StoreError."""
    known = stored_sources.known_sources(transaction)
    return Figures(
        at=now,
        outbox=outbox_counts(transaction),
        stopped=bot_state.stopped_platforms(transaction),
        sources=tuple(one for one in known if one.declared),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of one chat."""

    chat: Chat
    subscriptions: int
    next_delivery: NextDelivery  # the earliest next delivery of the chat's subscriptions
    outbox: OutboxCounts


@reads
def status(transaction: Transaction, address: ChatAddress, *, now: datetime) -> Status:
    """Returns the state of a chat. Raises NotFound."""
    chat, found = listing.get_subscribed(transaction, address)
    next_delivery = stored_sources.forecast(transaction, now=now).next_of(chat, found)
    outbox = outbox_counts(transaction, chat.id)
    return Status(chat=chat, subscriptions=len(found), next_delivery=next_delivery, outbox=outbox)


@reads
def next_deliveries_to(
    transaction: Transaction, address: ChatAddress, subscriptions: Sequence[Subscription], *, now: datetime
) -> NextDelivery:
    """Returns the earliest next delivery of these subscriptions of a chat. Raises NotFound."""
    return stored_sources.forecast(transaction, now=now).next_of(listing.get_chat(transaction, address), subscriptions)


@reads
def next_deliveries_of(
    transaction: Transaction, subscriptions: Sequence[listing.Listed], *, now: datetime
) -> tuple[NextDelivery, ...]:
    """Returns the next delivery of each of these subscriptions. A paused subscription counts as active."""
    foreseen = stored_sources.forecast(transaction, now=now)
    return tuple(foreseen.next_delivery(one.subscription, one.chat) for one in subscriptions)
