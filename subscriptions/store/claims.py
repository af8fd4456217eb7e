"""The first steps of a sender (docs/architecture.md, rules 6, 7): claim the next message of a lane, render it.

Every message takes these steps, so their statements are built once, from tables and columns: no row becomes an object.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from subscriptions.model import ChatAddress, DeliveryKind, Lane, Message
from subscriptions.planning.decision import LONGEST_WAIT
from subscriptions.states import FINISHED, WAITING, ChatState, MessageState
from subscriptions.store.columns import Condition, Utc
from subscriptions.store.database.store import Transaction, connection_of, writes
from subscriptions.store.rows import GOES_OUT, TABLES

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_NEAR = 1000  # how many deliveries after a claimed one are looked through for others to render with it

_deliveries, _chats, _messages, _items, _lanes = (
    TABLES.tables[name] for name in ("delivery", "chat", "message", "delivery_item", "lane")
)
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a sender does next in a lane: render a delivery, or post or look up one message of it."""

    seq: int
    delivery: str
    chat_id: int
    address: ChatAddress
    attempts: int
    message: Message | None = None  # None: the delivery is not rendered
    plain: bool = False  # post the plain form
    unclear: bool = False  # an earlier post may have arrived
    at_start: bool = False  # an earlier process left it unclear
    waits: bool = False  # it is to be looked up; the moment of its next attempt has not come
    unclear_since: datetime | None = None  # when the first of those posts began, on the machine's clock
    thread: str | None = None  # platform id of the message in whose thread it goes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A rendered delivery: its messages, or why it could not be rendered."""

    seq: int
    messages: Sequence[Message] = ()
    failure: str = ""


# ---------------------------------------------------------------------------------------------------------- conditions


def may_be_sent() -> sa.ColumnElement[bool]:
    """Whether the chat of a delivery gets messages: it is active, or it waits for an operator and this is a notice."""
    waits = sa.or_(*(_c.state == one for one in WAITING)) & _c.pause_reason.is_(None)
    return sa.or_(_c.state == ChatState.ACTIVE, waits & (_d.kind == DeliveryKind.NOTICE))


def in_lane() -> sa.ColumnElement[bool]:
    """Whether a delivery is of the lane (:platform, :address).

    Compares ids of chats: no index leads from deliveries to addresses.
    """
    its_chats = sa.select(_c.id).where(_c.platform == sa.bindparam("platform"), _c.address == sa.bindparam("address"))
    return _d.chat.in_(its_chats)


def is_held() -> sa.ColumnElement[bool]:
    """Whether the chat's lane waits at :wall, as its platform asked.

    Ignores a wait that begins in the future: the clock was set back.
    """
    wall = sa.bindparam("wall", type_=Utc)
    its_lane = (_lanes.c.platform == _c.platform) & (_lanes.c.address == _c.address)
    return sa.exists().where(its_lane, _lanes.c.since <= wall, wall < _lanes.c.not_before)


def waits() -> sa.ColumnElement[bool]:
    """Whether the next attempt is after :now. Ignores one after :longest: it was stored while the clock was wrong."""
    return (_d.next_at > sa.bindparam("now", type_=Utc)) & (_d.next_at <= sa.bindparam("longest", type_=Utc))


def is_requested() -> sa.ColumnElement[bool]:
    """Whether an edit of a message was requested. Compares moments: SQLite looks for "not NULL" through all messages."""
    return _m.edit_requested_at > _BEGINNING


def any_requested() -> sa.ScalarSelect[Any]:
    """A message whose edit was requested; NULL: there is none.

    The first one in the order of the index: PostgreSQL would look for any one through all messages until it has statistics.
    """
    wanted = sa.select(_m.delivery).where(is_requested(), _m.platform_id.is_not(None))
    return wanted.order_by(_m.edit_requested_at).limit(1).scalar_subquery()


def waits_until(next_at: datetime | None, now: datetime) -> datetime | None:
    """The moment of the next attempt, None for now.

    Ignores a moment beyond the longest wait: it was stored while the clock was wrong.
    """
    return next_at if next_at is not None and now < next_at <= now + LONGEST_WAIT else None


# --------------------------------------------------------------------------------------------------------------- lanes

_can_be_looked_up = sa.exists().where(
    _m.delivery == _d.seq,
    _m.state == MessageState.UNCLEAR,
    _m.found_at_start.is_(True)
    | (_m.lookup_given_up.is_(False) & _c.platform.in_(sa.bindparam("finding", expanding=True))),
)
_WAITING_LANES = (
    sa.select(_c.platform, _c.address)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    # concat keeps SQLite from the index of addresses: nearly all chats are of one platform
    .where(Condition(GOES_OUT), _c.platform.concat("").in_(sa.bindparam("platforms", expanding=True)), ~is_held())
    .where(
        sa.or_(
            _d.next_at.is_(None),
            ~waits(),
            _can_be_looked_up,
        )
    )
    .group_by(_c.platform, _c.address)
    .order_by(sa.func.min(_d.seq))
)


def open_lanes(
    session: Transaction, platforms: Sequence[str], *, now: datetime, wall: datetime, finding: Sequence[str]
) -> list[Lane]:
    """The lanes with something to do now, oldest first: a delivery that is not settled, may be sent and does not wait.

    On the platforms in `finding` an unclear message does not wait: it is looked up, unless the look-up was given up.
    """
    values = {"platforms": platforms, "finding": finding, "wall": wall, "now": now, "longest": now + LONGEST_WAIT}
    return [Lane(platform, address) for platform, address in connection_of(session).execute(_WAITING_LANES, values)]


# ---------------------------------------------------------------------------------------------------------------- claim

_OPEN = (
    sa.select(_d.seq, _d.id, _d.attempts, _d.rendered_at, _d.next_at, _d.chat, _c.platform, _c.address, _c.topic)
    .add_columns(_m.number, _m.state, _m.lookup_given_up, _m.found_at_start)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .outerjoin(_messages, sa.and_(_m.delivery == _d.seq, _m.state.not_in(FINISHED)))
    .where(in_lane(), may_be_sent(), ~is_held(), _d.settled_at.is_(None))
    .order_by(_d.seq, _m.number)
)
_parents = _messages.alias()
_MESSAGE = (
    sa.select(_m.number, _m.payload, _m.plain, _m.reply_to, _m.use_plain, _m.unclear_since)
    .add_columns(_parents.c.platform_id.label("thread"))
    .outerjoin_from(_messages, _parents, sa.and_(_parents.c.delivery == _m.delivery, _parents.c.number == _m.reply_to))
    .where(_m.delivery == sa.bindparam("seq"), _m.number == sa.bindparam("which"))
)


def claim(
    session: Transaction,
    lane: Lane,
    *,
    now: datetime,
    wall: datetime,
    skip_unclear: bool,
    can_find: bool,
    tried: frozenset[tuple[int, int]],
) -> Claim | None:
    """The next step of a lane; None if there is none now (rule 6). Marks nothing: `mark_sending` does.

    A waiting or unclear message stops the lane. A dead one does not. With `skip_unclear`, an unclear one that cannot be
    looked up does not, either: after its look-up was given up, a person decides, and it is looked up again only when a
    process starts. `tried`: messages (seq, number) that the caller has tried already.
    """

    def passes(row: sa.Row[Any]) -> bool:
        """Whether the lane goes on past this unclear message."""
        is_left = row.lookup_given_up and not row.found_at_start
        return row.state is MessageState.UNCLEAR and skip_unclear and (is_left or not can_find)

    def is_early(row: sa.Row[Any]) -> bool:
        return waits_until(row.next_at, now) is not None

    def may_be_tried(row: sa.Row[Any]) -> bool:
        if (row.seq, row.number) in tried and row.state is not MessageState.READY:
            return False
        can_be_found = can_find and not row.lookup_given_up
        looks = row.state is MessageState.UNCLEAR and (can_be_found or row.found_at_start)
        return row.state is MessageState.READY or (
            row.state is not MessageState.SENDING and (looks or not is_early(row))
        )

    values = {"platform": lane.platform, "address": lane.address, "wall": wall}
    with connection_of(session).execute(_OPEN, values) as rows:
        for _, messages in groupby(rows, key=lambda row: row.seq):
            row = next((row for row in messages if row.rendered_at is None or (row.number and not passes(row))), None)
            if row is None:
                continue
            if row.rendered_at is None:
                return _claim_of(row)
            return _claim_of(row, _one_message(session, row), waits=is_early(row)) if may_be_tried(row) else None
    return None


def _one_message(session: Transaction, row: sa.Row[Any]) -> sa.Row[Any]:
    return connection_of(session).execute(_MESSAGE, {"seq": row.seq, "which": row.number}).one()


def _claim_of(row: sa.Row[Any], message: sa.Row[Any] | None = None, *, waits: bool = False) -> Claim:
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
        waits=waits,
        unclear_since=message.unclear_since if row.state is MessageState.UNCLEAR else None,
        thread=message.thread,
    )


# -------------------------------------------------------------------------------------------------------------- render

_earlier, _neighbours = _deliveries.alias(), _chats.alias()
_IS_BEHIND = sa.exists().where(
    _neighbours.c.platform == _c.platform,
    _neighbours.c.address == _c.address,
    _earlier.c.chat == _neighbours.c.id,
    _earlier.c.settled_at.is_(None),
    _earlier.c.seq < _d.seq,
)
_first = sa.bindparam("first", type_=_d.seq.type)
_UNRENDERED = (
    sa.select(_d.seq)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .where(_d.seq.between(_first, _first + _NEAR), _d.rendered_at.is_(None), _d.dismissed_at.is_(None))
    .where(
        _c.platform.concat("") == sa.bindparam("platform"), may_be_sent()
    )  # concat keeps SQLite from an index: nearly all chats are of one platform
    .where(sa.or_(_d.seq == _first, ~_IS_BEHIND & ~is_held()))
    .order_by(_d.seq)
    .limit(sa.bindparam("most"))
)
_RENDERED = (
    sa.update(_deliveries)
    .where(_d.seq.in_(sa.bindparam("those", expanding=True)), _d.rendered_at.is_(None))
    .values(rendered_at=sa.bindparam("now"), settled_at=sa.bindparam("over", type_=Utc), reason=sa.bindparam("why"))
    .returning(_d.seq)
)
_NEW_MESSAGE = sa.insert(_messages)
_SHOWS = sa.update(_items).where(_i.delivery == sa.bindparam("of"), _i.paper == sa.bindparam("which")).values(
    message=sa.bindparam("by")
)  # fmt: skip


def unrendered(session: Transaction, claimed: Claim, most: int, *, wall: datetime) -> list[int]:
    """A claimed delivery and others soon after it that are the next of their lanes, at most `most`."""
    values = {"first": claimed.seq, "platform": claimed.address.platform, "wall": wall, "most": most}
    return list(connection_of(session).execute(_UNRENDERED, values).scalars())


@writes
def store_rendered(transaction: Transaction, rendered: Iterable[Rendered], *, now: datetime) -> None:
    """Stores the messages of rendered deliveries; skips a delivery that has been rendered before (rule 7).

    A delivery that could not be rendered is dead, with the reason, until a person has it tried again.
    """
    connection = connection_of(transaction)
    fates: dict[tuple[datetime | None, str], dict[int, Rendered]] = {}
    for one in rendered:
        over = now if one.failure or not one.messages else None
        fates.setdefault((over, one.failure), {})[one.seq] = one
    messages: list[dict[str, object]] = []
    shows: list[dict[str, int]] = []
    for (over, why), those in fates.items():
        values = {"those": list(those), "now": now, "over": over, "why": why}
        for seq in (
            connection.execute(_RENDERED, values).scalars().all()
        ):  # without those that were rendered before or do not exist any more
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
