"""Deliveries that were decided: writes them down, once each, and tells which papers a chat has in one already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, insert

from subscriptions.model import Because, Facts, Item, Kind
from subscriptions.store.database import CHUNK, execute
from subscriptions.store.rows import TABLES

# What every plan and every rendering asks for: these statements are made once.
_deliveries, _items_told, _chats, _messages, _sources = (
    TABLES.tables[name] for name in ("delivery", "delivery_item", "chat", "message", "source")
)
_d, _i, _c, _m = _deliveries.c, _items_told.c, _chats.c, _messages.c
_ids = bindparam("ids", expanding=True, type_=Integer)
_TAKEN = columns(_d.dedupe_key).where(_d.dedupe_key.in_(bindparam("keys", expanding=True)))
_NEW_DELIVERIES = insert(_deliveries).returning(_d.seq, sort_by_parameter_order=True)
_NEW_ITEMS = insert(_items_told)
_TOLD = columns(_i.chat, _i.paper).where(_i.chat.in_(_ids), _i.paper.in_(bindparam("papers", expanding=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A delivery that was decided and is to be written down."""

    id: str
    chat_id: int
    kind: Kind
    due: datetime
    key: str  # unique: a second plan of the same thing is dropped
    items: tuple[Item, ...]
    facts: Facts


def taken_keys(session: Session, keys: Sequence[str]) -> set[str]:
    """Which of these dedupe keys have a delivery already."""
    taken: set[str] = set()
    for i in range(0, len(keys), CHUNK):
        taken.update(execute(session, _TAKEN, {"keys": keys[i : i + CHUNK]}).scalars())
    return taken


def add_deliveries(session: Session, planned: Sequence[Planned], *, now: datetime) -> None:
    """Writes deliveries and their items. Their keys must be free."""
    if not planned:
        return
    seqs = execute(session, _NEW_DELIVERIES, [_delivery_values(p, now) for p in planned]).scalars()
    items = [_item_values(seq, p.chat_id, item) for seq, p in zip(seqs, planned, strict=True) for item in p.items]
    if items:
        execute(session, _NEW_ITEMS, items)


def delivered(session: Session, chat_ids: Sequence[int], paper_ids: Iterable[int]) -> dict[int, set[int]]:
    """Which of these papers each of these chats was told already."""
    found: dict[int, set[int]] = {chat_id: set() for chat_id in chat_ids}
    papers = sorted(set(paper_ids))
    for i in range(0, len(chat_ids), CHUNK):
        chats = list(chat_ids[i : i + CHUNK])
        for j in range(0, len(papers), CHUNK):
            for chat_id, paper_id in execute(session, _TOLD, {"ids": chats, "papers": papers[j : j + CHUNK]}):
                found[chat_id].add(paper_id)
    return found


def _delivery_values(planned: Planned, now: datetime) -> dict[str, Any]:
    return {
        "id": planned.id,
        "chat": planned.chat_id,
        "kind": planned.kind,
        "due": planned.due,
        "dedupe_key": planned.key,
        "created_at": now,
        "facts": _facts_values(planned.facts),
        "attempts": 0,
        "reason": "",
    }


def _item_values(seq: int, chat_id: int, item: Item) -> dict[str, Any]:
    return {
        "chat": chat_id,
        "paper": item.paper.id,
        "delivery": seq,
        "position": item.position,
        "shown": item.shown,
        "cross": item.cross,
        "because": _because_values(item.because),
    }


@lru_cache(maxsize=4096)
def _because_values(because: tuple[Because, ...]) -> list[dict[str, Any]]:
    """As `_because` reads each. Most papers of a delivery come for the same reason."""
    return [
        {"number": b.number, "text": b.text, "name": b.name, "words": list(b.words), "by": b.added_by} for b in because
    ]


def _missing_values(facts: Facts) -> dict[str, str]:
    """The missing sources as they are stored in the detail; `deliveries` reads them."""
    if facts.missing is None:
        return {}
    missing = facts.missing
    return {"missing": missing.names, "missing count": str(missing.count), "missing how": missing.how.value}


def _facts_values(facts: Facts) -> dict[str, Any]:
    return {
        "known": facts.known,
        "days": [day.isoformat() for day in facts.days],
        "first": facts.first,
        "next_due": facts.next_due.isoformat() if facts.next_due else None,
        "next_about": facts.next_about,
        "late": facts.late.total_seconds(),
        "notice": facts.notice,
        "detail": {**facts.detail, **_missing_values(facts)},
        "titles": [list(title) for title in facts.titles],
    }
