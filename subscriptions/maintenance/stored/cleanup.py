"""Removes old rows, a limited number at a time: what stays of deliveries (docs/operating.md, What is stored).

Each clean-up function takes a moment and the largest number of rows to handle, and returns how many it handled. The
rows themselves show what is left to do, so the work can stop after any step and continue later. Each function uses an
index.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from subscriptions.database.store import Transaction, execute
from subscriptions.database.tables import TABLES, tables
from subscriptions.model import DeliveryKind, MessageState

_deliveries, _items, _messages = tables("delivery", "delivery_item", "message")
_d, _i, _m = _deliveries.c, _items.c, _messages.c
_IS_NOTICE = sa.text("delivery.kind = 'notice'")  # the exact words of an index's condition
# A settled delivery is over if all its messages were sent or a person dismissed it.
_is_over = _d.dismissed_at.is_not(None) | ~sa.exists().where(_m.delivery == _d.seq, _m.state != MessageState.SENT)
_sent_on = (
    sa.select(sa.func.date(_m.sent_at))
    .where(_m.delivery == _i.delivery, _m.number == sa.func.coalesce(_i.message, 1), _m.state == MessageState.SENT)
    .scalar_subquery()
)
_KEPT: Mapping[str, Any] = {"delivered_on": _sent_on, "delivery": None, "message": None, "position": 0, "because": []}


def drop(table: str, moment: str, transaction: Transaction, before: datetime, most: int) -> int:
    """Remove at most `most` rows of a table whose column `moment` is before `before`."""
    rows = TABLES.tables[table]
    return _drop(transaction, rows, rows.c[moment] < before, most)


def drop_notices(transaction: Transaction, before: datetime, most: int) -> int:
    """Remove notices that were settled before `before`."""
    settled = sa.select(_d.seq).where(_d.settled_at < before, _IS_NOTICE).limit(most)
    return _drop_deliveries(transaction, execute(transaction, settled).scalars().all())


def empty_notices(transaction: Transaction, before: datetime, most: int) -> int:
    """Remove the texts of notices that were settled before `before`."""
    has_text = sa.exists().where(_m.delivery == _d.seq, _m.payload != "")
    told = sa.select(_d.seq).where(_d.settled_at < before, _IS_NOTICE, _is_over, has_text).limit(most)
    seqs = execute(transaction, told).scalars().all()
    execute(transaction, sa.update(_messages).where(_m.delivery.in_(seqs)).values(payload=""))
    return len(seqs)


def reduce_deliveries(transaction: Transaction, before: datetime, most: int) -> int:
    """Reduce deliveries that were settled before `before`: keep only which papers the chat got, and on which day.

    These two facts are enough to deliver no paper twice. A delivery with an unsent message stays complete until a
    person dismisses it, which settles it.
    """
    over = sa.select(_d.seq).where(_d.settled_at < before, _d.kind != DeliveryKind.NOTICE, _is_over).limit(most)
    seqs = execute(transaction, over).scalars().all()
    execute(transaction, sa.update(_items).where(_i.delivery.in_(seqs)).values(_KEPT))
    return _drop_deliveries(transaction, seqs)


def _drop_deliveries(transaction: Transaction, seqs: Sequence[int]) -> int:
    """Remove deliveries with their messages."""
    if seqs:
        execute(transaction, sa.delete(_messages).where(_m.delivery.in_(seqs)))
        execute(transaction, sa.delete(_deliveries).where(_d.seq.in_(seqs)))
    return len(seqs)


def _drop(transaction: Transaction, table: sa.Table, which: sa.ColumnElement[bool], most: int) -> int:
    """Remove at most `most` of the rows that meet the condition `which`."""
    key = sa.tuple_(*table.primary_key)
    some = sa.select(*table.primary_key).where(which).limit(most)
    return execute(transaction, sa.delete(table).where(key.in_(some))).rowcount
