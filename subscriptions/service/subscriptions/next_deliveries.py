"""When something comes next to a chat, as far as the rhythm of the sources tells it."""

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
    """What is known at a moment of when things come. Many chats share cadence, zone and hours, so each case is told once."""

    forecast: Forecast
    mark: int  # the change up to which caught-up `now` subscriptions have seen
    head: int
    next_batch: datetime | None  # when something is due next
    told: dict[_Case, NextDelivery] = field(default_factory=dict)

    @classmethod
    def of(cls, transaction: Transaction, now: datetime) -> "DeliveryForecast":
        """At `now`."""
        outlook = sources.forecast(transaction, transaction.schedules, now)
        mark, head = subscriptions.shared_cursor(transaction), known_papers.last_sequence(transaction)
        return cls(forecast=outlook, mark=mark, head=head, next_batch=outlook.next_due())

    def next_delivery(
        self, wish: Subscription, chat: Chat, *, planned: bool = False, fits: Callable[[int], bool] | None = None
    ) -> NextDelivery:
        """When a subscription brings something next; `planned`: it brings what there is right now.

        `fits` tells whether it finds a paper that came after a change; None: that is not known.
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
        """Whether papers came of which something will be said: the first time also that none of them fits."""
        seen = self.mark if wish.cursor is None else wish.cursor
        if seen >= self.head or fits is None:
            return seen < self.head
        return fits(seen) or (not chat.first_delivery_planned and self.is_last_word(wish, chat))

    def is_last_word(self, wish: Subscription, chat: Chat) -> bool:
        """Whether nothing more is to be expected of a due moment; when-out waits for what is due before its second time."""
        if wish.cadence.kind != "when-out" or wish.next_due_at is None:
            return True
        closes = cadences.closes(wish.cadence, zone_of(wish, chat), wish.next_due_at)
        return self.forecast.at >= closes or self.next_batch is None or self.next_batch >= closes

    def next_of(self, chat: Chat, wishes: Sequence[Subscription], planned: Collection[int] = ()) -> NextDelivery:
        """When a chat hears next: what comes first of its active subscriptions. `planned`: ids, see `coming`."""
        active = [
            self.next_delivery(wish, chat, planned=wish.id in planned)
            for wish in wishes
            if wish.state is SubscriptionState.ACTIVE
        ]
        at_once = next((one for one in active if one.at is None and one.latest is not None), None)
        foreseen = min((one for one in active if one.at is not None), key=_moment, default=_NOTHING)
        return at_once or foreseen


def zone_of(wish: Subscription, chat: Chat) -> tzinfo:
    """By whose clock a subscription is due."""
    return zones.zone(wish.zone or chat.settings.timezone)


@lru_cache(maxsize=4096)
def next_moment(cadence: Cadence, zone: tzinfo, now: datetime) -> datetime | None:
    """The next regular moment of a cadence. Many chats share a cadence, a zone and the moment at which they are planned."""
    return cadences.next_due(cadence, zone, now)


def _moment(coming: NextDelivery) -> datetime:
    assert coming.at is not None  # noqa: S101 - those without are no moments
    return coming.at
