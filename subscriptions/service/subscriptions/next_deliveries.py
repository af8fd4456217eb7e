"""When a subscription or a chat gets something next, by the forecast of the sources."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache

from subscriptions import zones
from subscriptions.model import Cadence, Chat, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning.forecast import Forecast, NextDelivery, comes
from subscriptions.states import SubscriptionState
from subscriptions.store import Transaction, sources
from subscriptions.store.chat import subscriptions
from subscriptions.store.papers import known_papers

_NOTHING = NextDelivery()
_Case = tuple[Cadence, tzinfo, datetime | None, bool, str, str]


@dataclass(frozen=True, slots=True)
class DeliveryForecast:
    """The forecast of deliveries at one moment.

    Many chats share cadence, zone and quiet hours: each such case is computed once.
    """

    forecast: Forecast
    mark: int  # the shared cursor
    head: int  # the newest sequence
    next_batch: datetime | None  # when a source is due next
    told: dict[_Case, NextDelivery] = field(default_factory=dict)

    @classmethod
    def of(cls, transaction: Transaction, now: datetime) -> "DeliveryForecast":
        """The forecast at `now`."""
        outlook = sources.forecast(transaction, transaction.schedules, now)
        mark, head = subscriptions.shared_cursor(transaction), known_papers.last_sequence(transaction)
        return cls(forecast=outlook, mark=mark, head=head, next_batch=outlook.next_due())

    def next_delivery(
        self, wish: Subscription, chat: Chat, *, planned: bool = False, fits: Callable[[int], bool] | None = None
    ) -> NextDelivery:
        """When a subscription delivers something next; with `planned`, what comes after a delivery of this moment.

        `fits` tells whether its query matches a paper above a sequence; None: not known, so every new paper counts.
        """
        zone = zone_of(wish, chat)
        regular = next_moment(wish.cadence, zone, self.forecast.at) if planned else wish.next_due_at
        news = not planned and self._has_news(wish, chat, fits)
        case = (wish.cadence, zone, regular, news, chat.settings.quiet, chat.settings.timezone)
        if case not in self.told:
            clock = zones.zone(chat.settings.timezone)
            self.told[case] = comes(
                wish.cadence, zone, regular, self.forecast, news=news, quiet=chat.settings.quiet, clock=clock
            )
        return self.told[case]

    def _has_news(self, wish: Subscription, chat: Chat, fits: Callable[[int], bool] | None) -> bool:
        """Whether papers came that make a delivery. The chat's first delivery may also say that none of them matches."""
        seen = self.mark if wish.cursor is None else wish.cursor
        if seen >= self.head or fits is None:
            return seen < self.head
        return fits(seen) or (not chat.first_delivery_planned and self.is_last_word(wish, chat))

    def is_last_word(self, wish: Subscription, chat: Chat) -> bool:
        """Whether a due moment need not wait any longer.

        A when-out waits for sources that are due before its second time.
        """
        if wish.cadence.kind != "when-out" or wish.next_due_at is None:
            return True
        closes = cadences.closes(wish.cadence, zone_of(wish, chat), wish.next_due_at)
        return self.forecast.at >= closes or self.next_batch is None or self.next_batch >= closes

    def next_of(self, chat: Chat, wishes: Sequence[Subscription], planned: Collection[int] = ()) -> NextDelivery:
        """When a chat gets something next: the first delivery of its active subscriptions.

        `planned` are ids of subscriptions, see `next_delivery`.
        """
        active = [
            self.next_delivery(wish, chat, planned=wish.id in planned)
            for wish in wishes
            if wish.state is SubscriptionState.ACTIVE
        ]
        at_once = next((one for one in active if one.at is None and one.latest is not None), None)
        foreseen = min((one for one in active if one.at is not None), key=_moment, default=_NOTHING)
        return at_once or foreseen


def zone_of(wish: Subscription, chat: Chat) -> tzinfo:
    """The zone in which a subscription is due: its own, else the chat's."""
    return zones.zone(wish.zone or chat.settings.timezone)


@lru_cache(maxsize=4096)
def next_moment(cadence: Cadence, zone: tzinfo, now: datetime) -> datetime | None:
    """The next regular moment of a cadence, cached: many chats share cadence, zone and the moment of planning."""
    return cadences.next_due(cadence, zone, now)


def _moment(coming: NextDelivery) -> datetime:
    assert coming.at is not None  # noqa: S101 - see `next_of`
    return coming.at
