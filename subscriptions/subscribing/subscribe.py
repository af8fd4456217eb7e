"""Subscribes chats, changes their subscriptions and settings, and unsubscribes them.

A changed subscription keeps its number and its cursor. From when on a new one wants papers: docs/architecture.md, rule
3.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from subscriptions.chats import known as known_chats
from subscriptions.chats import settings as chat_settings
from subscriptions.chats.addresses import facts_of
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database import bot_state
from subscriptions.database.store import Transaction
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Cadence, Chat, ChatAddress, ChatKind, StoredPaper, Subscription
from subscriptions.outbox.stored import deliveries as stored_deliveries
from subscriptions.papers.search import find, with_vectors_for
from subscriptions.papers.stored import papers as known_papers
from subscriptions.papers.stored.words import Among
from subscriptions.plan.plan import evidence_by
from subscriptions.plan.previews import Base, recent
from subscriptions.query.tree import Query
from subscriptions.schedule import due_moments, zones
from subscriptions.schedule.times import When, excluding, read_when, split_exclusion
from subscriptions.sources import stored as stored_sources
from subscriptions.sources.forecast import NextDelivery
from subscriptions.subscribing import export_format as portable
from subscriptions.subscribing import undo as changes

EXAMPLES = 3
_AMONG = 10  # newest papers of which the examples are the best
MOST_PER_CHAT = 200


class Subscribed(NamedTuple):
    """The result of adding or changing a subscription, for its confirmation."""

    chat: Chat
    subscription: Subscription
    query: Query
    outcome: str  # "added", "rescheduled", "edited", or "known" (nothing changed)
    next_delivery: NextDelivery  # the forecast of its first delivery
    found: int = 0  # number of papers in `base` that the query matches
    base: Base = Base()  # the papers that were searched
    seen: frozenset[int] = frozenset()  # ids of found papers that the person has just seen
    examples: tuple[StoredPaper, ...] = ()  # some of the found papers, the best first


def subscribe(
    transaction: Transaction,
    address: ChatAddress,
    text: str,
    *,
    now: datetime,
    when: str | None = None,
    name: str | None = None,
    title: str = "",
    kind: ChatKind | None = None,
    who: str = "",
    seen: frozenset[int] = frozenset(),
) -> Subscribed:
    """Add a subscription, and the chat if it is new. If the chat has the query, changes its time and name instead.

    `when` is the time with its zone as a person typed it, None if none was given; so is `name`. `seen` has the ids of
    papers that the person has just seen; those that match count as delivered. `who` is "ID NAME" of the person, which
    `undo` shows. Raise QueryError, Refused.
    """
    typed, excluded = split_exclusion(when or "")
    if excluded:
        text, when = excluding(text, excluded), typed
    query, plain = portable.kept_query(text), None if name is None else portable.checked_name(name)
    chat = stored_chats.find_chat(transaction, address)
    if chat is None:
        chat = stored_chats.add_chat(transaction, address, kind, now=now, title=title)
    elif chat.pause_reason:
        stored_chats.mark_reachable(transaction, chat.id, now=now)
    query = with_vectors_for(transaction, query, chat.id)
    known = known_chats.with_query(transaction, chat, query.canonical)
    read = _when_of(when, known.cadence if known else None, chat)
    if read.zone and not (chat.subscriptions_ever_made or "timezone" in chat.chosen):  # it is the zone of a new chat
        changes.begin_change(transaction, chat.id, now=now, who=who)
        stored_chats.choose_setting(transaction, chat.id, "timezone", read.zone)
        chat, read = known_chats.get_chat(transaction, address), When(read.cadence)
    if known is not None and not read.zone:
        read = When(read.cadence, known.zone or "")
    placed = place(transaction, chat, known, query, read, name=plain, now=now, who=who)
    if known is not None:
        is_timed = (known.cadence, known.zone) != (placed.cadence, placed.zone)
        outcome = "rescheduled" if is_timed else "known"
        return _confirmed(transaction, chat, placed, query, outcome, now=now)
    done = _echo(transaction, chat, placed, query, "added", now=now, seen=seen)
    stored_deliveries.count_as_delivered(transaction, chat.id, done.seen)
    return done


def place(
    transaction: Transaction,
    chat: Chat,
    known: Subscription | None,
    query: Query | portable.KeptText,
    when: When,
    *,
    name: str | None,
    now: datetime,
    who: str,
    looks_back: bool = True,
) -> Subscription:
    """Add a subscription to a chat; if one with this query is `known`, gives it this time, zone and name.

    Without a zone, that of the chat counts; `name`: None leaves it. A new one that does not look back wants only papers
    that come from now on. Raise Refused if the chat has too many.
    """
    cadence, zone = when.cadence, when.zone or None
    if known is not None:
        after = due_moments.with_time(known, chat, cadence, zone, now)
        after = after if name is None else after._replace(name=name)
        return changes.change_subscriptions(transaction, [known], [after], now=now, who=who)[0]
    if len(stored_subscriptions.subscriptions_in(transaction, chat.id)) >= MOST_PER_CHAT:
        raise Refused(
            Sentence("A chat can have {most} subscriptions.", {"most": MOST_PER_CHAT}),
            Sentence("Remove one first."),
        )
    changes.begin_change(transaction, chat.id, now=now, who=who)
    at_once = cadence.kind == "now" and facts_of(chat.address.platform).notifies
    since = now if at_once or not looks_back else now - cadence.looks_back
    before = known_papers.sequence_before(transaction, since) if looks_back else bot_state.last_sequence(transaction)
    due, latest_due = due_moments.first_span(cadence, zones.zone(zone or chat.settings.timezone), now)
    new = Subscription(
        id=0,
        number=0,
        chat_id=chat.id,
        text=query.text,
        canonical=query.canonical,
        cadence=cadence,
        zone=zone,
        since=since,
        cursor=before,
        next_due_at=due,
        latest_due_at=latest_due,
        name=name or "",
    )
    return stored_subscriptions.add_subscription(transaction, new)


def _when_of(when: str | None, own: Cadence | None, chat: Chat) -> When:
    """Return a typed time. Without one, a known subscription keeps its `own`, and a new one gets that of the chat.

    A when-out without hours gets the hours of `own`, or else of the chat's schedule.
    """
    of_chat = read_when(chat.settings.schedule).cadence
    if when is None:
        return When(own or of_chat)
    return read_when(when, own if own and own.kind == "when-out" else of_chat)


def edit(
    transaction: Transaction,
    address: ChatAddress,
    number: int,
    text: str,
    *,
    now: datetime,
    when: str | None = None,
    who: str = "",
) -> Subscribed:
    """Change the query of a subscription, and its time if `when` is given. Deliveries that are planned do not change.

    The outcome is "edited", or "known" if nothing changed. Raise NotFound, QueryError, and Refused if another
    subscription of the chat has the same query.
    """
    query = portable.kept_query(text)
    chat, subscriptions = known_chats.get_subscribed(transaction, address)
    subscription = known_chats.with_number(subscriptions, number)
    query = with_vectors_for(transaction, query, chat.id)
    same = next((s for s in subscriptions if s.canonical == query.canonical and s.id != subscription.id), None)
    if same is not None:
        raise Refused(
            Sentence("Subscription {number} asks for that already.", {"number": same.number}),
            Sentence("Remove one of them: /unsub {number}", {"number": subscription.number}),
        )
    read = _when_of(when or None, subscription.cadence, chat)
    after = subscription._replace(text=query.text, canonical=query.canonical)
    after = due_moments.with_time(after, chat, read.cadence, read.zone or subscription.zone, now)
    changes.change_subscriptions(transaction, [subscription], [after], now=now, who=who)
    outcome = "edited" if after != subscription else "known"
    return _echo(transaction, chat, after, query, outcome, now=now)


def rename(
    transaction: Transaction, address: ChatAddress, number: int, name: str, *, now: datetime, who: str = ""
) -> Subscription:
    """Give a subscription a name; "" removes its name. Raise NotFound, Refused."""
    plain = portable.checked_name(name)
    _, subscriptions = known_chats.get_subscribed(transaction, address)
    subscription = known_chats.with_number(subscriptions, number)
    after = subscription._replace(name=plain)
    return changes.change_subscriptions(transaction, [subscription], [after], now=now, who=who)[0]


def reschedule(
    transaction: Transaction, address: ChatAddress, number: int | None, when: str, *, now: datetime, who: str = ""
) -> tuple[Subscription, ...]:
    """Change the time of a subscription. If `number` is None, changes it for all present and future subscriptions.

    Return the changed subscriptions. Raise NotFound, Refused.
    """
    chat, subscriptions = known_chats.get_subscribed(transaction, address)
    chosen = known_chats.chosen(subscriptions, number)
    read = _when_of(when, None, chat)
    if number is None:
        stored = chat_settings.check_value("schedule", str(read), kind=chat.kind)
        if chat.chosen.get("schedule") != stored:
            changes.record_change(transaction, chat.id, now=now, who=who)
            stored_chats.choose_setting(transaction, chat.id, "schedule", stored)
    after = tuple(due_moments.with_time(one, chat, read.cadence, read.zone or one.zone, now) for one in chosen)
    return changes.change_subscriptions(transaction, chosen, after, now=now, who=who)


def unsubscribe_several(
    transaction: Transaction, address: ChatAddress, numbers: Collection[int], *, now: datetime, who: str = ""
) -> tuple[Subscription, ...]:
    """Remove the subscriptions with these numbers, as one change. Planned deliveries are still sent.

    Return the removed subscriptions. Raise NotFound.
    """
    chat, subscriptions = known_chats.get_subscribed(transaction, address)
    gone = tuple(one for one in subscriptions if one.number in numbers)
    if gone:
        changes.begin_change(transaction, chat.id, now=now, who=who)
    stored_subscriptions.remove_subscriptions(transaction, [one.id for one in gone])
    return gone


def set_settings(
    transaction: Transaction, address: ChatAddress, values: Mapping[str, str], *, now: datetime, who: str = ""
) -> Chat:
    """Set several of a chat's SETTINGS as one change. Raise NotFound, Refused. After an error, none is set."""
    chat = known_chats.get_chat(transaction, address)
    names = {chat_settings.setting_name(name): value for name, value in values.items()}
    stored = {
        name: chat_settings.check_value(name, value, kind=chat.kind, public=chat.public)
        for name, value in names.items()
    }
    if any(value != chat.settings.value(name) for name, value in stored.items()):
        changes.record_change(transaction, chat.id, now=now, who=who)
    for name, value in stored.items():
        stored_chats.choose_setting(transaction, chat.id, name, value)
    return changes.apply_new_clock(transaction, chat, now)


def follow_zone(transaction: Transaction, chat: Chat, zone: str, *, now: datetime) -> None:
    """Store the zone of a person's client. This cannot be undone."""
    stored_chats.choose_setting(transaction, chat.id, "timezone", zone)
    changes.apply_new_clock(transaction, chat, now)


def _echo(
    transaction: Transaction,
    chat: Chat,
    subscription: Subscription,
    query: Query,
    outcome: str,
    *,
    now: datetime,
    seen: frozenset[int] = frozenset(),
) -> Subscribed:
    """Return the confirmation of a subscription, with the papers of the last days that its query matches.

    `seen` has the ids of papers that the person has just seen.
    """
    found = recent(transaction, now).find(transaction, query, chat)
    newest, evidence = found.newest(transaction, _AMONG), evidence_by({query.canonical: query})
    last_sequence = bot_state.last_sequence(transaction)

    def fits(after: int) -> bool:
        return bool(find(transaction, query, Among(after=after, last_sequence=last_sequence)).papers)

    done = _confirmed(transaction, chat, subscription, query, outcome, now=now, fits=fits)
    return done._replace(
        found=len(found.papers),
        base=found.base,
        seen=seen.intersection(found.papers),
        examples=tuple(sorted(newest, key=lambda known: -evidence(query.canonical, known).fit)[:EXAMPLES]),
    )


def _confirmed(
    transaction: Transaction,
    chat: Chat,
    subscription: Subscription,
    query: Query,
    outcome: str,
    *,
    now: datetime,
    fits: Callable[[int], bool] | None = None,
) -> Subscribed:
    """Return the confirmation of a subscription, without papers. `fits`: see `Forecast.next_delivery`."""
    transaction.confirmed_chats.add(chat.id)
    next_delivery = stored_sources.forecast(transaction, now=now).next_delivery(subscription, chat, fits=fits)
    return Subscribed(chat, subscription, query, outcome, next_delivery)
