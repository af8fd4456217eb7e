"""Exports subscriptions as text, and imports such text, all of it or nothing."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from subscriptions import zones
from subscriptions.chat_settings import check_value, setting_name
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import Cadence, Chat, ChatAddress, ChatKind, KnownPaper, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.portable import PortableLine, subscription_line
from subscriptions.query import Query
from subscriptions.service.papers.losses import starting_point
from subscriptions.service.subscriptions.changes import note_changed, record_change
from subscriptions.service.subscriptions.due_moments import FOLLOWED, apply_new_quiet_hours, apply_new_zone, due_span
from subscriptions.service.subscriptions.requests import MOST_PER_CHAT
from subscriptions.service.subscriptions.selection import find, kind_of
from subscriptions.store import Scope, Transaction
from subscriptions.store.chat import chats as stored_chats
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.outbox import deliveries
from subscriptions.store.papers import known_papers


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What an import does, line by line."""

    changes: tuple[tuple[str, str, str], ...]  # (sign, chat, line); signs: "+" added, "~" changed, "=" there already


@dataclass(slots=True, kw_only=True)
class _Target:
    """A chat that lines name, with its subscriptions as the earlier lines left them."""

    chat: Chat
    subscriptions: dict[str, Subscription]  # by canonical text


# -------------------------------------------------------------------------------------------------------------- export


def export(store: Scope, address: ChatAddress | None) -> str:
    """The subscriptions of one chat as text, or with None those of all chats with their settings. Raises NotFound."""
    with store.read() as transaction:
        if address is not None:
            chat = find(transaction, address)
            return _lines(_subscription_lines(transaction, chat))
        return "\n".join(
            filter(None, (_whole(transaction, chat) for chat in stored_chats.all_chats(transaction, zone=store.zone)))
        )


def _whole(transaction: Transaction, chat: Chat) -> str:
    """All lines that an import needs to make this chat again; "" for a chat without subscriptions and chosen settings."""
    chosen = stored_chats.chosen_settings(transaction, chat.id)
    settings = [f"set {name} {value}" for name, value in sorted(chosen.items())]
    kind = (
        [] if chat.kind is kind_of(chat.address) else [f"set kind {chat.kind}"]
    )  # a channel's address looks like a group's
    subscriptions = _subscription_lines(transaction, chat)
    return _lines([f"[{chat.address}]", *kind, *settings, *subscriptions]) if settings or subscriptions else ""


def _subscription_lines(transaction: Transaction, chat: Chat) -> list[str]:
    return [
        subscription_line(chat, subscription)
        for subscription in stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    ]


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def delivered(store: Scope, address: ChatAddress, *, since: datetime) -> tuple[KnownPaper, ...]:
    """The papers that messages of a chat showed at `since` or later, in the order in which they came. Raises NotFound."""
    with store.read() as transaction:
        chat = find(transaction, address)
        ids = deliveries.shown_since(transaction, chat.id, since)
        known = known_papers.stored_papers(transaction, ids)
    return tuple(known[paper_id] for paper_id in ids)


# -------------------------------------------------------------------------------------------------------------- import


def import_plan(store: Scope, lines: Sequence[PortableLine], *, now: datetime) -> ImportPlan:
    """What `import_lines` would do; stores nothing. Raises Refused with the line."""
    return _import(store, lines, now=now, dry=True, who="")


def import_lines(store: Scope, lines: Sequence[PortableLine], *, now: datetime, who: str = "") -> ImportPlan:
    """Adds new subscriptions and changes those that differ, all or nothing; removes none. Raises Refused with the line.

    `who` is "ID NAME" of the person.
    """
    return _import(store, lines, now=now, dry=False, who=who)


def _import(store: Scope, lines: Sequence[PortableLine], *, now: datetime, dry: bool, who: str) -> ImportPlan:
    changes: tuple[tuple[str, str, str], ...] = ()
    with suppress(_TriedOut), store.savepoint() as transaction:
        for place in dict.fromkeys(line.chat for line in lines):
            chat = stored_chats.find_chat(transaction, place, zone=store.zone)
            if chat is not None:
                record_change(transaction, chat.id, now=now, who=who)
        chats: dict[ChatAddress, _Target] = {}
        changes = tuple((_apply(transaction, line, chats, now), str(line.chat), line.text) for line in lines)
        if dry:
            raise _TriedOut
    return ImportPlan(changes=changes)


class _TriedOut(Exception):
    """Rolls a dry run back."""


def _apply(transaction: Transaction, line: PortableLine, chats: dict[ChatAddress, _Target], now: datetime) -> str:
    """Applies one line; returns its sign. `chats` are those of earlier lines."""
    if line.kind is not None:
        return _make(transaction, line.chat, line.kind, now)
    target = chats.get(line.chat) or _target(transaction, line.chat, now)
    chats[line.chat] = target
    if line.setting is not None:
        sign = _apply_setting(transaction, line, line.setting, target.chat, now)
        if sign != "=":
            del chats[line.chat]  # read again: zone and due moments may have changed
        return sign
    if line.cadence is None or line.query is None:  # pragma: no cover - every other line has both
        return "="
    known = target.subscriptions.get(line.query.canonical)
    if known is None:
        return _added(transaction, line, target, cadence=line.cadence, query=line.query, now=now)
    return _changed(transaction, line, target, cadence=line.cadence, known=known, now=now)


def _make(transaction: Transaction, address: ChatAddress, kind: ChatKind, now: datetime) -> str:
    """Adds a chat of the exported kind; returns the sign. A known chat keeps the kind that its platform reported."""
    if stored_chats.find_chat(transaction, address, zone=transaction.zone) is not None:
        return "="
    stored_chats.add_chat(transaction, address, kind, now=now, zone=transaction.zone)
    return "+"


def _target(transaction: Transaction, address: ChatAddress, now: datetime) -> _Target:
    """The chat of a line; it is added if it is not known."""
    chat = stored_chats.find_chat(transaction, address, zone=transaction.zone) or stored_chats.add_chat(
        transaction, address, kind_of(address), now=now, zone=transaction.zone
    )
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    return _Target(chat=chat, subscriptions={subscription.canonical: subscription for subscription in subscriptions})


def _changed(
    transaction: Transaction,
    line: PortableLine,
    target: _Target,
    *,
    cadence: Cadence,
    known: Subscription,
    now: datetime,
) -> str:
    """Sets time, zone and name of a subscription that the chat has, as far as the line names them; returns the sign."""
    own = target.chat.settings.timezone
    zone = known.zone if line.zone in (None, known.zone or own) else _own_zone(line, target)
    name = known.name if line.name is None else line.name
    if (known.cadence, known.zone, known.name) == (cadence, zone, name):
        return "="
    note_changed(transaction, target.chat.id)
    stored_subscriptions.rename(transaction, known.id, name)
    if (known.cadence, known.zone) != (cadence, zone):
        due = _due(cadence, zone or own, now)
        stored_subscriptions.change_schedule(transaction, known.id, cadence=cadence, zone=zone, due=due)
    target.subscriptions[known.canonical] = replace(known, cadence=cadence, zone=zone, name=name)
    return "~"


def _added(
    transaction: Transaction, line: PortableLine, target: _Target, *, cadence: Cadence, query: Query, now: datetime
) -> str:
    if len(target.subscriptions) >= MOST_PER_CHAT:
        too_many = Sentence("A chat can have {most} subscriptions.", {"most": MOST_PER_CHAT})
        raise line.refused(too_many, Sentence("Remove one first."))
    zone = _own_zone(line, target)
    since, counted = starting_point(transaction, now - timedelta(days=7 if cadence.kind == "weekly" else 1))
    note_changed(transaction, target.chat.id)
    target.subscriptions[query.canonical] = stored_subscriptions.add_subscription(
        transaction,
        target.chat.id,
        text=query.text,
        canonical=query.canonical,
        cadence=cadence,
        zone=zone,
        since=since,
        cursor=known_papers.sequence_before(transaction, since),
        due=_due(cadence, zone or target.chat.settings.timezone, now),
        name=line.name or "",
        added_by="import",
        counted_until=counted,
    )
    return "+"


def _own_zone(line: PortableLine, target: _Target) -> str | None:
    """The zone of the line; None if it is the chat's."""
    return None if line.zone == target.chat.settings.timezone else line.zone


def _due(cadence: Cadence, zone_name: str, now: datetime) -> stored_subscriptions.DueSpan:
    zone = zones.zone(zone_name)
    return due_span(cadence, zone, cadences.first_due(cadence, zone, now))


def _apply_setting(
    transaction: Transaction, line: PortableLine, setting: tuple[str, str], chat: Chat, now: datetime
) -> str:
    try:
        name = setting_name(setting[0])
        value = check_value(name, setting[1], kind=chat.kind, public=chat.public)
    except PaperwireError as error:
        raise line.refused(error.sentence, error.hint) from error
    if stored_chats.chosen_settings(transaction, chat.id).get(name) == value:
        return "="
    stored_chats.choose_setting(transaction, chat.id, name, value)
    if name == "timezone":
        apply_new_zone(transaction, chat, value, now)
    if name in FOLLOWED:
        apply_new_quiet_hours(transaction, chat, now)
    return "~"
