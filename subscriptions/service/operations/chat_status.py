"""How a chat stands, and how the whole bot does, for `status`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.planning.forecast import Forecast, NextDelivery
from subscriptions.service.outbox.sending import Progress, progress, stopped_platforms
from subscriptions.service.subscriptions.lookup import Listed, find
from subscriptions.service.subscriptions.next_deliveries import DeliveryForecast
from subscriptions.states import UNDER_WAY, DeliveryState
from subscriptions.store import Scope, sources
from subscriptions.store.chat import access
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.outbox import status as stored_status
from subscriptions.store.papers import digests
from subscriptions.store.papers.digests import NewestDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How one chat stands."""

    chat: Chat
    subscriptions: int
    next_delivery: NextDelivery  # of what comes first
    waiting: int  # deliveries; planned and held ones included
    unclear: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the whole bot stands."""

    chats: int
    asking: int
    subscriptions: int
    outbox: Progress
    stopped: Mapping[str, str]  # platform -> why it stands still


def status(store: Scope, address: ChatAddress, *, now: datetime) -> Status:
    """How a chat stands. Raises NotFound."""
    with store.read() as transaction:
        chat = find(transaction, address)
        subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
        states = stored_status.states_of(transaction, chat.id)
        next_delivery = DeliveryForecast.of(transaction, now).next_of(chat, subscriptions)
    return Status(
        chat=chat,
        subscriptions=len(subscriptions),
        next_delivery=next_delivery,
        waiting=sum(states[name] for name in UNDER_WAY),
        unclear=states[DeliveryState.UNCLEAR],
        dead=states[DeliveryState.DEAD],
    )


def expectations(store: Scope, *, now: datetime) -> Forecast:
    """What can be expected of the sources."""
    with store.read() as transaction:
        return sources.forecast(transaction, store.schedules, now)


def next_deliveries_to(
    store: Scope, address: ChatAddress, subscriptions: Sequence[Subscription], *, now: datetime
) -> NextDelivery:
    """When the first of these subscriptions of a chat brings something. Raises NotFound."""
    with store.read() as transaction:
        return DeliveryForecast.of(transaction, now).next_of(find(transaction, address), subscriptions)


def next_deliveries_of(store: Scope, subscriptions: Sequence[Listed], *, now: datetime) -> tuple[NextDelivery, ...]:
    """When each of these subscriptions brings something, be they of several chats; of one that is held, when it would."""
    with store.read() as transaction:
        delivery_forecast = DeliveryForecast.of(transaction, now)
        return tuple(delivery_forecast.next_delivery(one.subscription, one.chat) for one in subscriptions)


def last_days(store: Scope, most: int) -> tuple[NewestDay, ...]:
    """What came last from each source, the newest first."""
    with store.read() as transaction:
        return digests.newest_days(transaction, most)


def papers_of_day(store: Scope, day: date) -> int:
    """How many different papers the digests of a day brought."""
    with store.read() as transaction:
        return digests.papers_of_day(transaction, day)


def health(store: Scope) -> Health:
    """How the whole bot stands."""
    with store.read() as transaction:
        chats, subscriptions = stored_subscriptions.subscription_counts(transaction)
        waiting = len(access.chats_awaiting_admission(transaction, zone=store.zone))
    return Health(
        chats=chats,
        asking=waiting,
        subscriptions=subscriptions,
        outbox=progress(store),
        stopped=stopped_platforms(store),
    )
