"""The state of a chat and of the whole bot, for `status`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.planning.forecast import Forecast, NextDelivery
from subscriptions.service.outbox.sending import OutboxCounts, outbox_counts, stopped_platforms
from subscriptions.service.papers.signals import MOST_SAVED, MOST_SIGNALS
from subscriptions.service.subscriptions.next_deliveries import DeliveryForecast
from subscriptions.service.subscriptions.selection import Listed, find
from subscriptions.states import UNDER_WAY, DeliveryState, Signal
from subscriptions.store import Scope, sources
from subscriptions.store.chat import access, signals
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.outbox import backlog as stored_status
from subscriptions.store.outbox import chat_outbox
from subscriptions.store.papers import digests
from subscriptions.store.papers.digests import NewestDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of one chat."""

    chat: Chat
    subscriptions: int
    next_delivery: NextDelivery  # the first of all its subscriptions
    waiting: int  # deliveries; planned and held ones included
    unclear: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of the whole bot."""

    chats: int
    asking: int  # chats that wait for an operator and can be written to
    subscriptions: int
    outbox: OutboxCounts
    stopped: Mapping[str, str]  # platform -> why it is stopped


def status(store: Scope, address: ChatAddress, *, now: datetime) -> Status:
    """The state of a chat. Raises NotFound."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a chat got in some days, and did with it."""

    shown: Mapping[datetime, int]  # when -> papers in messages
    done: Mapping[Signal, Sequence[datetime]]  # what was done with papers -> when it was last done with each of them

    @property
    def papers(self) -> int:
        """All papers that were shown."""
        return sum(self.shown.values())


def statistics(store: Scope, address: ChatAddress, *, since: datetime) -> Statistics:
    """What a chat got since a moment. Raises NotFound."""
    with store.read() as transaction:
        chat = find(transaction, address)
        shown: Counter[datetime] = Counter()
        for at, amount in chat_outbox.shown_at(transaction, chat.id, since):
            shown[at] += amount
        newest = signals.signals_of(transaction, chat.id, most=MOST_SIGNALS + MOST_SAVED)
    done = {kind: [one.at for one in newest if one.kind is kind and one.at >= since] for kind in Signal}
    return Statistics(shown=shown, done=done)


def expectations(store: Scope, *, now: datetime) -> Forecast:
    """The forecast of the sources."""
    with store.read() as transaction:
        return sources.forecast(transaction, store.schedules, now)


def next_deliveries_to(
    store: Scope, address: ChatAddress, subscriptions: Sequence[Subscription], *, now: datetime
) -> NextDelivery:
    """When the first of these subscriptions of a chat delivers something. Raises NotFound."""
    with store.read() as transaction:
        return DeliveryForecast.of(transaction, now).next_of(find(transaction, address), subscriptions)


def next_deliveries_of(store: Scope, subscriptions: Sequence[Listed], *, now: datetime) -> tuple[NextDelivery, ...]:
    """When each of these subscriptions, of any chats, delivers something; of a paused one, when it would."""
    with store.read() as transaction:
        delivery_forecast = DeliveryForecast.of(transaction, now)
        return tuple(delivery_forecast.next_delivery(one.subscription, one.chat) for one in subscriptions)


def last_days(store: Scope, most: int) -> tuple[NewestDay, ...]:
    """The newest day of each source and what came on it, the newest first; at most `most`."""
    with store.read() as transaction:
        return digests.newest_days(transaction, most)


def papers_of_day(store: Scope, day: date) -> int:
    """How many different papers the digests of a day brought."""
    with store.read() as transaction:
        return digests.papers_of_day(transaction, day)


def health(store: Scope) -> Health:
    """The state of the whole bot."""
    with store.read() as transaction:
        chats, subscriptions = stored_subscriptions.subscription_counts(transaction)
        waiting = len(access.chats_awaiting_admission(transaction, zone=store.zone))
    return Health(
        chats=chats,
        asking=waiting,
        subscriptions=subscriptions,
        outbox=outbox_counts(store),
        stopped=stopped_platforms(store),
    )
