"""The outbox: deliveries of one chat, all deliveries as operators see them, and figures for operators.

The figures tell what is in the outbox, since when work waits, and how large the tables are. Each figure is computed
from open rows or from one entry of an index, never from the history. Work does not count as waiting before its moment,
in the chat's quiet hours, or while a pause lasts that its platform requested.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, or_, select

from subscriptions import model
from subscriptions.planning.cadence import quiet_until
from subscriptions.planning.decision import LONGEST_WAIT
from subscriptions.states import (
    FINISHED,
    MAYBE_SENT,
    UNDER_WAY,
    WAITING,
    ChatState,
    DeliveryState,
    MessageState,
    PauseReason,
    describe_chat_state,
)
from subscriptions.store import claims, workers
from subscriptions.store import rows as stored_rows
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.bot_state import last_sequence
from subscriptions.store.columns import Big, Condition, Utc
from subscriptions.store.database import store
from subscriptions.store.database.store import Transaction
from subscriptions.store.deliveries import SHOWN_IN_MESSAGE
from subscriptions.store.rows import ChatRow, DeliveryItemRow, DeliveryRow, LaneRow, MessageRow
from subscriptions.zones import zone

_FINAL = (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.DISMISSED)  # after these, no attempt follows
_WORST_FIRST = (MessageState.DEAD, MessageState.UNCLEAR, MessageState.WAITING, MessageState.SENDING)

_deliveries, _chats, _messages, _items, _subscriptions, _papers, _appearances, _digests = (
    stored_rows.TABLES.tables[name]
    for name in ("delivery", "chat", "message", "delivery_item", "subscription", "paper", "appearance", "digest")
)
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c
_s, _p, _a, _g = _subscriptions.c, _papers.c, _appearances.c, _digests.c
_NOT_OVER = (
    sa.select(_d.seq).where(_d.settled_at.is_(None)).union(sa.select(_m.delivery).where(_m.state == MessageState.DEAD))
)
_those = sa.bindparam("those", expanding=True, type_=Big)
_STATES_OF = sa.select(_m.delivery, _m.state, _m.reason).where(_m.delivery.in_(_those)).order_by(_m.delivery, _m.number)
_PAPERS_OF = (
    sa.select(_i.delivery, sa.func.count().label("papers")).where(_i.delivery.in_(_those)).group_by(_i.delivery)
)
_STATES = (
    sa.select(_d.seq, _d.dismissed_at, _d.kind, _c.platform, _c.state, _c.pause_reason, _m.state.label("message"))
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .outerjoin(_messages, _m.delivery == _d.seq)
    .where(or_(_d.settled_at.is_(None), _d.seq.in_(sa.select(_m.delivery).where(_m.state == MessageState.DEAD))))
    .order_by(_d.seq)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One delivery in the list for operators (docs/commands.md, `outbox --json`)."""

    id: str
    chat: str
    kind: str
    state: DeliveryState
    papers: int
    messages: int
    attempts: int
    next_at: datetime | None
    waiting_since: datetime
    reason: str


@store.reads
def entries(
    transaction: Transaction, after: int, *, over: bool, now: datetime, wall: datetime
) -> tuple[list[OutboxEntry], int]:
    """Returns (a page of deliveries with a `seq` above `after`, oldest first; the last `seq` of the page).

    With `over`, the page includes deliveries that were sent or dismissed. Then all rows are read; otherwise an index is
    used.
    """
    page = (
        select(DeliveryRow, ChatRow, LaneRow)
        .join(ChatRow, col(ChatRow.id) == DeliveryRow.chat)
        .outerjoin(LaneRow, (col(LaneRow.platform) == ChatRow.platform) & (col(LaneRow.address) == ChatRow.address))
        .where(col(DeliveryRow.seq) > after)
        .order_by(col(DeliveryRow.seq))
        .limit(store.CHUNK)
    )
    rows = transaction.exec(page if over else page.where(col(DeliveryRow.seq).in_(_NOT_OVER))).all()
    seqs = [row.seq or 0 for row, _, _ in rows]
    messages: dict[int, list[tuple[MessageState, str]]] = {}
    for message in store.execute(transaction, _STATES_OF, {"those": seqs}):
        messages.setdefault(message.delivery, []).append((message.state, message.reason))
    papers: dict[int, int] = {
        row.delivery: row.papers for row in store.execute(transaction, _PAPERS_OF, {"those": seqs})
    }
    found = [
        _entry(
            row,
            chat,
            messages.get(seq, []),
            papers.get(seq, 0),
            claims.waits_until(row.next_at, now) or _held(lane, wall),
        )
        for seq, (row, chat, lane) in zip(seqs, rows, strict=True)
    ]
    return found, seqs[-1] if seqs else after


def _held(lane: LaneRow | None, wall: datetime) -> datetime | None:
    """Returns until when a lane waits because its platform requested a pause; None if it does not wait."""
    if lane is None or lane.not_before is None or lane.since is None or not lane.since <= wall < lane.not_before:
        return None
    return lane.not_before


def _entry(
    row: DeliveryRow, chat: ChatRow, messages: Sequence[tuple[MessageState, str]], papers: int, next_at: datetime | None
) -> OutboxEntry:
    why_held = describe_chat_state(chat.state, chat.admission, chat.pause_reason, chat.state_detail)
    chat_state = _state_for(row.kind, chat.state, chat.pause_reason)
    states = [state for state, _ in messages]
    state = derived_state(dismissed=row.dismissed_at is not None, chat_state=chat_state, states=states)
    # The messages' reasons come first, since sending another message clears the delivery's own reason.
    reasons = (reason for of, reason in messages if of.value == state.value)
    return OutboxEntry(
        id=row.id,
        chat=str(model.ChatAddress(chat.platform, chat.address, chat.topic)),
        kind=row.kind,
        state=state,
        papers=papers,
        messages=len(messages),
        attempts=row.attempts,
        next_at=None if state in _FINAL else next_at,
        waiting_since=row.created_at,
        reason=next(filter(None, reasons), row.reason) or ("" if chat.state is ChatState.ACTIVE else why_held),
    )


def _state_for(kind: model.DeliveryKind, chat_state: ChatState, pause: PauseReason | None) -> ChatState:
    """Returns the state of a chat as it counts for a delivery of this kind. For a notice, a waiting chat is active."""
    reachable = kind is model.DeliveryKind.NOTICE and chat_state in WAITING and pause is None
    return ChatState.ACTIVE if reachable else chat_state


def derived_state(*, dismissed: bool, chat_state: ChatState, states: Sequence[MessageState]) -> DeliveryState:
    """Returns the state of a delivery (docs/operating.md): dismissed, sent, held, or the worst state of its messages."""
    if dismissed:
        return DeliveryState.DISMISSED
    if states and all(state is MessageState.SENT for state in states):
        return DeliveryState.SENT
    unfinished = not states or any(state not in FINISHED for state in states)
    if unfinished and chat_state is not ChatState.ACTIVE:
        return DeliveryState.HELD
    for state in _WORST_FIRST:
        if state in states:
            return DeliveryState(state)
    return DeliveryState.PLANNED


def retry(transaction: Transaction, delivery_id: str) -> int | None:
    """Makes the dead, waiting and unclear messages of a delivery ready for a new attempt now, and wakes its lane.

    Returns the id of the delivery's chat; None if the delivery does not exist or all its messages were sent.
    """
    delivery = _not_sent(transaction, delivery_id)
    if delivery is None:
        return None
    never_made = (col(MessageRow.payload) == "") & (col(MessageRow.state) == MessageState.DEAD)
    transaction.exec(sa.delete(MessageRow).where(col(MessageRow.delivery) == delivery.seq, never_made))
    if transaction.exec(select(MessageRow.number).where(MessageRow.delivery == delivery.seq)).first() is None:
        delivery.rendered_at = None
    transaction.exec(
        sa.update(MessageRow)
        .where(col(MessageRow.delivery) == delivery.seq, col(MessageRow.state).in_(_WORST_FIRST[:3]))
        .values(state=MessageState.READY, reason="", lookup_given_up=False, found_at_start=False, unclear_since=None)
    )
    delivery.settled_at = delivery.dismissed_at = delivery.next_at = None
    delivery.attempts, delivery.reason = 0, ""
    transaction.flush()
    claims.settle_if_finished(transaction, delivery, delivery.created_at)
    _wake(transaction, delivery)
    return delivery.chat


def dismiss(transaction: Transaction, delivery_id: str, *, now: datetime) -> bool:
    """Dismisses a delivery, so that it is not sent, and wakes its lane.

    Returns False if the delivery does not exist or all its messages were sent.
    """
    delivery = _not_sent(transaction, delivery_id)
    if delivery is None:
        return False
    delivery.dismissed_at = delivery.settled_at = now
    _wake(transaction, delivery)
    return True


def _wake(transaction: Transaction, delivery: DeliveryRow) -> None:
    """Wakes the lane of a delivery, even if another job of the lane waits for a later moment."""
    chat = transaction.get_one(ChatRow, delivery.chat)
    workers.wake_lanes(transaction, [model.Lane(chat.platform, chat.address)], priority=workers.AT_ONCE)


def is_known(transaction: Transaction, delivery_id: str) -> bool:
    """Whether there is a delivery with this id."""
    return transaction.exec(select(DeliveryRow.seq).where(DeliveryRow.id == delivery_id)).first() is not None


def _not_sent(transaction: Transaction, delivery_id: str) -> DeliveryRow | None:
    delivery = transaction.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id)).first()
    return None if delivery is None or claims.is_sent(transaction, delivery.seq or 0) else delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCounts:
    """The numbers of deliveries that wait (including planned ones), are unclear, or are dead."""

    waiting: int
    unclear: int
    dead: int
    platforms: frozenset[str] = frozenset()  # on which deliveries wait, leaving out paused chats


@store.reads
def outbox_counts(transaction: Transaction) -> OutboxCounts:
    """Returns the numbers of deliveries that wait, are unclear, or are dead."""
    found: Counter[DeliveryState] = Counter()
    platforms: set[str] = set()
    for platform, state in _states_not_over(transaction, _STATES):
        found[state] += 1
        if state in UNDER_WAY and state is not DeliveryState.HELD:
            platforms.add(platform)
    return OutboxCounts(
        waiting=sum(found[state] for state in UNDER_WAY),
        unclear=found[DeliveryState.UNCLEAR],
        dead=found[DeliveryState.DEAD],
        platforms=frozenset(platforms),
    )


@store.writes
def count_as_sent(transaction: Transaction, before: datetime, *, now: datetime) -> int:
    """Dismisses deliveries that were due before `before`, so that they count as sent after a restore.

    Returns how many deliveries it dismissed.
    """
    due = sa.update(DeliveryRow).where(col(DeliveryRow.settled_at).is_(None), col(DeliveryRow.due) < before)
    counted = {"settled_at": now, "dismissed_at": now, "reason": "counted as sent after a restore"}
    return int(transaction.exec(due.values(counted)).rowcount)


# ------------------------------------------------------- deliveries that are dead or wait for long, notices about them


LONG = timedelta(hours=1)  # deliveries that fail for longer than this are reported in notices, the log and `check`
_NAMED = 5  # a notice names at most so many deliveries by their ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Deliveries that have the same problem."""

    count: int
    reason: str = ""  # the most frequent reason
    ids: tuple[str, ...] = ()  # ids of the first few deliveries
    chat: str = ""  # address of the chat; "" if the deliveries are for several chats
    since: datetime | None = None  # when the first of them was given up (dead) or planned (waiting)


def dead_since(transaction: Transaction, since: datetime | None) -> Trouble:
    """Returns the deliveries with a dead message that were settled after `since`; if it is None, all of them.

    Notices do not count, because otherwise a dead notice would cause the next notice.
    """
    wanted = (
        select(DeliveryRow.id, MessageRow.reason, ChatRow, col(DeliveryRow.settled_at))
        .join(MessageRow, col(MessageRow.delivery) == DeliveryRow.seq)
        .join(ChatRow, col(ChatRow.id) == DeliveryRow.chat)
        .where(
            MessageRow.state == MessageState.DEAD,
            DeliveryRow.kind != model.DeliveryKind.NOTICE,
            col(DeliveryRow.settled_at).is_not(None),
            col(DeliveryRow.dismissed_at).is_(None),
        )
        .order_by(col(DeliveryRow.seq), col(MessageRow.number))
    )
    if since is not None:
        wanted = wanted.where(col(DeliveryRow.settled_at) > since)
    rows = transaction.exec(wanted).all()
    ids = tuple(dict.fromkeys(delivery for delivery, _, _, _ in rows))
    reasons = Counter(reason for _, reason, _, _ in rows if reason)
    chats = {str(model.ChatAddress(chat.platform, chat.address, chat.topic)) for _, _, chat, _ in rows}
    return Trouble(
        count=len(ids),
        reason=reasons.most_common(1)[0][0] if reasons else "",
        ids=ids[:_NAMED],
        chat=chats.pop() if len(chats) == 1 else "",
        since=min((at for _, _, _, at in rows if at is not None), default=None),
    )


def waiting_since(transaction: Transaction, before: datetime) -> dict[str, Trouble]:
    """Returns platform → deliveries that failed at least once and have waited since before the moment `before`."""
    first = sa.func.min(col(DeliveryRow.created_at), type_=Utc)
    rows = transaction.exec(
        select(ChatRow.platform, DeliveryRow.reason, sa.func.count(), first)
        .join(DeliveryRow, col(DeliveryRow.chat) == ChatRow.id)
        .where(
            Condition(stored_rows.GOES_OUT),
            col(DeliveryRow.attempts) > 0,
            col(DeliveryRow.created_at) < before,
            ChatRow.state == ChatState.ACTIVE,
        )
        .group_by(ChatRow.platform, col(DeliveryRow.reason))
    ).all()
    reasons: dict[str, Counter[str]] = {}
    oldest: dict[str, datetime] = {}
    for platform, reason, count, since in rows:
        reasons.setdefault(platform, Counter())[reason] += count
        oldest[platform] = min(oldest.get(platform, since), since)
    return {
        platform: Trouble(count=found.total(), reason=found.most_common(1)[0][0], since=oldest[platform])
        for platform, found in reasons.items()
    }


def notices_since(transaction: Transaction, chat_id: int, cause: str, since: datetime) -> int:
    """Returns the number of notices with this cause that were stored for a chat at `since` or later."""
    begins = f"notice:{chat_id}:{cause}:"
    wanted = select(sa.func.count()).select_from(DeliveryRow).where(DeliveryRow.chat == chat_id)
    wanted = wanted.where(col(DeliveryRow.dedupe_key).startswith(begins), col(DeliveryRow.created_at) >= since)
    return transaction.exec(wanted).one()


def noticed_since(transaction: Transaction, key: str, since: datetime) -> bool:
    """Whether a notice with this dedupe key was stored at `since` or later."""
    wanted = select(DeliveryRow.seq).where(DeliveryRow.dedupe_key == key, col(DeliveryRow.created_at) >= since)
    return transaction.exec(wanted).first() is not None


def drop_notices(transaction: Transaction, part: str, *, now: datetime) -> None:
    """Dismisses all notices that are not settled and whose dedupe key contains `part`."""
    transaction.exec(
        sa.update(DeliveryRow)
        .where(
            col(DeliveryRow.kind) == model.DeliveryKind.NOTICE,
            col(DeliveryRow.dedupe_key).contains(part, autoescape=True),
            col(DeliveryRow.settled_at).is_(None),
        )
        .values(settled_at=now, dismissed_at=now, reason="it was not so after all")
    )


def states_of(transaction: Transaction, chat_id: int) -> Counter[DeliveryState]:
    """Returns state → number of the chat's deliveries in this state. Deliveries that were sent are not counted."""
    of_chat = _states_not_over(transaction, _STATES.where(_d.chat == chat_id))
    return Counter(state for _, state in of_chat)


def _states_not_over(
    transaction: Transaction, wanted: sa.Select[*tuple[Any, ...]]
) -> Iterator[tuple[str, DeliveryState]]:
    """Yields (platform, state) of each delivery that is not settled or has a dead message. `wanted`: as `_STATES`."""
    for _, rows in groupby(store.execute(transaction, wanted), key=lambda row: row.seq):
        row, *others = rows
        states = [one.message for one in (row, *others) if one.message is not None]
        chat_state = _state_for(row.kind, row.state, row.pause_reason)
        yield row.platform, derived_state(dismissed=row.dismissed_at is not None, chat_state=chat_state, states=states)


# ---------------------------------------------------------------------------------------------- the outbox of one chat


_NOON = time(12)  # the time if only the day is known; noon in UTC is on the same day in most zones


def planned_papers(transaction: Transaction, chat_id: int, *, by: datetime | None = None) -> int:
    """Returns the number of papers in a chat's unsent deliveries; with `by`, only in those planned at or before `by`.

    A delivery is unsent if none of its messages was sent or may have been sent.
    """
    items = (
        select(sa.func.count())
        .select_from(DeliveryItemRow)
        .where(col(DeliveryItemRow.delivery).in_(_unsent(transaction, chat_id, by)))
    )
    return transaction.exec(items).one()


def shown_at(transaction: Transaction, chat_id: int, since: datetime) -> list[tuple[datetime, int]]:
    """Returns (moment, number of papers) for each message that showed papers at `since` or later.

    For deliveries that are no longer stored, only the day is known. Their moment is noon in UTC.
    """
    sent = (
        select(col(MessageRow.sent_at), sa.func.count())
        .join(DeliveryItemRow, SHOWN_IN_MESSAGE)
        .where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.shown).is_(True), col(MessageRow.sent_at) >= since)
        .group_by(col(MessageRow.sent_at))
    )
    days = (
        select(col(DeliveryItemRow.delivered_on), sa.func.count())
        .where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.shown).is_(True))
        .where(col(DeliveryItemRow.delivered_on) >= since.date())
        .group_by(col(DeliveryItemRow.delivered_on))
    )
    found = [(at, amount) for at, amount in transaction.exec(sent) if at is not None]
    return found + [
        (datetime.combine(day, _NOON, UTC), amount) for day, amount in transaction.exec(days) if day is not None
    ]


def was_posted(transaction: Transaction, chat_id: int, platform_id: str) -> bool:
    """Whether a delivery of this chat has a message with this platform id."""
    found = (
        select(MessageRow.number)
        .join(DeliveryRow, col(DeliveryRow.seq) == MessageRow.delivery)
        .where(DeliveryRow.chat == chat_id, MessageRow.platform_id == platform_id)
    )
    return transaction.exec(found.limit(1)).first() is not None


def hold_planned(transaction: Transaction, chat_id: int, until: datetime | None) -> None:
    """Delays a chat's unsent deliveries until the moment `until`; None: ends the delay, so that they are sent at once."""
    seqs = _unsent(transaction, chat_id, None)
    transaction.exec(sa.update(DeliveryRow).where(col(DeliveryRow.seq).in_(seqs)).values(next_at=until))


def dismiss_planned(transaction: Transaction, chat_id: int, *, by: datetime, now: datetime) -> None:
    """Dismisses a chat's unsent deliveries that were planned at or before `by`."""
    seqs = _unsent(transaction, chat_id, by)
    transaction.exec(
        sa.update(DeliveryRow).where(col(DeliveryRow.seq).in_(seqs)).values(dismissed_at=now, settled_at=now)
    )


def _unsent(transaction: Transaction, chat_id: int, by: datetime | None) -> list[int]:
    maybe_sent = select(MessageRow.delivery).where(
        MessageRow.delivery == DeliveryRow.seq, col(MessageRow.state).in_(MAYBE_SENT)
    )
    found = select(DeliveryRow.seq).where(
        DeliveryRow.chat == chat_id, col(DeliveryRow.settled_at).is_(None), ~maybe_sent.exists()
    )
    if by is not None:
        found = found.where(col(DeliveryRow.created_at) <= by)
    return [seq for seq in transaction.exec(found) if seq is not None]


# -------------------------------------------------------------------------------------------------- the work in numbers


_SENDABLE = sa.case((claims.MAY_BE_SENT, 1), else_=0)

OPEN = (
    sa.select(
        _c.platform,
        # The rows are grouped by the label, since PostgreSQL does not see that two expressions with parameters are equal.
        _SENDABLE.label("may_go"),
        sa.func.count().label("deliveries"),
        sa.func.min(_d.created_at).label("oldest"),
    )
    .select_from(_deliveries.join(_chats, _c.id == _d.chat))
    .where(_d.settled_at.is_(None))
    .group_by(_c.platform, "may_go")
)
DEAD = (
    sa.select(_c.platform, sa.func.count(_d.seq.distinct()).label("deliveries"))
    .select_from(_messages.join(_deliveries, _d.seq == _m.delivery).join(_chats, _c.id == _d.chat))
    .where(_m.state == MessageState.DEAD, _d.dismissed_at.is_(None))
    .group_by(_c.platform)
)
HELD_LANES = (
    sa.select(_c.platform, sa.func.count(_c.address.distinct()).label("lanes"))
    .select_from(_deliveries.join(_chats, _c.id == _d.chat))
    .where(_d.settled_at.is_(None), claims.MAY_BE_SENT, claims.IS_HELD)
    .group_by(_c.platform)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxFigures:
    """Figures of the outbox by platform. Each mapping has only platforms with such deliveries or lanes."""

    waiting: Mapping[str, int] = field(default_factory=dict)  # number of open deliveries that may be sent
    held: Mapping[str, int] = field(default_factory=dict)  # number of open deliveries of paused chats
    oldest: Mapping[str, datetime] = field(default_factory=dict)  # when the oldest waiting delivery was planned
    dead: Mapping[str, int] = field(default_factory=dict)  # number of undismissed deliveries with a dead message
    # number of lanes with something to send that wait because their platform requested a pause
    held_lanes: Mapping[str, int] = field(default_factory=dict)


def outbox_figures(transaction: Transaction, *, wall: datetime) -> OutboxFigures:
    """Returns the figures of the outbox. `wall` is the time of the machine's clock."""
    found = list(store.execute(transaction, OPEN))
    return OutboxFigures(
        waiting={row.platform: row.deliveries for row in found if row.may_go},
        held={row.platform: row.deliveries for row in found if not row.may_go},
        oldest={row.platform: row.oldest for row in found if row.may_go},
        dead={row.platform: row.deliveries for row in store.execute(transaction, DEAD)},
        held_lanes={row.platform: row.lanes for row in store.execute(transaction, HELD_LANES, {"wall": wall})},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """How many papers came since a moment."""

    papers: int
    by_source: Mapping[str, int]  # source -> number of papers; a paper of several sources counts for each of them
    last: Mapping[str, datetime]  # source -> when its last papers came


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How many messages were sent since a moment, and to how many chats."""

    messages: int
    chats: int


@store.reads
def came_since(transaction: Transaction, since: datetime) -> Arrivals:
    """Returns how many papers were announced since a moment."""
    by_source = (
        sa.select(
            _g.source,
            sa.func.count(_a.paper.distinct()).label("papers"),
            sa.func.max(_g.received_at, type_=Utc).label("last"),
        )
        .select_from(_papers.join(_appearances, _a.paper == _p.id).join(_digests, _g.id == _a.digest))
        .where(_p.sequenced_at >= since, _g.received_at >= since)
        .group_by(_g.source)
        .order_by(_g.source)
    )
    rows = store.execute(transaction, by_source).all()
    return Arrivals(
        papers=store.execute(transaction, sa.select(sa.func.count()).where(_p.sequenced_at >= since)).scalar_one(),
        by_source={row.source: row.papers for row in rows},
        last={row.source: row.last for row in rows},
    )


@store.reads
def sent_since(transaction: Transaction, since: datetime) -> Sent:
    """Returns how much was sent since a moment, by the machine's clock."""
    sent = (
        sa.select(sa.func.count().label("messages"), sa.func.count(_d.chat.distinct()).label("chats"))
        .select_from(_messages.join(_deliveries, _d.seq == _m.delivery))
        .where(_m.attempted_at >= since, _m.sent_at.is_not(None))
    )
    row = store.execute(transaction, sent).one()
    return Sent(messages=row.messages, chats=row.chats)


def to_be_planned_since(transaction: Transaction, *, now: datetime) -> datetime | None:
    """Returns since when work has waited for the planner; None if no chat is due.

    A chat that wants papers at once has waited since the arrival of the first paper that it has not looked at.
    """
    its_end = sa.select(sa.func.min(_s.latest_due_at))
    overdue = store.execute(
        transaction, its_end.where(_s.latest_due_at.is_not(None), Condition(stored_rows.BECOMES_DUE))
    ).scalar()
    behind = stored_subscriptions.behind(transaction, last_sequence(transaction))
    known = [one.sequence for one in behind if quiet_until(one.quiet, zone(one.zone), now) is None]
    lowest = sa.select(sa.func.min(_s.cursor)).where(_s.next_due_at.is_(None), Condition(stored_rows.BECOMES_DUE))
    if (own := store.execute(transaction, lowest).scalar()) is not None:
        known.append(own)
    papers = sa.select(_p.sequenced_at).order_by(_p.sequence).limit(1)
    came = store.execute(transaction, papers.where(_p.sequence > min(known))).scalar() if known else None
    return min((moment for moment in (overdue, came) if moment is not None and moment <= now), default=None)


def to_be_sent_since(transaction: Transaction, *, now: datetime, wall: datetime) -> datetime | None:
    """Returns since when the oldest delivery that may be sent now has waited; None if there is none.

    `wall` is the time of the machine's clock.
    """
    # a delivery that had to wait for its next attempt counts from the moment of that attempt
    begins = sa.case((_d.next_at <= now, _d.next_at), else_=_d.created_at)
    wanted = (
        sa.select(sa.func.min(begins))
        .join_from(_deliveries, _chats, _c.id == _d.chat)
        .where(Condition(stored_rows.GOES_OUT), ~claims.IS_HELD, _d.next_at.is_(None) | ~claims.WAITS)
    )
    found: datetime | None = store.execute(
        transaction, wanted, {"now": now, "longest": now + LONGEST_WAIT, "wall": wall}
    ).scalar()
    return found


DAYS = 7  # the growth per day is the mean of so many days

# kind of rows → (its tables, a query that counts its new rows since a moment)
_KINDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "papers": (
        ("paper", "paper_key", "paper_alias", "summary", "translation", "appearance"),
        "SELECT count(*) FROM paper WHERE sequenced_at >= :since",
    ),
    "words of papers": (
        ("indexed_paper", "paper_spelling", "paper_words_data", "paper_words_idx", "paper_words_config", "paper_words"),
        "SELECT count(*) FROM paper WHERE sequenced_at >= :since",
    ),
    "papers of chats": (
        ("delivery_item",),
        "SELECT count(*) FROM delivery_item WHERE delivery IN (SELECT seq FROM delivery WHERE settled_at >= :since)",
    ),
    "deliveries": (("delivery",), "SELECT count(*) FROM delivery WHERE settled_at >= :since"),
    "messages": (("message",), "SELECT count(*) FROM message WHERE attempted_at >= :since"),
    "chats": (("chat", "lane", "denial"), ""),
    "subscriptions": (("subscription", "query"), ""),
    "conversations": (
        ("update", "callback", "offer", "conversation_state", "pending_lookup", "undo", "mention"),
        'SELECT count(*) FROM "update" WHERE at >= :since',
    ),
    "sources": (("source", "receipt", "digest"), "SELECT count(*) FROM receipt WHERE at >= :since"),
}
_SIZES = {  # kind of database → query for the size of each table with its indexes, in bytes
    "sqlite": "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name) GROUP BY tbl_name",
    "postgresql": """
        SELECT relname, pg_total_relation_size(oid) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    """,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The disk space that one kind of rows takes."""

    what: str
    rows: int  # number of rows of its first table
    size: int  # bytes of its tables with their indexes
    a_day: int  # bytes that are added each day, not counting the removal of old rows


@store.reads
def room(transaction: Transaction, *, now: datetime) -> tuple[Room, ...]:
    """Returns the disk space of each kind of rows, the largest first. Takes a second for each gigabyte of the file."""
    connection = transaction.connection()
    pages = {str(name): int(size) for name, size in connection.execute(sa.text(_SIZES[connection.dialect.name]))}
    since = now - timedelta(days=DAYS)
    found = []
    for what, (tables, newest) in _KINDS.items():
        size = sum(pages.get(table, 0) for table in tables)
        rows = connection.execute(sa.text(f'SELECT count(*) FROM "{tables[0]}"')).scalar_one()  # noqa: S608 - named above
        new = 0
        if newest:
            came = sa.text(newest).bindparams(sa.bindparam("since", since, type_=Utc))
            new = connection.execute(came).scalar_one()
        found.append(Room(what=what, rows=rows, size=size, a_day=size * new // max(rows, 1) // DAYS))
    return tuple(sorted(found, key=lambda one: -one.size))
