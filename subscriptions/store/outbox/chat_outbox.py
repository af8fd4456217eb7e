"""The outbox of one chat: what is planned and not sent, and when each subscription brought something."""

from datetime import UTC, datetime, time

from sqlmodel import Session, col, func, select, update

from subscriptions.states import MAYBE_SENT
from subscriptions.store.rows import DeliveryItemRow, DeliveryRow, MessageRow

_NOON = time(12)  # of a day without a known hour, so that it is the same day in most zones


def planned_papers(session: Session, chat_id: int, *, by: datetime | None = None) -> int:
    """How many papers are in the chat's deliveries with nothing sent yet; with `by`, in those planned until then."""
    items = (
        select(func.count())
        .select_from(DeliveryItemRow)
        .where(col(DeliveryItemRow.delivery).in_(_unsent(session, chat_id, by)))
    )
    return session.exec(items).one()


def delivered_between(session: Session, chat_id: int, first: int, last: int) -> set[int]:
    """Of the papers with ids from `first` to `last` those that a chat has in a delivery."""
    between = col(DeliveryItemRow.paper).between(first, last)
    return set(session.exec(select(DeliveryItemRow.paper).where(DeliveryItemRow.chat == chat_id, between)))


def shown_at(session: Session, chat_id: int, since: datetime) -> list[tuple[datetime, int]]:
    """(when, papers) of each message that showed papers at `since` or later; of older deliveries, only their days are known."""
    sent = (
        select(col(MessageRow.sent_at), func.count())
        .join(
            DeliveryItemRow,
            (col(DeliveryItemRow.delivery) == MessageRow.delivery)
            & (col(DeliveryItemRow.message) == MessageRow.number),
        )
        .where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.shown).is_(True), col(MessageRow.sent_at) >= since)
        .group_by(col(MessageRow.sent_at))
    )
    days = (
        select(col(DeliveryItemRow.delivered_on), func.count())
        .where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.shown).is_(True))
        .where(col(DeliveryItemRow.delivered_on) >= since.date())
        .group_by(col(DeliveryItemRow.delivered_on))
    )
    found = [(at, amount) for at, amount in session.exec(sent) if at is not None]
    return found + [
        (datetime.combine(day, _NOON, UTC), amount) for day, amount in session.exec(days) if day is not None
    ]


def last_came(session: Session, chat_id: int, since: datetime) -> dict[int, datetime]:
    """Number of a subscription → when its papers were sent last, at `since` or later."""
    rows = session.exec(
        select(DeliveryItemRow.because, DeliveryRow.settled_at)
        .join(DeliveryRow, col(DeliveryRow.seq) == DeliveryItemRow.delivery)
        .where(
            DeliveryItemRow.chat == chat_id,
            col(DeliveryRow.settled_at) >= since,
            col(DeliveryRow.dismissed_at).is_(None),
        )
    )
    found: dict[int, datetime] = {}
    for because, settled_at in rows:
        for reason in because:
            number = int(reason["number"])
            found[number] = max(found.get(number, since), settled_at or since)
    return found


def was_posted(session: Session, chat_id: int, platform_id: str) -> bool:
    """Whether a delivery of this chat has a message with this id of its platform."""
    found = (
        select(MessageRow.number)
        .join(DeliveryRow, col(DeliveryRow.seq) == MessageRow.delivery)
        .where(DeliveryRow.chat == chat_id, MessageRow.platform_id == platform_id)
    )
    return session.exec(found.limit(1)).first() is not None


def hold_planned(session: Session, chat_id: int, until: datetime | None) -> None:
    """Delays the chat's deliveries with nothing sent yet until a moment; with None they go at once."""
    seqs = _unsent(session, chat_id, None)
    session.exec(update(DeliveryRow).where(col(DeliveryRow.seq).in_(seqs)).values(next_at=until))


def dismiss_planned(session: Session, chat_id: int, *, by: datetime, now: datetime) -> None:
    """Dismisses the chat's deliveries that were planned until `by` and have nothing sent yet."""
    seqs = _unsent(session, chat_id, by)
    session.exec(update(DeliveryRow).where(col(DeliveryRow.seq).in_(seqs)).values(dismissed_at=now, settled_at=now))


def _unsent(session: Session, chat_id: int, by: datetime | None) -> list[int]:
    maybe_sent = select(MessageRow.delivery).where(
        MessageRow.delivery == DeliveryRow.seq, col(MessageRow.state).in_(MAYBE_SENT)
    )
    found = select(DeliveryRow.seq).where(
        DeliveryRow.chat == chat_id, col(DeliveryRow.settled_at).is_(None), ~maybe_sent.exists()
    )
    if by is not None:
        found = found.where(col(DeliveryRow.created_at) <= by)
    return [seq for seq in session.exec(found) if seq is not None]
