"""Adds subscriptions to a chat and removes them: how many it may have, from when on a new one wants papers, how many examples."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from subscriptions import errors, portable, zones
from subscriptions.addresses import facts_of
from subscriptions.model import Cadence, Chat, ChatAddress, ChatKind, KnownPaper, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning import forecast
from subscriptions.planning.forecast import with_time
from subscriptions.planning.next_deliveries import NextDelivery
from subscriptions.planning.times import When, excluding, read_when, split_exclusion
from subscriptions.query.tree import Query
from subscriptions.service import changes, listing
from subscriptions.service.paper_search import find, with_vectors_for
from subscriptions.service.recent_matches import Base, recent
from subscriptions.store import chats as stored_chats
from subscriptions.store import known_papers, paper_sequence, planned_deliveries, sources
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, writes
from subscriptions.store.paper_words import Among

EXAMPLES = 3
MOST_PER_CHAT = 200
TOO_MANY = (
    errors.Sentence("A chat can have {most} subscriptions.", {"most": MOST_PER_CHAT}),
    errors.Sentence("Remove one first."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRequest:
    """A subscription to add, as a person typed it. Values that the person did not give are None."""

    text: str
    when: str | None = None  # the time, as typed after a query
    tz: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """The result of adding or changing a subscription, for its confirmation."""

    chat: Chat
    subscription: Subscription
    query: Query
    outcome: str  # "added", "rescheduled", "edited", or "known" (nothing changed)
    starts: datetime  # papers that came at this moment or later are delivered
    found: int = 0  # number of papers in `base` that the query matches
    base: Base = field(default_factory=Base)  # the papers that were searched
    seen: frozenset[int] = frozenset()  # ids of found papers that the person has just seen
    examples: tuple[KnownPaper, ...] = ()  # some of the found papers
    next_delivery: NextDelivery  # the forecast of its first delivery


@writes
def subscribe(
    transaction: Transaction,
    address: ChatAddress,
    request: SubscriptionRequest,
    *,
    now: datetime,
    title: str = "",
    kind: ChatKind | None = None,
    who: str = "",
    seen: frozenset[int] = frozenset(),
) -> Subscribed:
    """Adds a subscription, and the chat if it is new. If the chat has the query, changes its time and name instead.

    `seen` has the ids of papers that the person has just seen; those that match count as delivered. `who` is "ID NAME"
    of the person: `undo` shows the name, and the subscription is paused if the person leaves the chat. Raises
    QueryError, Refused.
    """
    when, excluded = split_exclusion(request.when or "")
    if excluded:
        request = replace(request, text=excluding(request.text, excluded), when=when)
    query = portable.kept_query(request.text)
    if request.name is not None:
        request = replace(request, name=portable.checked_name(request.name))
    chat = stored_chats.find_chat(transaction, address)
    own_zone = zones.zone_name(request.tz) if request.tz else None
    is_new = chat is None
    if chat is None:
        chat = stored_chats.add_chat(transaction, address, kind, now=now, title=title)
    elif chat.pause_reason and stored_chats.mark_reachable(transaction, chat.id, now=now):
        changes.note_changed_state(transaction, chat.id)
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    query = with_vectors_for(transaction, query, chat.id)
    known = next((s for s in subscriptions if s.canonical == query.canonical), None)
    named = _when(request, cadences.parse_cadence(chat.settings.schedule), known)
    named = When(named.cadence, _one_zone(own_zone, named.zone) or "")
    if is_new and named.zone:  # the zone of the request becomes the zone of the new chat
        stored_chats.choose_setting(transaction, chat.id, "timezone", named.zone)
        chat, named = listing.get_chat(transaction, address), When(named.cadence)
    if known is not None:
        timed = with_time(known, chat, named.cadence, named.zone or known.zone, now)
        fresh = timed if request.name is None else timed._replace(name=request.name)
        changes.change_subscriptions(transaction, [known], [fresh], now=now, who=who)
        outcome = "known" if timed is known else "rescheduled"
        return _confirmed(transaction, chat, fresh, query=query, outcome=outcome, now=now)
    if len(subscriptions) >= MOST_PER_CHAT:
        raise errors.Refused(*TOO_MANY)
    changes.begin_change(transaction, chat.id, now=now, who=who)
    added = _add(transaction, chat, request, query, named, now=now)
    done = echo_of(transaction, chat, added, query=query, outcome="added", now=now, seen=seen)
    planned_deliveries.count_as_delivered(transaction, chat.id, done.seen)
    return done


def _one_zone(named: str | None, with_time: str | None) -> str | None:
    """Returns the zone from its option or from the typed time; None if none is given. Raises Refused if they differ."""
    if named and with_time and named != with_time:
        raise errors.Refused(
            errors.Sentence("Two zones are named: {one} and {other}.", {"one": with_time, "other": named}),
            errors.Sentence("Name one of them."),
        )
    return named or with_time or None


def echo_of(
    transaction: Transaction,
    chat: Chat,
    subscription: Subscription,
    *,
    query: Query,
    outcome: str,
    now: datetime,
    seen: frozenset[int] = frozenset(),
) -> Subscribed:
    """Returns the confirmation of a subscription, with the papers of the last days that its query matches.

    `seen` has the ids of papers that the person has just seen.
    """
    found = recent(transaction, now).find(transaction, query, chat)
    last_sequence = paper_sequence.last_sequence(transaction)

    def fits(after: int) -> bool:
        return bool(find(transaction, query, Among(after=after, last_sequence=last_sequence)).papers)

    return replace(
        _confirmed(transaction, chat, subscription, query=query, outcome=outcome, now=now, fits=fits),
        found=len(found.papers),
        base=found.base,
        seen=seen.intersection(found.papers),
        examples=found.newest(transaction, EXAMPLES),
    )


def _add(
    transaction: Transaction,
    chat: Chat,
    request: SubscriptionRequest,
    query: Query,
    when: When,
    *,
    now: datetime,
) -> Subscription:
    zone = zones.zone(when.zone or chat.settings.timezone)
    since = _since(when.cadence, chat, now)
    due, latest_due = forecast.first_span(when.cadence, zone, now)
    new = Subscription(
        id=0,
        number=0,
        chat_id=chat.id,
        text=query.text,
        canonical=query.canonical,
        cadence=when.cadence,
        zone=when.zone or None,
        since=since,
        cursor=known_papers.sequence_before(transaction, since),
        next_due_at=due,
        latest_due_at=latest_due,
        name=request.name or "",
    )
    return stored_subscriptions.add_subscription(transaction, new)


@writes
def unsubscribe_several(
    transaction: Transaction, address: ChatAddress, numbers: Collection[int], *, now: datetime, who: str = ""
) -> tuple[Subscription, ...]:
    """Removes the subscriptions with these numbers, as one change. Planned deliveries are still sent.

    Returns the removed subscriptions. Raises NotFound.
    """
    chat, subscriptions = listing.get_subscribed(transaction, address)
    gone = tuple(s for s in subscriptions if s.number in numbers)
    if gone:
        changes.begin_change(transaction, chat.id, now=now, who=who)
    stored_subscriptions.remove_subscriptions(transaction, [s.id for s in gone])
    return gone


def _confirmed(
    transaction: Transaction,
    chat: Chat,
    subscription: Subscription,
    *,
    query: Query,
    outcome: str,
    now: datetime,
    fits: Callable[[int], bool] | None = None,
) -> Subscribed:
    """Returns the confirmation of a subscription, without papers. `fits`: see `Forecast.next_delivery`."""
    transaction.confirmed_chats.add(chat.id)
    foreseen = sources.forecast(transaction, now=now)
    return Subscribed(
        chat=chat,
        next_delivery=foreseen.next_delivery(subscription, chat, fits=fits),
        subscription=subscription,
        query=query,
        outcome=outcome,
        starts=subscription.since,
    )


def _when(request: SubscriptionRequest, chat_schedule: Cadence, known: Subscription | None) -> When:
    """Returns the schedule of a request. If the request gives none, a known subscription keeps its schedule."""
    if request.when is not None:
        return read_when(request.when, chat_schedule)
    return When(chat_schedule if known is None else known.cadence)


def _since(schedule: Cadence, chat: Chat, now: datetime) -> datetime:
    """Returns the moment from which a new subscription wants papers (docs/architecture.md, rule 3)."""
    if schedule.kind == "now" and facts_of(chat.address.platform).notifies:
        return now
    return now - schedule.looks_back
