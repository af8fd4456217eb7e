"""Which digests are news by their day, and what receipts say of the others. Pure (docs/architecture.md, rule 12)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from shlex import quote

from subscriptions.model import Chat, Subscription
from subscriptions.planning.cadence import closes, next_due, quiet_span
from subscriptions.states import ChatState, SubscriptionState
from subscriptions.zones import zone

NEWS_FOR = timedelta(days=7)  # a digest that is older than this when it comes is an archive
_AHEAD = timedelta(days=2)  # no clock and no zone is further ahead


def is_archive(day: date, came: date) -> bool:
    """Whether a digest of a day is an archive when it comes on another. Both are days of the operator's zone."""
    return came - day > NEWS_FOR


def lies_ahead(day: date, came: date) -> bool:
    """Whether a day had begun nowhere when the digest came: then the date is wrong."""
    return day - came > _AHEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """Counts of papers of archives, which are not announced, and of those that were announced later."""

    papers: int = 0
    days: tuple[date, ...] = ()  # of their digests
    announced: int = 0

    def with_papers(self, papers: int, day: date | None, *, announced: int) -> "Filed":
        """The counts with those of one more digest."""
        days = (*self.days, day) if papers and day else self.days
        return Filed(papers=self.papers + papers, days=days, announced=self.announced + announced)

    def as_sentence(self, source: str) -> str:
        """The words about these papers in a source's receipt; "" if there are none."""
        announced = f"Announced after they had been filed: {_papers(self.announced)}." if self.announced else ""
        if not self.days:
            return announced
        first, last = min(self.days), max(self.days)
        days = f"{first} to {last}" if first < last else str(first)
        return (
            f"Older than {NEWS_FOR.days} days, so filed and not announced: {_papers(self.papers)} of {days}. "
            f"To announce them: paperwire sources poll {quote(source)} --announce. {announced}"
        ).rstrip()


def _papers(number: int) -> str:
    return "1 paper" if number == 1 else f"{number:,} papers"


# ---------------------------------------------------------------------------------------------------------------------
# What counts as sent after a database was lost and a copy restored. Pure; moments are aware UTC.
#
# Digests that came between the copy and the loss are read again. The store does not know them, but the chats have got
# their papers. So for each digest that is new after a restore this module finds when it came, and for each subscription
# until when it had delivered. If that is unknown, the earliest moment counts: a person can announce a paper that was not
# sent (`--announce`), but no one can take back a paper that was sent twice.


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A database that was lost, and the copy that took its place."""

    lost_at: datetime  # until then the lost database was in use
    copied_at: datetime  # the last moment that the copy knows
    restored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What is known about the moment at which a digest came."""

    day: date | None = None  # its own day; None: it names none
    written_at: datetime | None = None  # when its file was written last; None: it is no file
    looked_at: datetime | None = None  # when the place that shows it was read before; None: never, or it is not known
    completes: bool = False  # it only completes papers that are known
    requested: bool = False  # a person asked to announce its papers, no matter what was sent before


UNKNOWN = Arrival()


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The day of a digest: when its papers were expected at the earliest, and when it was over."""

    opens: datetime
    ends: datetime


def came_before(loss: Loss, arrival: Arrival, day: Day | None, now: datetime) -> datetime | None:
    """When a digest that the copy does not know came, if that was before the loss; None: it came after the loss.

    `day` is its own day, None if it names none. A digest that a place shows only at the second look came after the
    first look. A file came when it was written; but if its day was before the loss and it was written after the loss,
    it was written again. Without a file it came when its day began or its schedule expected it.
    """
    if arrival.looked_at is not None and arrival.looked_at > loss.lost_at:
        return None
    written = arrival.written_at
    is_clear = written is not None and (written <= now or written > loss.restored_at)  # else --now is another clock
    if written is not None and is_clear and written <= loss.lost_at:
        came = written
    elif day is None:
        came = now if is_clear else loss.copied_at
    elif is_clear and day.ends > loss.lost_at:
        came = now
    else:
        came = day.opens
    came = max(came, loss.copied_at)
    return came if came <= loss.lost_at else None


def counted_until(subscription: Subscription, chat: Chat, loss: Loss) -> datetime | None:
    """The moment until which papers count as sent for a subscription of the copy; None: none were due before the loss.

    Papers that came in an open when-out window count as sent, since its delivery may have been sent.
    """
    cadence, last, lost_at = subscription.cadence, subscription.next_due_at, loss.lost_at
    if chat.state is not ChatState.ACTIVE or subscription.state is not SubscriptionState.ACTIVE:
        return None
    if last is not None and last > lost_at:
        return None
    if cadence.kind == "now":
        quiet_hours = quiet_span(chat.settings.quiet, zone(chat.settings.timezone), lost_at)
        return quiet_hours[0] if quiet_hours else lost_at
    if last is None:
        return None
    local = zone(subscription.zone or chat.settings.timezone)
    while (following := next_due(cadence, local, last)) is not None and following <= lost_at:
        last = following
    return min(lost_at, closes(cadence, local, last)) if cadence.kind == "when-out" else last
