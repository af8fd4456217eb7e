"""The last loss of the database, and what counts as sent since a copy was restored (subscriptions/planning/receipts.py)."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.planning.receipts import Loss
from subscriptions.store.database.conflicts import insert_all_new, put
from subscriptions.store.database.store import Transaction, execute, in_chunks
from subscriptions.store.rows import TABLES, DeliveryItemRow, DeliveryRow, DigestRow, ReceiptRow

_THE_LAST = 1  # the id of the last loss: no other is stored
_NO_DELIVERY = -1  # the position of a paper that counts as sent: it is in no delivery
_subscriptions, _losses = TABLES.tables["subscription"], TABLES.tables["loss"]
_LOSS = sa.select(_losses).where(_losses.c.id == _THE_LAST)
_s = _subscriptions.c
_CHATS = sa.select(_s.chat).where(
    _s.counted_until >= sa.bindparam("came")
)  # sorted outside: SQLite would read all chats in their order
_LOWEST = sa.select(sa.func.min(_s.cursor)).where(_s.counted_until.is_not(None))
_COUNT_UNTIL = (
    sa.update(_subscriptions).where(_s.id == sa.bindparam("subscription")).values(counted_until=sa.bindparam("until"))
)


def last_loss(session: Transaction) -> Loss | None:
    """The last loss; None if no copy was ever restored with the moment of a loss."""
    row = execute(session, _LOSS).first()
    return None if row is None else Loss(lost_at=row.lost_at, copied_at=row.copied_at, restored_at=row.restored_at)


def put_loss(session: Transaction, loss: Loss) -> None:
    """Stores the last loss."""
    moments = {"lost_at": loss.lost_at, "copied_at": loss.copied_at, "restored_at": loss.restored_at}
    put(session, "loss", ("id",), {"id": _THE_LAST, **moments})


def last_moment(session: Transaction) -> datetime | None:
    """The last moment at which a digest came, a source was polled or a delivery planned; None: never."""
    moments = (col(DigestRow.received_at), col(ReceiptRow.at), col(DeliveryRow.created_at))
    found = [session.exec(sa.select(sa.func.max(moment))).scalar_one() for moment in moments]  # type: ignore[call-overload]
    return max((moment for moment in found if moment), default=None)


def count_until(session: Transaction, moments: Mapping[int, datetime | None]) -> None:
    """Stores until when papers count as sent, by the id of a subscription; None: no papers do."""
    if moments:
        values = [{"subscription": number, "until": moment} for number, moment in moments.items()]
        execute(session, _COUNT_UNTIL, values)


def lowest_cursor_that_counts(session: Transaction) -> int | None:
    """The lowest cursor of the subscriptions for which something counts as sent; None: there is none."""
    return execute(session, _LOWEST).scalar()


def chats_that_count(session: Transaction, came: datetime) -> list[int]:
    """Ids of the chats with a subscription for which papers that came at `came` count as sent."""
    return sorted({*execute(session, _CHATS, {"came": came}).scalars()})


def count_as_delivered(session: Transaction, papers: Iterable[tuple[int, int]]) -> None:
    """Stores (chat, paper) pairs as delivered, without a delivery. Papers that are in one stay there."""
    values = [
        {"chat": chat, "paper": paper, "position": _NO_DELIVERY, "shown": False, "cross": False, "because": []}
        for chat, paper in papers
    ]
    insert_all_new(session, "delivery_item", ("chat", "paper"), values)


def count_no_more(session: Transaction, papers: list[int]) -> None:
    """Makes papers that only counted as delivered deliverable again."""
    for part in in_chunks(papers):
        session.exec(
            sa.delete(DeliveryItemRow).where(
                col(DeliveryItemRow.paper).in_(part),
                col(DeliveryItemRow.position) == _NO_DELIVERY,
            )
        )
