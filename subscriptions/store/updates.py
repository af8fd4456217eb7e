"""Updates of platforms whose effect is committed, with the replies to them (docs/architecture.md, rule 8)."""

from datetime import datetime

from sqlmodel import Session, col, delete, func, or_, select, update

from subscriptions.states import ReplyState
from subscriptions.store.rows import UpdateRow, WorkerRow


def reply_to(session: Session, platform: str, update: str) -> str | None:
    """The stored reply to an update; None if the update is new."""
    row = session.get(UpdateRow, (platform, update))
    return None if row is None else row.reply


def add_update(
    session: Session, platform: str, update: str, reply: str, *, chat: str, worker: str, now: datetime
) -> None:
    """Stores an update with its reply, which is still to be posted. To be called in the transaction of its effect."""
    session.add(
        UpdateRow(
            platform=platform,
            update_id=update,
            at=now,
            chat=chat,
            worker=worker,
            reply=reply,
            state=ReplyState.READY if reply else ReplyState.DONE,
        )
    )


def drop_updates(session: Session, before: datetime) -> None:
    """Removes the updates that came before `before`."""
    session.exec(delete(UpdateRow).where(col(UpdateRow.at) < before))


def updates_of(session: Session, chat: str, since: datetime) -> int:
    """How many updates of a chat came at `since` or later."""
    found = select(func.count()).select_from(UpdateRow).where(UpdateRow.chat == chat, UpdateRow.at >= since)
    return session.exec(found).one()


def recent_updates(session: Session, platform: str, after: datetime) -> list[tuple[str, datetime, bool]]:
    """(chat, came at, its reply is finished) of each update of a platform that came after `after`."""
    rows = session.exec(
        select(UpdateRow.chat, UpdateRow.at, col(UpdateRow.state)).where(
            UpdateRow.platform == platform, UpdateRow.at > after, UpdateRow.chat != ""
        )
    )
    return [(chat, at, state is ReplyState.DONE) for chat, at, state in rows]


def finish_reply(session: Session, platform: str, update_id: str) -> None:
    """Marks a reply as done: it has arrived, or is not posted any more."""
    row = session.get(UpdateRow, (platform, update_id))
    if row is not None:
        row.state, row.reply = ReplyState.DONE, ""


def unfinished_replies(session: Session, since: datetime, worker: str) -> list[tuple[str, str, str]]:
    """(platform, update id, reply) of the replies that a worker that is gone stored and did not finish, oldest first.

    Replies in the hands of other workers stay there. `worker` has none in hand yet, and takes them over. Returns each reply once: the next call gives up those that it returned before, and those from before `since`.
    """
    in_other_hands = col(UpdateRow.worker).in_(select(WorkerRow.id).where(WorkerRow.id != worker))
    lost = or_(col(UpdateRow.state) == ReplyState.AGAIN, col(UpdateRow.at) < since)
    session.exec(
        update(UpdateRow)
        .where(col(UpdateRow.state).in_((ReplyState.READY, ReplyState.AGAIN)), lost, ~in_other_hands)
        .values(state=ReplyState.DONE, reply="")
    )
    rows = session.exec(
        select(UpdateRow).where(UpdateRow.state == ReplyState.READY, ~in_other_hands).order_by(col(UpdateRow.at))
    ).all()
    for row in rows:
        row.state, row.worker = ReplyState.AGAIN, worker
    return [(row.platform, row.update_id, row.reply) for row in rows]
