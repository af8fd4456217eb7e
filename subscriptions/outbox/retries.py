"""What follows a post that was not sent: a wait, the plain form, a paused chat, dead or unclear. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from subscriptions.model import MessageState
from subscriptions.outcomes import ChatGone, ChatMoved, NotDelivered, PartlySent, Rejected, RetryLater, SenderStopped

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
# waits after a refusal in doubt: the first and the further ones
_AN_HOUR, _A_DAY = timedelta(hours=1), timedelta(days=1)
# An attempt that is stored for a later moment than this was computed with a wrong clock. Never less than the longest wait.
LONGEST_CREDIBLE_WAIT = _A_DAY
# so long and so often a chat refuses in doubt before it counts as gone
_GONE_AFTER, _GONE_REFUSALS = timedelta(days=3), 3
_IN_A_ROW = 3  # a text that so many chats in a row refuse is not to blame
# Refusals are the platform's if all of two or three chats give them that were tried within an hour, or more than a fifth of more.
_FEW, _SHARE = 3, 5
_MANY = 4  # so many chats that leave within an hour, and more than a fifth, did not all leave by themselves
_FIRST_PROBE = timedelta(minutes=1)  # the first wait while the platform refuses; it doubles up to an hour
_FIRST_WORDS = 12  # words that two sentences share if they tell the same refusal
_AT_ONCE = 2  # posts without a wait between them, if a look-up shows that the first post did not arrive
_DOUBLINGS = 5  # 30 s, 1, 2, 4, 8 min, then LONGEST_WAIT

OnUnclear = Literal["resend", "once", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """What an outcome means for the message, its delivery, its chat and its sender."""

    state: MessageState  # READY: the message is posted as soon as chat and sender allow it
    not_before: datetime | None = None  # earliest moment of the next attempt, UTC; None: there is no such moment
    use_plain: bool = False  # the delivery's unfinished messages are all posted in their plain form
    pause_chat: bool = False  # pause all chats of the address
    pause_topic: bool = False  # pause only this topic or thread
    moved_to: str | None = None  # the chat's new address
    stops_sender: bool = False  # nothing more is sent with the token
    attempts: int | None = None  # failed attempts in a row, to be stored; None: one more than before, if it waits


class Tried(NamedTuple):
    """The last attempts to post to a chat."""

    chat: int
    sent_at: datetime | None = None  # when it accepted a message last
    refuses_since: datetime | None = None  # when it first refused one; None: it accepted the last one


class Refusals(NamedTuple):
    """What speaks for and against the chat, if its platform refuses a message to it."""

    own: int = 0  # the same refusal of this message before, one after another
    waited: timedelta = timedelta(0)  # since the delivery was planned
    lasts: timedelta = timedelta(0)  # since the chat first refused
    together: frozenset[int] = frozenset()  # other chats that refuse at the same time
    accepting: int = 0  # chats that accepted something at that time
    in_a_row: int = 0  # other chats that gave the same refusal since a message to another chat ended otherwise
    given_up: bool = False  # a message died of it in this row

    @property
    def are_the_platforms(self) -> bool:
        """Whether it is the platform, or the bot, that is in trouble, and not this chat."""
        refused = len(self.together) + 1
        tried = refused + self.accepting
        return refused > 1 and (refused == tried if tried <= _FEW else refused * _SHARE > tried)

    @property
    def are_too_many(self) -> bool:
        """Whether so many chats refuse that even a definite answer is in doubt."""
        return len(self.together) + 1 >= _MANY and self.are_the_platforms

    @property
    def are_of_no_text(self) -> bool:
        """Whether it is the sender that is refused, and not a text."""
        return self.in_a_row + 1 >= _IN_A_ROW

    @property
    def show_gone(self) -> bool:
        """Whether the chat is gone, if this attempt was refused, too."""
        return self.lasts >= _GONE_AFTER and self.own + 1 >= _GONE_REFUSALS


def weigh(tried: Iterable[Tried], chat: int, since: datetime, now: datetime) -> Refusals:
    """Weigh the refusal of a chat, which refuses since then, against the last attempts to post on its platform.

    A chat that still refuses after another one has accepted something speaks for itself alone.
    """
    known = {one.chat: one for one in tried if one.chat != chat}
    sent_at = max((one.sent_at for one in known.values() if one.sent_at), default=None)
    is_open = sent_at is None or sent_at < since
    others = {of: one.refuses_since for of, one in known.items() if one.refuses_since}
    fresh = {
        of: at for of, at in others.items() if is_open and (at > now - _AN_HOUR or sent_at is None or at > sent_at)
    }
    first = min([since, *fresh.values()]) - _AN_HOUR
    return Refusals(
        lasts=now - since,
        together=frozenset(fresh),
        accepting=sum(1 for of, one in known.items() if of not in fresh and one.sent_at and one.sent_at >= first),
    )


NO_REFUSALS = Refusals()


def same_refusal(one: str, other: str) -> bool:
    """Return whether two sentences tell the same refusal.

    Addresses, numbers and ids in them do not count, codes do.
    """
    return _words_of(one) == _words_of(other)


def _words_of(reason: str) -> list[str]:
    return re.findall(r"(?<!\S)(?:\d{3}:|[^\W\d_]+)(?=[.,:;]?(?!\S))", reason)[:_FIRST_WORDS]


def decide_retry(
    outcome: NotDelivered,
    *,
    failures: int,
    plain_tried: bool,
    was_unclear: bool,
    on_unclear: OnUnclear,
    now: datetime,
    refusals: Refusals = NO_REFUSALS,
) -> RetryDecision:
    """Decide what follows from a post that did not end in "sent". An outcome of an unknown class counts as Unclear.

    - `failures`: the number of failed attempts of this message before this attempt.
    - `plain_tried`: the plain form of this message was already tried.
    - `was_unclear`: an earlier attempt may have arrived. Even if this attempt certainly did not arrive, the message
      stays unclear until the platform confirms or refuses it.
    - `on_unclear`: the operator's setting. "resend" posts an unclear message again after a wait; "once" does so only
      once, and then gives up; "skip" leaves it to a person.
    - `refusals`: what speaks for and against the chat, if it refuses.

    If the platform named a wait, the message, and so its whole lane, waits exactly that long.
    """
    match outcome:
        case _ if _is_the_senders(outcome, refusals, plain_tried=plain_tried):
            wait = _AN_HOUR if isinstance(outcome, Rejected) else min(max(refusals.lasts, _FIRST_PROBE), _AN_HOUR)
            # this does not count for the chat as gone
            decision = RetryDecision(
                state=MessageState.WAITING, not_before=now + wait, stops_sender=True, attempts=refusals.own
            )
        case RetryLater():
            decision = RetryDecision(state=MessageState.WAITING, not_before=now + (outcome.after or _wait(failures)))
        case Rejected(form=True) if not plain_tried:
            decision = RetryDecision(state=MessageState.READY, use_plain=True)
        case Rejected():
            decision = RetryDecision(state=MessageState.DEAD)
        case ChatGone():
            decision = _on_gone(outcome, refusals, now)
        case ChatMoved():
            decision = RetryDecision(state=MessageState.READY, moved_to=outcome.address)
        case SenderStopped():
            decision = RetryDecision(state=MessageState.READY, stops_sender=True)
        case _ if was_unclear and (on_unclear == "once" or isinstance(outcome, PartlySent)):
            decision = RetryDecision(state=MessageState.DEAD)
        case _:
            resend_at = None if on_unclear == "skip" else now + _wait(failures)
            decision = RetryDecision(state=MessageState.UNCLEAR, not_before=resend_at)
    stays_unclear = was_unclear and decision.state is not MessageState.DEAD
    if stays_unclear:
        return replace(decision, state=MessageState.UNCLEAR)
    return decision


def _is_the_senders(outcome: NotDelivered, refusals: Refusals, *, plain_tried: bool) -> bool:
    """Return whether a refusal is the sender's or the platform's, since others got it, too.

    A text that everybody refuses would hold up what comes after it. So one message is given up after days: if the next
    text is sent, it was the text; if it is refused, too, nothing more is given up.
    """
    match outcome:
        case Rejected(in_doubt=True, form=form):
            is_settled = refusals.given_up or refusals.waited < _GONE_AFTER
            return refusals.are_of_no_text and is_settled and (plain_tried or not form)
        case ChatGone(scope="chat", in_doubt=in_doubt):
            return refusals.are_the_platforms if in_doubt else refusals.are_too_many
        case _:
            return False


def _on_gone(outcome: ChatGone, refusals: Refusals, now: datetime) -> RetryDecision:
    if outcome.in_doubt and not refusals.show_gone:
        again = now + (_A_DAY if refusals.own else _AN_HOUR)
        return RetryDecision(state=MessageState.WAITING, not_before=again, attempts=refusals.own + 1)
    topic = outcome.scope == "topic"
    return RetryDecision(state=MessageState.READY, pause_topic=topic, pause_chat=not topic, attempts=0)


def decide_not_found(failures: int, now: datetime) -> RetryDecision:
    """Decide what follows if the platform was asked for an unclear message and does not have it.

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
