"""A sender's way through the outbox: the next step of a lane, rendered, begun, confirmed (docs/architecture.md, rules 6, 7).

Every message takes this way, so its statements are made once, of tables and columns: no objects are made of rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, case, exists, func, insert, null, or_, select, update
from sqlmodel import Session

from subscriptions.model import ChatAddress, Kind, Lane, Message
from subscriptions.planning.retry import LONGEST_WAIT
from subscriptions.states import FINISHED, ChatState, MessageState
from subscriptions.store.database import connection_of
from subscriptions.store.rows import TABLES, Utc

_NEAR = 1000  # deliveries that come so soon after one that is rendered may be rendered with it

_deliveries, _chats, _messages, _items, _lanes = (
    TABLES.tables[name] for name in ("delivery", "chat", "message", "delivery_item", "lane")
)
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a sender is to do next in a lane: render a delivery, or post or look up one message of it."""

    seq: int
    delivery: str
    chat_id: int
    address: ChatAddress
    attempts: int
    message: Message | None = None  # None: nothing is rendered yet
    plain: bool = False  # post the plain form
    unclear: bool = False  # it may have been sent already, at `attempted_at`
    at_start: bool = False  # an earlier process left it unclear
    attempted_at: datetime | None = None  # machine's clock
    thread: str | None = None  # platform id of the message in whose thread it goes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What became of rendering a delivery: its messages, or why no message could be made of it."""

    seq: int
    messages: Sequence[Message] = ()
    failure: str = ""


# ---------------------------------------------------------------------------------------------------------- conditions


def may_be_sent() -> ColumnElement[bool]:
    """Whether a delivery's chat gets it now: an active one, or a notice to one that waits for an administrator."""
    asked = (_c.state == ChatState.ASKED) & _c.pause_reason.is_(None)
    return or_(_c.state == ChatState.ACTIVE, asked & (_d.kind == Kind.NOTICE))


def in_lane() -> ColumnElement[bool]:
    """Deliveries of the lane (:platform, :address). By the ids of its chats: no index leads from open deliveries to them."""
    its_chats = select(_c.id).where(_c.platform == bindparam("platform"), _c.address == bindparam("address"))
    return _d.chat.in_(its_chats)


def is_held() -> ColumnElement[bool]:
    """Whether the platform asked the chat's lane to wait, at :wall. A wait from the future (a clock that stepped) is none."""
    wall = bindparam("wall", type_=Utc)
    its_lane = (_lanes.c.platform == _c.platform) & (_lanes.c.address == _c.address)
    return exists().where(its_lane, _lanes.c.since <= wall, wall < _lanes.c.not_before)


def waits() -> ColumnElement[bool]:
    """Whether the next try is to be later than :now. More than :longest away, a clock that stood wrong has set it."""
    return (_d.next_at > bindparam("now", type_=Utc)) & (_d.next_at <= bindparam("longest", type_=Utc))


def waits_until(next_at: datetime | None, now: datetime) -> datetime | None:
    """When the next try is to be. A moment further off than any wait was set by a clock that stood wrong."""
    return next_at if next_at is not None and now < next_at <= now + LONGEST_WAIT else None


# --------------------------------------------------------------------------------------------------------------- lanes

_looked_up = exists().where(
    _m.delivery == _d.seq,
    _m.state == MessageState.UNCLEAR,
    _m.found_at_start.is_(True) | _c.platform.in_(bindparam("finding", expanding=True)),
)
_WAITING_LANES = (
    select(_c.platform, _c.address)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .where(_d.settled_at.is_(None), may_be_sent(), _c.platform.in_(bindparam("platforms", expanding=True)), ~is_held())
    .where(
        or_(
            _d.next_at.is_(None),
            ~waits(),
            _looked_up,
        )
    )
    .group_by(_c.platform, _c.address)
    .order_by(func.min(_d.seq))
)


def open_lanes(
    session: Session, platforms: Sequence[str], *, now: datetime, wall: datetime, finding: Sequence[str]
) -> list[Lane]:
    """Lanes with a delivery that is not settled and whose wait is over, of chats that may get messages, oldest first.

    On the platforms of `finding` an unclear message is looked up without waiting.
    """
    values = {"platforms": platforms, "finding": finding, "wall": wall, "now": now, "longest": now + LONGEST_WAIT}
    return [Lane(platform, address) for platform, address in connection_of(session).execute(_WAITING_LANES, values)]


# ---------------------------------------------------------------------------------------------------------------- claim

_OPEN = (
    select(_d.seq, _d.id, _d.attempts, _d.rendered_at, _d.next_at, _d.chat, _c.platform, _c.address, _c.topic)
    .add_columns(_m.number, _m.state, _m.lookup_given_up, _m.found_at_start)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .outerjoin(_messages, and_(_m.delivery == _d.seq, _m.state.not_in(FINISHED)))
    .where(in_lane(), may_be_sent(), ~is_held(), _d.settled_at.is_(None))
    .order_by(_d.seq, _m.number)
)
_parents = _messages.alias()
_MESSAGE = (
    select(_m.number, _m.payload, _m.plain, _m.reply_to, _m.use_plain, _m.attempted_at)
    .add_columns(_parents.c.platform_id.label("thread"))
    .outerjoin_from(_messages, _parents, and_(_parents.c.delivery == _m.delivery, _parents.c.number == _m.reply_to))
    .where(_m.delivery == bindparam("seq"), _m.number == bindparam("which"))
)


def claim(
    session: Session,
    lane: Lane,
    *,
    now: datetime,
    wall: datetime,
    skip_unclear: bool,
    can_find: bool,
    tried: frozenset[tuple[int, int]],
) -> Claim | None:
    """What to do next in this lane; None: nothing now (rule 6). Marks nothing: that is what `begin` is for.

    A waiting or unclear message stops the lane; a dead one does not, nor an unclear one under `skip_unclear` that
    nobody can look up. `tried` are messages that this call of `deliver` has had its turn with.
    """

    def passes(row: Row[Any]) -> bool:
        """An unclear message that the lane goes on without."""
        given_up = row.lookup_given_up and (row.seq, row.number) in tried
        return row.state is MessageState.UNCLEAR and ((skip_unclear and not can_find) or given_up)

    def may_be_tried(row: Row[Any]) -> bool:
        if (row.seq, row.number) in tried and row.state is not MessageState.READY:
            return False
        looks = row.state is MessageState.UNCLEAR and (can_find or row.found_at_start)
        early = waits_until(row.next_at, now) is not None and not looks
        return row.state is MessageState.READY or (row.state is not MessageState.SENDING and not early)

    values = {"platform": lane.platform, "address": lane.address, "wall": wall}
    with connection_of(session).execute(_OPEN, values) as rows:
        for _, messages in groupby(rows, key=lambda row: row.seq):
            row = next((row for row in messages if row.rendered_at is None or (row.number and not passes(row))), None)
            if row is None:
                continue
            if row.rendered_at is None:
                return _claim_of(row)
            return _claim_of(row, _one_message(session, row)) if may_be_tried(row) else None
    return None


def _one_message(session: Session, row: Row[Any]) -> Row[Any]:
    return connection_of(session).execute(_MESSAGE, {"seq": row.seq, "which": row.number}).one()


def _claim_of(row: Row[Any], message: Row[Any] | None = None) -> Claim:
    claimed = Claim(
        seq=row.seq,
        delivery=row.id,
        chat_id=row.chat,
        address=ChatAddress(row.platform, row.address, row.topic),
        attempts=row.attempts,
    )
    if message is None:
        return claimed
    return replace(
        claimed,
        message=Message(number=message.number, payload=message.payload, plain=message.plain, reply_to=message.reply_to),
        plain=message.use_plain,
        unclear=row.state is MessageState.UNCLEAR,
        at_start=row.found_at_start,
        attempted_at=message.attempted_at,
        thread=message.thread,
    )


# -------------------------------------------------------------------------------------------------------------- render

_earlier, _neighbours = _deliveries.alias(), _chats.alias()
_STANDS_BEHIND = exists().where(
    _neighbours.c.platform == _c.platform,
    _neighbours.c.address == _c.address,
    _earlier.c.chat == _neighbours.c.id,
    _earlier.c.settled_at.is_(None),
    _earlier.c.seq < _d.seq,
)
_first = bindparam("first", type_=_d.seq.type)
_UNRENDERED = (
    select(_d.seq)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .where(_d.seq.between(_first, _first + _NEAR), _d.rendered_at.is_(None), _d.dismissed_at.is_(None))
    .where(
        _c.platform.concat("") == bindparam("platform"), may_be_sent()
    )  # by no index: nearly all chats are of a platform
    .where(or_(_d.seq == _first, ~_STANDS_BEHIND & ~is_held()))
    .order_by(_d.seq)
    .limit(bindparam("most"))
)
_RENDERED = (
    update(_deliveries)
    .where(_d.seq.in_(bindparam("those", expanding=True)), _d.rendered_at.is_(None))
    .values(rendered_at=bindparam("now"), settled_at=bindparam("over", type_=Utc), reason=bindparam("why"))
    .returning(_d.seq)
)
_NEW_MESSAGE = insert(_messages)
_SHOWS = update(_items).where(_i.delivery == bindparam("of"), _i.paper == bindparam("which")).values(
    message=bindparam("by")
)  # fmt: skip


def unrendered(session: Session, claimed: Claim, most: int, *, wall: datetime) -> list[int]:
    """A claimed delivery and others, `most` in all, that come soon after it and are the next of their lanes."""
    values = {"first": claimed.seq, "platform": claimed.address.platform, "wall": wall, "most": most}
    return list(connection_of(session).execute(_UNRENDERED, values).scalars())


def store_rendered(session: Session, rendered: Iterable[Rendered], *, now: datetime) -> None:
    """Stores what was made of deliveries, once: what is stored is what every try posts (rule 7).

    One that no message could be made of is dead, with the reason, until a person lets it be tried again.
    """
    connection = connection_of(session)
    fates: dict[tuple[datetime | None, str], dict[int, Rendered]] = {}
    for one in rendered:
        over = now if one.failure or not one.messages else None
        fates.setdefault((over, one.failure), {})[one.seq] = one
    messages: list[dict[str, object]] = []
    shows: list[dict[str, int]] = []
    for (over, why), those in fates.items():
        values = {"those": list(those), "now": now, "over": over, "why": why}
        for seq in connection.execute(_RENDERED, values).scalars().all():  # not what was rendered before, or is gone
            one = those[seq]
            if one.failure:
                messages.append(
                    _new_message(one.seq, Message(number=1, payload="", plain=""), MessageState.DEAD, one.failure)
                )
            for message in one.messages:
                messages.append(_new_message(one.seq, message))
                shows += [{"of": one.seq, "which": paper, "by": message.number} for paper in message.papers]
    if messages:
        connection.execute(_NEW_MESSAGE, messages)
    if shows:
        connection.execute(_SHOWS, shows)


def _new_message(
    seq: int, message: Message, state: MessageState = MessageState.READY, reason: str = ""
) -> dict[str, object]:
    return {
        "delivery": seq,
        "number": message.number,
        "payload": message.payload,
        "plain": message.plain,
        "reply_to": message.reply_to,
        "state": state,
        "reason": reason,
        "use_plain": False,
        "found_at_start": False,
        "lookup_given_up": False,
    }


# ------------------------------------------------------------------------------------------------------ begin, confirm

_BEGIN = (
    update(_messages)
    .where(_m.delivery == bindparam("of"), _m.number == bindparam("which"), _m.payload == bindparam("content"))
    .where(or_(_m.state == bindparam("was"), _m.state == bindparam("or_was")))
    .where(
        exists().where(
            _d.seq == bindparam("of"),
            _d.settled_at.is_(None),
            _c.id == _d.chat,
            _c.platform == bindparam("platform"),
            _c.address == bindparam("address"),
            may_be_sent(),
            ~is_held(),
        )
    )
    .values(state=MessageState.SENDING, attempted_at=bindparam("wall"), found_at_start=False)
)
_CONFIRM = (
    update(_messages)
    .where(_m.delivery == bindparam("of"), _m.number == bindparam("which"))
    .values(
        state=MessageState.SENT,
        platform_id=bindparam("its_id"),
        sent_at=bindparam("now"),
        reason="",
        lookup_given_up=False,
    )
)
_is_open = exists().where(_m.delivery == bindparam("of"), _m.state.not_in(FINISHED))
_is_missing = exists().where(_m.delivery == bindparam("of"), _m.state != MessageState.SENT)
_others = _deliveries.alias()
_in_its_lane = _others.c.chat.in_(
    select(_c.id).where(_c.platform == bindparam("platform"), _c.address == bindparam("address"))
)
_goes_on = or_(
    _is_open,
    exists().where(_others.c.seq != bindparam("of"), _others.c.settled_at.is_(None), _in_its_lane),
    exists().where(_m.edit_requested_at.is_not(None), _m.platform_id.is_not(None)),
)
_shown = select(func.count()).where(_i.delivery == bindparam("of"), _i.shown.is_(True)).scalar_subquery()
_TRIED_WELL = (
    update(_deliveries)
    .where(_d.seq == bindparam("of"))
    .values(
        next_at=None,
        attempts=0,
        reason="",
        settled_at=case(
            (_d.dismissed_at.is_not(None), _d.settled_at),
            (_is_open, null()),
            else_=bindparam("now", type_=Utc),
        ),
    )
    .returning(case((_is_missing, null()), else_=_shown), _goes_on)
)


def mark_sending(session: Session, claimed: Claim, message: Message, *, wall: datetime) -> bool:
    """The message is posted now: marks it `sending`. False: it is not as it was claimed any more.

    A guarded update: of two senders only one gets it, and nobody what a person dismissed meanwhile, nor a chat that was
    paused, has moved or was asked to wait.
    """
    values = {
        "of": claimed.seq,
        "which": message.number,
        "content": message.payload,
        "was": MessageState.UNCLEAR if claimed.unclear else MessageState.READY,
        "or_was": MessageState.UNCLEAR if claimed.unclear else MessageState.WAITING,
        "platform": claimed.address.platform,
        "address": claimed.address.address,
        "wall": wall,
    }
    return bool(connection_of(session).execute(_BEGIN, values).rowcount == 1)


def confirm(
    session: Session, claimed: Claim, number: int, platform_id: str, *, now: datetime
) -> tuple[int | None, bool]:
    """The platform has the message.

    Returns how many papers the delivery shows once it has all its messages, else None; and whether the lane may have
    something more to do. After most messages it has not, and nobody needs to look for it.
    """
    connection = connection_of(session)
    seq, lane = claimed.seq, claimed.address.lane
    connection.execute(_CONFIRM, {"of": seq, "which": number, "its_id": platform_id, "now": now})
    values = {"of": seq, "now": now, "platform": lane.platform, "address": lane.address}
    found = connection.execute(_TRIED_WELL, values).first()
    return (found[0], bool(found[1])) if found else (None, True)
