"""Exports subscriptions as text, and imports such text, all of it or nothing."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from subscriptions import zones
from subscriptions.chat_settings import check_value, setting_name
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import Cadence, Chat, ChatAddress, KnownPaper, Subscription
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
    is_new: bool  # this import adds it
    subscriptions: dict[str, Subscription]  # by canonical text
    added: set[str] = field(default_factory=set)  # canonical texts of those that are not written yet

    @property
    def amount(self) -> int:
        """How many subscriptions the chat has then."""
        return len(self.subscriptions) + len(self.added)


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a new subscription starts."""

    since: datetime
    cursor: int
    counted_until: datetime | None  # what came until then counts as sent


@dataclass(slots=True, kw_only=True)
class _Import:
    """An import within its transaction. New subscriptions are collected and written together."""

    transaction: Transaction
    now: datetime
    who: str
    targets: dict[ChatAddress, _Target]
    made: set[ChatAddress]  # new chats whose kind a line names first
    new: list[stored_subscriptions.NewSubscription] = field(default_factory=list)
    starts: dict[timedelta, _Start] = field(default_factory=dict)

    def start(self, back: timedelta) -> _Start:
        """Returns where a new subscription starts that looks back so far; it is looked up once for all lines."""
        if back not in self.starts:
            since, counted = starting_point(self.transaction, self.now - back)
            self.starts[back] = _Start(since, known_papers.sequence_before(self.transaction, since), counted)
        return self.starts[back]

    def begin_change(self, target: _Target) -> None:
        """Records that the chat changes: to be called before each change."""
        if not target.is_new:
            record_change(self.transaction, target.chat.id, now=self.now, who=self.who)

    def write(self) -> None:
        """Writes the new subscriptions that were collected."""
        stored_subscriptions.add_subscriptions(self.transaction, self.new)
        self.new = []

    def read_again(self, target: _Target) -> None:
        """Writes what was collected and reads a chat anew: its zone, its due moments and its subscriptions."""
        if target.added:
            self.write()
        chat_id = target.chat.id
        chats = stored_chats.chats_by_id(self.transaction, [chat_id], zone=self.transaction.zone)
        target.chat, target.added = chats[chat_id], set()
        target.subscriptions = _by_query(stored_subscriptions.subscriptions_of(self.transaction, [chat_id])[chat_id])


def _by_query(subscriptions: Sequence[Subscription]) -> dict[str, Subscription]:
    return {subscription.canonical: subscription for subscription in subscriptions}


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
        work = _begun(transaction, lines, now=now, who=who)
        changes = tuple((_apply(work, line), str(line.chat), line.text) for line in lines)
        work.write()
        if dry:
            raise _TriedOut
    return ImportPlan(changes=changes)


class _TriedOut(Exception):
    """Rolls a dry run back."""


def _begun(transaction: Transaction, lines: Sequence[PortableLine], *, now: datetime, who: str) -> _Import:
    """Reads the chats that lines name; adds those that are not known, of the exported kind."""
    first = {line.chat: line for line in reversed(lines)}  # the first line of each
    places = dict.fromkeys(line.chat for line in lines)
    known = stored_chats.find_chats(transaction, places, zone=transaction.zone)
    kinds = {place: first[place].kind or kind_of(place) for place in places if place not in known}
    stored_chats.add_chats(transaction, kinds, now=now)
    chats = known | stored_chats.find_chats(transaction, kinds, zone=transaction.zone)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in chats.values()])
    by_id: dict[int, _Target] = {}  # two addresses may lead to one chat
    for place, chat in chats.items():
        target = _Target(chat=chat, is_new=place in kinds, subscriptions=_by_query(subscriptions[chat.id]))
        by_id.setdefault(chat.id, target)
    return _Import(
        transaction=transaction,
        now=now,
        who=who,
        targets={place: by_id[chat.id] for place, chat in chats.items()},
        made={place for place in kinds if first[place].kind is not None},
    )


def _apply(work: _Import, line: PortableLine) -> str:
    """Applies one line; returns its sign."""
    if line.kind is not None:  # a known chat keeps the kind that its platform reported
        is_first = line.chat in work.made
        work.made.discard(line.chat)
        return "+" if is_first else "="
    target = work.targets[line.chat]
    if line.setting is not None:
        sign = _apply_setting(work, line, line.setting, target)
        if sign != "=":
            work.read_again(target)  # zone and due moments may have changed
        return sign
    if line.cadence is None or line.query is None:  # pragma: no cover - every other line has both
        return "="
    if line.query.canonical in target.added:
        work.read_again(target)
    known = target.subscriptions.get(line.query.canonical)
    if known is None:
        return _added(work, line, target, cadence=line.cadence, query=line.query)
    return _changed(work, line, target, cadence=line.cadence, known=known)


def _changed(work: _Import, line: PortableLine, target: _Target, *, cadence: Cadence, known: Subscription) -> str:
    """Sets time, zone and name of a subscription that the chat has, as far as the line names them; returns the sign."""
    own = target.chat.settings.timezone
    zone = known.zone if line.zone in (None, known.zone or own) else _own_zone(line, target)
    name = known.name if line.name is None else line.name
    if (known.cadence, known.zone, known.name) == (cadence, zone, name):
        return "="
    work.begin_change(target)
    note_changed(work.transaction, target.chat.id)
    stored_subscriptions.rename(work.transaction, known.id, name)
    if (known.cadence, known.zone) != (cadence, zone):
        due = _due(cadence, zone or own, work.now)
        stored_subscriptions.change_schedule(work.transaction, known.id, cadence=cadence, zone=zone, due=due)
    target.subscriptions[known.canonical] = known._replace(cadence=cadence, zone=zone, name=name)
    return "~"


def _added(work: _Import, line: PortableLine, target: _Target, *, cadence: Cadence, query: Query) -> str:
    if target.amount >= MOST_PER_CHAT:
        too_many = Sentence("A chat can have {most} subscriptions.", {"most": MOST_PER_CHAT})
        raise line.refused(too_many, Sentence("Remove one first."))
    zone = _own_zone(line, target)
    start = work.start(timedelta(days=7 if cadence.kind == "weekly" else 1))
    work.begin_change(target)
    note_changed(work.transaction, target.chat.id)
    target.added.add(query.canonical)
    work.new.append(
        stored_subscriptions.NewSubscription(
            chat_id=target.chat.id,
            text=query.text,
            canonical=query.canonical,
            cadence=cadence,
            zone=zone,
            since=start.since,
            cursor=start.cursor,
            counted_until=start.counted_until,
            due=_due(cadence, zone or target.chat.settings.timezone, work.now),
            name=line.name or "",
            added_by="import",
        )
    )
    return "+"


def _own_zone(line: PortableLine, target: _Target) -> str | None:
    """The zone of the line; None if it is the chat's."""
    return None if line.zone == target.chat.settings.timezone else line.zone


def _due(cadence: Cadence, zone_name: str, now: datetime) -> stored_subscriptions.DueSpan:
    zone = zones.zone(zone_name)
    return due_span(cadence, zone, cadences.first_due(cadence, zone, now))


def _apply_setting(work: _Import, line: PortableLine, setting: tuple[str, str], target: _Target) -> str:
    transaction, chat, now = work.transaction, target.chat, work.now
    try:
        name = setting_name(setting[0])
        value = check_value(name, setting[1], kind=chat.kind, public=chat.public)
    except PaperwireError as error:
        raise line.refused(error.sentence, error.hint) from error
    if stored_chats.chosen_settings(transaction, chat.id).get(name) == value:
        return "="
    if target.added:
        work.write()  # the setting may move their due moments
    work.begin_change(target)
    stored_chats.choose_setting(transaction, chat.id, name, value)
    if name == "timezone":
        apply_new_zone(transaction, chat, value, now)
    if name in FOLLOWED:
        apply_new_quiet_hours(transaction, chat, now)
    return "~"
