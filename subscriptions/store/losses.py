"""The last loss of the database, after which a copy was restored (rule 13)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.planning.counted_as_sent import Loss
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, in_chunks
from subscriptions.store.rows import DeliveryItemRow, DeliveryRow, DigestRow, ReceiptRow, tables
from subscriptions.store.work_rows import LossRow

_THE_LAST = 1  # the id of the row of the last loss, the only loss that is stored
_NO_DELIVERY = -1  # stored instead of the position in a delivery, for a paper that counts as sent without a delivery
_subscriptions, _losses = tables("subscription", "loss")
_s = _subscriptions.c
_LOSS = sa.select(_losses).where(_losses.c.id == _THE_LAST)


def last_loss(transaction: Transaction) -> Loss | None:
    """Returns the last loss; None if no copy was ever restored with `--sent`."""
    row = execute(transaction, _LOSS).first()
    if row is None:
        return None
    return Loss(lost_at=row.lost_at, copied_at=row.copied_at, restored_at=row.restored_at)


def put_loss(transaction: Transaction, loss: Loss) -> None:
    """Stores a loss, instead of an earlier loss."""
    conflicts.put(transaction, LossRow(**asdict(loss)))


def last_moment(transaction: Transaction) -> datetime | None:
    """Returns the last moment at which a digest came, a source was polled or a delivery was planned; None if never."""
    moments = (col(DigestRow.received_at), col(ReceiptRow.at), col(DeliveryRow.created_at))
    found = [transaction.exec(sa.select(sa.func.max(moment))).scalar_one() for moment in moments]  # type: ignore[call-overload]
    return max((moment for moment in found if moment), default=None)


def count_until(transaction: Transaction, moments: Mapping[int, datetime | None]) -> None:
    """Stores until when papers count as sent. `moments`: subscription id → moment; None: no papers count as sent."""
    for subscription, moment in moments.items():
        execute(transaction, sa.update(_subscriptions).filter_by(id=subscription).values(counted_until=moment))


def lowest_cursor_that_counts(transaction: Transaction) -> int | None:
    """Returns the lowest cursor of the subscriptions for which papers count as sent; None if there are none."""
    return execute(transaction, sa.select(sa.func.min(_s.cursor)).where(_s.counted_until.is_not(None))).scalar()


def chats_that_count(transaction: Transaction, came: datetime) -> list[int]:
    """Returns the ids of the chats with a subscription for which papers that came at `came` count as sent."""
    found = sa.select(_s.chat).where(_s.counted_until >= came)  # sorted here: for ORDER BY, SQLite would read all chats
    return sorted({*execute(transaction, found).scalars()})


def count_as_delivered(transaction: Transaction, papers: Iterable[tuple[int, int]]) -> None:
    """Stores (chat, paper) pairs as delivered, but without a delivery. Papers that are in a delivery stay there."""
    names = ("chat", "paper", "position", "shown", "cross", "because")
    no_reasons: list[str] = []
    rows = [(chat, paper, _NO_DELIVERY, False, False, no_reasons) for chat, paper in papers]
    conflicts.insert_all_new(transaction, "delivery_item", ("chat", "paper"), names, rows)


def count_no_more(transaction: Transaction, papers: list[int]) -> None:
    """Makes papers deliverable again that counted as delivered without a delivery."""
    for part in in_chunks(papers):
        transaction.remove(DeliveryItemRow, col(DeliveryItemRow.paper).in_(part), position=_NO_DELIVERY)
