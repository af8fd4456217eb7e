"""Exports and erases the data of a chat: what belongs to it or names it elsewhere, and what stays. Writes the JSON piece by piece."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlmodel import SQLModel, col, select
from sqlmodel.sql.expression import Select

from subscriptions.model import ChatKind
from subscriptions.states import Admission, ChatState
from subscriptions.store import admitted_chats, callbacks, chat_changes, libraries, mentions, subscriptions
from subscriptions.store.conversation_rows import (
    CallbackRow,
    ChatKeyRow,
    ConversationStateRow,
    LibraryEntryRow,
    LibraryRow,
    PageMessageRow,
    SignalRow,
    UndoRow,
    UpdateRow,
)
from subscriptions.store.database.store import CHUNK, Transaction, grouped
from subscriptions.store.rows import (
    ChatRow,
    DeliveryItemRow,
    DeliveryRow,
    MessageRow,
    PaperRow,
    QueryRow,
    SubscriptionRow,
)

_INDENT = "  "
_TOGETHER = 1000  # pieces that are joined at a time; a list of all pieces would need more memory than the text


def json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Returns a value as JSON text, like `json.dumps` with an indent of two. An iterator is written as a list.

    Each value of an iterator is written before the next one is read, so only one value is in memory besides the text.
    """
    pieces = json_pieces(value)
    return "".join(iter(lambda: "".join(islice(pieces, _TOGETHER)), ""))


def json_pieces(value: Any, level: int = 0) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """Yields the JSON text of a value in pieces. No piece is empty."""
    match value:
        case Mapping():
            members = ((f"{json.dumps(str(name), ensure_ascii=False)}: ", one) for name, one in value.items())
            yield from _block("{", members, "}", level)
        case list() | tuple() | Iterator():
            yield from _block("[", (("", one) for one in value), "]", level)
        case _:
            yield json.dumps(value, ensure_ascii=False)


def _block(opening: str, members: Iterable[tuple[str, Any]], closing: str, level: int) -> Iterator[str]:
    yield opening
    separator, end = "\n", ""
    for name, value in members:
        yield f"{separator}{_INDENT * (level + 1)}{name}"
        yield from json_pieces(value, level + 1)
        separator, end = ",\n", f"\n{_INDENT * level}"
    yield f"{end}{closing}"


# Exports and erases all stored data of one chat (docs/architecture.md, rule 10).


Json = dict[str, Any]

# Columns by which the program finds rows and distributes work. Their values tell nothing about the chat.
_INTERNAL = frozenset({"lane", "key_hash", "question"})
_AT_PLACE: Mapping[str, Any] = {
    "callbacks": CallbackRow,
    "conversation_states": ConversationStateRow,
}
_OF_CHAT: Mapping[str, Any] = {"changes": UndoRow, "keys": ChatKeyRow}


def chat_data(transaction: Transaction, chat_id: int) -> Json:
    """Returns kind → rows of a chat as JSON values. Papers are given by title and key.

    The rows of kinds that may have many rows are iterators, which read page by page while the transaction is open.
    """
    rows = [*_pointers(transaction, chat_id), transaction.get_one(ChatRow, chat_id)]
    places = [str(row.place) for row in rows]

    def rows_in(table: Any, which: ColumnElement[bool], order: Any) -> Iterator[Json]:  # noqa: ANN401 - a class, a column
        found = select(table).where(which).order_by(order)
        return map(_json, transaction.exec(found.execution_options(yield_per=CHUNK)))

    updates = rows_in(UpdateRow, col(UpdateRow.chat).in_(places), UpdateRow.at)
    lanes = sorted({row.place.lane for row in rows})
    return {
        "chat": _json(rows[-1]),
        "earlier_addresses": places[:-1],
        "subscriptions": _subscriptions(transaction, chat_id),
        "deliveries": _deliveries(transaction, chat_id),
        "signals": _signals(transaction, chat_id),
        "library": rows_in(LibraryRow, col(LibraryRow.chat) == chat_id, LibraryRow.at),
        "library_entries": rows_in(LibraryEntryRow, col(LibraryEntryRow.chat) == chat_id, LibraryEntryRow.key),
        **{name: rows_in(table, table.chat == chat_id, table.at) for name, table in _OF_CHAT.items()},
        **{name: rows_in(table, col(table.place).in_(places), table.at) for name, table in _AT_PLACE.items()},
        # with the length of the stored reply instead of its text
        "updates": ({**update, "reply": len(update["reply"])} for update in updates),
        "page_messages": rows_in(PageMessageRow, col(PageMessageRow.chat).in_(places), PageMessageRow.number),
        "denials": list(filter(None, (admitted_chats.denial_of(transaction, lane) for lane in lanes))),
    }


def erase(transaction: Transaction, chat_id: int) -> None:
    """Erases a chat, all its data, and everything that names it in other chats.

    The ids of its updates stay, so that no update takes effect twice. Papers stay, since they belong to no chat. If an
    operator denied the chat, a hash of its address stays, so that it cannot come back as an unknown chat.
    """
    row = transaction.get_one(ChatRow, chat_id)
    rows = [*_pointers(transaction, chat_id), row]
    places = tuple(str(one.place) for one in rows)
    lanes = {one.place.lane for one in rows}
    people = [one.address for one in rows if one.kind is ChatKind.PRIVATE]
    title = row.title
    if row.state is ChatState.ASKED and row.admission is Admission.DENIED:
        for lane in lanes:
            admitted_chats.remember_denial(transaction, lane)
    queries = transaction.exec(select(SubscriptionRow.query).filter_by(chat=chat_id)).all()
    libraries.drop_library(transaction, chat_id)
    for one in rows:
        transaction.delete(one)
    transaction.flush()
    subscriptions.drop_unused_queries(transaction, queries)
    for place in places:
        callbacks.erase_place(transaction, place)
    _erase_mentions(transaction, places, title)
    for person in people:
        _erase_person(transaction, row.platform, person)


def _pointers(transaction: Transaction, chat_id: int) -> list[ChatRow]:
    """Returns the rows at the earlier addresses of a chat, which point to it."""
    found: list[ChatRow] = []
    wanted = [chat_id]
    while wanted:
        rows = transaction.exec(select(ChatRow).where(col(ChatRow.moved_to).in_(wanted))).all()
        found += rows
        wanted = [row.id for row in rows]
    return found


def _subscriptions(transaction: Transaction, chat_id: int) -> list[Json]:
    rows = (
        select(SubscriptionRow, QueryRow.canonical)
        .join(QueryRow, col(QueryRow.id) == SubscriptionRow.query)
        .where(SubscriptionRow.chat == chat_id)
        .order_by(col(SubscriptionRow.number))
    )
    return [{**_json(row), "canonical": canonical} for row, canonical in transaction.exec(rows)]


def _signals(transaction: Transaction, chat_id: int) -> list[Json]:
    """Returns the signals of a chat as JSON, newest first."""
    of_chat = select(SignalRow, PaperRow.key, PaperRow.title).join(PaperRow, col(PaperRow.id) == SignalRow.paper)
    rows = transaction.exec(of_chat.where(SignalRow.chat == chat_id).order_by(col(SignalRow.at).desc()))
    return [{"key": key, "title": title, **_json(row)} for row, key, title in rows]


def is_bare(transaction: Transaction, chat_id: int, since: datetime) -> bool:
    """Whether a chat was stored at `since` and has no subscriptions, deliveries, signals or earlier conversations."""
    row = transaction.get_one(ChatRow, chat_id)
    if row.created_at != since:
        return False
    places = [str(one.place) for one in (*_pointers(transaction, chat_id), row)]
    of_chat = (
        col(table.chat) == chat_id
        for table in (SubscriptionRow, DeliveryRow, DeliveryItemRow, SignalRow, LibraryRow, *_OF_CHAT.values())
    )
    at_place = (col(table.place).in_(places) for table in _AT_PLACE.values())
    earlier = col(UpdateRow.chat).in_(places) & (col(UpdateRow.at) < since)
    return not any(map(transaction.finds, (*of_chat, *at_place, earlier)))


def _deliveries(transaction: Transaction, chat_id: int) -> Iterator[Json]:
    """Yields each delivery of a chat with its messages and papers, read page by page.

    Then yields the papers whose deliveries are no longer stored, as one delivery without messages.
    """
    of_chat = select(DeliveryRow).where(DeliveryRow.chat == chat_id).order_by(col(DeliveryRow.seq)).limit(CHUNK)
    last = 0
    while page := transaction.exec(of_chat.where(col(DeliveryRow.seq) > last)).all():
        yield from _with_contents(transaction, page)
        last = page[-1].seq
    papers = _without_delivery(transaction, chat_id)
    first = next(papers, None)
    if first is not None:
        yield {"messages": [], "papers": chain((first,), papers)}


def _without_delivery(transaction: Transaction, chat_id: int) -> Iterator[Json]:
    left = _items().where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.delivery).is_(None))
    left, last = left.order_by(col(DeliveryItemRow.paper)).limit(CHUNK), 0
    while items := transaction.exec(left.where(col(DeliveryItemRow.paper) > last)).all():
        yield from map(_paper, items)
        last = items[-1][0].paper


def _with_contents(transaction: Transaction, deliveries: Sequence[DeliveryRow]) -> Iterator[Json]:
    """Yields deliveries with their messages and papers."""
    seqs = [delivery.seq for delivery in deliveries]
    in_order = col(MessageRow.delivery), col(MessageRow.number)
    of_these = select(MessageRow).where(col(MessageRow.delivery).in_(seqs)).order_by(*in_order)
    messages = grouped((message.delivery, _json(message)) for message in transaction.exec(of_these))
    shown = _items().where(col(DeliveryItemRow.delivery).in_(seqs)).order_by(col(DeliveryItemRow.position))
    papers = grouped((item[0].delivery, _paper(item)) for item in transaction.exec(shown))
    for delivery, seq in zip(deliveries, seqs, strict=True):
        yield {**_json(delivery), "messages": messages.get(seq, []), "papers": papers.get(seq, [])}


def _items() -> Select[DeliveryItemRow, str, str]:
    papers = select(DeliveryItemRow, PaperRow.key, PaperRow.title)
    return papers.join(PaperRow, col(PaperRow.id) == DeliveryItemRow.paper)


def _paper(found: tuple[DeliveryItemRow, str, str]) -> Json:
    item, key, title = found
    return {"key": key, "title": title, **_json(item)}


def _json(row: SQLModel) -> Json:
    """Returns a row as column name → value, without the columns in `_INTERNAL`."""
    dumped = row.model_dump(mode="json")
    # in the order of the fields, since the order of model_dump may change
    return {name: dumped[name] for name in type(row).model_fields if name not in _INTERNAL}


def _erase_mentions(transaction: Transaction, places: Sequence[str], title: str) -> None:
    """Erases callbacks, states and notices of other chats that name this chat."""
    # The pattern for chat 42 must not match chat 421 or the topic 42/7.
    named = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, places))})(?![\w/-])")
    for callback_id in mentions.named_by(transaction, "callback", places):
        row = transaction.get_one(CallbackRow, callback_id)
        if named.search(str(row.arguments)):
            transaction.delete(row)
    for name in mentions.named_by(transaction, "state", places):
        state = transaction.get_one(ConversationStateRow, name)
        if named.search(f"{state.name} {state.arguments}"):
            transaction.delete(state)
    for seq in mentions.named_by(transaction, "delivery", [*places, *filter(None, (title,))]):
        notice = transaction.get_one(DeliveryRow, seq)
        # Another chat may have the same title. So if only the title is known, only a settled notice is erased.
        if notice.settled_at is not None or named.search(f"{notice.dedupe_key} {notice.facts['lines']}"):
            transaction.delete(notice)
    transaction.flush()
    mentions.forget_mentions(transaction, places)


def _erase_person(transaction: Transaction, platform: str, person: str) -> None:
    """Erases a person from the rows of other chats that tell who did something."""
    transaction.exec(sa.update(ChatRow).filter_by(platform=platform, owner=person).values(owner=""))
    of_person = sa.update(SubscriptionRow).filter_by(subscriber=person).where(_is_on(platform, SubscriptionRow.chat))
    transaction.exec(of_person.values(subscriber=""))
    # compares with a range, because LIKE would not use the index
    beginning = (col(UndoRow.who) > f"{person} ") & (col(UndoRow.who) < f"{person}!")
    transaction.exec(sa.update(UndoRow).where(beginning, _is_on(platform, UndoRow.chat)).values(who=""))
    for change_id in mentions.named_by(transaction, "change", [person]):
        change = transaction.get_one(UndoRow, change_id)
        chat = transaction.get_one(ChatRow, change.chat)
        if chat.platform != platform:
            continue
        before = [
            {**value, "subscriber": ""} if value.get("subscriber") == person else value
            for value in change.before["subscriptions"]
        ]
        chat_changes.rewrite_change(transaction, change_id, chat.address, {**change.before, "subscriptions": before})
    for kind in _AT_PLACE.values():
        there = col(kind.place).startswith(f"{platform}:", autoescape=True)
        transaction.remove(kind, there, person=person)


def _is_on(platform: str, chat: int) -> ColumnElement[bool]:
    """Returns the condition that the chat with this id is on a platform.

    The condition looks up the chat by its id. An index by platform would not help, because nearly all chats are on one
    platform.
    """
    return select(ChatRow.id).where(ChatRow.id == chat, ChatRow.platform == platform).exists()
