"""Decides what counts as sent after a database was lost and a copy restored (rule 13)."""

from dataclasses import dataclass
from datetime import date, datetime

from subscriptions import states
from subscriptions.model import Chat, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.zones import zone

# Pure; moments are in UTC. After a restore the bot reads digests again that came between the copy and the loss. The
# copy does not know them, but the chats got their papers. So this module estimates when each unknown digest came, and
# until when each subscription had delivered. If a digest's moment is unknown, the earliest possible moment counts: a
# person can still announce a paper that was not sent (`--announce`), but cannot take back one that was sent twice.


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A database that was lost, and the copy that took its place."""

    lost_at: datetime  # the lost database was in use until this moment
    copied_at: datetime  # the last moment that the copy knows
    restored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What is known about the moment at which a digest came."""

    day: date | None = None  # the day that it is dated with; None: it has no date
    written_at: datetime | None = None  # when its file was last written; None: it was not read from a file
    looked_at: datetime | None = None  # when its source was last read before this time; None: never, or unknown
    completes: bool = False  # it only adds facts to papers that are known
    requested: bool = False  # a person asked to announce its papers, no matter what was sent before


UNKNOWN = Arrival()


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The day of a digest: when its papers were expected at the earliest, and when it was over."""

    opens: datetime
    ends: datetime


def came_before(loss: Loss, arrival: Arrival, day: Day | None, now: datetime) -> datetime | None:
    """Estimates when a digest came that the copy does not know; None if it came after the loss.

    `day` is the day of the digest; None if it has no date. The rules, in order:

    1. If the source was read after the loss and did not have the digest yet, the digest came after the loss.
    2. A file that was last written before the loss came when it was written.
    3. A file that was last written after the loss came after the loss. But if its day ended before the loss, it was only
       written again, and rule 4 applies.
    4. Otherwise the digest came when its day opened, or, without a date, at the moment of the copy.

    The result is never before the moment of the copy, since the copy has all digests that came until then.
    """
    if arrival.looked_at is not None and arrival.looked_at > loss.lost_at:
        return None
    written = arrival.written_at
    # A file that seems to be written later than `now` tells nothing, since `--now` may have set another clock.
    is_clear = written is not None and (written <= now or written > loss.restored_at)
    if written is not None and is_clear and written <= loss.lost_at:
        came = written
    elif day is None:
        came = now if is_clear else loss.copied_at
    elif is_clear and day.ends > loss.lost_at:
        came = now
    else:
        came = day.opens
    came = max(came, loss.copied_at)
    if came <= loss.lost_at:
        return came
    return None


def counted_until(subscription: Subscription, chat: Chat, loss: Loss) -> datetime | None:
    """Returns until when papers count as sent for a subscription of the copy; None if it was not due before the loss.

    Papers that came while a when-out window was open count as sent, since they may have been sent at once.
    """
    cadence, last, lost_at = subscription.cadence, subscription.next_due_at, loss.lost_at
    if chat.state is not states.ChatState.ACTIVE or subscription.state is not states.SubscriptionState.ACTIVE:
        return None
    if last is not None and last > lost_at:
        return None
    if cadence.kind == "now":
        quiet_hours = cadences.quiet_span(chat.settings.quiet, zone(chat.settings.timezone), lost_at)
        return quiet_hours[0] if quiet_hours else lost_at
    if last is None:
        return None
    local = zone(subscription.zone or chat.settings.timezone)
    while (following := cadences.next_due(cadence, local, last)) is not None and following <= lost_at:
        last = following
    if cadence.kind == "when-out":
        return min(lost_at, cadences.closes(cadence, local, last))
    return last
