"""Writes the deliveries of a plan into the outbox, and tells which papers a chat got already (rule 5)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import NULLTYPE, TypeEngine

from subscriptions.model import Because, Delivery, Facts
from subscriptions.store import columns
from subscriptions.store.columns import JsonText
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, in_chunks, rows_of
from subscriptions.store.libraries import owned
from subscriptions.store.tables import DeliveryRow, tables

# Each plan executes these statements, so they are built only once.
_deliveries, _delivery_items = tables("delivery", "delivery_item")
_d, _i = _deliveries.c, _delivery_items.c
_KEYS, _SEQS = sa.select(_d.dedupe_key), sa.select(_d.id, _d.seq)
# Facts and reasons are passed as JSON text, which is made once, since many rows have the same ones.
_TEXTS: Mapping[str, TypeEngine[Any]] = {"kind": sa.String(), "facts": JsonText(), "because": JsonText()}
_DELIVERY = ("id", "chat", "kind", "due", "dedupe_key", "created_at", "facts", "attempts", "reason")
_NO_DELIVERY = -1  # the position of a paper that counts as delivered without a delivery
_ITEM = ("chat", "paper", "delivery", "position", "shown", "cross", "because")
_NEW_DELIVERIES = sa.insert(_deliveries).values(
    {name: sa.bindparam(name, type_=_TEXTS.get(name, _d[name].type)) for name in _DELIVERY}
)
_NEW_ITEMS = sa.insert(_delivery_items).values(
    {name: sa.bindparam(name, type_=_TEXTS.get(name, NULLTYPE)) for name in _ITEM}
)
# Without statistics of the table, a server would begin with the papers and read all chats that have them. LATERAL and
# OFFSET 0 make it begin with the chats.
_DELIVERED_TO_EACH = sa.text("""
    SELECT found.chat, found.paper FROM unnest(:ids) AS asked (chat) CROSS JOIN LATERAL (
        SELECT item.chat, item.paper FROM delivery_item AS item
        WHERE item.chat = asked.chat AND item.paper BETWEEN :first AND :last OFFSET 0
    ) AS found
""").bindparams(sa.bindparam("ids", type_=sa.ARRAY(sa.Integer)))


def taken_keys(transaction: Transaction, keys: Sequence[str]) -> set[str]:
    """Returns those of `keys` that are dedupe keys of stored deliveries."""
    return {row.dedupe_key for row in rows_of(transaction, _KEYS, _d.dedupe_key, keys)}


def add_deliveries(transaction: Transaction, planned: Mapping[str, Delivery], *, now: datetime) -> None:
    """Stores deliveries and their items, with few statements. `planned`: dedupe key → delivery.

    No stored delivery may have one of these keys.
    """
    conflicts.execute_rows(
        transaction,
        _NEW_DELIVERIES,
        _DELIVERY,
        [(p.id, p.chat.id, p.kind.value, p.due, key, now, _facts(p.facts), 0, "") for key, p in planned.items()],
    )
    seqs = {row.id: row.seq for row in rows_of(transaction, _SEQS, _d.id, [p.id for p in planned.values()])}
    items = [
        (p.chat.id, item.paper.id, seqs[p.id], item.position, item.shown, item.cross, _because(item.because))
        for p in planned.values()
        for item in p.items
    ]
    conflicts.execute_rows(transaction, _NEW_ITEMS, _ITEM, items)


def add_notice(
    transaction: Transaction, key: str, planned: Delivery, *, about: int | None, person: str | None, now: datetime
) -> bool:
    """Stores a notice. `key` is its dedupe key, `about` the other chat and `person` the person with whom it is erased.

    Returns False if a delivery with this key is stored, perhaps by another process.
    """
    row = DeliveryRow(
        id=planned.id,
        chat=planned.chat.id,
        about=about,
        person=person,
        kind=planned.kind,
        due=planned.due,
        dedupe_key=key,
        created_at=now,
        facts=columns.to_json(planned.facts),
    )
    return conflicts.insert_new(transaction, row, "dedupe_key")


def count_as_delivered(transaction: Transaction, chat_id: int, papers: Iterable[int]) -> None:
    """Stores papers as delivered to a chat, but without a delivery. Papers that are in a delivery stay there."""
    names = ("chat", "paper", "position", "shown", "cross", "because")
    no_reasons: list[str] = []
    rows = [(chat_id, paper, _NO_DELIVERY, False, False, no_reasons) for paper in papers]
    conflicts.insert_all_new(transaction, "delivery_item", ("chat", "paper"), names, rows)


def delivered(transaction: Transaction, chat_ids: Sequence[int], paper_ids: Iterable[int]) -> dict[int, set[int]]:
    """Returns chat id → those of `paper_ids` that the chat has in a delivery or in its library."""
    found: dict[int, set[int]] = {chat_id: set() for chat_id in chat_ids}
    papers = sorted(set(paper_ids))
    if papers and transaction.dialect == "postgresql":
        values = {"ids": list(chat_ids), "first": papers[0], "last": papers[-1]}
        wanted = set(papers)
        for chat_id, paper_id in execute(transaction, _DELIVERED_TO_EACH, values):
            if paper_id in wanted:
                found[chat_id].add(paper_id)
    else:
        for chats in in_chunks(chat_ids):
            of_chats = sa.select(_i.chat, _i.paper).where(_i.chat.in_(chats))
            for chat_id, paper_id in rows_of(transaction, of_chats, _i.paper, papers):
                found[chat_id].add(paper_id)
    for chat_id, mine in owned(transaction, chat_ids, papers).items():
        found[chat_id] |= mine
    return found


@lru_cache(maxsize=4096)
def _facts(facts: Facts) -> str:
    return _text(Facts, facts)


@lru_cache(maxsize=65536)
def _because(reasons: tuple[Because, ...]) -> str:
    return _text(tuple[Because, ...], reasons)


def _text(kind: Any, value: object) -> str:  # noqa: ANN401 - a class, or a type such as tuple[str, ...]
    return columns.adapter_of(kind).dump_json(value).decode()
