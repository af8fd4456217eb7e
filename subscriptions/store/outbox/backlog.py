"""Deliveries that are dead or wait for long, notices about them, and the states of a chat's deliveries."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select, update

from subscriptions.model import ChatAddress, DeliveryKind
from subscriptions.states import ChatState, DeliveryState, MessageState
from subscriptions.store.columns import Condition, Utc
from subscriptions.store.outbox.entries import derived_state
from subscriptions.store.rows import GOES_OUT, ChatRow, DeliveryRow, MessageRow

LONG = timedelta(hours=1)  # operators, the log and `check` name what was tried in vain for longer
_NAMED = 5  # ids of deliveries that a notice names


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Deliveries that have the same problem."""

    count: int
    reason: str = ""  # the most frequent one
    ids: tuple[str, ...] = ()  # the first few
    chat: str = ""  # address, if all of them are of one chat
    since: datetime | None = None  # when the first of them was given up, or planned


def dead_since(session: Session, since: datetime | None) -> Trouble:
    """Deliveries with a dead message, settled after `since`.

    Notices do not count, or a dead notice would cause the next one.
    """
    wanted = (
        select(DeliveryRow.id, MessageRow.reason, ChatRow, col(DeliveryRow.settled_at))
        .join(MessageRow, col(MessageRow.delivery) == DeliveryRow.seq)
        .join(ChatRow, col(ChatRow.id) == DeliveryRow.chat)
        .where(
            MessageRow.state == MessageState.DEAD,
            DeliveryRow.kind != DeliveryKind.NOTICE,
            col(DeliveryRow.settled_at).is_not(None),
            col(DeliveryRow.dismissed_at).is_(None),
        )
        .order_by(col(DeliveryRow.seq), col(MessageRow.number))
    )
    if since is not None:
        wanted = wanted.where(col(DeliveryRow.settled_at) > since)
    rows = session.exec(wanted).all()
    ids = tuple(dict.fromkeys(delivery for delivery, _, _, _ in rows))
    reasons = Counter(reason for _, reason, _, _ in rows if reason)
    chats = {str(ChatAddress(chat.platform, chat.address, chat.topic)) for _, _, chat, _ in rows}
    return Trouble(
        count=len(ids),
        reason=reasons.most_common(1)[0][0] if reasons else "",
        ids=ids[:_NAMED],
        chat=chats.pop() if len(chats) == 1 else "",
        since=min((at for _, _, _, at in rows if at is not None), default=None),
    )


def waiting_since(session: Session, before: datetime) -> dict[str, Trouble]:
    """Platform → deliveries that were tried without success and have waited since before `before`."""
    first = func.min(col(DeliveryRow.created_at), type_=Utc)
    rows = session.exec(
        select(ChatRow.platform, DeliveryRow.reason, func.count(), first)
        .join(DeliveryRow, col(DeliveryRow.chat) == ChatRow.id)
        .where(
            Condition(GOES_OUT),
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


def noticed_since(session: Session, key: str, since: datetime) -> bool:
    """Whether a notice with this dedupe key was stored at `since` or later."""
    wanted = select(DeliveryRow.seq).where(DeliveryRow.dedupe_key == key, col(DeliveryRow.created_at) >= since)
    return session.exec(wanted).first() is not None


def drop_notices(session: Session, part: str, *, now: datetime) -> None:
    """Dismisses the notices that are not settled and have `part` in their dedupe key."""
    session.exec(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.kind) == DeliveryKind.NOTICE,
            col(DeliveryRow.dedupe_key).contains(part, autoescape=True),
            col(DeliveryRow.settled_at).is_(None),
        )
        .values(settled_at=now, dismissed_at=now, reason="it was not so after all")
    )


def states_of(session: Session, chat_id: int) -> Counter[DeliveryState]:
    """How many deliveries of a chat are in each state, without those that were sent or dismissed."""
    rows = session.exec(
        select(DeliveryRow.seq, col(ChatRow.state), col(MessageRow.state))
        .join(ChatRow, col(ChatRow.id) == DeliveryRow.chat)
        .outerjoin(MessageRow, col(MessageRow.delivery) == DeliveryRow.seq)
        .where(DeliveryRow.chat == chat_id, col(DeliveryRow.dismissed_at).is_(None))
    ).all()
    messages: dict[int, tuple[ChatState, list[MessageState]]] = {}
    for seq, chat_state, state in rows:
        messages.setdefault(seq or 0, (chat_state, []))[1].extend([state] if state else [])
    states = (derived_state(dismissed=False, chat_state=chat, states=found) for chat, found in messages.values())
    return Counter(state for state in states if state is not DeliveryState.SENT)
