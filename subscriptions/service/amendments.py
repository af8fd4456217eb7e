"""Changes query, name or time of a subscription, and settings of a chat. Number and cursor of a subscription stay."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from subscriptions import zones
from subscriptions.chat_settings import check_value, setting_name
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Cadence, Chat, ChatAddress, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning.times import When, read_when
from subscriptions.portable import checked_name, kept_query
from subscriptions.service import next_deliveries
from subscriptions.service.changes import begin_change, record_change
from subscriptions.service.near_papers import with_words
from subscriptions.service.requests import Subscribed, echo_of
from subscriptions.store import chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Scope, Transaction, writes
from subscriptions.text import normalized


def edit(
    store: Scope,
    address: ChatAddress,
    number: int,
    text: str,
    *,
    now: datetime,
    when: str | None = None,
    tz: str | None = None,
    who: str = "",
) -> Subscribed:
    """Changes the query of a subscription, and with `when` its time. Deliveries that are planned stay as they are.

    `tz` is its zone from now on, "" that of the chat; None: as before. The outcome is "edited", or "known" when nothing
    changed. Raises NotFound, QueryError, and Refused when another subscription of the chat has the same query.
    """
    query = kept_query(text)
    with store.write() as transaction:
        chat = next_deliveries.get_chat(transaction, address)
        subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
        subscription = next_deliveries.which_one(subscriptions, str(number))
        query = with_words(transaction, query, subscriptions, chat_id=chat.id)
        same = next((s for s in subscriptions if s.canonical == query.canonical and s.id != subscription.id), None)
        if same is not None:
            raise Refused(
                Sentence("Subscription {number} asks for that already.", {"number": same.number}),
                Sentence("Remove one of them: /unsub {number}", {"number": subscription.number}),
            )
        read = _read_when(when, subscription.cadence, chat) if when else When(subscription.cadence)
        own_zone = subscription.zone if tz is None else zones.zone_name(tz) if tz else None
        after = subscription._replace(text=query.text, canonical=query.canonical)
        after = next_deliveries.with_time(after, chat, read.cadence, read.zone or own_zone, now)
        changed = after != subscription
        if changed:
            begin_change(transaction, chat.id, now=now, who=who)
            if after.canonical != subscription.canonical:
                chats.store_streaks(transaction, {chat.id: None})
            stored_subscriptions.change_subscription(transaction, subscription, after)
        outcome = "edited" if changed else "known"
        return echo_of(transaction, chat, after, query=query, outcome=outcome, now=now)


def rename(store: Scope, address: ChatAddress, number: int, name: str, *, now: datetime, who: str = "") -> Subscription:
    """Gives a subscription a name; "" takes it away. Raises NotFound, Refused."""
    plain = checked_name(name)
    with store.write() as transaction:
        chat = next_deliveries.get_chat(transaction, address)
        subscription = next_deliveries.numbered(transaction, chat, number)
        if plain != subscription.name:
            begin_change(transaction, chat.id, now=now, who=who)
        return stored_subscriptions.change_subscription(transaction, subscription, subscription._replace(name=plain))


@writes
def reschedule(
    transaction: Transaction, address: ChatAddress, number: int | None, when: str, *, now: datetime, who: str = ""
) -> tuple[Subscription, ...]:
    """Changes the time of a subscription; without a number, of all in the chat and the default for new ones.

    Returns these subscriptions as they are now. Raises NotFound, Refused.
    """
    chat = next_deliveries.get_chat(transaction, address)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    chosen = subscriptions if number is None else (next_deliveries.which_one(subscriptions, str(number)),)
    read = _read_when(when, None, chat)
    if number is None:
        stored = check_value("schedule", str(read), kind=chat.kind)
        if chat.chosen.get("schedule") != stored:
            record_change(transaction, chat.id, now=now, who=who)
            chats.choose_setting(transaction, chat.id, "schedule", stored)

    after = tuple(next_deliveries.with_time(one, chat, read.cadence, read.zone or one.zone, now) for one in chosen)
    if after != chosen:
        begin_change(transaction, chat.id, now=now, who=who)
    for old, new in zip(chosen, after, strict=True):
        stored_subscriptions.change_subscription(transaction, old, new)
    return after


@writes
def set_settings(
    transaction: Transaction, address: ChatAddress, values: Mapping[str, str], *, now: datetime, who: str = ""
) -> Chat:
    """Sets some of SETTINGS as one change. Raises NotFound, Refused, and then nothing is set."""
    chat = next_deliveries.get_chat(transaction, address)
    names = {setting_name(name): value for name, value in values.items()}
    stored = {name: check_value(name, value, kind=chat.kind, public=chat.public) for name, value in names.items()}
    if any(value != chat.settings.value(name) for name, value in stored.items()):
        record_change(transaction, chat.id, now=now, who=who)
    for name, value in stored.items():
        chats.choose_setting(transaction, chat.id, name, value)
    return next_deliveries.apply_new_clock(transaction, chat, now)


def follow_person(store: Scope, chat: Chat, heard: Mapping[str, str], *, now: datetime) -> None:
    """Stores the language in which a person writes, and the zone of their client. Neither is a change that can be undone."""
    with store.write() as transaction:
        if "lang" in heard:
            chats.speak(transaction, chat.id, heard["lang"])
        if "timezone" in heard:
            chats.choose_setting(transaction, chat.id, "timezone", heard["timezone"])
            next_deliveries.apply_new_clock(transaction, chat, now)


def _read_when(when: str, own: Cadence | None, chat: Chat) -> When:
    """Reads a typed time. A when-out that names no hours takes those of `own`, else those of the chat's schedule."""
    of_chat = cadences.parse_cadence(chat.settings.schedule)
    return read_when(when, own if own and own.kind == "when-out" else of_chat)


# ------------------------------------------------- several subscriptions at once, by their numbers as people type them

# 1 2, 1,2, 1-3, 1 and 2, 1、2, 1 到 3.


Span = tuple[int, int]  # (first, last) of consecutive numbers

_LONGEST = 400  # characters
_NUMBER = r"(?:#|№|第)?\s?(\d{1,9})(?:号|个|条)?"
_TO = r"\s*(?:[-‐‑‒–—−~]|\bto\b|到|至)\s*"
_ITEM = rf"{_NUMBER}(?:{_TO}{_NUMBER})?"
_BETWEEN = r"(?:[\s,;、&+和与及]|\band\b)+"
_ITEMS = re.compile(rf"{_ITEM}(?:{_BETWEEN}{_ITEM})*[,;、\s]*", re.IGNORECASE)


def numbers_in(text: str) -> tuple[Span, ...]:
    """The numbers in a text of nothing but numbers, in its order; () if it holds anything else or is too long."""
    plain = normalized("NFKC", text).strip()
    if len(plain) > _LONGEST or not _ITEMS.fullmatch(plain):
        return ()
    found = ((int(first), int(last or first)) for first, last in re.findall(_ITEM, plain, re.IGNORECASE))
    return tuple((min(span), max(span)) for span in found)


def numbers_among(spans: Sequence[Span], numbers: Collection[int]) -> frozenset[int]:
    """Those of `numbers` that lie in one of the spans."""
    return frozenset(number for number in numbers if any(first <= number <= last for first, last in spans))


def numbers_missing(spans: Sequence[Span], numbers: Collection[int]) -> str:
    """The numbers in the spans that are not among `numbers`, as people write them: "3, 7–9"; "" for none."""
    missing = (gap for span in spans for gap in _gaps(span, sorted(numbers_among([span], numbers))))
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in dict.fromkeys(missing))


def _gaps(span: Span, there: Sequence[int]) -> Iterator[Span]:
    """The parts of a span between the numbers `there`, which ascend."""
    first, last = span
    for number in (*there, last + 1):
        if first < number:
            yield first, number - 1
        first = number + 1
