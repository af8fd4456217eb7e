"""Updates of platforms: each is stored with its reply and its effect (rule 8); for how long an unconfirmed reply is posted again."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import select

from subscriptions.states import ReplyState
from subscriptions.store.columns import Condition
from subscriptions.store.conversation_rows import UNFINISHED, UpdateRow
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, reads, shares, writes
from subscriptions.store.rows import TABLES

PRINTED = "say:"  # begins the id of an update that the command line made: its reply is printed, and no platform gets it
_updates = TABLES.tables["update"]
_u = _updates.c
_IS_POSTED = _u.update_id.not_like(f"{PRINTED}%")
_is_unfinished = Condition(UNFINISHED)  # with this condition, a query uses the small index of unfinished replies
REPEATED_FOR = timedelta(minutes=10)  # an unconfirmed reply is posted again for so long after its command


@reads
def reply_to(transaction: Transaction, platform: str, update_id: str) -> str | None:
    """Returns the stored reply to an update; None if the update is new."""
    reply: str | None = execute(
        transaction, sa.select(_u.reply).filter_by(platform=platform, update_id=update_id)
    ).scalar()
    return reply


def claim_update(
    transaction: Transaction, platform: str, update_id: str, *, chat_id: int | None, now: datetime
) -> bool:
    """Stores an update, before its effect in the same transaction. Returns False if it was stored before."""
    row = UpdateRow(platform=platform, update_id=update_id, at=now, chat=chat_id)
    return conflicts.insert_new(transaction, row)


def store_reply(transaction: Transaction, platform: str, update_id: str, reply: str) -> None:
    """Stores the reply to a claimed update, which this process will post."""
    unfinished = {"reply": reply, "state": ReplyState.READY}
    execute(transaction, sa.update(_updates).filter_by(platform=platform, update_id=update_id).values(unfinished))


@shares
def finish_reply(transaction: Transaction, platform: str, update_id: str) -> None:
    """Marks a reply as done: it has arrived, or it was given up."""
    finished = {"state": ReplyState.DONE, "reply": ""}
    execute(transaction, sa.update(_updates).filter_by(platform=platform, update_id=update_id).values(finished))


@reads
def is_reply_finished(transaction: Transaction, platform: str, update_id: str) -> bool:
    """Whether the reply to an update is finished: it was posted, it was given up, or there is none."""
    state = transaction.exec(select(_u.state).filter_by(platform=platform, update_id=update_id)).first()
    return state is None or state is ReplyState.DONE


@writes
def unfinished_replies(transaction: Transaction, *, now: datetime) -> list[tuple[str, str]]:
    """Returns (platform, reply) of each reply that an earlier process has not finished, oldest first.

    Gives up replies that are older than ten minutes.
    """
    over = sa.update(_updates).where(_is_unfinished, _u.at < now - REPEATED_FOR)
    execute(transaction, over.values(state=ReplyState.DONE, reply=""))
    left = sa.select(_u.platform, _u.reply).where(_is_unfinished).order_by(_u.at, _u.platform, _u.update_id)
    return [(platform, reply) for platform, reply in execute(transaction, left)]
