"""All deliveries as operators see them: listed, tried again, dismissed, counted as sent."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import sqlalchemy as sa
from sqlmodel import col, or_, select

from subscriptions.model import DeliveryKind
from subscriptions.states import (
    FINISHED,
    UNDER_WAY,
    WAITING,
    ChatState,
    DeliveryState,
    MessageState,
    describe_chat_state,
)
from subscriptions.store import claims, sendable
from subscriptions.store.columns import AnyRow
from subscriptions.store.database.store import CHUNK, Transaction, execute, grouped, reads, rows_of, writes
from subscriptions.store.rows import ChatRow, DeliveryRow, tables

_FINAL = (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.DISMISSED)  # after these, no attempt follows

_deliveries, _messages, _items = tables("delivery", "message", "delivery_item")
_d, _m, _i = _deliveries.c, _messages.c, _items.c
_NOT_OVER = (
    sa.select(_d.seq).where(_d.settled_at.is_(None)).union(sa.select(_m.delivery).where(_m.state == MessageState.DEAD))
)
_STATES_OF = sa.select(_m.delivery, _m.state, _m.reason).order_by(_m.delivery, _m.number)
_PAPERS_OF = sa.select(_i.delivery, sa.func.count()).group_by(_i.delivery)


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
    page = (
        select(DeliveryRow, ChatRow)
        .join(ChatRow, col(ChatRow.id) == _d.chat)
        .where(_d.seq > after)
        .order_by(_d.seq)
        .limit(CHUNK)
    )
    rows = transaction.exec(page if over else page.where(_d.seq.in_(_NOT_OVER))).all()
    seqs = [row.seq for row, _ in rows]
    states = rows_of(transaction, _STATES_OF, _m.delivery, seqs)
    messages = grouped((of, (state, why)) for of, state, why in states)
    papers: dict[int, int] = dict(rows_of(transaction, _PAPERS_OF, _i.delivery, seqs))
    found = [
        _entry(
            row,
            chat,
            messages.get(seq, []),
            papers.get(seq, 0),
            sendable.waits_until(row.next_at, now),
        )
        for seq, (row, chat) in zip(seqs, rows, strict=True)
    ]
    return found, seqs[-1] if seqs else after


def _entry(
    row: DeliveryRow, chat: ChatRow, messages: Sequence[tuple[MessageState, str]], papers: int, next_at: datetime | None
) -> OutboxEntry:
    why_held = describe_chat_state(chat.state, chat.admission, chat.pause_reason, chat.state_detail)
    state = derived_state(row, chat, [state for state, _ in messages])
    # The messages' reasons come first, since sending another message clears the delivery's own reason.
    reasons = (reason for of, reason in messages if of.value == state.value)
    return OutboxEntry(
        id=row.id,
        chat=str(chat.place),
        kind=row.kind,
        state=state,
        papers=papers,
        messages=len(messages),
        attempts=row.attempts,
        next_at=None if state in _FINAL else next_at,
        waiting_since=row.created_at,
        reason=next(filter(None, reasons), row.reason) or ("" if chat.state is ChatState.ACTIVE else why_held),
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
    again = sa.update(_messages).where(_m.delivery == delivery.seq, _m.state.in_(WORST_FIRST[:3]))
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
    """The numbers of deliveries that wait (including planned ones), are unclear, or are dead."""

    waiting: int
    unclear: int
    dead: int
    platforms: frozenset[str] = frozenset()  # on which deliveries wait, leaving out paused chats


@reads
def outbox_counts(transaction: Transaction, chat_id: int | None = None) -> OutboxCounts:
    """Returns the numbers of deliveries that wait, are unclear, or are dead, of all chats or of one."""
    found: Counter[DeliveryState] = Counter()
    platforms: set[str] = set()
    for platform, state in states_not_over(transaction, chat_id):
        found[state] += 1
        if state in UNDER_WAY and state is not DeliveryState.HELD:
            platforms.add(platform)
    return OutboxCounts(
        waiting=sum(found[state] for state in UNDER_WAY),
        unclear=found[DeliveryState.UNCLEAR],
        dead=found[DeliveryState.DEAD],
        platforms=frozenset(platforms),
    )


@writes
def count_as_sent(transaction: Transaction, before: datetime, *, now: datetime) -> int:
    """Dismisses deliveries that were due before `before`, so that they count as sent after a restore.

    Returns how many deliveries it dismissed.
    """
    due = sa.update(_deliveries).where(_d.settled_at.is_(None), _d.due < before)
    counted = {"settled_at": now, "dismissed_at": now, "reason": "counted as sent after a restore"}
    return execute(transaction, due.values(counted)).rowcount


_deliveries, _chats, _messages = tables("delivery", "chat", "message")
_d, _c, _m = _deliveries.c, _chats.c, _messages.c
_STATES = (
    sa.select(_d.seq, _d.dismissed_at, _d.kind, _c.platform, _c.state, _c.pause_reason, _m.state.label("message"))
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .outerjoin(_messages, _m.delivery == _d.seq)
    .where(or_(_d.settled_at.is_(None), _d.seq.in_(sa.select(_m.delivery).where(_m.state == MessageState.DEAD))))
    .order_by(_d.seq)
)
WORST_FIRST = (MessageState.DEAD, MessageState.UNCLEAR, MessageState.WAITING, MessageState.SENDING)


def derived_state(
    delivery: DeliveryRow | AnyRow, chat: ChatRow | AnyRow, states: Sequence[MessageState]
) -> DeliveryState:
    """Returns the state of a delivery (docs/operating.md): dismissed, sent, held, or the worst state of its messages."""
    if delivery.dismissed_at is not None:
        return DeliveryState.DISMISSED
    if states and all(state is MessageState.SENT for state in states):
        return DeliveryState.SENT
    unfinished = not states or any(state not in FINISHED for state in states)
    if unfinished and not _may_be_sent(delivery, chat):
        return DeliveryState.HELD
    for state in WORST_FIRST:
        if state in states:
            return DeliveryState(state)
    return DeliveryState.PLANNED


def _may_be_sent(delivery: DeliveryRow | AnyRow, chat: ChatRow | AnyRow) -> bool:
    """Whether the state of the chat allows the delivery. A notice also comes to a chat that waits to be let in."""
    if delivery.kind is DeliveryKind.NOTICE and chat.state in WAITING:
        return chat.pause_reason is None
    return chat.state is ChatState.ACTIVE


def states_not_over(transaction: Transaction, chat_id: int | None) -> Iterator[tuple[str, DeliveryState]]:
    """Yields (platform, state) of each delivery of a chat, or of all, that is not settled or has a dead message."""
    wanted = _STATES if chat_id is None else _STATES.where(_d.chat == chat_id)
    for _, rows in groupby(execute(transaction, wanted), key=lambda row: row.seq):
        row, *others = rows
        states = [one.message for one in (row, *others) if one.message is not None]
        yield row.platform, derived_state(row, row, states)
