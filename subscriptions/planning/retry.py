"""Decides what to do after an attempt to post that did not end in "sent". Pure; the store applies the decision.

A message that waits is tried for ever and never becomes dead: while a platform is down only waiting helps.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from subscriptions.errors import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater, SenderStopped
from subscriptions.states import MessageState

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
_AT_ONCE = 2  # posts that follow each other without a wait, where look-ups tell that the first one did not arrive
_DOUBLINGS = 5  # 30 s, 1, 2, 4, 8 min, then the longest

OnUnclear = Literal["resend", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """What an outcome means for the message, its delivery, its chat and its sender."""

    state: MessageState  # READY: posted as soon as chat and sender allow it
    not_before: datetime | None = None  # of the next attempt, aware UTC; None: no moment is set
    pauses_lane: timedelta = timedelta(0)  # a wait that the platform asked for, of the whole lane
    use_plain: bool = False  # all unfinished messages of the delivery go out in their plain form
    pause_chat: bool = False  # the whole address
    pause_topic: bool = False  # only this topic or thread
    moved_to: str | None = None  # the chat's new address
    stop: Literal["token", "workspace"] | None = None  # what stops sending


def next_attempt(outcome: NotDelivered, failures: int, now: datetime) -> datetime | None:
    """The moment of the next attempt, aware UTC; None if waiting does not help, or if the platform named a wait.

    `failures` counts the failed attempts of this message before this one. A wait that the platform named applies to the
    whole lane (`RetryDecision.pauses_lane`), with nothing added.
    """
    if not isinstance(outcome, RetryLater) or outcome.after:
        return None
    return now + _wait(failures)


def decide_retry(
    outcome: NotDelivered,
    *,
    failures: int,
    plain_tried: bool,
    was_unclear: bool,
    on_unclear: OnUnclear,
    now: datetime,
) -> RetryDecision:
    """The decision for an outcome. An outcome of no known class counts as unclear: the message may have been sent.

    `plain_tried`: the plain form of this message was already tried. `on_unclear` is the operator's setting: "resend"
    sends an unclear message again after a wait, "skip" leaves it to a person. `was_unclear`: an earlier attempt may have
    arrived. If this attempt did not arrive, that one still may have, so the message stays unclear until it is confirmed
    or refused.
    """
    match outcome:
        case RetryLater():
            again = next_attempt(outcome, failures, now)
            decision = RetryDecision(state=MessageState.WAITING, not_before=again, pauses_lane=outcome.after)
        case Rejected(form=True) if not plain_tried:
            decision = RetryDecision(state=MessageState.READY, use_plain=True)
        case Rejected():
            decision = RetryDecision(state=MessageState.DEAD)
        case ChatGone(scope="topic"):
            decision = RetryDecision(state=MessageState.READY, pause_topic=True)
        case ChatGone():
            decision = RetryDecision(state=MessageState.READY, pause_chat=True)
        case ChatMoved():
            decision = RetryDecision(state=MessageState.READY, moved_to=outcome.address)
        case SenderStopped():
            decision = RetryDecision(state=MessageState.READY, stop=outcome.scope)
        case _:
            resend_at = now + _wait(failures) if on_unclear == "resend" else None
            decision = RetryDecision(state=MessageState.UNCLEAR, not_before=resend_at)
    stays_unclear = was_unclear and decision.state is not MessageState.DEAD
    return replace(decision, state=MessageState.UNCLEAR) if stays_unclear else decision


def decide_not_found(failures: int, now: datetime) -> RetryDecision:
    """The decision for an unclear message that the platform looked up and does not have.

    `failures` counts the posts of its delivery so far without a clear answer. After the first one it is posted again at once, then as a
    message that waits: a platform that takes nothing for hours is not asked every few seconds.
    """
    if failures < _AT_ONCE:
        return RetryDecision(state=MessageState.READY)
    return RetryDecision(state=MessageState.WAITING, not_before=now + _wait(failures - _AT_ONCE))


def _wait(failures: int) -> timedelta:
    doubled = FIRST_WAIT * (1 << min(failures, _DOUBLINGS))
    return min(doubled, LONGEST_WAIT)
