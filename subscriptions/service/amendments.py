"""Changes the query, name or time of subscriptions and the settings of a chat.

A changed subscription keeps its number and its cursor.
"""

from collections.abc import Mapping
from datetime import datetime

from subscriptions import chat_settings, errors, portable
from subscriptions.model import Cadence, Chat, ChatAddress, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning import forecast
from subscriptions.planning.times import When, read_when
from subscriptions.service import changes, listing
from subscriptions.service.paper_search import with_vectors_for
from subscriptions.service.requests import Subscribed, echo_of
from subscriptions.store import chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, writes


@writes
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
    """Changes the query of a subscription, and its time if `when` is given. Deliveries that are planned do not change.

    The outcome is "edited", or "known" if nothing changed. Raises NotFound, QueryError, and Refused if another subscription of the chat has the same query.
    """
    query = portable.kept_query(text)
    chat, subscriptions = listing.get_subscribed(transaction, address)
    subscription = listing.with_number(subscriptions, number)
    query = with_vectors_for(transaction, query, chat.id)
    same = next((s for s in subscriptions if s.canonical == query.canonical and s.id != subscription.id), None)
    if same is not None:
        raise errors.Refused(
            errors.Sentence("Subscription {number} asks for that already.", {"number": same.number}),
            errors.Sentence("Remove one of them: /unsub {number}", {"number": subscription.number}),
        )
    read = _read_when(when, subscription.cadence, chat) if when else When(subscription.cadence)
    after = subscription._replace(text=query.text, canonical=query.canonical)
    after = forecast.with_time(after, chat, read.cadence, read.zone or subscription.zone, now)
    changes.change_subscriptions(transaction, [subscription], [after], now=now, who=who)
    outcome = "edited" if after != subscription else "known"
    return echo_of(transaction, chat, after, query=query, outcome=outcome, now=now)


@writes
def rename(
    transaction: Transaction, address: ChatAddress, number: int, name: str, *, now: datetime, who: str = ""
) -> Subscription:
    """Gives a subscription a name; "" removes its name. Raises NotFound, Refused."""
    plain = portable.checked_name(name)
    chat = listing.get_chat(transaction, address)
    subscription = listing.numbered(transaction, chat, number)
    after = subscription._replace(name=plain)
    return changes.change_subscriptions(transaction, [subscription], [after], now=now, who=who)[0]


@writes
def reschedule(
    transaction: Transaction, address: ChatAddress, number: int | None, when: str, *, now: datetime, who: str = ""
) -> tuple[Subscription, ...]:
    """Changes the time of a subscription. If `number` is None, changes it for all present and future subscriptions.

    Returns the changed subscriptions. Raises NotFound, Refused.
    """
    chat, subscriptions = listing.get_subscribed(transaction, address)
    chosen = listing.chosen(subscriptions, number)
    read = _read_when(when, None, chat)
    if number is None:
        stored = chat_settings.check_value("schedule", str(read), kind=chat.kind)
        if chat.chosen.get("schedule") != stored:
            changes.record_change(transaction, chat.id, now=now, who=who)
            chats.choose_setting(transaction, chat.id, "schedule", stored)

    after = tuple(forecast.with_time(one, chat, read.cadence, read.zone or one.zone, now) for one in chosen)
    return changes.change_subscriptions(transaction, chosen, after, now=now, who=who)


@writes
def set_settings(
    transaction: Transaction, address: ChatAddress, values: Mapping[str, str], *, now: datetime, who: str = ""
) -> Chat:
    """Sets several of a chat's SETTINGS as one change. Raises NotFound, Refused. After an error, none is set."""
    chat = listing.get_chat(transaction, address)
    names = {chat_settings.setting_name(name): value for name, value in values.items()}
    stored = {
        name: chat_settings.check_value(name, value, kind=chat.kind, public=chat.public)
        for name, value in names.items()
    }
    if any(value != chat.settings.value(name) for name, value in stored.items()):
        changes.record_change(transaction, chat.id, now=now, who=who)
    for name, value in stored.items():
        chats.choose_setting(transaction, chat.id, name, value)
    return apply_new_clock(transaction, chat, now)


@writes
def follow_zone(transaction: Transaction, chat: Chat, zone: str, *, now: datetime) -> None:
    """Stores the zone of a person's client. This cannot be undone."""
    chats.choose_setting(transaction, chat.id, "timezone", zone)
    apply_new_clock(transaction, chat, now)


def apply_new_clock(transaction: Transaction, before: Chat, now: datetime) -> Chat:
    """Adjusts due moments after the zone or the quiet hours of a chat changed. Returns the chat with its new settings."""
    after = chats.chats_by_id(transaction, [before.id])[before.id]
    clocks = [(chat.settings.timezone, chat.settings.quiet) for chat in (before, after)]
    if clocks[0] == clocks[1]:
        return after
    for one in stored_subscriptions.subscriptions_in(transaction, before.id):
        stored_subscriptions.change_subscription(transaction, one, forecast.by_new_clock(one, before, after, now))
    return after


def _read_when(when: str, own: Cadence | None, chat: Chat) -> When:
    """Reads a typed time. A when-out without hours gets the hours of `own`, or else of the chat's schedule."""
    of_chat = cadences.parse_cadence(chat.settings.schedule)
    return read_when(when, own if own and own.kind == "when-out" else of_chat)
