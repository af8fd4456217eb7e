"""All deliveries as operators see them: listed, tried again, dismissed, counted as sent."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.states import (
    UNDER_WAY,
    ChatState,
    DeliveryState,
    MessageState,
    describe_chat_state,
)
from subscriptions.store import claims, sendable
from subscriptions.store.database.store import CHUNK, Transaction, execute, grouped, reads, rows_of, writes
from subscriptions.store.delivery_states import WORST_FIRST, derived_state, states_not_over
from subscriptions.store.rows import ChatRow, DeliveryRow, LaneRow, tables

_FINAL = (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.DISMISSED)  # after these, no attempt follows

_deliveries, _messages, _items, _lanes = tables("delivery", "message", "delivery_item", "lane")
_d, _m, _i, _l = _deliveries.c, _messages.c, _items.c, _lanes.c
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
def entries(
    transaction: Transaction, after: int, *, over: bool, now: datetime, wall: datetime
) -> tuple[list[OutboxEntry], int]:
    """Returns (a page of deliveries with a `seq` above `after`, oldest first; the last `seq` of the page).

    With `over`, the page includes deliveries that were sent or dismissed. Then all rows are read; otherwise an index is
    used.
    """
    its_lane = (_l.platform == ChatRow.platform) & (_l.address == ChatRow.address)
    page = (
        select(DeliveryRow, ChatRow, _l.not_before)
        .join(ChatRow, col(ChatRow.id) == _d.chat)
        .outerjoin(LaneRow, its_lane & (_l.since <= wall) & (_l.not_before > wall))  # if its platform requested a pause
        .where(_d.seq > after)
        .order_by(_d.seq)
        .limit(CHUNK)
    )
    rows = transaction.exec(page if over else page.where(_d.seq.in_(_NOT_OVER))).all()
    seqs = [row.seq for row, _, _ in rows]
    states = rows_of(transaction, _STATES_OF, _m.delivery, seqs)
    messages = grouped((of, (state, why)) for of, state, why in states)
    papers: dict[int, int] = dict(rows_of(transaction, _PAPERS_OF, _i.delivery, seqs))
    found = [
        _entry(
            row,
            chat,
            messages.get(seq, []),
            papers.get(seq, 0),
            sendable.waits_until(row.next_at, now) or held_until,
        )
        for seq, (row, chat, held_until) in zip(seqs, rows, strict=True)
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
    ready = {"state": MessageState.READY, "reason": "", "lookup_given_up": False, "found_at_start": False}
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
