"""The whole bot in numbers, for `/metrics` and `paperwire status`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.planning.pauses import NextDelivery
from subscriptions.planning.receipts import Outcome
from subscriptions.service.papers.signals import MOST_SAVED, MOST_SIGNALS
from subscriptions.service.subscriptions.next_deliveries import DeliveryForecast, Listed, get_chat
from subscriptions.states import UNDER_WAY, DeliveryState, Signal
from subscriptions.store import platforms, sources
from subscriptions.store.chat import signals
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.figures import OutboxFigures, outbox_figures
from subscriptions.store.outbox import entries
from subscriptions.store.sources import KnownSource

OVERDUE_AFTER = timedelta(minutes=10)  # after its next poll was due; polls that run move that moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The whole bot in numbers, at one moment."""

    outbox: OutboxFigures = field(default_factory=OutboxFigures)
    stopped: Mapping[str, str] = field(default_factory=dict)  # platform -> why it is stopped until a person decides
    sources: tuple[KnownSource, ...] = ()  # that the settings name


@reads
def figures(transaction: Transaction, *, now: datetime, wall: datetime) -> Figures:
    """Returns the whole bot in numbers. `wall` is the machine's clock. Raises StoreError."""
    known = sources.known_sources(transaction)
    return Figures(
        outbox=outbox_figures(transaction, wall=wall),
        stopped=platforms.stopped_platforms(transaction),
        sources=tuple(_source(one, now) for one in known if one.state.on),
    )


def _source(known: KnownSource, now: datetime) -> KnownSource:
    due, last = known.state.next_at, known.last
    is_behind = last is not None and last.outcome in (Outcome.LATE, Outcome.FAILED)
    was_passed_over = due is not None and now - due > OVERDUE_AFTER
    return replace(known, is_overdue=is_behind or was_passed_over)


# -------------------------------------------------------------- the state of a chat and of the whole bot, for `status`


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of one chat."""

    chat: Chat
    subscriptions: int
    next_delivery: NextDelivery  # the first of all its subscriptions
    waiting: int  # deliveries; planned and held ones included
    unclear: int
    dead: int


@reads
def status(transaction: Transaction, address: ChatAddress, *, now: datetime) -> Status:
    """The state of a chat. Raises NotFound."""
    chat = get_chat(transaction, address)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    states = entries.states_of(transaction, chat.id)
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


@reads
def statistics(transaction: Transaction, address: ChatAddress, *, since: datetime) -> Statistics:
    """What a chat got since a moment. Raises NotFound."""
    chat = get_chat(transaction, address)
    shown: Counter[datetime] = Counter()
    for at, amount in entries.shown_at(transaction, chat.id, since):
        shown[at] += amount
    newest = signals.signals_of(transaction, chat.id, most=MOST_SIGNALS + MOST_SAVED)
    done = {kind: [one.at for one in newest if one.kind is kind and one.at >= since] for kind in Signal}
    return Statistics(shown=shown, done=done)


@reads
def next_deliveries_to(
    transaction: Transaction, address: ChatAddress, subscriptions: Sequence[Subscription], *, now: datetime
) -> NextDelivery:
    """When the first of these subscriptions of a chat delivers something. Raises NotFound."""
    return DeliveryForecast.of(transaction, now).next_of(get_chat(transaction, address), subscriptions)


@reads
def next_deliveries_of(
    transaction: Transaction, subscriptions: Sequence[Listed], *, now: datetime
) -> tuple[NextDelivery, ...]:
    """When each of these subscriptions, of any chats, delivers something; of a paused one, when it would."""
    delivery_forecast = DeliveryForecast.of(transaction, now)
    return tuple(delivery_forecast.next_delivery(one.subscription, one.chat) for one in subscriptions)
