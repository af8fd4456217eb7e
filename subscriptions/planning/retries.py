"""Decides what follows a post that did not end in "sent": how long it waits, the plain form, a paused chat, dead or unclear. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from subscriptions.errors import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater, SenderStopped
from subscriptions.states import MessageState

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
# An attempt that is stored for a later moment than this was computed with a wrong clock. Never less than LONGEST_WAIT.
LONGEST_CREDIBLE_WAIT = LONGEST_WAIT
_AT_ONCE = 2  # posts without a wait between them, if a look-up shows that the first post did not arrive
_DOUBLINGS = 5  # 30 s, 1, 2, 4, 8 min, then LONGEST_WAIT

OnUnclear = Literal["resend", "once", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """What an outcome means for the message, its delivery, its chat and its sender."""

    state: MessageState  # READY: the message is posted as soon as chat and sender allow it
    not_before: datetime | None = None  # earliest moment of the next attempt, UTC; None: there is no such moment
    pauses_lane: timedelta = timedelta(0)  # how long the whole lane waits, as the platform asked
    use_plain: bool = False  # the delivery's unfinished messages are all posted in their plain form
    pause_chat: bool = False  # pause all chats of the address
    pause_topic: bool = False  # pause only this topic or thread
    moved_to: str | None = None  # the chat's new address
    stop: Literal["token", "workspace"] | None = None  # what stops sending


def decide_retry(
    outcome: NotDelivered,
    *,
    failures: int,
    plain_tried: bool,
    was_unclear: bool,
    on_unclear: OnUnclear,
    now: datetime,
) -> RetryDecision:
    """Decides what follows from a post that did not end in "sent". An outcome of an unknown class counts as Unclear.

    - `failures`: the number of failed attempts of this message before this attempt.
    - `plain_tried`: the plain form of this message was already tried.
    - `was_unclear`: an earlier attempt may have arrived. Even if this attempt certainly did not arrive, the message
      stays unclear until the platform confirms or refuses it.
    - `on_unclear`: the operator's setting. "resend" posts an unclear message again after a wait; "once" does so only
      once, and then gives up; "skip" leaves it to a person.

    If the platform named a wait, the whole lane waits exactly that long.
    """
    match outcome:
        case RetryLater():
            again = None if outcome.after else now + _wait(failures)
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
        case _ if was_unclear and on_unclear == "once":
            decision = RetryDecision(state=MessageState.DEAD)
        case _:
            resend_at = None if on_unclear == "skip" else now + _wait(failures)
            decision = RetryDecision(state=MessageState.UNCLEAR, not_before=resend_at)
    stays_unclear = was_unclear and decision.state is not MessageState.DEAD
    if stays_unclear:
        return replace(decision, state=MessageState.UNCLEAR)
    return decision


def decide_not_found(failures: int, now: datetime) -> RetryDecision:
    """Decides what follows if the platform was asked for an unclear message and does not have it.

    `failures` counts the posts of its delivery that had no clear answer. After the first one, the message is posted
    again at once. After later posts the message waits, since a platform that accepts nothing for hours would otherwise
    get a post every few seconds.
    """
    if failures < _AT_ONCE:
        return RetryDecision(state=MessageState.READY)
    return RetryDecision(state=MessageState.WAITING, not_before=now + _wait(failures - _AT_ONCE))


def _wait(failures: int) -> timedelta:
    doubled = FIRST_WAIT * (1 << min(failures, _DOUBLINGS))
    return min(doubled, LONGEST_WAIT)
