"""Cursors that many `now` subscriptions follow: all followers have seen everything up to theirs (rule 2).

A follower has seen papers up to its own cursor or the shared one: the higher one counts. So followers without a match
cost nothing: one number moves for all of them. All followers of one shared cursor have the same quiet hours on the same
clock, since they look at the same moments. If a subscription or its chat changes in a way that matters, a trigger
(`triggers.py`) ends the following: it writes what the subscription has seen into its own cursor.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from subscriptions.store.database.conflicts import insert_new
from subscriptions.store.database.store import Transaction, execute, in_chunks
from subscriptions.store.rows import TABLES

_shared, _subscriptions, _chats = (TABLES.tables[name] for name in ("shared_cursor", "subscription", "chat"))
_c, _s = _shared.c, _subscriptions.c
_ids, _upto = sa.bindparam("ids", type_=sa.Integer, expanding=True), sa.bindparam("upto", type_=sa.Integer)
MOST = 2000  # each tick at night reads those for which it is quiet
_KEYS = ("quiet", "zone", "operator_zone")


class SharedCursor(NamedTuple):
    """The sequence up to which all followers have looked, and their quiet hours."""

    id: int
    quiet: str  # as the setting has it
    zone: str  # the clock of the quiet hours
    operator_zone: str  # the operator's zone when it was made: chats that chose none followed it
    sequence: int


def cursor_of(subscriptions: sa.FromClause = _subscriptions) -> sa.ColumnElement[int]:
    """The sequence up to which a subscription has looked: its own cursor, or the one that it follows if that is higher."""
    shared = sa.select(_c.sequence).where(_c.id == subscriptions.c.shared_cursor).scalar_subquery()
    own = subscriptions.c.cursor
    return sa.case((sa.func.coalesce(shared, 0) > own, shared), else_=own)


_BEHIND = sa.select(_c.id, _c.quiet, _c.zone, _c.operator_zone, _c.sequence).where(_c.sequence < _upto)
_WITH_KEY = sa.select(_c.id).where(*(_c[name] == sa.bindparam(f"its_{name}") for name in _KEYS))
_HIGHEST = sa.select(sa.func.max(_c.id))  # none is ever removed
_MOVE = sa.update(_shared).where(_c.id.in_(_ids), _c.sequence < _upto).values(sequence=_upto)
_FOLLOWERS = (
    sa.select(_s.chat, _s.shared_cursor)
    .where(_s.query.in_(_ids), _s.shared_cursor.is_not(None), _s.cursor < _upto)
    .distinct()
)
_UNMATCHED = (
    sa.select(_chats.c.id, _chats.c.timezone, _chats.c.streak_after, _s.shared_cursor)
    .join_from(_chats, _subscriptions, _s.chat == _chats.c.id)
    .where(
        _chats.c.streak_after < sa.bindparam("before", type_=sa.Integer),
        _s.shared_cursor.is_not(None),
        _s.cursor < _upto,
    )
    .distinct()
)


def behind(session: Transaction, upto: int) -> list[SharedCursor]:
    """The shared cursors below a sequence."""
    return [SharedCursor._make(row) for row in execute(session, _BEHIND, {"upto": upto})]


def id_of(session: Transaction, quiet: str, zone: str, operator_zone: str, *, sequence: int) -> int | None:
    """The id of the shared cursor of these quiet hours. If there is none, makes it at this sequence.

    None: there are too many, and a cursor with few followers saves nothing.
    """
    key = {"quiet": quiet, "zone": zone, "operator_zone": operator_zone}
    wanted = {f"its_{name}": value for name, value in key.items()}
    found = execute(session, _WITH_KEY, wanted).scalar()
    if found is None:
        if (execute(session, _HIGHEST).scalar() or 0) >= MOST:
            return None
        insert_new(session, "shared_cursor", _KEYS, {**key, "sequence": sequence})
        found = execute(session, _WITH_KEY, wanted).scalar_one()
    return int(found)


def move(session: Transaction, ids: Sequence[int], upto: int) -> None:
    """Moves shared cursors up to a sequence; none moves back."""
    for part in in_chunks(ids):
        execute(session, _MOVE, {"ids": part, "upto": upto})


def chats_with(session: Transaction, queries: Sequence[int], shared: Collection[int], upto: int) -> list[int]:
    """Ids of the chats in which a follower of one of these shared cursors has one of these queries, and looked below `upto`."""
    rows = execute(session, _FOLLOWERS, {"ids": queries, "upto": upto})
    return sorted({chat for chat, followed in rows if followed in shared})


def chats_without_match(
    session: Transaction, before: int, shared: Collection[int], upto: int
) -> list[tuple[int, str, int]]:
    """(id, chosen zone, begin) of chats with such followers whose no-match streak began before a sequence and was not said."""
    rows = execute(session, _UNMATCHED, {"before": before, "upto": upto})
    return sorted({(chat, zone, after) for chat, zone, after, followed in rows if followed in shared})
