"""Stores planned deliveries, each once, and tells which papers a chat has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import NULLTYPE, TypeEngine

from subscriptions.model import Because, DeliveryKind, Facts, Item
from subscriptions.store import undo
from subscriptions.store.columns import JsonText, adapter_of, to_json
from subscriptions.store.database.conflicts import execute_rows, insert_new
from subscriptions.store.database.store import CHUNK, Transaction, connection_of, execute, in_chunks, rows_of
from subscriptions.store.rows import TABLES
from subscriptions.store.signals import owned
from subscriptions.store.workers import wake_chats

# Statements that every plan executes are built once.
_deliveries, _delivery_items = TABLES.tables["delivery"], TABLES.tables["delivery_item"]
_d, _i = _deliveries.c, _delivery_items.c
_ids = sa.bindparam("ids", expanding=True, type_=sa.Integer)
_TAKEN_KEYS = sa.select(_d.dedupe_key).where(_d.dedupe_key.in_(sa.bindparam("ids", expanding=True)))
_WITH_KEY = sa.select(_d.seq).where(_d.dedupe_key == sa.bindparam("key"))
_SEQS = sa.select(_d.id, _d.seq).where(_d.id.in_(sa.bindparam("ids", expanding=True)))
# Facts and reasons are texts: many rows have the same ones, and SQLAlchemy would encode each again.
_TEXTS: Mapping[str, TypeEngine[Any]] = {"kind": sa.String(), "facts": JsonText(), "because": JsonText()}
_DELIVERY = ("id", "chat", "kind", "due", "dedupe_key", "created_at", "facts", "attempts", "reason", "sendable")
_ITEM = ("chat", "paper", "delivery", "position", "shown", "cross", "because")
_NEW_DELIVERIES = sa.insert(_deliveries).values(
    {name: sa.bindparam(name, type_=_TEXTS.get(name, _d[name].type)) for name in _DELIVERY}
)
_NEW_ITEMS = sa.insert(_delivery_items).values(
    {name: sa.bindparam(name, type_=_TEXTS.get(name, NULLTYPE)) for name in _ITEM}
)
_DELIVERED = sa.select(_i.chat, _i.paper).where(
    _i.chat.in_(sa.bindparam("chats", expanding=True, type_=sa.Integer)), _i.paper.in_(_ids)
)
# A server that has not looked at the table yet would begin with the papers, and find all chats that have them.
_DELIVERED_TO_EACH = sa.text("""
    SELECT found.chat, found.paper FROM unnest(:ids) AS asked (chat) CROSS JOIN LATERAL (
        SELECT item.chat, item.paper FROM delivery_item AS item
        WHERE item.chat = asked.chat AND item.paper BETWEEN :first AND :last OFFSET 0
    ) AS found
""").bindparams(sa.bindparam("ids", type_=sa.ARRAY(sa.Integer)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A delivery to be stored."""

    id: str
    chat_id: int
    kind: DeliveryKind
    due: datetime
    key: str  # dedupe key: a second delivery with the same key is not stored
    items: tuple[Item, ...]
    facts: Facts


def taken_keys(session: Transaction, keys: Sequence[str]) -> set[str]:
    """Those of these dedupe keys that have a delivery."""
    return {row.dedupe_key for row in rows_of(session, _TAKEN_KEYS, keys)}


def add_deliveries(session: Transaction, planned: Sequence[Planned], *, now: datetime) -> None:
    """Stores deliveries and their items, with one statement for each table, and wakes their lanes.

    No delivery may have one of their keys.
    """
    facts, because = _Texts(Facts), _Texts(tuple[Because, ...])
    execute_rows(
        session,
        _NEW_DELIVERIES,
        _DELIVERY,
        [(p.id, p.chat_id, p.kind.value, p.due, p.key, now, facts.of(p.facts), 0, "", True) for p in planned],
    )
    seqs = {row.id: row.seq for row in rows_of(session, _SEQS, [p.id for p in planned])}
    items = ((seqs[p.id], p.chat_id, item) for p in planned for item in p.items)
    while part := list(islice(items, CHUNK)):  # what lives long is looked through for garbage again and again
        rows = [
            (chat_id, item.paper.id, seq, item.position, item.shown, item.cross, because.of(item.because))
            for seq, chat_id, item in part
        ]
        execute_rows(session, _NEW_ITEMS, _ITEM, rows)
    wake_chats(session, {p.chat_id: p.kind for p in planned})


def add_delivery(session: Transaction, planned: Planned, *, now: datetime) -> bool:
    """Stores a delivery without items, and wakes its lane. False if there is one with its dedupe key: another process may have been first."""
    if not insert_new(session, "delivery", ("dedupe_key",), _delivery_values(planned, now)):
        return False
    seq = execute(session, _WITH_KEY, {"key": planned.key}).scalar_one()
    undo.add(session, "delivery", {seq: undo.words_of_notice(planned.key, planned.facts.detail)})
    wake_chats(session, {planned.chat_id: planned.kind})
    return True


def delivered(session: Transaction, chat_ids: Sequence[int], paper_ids: Iterable[int]) -> dict[int, set[int]]:
    """Chat id → those of these papers that the chat has: in a delivery, or in its library."""
    found: dict[int, set[int]] = {chat_id: set() for chat_id in chat_ids}
    papers = sorted(set(paper_ids))
    if papers and connection_of(session).dialect.name == "postgresql":
        values = {"ids": list(chat_ids), "first": papers[0], "last": papers[-1]}
        wanted = set(papers)
        for chat_id, paper_id in execute(session, _DELIVERED_TO_EACH, values):
            if paper_id in wanted:
                found[chat_id].add(paper_id)
    else:
        for chats in in_chunks(chat_ids):
            for chat_id, paper_id in rows_of(session, _DELIVERED, papers, chats=chats):
                found[chat_id].add(paper_id)
    for chat_id, mine in owned(session, chat_ids, papers).items():
        found[chat_id] |= mine
    return found


def _delivery_values(planned: Planned, now: datetime) -> dict[str, Any]:
    return {
        "id": planned.id,
        "chat": planned.chat_id,
        "kind": planned.kind,
        "due": planned.due,
        "dedupe_key": planned.key,
        "created_at": now,
        "facts": to_json(planned.facts),
        "attempts": 0,
        "reason": "",
    }


class _Texts:
    """The JSON of values of a type that stay alive, each made once: deliveries share their facts, and papers their reasons."""

    def __init__(self, kind: Any) -> None:  # noqa: ANN401 - a class, or a type such as tuple[str, ...]
        self._adapter = adapter_of(kind)
        self._texts: dict[int, str] = {}  # by identity: equal values are mostly the same object, and hashing is slow

    def of(self, value: object) -> str:
        text = self._texts.get(id(value))
        if text is None:
            text = self._texts[id(value)] = self._adapter.dump_json(value).decode()
        return text
