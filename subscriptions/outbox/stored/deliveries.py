"""Deliveries with their papers: for rendering, with the messages that are stored, and what a chat got."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import select

from subscriptions.chats.stored.chats import chats_by_id
from subscriptions.database import columns
from subscriptions.database.columns import AnyRow, JsonText, adapter_of
from subscriptions.database.store import Transaction, execute, grouped, rows_of
from subscriptions.database.tables import DeliveryItemRow, DeliveryRow, MessageRow, tables
from subscriptions.model import (
    Delivery,
    DeliveryContext,
    DeliveryState,
    Item,
    Lane,
    MatchReason,
    Message,
    MessageState,
    StoredPaper,
)
from subscriptions.outbox.stored.claims import MAY_BE_SENT, Step, claim
from subscriptions.papers.stored.feedback import owned
from subscriptions.papers.stored.papers import stored_papers

# Deliveries that are rendered together have the same papers; they are sent within two seconds, so changed settings apply soon.
_RENDERED_TOGETHER = 40
_NEAR = 1000  # how many numbers after a delivery others to render with it are looked for

# Each rendering executes these statements, so they are built only once.
_deliveries, _chats, _delivery_items, _messages = tables("delivery", "chat", "delivery_item", "message")
_d, _i, _m = _deliveries.c, _delivery_items.c, _messages.c
_DELIVERIES = sa.select(_deliveries).order_by(_d.seq)
_ITEMS = sa.select(_delivery_items).order_by(_i.position)
_SHOWN_IN_MESSAGE = (_m.delivery == _i.delivery) & (_m.number == _i.message)  # the message that shows an item
# what lies under [show more] came with the first message
_SENT_WITH = (_m.delivery == _i.delivery) & (_m.number == sa.func.coalesce(_i.message, 1))
_UNRENDERED = (
    sa.select(_d.seq)
    .join_from(_deliveries, _chats, _chats.c.id == _d.chat)
    .where(_d.seq.between(sa.bindparam("first"), sa.bindparam("last")), _d.rendered_at.is_(None), MAY_BE_SENT)
    # concat keeps SQLite from using an index that is no help, since nearly all chats are on one platform
    .where(_d.settled_at.is_(None), _chats.c.platform.concat("") == sa.bindparam("platform"))
    .order_by(_d.seq)
    .limit(_RENDERED_TOGETHER)
)
_NEW_MESSAGE = sa.insert(_messages).values(use_plain=False, left_to_person=False)
_SHOWS = (
    sa.update(_delivery_items)
    .where(_i.delivery == sa.bindparam("of"), _i.paper == sa.bindparam("which"))
    .values(message=sa.bindparam("by"))
)
_KEYS, _SEQS = sa.select(_d.dedupe_key), sa.select(_d.id, _d.seq)
# DeliveryContext and reasons are passed as JSON text, which is made once, since many rows have the same ones.
_NO_DELIVERY = -1  # the position of a paper that counts as delivered without a delivery
_NEW_DELIVERIES = sa.insert(_deliveries).values(facts=sa.bindparam("facts", type_=JsonText()), attempts=0, reason="")
_NEW_ITEMS = sa.insert(_delivery_items).values(because=sa.bindparam("because", type_=JsonText()))
_DELIVERED = sa.select(_i.chat, _i.paper).where(_i.paper.between(sa.bindparam("first"), sa.bindparam("last")))
# Without statistics of the table, a server would begin with the papers and read all chats that have them. LATERAL and
# OFFSET 0 make it begin with the chats.
_DELIVERED_TO_EACH = sa.text("""
    SELECT found.chat, found.paper FROM unnest(:ids) AS asked (chat) CROSS JOIN LATERAL (
        SELECT item.chat, item.paper FROM delivery_item AS item
        WHERE item.chat = asked.chat AND item.paper BETWEEN :first AND :last OFFSET 0
    ) AS found
""").bindparams(sa.bindparam("ids", type_=sa.ARRAY(sa.Integer)))


def to_render(transaction: Transaction, seq: int, platform: str) -> dict[int, Delivery]:
    """Return seq → delivery for an unrendered delivery and for those planned with it, which are rendered together."""
    asked = {"first": seq, "last": seq + _NEAR, "platform": platform}
    return delivery_values(transaction, execute(transaction, _UNRENDERED, asked).scalars().all())


def store_rendered(
    transaction: Transaction, rendered: Mapping[int, tuple[Sequence[Message], str]], lane: Lane, *, now: datetime
) -> Step | None:
    """Store messages of deliveries that were not rendered before (rule 7). Return the next step of a lane.

    `rendered`: seq → (messages, failure). A delivery that could not be rendered is dead, with the failure, unless a
    person requests another attempt.
    """
    stored: list[dict[str, object]] = []
    shows: list[dict[str, int]] = []
    for seq, (messages, failure) in rendered.items():
        over = now if failure or not messages else None
        new = sa.update(_deliveries).where(_d.seq == seq, _d.rendered_at.is_(None))
        if not execute(transaction, new.values(rendered_at=now, settled_at=over, reason=failure)).rowcount:
            continue  # it was rendered before, or its chat was erased in the meantime
        state = MessageState.DEAD if failure else MessageState.READY
        for one in [Message(number=1, payload="")] if failure else messages:
            content = {"number": one.number, "payload": one.payload, "reply_to": one.reply_to}
            stored.append({"delivery": seq, **content, "state": state, "reason": failure})
            shows += [{"of": seq, "which": paper, "by": one.number} for paper in one.papers]
    transaction.execute_rows(_NEW_MESSAGE, stored)
    transaction.execute_rows(_SHOWS, shows)
    return claim(transaction, lane, now=now)


def delivery_values(transaction: Transaction, seqs: Sequence[int]) -> dict[int, Delivery]:
    """Return seq → delivery with its papers as they are known now, for rendering."""
    rows = list(rows_of(transaction, _DELIVERIES, _d.seq, seqs))
    chats = chats_by_id(transaction, [row.chat for row in rows])
    item_rows = list(rows_of(transaction, _ITEMS, _i.delivery, seqs))
    papers = stored_papers(transaction, list({item.paper for item in item_rows}))
    items = grouped((item.delivery, _item(item, papers)) for item in item_rows)
    return {
        row.seq: Delivery(
            id=row.id,
            chat=chats[row.chat],
            kind=row.kind,
            due=row.due,
            facts=adapter_of(DeliveryContext).validate_python(row.facts),
            items=tuple(items.get(row.seq, ())),
        )
        for row in rows
    }


def delivered_items(
    transaction: Transaction, chat_id: int, delivery_id: str, *, position: int | None = None
) -> tuple[Item, ...]:
    """Return the items of a delivery in order, or only the item at `position`; () for a delivery of another chat."""
    wanted = (
        select(DeliveryItemRow)
        .join(DeliveryRow, _d.seq == _i.delivery)
        .where(_d.id == delivery_id, _i.chat == chat_id)
        .order_by(_i.position)
    )
    if position is not None:
        wanted = wanted.where(_i.position == position)
    return _items(transaction, transaction.exec(wanted).all())


def sent_since(transaction: Transaction, chat_id: int, since: datetime) -> list[int]:
    """Return the ids of the papers that a chat was sent from `since` on, in the order of sending.

    Of deliveries that are no longer stored, only the day (in UTC) is known.
    """
    sent = (
        sa.select(_i.paper)
        .join(_messages, _SENT_WITH)
        .where(_i.chat == chat_id, _m.sent_at >= since)
        .order_by(_m.sent_at, _i.delivery, _i.position)
    )
    of_days = sa.select(_i.paper).where(_i.chat == chat_id, _i.delivered_on >= since.date())
    dropped = of_days.order_by(_i.delivered_on, _i.paper)
    return [paper for papers in (dropped, sent) for paper in execute(transaction, papers).scalars()]


def newest_sent(transaction: Transaction, chat_id: int, most: int) -> list[tuple[int, datetime]]:
    """Return (id, moment) of the newest `most` papers that a chat was sent, newest delivery first.

    Only deliveries that are still stored count, because of older ones only the day is known.
    """
    sent = (
        sa.select(_i.paper, _m.sent_at)
        .join(_deliveries, _d.seq == _i.delivery)
        .join(_messages, _SENT_WITH)
        .where(_d.chat == chat_id, _m.sent_at.is_not(None))
        .order_by(_d.seq.desc(), _i.position)
        .limit(most)
    )
    return [(row.paper, row.sent_at) for row in execute(transaction, sent)]


def delivered_count(transaction: Transaction, chat_id: int) -> int:
    """Return the number of papers in the deliveries of a chat."""
    return transaction.count(_i.chat == chat_id)


def _items(transaction: Transaction, rows: Sequence[DeliveryItemRow]) -> tuple[Item, ...]:
    papers = stored_papers(transaction, [row.paper for row in rows])
    return tuple(_item(row, papers) for row in rows)


def _item(row: DeliveryItemRow | AnyRow, papers: Mapping[int, StoredPaper]) -> Item:
    return Item(
        paper=papers[row.paper],
        because=adapter_of(tuple[MatchReason, ...]).validate_python(row.because),
        position=row.position,
        shown=row.shown,
        cross=row.cross,
    )


class DeliveredPaper(NamedTuple):
    """A paper in a delivery of a chat."""

    item: Item
    state: MessageState | DeliveryState  # state of its message; without a message, PLANNED or DISMISSED
    at: datetime | None  # when it was sent or, if it is unsent, planned; None: no longer known


def deliveries_of(transaction: Transaction, chat_id: int, paper_id: int) -> DeliveredPaper | None:
    """Return a paper with the state of the delivery that brought it to the chat; None if no delivery did."""
    row = transaction.get(DeliveryItemRow, (chat_id, paper_id))
    if row is None:
        return None
    [item] = _items(transaction, [row])
    if row.delivery is None or (delivery := transaction.get(DeliveryRow, row.delivery)) is None:
        # the delivery is no longer stored, or belonged to a chat that was merged into this chat
        return DeliveredPaper(item=item, state=MessageState.SENT, at=None)
    message = transaction.get(MessageRow, (delivery.seq, row.message or 1))
    if message is not None and message.state is MessageState.SENT:
        return DeliveredPaper(item=item, state=MessageState.SENT, at=message.sent_at)
    unsent = message.state if message else DeliveryState.PLANNED
    state = DeliveryState.DISMISSED if delivery.dismissed_at else unsent
    return DeliveredPaper(item=item, state=state, at=delivery.created_at)


def last_paper(transaction: Transaction, chat_id: int, *, message: str = "") -> int | None:
    """Return the id of the first paper in the message with the platform id `message`.

    If no message of the chat has this id, or it shows no paper, returns the last paper of the newest delivery that
    showed papers to the chat; None if there is none.
    """
    shown = sa.select(_i.paper).where(_i.chat == chat_id, _i.shown, _i.delivery.is_not(None)).limit(1)
    in_message = shown.join(_messages, _SHOWN_IN_MESSAGE).where(_m.platform_id == message).order_by(_i.position)
    found = execute(transaction, in_message).scalar() if message else None
    return found or execute(transaction, shown.order_by(_i.delivery.desc(), _i.position.desc())).scalar()


def taken_keys(transaction: Transaction, keys: Sequence[str]) -> set[str]:
    """Return those of `keys` that are dedupe keys of stored deliveries."""
    return {row.dedupe_key for row in rows_of(transaction, _KEYS, _d.dedupe_key, keys)}


def add_deliveries(transaction: Transaction, planned: Mapping[str, Delivery], *, now: datetime, **more: object) -> None:
    """Store deliveries and their items, with few statements. `planned`: dedupe key → delivery.

    No stored delivery may have one of these keys. `more`: further values of their rows.
    """
    deliveries = [
        {
            "id": one.id,
            "chat": one.chat.id,
            "kind": one.kind,
            "due": one.due,
            "dedupe_key": key,
            "created_at": now,
            "facts": _facts(one.facts),
            **more,
        }
        for key, one in planned.items()
    ]
    transaction.execute_rows(_NEW_DELIVERIES, deliveries)
    seqs = {row.id: row.seq for row in rows_of(transaction, _SEQS, _d.id, [one.id for one in planned.values()])}
    items = [
        {
            "chat": one.chat.id,
            "paper": item.paper.id,
            "delivery": seqs[one.id],
            "position": item.position,
            "shown": item.shown,
            "cross": item.cross,
            "because": _because(item.because),
        }
        for one in planned.values()
        for item in one.items
    ]
    transaction.execute_rows(_NEW_ITEMS, items)


def add_notice(
    transaction: Transaction, key: str, planned: Delivery, *, about: int | None, person: str | None, now: datetime
) -> bool:
    """Store a notice. `key` is its dedupe key, `about` the other chat and `person` the person with whom it is erased.

    Return False if a delivery with this key is stored.
    """
    if taken_keys(transaction, [key]):
        return False
    add_deliveries(transaction, {key: planned}, now=now, about=about, person=person)
    return True


def count_as_delivered(transaction: Transaction, chat_id: int, papers: Iterable[int]) -> None:
    """Store papers as delivered to a chat, but without a delivery. Papers that are in a delivery stay there."""
    for paper in papers:
        row = DeliveryItemRow(chat=chat_id, paper=paper, position=_NO_DELIVERY, shown=False)
        transaction.insert_new(row)


def delivered(transaction: Transaction, chat_ids: Sequence[int], paper_ids: Iterable[int]) -> dict[int, set[int]]:
    """Return chat id → those of `paper_ids` that the chat has in a delivery or in its library."""
    found: dict[int, set[int]] = {chat_id: set() for chat_id in chat_ids}
    papers = set(paper_ids)
    span = {"first": min(papers, default=0), "last": max(papers, default=0)}
    if transaction.dialect == "postgresql":
        rows: Iterable[AnyRow] = execute(transaction, _DELIVERED_TO_EACH, {"ids": list(chat_ids), **span})
    else:
        rows = rows_of(transaction, _DELIVERED, _i.chat, chat_ids, **span)
    for chat_id, paper_id in rows:
        if paper_id in papers:
            found[chat_id].add(paper_id)
    for chat_id, mine in owned(transaction, chat_ids, papers).items():
        found[chat_id] |= mine
    return found


@lru_cache(maxsize=4096)
def _facts(facts: DeliveryContext) -> str:
    return _text(DeliveryContext, facts)


@lru_cache(maxsize=65536)
def _because(reasons: tuple[MatchReason, ...]) -> str:
    return _text(tuple[MatchReason, ...], reasons)


def _text(kind: Any, value: object) -> str:  # noqa: ANN401 - a class, or a type such as tuple[str, ...]
    return columns.adapter_of(kind).dump_json(value).decode()
