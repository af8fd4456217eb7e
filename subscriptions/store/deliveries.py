"""Reads deliveries and their papers: to render them, and to tell what a chat got and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import Because, Delivery, Facts, Item, KnownPaper
from subscriptions.states import DeliveryState, MessageState
from subscriptions.store.chats import chats_by_id
from subscriptions.store.columns import Big, adapter_of
from subscriptions.store.database.store import Transaction, execute, reads
from subscriptions.store.known_papers import stored_papers
from subscriptions.store.retention import delivered_since
from subscriptions.store.rows import TABLES, DeliveryItemRow, DeliveryRow, MessageRow, PaperRow

# Statements that every rendering executes are built once.
_deliveries, _delivery_items, _sources = (TABLES.tables[name] for name in ("delivery", "delivery_item", "source"))
_d, _i = _deliveries.c, _delivery_items.c
_ids = sa.bindparam("ids", expanding=True, type_=Big)
_DELIVERIES = sa.select(_deliveries).where(_d.seq.in_(_ids)).order_by(_d.seq)
_ITEMS = sa.select(_delivery_items).where(_i.delivery.in_(_ids)).order_by(_i.position)
_TITLED = sa.select(_sources.c.name, _sources.c.title, _sources.c.home).where(_sources.c.title != "")


def delivery_value(session: Transaction, seq: int, *, zone: str) -> Delivery:
    """A delivery with its papers as they are known now, to be rendered."""
    return delivery_values(session, [seq], zone=zone)[seq]


def delivery_values(session: Transaction, seqs: Sequence[int], *, zone: str) -> dict[int, Delivery]:
    """Deliveries by seq, each as from `delivery_value`."""
    rows = execute(session, _DELIVERIES, {"ids": seqs}).all()
    chats = chats_by_id(session, [row.chat for row in rows], zone=zone)
    item_rows = execute(session, _ITEMS, {"ids": seqs}).all()
    papers = stored_papers(session, list({item.paper for item in item_rows}))
    titled = {row.name: (row.title, row.home) for row in execute(session, _TITLED)} if item_rows else {}
    items: dict[int, list[Item]] = {}
    for item in item_rows:
        items.setdefault(item.delivery, []).append(_item(item, papers))
    return {
        row.seq: Delivery(
            id=row.id,
            chat=chats[row.chat],
            kind=row.kind,
            due=row.due,
            facts=replace(adapter_of(Facts).validate_python(row.facts), titles=_titles(items.get(row.seq, ()), titled)),
            items=tuple(items.get(row.seq, ())),
        )
        for row in rows
    }


def _titles(items: Sequence[Item], titled: Mapping[str, tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """(title, home) of the sources to name at the end of a delivery with these items."""
    names = {name for item in items if item.shown for name in item.paper.paper.sources}
    return tuple(titled[name] for name in sorted(names & titled.keys()))


@reads
def delivered_items(
    transaction: Transaction, chat_id: int, delivery_id: str, *, position: int | None = None
) -> tuple[Item, ...]:
    """The items of a delivery in order, or only the one at `position`; () if the delivery is of another chat."""
    wanted = (
        select(DeliveryItemRow)
        .join(DeliveryRow, col(DeliveryRow.seq) == DeliveryItemRow.delivery)
        .where(DeliveryRow.id == delivery_id, DeliveryItemRow.chat == chat_id)
        .order_by(col(DeliveryItemRow.position))
    )
    if position is not None:
        wanted = wanted.where(DeliveryItemRow.position == position)
    return _items(transaction, transaction.exec(wanted).all())


def shown_since(session: Transaction, chat_id: int, since: datetime) -> list[int]:
    """Ids of the papers that a chat was shown in messages sent at `since` or later, in the order in which they came."""
    rows = session.exec(
        select(DeliveryItemRow.paper)
        .join(
            MessageRow,
            (col(MessageRow.delivery) == DeliveryItemRow.delivery)
            & (col(MessageRow.number) == DeliveryItemRow.message),
        )
        .where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.shown).is_(True), col(MessageRow.sent_at) >= since)
        .order_by(col(MessageRow.sent_at), col(DeliveryItemRow.delivery), col(DeliveryItemRow.position))
    )
    return [*delivered_since(session, chat_id, since.date()), *rows]


def delivered_count(session: Transaction, chat_id: int) -> int:
    """How many papers a chat has in deliveries."""
    return session.exec(select(sa.func.count()).where(DeliveryItemRow.chat == chat_id)).one()


def delivered_item(session: Transaction, chat_id: int, paper_id: int) -> Item | None:
    """The item of a paper in a delivery of this chat; None if there is none."""
    row = session.get(DeliveryItemRow, (chat_id, paper_id))
    return _items(session, [row])[0] if row else None


def delivered_titles(session: Transaction, chat_id: int, most: int) -> list[str]:
    """Titles of the `most` papers that were delivered to a chat last, newest first."""
    rows = session.exec(
        select(PaperRow.title)
        .join(DeliveryItemRow, col(DeliveryItemRow.paper) == PaperRow.id)
        .where(DeliveryItemRow.chat == chat_id)
        .order_by(col(DeliveryItemRow.delivery).desc())
        .limit(most)
    )
    return list(rows)


def _items(session: Transaction, rows: Sequence[DeliveryItemRow]) -> tuple[Item, ...]:
    papers = stored_papers(session, [row.paper for row in rows])
    return tuple(_item(row, papers) for row in rows)


def _item(row: DeliveryItemRow | sa.Row[*tuple[Any, ...]], papers: Mapping[int, KnownPaper]) -> Item:
    return Item(
        paper=papers[row.paper],
        because=adapter_of(tuple[Because, ...]).validate_python(row.because),
        position=row.position,
        shown=row.shown,
        cross=row.cross,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredPaper:
    """A paper in a delivery of a chat."""

    item: Item
    state: MessageState | DeliveryState  # of its message; without one PLANNED or DISMISSED
    at: datetime | None  # when it was sent, else when it was planned; None: not known any more


_MOST_SHOWN = 200  # papers of a delivery


@reads
def deliveries_of(transaction: Transaction, chat_id: int, paper_id: int) -> DeliveredPaper | None:
    """The item of a paper in a delivery of a chat, with its state; None if there is none."""
    item, row = delivered_item(transaction, chat_id, paper_id), transaction.get(DeliveryItemRow, (chat_id, paper_id))
    if item is None or row is None:
        return None
    delivery = transaction.get(DeliveryRow, row.delivery) if row.delivery is not None else None
    if delivery is None:  # the delivery is not stored any more, or was of a chat that was merged into this one
        return DeliveredPaper(item=item, state=MessageState.SENT, at=None)
    message = transaction.get(MessageRow, (delivery.seq, row.message or 1))
    if message is not None and message.state is MessageState.SENT:
        return DeliveredPaper(item=item, state=MessageState.SENT, at=message.sent_at)
    unsent = message.state if message else DeliveryState.PLANNED
    state = DeliveryState.DISMISSED if delivery.dismissed_at else unsent
    return DeliveredPaper(item=item, state=state, at=delivery.created_at)


def last_delivered(session: Transaction, chat_id: int) -> dict[int, int]:
    """The papers that a chat was shown last, by their positions: those of its newest delivery."""
    rows = session.exec(
        select(DeliveryItemRow.delivery, DeliveryItemRow.position, DeliveryItemRow.paper)
        .where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.shown), col(DeliveryItemRow.delivery).is_not(None))
        .order_by(col(DeliveryItemRow.delivery).desc(), col(DeliveryItemRow.position).desc())
        .limit(_MOST_SHOWN)
    ).all()
    return {position: paper for delivery, position, paper in rows if delivery == rows[0][0]}


@reads
def papers_in_message(transaction: Transaction, chat_id: int, platform_id: str) -> tuple[int, ...]:
    """The first papers that a message of a chat shows, by the platform's id of the message; () for another message."""
    found = transaction.exec(
        select(DeliveryItemRow.paper)
        .join(
            MessageRow,
            (col(MessageRow.delivery) == DeliveryItemRow.delivery)
            & (col(MessageRow.number) == DeliveryItemRow.message),
        )
        .where(DeliveryItemRow.chat == chat_id, MessageRow.platform_id == platform_id)
        .order_by(col(DeliveryItemRow.position))
        .limit(2)
    )
    return tuple(found)
