"""A chat with all that refers to it: exported, erased, moved to another address; what stays (rules 9 and 10)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.chats.stored import access as access_rows
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database.store import Transaction, execute, grouped, rows_of
from subscriptions.database.tables import (
    CallbackRow,
    ChatRow,
    DeliveryRow,
    PageMessageRow,
    SubscriptionRow,
    UndoRow,
    references_to_chats,
    tables,
)
from subscriptions.model import (
    MAYBE_SENT,
    UNREACHABLE,
    WAITING,
    Chat,
    ChatAddress,
    ChatKind,
    ChatState,
    Lane,
    MessageState,
)
from subscriptions.papers.stored import feedback as interests
from subscriptions.query.links import owned_by

Json = dict[str, Any]
Conditions = Iterator[sa.ColumnElement[bool]]
OldChats = Callable[[datetime], Conditions]

_chats, _deliveries, _items, _messages, _papers, _pages = tables(
    "chat", "delivery", "delivery_item", "message", "paper", "page_message"
)
_c, _i, _m, _theirs = _chats.c, _items.c, _messages.c, _items.alias()
# Columns by which the program finds rows and distributes work. Their values tell nothing about the chat.
_INTERNAL = frozenset({"chat", "lane", "feed_key", "question"})
_OF_TALK = frozenset({"callback", "update"})  # tables whose rows come from talking alone


def chat_data(transaction: Transaction, chat_id: int) -> Json:
    """Return all that is stored about a chat: table → rows, each as column → value.

    Papers are given by title and key.
    """
    rows = [*_pointers(transaction, chat_id), transaction.get_one(ChatRow, chat_id)]
    places, lanes = [str(row.place) for row in rows], sorted({row.place.lane for row in rows})
    found: dict[str, list[Json]] = {
        column.table.name: _rows(transaction, sa.select(column.table).where(column == chat_id))
        for column in references_to_chats()
        if column.name == "chat"
    }
    of_chat = sa.select(_deliveries.c.seq).where(_deliveries.c.chat == chat_id)
    found["message"] = _rows(transaction, sa.select(_messages).where(_m.delivery.in_(of_chat)))
    found["page_message"] = _rows(transaction, sa.select(_pages).where(_pages.c.chat.in_(places)))
    named = {row["paper"] for of_table in found.values() for row in of_table if "paper" in row}
    titles = sa.select(_papers.c.id, _papers.c.key, _papers.c.title)
    found["paper"] = [_json(row._asdict()) for row in rows_of(transaction, titles, _papers.c.id, sorted(named))]
    return {
        "chat": _json(rows[-1].model_dump()),
        "earlier_addresses": places[:-1],
        "denials": list(filter(None, (access_rows.denial_of(transaction, lane) for lane in lanes))),
        **found,
    }


def _rows(transaction: Transaction, wanted: sa.Select[*tuple[Any, ...]]) -> list[Json]:
    return [_json(row._asdict()) for row in execute(transaction, wanted)]


def _json(row: Mapping[str, Any]) -> Json:
    return {name: value for name, value in row.items() if name not in _INTERNAL}


def erase(transaction: Transaction, chat_id: int) -> None:
    """Erase a chat with all that refers to it, and its person where other chats name them.

    The ids of its updates stay, so that no update takes effect twice. Papers stay, since they belong to no chat. If an
    operator denied the chat, the hash of its address stays, so that it cannot come back as an unknown chat.
    """
    row = transaction.get_one(ChatRow, chat_id)
    rows = [*_pointers(transaction, chat_id), row]
    transaction.remove(ChatRow, id=chat_id)
    for one in rows:
        # a page also shows messages to somebody whose chat is not stored any more, such as the answer to /forget
        transaction.remove(PageMessageRow, chat=str(one.place))
        if one.kind is ChatKind.PRIVATE:
            _erase_person(transaction, row.platform, one.address)


def _pointers(transaction: Transaction, chat_id: int) -> Sequence[ChatRow]:
    """Return the rows at the earlier addresses of a chat, which point to it."""
    return transaction.exec(select(ChatRow).where(col(ChatRow.moved_to) == chat_id)).all()


def _erase_person(transaction: Transaction, platform: str, person: str) -> None:
    """Erase a person from the rows of other chats of the platform that tell who did something."""
    transaction.exec(sa.update(ChatRow).filter_by(platform=platform, owner=person).values(owner=""))
    # "ID" or "ID NAME"; compares with a range, because LIKE would not use the index
    did = (col(UndoRow.who) == person) | ((col(UndoRow.who) > f"{person} ") & (col(UndoRow.who) < f"{person}!"))
    transaction.exec(sa.update(UndoRow).where(did, _is_on(platform, UndoRow.chat)).values(who=""))
    for kind in (CallbackRow, DeliveryRow):
        transaction.remove(kind, _is_on(platform, kind.chat), person=person)


def _is_on(platform: str, chat: int) -> sa.ColumnElement[bool]:
    """Return the condition that the chat with this id is on a platform.

    The condition looks up the chat by its id. An index by platform would not help, because nearly all chats are on one
    platform.
    """
    return select(ChatRow.id).where(ChatRow.id == chat, ChatRow.platform == platform).exists()


def erase_old(which: OldChats, transaction: Transaction, before: datetime, most: int) -> int:
    """Erase at most `most` of the chats that have been in this way since before a moment. Return how many there were."""
    found = execute(transaction, sa.select(_c.id).where(*which(before)).limit(most)).scalars().all()
    for chat_id in found:
        erase(transaction, chat_id)
    return len(found)


def unconfirmed(before: datetime) -> Conditions:
    """Yield the conditions of the chats that were added before a moment and never confirmed."""
    yield _c.state == ChatState.UNCONFIRMED
    yield _c.created_at < before


def unreachable(before: datetime) -> Conditions:
    """Yield the conditions of the chats that became unreachable before a moment."""
    yield _c.state.in_((ChatState.PAUSED, *WAITING))
    yield _c.pause_reason.in_(UNREACHABLE)
    yield _c.state_since < before


def only_talked(before: datetime) -> Conditions:
    """Yield the conditions of the chats that have nothing but words from before a moment.

    A chat that an operator decided about, or that somebody set up, stays.
    """
    yield _c.next_number == 1
    yield _c.created_at < before
    yield from (
        _c.moved_to.is_(None),
        _c.admission.is_(None),
        _c.admin.is_(False),
        _c.owner == "",
        _c.feed_key.is_(None),
    )
    for one in references_to_chats():
        if one.name != "moved_to":
            kept = one.table.c.at >= before if one.table.name in _OF_TALK else sa.true()
            yield ~sa.exists().where(one == _c.id, kept)


def chat_moved(transaction: Transaction, address: ChatAddress, new: str, *, now: datetime) -> None:
    """Move all chats at an address, including its topics, to the address `new`.

    A row stays at the old address and points to the chat at the new address. Platforms give a group a new address when
    it becomes a larger kind of group. A second call changes nothing.
    """
    platform, old = address.platform, address.address
    if old == new:
        return
    rows = transaction.exec(select(ChatRow).filter_by(platform=platform, address=old, moved_to=None)).all()
    for row in rows:
        _move(transaction, row, ChatAddress(platform, new, row.topic), now)
    if access_rows.lift_denial(transaction, Lane(platform, old)):
        access_rows.remember_denial(transaction, Lane(platform, new))


def topic_gone(transaction: Transaction, topic: Chat, chat: Chat, *, now: datetime) -> None:
    """Move everything that a topic has to its chat, to which the address of the topic then leads.

    Papers that wait for the topic are sent to the chat. A second call changes nothing.
    """
    row = transaction.get_one(ChatRow, topic.id, populate_existing=True)
    if row.moved_to is not None:
        return
    # what only counts as sent in the topic, because the chat has it, must not keep the chat from sending it
    counted = (_i.chat == row.id) & _i.delivery.is_(None)
    has_too = sa.exists().where(_theirs.c.chat == chat.id, _theirs.c.paper == _i.paper)
    execute(transaction, sa.delete(_items).where(counted, has_too))
    _move(transaction, row, chat.address, now)


def _move(transaction: Transaction, row: ChatRow, to: ChatAddress, now: datetime) -> None:
    """Move a chat to an address. If there is a chat, the two become one: the one there, unless it never subscribed."""
    there, old = stored_chats.find_chat(transaction, to), row.place
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
        stored_chats.mark_reachable(transaction, row.id, now=now)
    transaction.flush()
    pointer = ChatRow(
        **asdict(old), kind=stays.kind, title=stays.title, public=stays.public, created_at=stays.created_at
    )
    pointer.enter(ChatState.MOVED, now=now, detail=stays.address)
    pointer.moved_to = stays.id
    transaction.add(pointer)
    transaction.flush()


def _join(transaction: Transaction, goes: ChatRow, stays: ChatRow, now: datetime) -> None:
    """Give everything that refers to one chat to another. A query or a paper that both have is kept only once."""
    before, after = goes.id, stays.id
    _inherit(goes, stays)
    for one in stored_subscriptions.subscriptions_in(transaction, before):  # `like:library` means that of the other
        library = one._replace(canonical=owned_by(after, one.canonical))
        stored_subscriptions.change_subscription(transaction, one, library)
    # an undo would remove what the chat has from the other one
    joined = (before, after) if goes.next_number > 1 else (before,)
    transaction.remove(UndoRow, col(UndoRow.chat).in_(joined))
    if stays.library_at:
        interests.drop_library(transaction, before)
    else:
        stays.library_at, stays.library_entries = goes.library_at, goes.library_entries
    _give_subscriptions(transaction, before, stays)
    _remove_repeats(transaction, before, after, now)
    for column in references_to_chats():
        _give(transaction, column, before, after)
    transaction.expire_all()


def _give(transaction: Transaction, column: "sa.Column[int]", before: int, after: int) -> None:
    """Let the rows that refer to one chat refer to another. A row whose key the other chat has already is removed."""
    table, theirs = column.table, column.table.alias()
    for key in _keys(table):
        if column.name in key:
            same = [theirs.c[name] == table.c[name] for name in key if name != column.name]
            has_too = sa.exists().where(theirs.c[column.name] == after, *same)
            execute(transaction, sa.delete(table).where(column == before, has_too))
    execute(transaction, sa.update(table).where(column == before).values({column.name: after}))


def _keys(table: sa.Table) -> list[list[str]]:
    """Return the columns of the primary key and of each unique constraint of a table."""
    kinds = (sa.PrimaryKeyConstraint, sa.UniqueConstraint)
    return [[column.name for column in one.columns] for one in table.constraints if isinstance(one, kinds)]


def _give_subscriptions(transaction: Transaction, before: int, stays: ChatRow) -> None:
    """Move the subscriptions of a chat. They keep their numbers only in a chat that has none."""
    theirs = {
        row.canonical: row for row in transaction.exec(select(SubscriptionRow).where(SubscriptionRow.chat == stays.id))
    }
    ours = select(SubscriptionRow).where(SubscriptionRow.chat == before).order_by(col(SubscriptionRow.number))
    for row in transaction.exec(ours).all():
        same = theirs.get(row.canonical)
        if same is not None:
            stored_subscriptions.join(transaction, stays=same.id, goes=row.id)
        else:
            row.chat, row.number = stays.id, stays.next_number
            stays.next_number += 1
    transaction.flush()


def _inherit(goes: ChatRow, stays: ChatRow) -> None:
    """Merge settings, owner and admission of two chats. What the chat that stays chose itself wins."""
    if stays.state is ChatState.ASKED and goes.next_number > 1 and goes.state is not ChatState.ASKED:
        stays.state, stays.admission, stays.pause_reason, stays.state_detail = ChatState.ACTIVE, None, None, ""
    stays.settings = {**goes.settings, **stays.settings}
    stays.lang, stays.owner, stays.admin = stays.lang or goes.lang, stays.owner or goes.owner, stays.admin or goes.admin
    stays.first_delivery_planned = stays.first_delivery_planned or goes.first_delivery_planned
    if stays.feed_key is None:
        stays.feed_key, stays.feed_key_at = goes.feed_key, goes.feed_key_at


def _remove_repeats(transaction: Transaction, before: int, after: int, now: datetime) -> None:
    """If both chats have items of the same paper, removes one of them: the unsent item, or else the later one."""
    has_it = sa.exists().where(_m.delivery == _i.delivery, _m.number == _i.message, _m.state.in_(MAYBE_SENT))
    is_sent = (_i.delivery.is_(None) | has_it).label("is_sent")
    wanted = sa.select(_i.chat, _i.paper, _i.delivery, is_sent).where(_i.chat.in_((before, after)))
    of_paper = grouped((row.paper, row) for row in execute(transaction, wanted))
    touched: set[int] = set()
    for one, *other in of_paper.values():
        if other:
            repeat = max(one, *other, key=lambda row: (not row.is_sent, row.delivery or 0))
            execute(transaction, sa.delete(_items).filter_by(chat=repeat.chat, paper=repeat.paper))
            touched.add(repeat.delivery or 0)
    for delivery in touched:
        _render_anew(transaction, delivery, now)


def _render_anew(transaction: Transaction, delivery: int, now: datetime) -> None:
    """Make a delivery that lost a paper unrendered, unless one of its messages is dead, was sent or may have been sent.

    Dismisses the delivery if it has no papers.
    """
    if transaction.finds(_m.delivery == delivery, _m.state.not_in((MessageState.READY, MessageState.WAITING))):
        return
    execute(transaction, sa.delete(_messages).filter_by(delivery=delivery))
    values: Json = {"rendered_at": None}
    if not transaction.finds(_i.delivery == delivery):
        why = "its papers stand in another delivery of the chat that this one moved to"
        values |= {"settled_at": now, "dismissed_at": now, "reason": why}
    execute(transaction, sa.update(_deliveries).filter_by(seq=delivery).values(values))
