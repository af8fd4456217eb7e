"""What the planner reads and writes: due chats, cursors and due moments of subscriptions (rules 2 and 5).

In the morning some chats are due each minute. So these statements are built only once, like those of `claims`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import NULLTYPE, TypeEngine

from subscriptions import model, states
from subscriptions.planning.forecast import DueSpan, Move
from subscriptions.store import columns, conversations, subscriptions
from subscriptions.store import rows as stored_rows
from subscriptions.store.columns import Condition, JsonText, Utc
from subscriptions.store.database import conflicts, store
from subscriptions.store.database.store import Transaction
from subscriptions.store.signals import owned
from subscriptions.store.workers import wake_chats

_chats, _subscriptions = stored_rows.TABLES.tables["chat"], stored_rows.TABLES.tables["subscription"]
_c, _s = _chats.c, _subscriptions.c
_now, _last_sequence = sa.bindparam("now", type_=Utc), sa.bindparam("last_sequence", type_=sa.Integer)
_ids = sa.bindparam("ids", type_=sa.Integer, expanding=True)


# -------------------------------------------------------------------------------------------------------------- pauses

_CHAT_PAUSE_ENDED = (_c.state == states.ChatState.PAUSED) & (_c.paused_until <= _now)
_PAUSE_ENDED = (_s.state == states.SubscriptionState.PAUSED) & (_s.paused_until <= _now)
_A_PAUSE_ENDED = sa.select(
    sa.or_(sa.select(_c.id).where(_CHAT_PAUSE_ENDED).exists(), sa.select(_s.id).where(_PAUSE_ENDED).exists())
)
_CHATS_BACK = sa.select(_c.id, _c.paused_until).where(_CHAT_PAUSE_ENDED)
_ENDED = sa.select(_s.chat, _s.id, _s.paused_until).where(_PAUSE_ENDED)
_RESUME_CHATS = (
    sa.update(_chats)
    .where(_CHAT_PAUSE_ENDED)
    .values(state=states.ChatState.ACTIVE, admission=None, pause_reason=None, state_detail="", paused_until=None)
)
_RESUME = sa.update(_subscriptions).where(_PAUSE_ENDED).values(state=states.SubscriptionState.ACTIVE, paused_until=None)


def has_ended_pause(transaction: Transaction, now: datetime) -> bool:
    """Whether the time of any pause, of a chat or a subscription, is over."""
    return bool(store.execute(transaction, _A_PAUSE_ENDED, {"now": now}).scalar())


def ended_pauses(transaction: Transaction, now: datetime) -> list[tuple[int, int, datetime]]:
    """Returns (chat, subscription, end of the pause) for each subscription whose own or chat's pause is over."""
    found = [
        (chat, subscription, until) for chat, subscription, until in store.execute(transaction, _ENDED, {"now": now})
    ]
    back: dict[int, datetime] = {
        row.id: row.paused_until for row in store.execute(transaction, _CHATS_BACK, {"now": now})
    }
    active = sa.select(_s.chat, _s.id).where(_s.state == states.SubscriptionState.ACTIVE)
    of_chats = store.rows_of(
        transaction, active, _s.chat, sorted(back)
    )  # for a join, SQLite would read all subscriptions
    return found + [(chat, subscription, back[chat]) for chat, subscription in of_chats]


def end_pauses(transaction: Transaction, now: datetime) -> None:
    """Makes all chats and subscriptions active whose pause is over."""
    store.execute(transaction, _RESUME_CHATS, {"now": now})
    store.execute(transaction, _RESUME, {"now": now})


# ----------------------------------------------------------------------------------------------------------------- due


# longer than any window of when-out, which ends on the day of its beginning; a local day has at most 25 hours
LONGEST_WINDOW = timedelta(hours=26)


def _moments_of_open_windows() -> sa.CTE:
    """Returns the different opening moments of the when-out windows that may be open now.

    Each moment takes one look-up in an index. A million subscriptions may wait in open windows all morning, but with only
    a few different moments. The statement that finds the subscriptions with new papers needs these moments one by one:
    for a range of moments, SQLite would read all waiting subscriptions.
    """
    first = sa.select(sa.func.min(_s.next_due_at).label("at")).where(
        _s.next_due_at > sa.bindparam("earliest", type_=Utc), Condition(stored_rows.BECOMES_DUE)
    )
    found = first.cte("opened", recursive=True)
    later = _subscriptions.alias("later")
    following = sa.select(sa.func.min(later.c.next_due_at)).where(
        later.c.next_due_at > found.c.at, Condition(stored_rows.BECOMES_DUE)
    )
    return found.union_all(sa.select(following.scalar_subquery()).where(found.c.at <= _now))


_came = _s.cursor < _last_sequence
_active = Condition(stored_rows.BECOMES_DUE)  # the indexes have only these subscriptions, so others cost no time
_opened = _moments_of_open_windows()
# Each statement reads a range of an index. For one statement with OR, SQLite would read all subscriptions each second.
_OVERDUE = sa.select(_s.chat).where(_s.latest_due_at <= _now, _active)
_AT_ONCE = sa.select(_s.chat).where(_s.next_due_at.is_(None), _came, _active)
_PUT_OFF = sa.select(_s.chat).where(_s.next_due_at <= _now, _s.latest_due_at.is_(None), _came, _active)
_IN_WINDOW = sa.select(_s.chat).join_from(_opened, _subscriptions, _s.next_due_at == _opened.c.at).where(
    _opened.c.at <= _now, _came, _active
)  # fmt: skip
_STILL_DUE = sa.select(_s.chat).where(  # also finds followers of a shared cursor, since plans move them, too
    _s.chat.in_(_ids),
    sa.or_(_s.latest_due_at <= _now, _came & (_s.next_due_at.is_(None) | (_s.next_due_at <= _now))),
)
_DUE_WAITING = sa.union_all(_OVERDUE, _AT_ONCE, _PUT_OFF)
_DUE = sa.union_all(_OVERDUE, _AT_ONCE, _PUT_OFF, _IN_WINDOW)


def due_chats(transaction: Transaction, now: datetime, last_sequence: int, *, waiting: bool = False) -> list[int]:
    """Returns the ids of the active chats with an active subscription that is due.

    `waiting`: awaited sources have not reported yet, so new papers do not make when-out subscriptions due.
    """
    values: dict[str, object] = {"now": now, "last_sequence": last_sequence}
    if not waiting:
        values["earliest"] = now - LONGEST_WINDOW
    return sorted(set(store.execute(transaction, _DUE_WAITING if waiting else _DUE, values).scalars()))


@store.reads
def still_due(transaction: Transaction, chat_ids: Sequence[int], now: datetime, last_sequence: int) -> list[int]:
    """Returns those of `chat_ids` that are still due. Other processes have planned the rest in the meantime."""
    values = {"ids": chat_ids, "now": now, "last_sequence": last_sequence}
    due = set(store.execute(transaction, _STILL_DUE, values).scalars())
    return [chat for chat in chat_ids if chat in due]


# ------------------------------------------------------------------------------------------------------------- too far

# each has an hour more, for the day on which clocks are set back
_DAY, _WEEKEND, _WEEK = (timedelta(days=days, hours=1) for days in (1, 3, 7))
_day, _weekend, _week = (sa.bindparam(name, type_=Utc) for name in ("day", "weekend", "week"))
_LATEST = sa.case((_s.cadence.like("weekly%"), _week), (_s.cadence.like("%weekdays%"), _weekend), else_=_day)
_FAR = sa.select(_s.chat).where(_s.next_due_at > _day, _s.next_due_at > _LATEST, _active)


@store.reads
def chats_due_too_far(transaction: Transaction, now: datetime) -> list[int]:
    """Returns the ids of the chats with a subscription whose due moment is later than its kind of cadence allows."""
    values = {"day": now + _DAY, "weekend": now + _WEEKEND, "week": now + _WEEK}
    return sorted(set(store.execute(transaction, _FAR, values).scalars()))


# ---------------------------------------------------------------------------------------------------------------- moves

_upto = sa.bindparam("upto", type_=sa.Integer)
_ADVANCE = (
    sa.update(_subscriptions)
    .where(_s.id.in_(_ids))
    .values(
        # the higher value, so that a plan that began earlier never moves a cursor back
        cursor=sa.case((subscriptions.cursor_of() < _upto, _upto), else_=subscriptions.cursor_of()),
        shared_cursor=sa.bindparam("follows", type_=sa.Integer),
        next_due_at=sa.bindparam("next_due"),
        latest_due_at=sa.bindparam("latest_due"),
    )
)
_SPOKEN = sa.update(_chats).where(_c.id.in_(_ids)).values(first_delivery_planned=True)


def advance(transaction: Transaction, moves: Sequence[Move], follow: Mapping[int, int]) -> None:
    """Gives subscriptions new cursors and due moments. Each move is (id, cursor, due span). Equal moves share a statement.

    `follow`: id of a subscription -> the shared cursor that it follows from now on. The others follow none.
    """
    alike: dict[tuple[int, DueSpan, int | None], list[int]] = {}
    for subscription_id, cursor, due in moves:
        alike.setdefault((cursor, due, follow.get(subscription_id)), []).append(subscription_id)
    for (cursor, (next_due, latest_due), followed), ids in alike.items():
        place = {"upto": cursor, "next_due": next_due, "latest_due": latest_due, "follows": followed}
        for part in store.in_chunks(ids):
            store.execute(transaction, _ADVANCE, {"ids": part, **place})


def mark_first_delivery_planned(transaction: Transaction, chat_ids: Sequence[int]) -> None:
    """Stores that the first due delivery of these chats was planned."""
    for part in store.in_chunks(chat_ids):
        store.execute(transaction, _SPOKEN, {"ids": part})


# --------------------------------------------------------------------------------- the log of added and removed queries


KEPT = 100_000  # changes; a set of queries that lacks older changes is rebuilt

_changes, _queries = stored_rows.TABLES.tables["query_change"], stored_rows.TABLES.tables["query"]
_qc, _q = _changes.c, _queries.c
_NEWEST, _OLDEST = sa.select(sa.func.max(_qc.sequence)), sa.select(sa.func.min(_qc.sequence))


def newest_change(transaction: Transaction) -> int:
    """Returns the number of the newest change; 0 if there is none."""
    return store.execute(transaction, _NEWEST).scalar() or 0


def changes_after(transaction: Transaction, sequence: int) -> tuple[int, set[int]] | None:
    """Returns (newest change, ids of queries added or removed after `sequence`); None if the log lacks some changes."""
    oldest, newest = store.execute(transaction, _OLDEST).scalar() or 0, newest_change(transaction)
    if newest == sequence:
        return newest, set()
    if newest < sequence or sequence < oldest - 1:
        return None
    return newest, set(store.execute(transaction, sa.select(_qc.query).where(_qc.sequence > sequence)).scalars())


def queries_by_id(transaction: Transaction, ids: Sequence[int]) -> dict[int, str]:
    """Returns id -> canonical text. Queries that are not stored are left out."""
    return dict(store.rows_of(transaction, _queries, _q.id, ids))


def page_of_queries(transaction: Transaction, after: int, most: int) -> list[tuple[int, str]]:
    """Returns (id, canonical text) of the next `most` queries after the id `after`, ordered by id."""
    page = sa.select(_q.id, _q.canonical).where(_q.id > after).order_by(_q.id).limit(most)
    return [(query, canonical) for query, canonical in store.execute(transaction, page)]


def drop_changes(transaction: Transaction, most: int) -> int:
    """Removes at most `most` old changes. The newest `KEPT` changes stay. Returns the number of removed changes."""
    old = (
        sa.select(_qc.sequence)
        .where(_qc.sequence <= newest_change(transaction) - KEPT)
        .order_by(_qc.sequence)
        .limit(most)
    )
    return store.execute(transaction, sa.delete(_changes).where(_qc.sequence.in_(old))).rowcount


# --------------------------------------------------------------------------------------------------- planned deliveries

# Each plan executes these statements, so they are built only once.
_deliveries, _delivery_items = stored_rows.TABLES.tables["delivery"], stored_rows.TABLES.tables["delivery_item"]
_d, _i = _deliveries.c, _delivery_items.c
_KEYS, _SEQS = sa.select(_d.dedupe_key), sa.select(_d.id, _d.seq)
# Facts and reasons are passed as JSON text. Many rows have the same ones, and SQLAlchemy would encode them again for each
# row.
_TEXTS: Mapping[str, TypeEngine[Any]] = {"kind": sa.String(), "facts": JsonText(), "because": JsonText()}
_DELIVERY = ("id", "chat", "kind", "due", "dedupe_key", "created_at", "facts", "attempts", "reason", "sendable")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A planned delivery that has to be stored."""

    id: str
    chat_id: int
    kind: model.DeliveryKind
    due: datetime
    key: str  # the dedupe key; a second delivery with the same key is not stored
    items: tuple[model.Item, ...]
    facts: model.Facts


def taken_keys(transaction: Transaction, keys: Sequence[str]) -> set[str]:
    """Returns those of `keys` that are dedupe keys of stored deliveries."""
    return {row.dedupe_key for row in store.rows_of(transaction, _KEYS, _d.dedupe_key, keys)}


def add_deliveries(transaction: Transaction, planned: Sequence[Planned], *, now: datetime) -> None:
    """Stores deliveries and their items, with few statements, and wakes their lanes.

    No stored delivery may have one of their keys.
    """
    facts, because = _Texts(model.Facts), _Texts(tuple[model.Because, ...])
    conflicts.execute_rows(
        transaction,
        _NEW_DELIVERIES,
        _DELIVERY,
        [(p.id, p.chat_id, p.kind.value, p.due, p.key, now, facts.of(p.facts), 0, "", True) for p in planned],
    )
    seqs = {row.id: row.seq for row in store.rows_of(transaction, _SEQS, _d.id, [p.id for p in planned])}
    items = ((seqs[p.id], p.chat_id, item) for p in planned for item in p.items)
    # in parts, since the garbage collector would check all rows again and again
    while part := list(islice(items, store.CHUNK)):
        rows = [
            (chat_id, item.paper.id, seq, item.position, item.shown, item.cross, because.of(item.because))
            for seq, chat_id, item in part
        ]
        conflicts.execute_rows(transaction, _NEW_ITEMS, _ITEM, rows)
    wake_chats(transaction, {p.chat_id: p.kind for p in planned})


def add_delivery(transaction: Transaction, planned: Planned, *, now: datetime) -> bool:
    """Stores a delivery without items, and wakes its lane.

    Returns False if a delivery with its dedupe key is stored, perhaps by another process.
    """
    values = {
        "id": planned.id,
        "chat": planned.chat_id,
        "kind": planned.kind,
        "due": planned.due,
        "dedupe_key": planned.key,
        "created_at": now,
        "facts": columns.to_json(planned.facts),
        "attempts": 0,
        "reason": "",
    }
    if not conflicts.insert_new(transaction, "delivery", ("dedupe_key",), values):
        return False
    seq = store.execute(transaction, sa.select(_d.seq).where(_d.dedupe_key == planned.key)).scalar_one()
    conversations.add_mentions(
        transaction, "delivery", {seq: conversations.words_of_notice(planned.key, planned.facts.detail)}
    )
    wake_chats(transaction, {planned.chat_id: planned.kind})
    return True


def delivered(transaction: Transaction, chat_ids: Sequence[int], paper_ids: Iterable[int]) -> dict[int, set[int]]:
    """Returns chat id → those of `paper_ids` that the chat has in a delivery or in its library."""
    found: dict[int, set[int]] = {chat_id: set() for chat_id in chat_ids}
    papers = sorted(set(paper_ids))
    if papers and transaction.connection().dialect.name == "postgresql":
        values = {"ids": list(chat_ids), "first": papers[0], "last": papers[-1]}
        wanted = set(papers)
        for chat_id, paper_id in store.execute(transaction, _DELIVERED_TO_EACH, values):
            if paper_id in wanted:
                found[chat_id].add(paper_id)
    else:
        for chats in store.in_chunks(chat_ids):
            of_chats = sa.select(_i.chat, _i.paper).where(_i.chat.in_(chats))
            for chat_id, paper_id in store.rows_of(transaction, of_chats, _i.paper, papers):
                found[chat_id].add(paper_id)
    for chat_id, mine in owned(transaction, chat_ids, papers).items():
        found[chat_id] |= mine
    return found


class _Texts:
    """Makes the JSON of values, once for each object, since deliveries share their facts and papers their reasons.

    The values must stay alive, because the cache uses their `id()` as keys.
    """

    def __init__(self, kind: Any) -> None:  # noqa: ANN401 - a class, or a type such as tuple[str, ...]
        self._adapter = columns.adapter_of(kind)
        # id() of a value -> JSON; equal values are usually one object, and hashing is slow
        self._texts: dict[int, str] = {}

    def of(self, value: object) -> str:
        text = self._texts.get(id(value))
        if text is None:
            text = self._texts[id(value)] = self._adapter.dump_json(value).decode()
        return text
