"""When a subscription or a chat gets something next, by the forecast of the sources."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache

from subscriptions import zones
from subscriptions.model import Cadence, Chat, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning.forecast import Forecast, NextDelivery, forecast_delivery
from subscriptions.states import SubscriptionState
from subscriptions.store import Transaction, sources
from subscriptions.store.papers import known_papers

_NOTHING = NextDelivery()
_Case = tuple[Cadence, tzinfo, datetime | None, bool, str, str]


@dataclass(frozen=True, slots=True)
class DeliveryForecast:
    """The forecast of deliveries at one moment.

    Many chats share cadence, zone and quiet hours: each such case is computed once.
    """

    forecast: Forecast
    last_sequence: int
    next_batch: datetime | None  # when a source is due next
    next_deliveries: dict[_Case, NextDelivery] = field(default_factory=dict)

    @classmethod
    def of(cls, transaction: Transaction, now: datetime) -> "DeliveryForecast":
        """The forecast at `now`."""
        forecast = sources.forecast(transaction, transaction.schedules, now)
        last_sequence = known_papers.last_sequence(transaction)
        return cls(forecast=forecast, last_sequence=last_sequence, next_batch=forecast.next_due())

    def next_delivery(
        self,
        subscription: Subscription,
        chat: Chat,
        *,
        planned: bool = False,
        fits: Callable[[int], bool] | None = None,
    ) -> NextDelivery:
        """When a subscription delivers something next; with `planned`, what comes after a delivery of this moment.

        `fits` tells whether its query matches a paper above a sequence; None: not known, so every new paper counts.
        """
        zone = zone_of(subscription, chat)
        regular = next_moment(subscription.cadence, zone, self.forecast.at) if planned else subscription.next_due_at
        news = not planned and self._has_news(subscription, chat, fits)
        case = (subscription.cadence, zone, regular, news, chat.settings.quiet, chat.settings.timezone)
        if case not in self.next_deliveries:
            clock = zones.zone(chat.settings.timezone)
            self.next_deliveries[case] = forecast_delivery(
                subscription.cadence, zone, regular, self.forecast, news=news, quiet=chat.settings.quiet, clock=clock
            )
        return self.next_deliveries[case]

    def _has_news(self, subscription: Subscription, chat: Chat, fits: Callable[[int], bool] | None) -> bool:
        """Whether papers came that make a delivery. The chat's first delivery may also say that none of them matches."""
        cursor = subscription.cursor
        if cursor >= self.last_sequence or fits is None:
            return cursor < self.last_sequence
        return fits(cursor) or (not chat.first_delivery_planned and self.is_last_word(subscription, chat))

    def is_last_word(self, subscription: Subscription, chat: Chat) -> bool:
        """Whether a due moment need not wait any longer.

        A when-out waits for sources that are due before its second time.
        """
        if subscription.cadence.kind != "when-out" or subscription.next_due_at is None:
            return True
        closes = cadences.closes(subscription.cadence, zone_of(subscription, chat), subscription.next_due_at)
        return self.forecast.at >= closes or self.next_batch is None or self.next_batch >= closes

    def next_of(self, chat: Chat, subscriptions: Sequence[Subscription], planned: Collection[int] = ()) -> NextDelivery:
        """When a chat gets something next: the first delivery of its active subscriptions.

        `planned` are ids of subscriptions, see `next_delivery`.
        """
        active = [
            self.next_delivery(subscription, chat, planned=subscription.id in planned)
            for subscription in subscriptions
            if subscription.state is SubscriptionState.ACTIVE
        ]
        at_once = next((one for one in active if one.at is None and one.latest is not None), None)
        foreseen = min((one for one in active if one.at is not None), key=_moment, default=_NOTHING)
        return at_once or foreseen


def zone_of(subscription: Subscription, chat: Chat) -> tzinfo:
    """The zone in which a subscription is due: its own, else the chat's."""
    return zones.zone(subscription.zone or chat.settings.timezone)


@lru_cache(maxsize=4096)
def next_moment(cadence: Cadence, zone: tzinfo, now: datetime) -> datetime | None:
    """The next regular moment of a cadence, cached: many chats share cadence, zone and the moment of planning."""
    return cadences.next_due(cadence, zone, now)


def _moment(next_delivery: NextDelivery) -> datetime:
    assert next_delivery.at is not None  # noqa: S101 - see `next_of`
    return next_delivery.at
