"""What the planner reads and writes: due chats, cursors and due moments of subscriptions (rules 2 and 5).

In the morning some chat is due every minute, so these statements are built once, like those of `outbox.claims`.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    bindparam,
    case,
    or_,
    select,
    text,
    true,
    union_all,
    update,
)
from sqlmodel import Session

from subscriptions.states import ChatState, SubscriptionState
from subscriptions.store.chat.subscriptions import NOW, DueSpan
from subscriptions.store.columns import Utc
from subscriptions.store.database.store import CHUNK, execute, in_chunks
from subscriptions.store.rows import BECOMES_DUE, TABLES

_chats, _subscriptions = TABLES.tables["chat"], TABLES.tables["subscription"]
_c, _s = _chats.c, _subscriptions.c
_now, _last_sequence = bindparam("now", type_=Utc), bindparam("last_sequence", type_=Integer)
_ids = bindparam("ids", type_=Integer, expanding=True)


# -------------------------------------------------------------------------------------------------------------- pauses

_CHAT_PAUSE_ENDED = (_c.state == ChatState.PAUSED) & (_c.paused_until <= _now)
_PAUSE_ENDED = (_s.state == SubscriptionState.PAUSED) & (_s.paused_until <= _now)
_A_PAUSE_ENDED = select(
    or_(select(_c.id).where(_CHAT_PAUSE_ENDED).exists(), select(_s.id).where(_PAUSE_ENDED).exists())
)
_CHATS_BACK = select(_c.id, _c.paused_until).where(_CHAT_PAUSE_ENDED)
_OF_CHATS = select(_s.chat, _s.id).where(_s.chat.in_(_ids), _s.state == SubscriptionState.ACTIVE)
_ENDED = select(_s.chat, _s.id, _s.paused_until).where(_PAUSE_ENDED)
_RESUME_CHATS = (
    update(_chats)
    .where(_CHAT_PAUSE_ENDED)
    .values(state=ChatState.ACTIVE, admission=None, pause_reason=None, state_detail="", paused_until=None)
)
_RESUME = update(_subscriptions).where(_PAUSE_ENDED).values(state=SubscriptionState.ACTIVE, paused_until=None)


def has_ended_pause(session: Session, now: datetime) -> bool:
    """Whether the pause of a chat or subscription has ended by `now`."""
    return bool(execute(session, _A_PAUSE_ENDED, {"now": now}).scalar())


def ended_pauses(session: Session, now: datetime) -> list[tuple[int, int, datetime]]:
    """(chat, subscription, end of the pause) of the subscriptions whose pause, or whose chat's pause, has ended."""
    found = [(chat, subscription, until) for chat, subscription, until in execute(session, _ENDED, {"now": now})]
    back: dict[int, datetime] = {row.id: row.paused_until for row in execute(session, _CHATS_BACK, {"now": now})}
    for part in in_chunks(sorted(back)):  # in a join SQLite would begin with the subscriptions, and read all of them
        found += [(chat, subscription, back[chat]) for chat, subscription in execute(session, _OF_CHATS, {"ids": part})]
    return found


def end_pauses(session: Session, now: datetime) -> None:
    """Makes the chats and subscriptions active whose pause has ended."""
    execute(session, _RESUME_CHATS, {"now": now})
    execute(session, _RESUME, {"now": now})


# ----------------------------------------------------------------------------------------------------------------- due


def _due(comes: ColumnElement[bool]) -> CompoundSelect[int]:
    """The statement for due chats; `comes` is the condition for subscriptions that new papers make due.

    The union of what three ranges of indexes hold: with OR, SQLite would read all subscriptions, each second. The indexes hold
    only what becomes due, so it takes no time how many chats are gone.
    """
    papers_came = _s.cursor < _last_sequence
    return union_all(
        *(
            select(_s.chat).where(*conditions, text(BECOMES_DUE))
            for conditions in (
                (_s.latest_due_at <= _now,),
                (_s.next_due_at <= _now, papers_came, comes),
                (_s.next_due_at.is_(None), papers_came, comes),
            )
        )
    )


_DUE, _DUE_WAITING = _due(true()), _due(_s.cadence == NOW)


def due_chats(session: Session, now: datetime, last_sequence: int, *, waiting: bool = False) -> list[int]:
    """Ids of the active chats that have an active subscription which is due.

    `waiting`: awaited sources have not reported, so new papers make no subscription with cadence when-out due.
    """
    values = {"now": now, "last_sequence": last_sequence}
    return sorted(set(execute(session, _DUE_WAITING if waiting else _DUE, values).scalars()))


# ---------------------------------------------------------------------------------------------------------------- moves

_upto = bindparam("upto", type_=Integer)
_ADVANCE = (
    update(_subscriptions)
    .where(_s.id.in_(_ids))
    .values(
        cursor=case((_s.cursor < _upto, _upto), else_=_s.cursor),  # a plan that began earlier never moves it back
        next_due_at=bindparam("next_due"),
        latest_due_at=bindparam("latest_due"),
    )
)
_SPOKEN = update(_chats).where(_c.id.in_(_ids)).values(first_delivery_planned=True)


def advance(session: Session, moves: Sequence[tuple[int, int, DueSpan]]) -> None:
    """Moves subscriptions on: (id, cursor, next due) each. One statement for all that move to the same place."""
    alike: dict[tuple[int, DueSpan], list[int]] = {}
    for subscription_id, cursor, due in moves:
        alike.setdefault((cursor, due), []).append(subscription_id)
    for (cursor, due), ids in alike.items():
        for i in range(0, len(ids), CHUNK):
            values = {"ids": ids[i : i + CHUNK], "upto": cursor, "next_due": due[0], "latest_due": due[1]}
            execute(session, _ADVANCE, values)


def mark_first_delivery_planned(session: Session, chat_ids: Sequence[int]) -> None:
    """Stores that the first due delivery of these chats is planned."""
    for i in range(0, len(chat_ids), CHUNK):
        execute(session, _SPOKEN, {"ids": chat_ids[i : i + CHUNK]})
