"""The work in numbers, for operators: what is in the outbox, since when work waits, and the size of the tables.

The first two read only open rows, or look once into an index, and read no history. Work that waits for a moment, for
its chat's quiet hours or because its platform asked for it, does not count as waiting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from subscriptions.planning.cadence import quiet_until
from subscriptions.planning.decision import LONGEST_WAIT
from subscriptions.states import MessageState
from subscriptions.store import claims
from subscriptions.store import rows as stored_rows
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.columns import Condition, Utc
from subscriptions.store.database.store import Transaction, execute, reads
from subscriptions.store.known_papers import last_sequence
from subscriptions.zones import zone

_subscriptions, _papers, _deliveries, _chats, _messages = (
    stored_rows.TABLES.tables[name] for name in ("subscription", "paper", "delivery", "chat", "message")
)
_appearances, _digests = stored_rows.TABLES.tables["appearance"], stored_rows.TABLES.tables["digest"]
_s, _p, _d, _c, _m = _subscriptions.c, _papers.c, _deliveries.c, _chats.c, _messages.c
_a, _g = _appearances.c, _digests.c
_SENDABLE = sa.case((claims.may_be_sent(), 1), else_=0)

OPEN = (
    sa.select(
        _c.platform,
        _SENDABLE.label(
            "may_go"
        ),  # a name that no table has, by which PostgreSQL groups: of parameters it sees no equality
        sa.func.count().label("deliveries"),
        sa.func.min(_d.created_at).label("oldest"),
    )
    .select_from(_deliveries.join(_chats, _c.id == _d.chat))
    .where(_d.settled_at.is_(None))
    .group_by(_c.platform, "may_go")
)
DEAD = (
    sa.select(_c.platform, sa.func.count(_d.seq.distinct()).label("deliveries"))
    .select_from(_messages.join(_deliveries, _d.seq == _m.delivery).join(_chats, _c.id == _d.chat))
    .where(_m.state == MessageState.DEAD, _d.dismissed_at.is_(None))
    .group_by(_c.platform)
)
HELD_LANES = (
    sa.select(_c.platform, sa.func.count(_c.address.distinct()).label("lanes"))
    .select_from(_deliveries.join(_chats, _c.id == _d.chat))
    .where(_d.settled_at.is_(None), claims.may_be_sent(), claims.is_held())
    .group_by(_c.platform)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxFigures:
    """The outbox by platform. A platform without such deliveries is left out."""

    waiting: Mapping[str, int] = field(default_factory=dict)  # deliveries that are not over and may be sent
    held: Mapping[str, int] = field(default_factory=dict)  # those of paused chats
    oldest: Mapping[str, datetime] = field(default_factory=dict)  # since when the oldest one waits
    dead: Mapping[str, int] = field(default_factory=dict)  # neither retried nor dismissed
    held_lanes: Mapping[str, int] = field(
        default_factory=dict
    )  # lanes with something to send that their platform holds


def outbox_figures(session: Transaction, *, wall: datetime) -> OutboxFigures:
    """Returns the outbox in numbers. `wall` is the machine's clock."""
    found = list(execute(session, OPEN))
    return OutboxFigures(
        waiting={row.platform: row.deliveries for row in found if row.may_go},
        held={row.platform: row.deliveries for row in found if not row.may_go},
        oldest={row.platform: row.oldest for row in found if row.may_go},
        dead={row.platform: row.deliveries for row in execute(session, DEAD)},
        held_lanes={row.platform: row.lanes for row in execute(session, HELD_LANES, {"wall": wall})},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """The papers that came in some time."""

    papers: int
    by_source: Mapping[str, int]  # a paper that came from several counts for each
    last: Mapping[str, datetime]  # source -> when papers of it came last


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The messages of deliveries that were sent in some time."""

    messages: int
    chats: int


@reads
def came_since(transaction: Transaction, since: datetime) -> Arrivals:
    """Returns the papers that were announced since a moment."""
    by_source = (
        sa.select(
            _g.source,
            sa.func.count(_a.paper.distinct()).label("papers"),
            sa.func.max(_g.received_at, type_=Utc).label("last"),
        )
        .select_from(_papers.join(_appearances, _a.paper == _p.id).join(_digests, _g.id == _a.digest))
        .where(_p.sequenced_at >= since, _g.received_at >= since)
        .group_by(_g.source)
        .order_by(_g.source)
    )
    rows = execute(transaction, by_source).all()
    return Arrivals(
        papers=execute(transaction, sa.select(sa.func.count()).where(_p.sequenced_at >= since)).scalar_one(),
        by_source={row.source: row.papers for row in rows},
        last={row.source: row.last for row in rows},
    )


@reads
def sent_since(transaction: Transaction, since: datetime) -> Sent:
    """Returns what was sent since a moment of the machine's clock."""
    sent = (
        sa.select(sa.func.count().label("messages"), sa.func.count(_d.chat.distinct()).label("chats"))
        .select_from(_messages.join(_deliveries, _d.seq == _m.delivery))
        .where(_m.attempted_at >= since, _m.sent_at.is_not(None))
    )
    row = execute(transaction, sent).one()
    return Sent(messages=row.messages, chats=row.chats)


def to_be_planned_since(session: Transaction, *, now: datetime) -> datetime | None:
    """Since when the longest due chat that is not planned has waited; None if no chat is due.

    For chats that want papers as they come: when the first paper came that was not looked at yet.
    """
    its_end = sa.select(sa.func.min(_s.latest_due_at))
    overdue = execute(
        session, its_end.where(_s.latest_due_at.is_not(None), Condition(stored_rows.BECOMES_DUE))
    ).scalar()
    behind = stored_subscriptions.behind(session, last_sequence(session))
    known = [one.sequence for one in behind if quiet_until(one.quiet, zone(one.zone), now) is None]
    lowest = sa.select(sa.func.min(_s.cursor)).where(_s.next_due_at.is_(None), Condition(stored_rows.BECOMES_DUE))
    if (own := execute(session, lowest).scalar()) is not None:
        known.append(own)
    papers = sa.select(_p.sequenced_at).order_by(_p.sequence).limit(1)
    came = execute(session, papers.where(_p.sequence > min(known))).scalar() if known else None
    return min((moment for moment in (overdue, came) if moment is not None and moment <= now), default=None)


def to_be_sent_since(session: Transaction, *, now: datetime, wall: datetime) -> datetime | None:
    """Since when the oldest delivery waits that may be sent now; None if none may. `wall` is the machine's clock."""
    begins = sa.case((_d.next_at <= now, _d.next_at), else_=_d.created_at)  # when it may go, again
    wanted = (
        sa.select(sa.func.min(begins))
        .join_from(_deliveries, _chats, _c.id == _d.chat)
        .where(Condition(stored_rows.GOES_OUT), ~claims.is_held(), _d.next_at.is_(None) | ~claims.waits())
    )
    found: datetime | None = execute(
        session, wanted, {"now": now, "longest": now + LONGEST_WAIT, "wall": wall}
    ).scalar()
    return found


DAYS = 7  # what a day adds is the mean of so many days

_KINDS: Mapping[str, tuple[tuple[str, ...], str]] = {  # what → its tables, and how many of them came since a moment
    "papers": (
        ("paper", "paper_key", "paper_alias", "summary", "translation", "appearance"),
        "SELECT count(*) FROM paper WHERE sequenced_at >= :since",
    ),
    "words of papers": (
        ("indexed_paper", "paper_spelling", "paper_words_data", "paper_words_idx", "paper_words_config", "paper_words"),
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


@reads
def room(transaction: Transaction, *, now: datetime) -> tuple[Room, ...]:
    """What each kind of rows takes, the largest first. Walks the whole file: a second for each gigabyte."""
    connection = transaction.connection()
    pages = {str(name): int(size) for name, size in connection.execute(sa.text(_SIZES[connection.dialect.name]))}
    since = now - timedelta(days=DAYS)
    found = []
    for what, (tables, newest) in _KINDS.items():
        size = sum(pages.get(table, 0) for table in tables)
        rows = connection.execute(sa.text(f'SELECT count(*) FROM "{tables[0]}"')).scalar_one()  # noqa: S608 - named above
        new = connection.execute(_since(newest), {"since": since}).scalar_one() if newest else 0
        found.append(Room(what=what, rows=rows, size=size, a_day=size * new // max(rows, 1) // DAYS))
    return tuple(sorted(found, key=lambda one: -one.size))


def _since(statement: str) -> sa.TextClause:
    return sa.text(statement).bindparams(sa.bindparam("since", type_=Utc))
