"""Exports and erases the data of a chat: all rows that refer to it, and what names its person elsewhere; what stays (rule 10)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import ChatKind
from subscriptions.states import Admission, ChatState
from subscriptions.store import admitted_chats, libraries, subscriptions
from subscriptions.store.database.store import Transaction, execute, rows_of
from subscriptions.store.tables import (
    CallbackRow,
    ChatRow,
    ConversationStateRow,
    DeliveryRow,
    PageMessageRow,
    SubscriptionRow,
    UndoRow,
    references_to_chats,
    tables,
)

Json = dict[str, Any]

_chats, _deliveries, _messages, _papers, _pages = tables("chat", "delivery", "message", "paper", "page_message")
_c = _chats.c
# Columns by which the program finds rows and distributes work. Their values tell nothing about the chat.
_INTERNAL = frozenset({"chat", "lane", "key_hash", "question"})
_OF_TALK = frozenset({"callback", "conversation_state", "update"})  # tables whose rows come from talking alone


def chat_data(transaction: Transaction, chat_id: int) -> Json:
    """Returns all that is stored about a chat: table → rows, each as column → value. Papers are given by title and key."""
    rows = [*_pointers(transaction, chat_id), transaction.get_one(ChatRow, chat_id)]
    places, lanes = [str(row.place) for row in rows], sorted({row.place.lane for row in rows})
    found: dict[str, list[Json]] = {
        column.table.name: _rows(transaction, sa.select(column.table).where(column == chat_id))
        for column in references_to_chats()
        if column.name == "chat"
    }
    of_chat = sa.select(_deliveries.c.seq).where(_deliveries.c.chat == chat_id)
    found["message"] = _rows(transaction, sa.select(_messages).where(_messages.c.delivery.in_(of_chat)))
    found["page_message"] = _rows(transaction, sa.select(_pages).where(_pages.c.chat.in_(places)))
    named = {row["paper"] for of_table in found.values() for row in of_table if "paper" in row}
    titles = sa.select(_papers.c.id, _papers.c.key, _papers.c.title)
    found["paper"] = [_json(row._asdict()) for row in rows_of(transaction, titles, _papers.c.id, sorted(named))]
    return {
        "chat": _json(rows[-1].model_dump()),
        "earlier_addresses": places[:-1],
        "denials": list(filter(None, (admitted_chats.denial_of(transaction, lane) for lane in lanes))),
        **found,
    }


def _rows(transaction: Transaction, wanted: sa.Select[*tuple[Any, ...]]) -> list[Json]:
    return [_json(row._asdict()) for row in execute(transaction, wanted)]


def _json(row: Mapping[str, Any]) -> Json:
    return {name: value for name, value in row.items() if name not in _INTERNAL}


def erase(transaction: Transaction, chat_id: int) -> None:
    """Erases a chat with all that refers to it, and its person where other chats name them.

    The ids of its updates stay, so that no update takes effect twice. Papers stay, since they belong to no chat. If an
    operator denied the chat, a hash of its address stays, so that it cannot come back as an unknown chat.
    """
    row = transaction.get_one(ChatRow, chat_id)
    rows = [*_pointers(transaction, chat_id), row]
    if row.state is ChatState.ASKED and row.admission is Admission.DENIED:
        for lane in {one.place.lane for one in rows}:
            admitted_chats.remember_denial(transaction, lane)
    queries = transaction.exec(select(SubscriptionRow.query).filter_by(chat=chat_id)).all()
    libraries.drop_library(transaction, chat_id)  # with the vectors of its titles
    transaction.remove(ChatRow, id=chat_id)
    subscriptions.drop_unused_queries(transaction, queries)
    for one in rows:
        # a page also shows messages to somebody whose chat is not stored any more, such as the answer to /forget
        transaction.remove(PageMessageRow, chat=str(one.place))
        if one.kind is ChatKind.PRIVATE:
            _erase_person(transaction, row.platform, one.address)


def _pointers(transaction: Transaction, chat_id: int) -> Sequence[ChatRow]:
    """Returns the rows at the earlier addresses of a chat, which point to it."""
    return transaction.exec(select(ChatRow).where(col(ChatRow.moved_to) == chat_id)).all()


def _erase_person(transaction: Transaction, platform: str, person: str) -> None:
    """Erases a person from the rows of other chats of the platform that tell who did something."""
    transaction.exec(sa.update(ChatRow).filter_by(platform=platform, owner=person).values(owner=""))
    # "ID" or "ID NAME"; compares with a range, because LIKE would not use the index
    did = (col(UndoRow.who) == person) | ((col(UndoRow.who) > f"{person} ") & (col(UndoRow.who) < f"{person}!"))
    transaction.exec(sa.update(UndoRow).where(did, _is_on(platform, UndoRow.chat)).values(who=""))
    for kind in (CallbackRow, ConversationStateRow, DeliveryRow):
        transaction.remove(kind, _is_on(platform, kind.chat), person=person)


def _is_on(platform: str, chat: int) -> sa.ColumnElement[bool]:
    """Returns the condition that the chat with this id is on a platform.

    The condition looks up the chat by its id. An index by platform would not help, because nearly all chats are on one
    platform.
    """
    return select(ChatRow.id).where(ChatRow.id == chat, ChatRow.platform == platform).exists()


def only_talked(transaction: Transaction, before: datetime, most: int) -> list[int]:
    """Returns the ids of at most `most` chats that have nothing but words from before the moment `before`.

    A chat that an operator decided about, or that somebody set up, stays.
    """
    kept = [
        sa.exists().where(one == _c.id, one.table.c.at >= before if one.table.name in _OF_TALK else sa.true())
        for one in references_to_chats()
        if one.name != "moved_to"
    ]
    undecided = (_c.moved_to.is_(None), _c.admission.is_(None), _c.admin.is_(False), _c.owner == "")
    bare = sa.select(_c.id).where(_c.next_number == 1, _c.created_at < before, *undecided, sa.not_(sa.or_(*kept)))
    return list(execute(transaction, bare.limit(most)).scalars())
