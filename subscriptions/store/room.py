"""What the rows of the database take on the disk, and how many of them a day adds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import TextClause, bindparam, text
from sqlmodel import Session

from subscriptions.store.columns import Utc

DAYS = 7  # what a day adds is the mean of so many days

_KINDS: Mapping[str, tuple[tuple[str, ...], str]] = {  # what → its tables, and how many of them came since a moment
    "papers": (
        ("paper", "paper_key", "paper_alias", "summary", "translation", "appearance"),
        "SELECT count(*) FROM paper WHERE sequenced_at >= :since",
    ),
    "words of papers": (
        ("indexed_paper", "paper_words_data", "paper_words_idx", "paper_words_config", "paper_words"),
        "SELECT count(*) FROM paper WHERE sequenced_at >= :since",
    ),
    "papers of chats": (
        ("delivery_item",),
        "SELECT count(*) FROM delivery_item WHERE delivery IN (SELECT seq FROM delivery WHERE settled_at >= :since)",
    ),
    "deliveries": (("delivery",), "SELECT count(*) FROM delivery WHERE settled_at >= :since"),
    "messages": (("message",), "SELECT count(*) FROM message WHERE attempted_at >= :since"),
    "chats": (("chat", "lane", "denial"), ""),
    "subscriptions": (("subscription", "query"), ""),
    "conversations": (
        ("update", "callback", "offer", "conversation_state", "pending_lookup", "undo", "mention"),
        'SELECT count(*) FROM "update" WHERE at >= :since',
    ),
    "sources": (("source", "receipt", "digest"), "SELECT count(*) FROM receipt WHERE at >= :since"),
}
_SIZES = {  # of each table with its indexes, in bytes
    "sqlite": "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name) GROUP BY tbl_name",
    "postgresql": """
        SELECT relname, pg_total_relation_size(oid) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    """,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What one kind of rows takes."""

    what: str
    rows: int  # of its first table
    size: int  # bytes, with its indexes
    a_day: int  # bytes that a day adds, before anything is cleaned up


def room(session: Session, *, now: datetime) -> tuple[Room, ...]:
    """What each kind of rows takes, the largest first. Walks the whole file: a second for each gigabyte."""
    connection = session.connection()
    pages = {str(name): int(size) for name, size in connection.execute(text(_SIZES[connection.dialect.name]))}
    since = now - timedelta(days=DAYS)
    found = []
    for what, (tables, newest) in _KINDS.items():
        size = sum(pages.get(table, 0) for table in tables)
        rows = connection.execute(text(f'SELECT count(*) FROM "{tables[0]}"')).scalar_one()  # noqa: S608 - named above
        new = connection.execute(_since(newest), {"since": since}).scalar_one() if newest else 0
        found.append(Room(what=what, rows=rows, size=size, a_day=size * new // max(rows, 1) // DAYS))
    return tuple(sorted(found, key=lambda one: -one.size))


def _since(statement: str) -> TextClause:
    return text(statement).bindparams(bindparam("since", type_=Utc))
