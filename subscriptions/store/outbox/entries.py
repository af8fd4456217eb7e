"""The entries of the outbox as operators see them: their states, and what an operator can do with one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, func, or_, select, update

from subscriptions.model import DeliveryKind, Lane
from subscriptions.states import (
    FINISHED,
    UNDER_WAY,
    ChatState,
    DeliveryState,
    MessageState,
    PauseReason,
    describe_chat_state,
)
from subscriptions.store.columns import Big
from subscriptions.store.database.store import CHUNK, Transaction, execute, reads, writes
from subscriptions.store.lane_wakes import AT_ONCE, wake_lanes
from subscriptions.store.outbox.attempts import is_sent, settle_if_finished
from subscriptions.store.outbox.claims import waits_until
from subscriptions.store.rows import TABLES, ChatRow, DeliveryRow, LaneRow, MessageRow

_FINAL = (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.DISMISSED)  # nothing more is tried
_WORST_FIRST = (MessageState.DEAD, MessageState.UNCLEAR, MessageState.WAITING, MessageState.SENDING)

_deliveries, _chats, _messages, _items = (
    TABLES.tables[name] for name in ("delivery", "chat", "message", "delivery_item")
)
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c
_NOT_OVER = (
    columns(_d.seq).where(_d.settled_at.is_(None)).union(columns(_m.delivery).where(_m.state == MessageState.DEAD))
)
_those = bindparam("those", expanding=True, type_=Big)
_STATES_OF = columns(_m.delivery, _m.state, _m.reason).where(_m.delivery.in_(_those)).order_by(_m.delivery, _m.number)
_PAPERS_OF = columns(_i.delivery, func.count().label("papers")).where(_i.delivery.in_(_those)).group_by(_i.delivery)
_STATES = (
    columns(_d.seq, _d.dismissed_at, _d.kind, _c.state, _c.pause_reason, _m.state.label("message"))
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .outerjoin(_messages, _m.delivery == _d.seq)
    .where(or_(_d.settled_at.is_(None), _d.seq.in_(columns(_m.delivery).where(_m.state == MessageState.DEAD))))
    .order_by(_d.seq)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One delivery as listed for operators (docs/commands.md, `outbox --json`)."""

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


@reads
def entries(
    transaction: Transaction, after: int, *, over: bool, now: datetime, wall: datetime
) -> tuple[list[OutboxEntry], int]:
    """A page of stored deliveries after the one with this `seq`, oldest first, and its last `seq`.

    `over`: also those that are over (sent, dismissed), which reads every row. Without `over` it reads only an index.
    """
    page = (
        select(DeliveryRow, ChatRow, LaneRow)
        .join(ChatRow, col(ChatRow.id) == DeliveryRow.chat)
        .outerjoin(LaneRow, (col(LaneRow.platform) == ChatRow.platform) & (col(LaneRow.address) == ChatRow.address))
        .where(col(DeliveryRow.seq) > after)
        .order_by(col(DeliveryRow.seq))
        .limit(CHUNK)
    )
    rows = transaction.exec(page if over else page.where(col(DeliveryRow.seq).in_(_NOT_OVER))).all()
    seqs = [row.seq or 0 for row, _, _ in rows]
    messages: dict[int, list[tuple[MessageState, str]]] = {}
    for message in execute(transaction, _STATES_OF, {"those": seqs}):
        messages.setdefault(message.delivery, []).append((message.state, message.reason))
    papers: dict[int, int] = {row.delivery: row.papers for row in execute(transaction, _PAPERS_OF, {"those": seqs})}
    found = [
        _entry(row, chat, messages.get(seq, []), papers.get(seq, 0), waits_until(row.next_at, now) or _held(lane, wall))
        for seq, (row, chat, lane) in zip(seqs, rows, strict=True)
    ]
    return found, seqs[-1] if seqs else after


def _held(lane: LaneRow | None, wall: datetime) -> datetime | None:
    """Until when a platform asked a lane to wait."""
    if lane is None or lane.not_before is None or lane.since is None or not lane.since <= wall < lane.not_before:
        return None
    return lane.not_before


def _entry(
    row: DeliveryRow, chat: ChatRow, messages: Sequence[tuple[MessageState, str]], papers: int, next_at: datetime | None
) -> OutboxEntry:
    topic = f"/{chat.topic}" if chat.topic else ""
    chat_state = _state_for(row.kind, chat.state, chat.pause_reason)
    states = [state for state, _ in messages]
    state = derived_state(dismissed=row.dismissed_at is not None, chat_state=chat_state, states=states)
    # The reasons of its messages first: a message that was sent after a dead one has cleared the delivery's reason.
    reasons = (reason for of, reason in messages if of.value == state.value)
    return OutboxEntry(
        id=row.id,
        chat=f"{chat.platform}:{chat.address}{topic}",
        kind=row.kind,
        state=state,
        papers=papers,
        messages=len(messages),
        attempts=row.attempts,
        next_at=None if state in _FINAL else next_at,
        waiting_since=row.created_at,
        reason=next(filter(None, reasons), row.reason)
        or (_chat_words(chat) if chat.state is not ChatState.ACTIVE else ""),
    )


def _chat_words(chat: ChatRow) -> str:
    return describe_chat_state(chat.state, chat.admission, chat.pause_reason, chat.state_detail)


def _state_for(kind: DeliveryKind, chat_state: ChatState, pause: PauseReason | None) -> ChatState:
    """The state of a chat for a delivery of this kind: to a notice a chat that waits to be let in is active."""
    reachable = kind is DeliveryKind.NOTICE and chat_state is ChatState.ASKED and pause is None
    return ChatState.ACTIVE if reachable else chat_state


def derived_state(*, dismissed: bool, chat_state: ChatState, states: Sequence[MessageState]) -> DeliveryState:
    """The state of a delivery (docs/operating.md): dismissed, sent or held, else the worst of its messages."""
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


def retry(session: Session, delivery_id: str) -> int | None:
    """Has the dead, waiting and unclear messages of a delivery tried again now, and wakes its lane.

    Returns the id of the chat; None if there is no such delivery, or all of it was sent.
    """
    delivery = _not_sent(session, delivery_id)
    if delivery is None:
        return None
    never_made = (col(MessageRow.payload) == "") & (col(MessageRow.state) == MessageState.DEAD)
    session.exec(delete(MessageRow).where(col(MessageRow.delivery) == delivery.seq, never_made))
    if session.exec(select(MessageRow.number).where(MessageRow.delivery == delivery.seq)).first() is None:
        delivery.rendered_at = None
    session.exec(
        update(MessageRow)
        .where(col(MessageRow.delivery) == delivery.seq, col(MessageRow.state).in_(_WORST_FIRST[:3]))
        .values(state=MessageState.READY, reason="", lookup_given_up=False, found_at_start=False, unclear_since=None)
    )
    delivery.settled_at = delivery.dismissed_at = delivery.next_at = None
    delivery.attempts, delivery.reason = 0, ""
    session.flush()
    settle_if_finished(session, delivery, delivery.created_at)
    _wake(session, delivery)
    return delivery.chat


def dismiss(session: Session, delivery_id: str, *, now: datetime) -> bool:
    """Dismisses a delivery, which is then not sent, and wakes its lane, which goes on. Returns False if there is no such delivery, or all of it was sent."""
    delivery = _not_sent(session, delivery_id)
    if delivery is None:
        return False
    delivery.dismissed_at = delivery.settled_at = now
    _wake(session, delivery)
    return True


def _wake(session: Session, delivery: DeliveryRow) -> None:
    """Wakes the lane of a delivery, also if another job of the lane waits for a later moment."""
    chat = session.get_one(ChatRow, delivery.chat)
    wake_lanes(session, [Lane(chat.platform, chat.address)], priority=AT_ONCE)


def is_known(session: Session, delivery_id: str) -> bool:
    """Whether there is a delivery with this id."""
    return session.exec(select(DeliveryRow.seq).where(DeliveryRow.id == delivery_id)).first() is not None


def _not_sent(session: Session, delivery_id: str) -> DeliveryRow | None:
    delivery = session.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id)).first()
    return None if delivery is None or is_sent(session, delivery.seq or 0) else delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCounts:
    """How many deliveries wait (planned ones included), are unclear or dead."""

    waiting: int
    unclear: int
    dead: int


@reads
def outbox_counts(transaction: Transaction) -> OutboxCounts:
    """How many deliveries are in each state, without those that were sent."""
    found: Counter[DeliveryState] = Counter()
    for _, rows in groupby(execute(transaction, _STATES), key=lambda row: row.seq):
        row, *others = rows
        states = [one.message for one in (row, *others) if one.message is not None]
        chat_state = _state_for(row.kind, row.state, row.pause_reason)
        found[derived_state(dismissed=row.dismissed_at is not None, chat_state=chat_state, states=states)] += 1
    waiting = sum(found[state] for state in UNDER_WAY)
    return OutboxCounts(waiting=waiting, unclear=found[DeliveryState.UNCLEAR], dead=found[DeliveryState.DEAD])


@writes
def count_as_sent(transaction: Transaction, before: datetime, *, now: datetime) -> int:
    """Dismisses what was due before `before`, after a restore: it counts as sent. Returns how many deliveries."""
    due = update(DeliveryRow).where(col(DeliveryRow.settled_at).is_(None), col(DeliveryRow.due) < before)
    counted = {"settled_at": now, "dismissed_at": now, "reason": "counted as sent after a restore"}
    return int(transaction.exec(due.values(counted)).rowcount)
