"""Deliveries that are dead or wait for long: how long that is, how many ids are named; and the notices about them."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import ChatAddress, DeliveryKind
from subscriptions.states import ChatState, MessageState
from subscriptions.store.columns import Utc
from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.tables import TABLES, ChatRow, DeliveryRow, MessageRow

_deliveries = TABLES.tables["delivery"]
_d = _deliveries.c


LONG = timedelta(hours=1)  # deliveries that fail for longer than this are reported in notices, the log and `check`
_NAMED = 5  # a notice names at most so many deliveries by their ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Deliveries that have the same problem."""

    count: int
    reason: str = ""  # the most frequent reason
    ids: tuple[str, ...] = ()  # ids of the first few deliveries
    newest_at: datetime | None = None  # when the last of them was given up
    chat: ChatAddress | None = None  # None if the deliveries are for several chats
    since: datetime | None = None  # when the first of them was given up (dead) or planned (waiting)


def dead(transaction: Transaction) -> Trouble:
    """Returns the deliveries with a dead message that no person has dismissed.

    Notices do not count, because otherwise a dead notice would cause the next notice.
    """
    wanted = (
        select(_d.id, MessageRow.reason, ChatRow, _d.settled_at)
        .join(MessageRow, col(MessageRow.delivery) == _d.seq)
        .join(ChatRow, col(ChatRow.id) == _d.chat)
        .where(
            MessageRow.state == MessageState.DEAD,
            _d.kind != DeliveryKind.NOTICE,
            _d.settled_at.is_not(None),
            _d.dismissed_at.is_(None),
        )
        .order_by(_d.seq, col(MessageRow.number))
    )
    rows = transaction.exec(wanted).all()
    ids = tuple(dict.fromkeys(delivery for delivery, _, _, _ in rows))
    reasons = Counter(reason for _, reason, _, _ in rows if reason)
    chats = {chat.place for _, _, chat, _ in rows}
    return Trouble(
        count=len(ids),
        reason=reasons.most_common(1)[0][0] if reasons else "",
        ids=ids[:_NAMED],
        newest_at=max((at for _, _, _, at in rows), default=None),
        chat=chats.pop() if len(chats) == 1 else None,
        since=min((at for _, _, _, at in rows), default=None),
    )


def waiting_since(transaction: Transaction, before: datetime) -> dict[str, Trouble]:
    """Returns platform → deliveries that failed at least once and have waited since before the moment `before`."""
    first, count = sa.func.min(_d.created_at, type_=Utc), sa.func.count()
    rows = transaction.exec(
        select(ChatRow.platform, _d.reason, count, first)
        .join(DeliveryRow, _d.chat == ChatRow.id)
        .where(
            _d.settled_at.is_(None),
            _d.attempts > 0,
            _d.created_at < before,
            ChatRow.state == ChatState.ACTIVE,
        )
        .group_by(ChatRow.platform, _d.reason)
        .order_by(count.desc(), _d.reason)
    ).all()
    found: dict[str, Trouble] = {}
    for platform, reason, deliveries, since in rows:
        usual = found.get(platform, Trouble(count=0, reason=reason, since=since))
        oldest = min(usual.since or since, since)
        found[platform] = replace(usual, count=usual.count + deliveries, since=oldest)
    return found


def notices_since(transaction: Transaction, chat_id: int, cause: str, since: datetime) -> int:
    """Returns the number of notices with this cause that were stored for a chat at `since` or later."""
    begins = f"notice:{chat_id}:{cause}:"
    return transaction.count(_d.chat == chat_id, _d.dedupe_key.startswith(begins), _d.created_at >= since)


def noticed_since(transaction: Transaction, key: str, since: datetime) -> bool:
    """Whether a notice with this dedupe key was stored at `since` or later."""
    return transaction.finds(_d.dedupe_key == key, _d.created_at >= since)


def drop_notices(transaction: Transaction, cause: str, about: int, *, now: datetime) -> None:
    """Dismisses the notices with this cause about a chat that are not settled."""
    notices = sa.update(_deliveries).where(
        _d.about == about,
        _d.dedupe_key.contains(f":{cause}:", autoescape=True),
        _d.settled_at.is_(None),
    )
    untrue = {"settled_at": now, "dismissed_at": now, "reason": "it was not so after all"}
    execute(transaction, notices.values(untrue))
