"""The subscriptions of a chat, how people name one of them, and when they are due next."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache

from subscriptions import zones
from subscriptions.addresses import facts_of
from subscriptions.errors import NotFound, Sentence
from subscriptions.model import Cadence, Chat, ChatAddress, ChatKind, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning import pauses
from subscriptions.query.parse import asked_beside
from subscriptions.states import SubscriptionState
from subscriptions.store import chats, known_papers, sources
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, reads

Move = tuple[int, int, stored_subscriptions.DueSpan]  # (id of a subscription, its new cursor, its new due span)


def quiet_until(chat: Chat, moment: datetime) -> datetime | None:
    """Returns the end of the chat's quiet hours, if `moment` is in them; otherwise None."""
    return cadences.quiet_until(chat.settings.quiet, zones.zone(chat.settings.timezone), moment)


def put_off_by_quiet_hours(chat: Chat, due: Sequence[Subscription], now: datetime) -> list[Move]:
    """Returns moves that postpone due `now` subscriptions to the end of the quiet hours.

    A subscription whose papers a person requested (`hurry`) is not postponed.
    """
    at_once = [subscription for subscription in due if subscription.cadence.kind == "now" and not subscription.hurry]
    until = quiet_until(chat, now) if at_once else None
    if until is None:
        return []
    return [(subscription.id, subscription.cursor, (until, None)) for subscription in at_once]


def apply_new_clock(transaction: Transaction, before: Chat, now: datetime) -> Chat:
    """Adjusts due moments after the zone or the quiet hours of a chat changed. Returns the chat as it is now."""
    after = chats.chats_by_id(transaction, [before.id])[before.id]
    clocks = [(chat.settings.timezone, chat.settings.quiet) for chat in (before, after)]
    if clocks[0] == clocks[1]:
        return after
    for one in stored_subscriptions.subscriptions_of(transaction, [before.id])[before.id]:
        stored_subscriptions.change_subscription(transaction, one, by_new_clock(one, before, after, now))
    return after


def by_new_clock(subscription: Subscription, before: Chat, after: Chat, now: datetime) -> Subscription:
    """Returns the subscription with its due moment after a change of its chat's zone or quiet hours.

    A subscription that uses the chat's zone is due at the same local time in the new zone; if it is overdue, it stays
    overdue. If the old quiet hours postponed it, it is due at the end of the new quiet hours, or at once if it is not
    quiet now.
    """
    due = subscription.next_due_at
    if after.settings.timezone != before.settings.timezone and not subscription.zone and due is not None and due > now:
        subscription = with_due(subscription, first_span(subscription.cadence, zone_of(subscription, after), now))
    until = quiet_until(before, now)
    if until is not None and subscription.cadence.kind == "now" and subscription.next_due_at == until:
        subscription = with_due(subscription, (quiet_until(after, now), None))
    return subscription


def with_due(subscription: Subscription, due: stored_subscriptions.DueSpan) -> Subscription:
    """Returns the subscription with another due span. If both moments are given, quiet hours do not delay it."""
    return subscription._replace(next_due_at=due[0], latest_due_at=due[1])


def with_time(
    subscription: Subscription, chat: Chat, schedule: Cadence, zone: str | None, now: datetime
) -> Subscription:
    """Returns the subscription with a schedule and a zone; None means the chat's zone.

    If that changes its time, it is due at the next moment of the new time.
    """
    if (subscription.cadence, subscription.zone) == (schedule, zone):
        return subscription
    after = subscription._replace(cadence=schedule, zone=zone)
    return with_due(after, first_span(schedule, zone_of(after, chat), now))


def reopened_window(subscription: Subscription, chat: Chat, now: datetime) -> stored_subscriptions.DueSpan | None:
    """Returns the due span of the when-out window that is open at `now`, if the stored span is of an earlier window.

    That happens if no planner ran in the earlier window. Otherwise returns None.
    """
    if subscription.cadence.kind != "when-out" or subscription.next_due_at is None:
        return None
    zone = zone_of(subscription, chat)
    opened = cadences.first_due(subscription.cadence, zone, now)
    if opened is None or not subscription.next_due_at < opened <= now:
        return None
    return due_span(subscription.cadence, zone, opened)


def moved_near(transaction: Transaction, chat_ids: Sequence[int], now: datetime) -> list[Move]:
    """Returns moves of the subscriptions of these chats that are due too late, to their correct moments.

    Such due moments were stored while the clock was wrong.
    """
    of_chats = stored_subscriptions.subscriptions_of(transaction, chat_ids)
    moves: list[Move] = []
    for chat in chats.chats_by_id(transaction, chat_ids).values():
        for one in of_chats[chat.id]:
            zone = zone_of(one, chat)
            if one.next_due_at is None or not cadences.is_too_far(one.cadence, zone, one.next_due_at, now):
                continue
            if one.cadence.kind == "now":
                moves.append((one.id, one.cursor, (quiet_until(chat, now), None)))
            else:
                moves.append((one.id, one.cursor, first_span(one.cadence, zone, now)))
    return moves


def due_span(cadence: Cadence, zone: tzinfo, moment: datetime | None) -> stored_subscriptions.DueSpan:
    """Returns (due moment, latest due moment). The latest is the end of the window for when-out, otherwise the same."""
    if moment is None or cadence.kind != "when-out":
        return moment, moment
    return moment, cadences.closes(cadence, zone, moment)


def first_span(cadence: Cadence, zone: tzinfo, now: datetime) -> stored_subscriptions.DueSpan:
    """Returns the due span of a subscription that begins or resumes at `now`."""
    return due_span(cadence, zone, cadences.first_due(cadence, zone, now))


# ------------------------------ when a subscription or a chat gets its next delivery, from the forecast of the sources


_NOTHING = pauses.NextDelivery()
_Case = tuple[Cadence, tzinfo, datetime | None, bool, str, str]


@dataclass(frozen=True, slots=True)
class DeliveryForecast:
    """The forecast of deliveries at one moment.

    Many chats have the same cadence, zone and quiet hours: each combination is computed once.
    """

    forecast: pauses.Forecast
    last_sequence: int
    next_batch: datetime | None  # when a source is due next
    next_deliveries: dict[_Case, pauses.NextDelivery] = field(default_factory=dict)

    @classmethod
    def of(cls, transaction: Transaction, now: datetime) -> "DeliveryForecast":
        """Returns the forecast at `now`."""
        forecast = sources.forecast(transaction, now=now)
        last_sequence = known_papers.last_sequence(transaction)
        return cls(forecast=forecast, last_sequence=last_sequence, next_batch=forecast.next_due())

    def next_delivery(
        self,
        subscription: Subscription,
        chat: Chat,
        *,
        planned: bool = False,
        fits: Callable[[int], bool] | None = None,
    ) -> pauses.NextDelivery:
        """Returns when a subscription delivers next; with `planned`, when it delivers after a delivery of this moment.

        `fits` tells whether its query matches a paper above a sequence; None: unknown, so every new paper counts.
        """
        zone = zone_of(subscription, chat)
        regular = next_moment(subscription.cadence, zone, self.forecast.at) if planned else subscription.next_due_at
        news = not planned and self._has_news(subscription, chat, fits)
        case = (subscription.cadence, zone, regular, news, chat.settings.quiet, chat.settings.timezone)
        if case not in self.next_deliveries:
            clock = zones.zone(chat.settings.timezone)
            self.next_deliveries[case] = pauses.forecast_delivery(
                subscription.cadence, zone, regular, self.forecast, news=news, quiet=chat.settings.quiet, clock=clock
            )
        return self.next_deliveries[case]

    def _has_news(self, subscription: Subscription, chat: Chat, fits: Callable[[int], bool] | None) -> bool:
        """Whether papers came that cause a delivery. The chat's first delivery may also say that no paper matches."""
        cursor = subscription.cursor
        if cursor >= self.last_sequence or fits is None:
            return cursor < self.last_sequence
        return fits(cursor) or (not chat.first_delivery_planned and self.is_last_word(subscription, chat))

    def is_last_word(self, subscription: Subscription, chat: Chat) -> bool:
        """Whether the delivery of a due subscription does not have to wait for more papers.

        A when-out waits for sources that are due before the end of its window.
        """
        if subscription.cadence.kind != "when-out" or subscription.next_due_at is None:
            return True
        closes = cadences.closes(subscription.cadence, zone_of(subscription, chat), subscription.next_due_at)
        return self.forecast.at >= closes or self.next_batch is None or self.next_batch >= closes

    def next_of(
        self, chat: Chat, subscriptions: Sequence[Subscription], planned: Collection[int] = ()
    ) -> pauses.NextDelivery:
        """Returns the next delivery to a chat: the first delivery of its active subscriptions.

        `planned` has ids of subscriptions, see `next_delivery`.
        """
        active = [
            self.next_delivery(subscription, chat, planned=subscription.id in planned)
            for subscription in subscriptions
            if subscription.state is SubscriptionState.ACTIVE
        ]
        at_once = next((one for one in active if one.at is None and one.latest is not None), None)
        first = min((one.at for one in active if one.at is not None), default=None)
        return at_once or next((one for one in active if one.at == first), _NOTHING)


def zone_of(subscription: Subscription, chat: Chat) -> tzinfo:
    """Returns the zone of a subscription's times: its own, or, without one, the chat's."""
    return zones.zone(subscription.zone or chat.settings.timezone)


@lru_cache(maxsize=4096)
def next_moment(cadence: Cadence, zone: tzinfo, now: datetime) -> datetime | None:
    """Returns the next regular moment of a cadence.

    Cached: many chats have the same cadence, zone and moment of planning.
    """
    return cadences.next_due(cadence, zone, now)


# ----------------------------------------------------------------------------------------- finds a chat by its address


_MOST_DIGITS = 9  # of a subscription's number; Python refuses to convert thousands of digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A subscription with its chat, as lists show it."""

    chat: Chat
    subscription: Subscription

    @property
    def zone(self) -> str:
        """The subscription's own zone, or, without one, the chat's."""
        return self.subscription.zone or self.chat.settings.timezone


@reads
def get_chat(transaction: Transaction, address: ChatAddress) -> Chat:
    """Returns the chat at this address, or the chat that moved from there. Raises NotFound."""
    chat = chats.find_chat(transaction, address)
    if chat is None:
        raise NotFound(
            Sentence("There is no such chat: {chat}.", {"chat": str(address)}),
            Sentence(
                "A chat comes into being with its first subscription: paperwire subscribe QUERY --as {chat}",
                {"chat": str(address)},
            ),
        )
    return chat


def get_subscribed(transaction: Transaction, address: ChatAddress) -> tuple[Chat, tuple[Subscription, ...]]:
    """Returns the chat at this address and its subscriptions. Raises NotFound."""
    chat = get_chat(transaction, address)
    return chat, stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]


def kind_of(address: ChatAddress) -> ChatKind:
    """Returns the kind of a chat as its address suggests; the platform may know better."""
    return facts_of(address.platform).kind_of(address)


@reads
def listed(transaction: Transaction, address: ChatAddress | None) -> tuple[Listed, ...]:
    """Returns the subscriptions of one chat; with None, of all chats. Raises NotFound."""
    pages = chats.all_chats(transaction) if address is None else [(get_chat(transaction, address),)]
    return tuple(one for chats in pages for one in _listed(transaction, chats))


def _listed(transaction: Transaction, chats: Sequence[Chat]) -> Iterator[Listed]:
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in chats])
    for chat in chats:
        for one in subscriptions[chat.id]:
            yield Listed(chat=chat, subscription=one)


def numbered(transaction: Transaction, chat: Chat, number: int) -> Subscription:
    """Returns the subscription of a chat with this number. Raises NotFound."""
    return which_one(stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id], str(number))


def chosen(subscriptions: tuple[Subscription, ...], number: int | None) -> tuple[Subscription, ...]:
    """Returns the subscription with this number; with None, all of them. Raises NotFound."""
    return subscriptions if number is None else (which_one(subscriptions, str(number)),)


def typed_number(text: str) -> int | None:
    """Returns the number in a text such as "3" or "#3"; None for any other text or too many digits."""
    digits = text.strip().lstrip("#")
    return int(digits) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else None


def which_one(subscriptions: Sequence[Subscription], which: str) -> Subscription:
    """Returns the subscription with this number or query. Raises NotFound, QueryError.

    If no subscription has the number, it is read as a query.
    """
    number = typed_number(which)
    for subscription in subscriptions:
        if subscription.number == number:
            return subscription
    canonical = asked_beside(which, [one.canonical for one in subscriptions]).canonical
    for subscription in subscriptions:
        if subscription.canonical == canonical:
            return subscription
    raise NotFound(
        Sentence("This chat has no subscription {which}.", {"which": which.strip()}),
        Sentence("paperwire subscriptions lists them."),
    )
