"""Updates of platforms whose effect is committed, with the replies to them (docs/architecture.md, rule 8)."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import ChatAddress, Lane
from subscriptions.states import ReplyState
from subscriptions.store.columns import Condition
from subscriptions.store.conversation_rows import UNFINISHED, UpdateRow
from subscriptions.store.database.conflicts import insert_new
from subscriptions.store.database.store import Transaction, execute, reads, writes
from subscriptions.store.operation_rows import WorkerRow
from subscriptions.store.rows import TABLES

REPEATED_FOR = timedelta(minutes=10)  # how long after its command an unconfirmed reply is posted again
_KEY = ("platform", "update_id")
_is_unfinished = Condition(UNFINISHED)  # beside the state that is asked for: an index has few of these

# Statements that every request executes are built once.
_updates = TABLES.tables["update"]
_u = _updates.c
_is_it = (_u.platform == sa.bindparam("on"), _u.update_id == sa.bindparam("called"))
_REPLY = sa.select(_u.reply).where(*_is_it)
_STORE = (
    sa.update(_updates)
    .where(*_is_it)
    .values(
        reply=sa.bindparam("its_reply"),
        chat=sa.bindparam("its_chat"),
        state=sa.bindparam("its_state"),
        worker=sa.bindparam("who"),
    )
)
_FINISH = sa.update(_updates).where(*_is_it).values(state=ReplyState.DONE, reply="")
_UNFINISHED_AT = sa.select(_u.worker).where(*_is_it, _is_unfinished)
_in_lane = sa.or_(
    _u.chat == sa.bindparam("lane"), (_u.chat > sa.bindparam("topics")) & (_u.chat < sa.bindparam("behind"))
)
_ANSWERS = sa.select(_u.at, _u.state, _u.worker).where(_in_lane, _u.at > sa.bindparam("after"))


@reads
def reply_to(transaction: Transaction, platform: str, update_id: str) -> str | None:
    """The stored reply to an update; None if the update is new."""
    reply: str | None = execute(transaction, _REPLY, {"on": platform, "called": update_id}).scalar()
    return reply


def claim_update(session: Transaction, platform: str, update_id: str, *, now: datetime) -> bool:
    """Stores an update, before its effect and in the transaction of it. False if another process, or an earlier one, did."""
    values = {
        "platform": platform,
        "update_id": update_id,
        "at": now,
        "chat": "",
        "reply": "",
        "state": ReplyState.DONE,
    }
    return insert_new(session, UpdateRow.__tablename__, _KEY, values)


def store_reply(session: Transaction, platform: str, update_id: str, reply: str, *, chat: str, worker: str) -> None:
    """Stores the reply to a claimed update, which a worker is still to post, and the chat that it is about."""
    state = ReplyState.READY if reply else ReplyState.DONE
    changed = {"its_reply": reply, "its_chat": chat, "its_state": state, "who": worker}
    execute(session, _STORE, {"on": platform, "called": update_id, **changed})


@reads
def commands_since(transaction: Transaction, chat: ChatAddress, since: datetime) -> int:
    """How many updates of a chat had their effect at `since` or later."""
    found = select(sa.func.count()).select_from(UpdateRow).where(UpdateRow.chat == str(chat), UpdateRow.at >= since)
    return transaction.exec(found).one()


def recent_updates(session: Transaction, platform: str, after: datetime) -> list[tuple[str, datetime, bool]]:
    """(chat, came at, its reply is finished) of each update of a platform that came after `after`."""
    rows = session.exec(
        select(UpdateRow.chat, UpdateRow.at, col(UpdateRow.state)).where(
            col(UpdateRow.platform).concat("") == platform,
            UpdateRow.at > after,
            UpdateRow.chat != "",  # concat: by `at`
        )
    )
    return [(chat, at, state is ReplyState.DONE) for chat, at, state in rows]


def answers_in(session: Transaction, lane: Lane, after: datetime, worker: str) -> list[tuple[datetime, bool]]:
    """(came at, its reply is finished) of each update in a lane that came after `after`.

    What `worker` has still to post is left out: it counts that itself when it does.
    """
    name = str(ChatAddress(lane.platform, lane.address))
    found = execute(session, _ANSWERS, {"lane": name, "topics": f"{name}/", "behind": f"{name}0", "after": after})
    return [(at, state is ReplyState.DONE) for at, state, who in found if state is ReplyState.DONE or who != worker]


@writes
def finish_reply(transaction: Transaction, platform: str, update_id: str) -> None:
    """Marks a reply as done: it has arrived, or is not posted any more."""
    execute(transaction, _FINISH, {"on": platform, "called": update_id})


@reads
def is_reply_finished(transaction: Transaction, platform: str, update_id: str) -> bool:
    """Whether no reply to an update is still to be posted."""
    state = transaction.exec(select(UpdateRow.state).where(*_is(platform, update_id))).first()
    return state is None or state is ReplyState.DONE


@reads
def has_reply(transaction: Transaction, platform: str, update_id: str) -> bool:
    """Whether this worker has the reply to an update still to post."""
    return (
        execute(transaction, _UNFINISHED_AT, {"on": platform, "called": update_id}).scalar() == transaction.store.worker
    )


@reads
def has_unfinished_replies(transaction: Transaction) -> bool:
    """Whether `unfinished_replies` would find some."""
    return (
        transaction.exec(
            select(UpdateRow.worker).where(_is_unfinished, ~_of_others(transaction.store.worker)).limit(1)
        ).first()
        is not None
    )


@writes
def unfinished_replies(transaction: Transaction, *, now: datetime) -> list[tuple[str, str, str]]:
    """(platform, update id, reply) of the replies that this worker is to post, oldest first: its own, and those of workers that are gone.

    Those of more than ten minutes ago are given up.
    """
    worker = transaction.store.worker
    left = _is_unfinished, ~_of_others(worker)
    transaction.exec(
        sa.update(UpdateRow)
        .where(*left, col(UpdateRow.at) < now - REPEATED_FOR)
        .values(state=ReplyState.DONE, reply="")
    )
    found = transaction.exec(
        sa.update(UpdateRow)
        .where(*left)
        .values(worker=worker)
        .returning(col(UpdateRow.at), col(UpdateRow.platform), col(UpdateRow.update_id), col(UpdateRow.reply))
    ).all()
    return [(platform, update_id, reply) for _, platform, update_id, reply in sorted(found)]


def _of_others(worker: str) -> sa.ColumnElement[bool]:
    """Whether a reply is in the hands of another worker, which is not gone."""
    return col(UpdateRow.worker).in_(select(WorkerRow.id).where(WorkerRow.id != worker))


def erase_place(session: Transaction, place: str) -> None:
    """Erases what updates say of a chat (rule 10). Their ids stay."""
    erased = {"reply": "", "chat": "", "state": ReplyState.DONE}
    session.exec(sa.update(UpdateRow).where(col(UpdateRow.chat) == place).values(erased))


def _is(platform: str, update_id: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return col(UpdateRow.platform) == platform, col(UpdateRow.update_id) == update_id
