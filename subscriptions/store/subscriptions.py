"""Subscriptions of chats, and the cursors up to which they have looked at papers."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import count
from operator import attrgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import Cadence, Subscription
from subscriptions.planning.cadence import cadence_text, parse_cadence
from subscriptions.store.database import conflicts, store
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import TABLES, QueryRow, SubscriptionRow

_chats, _subscriptions, _queries, _shared = (
    TABLES.tables[name] for name in ("chat", "subscription", "query", "shared_cursor")
)
_s = _subscriptions.c
_c = _shared.c
MOST = 2000  # each tick at night reads those for which it is quiet


class SharedCursor(NamedTuple):
    """The sequence up to which all followers have looked, and their quiet hours."""

    id: int
    quiet: str  # as the setting has it
    zone: str  # the clock of the quiet hours
    operator_zone: str  # the operator's zone when it was made: chats that chose none followed it
    sequence: int


_SHARED = [_c[name] for name in SharedCursor._fields]


def cursor_of() -> sa.ColumnElement[int]:
    """The sequence up to which a subscription has looked: its own cursor, or the one that it follows if that is higher."""
    shared = sa.select(_c.sequence).where(_c.id == _s.shared_cursor).scalar_subquery()
    return sa.case((sa.func.coalesce(shared, 0) > _s.cursor, shared), else_=_s.cursor)


def behind(session: Transaction, upto: int) -> list[SharedCursor]:
    """The shared cursors below a sequence."""
    return [SharedCursor._make(row) for row in store.execute(session, sa.select(*_SHARED).where(_c.sequence < upto))]


def id_of(session: Transaction, quiet: str, zone: str, operator_zone: str, *, sequence: int) -> int | None:
    """The id of the shared cursor of these quiet hours. If there is none, makes it at this sequence.

    None: there are too many, and a cursor with few followers saves nothing.
    """
    key = {"quiet": quiet, "zone": zone, "operator_zone": operator_zone}
    wanted = sa.select(_c.id).where(*(_c[name] == value for name, value in key.items()))
    found = store.execute(session, wanted).scalar()
    if found is None:
        if (store.execute(session, sa.select(sa.func.max(_c.id))).scalar() or 0) >= MOST:  # none is ever removed
            return None
        conflicts.insert_new(session, "shared_cursor", tuple(key), {**key, "sequence": sequence})
        found = store.execute(session, wanted).scalar_one()
    return int(found)


def move(session: Transaction, ids: Sequence[int], upto: int) -> None:
    """Moves shared cursors up to a sequence; none moves back."""
    for part in store.in_chunks(ids):
        behind_it = _c.id.in_(part) & (_c.sequence < upto)
        store.execute(session, sa.update(_shared).where(behind_it).values(sequence=upto))


def chats_with(session: Transaction, queries: Sequence[int], shared: Collection[int], upto: int) -> list[int]:
    """Ids of the chats in which a follower of one of these shared cursors has one of these queries, and looked below `upto`."""
    followers = sa.select(_s.chat, _s.shared_cursor).where(_s.query.in_(queries), *_follows_below(upto)).distinct()
    return sorted({chat for chat, followed in store.execute(session, followers) if followed in shared})


def chats_without_match(
    session: Transaction, before: int, shared: Collection[int], upto: int
) -> list[tuple[int, str, int]]:
    """(id, chosen zone, begin) of chats with such followers whose no-match streak began before a sequence and was not said."""
    unmatched = (
        sa.select(_chats.c.id, _chats.c.timezone, _chats.c.streak_after, _s.shared_cursor)
        .join_from(_chats, _subscriptions, _s.chat == _chats.c.id)
        .where(_chats.c.streak_after < before, *_follows_below(upto))
        .distinct()
    )
    rows = store.execute(session, unmatched)
    return sorted({(chat, zone, after) for chat, zone, after, followed in rows if followed in shared})


def _follows_below(upto: int) -> tuple[sa.ColumnElement[bool], ...]:
    return _s.shared_cursor.is_not(None), _s.cursor < upto


# ---------------------------------------------------------------------------------------------- subscriptions of chats


DueSpan = tuple[datetime | None, datetime | None]  # the next due moment, and for when-out the end of its window
NOW = "now"  # the cadence, as stored

# Statements that every plan executes are built once.
# In the order of the fields of Subscription.
_VALUES = (
    _s.id, _s.chat, _s.number, _s.text, _queries.c.canonical, _s.cadence, _s.zone, _s.since, cursor_of(), _s.next_due_at, _s.name,
    _s.state, _s.paused_until, _s.pause_reason, _s.added_by, _s.subscriber, _s.counted_until, _s.shared_cursor,
    _s.latest_due_at,
)  # fmt: skip
SUBSCRIPTIONS = (
    sa.select(*_VALUES)
    .join_from(_subscriptions, _queries, _queries.c.id == _subscriptions.c.query)
    .order_by(_s.chat, _s.number)
)
_TAKE = (
    sa.update(_chats)
    .where(_chats.c.id == sa.bindparam("of"))
    .values(next_number=_chats.c.next_number + sa.bindparam("amount", type_=sa.Integer))
)


def subscriptions_of(session: Transaction, chat_ids: Sequence[int]) -> dict[int, tuple[Subscription, ...]]:
    """Each chat's subscriptions in the order of their numbers."""
    found: dict[int, list[Subscription]] = {chat_id: [] for chat_id in chat_ids}
    for row in store.rows_of(session, SUBSCRIPTIONS, _s.chat, chat_ids):
        found[row[1]].append(_subscription(row))
    return {chat_id: tuple(subs) for chat_id, subs in found.items()}


def amounts(session: Transaction, chat_ids: Sequence[int]) -> dict[int, int]:
    """How many subscriptions each chat has."""
    wanted = sa.select(_s.chat, sa.func.count()).group_by(_s.chat)
    return dict.fromkeys(chat_ids, 0) | dict(store.rows_of(session, wanted, _s.chat, chat_ids))


def add_subscription(session: Transaction, new: Subscription) -> Subscription:
    """Adds a subscription; returns it as stored, or one with the same query that another process has added meanwhile."""
    add_subscriptions(session, [new])
    return next(s for s in subscriptions_of(session, [new.chat_id])[new.chat_id] if s.canonical == new.canonical)


_SAME = (  # columns that have the names of fields
    "name", "text", "zone", "state", "added_by", "subscriber", "since", "cursor", "next_due_at", "latest_due_at",
    "counted_until", "paused_until", "pause_reason",
)  # fmt: skip
_same_of = attrgetter(*_SAME)


def add_subscriptions(session: Transaction, new: Sequence[Subscription]) -> None:
    """Adds subscriptions, with one statement for each table. One without a number gets its chat's next; numbers are not reused.

    One with the same query that another process has added meanwhile stays.
    """
    queries = _query_ids(session, [one.canonical for one in new])
    taken = _take_numbers(session, Counter(one.chat_id for one in new if not one.number))
    numbers = {chat: count(first) for chat, first in taken.items()}
    rows = [_row(one, query=queries[one.canonical], number=one.number or next(numbers[one.chat_id])) for one in new]
    conflicts.insert_all_new(session, "subscription", ("chat", "query"), rows)


def _row(one: Subscription, *, query: int, number: int) -> dict[str, Any]:
    same = zip(_SAME, _same_of(one), strict=True)
    return dict(same, chat=one.chat_id, query=query, number=number, cadence=cadence_text(one.cadence))


def _take_numbers(session: Transaction, amounts: Mapping[int, int]) -> dict[int, int]:
    """Takes so many next numbers of chats; returns the first of each. No two processes get the same ones."""
    conflicts.execute_rows(session, _TAKE, ("of", "amount"), list(amounts.items()))
    numbers = sa.select(_chats.c.id, _chats.c.next_number)
    return {
        chat: after - amounts[chat] for chat, after in store.rows_of(session, numbers, _chats.c.id, sorted(amounts))
    }


def _query_ids(session: Transaction, canonicals: Sequence[str]) -> dict[str, int]:
    """Returns the ids of queries by their canonical texts; those that are not known are added."""
    wanted = sorted(set(canonicals))
    found = _known_queries(session, wanted)
    missing = [canonical for canonical in wanted if canonical not in found]
    conflicts.insert_all_new(session, "query", (), [{"canonical": canonical} for canonical in missing])
    return found | _known_queries(session, missing)


def _known_queries(session: Transaction, canonicals: Sequence[str]) -> dict[str, int]:
    return {
        row.canonical: row.id for row in store.rows_of(session, sa.select(_queries), _queries.c.canonical, canonicals)
    }


def change_subscription(session: Transaction, before: Subscription, after: Subscription) -> Subscription:
    """Stores the fields in which `after` differs from `before`; returns `after`. A cursor that is no such field stays."""
    if after == before:
        return after
    row = session.get_one(SubscriptionRow, before.id)
    for name, old, new in zip(Subscription._fields, before, after, strict=True):
        if new != old and name != "canonical":
            setattr(row, name, cadence_text(new) if isinstance(new, Cadence) else new)
    if after.canonical != before.canonical:
        unused, row.query = row.query, _query_ids(session, [after.canonical])[after.canonical]
        session.flush()
        drop_unused_queries(session, [unused])
    return after


def remove_subscriptions(session: Transaction, ids: Sequence[int]) -> None:
    """Removes subscriptions; deliveries that were planned for them are still sent (docs/architecture.md, rule 5)."""
    queries = session.exec(select(SubscriptionRow.query).where(col(SubscriptionRow.id).in_(ids))).all()
    session.exec(sa.delete(SubscriptionRow).where(col(SubscriptionRow.id).in_(ids)))
    drop_unused_queries(session, queries)


def drop_unused_queries(session: Transaction, queries: Sequence[int]) -> None:
    """Removes those of these queries that no subscription has."""
    used = select(SubscriptionRow.id).where(SubscriptionRow.query == QueryRow.id).exists()
    session.exec(sa.delete(QueryRow).where(col(QueryRow.id).in_(queries), ~used))


_stored_cadence = lru_cache(maxsize=4096)(parse_cadence)


def _subscription(row: Sequence[Any]) -> Subscription:
    """The value of a row of _VALUES. By position: names take ten times as long, and a plan reads all subscriptions."""
    return Subscription._make((*row[:5], _stored_cadence(row[5]), *row[6:]))


@store.reads
def subscription_counts(transaction: Transaction) -> tuple[int, int]:
    """(chats that have subscriptions, subscriptions)."""
    chats = sa.func.count(sa.func.distinct(SubscriptionRow.chat))
    return transaction.exec(select(chats, sa.func.count()).select_from(SubscriptionRow)).one()
