"""Messages that were sent and should say something else now, as senders use them."""

from datetime import datetime, timedelta

from subscriptions.errors import ChatMoved, NotDelivered, RetryLater, SenderStopped, Unclear
from subscriptions.planning.retry import after
from subscriptions.store import Edit, Scope
from subscriptions.store.chat import moving
from subscriptions.store.outbox import attempts, edits


def edit_done(store: Scope, edit: Edit) -> None:
    """The message says what it should."""
    with store.write() as transaction:
        edits.finish_edit(transaction, edit)


def record_edit_outcome(store: Scope, edit: Edit, outcome: NotDelivered, *, now: datetime, wall: datetime) -> bool:
    """Writes down that an edit did not come about. True: the sender stops.

    What waiting can help is tried again: to edit twice changes nothing. What the platform refuses is let go, since the
    message itself has arrived.
    """
    with store.write() as transaction:
        match outcome:
            case RetryLater() | Unclear():
                asked = outcome.after if isinstance(outcome, RetryLater) else timedelta(0)
                waiting = RetryLater(outcome.reason, asked)
                verdict = after(waiting, failures=edit.attempts, plain_tried=False, on_unclear="skip", now=now)
                if verdict.pauses_lane:
                    attempts.pause_lane(transaction, edit.chat.address.lane, wall, wall + verdict.pauses_lane)
                edits.postpone_edit(transaction, edit, next_at=verdict.not_before)
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
