"""How a chat stands, and how the whole bot does, for `status`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.planning.forecast import Forecast, NextDelivery
from subscriptions.service.outbox.sending import Progress, progress, stopped_platforms
from subscriptions.service.subscriptions.next_deliveries import DeliveryForecast
from subscriptions.service.subscriptions.requests import Listed, find
from subscriptions.states import UNDER_WAY, DeliveryState
from subscriptions.store import Store, access, sources
from subscriptions.store import chats as people
from subscriptions.store import status as stands
from subscriptions.store.status import NewestDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How one chat stands."""

    chat: Chat
    subscriptions: int
    coming: NextDelivery  # of what comes first
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


def status(store: Store, address: ChatAddress, *, now: datetime) -> Status:
    """How a chat stands. Raises NotFound."""
    with store.read() as session:
        chat = find(session, store, address)
        wishes = people.subscriptions_of(session, [chat.id])[chat.id]
        states = stands.states_of(session, chat.id)
        coming = DeliveryForecast.of(session, store, now).next_of(chat, wishes)
    return Status(
        chat=chat,
        subscriptions=len(wishes),
        coming=coming,
        waiting=sum(states[name] for name in UNDER_WAY),
        unclear=states[DeliveryState.UNCLEAR],
        dead=states[DeliveryState.DEAD],
    )


def expectations(store: Store, *, now: datetime) -> Forecast:
    """What can be expected of the sources."""
    with store.read() as session:
        return sources.forecast(session, store.schedules, now)


def next_deliveries_to(
    store: Store, address: ChatAddress, wishes: Sequence[Subscription], *, now: datetime
) -> NextDelivery:
    """When the first of these subscriptions of a chat brings something. Raises NotFound."""
    with store.read() as session:
        return DeliveryForecast.of(session, store, now).next_of(find(session, store, address), wishes)


def next_deliveries_of(store: Store, wishes: Sequence[Listed], *, now: datetime) -> tuple[NextDelivery, ...]:
    """When each of these subscriptions brings something, be they of several chats; of one that is held, when it would."""
    with store.read() as session:
        foresight = DeliveryForecast.of(session, store, now)
        return tuple(foresight.next_delivery(one.subscription, one.chat) for one in wishes)


def last_days(store: Store, most: int) -> tuple[NewestDay, ...]:
    """What came last from each source, the newest first."""
    with store.read() as session:
        return stands.newest_days(session, most)


def papers_of_day(store: Store, day: date) -> int:
    """How many different papers the digests of a day brought."""
    with store.read() as session:
        return stands.papers_of_day(session, day)


def health(store: Store) -> Health:
    """How the whole bot stands."""
    with store.read() as session:
        chats, subscriptions = stands.subscription_counts(session)
        waiting = len(access.chats_awaiting_admission(session, zone=store.zone))
    return Health(
        chats=chats,
        asking=waiting,
        subscriptions=subscriptions,
        outbox=progress(store),
        stopped=stopped_platforms(store),
    )
