"""Updates of platforms: each takes effect once (rule 8); which were not answered when a process ended, and how young those are."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from subscriptions.model import ChatAddress
from subscriptions.store import chats
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, confirms, execute, reads, writes
from subscriptions.store.tables import UNANSWERED, UpdateRow, tables

TOLD_WITHIN = timedelta(minutes=10)  # a chat is told for so long after its update that the answer was lost
_updates, _chats = tables("update", "chat")
_u = _updates.c
_is_unanswered = sa.text(UNANSWERED)  # with this condition, a query uses the small index of unanswered updates


@reads
def is_known(transaction: Transaction, platform: str, update_id: str) -> bool:
    """Whether an update was noted before, so that it must not take effect again."""
    return transaction.finds(_u.platform == platform, _u.update_id == update_id)


@writes
def note(
    transaction: Transaction,
    platform: str,
    update_id: str,
    *,
    chat: ChatAddress,
    now: datetime,
    changed: bool = False,
    answered: bool = False,
) -> bool:
    """Notes an update, before its effect in the same transaction. Returns False if it was noted before.

    So a second process with the same update waits for this transaction, and then does nothing.
    """
    there = chats.home_of(transaction, chat)
    row = UpdateRow(platform=platform, update_id=update_id, at=now, changed=changed, answered=answered)
    row.chat = there.id if there else None
    return conflicts.insert_new(transaction, row)


def begin_effect(transaction: Transaction, platform: str, update_id: str) -> bool:
    """Says of a noted update that it changes something. Returns False if this was said before."""
    waiting = sa.update(_updates).filter_by(platform=platform, update_id=update_id, changed=False)
    return execute(transaction, waiting.values(changed=True)).rowcount > 0


@writes
def settle(
    transaction: Transaction, platform: str, update_id: str, *, chat: ChatAddress, changed: bool, answered: bool
) -> None:
    """Stores what became of an update in the transaction that noted it, or in a later one; its chat, if that is stored now."""
    there = chats.home_of(transaction, chat)
    noted = sa.update(_updates).filter_by(platform=platform, update_id=update_id)
    execute(transaction, noted.values(chat=there.id if there else None, changed=changed, answered=answered))


@confirms
def mark_answered(transaction: Transaction, platform: str, update_id: str) -> None:
    """Stores that the reply to an update was posted or given up."""
    execute(transaction, sa.update(_updates).filter_by(platform=platform, update_id=update_id).values(answered=True))


class Unanswered(NamedTuple):
    """A chat in which updates were not answered when an earlier process ended."""

    chat: ChatAddress
    changed: bool  # at least one of them changed something


@writes
def unanswered(transaction: Transaction, platforms: Collection[str], *, now: datetime) -> list[Unanswered]:
    """Returns the chats of these platforms that wait for an answer, each once, who spoke first first.

    Gives up what is older than TOLD_WITHIN.
    """
    places = (_chats.c[name] for name in chats.PLACE)
    over = sa.update(_updates).where(_is_unanswered, _u.at < now - TOLD_WITHIN)
    execute(transaction, over.values(answered=True))
    left = sa.select(*places, _u.changed).join(_chats, _chats.c.id == _u.chat).order_by(_u.at, _u.update_id)
    found: dict[ChatAddress, bool] = {}
    for *place, changed in execute(transaction, left.where(_is_unanswered)):
        chat = ChatAddress(*place)
        if chat.platform in platforms:
            found[chat] = changed or found.get(chat, False)
    return [Unanswered(chat, changed) for chat, changed in found.items()]


@confirms
def mark_told(transaction: Transaction, chat: ChatAddress, *, upto: datetime) -> None:
    """Stores that a chat was told of all its updates that were noted until `upto`."""
    of_chat = sa.select(_chats.c.id).where(*(_chats.c[name] == getattr(chat, name) for name in chats.PLACE))
    told = sa.update(_updates).where(_is_unanswered, _u.chat.in_(of_chat), _u.at <= upto)
    execute(transaction, told.values(answered=True))
