"""The entries of the outbox as operators see them: their states, and what an operator can do with one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, func, or_, select, update

from subscriptions.model import DeliveryKind
from subscriptions.states import FINISHED, ChatState, DeliveryState, MessageState, PauseReason, describe_chat_state
from subscriptions.store.database.store import execute
from subscriptions.store.outbox.attempts import is_sent, settle_if_finished
from subscriptions.store.outbox.claims import waits_until
from subscriptions.store.rows import TABLES, ChatRow, DeliveryItemRow, DeliveryRow, LaneRow, MessageRow

_FINAL = (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.DISMISSED)  # nothing more is tried
_WORST_FIRST = (MessageState.DEAD, MessageState.UNCLEAR, MessageState.WAITING, MessageState.SENDING)

_deliveries, _chats, _messages = (TABLES.tables[name] for name in ("delivery", "chat", "message"))
_d, _c, _m = _deliveries.c, _chats.c, _messages.c
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


def _held_until(lane: LaneRow, wall: datetime) -> datetime | None:
    if lane.not_before is None or lane.since is None or not lane.since <= wall < lane.not_before:
        return None
    return lane.not_before


def entries(session: Session, *, now: datetime, wall: datetime | None = None) -> list[OutboxEntry]:
    """All stored deliveries, oldest first. `wall` is the machine's clock; by default it is `now`."""
    messages: dict[int, list[tuple[MessageState, str]]] = {}
    for seq, state, reason in session.exec(
        select(MessageRow.delivery, col(MessageRow.state), MessageRow.reason).order_by(
            col(MessageRow.delivery), col(MessageRow.number)
        )
    ):
        messages.setdefault(seq, []).append((state, reason))
    papers = dict(
        session.exec(select(DeliveryItemRow.delivery, func.count()).group_by(col(DeliveryItemRow.delivery))).all()
    )
    rows = session.exec(
        select(DeliveryRow, ChatRow).join(ChatRow, col(ChatRow.id) == DeliveryRow.chat).order_by(col(DeliveryRow.seq))
    )
    held = {(row.platform, row.address): _held_until(row, wall or now) for row in session.exec(select(LaneRow))}
    return [
        _entry(
            d,
            chat,
            messages.get(d.seq or 0, []),
            papers.get(d.seq, 0),
            waits_until(d.next_at, now) or held.get((chat.platform, chat.address)),
        )
        for d, chat in rows
    ]


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
    """Has the dead, waiting and unclear messages of a delivery tried again now.

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
        .values(state=MessageState.READY, reason="", lookup_given_up=False, found_at_start=False)
    )
    delivery.settled_at = delivery.dismissed_at = delivery.next_at = None
    delivery.attempts, delivery.reason = 0, ""
    session.flush()
    settle_if_finished(session, delivery, delivery.created_at)
    return delivery.chat


def dismiss(session: Session, delivery_id: str, *, now: datetime) -> bool:
    """Dismisses a delivery, which is then not sent. Returns False if there is no such delivery, or all of it was sent."""
    delivery = _not_sent(session, delivery_id)
    if delivery is None:
        return False
    delivery.dismissed_at = delivery.settled_at = now
    return True


def is_known(session: Session, delivery_id: str) -> bool:
    """Whether there is a delivery with this id."""
    return session.exec(select(DeliveryRow.seq).where(DeliveryRow.id == delivery_id)).first() is not None


def _not_sent(session: Session, delivery_id: str) -> DeliveryRow | None:
    delivery = session.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id)).first()
    return None if delivery is None or is_sent(session, delivery.seq or 0) else delivery


def counts(session: Session) -> Mapping[DeliveryState, int]:
    """How many deliveries are in each state, without those that were sent."""
    found: Counter[DeliveryState] = Counter()
    for _, rows in groupby(execute(session, _STATES), key=lambda row: row.seq):
        row, *others = rows
        states = [one.message for one in (row, *others) if one.message is not None]
        chat_state = _state_for(row.kind, row.state, row.pause_reason)
        found[derived_state(dismissed=row.dismissed_at is not None, chat_state=chat_state, states=states)] += 1
    return found


def count_as_sent(session: Session, before: datetime, *, now: datetime) -> int:
    """Dismisses what was due before `before`, after a restore: it counts as sent. Returns how many deliveries."""
    rows = session.exec(
        select(DeliveryRow).where(col(DeliveryRow.settled_at).is_(None), col(DeliveryRow.due) < before)
    ).all()
    for row in rows:
        row.settled_at = row.dismissed_at = now
        row.reason = "counted as sent after a restore"
    return len(rows)
