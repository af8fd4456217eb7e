"""What the planner reads and writes: due chats, cursors and due moments of subscriptions (rules 2 and 5).

In the morning some chat is due every minute, so these statements are built once, like those of `claims`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import NULLTYPE

from subscriptions.states import ChatState, SubscriptionState
from subscriptions.store.chats import CHATS
from subscriptions.store.columns import Condition, Utc
from subscriptions.store.database.store import Transaction, execute, in_chunks, rows_of
from subscriptions.store.rows import BECOMES_DUE, TABLES
from subscriptions.store.subscriptions import SUBSCRIPTIONS, DueSpan, cursor_of

_chats, _subscriptions = TABLES.tables["chat"], TABLES.tables["subscription"]
_c, _s = _chats.c, _subscriptions.c
_now, _last_sequence = sa.bindparam("now", type_=Utc), sa.bindparam("last_sequence", type_=sa.Integer)
_ids = sa.bindparam("ids", type_=sa.Integer, expanding=True)


# -------------------------------------------------------------------------------------------------------------- pauses

_CHAT_PAUSE_ENDED = (_c.state == ChatState.PAUSED) & (_c.paused_until <= _now)
_PAUSE_ENDED = (_s.state == SubscriptionState.PAUSED) & (_s.paused_until <= _now)
_A_PAUSE_ENDED = sa.select(
    sa.or_(sa.select(_c.id).where(_CHAT_PAUSE_ENDED).exists(), sa.select(_s.id).where(_PAUSE_ENDED).exists())
)
_CHATS_BACK = sa.select(_c.id, _c.paused_until).where(_CHAT_PAUSE_ENDED)
_OF_CHATS = sa.select(_s.chat, _s.id).where(_s.chat.in_(_ids), _s.state == SubscriptionState.ACTIVE)
_ENDED = sa.select(_s.chat, _s.id, _s.paused_until).where(_PAUSE_ENDED)
_RESUME_CHATS = (
    sa.update(_chats)
    .where(_CHAT_PAUSE_ENDED)
    .values(state=ChatState.ACTIVE, admission=None, pause_reason=None, state_detail="", paused_until=None)
)
_RESUME = sa.update(_subscriptions).where(_PAUSE_ENDED).values(state=SubscriptionState.ACTIVE, paused_until=None)


def has_ended_pause(session: Transaction, now: datetime) -> bool:
    """Whether the pause of a chat or subscription has ended by `now`."""
    return bool(execute(session, _A_PAUSE_ENDED, {"now": now}).scalar())


def ended_pauses(session: Transaction, now: datetime) -> list[tuple[int, int, datetime]]:
    """(chat, subscription, end of the pause) of the subscriptions whose pause, or whose chat's pause, has ended."""
    found = [(chat, subscription, until) for chat, subscription, until in execute(session, _ENDED, {"now": now})]
    back: dict[int, datetime] = {row.id: row.paused_until for row in execute(session, _CHATS_BACK, {"now": now})}
    of_chats = rows_of(session, _OF_CHATS, sorted(back))  # in a join SQLite would read all subscriptions
    return found + [(chat, subscription, back[chat]) for chat, subscription in of_chats]


def end_pauses(session: Transaction, now: datetime) -> None:
    """Makes the chats and subscriptions active whose pause has ended."""
    execute(session, _RESUME_CHATS, {"now": now})
    execute(session, _RESUME, {"now": now})


# ----------------------------------------------------------------------------------------------------------------- due


LONGEST_WINDOW = timedelta(hours=26)  # of when-out: within one local day, of 25 hours at most


def _moments_of_open_windows() -> sa.CTE:
    """The different moments at which windows opened that may be open, each found by one look into the index.

    All morning a million subscriptions may wait in open windows. They share a few moments, and to look for those among
    them to which papers are new, each moment must be given: SQLite would read all of a range of moments.
    """
    first = sa.select(sa.func.min(_s.next_due_at).label("at")).where(
        _s.next_due_at > sa.bindparam("earliest", type_=Utc), Condition(BECOMES_DUE)
    )
    found = first.cte("opened", recursive=True)
    later = _subscriptions.alias("later")
    following = sa.select(sa.func.min(later.c.next_due_at)).where(
        later.c.next_due_at > found.c.at, Condition(BECOMES_DUE)
    )
    return found.union_all(sa.select(following.scalar_subquery()).where(found.c.at <= _now))


_came = _s.cursor < _last_sequence
_active = Condition(BECOMES_DUE)  # the indexes hold nothing else, so it takes no time how many chats are gone
_opened = _moments_of_open_windows()
# Each is a range of an index: with OR, SQLite would read all subscriptions, each second.
_OVERDUE = sa.select(_s.chat).where(_s.latest_due_at <= _now, _active)
_AT_ONCE = sa.select(_s.chat).where(_s.next_due_at.is_(None), _came, _active)
_PUT_OFF = sa.select(_s.chat).where(_s.next_due_at <= _now, _s.latest_due_at.is_(None), _came, _active)
_IN_WINDOW = sa.select(_s.chat).join_from(_opened, _subscriptions, _s.next_due_at == _opened.c.at).where(
    _opened.c.at <= _now, _came, _active
)  # fmt: skip
_STILL_DUE = sa.select(_s.chat).where(  # also of those that follow a shared cursor: they move when they are planned
    _s.chat.in_(_ids),
    sa.or_(_s.latest_due_at <= _now, _came & (_s.next_due_at.is_(None) | (_s.next_due_at <= _now))),
)
_DUE_WAITING = sa.union_all(_OVERDUE, _AT_ONCE, _PUT_OFF)
_DUE = sa.union_all(_OVERDUE, _AT_ONCE, _PUT_OFF, _IN_WINDOW)


def due_chats(session: Transaction, now: datetime, last_sequence: int, *, waiting: bool = False) -> list[int]:
    """Ids of the active chats that have an active subscription which is due.

    `waiting`: awaited sources have not reported, so new papers make no subscription with cadence when-out due.
    """
    values: dict[str, object] = {"now": now, "last_sequence": last_sequence}
    if not waiting:
        values["earliest"] = now - LONGEST_WINDOW
    return sorted(set(execute(session, _DUE_WAITING if waiting else _DUE, values).scalars()))


def still_due(session: Transaction, chat_ids: Sequence[int], now: datetime, last_sequence: int) -> list[int]:
    """The chats, of some that were due, that may still be due: others have not planned them since then."""
    values = {"ids": chat_ids, "now": now, "last_sequence": last_sequence}
    due = set(execute(session, _STILL_DUE, values).scalars())
    return [chat for chat in chat_ids if chat in due]


# ------------------------------------------------------------------------------------------------------------- too far

_DAY, _WEEKEND, _WEEK = (timedelta(days=days, hours=1) for days in (1, 3, 7))  # an hour more: clocks are set back
_day, _weekend, _week = (sa.bindparam(name, type_=Utc) for name in ("day", "weekend", "week"))
_LATEST = sa.case((_s.cadence.like("weekly%"), _week), (_s.cadence.like("%weekdays%"), _weekend), else_=_day)
_FAR = sa.select(_s.chat).where(_s.next_due_at > _day, _s.next_due_at > _LATEST, _active)


def chats_due_too_far(session: Transaction, now: datetime) -> list[int]:
    """Ids of the chats with a subscription whose due moment is further away than its kind of cadence allows."""
    values = {"day": now + _DAY, "weekend": now + _WEEKEND, "week": now + _WEEK}
    return sorted(set(execute(session, _FAR, values).scalars()))


# ---------------------------------------------------------------------------------------------------------------- moves

_upto = sa.bindparam("upto", type_=sa.Integer)
_ADVANCE = (
    sa.update(_subscriptions)
    .where(_s.id.in_(_ids))
    .values(
        cursor=sa.case(
            (cursor_of() < _upto, _upto), else_=cursor_of()
        ),  # a plan that began earlier never moves it back
        shared_cursor=sa.bindparam("follows", type_=sa.Integer),
        next_due_at=sa.bindparam("next_due"),
        latest_due_at=sa.bindparam("latest_due"),
    )
)
_SPOKEN = sa.update(_chats).where(_c.id.in_(_ids)).values(first_delivery_planned=True)


def advance(session: Transaction, moves: Sequence[tuple[int, int, DueSpan]], follow: Mapping[int, int]) -> None:
    """Moves subscriptions on: (id, cursor, next due) each. One statement for all that move to the same place.

    `follow`: id of a subscription -> the shared cursor that it follows from then on; the others follow none.
    """
    alike: dict[tuple[int, DueSpan, int | None], list[int]] = {}
    for subscription_id, cursor, due in moves:
        alike.setdefault((cursor, due, follow.get(subscription_id)), []).append(subscription_id)
    for (cursor, (next_due, latest_due), followed), ids in alike.items():
        place = {"upto": cursor, "next_due": next_due, "latest_due": latest_due, "follows": followed}
        for part in in_chunks(ids):
            execute(session, _ADVANCE, {"ids": part, **place})


def mark_first_delivery_planned(session: Transaction, chat_ids: Sequence[int]) -> None:
    """Stores that the first due delivery of these chats is planned."""
    for part in in_chunks(chat_ids):
        execute(session, _SPOKEN, {"ids": part})


StoredRow = tuple[Any, ...]


def _undecoded(statement: sa.Select[*tuple[Any, ...]]) -> sa.Executable:
    """The same statement, whose values come as the driver gives them: to decode them takes three times as long as to read them."""
    plain = [sa.type_coerce(column, NULLTYPE) for column in statement.selected_columns]
    return statement.with_only_columns(*plain, maintain_column_froms=True)


_STATEMENTS = (_undecoded(CHATS), _undecoded(SUBSCRIPTIONS))


def rows_of_chats(session: Transaction, chat_ids: Sequence[int]) -> list[StoredRow]:
    """All that `chats_by_id` and `subscriptions_of` read of these chats; only to be compared with another reading."""
    return [
        tuple(row)
        for part in in_chunks(chat_ids)
        for statement in _STATEMENTS
        for row in execute(session, statement, {"ids": part}).all()
    ]


# ------------------------------------------------------------------------------- the log of queries that came and went


KEPT = 100_000  # changes; an index older than the oldest one is rebuilt

_changes, _queries = TABLES.tables["query_change"], TABLES.tables["query"]
_qc, _q = _changes.c, _queries.c
_after, _most = sa.bindparam("after", type_=sa.Integer), sa.bindparam("most", type_=sa.Integer)
_NEWEST, _OLDEST = sa.select(sa.func.max(_qc.sequence)), sa.select(sa.func.min(_qc.sequence))
_CHANGED = sa.select(_qc.sequence, _qc.query).where(_qc.sequence > _after).order_by(_qc.sequence)
_TEXTS = sa.select(_q.id, _q.canonical).where(_q.id.in_(sa.bindparam("ids", type_=sa.Integer, expanding=True)))
_PAGE = sa.select(_q.id, _q.canonical).where(_q.id > _after).order_by(_q.id).limit(_most)
_DROP = sa.delete(_changes).where(
    _qc.sequence.in_(sa.select(_qc.sequence).where(_qc.sequence <= _after).order_by(_qc.sequence).limit(_most))
)


def newest_change(session: Transaction) -> int:
    """The sequence of the newest change; 0 before the first."""
    return execute(session, _NEWEST).scalar() or 0


def changes_after(session: Transaction, sequence: int) -> tuple[int, set[int]] | None:
    """(newest change, ids of the queries that came or went after a change); None if some of that is not known any more."""
    oldest, newest = execute(session, _OLDEST).scalar() or 0, newest_change(session)
    if newest == sequence:
        return newest, set()
    if newest < sequence or sequence < oldest - 1:
        return None
    return newest, {query for _, query in execute(session, _CHANGED, {"after": sequence})}


def queries_by_id(session: Transaction, ids: Sequence[int]) -> dict[int, str]:
    """Id -> canonical text, of those of these queries that are stored."""
    return dict(rows_of(session, _TEXTS, ids))


def page_of_queries(session: Transaction, after: int, most: int) -> list[tuple[int, str]]:
    """(id, canonical text) of the queries after the id `after`, in the order of their ids."""
    return [(query, canonical) for query, canonical in execute(session, _PAGE, {"after": after, "most": most})]


def drop_changes(session: Transaction, most: int) -> int:
    """Removes old changes, at most so many; the newest `KEPT` stay. Returns how many it removed."""
    return execute(session, _DROP, {"after": newest_change(session) - KEPT, "most": most}).rowcount
