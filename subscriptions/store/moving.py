"""Moves chats to another address with all their data: of two that become one, whose settings, numbers and cursors stay (rule 9)."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from subscriptions.model import Chat, ChatAddress, Lane
from subscriptions.states import MAYBE_SENT, ChatState, MessageState
from subscriptions.store import admitted_chats, chats, libraries
from subscriptions.store.database.store import Transaction, execute, shares
from subscriptions.store.subscriptions import give_libraries
from subscriptions.store.tables import (
    TABLES,
    ChatRow,
    DeliveryItemRow,
    DeliveryRow,
    MessageRow,
    SubscriptionRow,
    UndoRow,
    references_to_chats,
)

_items = TABLES.tables["delivery_item"]
_theirs = _items.alias()


@shares
def chat_moved(transaction: Transaction, address: ChatAddress, new: str, *, now: datetime) -> None:
    """Moves all chats at an address, including its topics, to the address `new`.

    A row stays at the old address and points to the chat at the new address. Platforms give a group a new address when
    it becomes a larger kind of group. A second call changes nothing.
    """
    platform, old = address.platform, address.address
    if old == new:
        return
    rows = transaction.exec(select(ChatRow).filter_by(platform=platform, address=old, moved_to=None)).all()
    for row in rows:
        _move(transaction, row, ChatAddress(platform, new, row.topic), now)
    admitted_chats.move_denial(transaction, Lane(platform, old), Lane(platform, new))


def topic_gone(transaction: Transaction, topic: Chat, chat: Chat, *, now: datetime) -> None:
    """Moves everything that a topic has to its chat, to which the address of the topic then leads.

    Papers that wait for the topic are sent to the chat. A second call changes nothing.
    """
    row = transaction.get_one(ChatRow, topic.id, populate_existing=True)
    if row.moved_to is not None:
        return
    # what only counts as sent in the topic, because the chat has it, must not keep the chat from sending it
    counted = (_items.c.chat == row.id) & _items.c.delivery.is_(None)
    has_too = sa.exists().where(_theirs.c.chat == chat.id, _theirs.c.paper == _items.c.paper)
    execute(transaction, sa.delete(_items).where(counted, has_too))
    _move(transaction, row, chat.address, now)


def _move(transaction: Transaction, row: ChatRow, to: ChatAddress, now: datetime) -> None:
    """Moves a chat to an address. If there is a chat, the two become one: the one there, unless it never subscribed."""
    there, old = chats.find_chat(transaction, to), row.place
    stays = row
    if there is not None:
        other = transaction.get_one(ChatRow, there.id, populate_existing=True)
        if other is row:
            return
        to = other.place  # the address may be an old one, too
        stays, goes = (row, other) if other.next_number == 1 else (other, row)
        _join(transaction, goes, stays, now)
        if stays is row:
            stays.kind, stays.public = other.kind, other.public
        stays.title = other.title or row.title
        transaction.delete(goes)
        transaction.flush()
    if stays is row:
        row.address, row.topic = to.address, to.topic
        # the chat may be marked as unreachable, because the platform refused messages to the old address
        chats.mark_reachable(transaction, row.id, now=now)
    transaction.flush()
    transaction.add(_pointer(stays, old, now))
    transaction.flush()


def _pointer(row: ChatRow, old: ChatAddress, now: datetime) -> ChatRow:
    """Returns the row of an old address of a chat."""
    pointer = ChatRow(
        platform=old.platform,
        address=old.address,
        topic=old.topic,
        kind=row.kind,
        title=row.title,
        public=row.public,
        created_at=row.created_at,
        moved_to=row.id,
    )
    pointer.enter(ChatState.MOVED, now=now, detail=row.address)
    return pointer


def _join(transaction: Transaction, goes: ChatRow, stays: ChatRow, now: datetime) -> None:
    """Gives everything that refers to one chat to another. A query or a paper that both have is kept only once."""
    before, after = goes.id, stays.id
    _inherit(goes, stays)
    give_libraries(transaction, before, after)
    # an undo would remove what the chat has from the other one
    joined = (before, after) if goes.next_number > 1 else (before,)
    transaction.remove(UndoRow, col(UndoRow.chat).in_(joined))
    if libraries.library_of(transaction, after):
        libraries.drop_library(transaction, before)
    _give_subscriptions(transaction, before, stays)
    _remove_repeats(transaction, before, after, now)
    for column in references_to_chats():
        _give(transaction, column, before, after)
    transaction.expire_all()


def _give(transaction: Transaction, column: "sa.Column[int]", before: int, after: int) -> None:
    """Lets the rows that refer to one chat refer to another. A row whose key the other chat has already is removed."""
    table, theirs = column.table, column.table.alias()
    for key in _keys(table):
        if column.name in key:
            same = [theirs.c[name] == table.c[name] for name in key if name != column.name]
            has_too = sa.exists().where(theirs.c[column.name] == after, *same)
            execute(transaction, sa.delete(table).where(column == before, has_too))
    execute(transaction, sa.update(table).where(column == before).values({column.name: after}))


def _keys(table: sa.Table) -> list[list[str]]:
    """Returns the columns of the primary key and of each unique constraint of a table."""
    kinds = (sa.PrimaryKeyConstraint, sa.UniqueConstraint)
    return [[column.name for column in one.columns] for one in table.constraints if isinstance(one, kinds)]


def _give_subscriptions(transaction: Transaction, before: int, stays: ChatRow) -> None:
    """Moves the subscriptions of a chat. They keep their numbers only in a chat that has none."""
    theirs = {
        row.query: row for row in transaction.exec(select(SubscriptionRow).where(SubscriptionRow.chat == stays.id))
    }
    ours = select(SubscriptionRow).where(SubscriptionRow.chat == before).order_by(col(SubscriptionRow.number))
    for row in transaction.exec(ours).all():
        same = theirs.get(row.query)
        if same is not None:
            # The lower cursor counts, since papers that one of the two has not looked at still have to be delivered.
            same.cursor = min(same.cursor, row.cursor)
            transaction.delete(row)
        else:
            row.chat, row.number = stays.id, stays.next_number
            stays.next_number += 1
    transaction.flush()


def _inherit(goes: ChatRow, stays: ChatRow) -> None:
    """Merges settings, owner and admission of two chats. What the chat that stays chose itself wins."""
    if stays.state is ChatState.ASKED and goes.next_number > 1 and goes.state is not ChatState.ASKED:
        stays.state, stays.admission, stays.pause_reason, stays.state_detail = ChatState.ACTIVE, None, None, ""
    stays.settings = {**goes.settings, **stays.settings}
    stays.timezone, stays.lang = stays.timezone or goes.timezone, stays.lang or goes.lang
    stays.owner, stays.admin = stays.owner or goes.owner, stays.admin or goes.admin
    stays.first_delivery_planned = stays.first_delivery_planned or goes.first_delivery_planned


def _remove_repeats(transaction: Transaction, before: int, after: int, now: datetime) -> None:
    """If both chats have items of the same paper, removes one of them: the unsent item, or else the later one.

    A delivery that loses a paper is rendered again. A delivery that loses all its papers is dismissed.
    """
    theirs = aliased(DeliveryItemRow)
    both = select(DeliveryItemRow, theirs).join(theirs, col(theirs.paper) == DeliveryItemRow.paper)
    twice = transaction.exec(both.where(DeliveryItemRow.chat == before, theirs.chat == after)).all()
    in_two = {item.delivery for pair in twice for item in pair}
    messages = select(MessageRow.delivery, MessageRow.number).where(col(MessageRow.delivery).in_(in_two))
    maybe_sent = set(transaction.exec(messages.where(col(MessageRow.state).in_(MAYBE_SENT))))

    def is_maybe_sent(item: DeliveryItemRow) -> bool:
        return item.delivery is None or (item.delivery, item.message) in maybe_sent

    touched: set[int] = set()
    for pair in twice:
        _, repeat = sorted(pair, key=lambda item: (not is_maybe_sent(item), item.delivery or 0))
        touched.add(repeat.delivery or 0)
        transaction.delete(repeat)
    transaction.flush()
    for delivery in transaction.exec(select(DeliveryRow).where(col(DeliveryRow.seq).in_(touched))).all():
        _render_anew(transaction, delivery, now)
    transaction.flush()


def _render_anew(transaction: Transaction, delivery: DeliveryRow, now: datetime) -> None:
    """Makes a delivery unrendered, unless one of its messages is dead, was sent or may have been sent.

    Dismisses the delivery if it has no papers.
    """
    messages = transaction.exec(select(MessageRow).where(MessageRow.delivery == delivery.seq)).all()
    if not all(message.state in (MessageState.READY, MessageState.WAITING) for message in messages):
        return
    for message in messages:
        transaction.delete(message)
    delivery.rendered_at = None
    if not transaction.finds(DeliveryItemRow.delivery == delivery.seq):
        delivery.settled_at = delivery.dismissed_at = now
        delivery.reason = "its papers stand in another delivery of the chat that this one moved to"
