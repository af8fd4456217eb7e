"""Removes what was stored long enough, a bounded number of rows at a time (docs/operating.md, What is stored).

Each function takes a moment, and how many rows it may handle at most; it returns how many it handled. The data
alone shows what is left, so the work can stop after any step and go on later. Each finds its rows by an index.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.model import DeliveryKind
from subscriptions.planning.receipts import Loss
from subscriptions.states import MessageState
from subscriptions.store.columns import Big, Condition, Utc
from subscriptions.store.database.conflicts import insert_all_new, put
from subscriptions.store.database.store import Transaction, execute, in_chunks
from subscriptions.store.key_value import get_value, put_value
from subscriptions.store.rows import TABLES, DeliveryItemRow, DeliveryRow, DigestRow, ReceiptRow
from subscriptions.store.standing import Vouched

_PRUNED = "pruned-papers"  # a key: the id up to which papers have been pruned
_REDUCED = "reduced-deliveries"  # a key: the settled delivery, by moment and number, up to which all were looked at
_EMPTIED = "emptied-notices"  # a key, likewise
_EVER = datetime(1970, 1, 1, tzinfo=UTC)

_papers, _deliveries, _items, _messages, _digests, _receipts = (
    TABLES.tables[name] for name in ("paper", "delivery", "delivery_item", "message", "digest", "receipt")
)
_OF_PAPERS = tuple(TABLES.tables[name] for name in ("summary", "translation", "appearance", "indexed_paper"))
_d, _i, _m, _p = _deliveries.c, _items.c, _messages.c, _papers.c
_LEFT = Vouched.TITLE | Vouched.DOI | Vouched.VERSION | Vouched.WITHDRAWN  # of what arXiv gave, once a paper is reduced
_those = sa.bindparam("those", expanding=True, type_=Big)
_IS_NOTICE = Condition("delivery.kind = 'notice'")  # as an index has it


def drop(table: str, moment: str, session: Transaction, before: datetime, most: int) -> int:
    """Removes the rows of a table whose column `moment` says that they are from before `before`."""
    rows = TABLES.tables[table]
    return _drop(session, rows, rows.c[moment] < before, most)


def drop_receipts(session: Transaction, before: datetime, most: int) -> int:
    """Removes receipts from before `before`, but not the newest of a source."""
    newer = _receipts.alias()
    has_newer = sa.exists().where(newer.c.source == _receipts.c.source, newer.c.id > _receipts.c.id)
    return _drop(session, _receipts, (_receipts.c.at < before) & has_newer, most)


def drop_warnings(session: Transaction, before: datetime, most: int) -> int:
    """Empties the warnings of digests that came before `before`."""
    warned = sa.select(_digests.c.id).where(_digests.c.received_at < before, Condition("warnings != '[]'")).limit(most)
    return execute(session, sa.update(_digests).where(_digests.c.id.in_(warned)).values(warnings=[])).rowcount


def drop_notices(session: Transaction, before: datetime, most: int) -> int:
    """Removes notices that were settled before `before`."""
    settled = sa.select(_d.seq).where(_d.settled_at < before, _IS_NOTICE).limit(most)
    return _drop_deliveries(session, execute(session, settled).scalars().all())


def drop_texts_of_notices(session: Transaction, before: datetime, most: int) -> int:
    """Empties the messages of notices that were settled before `before`. Looks at each notice once."""
    found = _next_settled(session, _EMPTIED, before, most)
    seqs = [row.seq for row in found if row.is_notice and row.is_over]
    if seqs:
        execute(
            session, sa.update(_messages).where(_m.delivery.in_(_those)).values(payload="", plain=""), {"those": seqs}
        )
    return len(found)


def reduce_deliveries(session: Transaction, before: datetime, most: int) -> int:
    """Reduces deliveries of papers that were settled before `before` to which paper the chat got, and on which day.

    That is what "once, for ever" needs. A delivery with an unsent message stays whole until a person dismisses it,
    which settles it again. Looks at each settled delivery once.
    """
    found = _next_settled(session, _REDUCED, before, most)
    seqs = [row.seq for row in found if not row.is_notice and row.is_over]
    if seqs:
        execute(session, _KEEP_ITEMS, {"those": seqs})
        _drop_deliveries(session, seqs)
    return len(found)


def _next_settled(session: Transaction, key: str, before: datetime, most: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """The next `most` deliveries settled before `before`, oldest first, after the last one of the previous call.

    The place of the last one is stored under `key`. If it is not before `before`, the clock was set back, and all are
    looked at again.
    """
    moment, _, seq = (get_value(session, key) or "").partition(" ")
    looked = datetime.fromisoformat(moment) if moment else _EVER
    if looked >= before:
        looked, seq = _EVER, ""
    values = {"looked": looked, "last": int(seq or 0), "before": before, "most": most}
    found = execute(session, _SETTLED, values).all()
    if found:
        put_value(session, key, f"{found[-1].settled_at.isoformat()} {found[-1].seq}")
    return found


def prune_papers(session: Transaction, before: datetime, most: int) -> int:
    """Reduces papers that came before `before` to their keys and titles, by which they are known again.

    Papers of deliveries that are still stored stay whole.
    """
    upto = int(get_value(session, _PRUNED) or 0)
    rows = execute(
        session,
        sa.select(_p.id, _p.first_seen_at, _p.sequenced_at).where(_p.id > upto).order_by(_p.id).limit(most),
    ).all()
    old: list[int] = []
    for row in rows:
        if max(row.first_seen_at, row.sequenced_at or row.first_seen_at) >= before:
            break
        old.append(row.id)
    if not old:
        return 0
    shown = sa.select(_i.paper).where(_i.paper.in_(_those), _i.delivery.is_not(None))
    needed = set(execute(session, shown, {"those": old}).scalars())
    over = [paper for paper in old if paper not in needed]
    if over:
        for table in _OF_PAPERS:
            execute(session, sa.delete(table).where(table.c.paper.in_(_those)), {"those": over})
        values: dict[str, Any] = {
            "abstract": "",
            "comment": "",
            "authors": [],
            "categories": [],
            "primary": None,
            "url": None,
        }
        values["vouched"] = _p.vouched.op("&")(int(_LEFT))  # no source vouches for a missing value
        execute(session, sa.update(_papers).where(_p.id.in_(_those)).values(values), {"those": over})
    put_value(session, _PRUNED, str(old[-1]))
    return len(old)


# A settled delivery is over if all of it was sent, or a person dismissed it.
_is_over = _d.dismissed_at.is_not(None) | ~sa.exists().where(_m.delivery == _d.seq, _m.state != MessageState.SENT)
_looked = sa.bindparam("looked", type_=Utc)
_SETTLED = (
    sa.select(_d.seq, _d.settled_at, (_d.kind == DeliveryKind.NOTICE).label("is_notice"), _is_over.label("is_over"))
    .where(
        _d.settled_at >= _looked,
        _d.settled_at < sa.bindparam("before", type_=Utc),
        (_d.settled_at > _looked) | (_d.seq > sa.bindparam("last", type_=Big)),
    )
    .order_by(_d.settled_at, _d.seq)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_sent_on = (
    sa.select(sa.func.date(_m.sent_at))
    .where(_m.delivery == _i.delivery, _m.number == sa.func.coalesce(_i.message, 1), _m.state == MessageState.SENT)
    .scalar_subquery()
)
_KEEP_ITEMS = (
    sa.update(_items)
    .where(_i.delivery.in_(_those))
    .values(delivered_on=_sent_on, delivery=None, message=None, position=0, because=[])
)


def _drop_deliveries(session: Transaction, seqs: Sequence[int]) -> int:
    """Removes deliveries with their messages."""
    if seqs:
        execute(session, sa.delete(_messages).where(_m.delivery.in_(_those)), {"those": seqs})
        execute(session, sa.delete(_deliveries).where(_d.seq.in_(_those)), {"those": seqs})
    return len(seqs)


def _drop(session: Transaction, table: sa.Table, which: sa.ColumnElement[bool], most: int) -> int:
    """Removes at most `most` of the rows for which `which` holds."""
    key = sa.tuple_(*table.primary_key)
    some = sa.select(*table.primary_key).where(which).limit(most)
    return execute(session, sa.delete(table).where(key.in_(some))).rowcount


def delivered_since(session: Transaction, chat_id: int, since: date) -> Sequence[int]:
    """Ids of the papers that a chat was shown on `since` or later, in deliveries that are not stored any more, oldest first."""
    shown = sa.select(_i.paper).where(_i.chat == chat_id, _i.delivered_on >= since, _i.shown.is_(True))
    return execute(session, shown.order_by(_i.delivered_on, _i.paper)).scalars().all()


# --------------------------------------------------------------------------------------- the last loss of the database


_THE_LAST = 1  # the id of the last loss: no other is stored
_NO_DELIVERY = -1  # the position of a paper that counts as sent: it is in no delivery
_subscriptions, _losses = TABLES.tables["subscription"], TABLES.tables["loss"]
_s = _subscriptions.c


def last_loss(session: Transaction) -> Loss | None:
    """The last loss; None if no copy was ever restored with the moment of a loss."""
    row = execute(session, sa.select(_losses).where(_losses.c.id == _THE_LAST)).first()
    return None if row is None else Loss(lost_at=row.lost_at, copied_at=row.copied_at, restored_at=row.restored_at)


def put_loss(session: Transaction, loss: Loss) -> None:
    """Stores the last loss."""
    put(session, "loss", ("id",), {"id": _THE_LAST, **asdict(loss)})


def last_moment(session: Transaction) -> datetime | None:
    """The last moment at which a digest came, a source was polled or a delivery planned; None: never."""
    moments = (col(DigestRow.received_at), col(ReceiptRow.at), col(DeliveryRow.created_at))
    found = [session.exec(sa.select(sa.func.max(moment))).scalar_one() for moment in moments]  # type: ignore[call-overload]
    return max((moment for moment in found if moment), default=None)


def count_until(session: Transaction, moments: Mapping[int, datetime | None]) -> None:
    """Stores until when papers count as sent, by the id of a subscription; None: no papers do."""
    for subscription, moment in moments.items():
        execute(session, sa.update(_subscriptions).where(_s.id == subscription).values(counted_until=moment))


def lowest_cursor_that_counts(session: Transaction) -> int | None:
    """The lowest cursor of the subscriptions for which something counts as sent; None: there is none."""
    return execute(session, sa.select(sa.func.min(_s.cursor)).where(_s.counted_until.is_not(None))).scalar()


def chats_that_count(session: Transaction, came: datetime) -> list[int]:
    """Ids of the chats with a subscription for which papers that came at `came` count as sent."""
    found = sa.select(_s.chat).where(_s.counted_until >= came)  # in their order SQLite would read all chats
    return sorted({*execute(session, found).scalars()})


def count_as_delivered(session: Transaction, papers: Iterable[tuple[int, int]]) -> None:
    """Stores (chat, paper) pairs as delivered, without a delivery. Papers that are in one stay there."""
    values = [
        {"chat": chat, "paper": paper, "position": _NO_DELIVERY, "shown": False, "cross": False, "because": []}
        for chat, paper in papers
    ]
    insert_all_new(session, "delivery_item", ("chat", "paper"), values)


def count_no_more(session: Transaction, papers: list[int]) -> None:
    """Makes papers that only counted as delivered deliverable again."""
    for part in in_chunks(papers):
        session.exec(
            sa.delete(DeliveryItemRow).where(
                col(DeliveryItemRow.paper).in_(part),
                col(DeliveryItemRow.position) == _NO_DELIVERY,
            )
        )
