"""What to do after a try to post that did not end in "sent". Pure; the store writes what it says.

Waiting is all that helps when a platform is down, so a message that waits waits for ever and never becomes dead.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from subscriptions.errors import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater, SenderStopped
from subscriptions.states import MessageState

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
_DOUBLINGS = 5  # 30 s, 1, 2, 4, 8 min, then the longest

OnUnclear = Literal["resend", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """What becomes of a message, its chat and its sender after an outcome."""

    state: MessageState  # READY goes out when chat and sender can again
    reason: str  # one plain English line, kept with the message
    not_before: datetime | None = None  # aware UTC; None: time alone changes nothing
    pauses_lane: timedelta = timedelta(0)  # how long the platform asked the whole lane to wait, on the machine's clock
    use_plain: bool = False  # what is not yet sent of this delivery is replaced by its plain form
    pause_chat: bool = False  # the whole address
    pause_topic: bool = False  # only this topic or thread
    moved_to: str | None = None  # the chat's new address
    stop: Literal["token", "workspace"] | None = None  # who stops sending


def next_attempt(outcome: NotDelivered, failures: int, now: datetime) -> datetime | None:
    """When to try again, aware UTC; None means that waiting alone will not help.

    `failures` counts the tries of this message that failed before this one. The platform's own wish is no moment of
    ours: it holds the lane on the machine's clock (`Verdict.hold`), and then we add nothing to it.
    """
    if not isinstance(outcome, RetryLater) or outcome.after:
        return None
    return now + _wait(failures)


def after(
    outcome: NotDelivered, *, failures: int, plain_tried: bool, on_unclear: OnUnclear, now: datetime
) -> RetryDecision:
    """What follows from `outcome`. An outcome that no rule names may have been sent: it counts as unclear.

    `plain_tried`: the plain form of this message was already tried. `on_unclear` is the operator's setting: "resend"
    sends an unclear message again after a wait, "skip" leaves it for a person.
    """
    reason = outcome.reason
    match outcome:
        case RetryLater():
            again = next_attempt(outcome, failures, now)
            verdict = RetryDecision(
                state=MessageState.WAITING, reason=reason, not_before=again, pauses_lane=outcome.after
            )
        case Rejected(form=True) if not plain_tried:
            verdict = RetryDecision(state=MessageState.READY, reason=reason, use_plain=True)
        case Rejected():
            verdict = RetryDecision(state=MessageState.DEAD, reason=reason)
        case ChatGone(scope="topic"):
            verdict = RetryDecision(state=MessageState.READY, reason=reason, pause_topic=True)
        case ChatGone():
            verdict = RetryDecision(state=MessageState.READY, reason=reason, pause_chat=True)
        case ChatMoved():
            verdict = RetryDecision(state=MessageState.READY, reason=reason, moved_to=outcome.address)
        case SenderStopped():
            verdict = RetryDecision(state=MessageState.READY, reason=reason, stop=outcome.scope)
        case _:
            resend_at = now + _wait(failures) if on_unclear == "resend" else None
            verdict = RetryDecision(state=MessageState.UNCLEAR, reason=reason, not_before=resend_at)
    return verdict


def _wait(failures: int) -> timedelta:
    doubled = FIRST_WAIT * (1 << min(failures, _DOUBLINGS))
    return min(doubled, LONGEST_WAIT)
