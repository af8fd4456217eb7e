"""Reads deliveries and their papers: to render them, and to tell what a chat got and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from subscriptions.model import Because, Delivery, Facts, Item, KnownPaper, MissingHow, MissingSources
from subscriptions.states import DeliveryState, MessageState
from subscriptions.store.chat.chats import chats_by_id
from subscriptions.store.columns import Big
from subscriptions.store.database.store import execute
from subscriptions.store.papers.known_papers import stored_papers
from subscriptions.store.retention import delivered_since
from subscriptions.store.rows import TABLES, DeliveryItemRow, DeliveryRow, MessageRow, PaperRow

# Statements that every rendering executes are built once.
_deliveries, _delivery_items, _sources = (TABLES.tables[name] for name in ("delivery", "delivery_item", "source"))
_d, _i = _deliveries.c, _delivery_items.c
_ids = bindparam("ids", expanding=True, type_=Big)
_DELIVERIES = columns(_deliveries).where(_d.seq.in_(_ids)).order_by(_d.seq)
_ITEMS = columns(_delivery_items).where(_i.delivery.in_(_ids)).order_by(_i.position)
_TITLED = columns(_sources.c.name, _sources.c.title, _sources.c.home).where(_sources.c.title != "")


def delivery_value(session: Session, seq: int, *, zone: str) -> Delivery:
    """A delivery with its papers as they are known now, to be rendered."""
    return delivery_values(session, [seq], zone=zone)[seq]


def delivery_values(session: Session, seqs: Sequence[int], *, zone: str) -> dict[int, Delivery]:
    """Deliveries by seq, each as from `delivery_value`."""
    rows = execute(session, _DELIVERIES, {"ids": seqs}).all()
    chats = chats_by_id(session, [row.chat for row in rows], zone=zone)
    item_rows = execute(session, _ITEMS, {"ids": seqs}).all()
    papers = stored_papers(session, list({item.paper for item in item_rows}))
    titled = _titled_sources(session) if item_rows else {}
    items: dict[int, list[Item]] = {}
    for item in item_rows:
        items.setdefault(item.delivery, []).append(_item(item, papers))
    return {
        row.seq: Delivery(
            id=row.id,
            chat=chats[row.chat],
            kind=row.kind,
            due=row.due,
            facts=replace(_facts(row.facts), titles=_titles(items.get(row.seq, ()), titled)),
            items=tuple(items.get(row.seq, ())),
        )
        for row in rows
    }


def _titled_sources(session: Session) -> dict[str, tuple[str, str]]:
    """Name → (title, home) of the sources that deliveries name at their end."""
    return {name: (title, home) for name, title, home in execute(session, _TITLED)}


def _titles(items: Sequence[Item], titled: Mapping[str, tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """(title, home) of the sources to name at the end of a delivery with these items."""
    names = {name for item in items if item.shown for name in item.paper.paper.sources}
    return tuple(titled[name] for name in sorted(names & titled.keys()))


def delivered_items(
    session: Session, chat_id: int, delivery_id: str, *, position: int | None = None
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
    return _items(session, session.exec(wanted).all())


def shown_since(session: Session, chat_id: int, since: datetime) -> list[int]:
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


def delivered_count(session: Session, chat_id: int) -> int:
    """How many papers a chat has in deliveries."""
    return session.exec(select(func.count()).where(DeliveryItemRow.chat == chat_id)).one()


def delivered_item(session: Session, chat_id: int, paper_id: int) -> Item | None:
    """The item of a paper in a delivery of this chat; None if there is none."""
    row = session.get(DeliveryItemRow, (chat_id, paper_id))
    return _items(session, [row])[0] if row else None


def delivered_titles(session: Session, chat_id: int, most: int) -> list[str]:
    """Titles of the `most` papers that were delivered to a chat last, newest first."""
    rows = session.exec(
        select(PaperRow.title)
        .join(DeliveryItemRow, col(DeliveryItemRow.paper) == PaperRow.id)
        .where(DeliveryItemRow.chat == chat_id)
        .order_by(col(DeliveryItemRow.delivery).desc())
        .limit(most)
    )
    return list(rows)


def _items(session: Session, rows: Sequence[DeliveryItemRow]) -> tuple[Item, ...]:
    papers = stored_papers(session, [row.paper for row in rows])
    return tuple(_item(row, papers) for row in rows)


def _item(row: DeliveryItemRow | Row[*tuple[Any, ...]], papers: Mapping[int, KnownPaper]) -> Item:
    return Item(
        paper=papers[row.paper],
        because=tuple(_because(b) for b in row.because),
        position=row.position,
        shown=row.shown,
        cross=row.cross,
    )


def _because(value: Mapping[str, Any]) -> Because:
    return Because(
        number=value["number"],
        text=value["text"],
        name=value["name"],
        words=tuple(value["words"]),
        added_by=value["by"],
    )


def _missing(detail: Mapping[str, str]) -> MissingSources | None:
    """The missing sources, which are stored in the detail."""
    if not detail.get("missing"):
        return None
    return MissingSources(detail["missing"], int(detail["missing count"]), MissingHow(detail["missing how"]))


def _facts(values: Mapping[str, Any]) -> Facts:
    return Facts(
        known=values["known"],
        days=tuple(date.fromisoformat(day) for day in values["days"]),
        first=values["first"],
        next_due=datetime.fromisoformat(values["next_due"]) if values["next_due"] else None,
        next_about=values["next_about"],
        late=timedelta(seconds=values["late"]),
        notice=values["notice"],
        late_reason=values["detail"].get("late", ""),
        missing=_missing(values["detail"]),
        detail=dict(values["detail"]),
        titles=tuple((title, home) for title, home in values["titles"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredPaper:
    """A paper in a delivery of a chat."""

    item: Item
    state: MessageState | DeliveryState  # of its message; without one PLANNED or DISMISSED
    at: datetime | None  # when it was sent, else when it was planned; None: not known any more


_MOST_SHOWN = 200  # papers of a delivery


def deliveries_of(session: Session, chat_id: int, paper_id: int) -> DeliveredPaper | None:
    """The item of a paper in a delivery of a chat, with its state; None if there is none."""
    item, row = delivered_item(session, chat_id, paper_id), session.get(DeliveryItemRow, (chat_id, paper_id))
    if item is None or row is None:
        return None
    delivery = session.get(DeliveryRow, row.delivery) if row.delivery is not None else None
    if delivery is None:  # the delivery is not stored any more, or was of a chat that was merged into this one
        return DeliveredPaper(item=item, state=MessageState.SENT, at=None)
    message = session.get(MessageRow, (delivery.seq, row.message or 1))
    if message is not None and message.state is MessageState.SENT:
        return DeliveredPaper(item=item, state=MessageState.SENT, at=message.sent_at)
    unsent = message.state if message else DeliveryState.PLANNED
    state = DeliveryState.DISMISSED if delivery.dismissed_at else unsent
    return DeliveredPaper(item=item, state=state, at=delivery.created_at)


def last_delivered(session: Session, chat_id: int) -> dict[int, int]:
    """The papers that a chat was shown last, by their positions: those of its newest delivery."""
    rows = session.exec(
        select(DeliveryItemRow.delivery, DeliveryItemRow.position, DeliveryItemRow.paper)
        .where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.shown), col(DeliveryItemRow.delivery).is_not(None))
        .order_by(col(DeliveryItemRow.delivery).desc(), col(DeliveryItemRow.position).desc())
        .limit(_MOST_SHOWN)
    ).all()
    return {position: paper for delivery, position, paper in rows if delivery == rows[0][0]}


def delivered_in_message(session: Session, chat_id: int, platform_id: str) -> int | None:
    """The first paper that a message of a chat shows, by the platform's id of the message; None for another message."""
    return next(iter(papers_in_message(session, chat_id, platform_id, most=1)), None)


def papers_in_message(session: Session, chat_id: int, platform_id: str, *, most: int = 2) -> tuple[int, ...]:
    """The first papers that a message of a chat shows, by the platform's id of the message; () for another message."""
    found = session.exec(
        select(DeliveryItemRow.paper)
        .join(
            MessageRow,
            (col(MessageRow.delivery) == DeliveryItemRow.delivery)
            & (col(MessageRow.number) == DeliveryItemRow.message),
        )
        .where(DeliveryItemRow.chat == chat_id, MessageRow.platform_id == platform_id)
        .order_by(col(DeliveryItemRow.position))
        .limit(most)
    )
    return tuple(found)
