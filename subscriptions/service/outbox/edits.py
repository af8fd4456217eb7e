"""Edits of messages that were sent, as senders use them."""

from datetime import datetime, timedelta

from subscriptions.errors import ChatMoved, NotDelivered, RetryLater, SenderStopped, Unclear
from subscriptions.planning.retry import decide_retry
from subscriptions.store import Edit, Scope, lane_wakes
from subscriptions.store.chat import moving
from subscriptions.store.outbox import attempts, edits


def edit_done(store: Scope, edit: Edit) -> None:
    """Stores that a message shows what it should."""
    with store.write() as transaction:
        edits.finish_edit(transaction, edit)


def record_edit_outcome(store: Scope, edit: Edit, outcome: NotDelivered, *, now: datetime, wall: datetime) -> bool:
    """Stores the outcome of an edit that was not made, and what follows from it. True: the sender stops.

    After an error that may pass, the edit is tried again: two edits are as good as one. After another it is dropped,
    since the message itself has arrived.
    """
    with store.write() as transaction:
        match outcome:
            case RetryLater() | Unclear():
                asked = outcome.after if isinstance(outcome, RetryLater) else timedelta(0)
                waiting = RetryLater(outcome.reason, asked)
                decision = decide_retry(
                    waiting,
                    failures=edit.attempts,
                    plain_tried=False,
                    was_unclear=False,
                    on_unclear="skip",
                    now=now,
                )
                if decision.pauses_lane:
                    attempts.pause_lane(transaction, edit.chat.address.lane, wall, wall + decision.pauses_lane)
                elif decision.not_before is not None:
                    lane_wakes.wake_lanes(transaction, [edit.chat.address.lane], after=decision.not_before - now)
                edits.postpone_edit(transaction, edit, next_at=decision.not_before)
            case SenderStopped():
                edits.postpone_edit(transaction, edit, next_at=None)
                return True
            case ChatMoved():
                edits.postpone_edit(transaction, edit, next_at=None)
                address = edit.chat.address
                moving.move_address(transaction, address.platform, address.address, outcome.address, now=now)
            case _:
                edits.finish_edit(transaction, edit)
    return False
