"""All deliveries as operators see them: their states, listed, counted, tried again, dismissed, counted as sent."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import select

from subscriptions.model import ChatAddress
from subscriptions.states import UNDER_WAY, ChatState, DeliveryState, MessageState, describe_chat_state
from subscriptions.store import claims
from subscriptions.store.columns import AnyRow, Utc
from subscriptions.store.database.store import CHUNK, Transaction, execute, reads, writes
from subscriptions.store.tables import DeliveryRow, tables

_FINAL = (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.DISMISSED)  # after these, no attempt follows
_TRIED_AGAIN = (MessageState.DEAD, MessageState.UNCLEAR, MessageState.WAITING)

_deliveries, _chats, _messages, _items = tables("delivery", "chat", "message", "delivery_item")
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c
_of_delivery = _m.delivery == _d.seq


def _has(state: MessageState) -> sa.ColumnElement[bool]:
    return sa.exists().where(_of_delivery, _m.state == state)


# The state of a delivery (docs/operating.md): dismissed, held, sent, or the worst state of its messages.
_STATE = sa.case(
    (_d.dismissed_at.is_not(None), DeliveryState.DISMISSED.value),
    (_d.settled_at.is_(None) & ~claims.MAY_BE_SENT, DeliveryState.HELD.value),
    (_has(MessageState.DEAD), DeliveryState.DEAD.value),
    (_has(MessageState.UNCLEAR), DeliveryState.UNCLEAR.value),
    (_has(MessageState.WAITING), DeliveryState.WAITING.value),
    (_has(MessageState.SENDING), DeliveryState.SENDING.value),
    (_d.settled_at.is_not(None), DeliveryState.SENT.value),
    else_=DeliveryState.PLANNED.value,
)
_NOT_OVER = _d.settled_at.is_(None) | _d.seq.in_(sa.select(_m.delivery).where(_m.state == MessageState.DEAD))
_PAPERS = sa.select(sa.func.count()).where(_i.delivery == _d.seq).scalar_subquery()
_MESSAGES = sa.select(sa.func.count()).where(_of_delivery).scalar_subquery()
# of a message in the same state as the delivery
_REASON = (
    sa.select(sa.func.max(_m.reason)).where(_of_delivery, sa.cast(_m.state, sa.String) == _STATE).scalar_subquery()
)
_ENTRIES = (
    sa.select(_d.seq, _d.id, _d.kind, _d.attempts, _d.next_at, _d.created_at, _d.reason)
    .add_columns(_c.platform, _c.address, _c.topic, _c.state.label("chat_state"))
    .add_columns(_c.admission, _c.pause_reason, _c.state_detail, _STATE.label("its_state"))
    .add_columns(_PAPERS.label("papers"), _MESSAGES.label("messages"), _REASON.label("why"))
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .order_by(_d.seq)
)
_COUNTS = (
    sa.select(_c.platform, _STATE.label("its_state"), sa.func.count(), sa.func.min(_d.created_at, type_=Utc))
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .where(_NOT_OVER)
    # by the label, since PostgreSQL does not see that two expressions with parameters are equal
    .group_by(_c.platform, "its_state")
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


@reads
def entries(transaction: Transaction, after: int, *, over: bool, now: datetime) -> tuple[list[OutboxEntry], int]:
    """Returns (a page of deliveries with a `seq` above `after`, oldest first; the last `seq` of the page).

    With `over`, the page includes deliveries that were sent or dismissed. Then all rows are read; otherwise an index is
    used.
    """
    page = _ENTRIES.where(_d.seq > after).limit(CHUNK)
    rows = execute(transaction, page if over else page.where(_NOT_OVER)).all()
    return [_entry(row, now) for row in rows], rows[-1].seq if rows else after


def _entry(row: AnyRow, now: datetime) -> OutboxEntry:
    state = DeliveryState(row.its_state)
    why_held = describe_chat_state(row.chat_state, row.admission, row.pause_reason, row.state_detail)
    return OutboxEntry(
        id=row.id,
        chat=str(ChatAddress(row.platform, row.address, row.topic)),
        kind=row.kind,
        state=state,
        papers=row.papers,
        messages=row.messages,
        attempts=row.attempts,
        next_at=None if state in _FINAL else claims.waits_until(row.next_at, now),
        waiting_since=row.created_at,
        # the message's reason comes first, since sending another message clears the delivery's own
        reason=row.why or row.reason or ("" if row.chat_state is ChatState.ACTIVE else why_held),
    )


def retry(transaction: Transaction, delivery_id: str) -> int | None:
    """Makes the dead, waiting and unclear messages of a delivery ready for a new attempt now.

    Returns the id of the delivery's chat; None if the delivery does not exist or all its messages were sent.
    """
    delivery = _not_sent(transaction, delivery_id)
    if delivery is None:
        return None
    never_made = (_m.payload == "") & (_m.state == MessageState.DEAD)
    execute(transaction, sa.delete(_messages).where(_m.delivery == delivery.seq, never_made))
    if not transaction.finds(_m.delivery == delivery.seq):
        delivery.rendered_at = None
    again = sa.update(_messages).where(_m.delivery == delivery.seq, _m.state.in_(_TRIED_AGAIN))
    ready = {"state": MessageState.READY, "reason": "", "lookup_given_up": False}
    execute(transaction, again.values({**ready, "unclear_since": None}))
    delivery.settled_at = delivery.dismissed_at = delivery.next_at = None
    delivery.attempts, delivery.reason = 0, ""
    claims.settle_if_finished(transaction, delivery, delivery.created_at)
    return delivery.chat


def dismiss(transaction: Transaction, delivery_id: str, *, now: datetime) -> bool:
    """Dismisses a delivery, so that it is not sent.

    Returns False if the delivery does not exist or all its messages were sent.
    """
    delivery = _not_sent(transaction, delivery_id)
    if delivery is None:
        return False
    delivery.dismissed_at = delivery.settled_at = now
    return True


def is_known(transaction: Transaction, delivery_id: str) -> bool:
    """Whether there is a delivery with this id."""
    return transaction.finds(_d.id == delivery_id)


def _not_sent(transaction: Transaction, delivery_id: str) -> DeliveryRow | None:
    delivery = transaction.exec(select(DeliveryRow).where(_d.id == delivery_id)).first()
    if delivery is None or claims.is_sent(transaction, delivery.seq):
        return None
    return delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCounts:
    """The numbers of deliveries that wait (planned and held ones, too), are unclear, or are dead."""

    waiting: int = 0
    held: int = 0  # those of the waiting ones whose chat gets no messages now
    unclear: int = 0
    dead: int = 0
    dead_on: Mapping[str, int] = field(default_factory=dict)  # platform → how many are dead
    oldest: Mapping[str, datetime] = field(default_factory=dict)  # platform → when the oldest that waits was planned


@reads
def outbox_counts(transaction: Transaction, chat_id: int | None = None) -> OutboxCounts:
    """Returns the numbers of deliveries that wait, are unclear, or are dead, of all chats or of one."""
    found: Counter[str] = Counter()
    dead_on: dict[str, int] = {}
    oldest: dict[str, datetime] = {}
    for platform, state, count, since in execute(
        transaction, _COUNTS if chat_id is None else _COUNTS.where(_d.chat == chat_id)
    ):
        found[state] += count
        if state == DeliveryState.DEAD:
            dead_on[platform] = count
        elif state in UNDER_WAY and state != DeliveryState.HELD:
            oldest[platform] = min(since, oldest.get(platform, since))
    return OutboxCounts(
        waiting=sum(found[state] for state in UNDER_WAY),
        held=found[DeliveryState.HELD],
        unclear=found[DeliveryState.UNCLEAR],
        dead=found[DeliveryState.DEAD],
        dead_on=dead_on,
        oldest=oldest,
    )


@writes
def count_as_sent(transaction: Transaction, before: datetime, *, now: datetime) -> int:
    """Dismisses deliveries that were due before `before`, so that they count as sent after a restore.

    Returns how many deliveries it dismissed.
    """
    due = sa.update(_deliveries).where(_d.settled_at.is_(None), _d.due < before)
    counted = {"settled_at": now, "dismissed_at": now, "reason": "counted as sent after a restore"}
    return execute(transaction, due.values(counted)).rowcount
