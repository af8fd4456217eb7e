"""The workers: who has which messages and replies in hand, and whether they are at work (docs/architecture.md, rule 14)."""

from collections.abc import Callable, Mapping

from sqlmodel import Session, col, delete, or_, select, update

from subscriptions.states import MessageState
from subscriptions.store.columns import Condition
from subscriptions.store.conversation_rows import UNFINISHED, PendingLookupRow, UpdateRow
from subscriptions.store.operation_rows import WorkerRow
from subscriptions.store.rows import MessageRow


def begin_worker(
    session: Session, worker: str, *, holds_sender_lock: bool, process: str, is_running: Callable[[str], bool]
) -> None:
    """Adds a worker. One that holds the sender lock replaces all that held it before, unless their process still runs.

    A lock is no proof on a file system that knows none, nor after somebody removed its file. An earlier worker of the same
    process is not at work any more: a process has one sender at a time.
    """
    if holds_sender_lock:
        before = session.exec(select(WorkerRow).where(col(WorkerRow.holds_sender_lock))).all()
        for one in before:
            if one.process == process or not is_running(one.process):
                session.delete(one)
        session.flush()
    session.merge(WorkerRow(id=worker, holds_sender_lock=holds_sender_lock, process=process))
    session.flush()


def beat(session: Session, worker: str) -> None:
    """Changes the heartbeat of a worker, which shows the others that it is at work; without others nothing is written."""
    is_alone = ~select(WorkerRow.id).where(WorkerRow.id != worker).exists()
    session.exec(update(WorkerRow).where(col(WorkerRow.id) == worker, ~is_alone).values(beat=WorkerRow.beat + 1))


def others_in_hand(session: Session, worker: str) -> dict[str, int]:
    """The other workers that have messages, replies or look-ups in hand → their heartbeats."""
    messages = select(MessageRow.worker).where(MessageRow.state == MessageState.SENDING)
    replies = select(UpdateRow.worker).where(Condition(UNFINISHED))
    lookups = select(PendingLookupRow.worker)
    busy = or_(*(col(WorkerRow.id).in_(those) for those in (messages, replies, lookups)))
    return dict(session.exec(select(WorkerRow.id, WorkerRow.beat).where(WorkerRow.id != worker, busy)).all())


def end_stalled(session: Session, stalled: Mapping[str, int]) -> None:
    """Removes workers whose heartbeat is still the one given; those that have beaten since are at work."""
    for worker, last in stalled.items():
        session.exec(delete(WorkerRow).where(col(WorkerRow.id) == worker, col(WorkerRow.beat) == last))


def recover_left(session: Session) -> int:
    """Marks as unclear what workers that are gone left in state `sending`: it may have been sent. Returns how many.

    What they left unclear is tried at once, too. Messages of workers that exist stay in their hands.
    """
    gone = col(MessageRow.worker).not_in(select(WorkerRow.id))
    found = session.exec(
        update(MessageRow)
        .where(col(MessageRow.state) == MessageState.SENDING, gone)
        .values(state=MessageState.UNCLEAR, found_at_start=True)
    )
    session.exec(
        update(MessageRow).where(col(MessageRow.state) == MessageState.UNCLEAR, gone).values(found_at_start=True)
    )
    return int(found.rowcount)


def recover_own(session: Session, worker: str) -> int:
    """Marks as unclear what a worker is sending, when it has nothing in hand any more. Returns how many messages."""
    found = session.exec(
        update(MessageRow)
        .where(col(MessageRow.state) == MessageState.SENDING, col(MessageRow.worker) == worker)
        .values(state=MessageState.UNCLEAR, found_at_start=True)
    )
    return int(found.rowcount)
