"""A planner's way through the store: who is due, up to where they have looked, and where they move (rules 2 and 5).

All morning long some chat is due every minute, so its statements are made once, as those of `sending`.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, or_, select, true, update
from sqlmodel import Session

from subscriptions.states import ChatState, SubscriptionState
from subscriptions.store.chat.subscriptions import NOW, SHARED_CURSOR, DueSpan, shared_cursor
from subscriptions.store.database import CHUNK, execute
from subscriptions.store.key_value import put_value
from subscriptions.store.rows import TABLES, Utc

_chats, _subscriptions = TABLES.tables["chat"], TABLES.tables["subscription"]
_c, _s = _chats.c, _subscriptions.c
_now, _mark, _head = bindparam("now", type_=Utc), bindparam("mark", type_=Integer), bindparam("head", type_=Integer)
_ids = bindparam("ids", type_=Integer, expanding=True)


# -------------------------------------------------------------------------------------------------------------- pauses

_CHAT_PAUSE_ENDED = (_c.state == ChatState.PAUSED) & (_c.paused_until <= _now)
_PAUSE_ENDED = (_s.state == SubscriptionState.PAUSED) & (_s.paused_until <= _now)
_A_PAUSE_ENDED = select(
    or_(select(_c.id).where(_CHAT_PAUSE_ENDED).exists(), select(_s.id).where(_PAUSE_ENDED).exists())
)
_BACK_WITH_CHATS = (
    select(_s.chat, _s.id, _c.paused_until)
    .join_from(_subscriptions, _chats, _c.id == _s.chat)
    .where(_CHAT_PAUSE_ENDED, _s.state == SubscriptionState.ACTIVE)
)
_BACK = select(_s.chat, _s.id, _s.paused_until).where(_PAUSE_ENDED)
_WAKE_CHATS = (
    update(_chats)
    .where(_CHAT_PAUSE_ENDED)
    .values(state=ChatState.ACTIVE, admission=None, pause_reason=None, state_detail="", paused_until=None)
)
_WAKE = update(_subscriptions).where(_PAUSE_ENDED).values(state=SubscriptionState.ACTIVE, paused_until=None)


def has_ended_pause(session: Session, now: datetime) -> bool:
    """Whether some chat or subscription was paused until a moment that has come."""
    return bool(execute(session, _A_PAUSE_ENDED, {"now": now}).scalar())


def ended_pauses(session: Session, now: datetime) -> list[tuple[int, int, datetime]]:
    """Subscriptions that come back now, with their chats or by themselves: (chat, subscription, when the pause was over)."""
    rows = [row for back in (_BACK_WITH_CHATS, _BACK) for row in execute(session, back, {"now": now})]
    return [(chat, wish, until) for chat, wish, until in rows]


def end_pauses(session: Session, now: datetime) -> None:
    """Makes chats and subscriptions active again whose pause has ended by itself."""
    execute(session, _WAKE_CHATS, {"now": now})
    execute(session, _WAKE, {"now": now})


# ----------------------------------------------------------------------------------------------------------------- due


def _due(comes: ColumnElement[bool]) -> Select[int]:
    """`comes`: for whom papers that came count."""
    moment_has_come = func.coalesce(_s.next_due_at, _now, type_=Utc) <= _now
    papers_came = func.coalesce(_s.cursor, _mark) < _head
    return (
        select(_s.chat)
        .join_from(_subscriptions, _chats, _c.id == _s.chat)
        .where(
            _c.state == ChatState.ACTIVE,
            _s.state == SubscriptionState.ACTIVE,
            or_(_s.latest_due_at <= _now, moment_has_come & papers_came & comes),
        )
        .distinct()
        .order_by(_s.chat)
    )


_DUE, _DUE_WAITING = _due(true()), _due(_s.cadence == NOW)


def due_chats(session: Session, now: datetime, head: int, *, waiting: bool = False) -> list[int]:
    """Ids of active chats with an active subscription whose moment has come, or that wait for papers that came.

    `waiting`: sources that are awaited have not reported, so papers that came open no when-out.
    """
    values = {"now": now, "mark": shared_cursor(session), "head": head}
    return list(execute(session, _DUE_WAITING if waiting else _DUE, values).scalars().all())


# ---------------------------------------------------------------------------------------------------------------- moves

_ADVANCE = (
    update(_subscriptions)
    .where(_s.id.in_(_ids))
    .values(cursor=bindparam("upto"), next_due_at=bindparam("next_due"), latest_due_at=bindparam("latest_due"))
)
_SHARE = (
    update(_subscriptions)
    .where(
        _s.cadence == NOW,
        _s.state == SubscriptionState.ACTIVE,
        _s.cursor == _head,
        _s.next_due_at.is_(None),  # what is held keeps its own place
        _s.chat.in_(select(_c.id).where(_c.state == ChatState.ACTIVE)),
    )
    .values(cursor=None)
)
_SPOKEN = update(_chats).where(_c.id.in_(_ids)).values(first_delivery_planned=True)


def advance(session: Session, moves: Sequence[tuple[int, int, DueSpan]]) -> None:
    """Moves subscriptions on: (id, seen, due) each. Most of those that are planned together move to the same place."""
    together: dict[tuple[int, DueSpan], list[int]] = {}
    for sub, seen, due in moves:
        together.setdefault((seen, due), []).append(sub)
    for (seen, due), subs in together.items():
        for i in range(0, len(subs), CHUNK):
            values = {"ids": subs[i : i + CHUNK], "upto": seen, "next_due": due[0], "latest_due": due[1]}
            execute(session, _ADVANCE, values)


def advance_shared_cursor(session: Session, head: int) -> None:
    """Lets every active `now` subscription that has caught up to `head` share one mark, and raises it.

    Where another planner has raised it further meanwhile, the rows keep their own place.
    """
    mark = shared_cursor(session)
    if mark > head:
        return
    execute(session, _SHARE, {"head": head})
    if mark < head:
        put_value(session, SHARED_CURSOR, str(head))


def mark_first_delivery_planned(session: Session, chat_ids: Sequence[int]) -> None:
    """These chats have had their first due delivery."""
    for i in range(0, len(chat_ids), CHUNK):
        execute(session, _SPOKEN, {"ids": chat_ids[i : i + CHUNK]})
