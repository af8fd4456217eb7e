"""Imports subscriptions and settings from text: what each line adds or changes, which is refused, from when on new ones want papers."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from subscriptions import chat_settings, errors, portable, zones
from subscriptions.model import Cadence, Chat, ChatAddress, Subscription
from subscriptions.planning import forecast
from subscriptions.query import ABOUT, FIELDS, LIKE, links
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.service import listing
from subscriptions.service.changes import record_change, record_changes
from subscriptions.service.subscribing import MOST_PER_CHAT, TOO_MANY
from subscriptions.store import chats as stored_chats
from subscriptions.store import known_papers
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Scope, Transaction

# what an import changed, line by line: (mark, chat, line); marks: "+" added, "~" changed, "=" no change
Changes = tuple[tuple[str, str, str], ...]


@dataclass(slots=True, kw_only=True)
class _Target:
    """A chat that lines name, with its subscriptions as they are after the lines that have been applied so far."""

    chat: Chat
    is_new: bool  # this import adds it
    stored: dict[str, Subscription]  # canonical text → subscription as stored before the import
    # canonical text → subscription as it is now
    subscriptions: dict[str, Subscription] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Import:
    """An import within its transaction.

    Lines change subscriptions in memory, and `write` stores them all at the end.
    """

    transaction: Transaction
    now: datetime
    who: str
    targets: dict[ChatAddress, _Target]
    made: set[ChatAddress]  # new chats whose first line names their kind
    starts: dict[timedelta, tuple[datetime, int]] = field(default_factory=dict)

    def start(self, back: timedelta) -> tuple[datetime, int]:
        """Returns `since` and `cursor` of a new subscription that looks back by `back`. Cached."""
        if back not in self.starts:
            since = self.now - back
            self.starts[back] = since, known_papers.sequence_before(self.transaction, since)
        return self.starts[back]

    def write(self) -> None:
        """Stores the subscriptions that the lines added or changed.

        Records a change for each chat that was known before.
        """
        changed = {one.chat.id: one for one in self.targets.values() if one.subscriptions != one.stored}
        known = [chat_id for chat_id, one in changed.items() if not one.is_new]
        stored_chats.hold_chats(self.transaction, known)
        record_changes(self.transaction, known, now=self.now, who=self.who)
        new = []
        for target in changed.values():
            for canonical, one in target.subscriptions.items():
                before = target.stored.get(canonical)
                if before is None:
                    new.append(one)
                else:
                    stored_subscriptions.change_subscription(self.transaction, before, one)
        stored_subscriptions.add_subscriptions(self.transaction, new)


@lru_cache(maxsize=4096)
def _first_due(cadence: Cadence, zone_name: str, now: datetime) -> forecast.DueSpan:
    return forecast.first_span(cadence, zones.zone(zone_name), now)


def import_lines(
    store: Scope,
    lines: Sequence[portable.PortableLine],
    *,
    now: datetime,
    dry: bool = False,
    who: str = "",
    watched: Callable[[Sequence[portable.PortableLine]], Iterable[portable.PortableLine]] = iter,
) -> Changes:
    """Adds the subscriptions of these lines, and changes those that differ. Removes none. All or nothing.

    Raises Refused, which quotes the line that cannot be applied.

    - `dry`: returns what would change, and changes nothing.
    - `who`: "ID NAME" of the person.
    - `watched`: gets the lines and yields them, to show progress.
    """
    marks: list[str] = []
    begun = store.savepoint() if isinstance(store, Transaction) else store.write()
    with suppress(_TriedOut), begun as transaction:
        work = _begun(transaction, lines, now=now, who=who)
        marks += [_apply(work, _of_chat(line, work.targets[line.chat].chat)) for line in watched(lines)]
        if dry:
            raise _TriedOut
        work.write()
    return tuple((mark, str(line.chat), line.text) for mark, line in zip(marks, lines, strict=True))


def texts_asked(lines: Iterable[portable.PortableLine]) -> tuple[str, ...]:
    """Returns the texts that the queries of these lines ask with `about:`, each once."""
    canonicals = (line.query.canonical for line in lines if line.query)
    asking = (parse_canonical(one) for one in canonicals if ABOUT.canonical_prefix in one)
    return tuple(dict.fromkeys(text for query in asking for text in query.asked))


def _of_chat(line: portable.PortableLine, chat: Chat) -> portable.PortableLine:
    """Returns the line with the query as it is in a chat: `like:library` means this chat's library.

    A query that names unknown papers, or whose vectors cannot be had, is kept as it is: it rests.
    """
    if line.query is None or not (
        LIKE.canonical_prefix in line.query.canonical and links.LIBRARY in line.query.canonical
    ):
        return line
    query = parse_query(line.query.text, FIELDS.of_chat(chat.id))
    return replace(line, query=portable.KeptText(query.text, query.canonical))


class _TriedOut(Exception):
    """Raised when lines were only checked, to roll that back."""


def _begun(transaction: Transaction, lines: Sequence[portable.PortableLine], *, now: datetime, who: str) -> _Import:
    """Reads the chats that lines name. Adds unknown chats, with the kind that the export gives."""
    first = {line.chat: line for line in reversed(lines)}  # the first line of each chat
    places = dict.fromkeys(line.chat for line in lines)
    known = stored_chats.find_chats(transaction, places)
    kinds = {place: first[place].kind or listing.kind_of(place) for place in places if place not in known}
    stored_chats.add_chats(transaction, kinds, now=now)
    chats = known | stored_chats.find_chats(transaction, kinds)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in chats.values()])
    by_id: dict[int, _Target] = {}  # because two addresses may lead to the same chat
    for place, chat in chats.items():
        stored = {one.canonical: one for one in subscriptions[chat.id]}
        target = _Target(chat=chat, is_new=place in kinds, stored=stored, subscriptions=dict(stored))
        by_id.setdefault(chat.id, target)
    return _Import(
        transaction=transaction,
        now=now,
        who=who,
        targets={place: by_id[chat.id] for place, chat in chats.items()},
        made={place for place in kinds if first[place].kind is not None},
    )


def _apply(work: _Import, line: portable.PortableLine) -> str:
    """Applies one line. Returns its mark."""
    if line.kind is not None:  # a known chat keeps the kind that its platform reported
        is_first = line.chat in work.made
        work.made.discard(line.chat)
        return "+" if is_first else "="
    target = work.targets[line.chat]
    if line.setting is not None:
        return _apply_setting(work, line, line.setting, target)
    if line.cadence is None or line.query is None:  # pragma: no cover - a line for a subscription has both
        return "="
    known = target.subscriptions.get(line.query.canonical)
    if known is None:
        return _added(work, line, target, cadence=line.cadence, query=line.query)
    return _changed(work, line, target, cadence=line.cadence, known=known)


def _changed(
    work: _Import, line: portable.PortableLine, target: _Target, *, cadence: Cadence, known: Subscription
) -> str:
    """Gives a subscription the time, zone and name that the line names. Returns the mark."""
    own = target.chat.settings.timezone
    zone = known.zone
    if line.zone not in (None, zone or own):
        zone = _own_zone(line, target)
    after = known._replace(cadence=cadence, zone=zone, name=known.name if line.name is None else line.name)
    if after == known:
        return "="
    work.transaction.changed_chats.add(target.chat.id)
    if (known.cadence, known.zone) != (cadence, zone):
        after = forecast.with_due(after, _first_due(cadence, zone or own, work.now))
    target.subscriptions[known.canonical] = after
    return "~"


def _added(
    work: _Import, line: portable.PortableLine, target: _Target, *, cadence: Cadence, query: portable.KeptText
) -> str:
    if len(target.subscriptions) >= MOST_PER_CHAT:
        raise line.refused(*TOO_MANY)
    zone = _own_zone(line, target)
    since, cursor = work.start(cadence.looks_back)
    work.transaction.changed_chats.add(target.chat.id)
    due, latest_due = _first_due(cadence, zone or target.chat.settings.timezone, work.now)
    target.subscriptions[query.canonical] = Subscription(
        id=0,
        number=0,
        chat_id=target.chat.id,
        text=query.text,
        canonical=query.canonical,
        cadence=cadence,
        zone=zone,
        since=since,
        cursor=cursor,
        next_due_at=due,
        latest_due_at=latest_due,
        name=line.name or "",
    )
    return "+"


def _own_zone(line: portable.PortableLine, target: _Target) -> str | None:
    """Returns the line's zone; None if the line has none, or if it is the same as the chat's."""
    if line.zone == target.chat.settings.timezone:
        return None
    return line.zone


def _apply_setting(work: _Import, line: portable.PortableLine, setting: tuple[str, str], target: _Target) -> str:
    transaction, chat, now = work.transaction, target.chat, work.now
    try:
        name = chat_settings.setting_name(setting[0])
        value = chat_settings.check_value(name, setting[1], kind=chat.kind, public=chat.public)
    except errors.PaperwireError as error:
        raise line.refused(error.sentence, error.hint) from error
    if chat.chosen.get(name) == value:
        return "="
    if not target.is_new:
        record_change(transaction, chat.id, now=now, who=work.who)
    stored_chats.choose_setting(transaction, chat.id, name, value)
    after = stored_chats.chats_by_id(transaction, [chat.id])[chat.id]
    target.subscriptions = {
        canonical: forecast.by_new_clock(one, chat, after, now) for canonical, one in target.subscriptions.items()
    }
    target.chat = after
    return "~"
