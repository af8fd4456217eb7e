"""Decides what a poll of a source means, which digests are news, and what counts as sent after a lost database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from shlex import quote

from subscriptions import model, states
from subscriptions.planning import cadence as cadences
from subscriptions.planning import source_calendar
from subscriptions.states import SourceTrouble
from subscriptions.zones import zone

_NAMED = 5  # most units that the detail of a verdict names


class Outcome(StrEnum):
    """The result of a poll."""

    NEW = "new"  # papers came
    QUIET = "quiet"  # nothing came, and nothing was due: a weekend, a holiday, a list that says it is empty
    STALE = "stale"  # the documents are the same as before
    LATE = "late"  # the documents are the same as before, hours after something was due
    FAILED = "failed"  # it could not be read


_WORST_FIRST = (Outcome.FAILED, Outcome.LATE, Outcome.STALE, Outcome.NEW, Outcome.QUIET)
SETTLING = frozenset({Outcome.NEW, Outcome.QUIET})  # after these outcomes no subscription waits for the source


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The result of one poll of a source."""

    source: str
    at: datetime  # aware UTC
    outcome: Outcome
    # keys: digests, papers, new, updated, unchanged, failed_summaries
    counts: Mapping[str, int] = field(default_factory=dict)
    detail: str = ""  # one plain English line without secrets
    id: int | None = None  # None: not stored yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a poll of one unit of a source found: in one document, or in all documents of the unit."""

    day: date | None = None  # the date in the document
    papers: int = 0  # papers in the document
    fresh: int = 0  # papers in it that are new or have new values; 0 in an archive
    filed: int = 0  # papers in it that were stored as an archive, without an announcement
    changed: bool = False  # the document differs from the last one, and is not an archive
    batch: bool = False  # its day is the date of a batch of arXiv, see source_calendar
    absent: bool = False  # the document does not exist yet
    problem: str = ""  # why the document cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class PollVerdict:
    """What a poll means: its outcome, and whether to keep polling for papers that are due."""

    outcome: Outcome
    is_final: bool  # what was due has come, or nothing was due
    detail: str = ""


def joined(observations: Sequence[Observation]) -> Observation:
    """Returns one observation for all documents of a unit."""
    return Observation(
        day=max((observation.day for observation in observations if observation.day), default=None),
        papers=sum(observation.papers for observation in observations),
        fresh=sum(observation.fresh for observation in observations),
        filed=sum(observation.filed for observation in observations),
        changed=any(observation.changed for observation in observations),
        batch=any(observation.batch for observation in observations),
        absent=bool(observations) and all(observation.absent for observation in observations),
        problem=next((observation.problem for observation in observations if observation.problem), ""),
    )


def poll_verdict(
    observation: Observation,
    due: source_calendar.Overdue | None,
    now: datetime,
    *,
    had: bool = False,
    others: bool = False,
    resting: bool = False,
    awaited: bool = True,
) -> PollVerdict:
    """Returns what an observation of a unit means. `due` is what should have come by `now`; None: nothing.

    - `had`: what is due came in an earlier poll.
    - `others`: what is due came in another unit of the same publisher.
    - `resting`: nothing is due today, but something is due on other days.
    - `awaited`: it is known when the source is due. If not, new papers of any day are enough.
    """
    if observation.problem:
        return PollVerdict(outcome=Outcome.FAILED, is_final=False, detail=observation.problem)
    if due is None or had or (observation.fresh and not awaited):
        return _nothing_due(observation, had=had, resting=resting)
    if _has_come(observation, due):
        return PollVerdict(outcome=Outcome.NEW if observation.papers else Outcome.QUIET, is_final=True)
    return _not_come(observation, due, now, others=others)


def _nothing_due(observation: Observation, *, had: bool, resting: bool) -> PollVerdict:
    if observation.fresh:
        return PollVerdict(outcome=Outcome.NEW, is_final=True)
    if resting and not had:
        return PollVerdict(outcome=Outcome.QUIET, is_final=True, detail="Nothing is announced today.")
    if observation.filed:
        return PollVerdict(outcome=Outcome.QUIET, is_final=True)
    if not (observation.papers or observation.absent or had):
        return PollVerdict(outcome=Outcome.QUIET, is_final=True, detail="It says that there is nothing.")
    return PollVerdict(outcome=Outcome.STALE, is_final=True, detail=_same(observation))


def _has_come(observation: Observation, due: source_calendar.Overdue) -> bool:
    """Returns whether the due papers have come.

    A document of an earlier day does not count, since its papers came late.
    """
    if observation.batch:
        return bool(due.batch and observation.day and observation.day >= due.batch and observation.papers)
    if due.batch is None:
        return observation.changed
    # A third party that makes a list of a batch may date it with the evening before.
    return bool(
        observation.changed
        and observation.papers
        and (observation.day is None or observation.day >= due.batch - source_calendar.DAY)
    )


def _not_come(observation: Observation, due: source_calendar.Overdue, now: datetime, *, others: bool) -> PollVerdict:
    empty = bool(
        observation.batch and not observation.papers and observation.day and due.batch and observation.day >= due.batch
    )
    what = "There is no paper in it." if empty else _same(observation)
    if now - due.at < source_calendar.LATE_AFTER:
        return PollVerdict(outcome=Outcome.STALE, is_final=False, detail=what)
    if empty and others:
        return PollVerdict(outcome=Outcome.QUIET, is_final=True, detail="Nothing was announced in it today.")
    return PollVerdict(outcome=Outcome.LATE, is_final=False, detail=f"Due since {due.at:%Y-%m-%d %H:%M} UTC. {what}")


def _same(observation: Observation) -> str:
    if observation.absent:
        return "There is nothing of today yet."
    return f"Still that of {observation.day}." if observation.day else "The same as before."


def verdict_of_all(verdicts: Mapping[str, PollVerdict]) -> PollVerdict:
    """Returns the verdict on a source: the worst of its units. `verdicts` is unit → verdict ("" for an only unit)."""
    if not verdicts:
        return PollVerdict(outcome=Outcome.QUIET, is_final=True)
    worst = min((verdict.outcome for verdict in verdicts.values()), key=_WORST_FIRST.index)
    named = [(unit, verdict) for unit, verdict in verdicts.items() if verdict.outcome is worst and verdict.detail]
    return PollVerdict(
        outcome=worst,
        is_final=all(verdict.is_final for verdict in verdicts.values()),
        detail=_details(named),
    )


def _details(named: Iterable[tuple[str, PollVerdict]]) -> str:
    """Returns the details of units as one text. Units with the same detail are named together."""
    units: dict[str, list[str]] = {}
    for unit, verdict in named:
        units.setdefault(verdict.detail, []).append(unit)
    parts = []
    for detail, names in units.items():
        shown = [name for name in names[:_NAMED] if name]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        parts.append(f"{', '.join(shown)}{more}: {detail}" if shown else detail)
    return " ".join(parts)


# ------------------------------------------------------------------------- whether a source is late, failing or behind

OVERDUE_AFTER = timedelta(minutes=10)  # if a poll has been due for longer, no process ran when it became due
MIN_SUMMARIES = 4  # with fewer papers the share of failed summaries is ignored
BEHIND = frozenset({SourceTrouble.FAILED, SourceTrouble.LATE, SourceTrouble.NOT_POLLED})


def trouble_after(before: SourceTrouble | None, receipt: Receipt) -> SourceTrouble | None:
    """Returns the trouble of a source after a receipt; None if there is none. `before`: the trouble before it."""
    match receipt.outcome:
        case Outcome.FAILED:
            return SourceTrouble.FAILED
        case Outcome.LATE:
            return SourceTrouble.LATE
        case Outcome.STALE | Outcome.QUIET if before is SourceTrouble.LATE:
            return before  # nothing new is due, but the document that was late has still not come
        case Outcome.STALE:
            return None
    failed = receipt.counts.get("failed_summaries", 0)
    most = failed * 2 > receipt.counts.get("papers", 0) >= MIN_SUMMARIES
    return SourceTrouble.SUMMARIES if most else None


def is_passed_over(next_at: datetime | None, now: datetime) -> bool:
    """Returns whether no process polled a source when that was due. When a poll begins, it moves its due moment."""
    return next_at is not None and now - next_at > OVERDUE_AFTER


# --------------------------------------------------------------------------------- which digests are news by their day


NEWS_FOR = timedelta(days=7)  # a digest that comes longer after its day is an archive
_AHEAD = timedelta(days=2)  # no zone is that far ahead of another, so a later day is an error


def is_archive(day: date, came: date) -> bool:
    """Returns whether a digest of `day` is an archive if it comes on `came`. Both are days in the operator's zone."""
    return came - day > NEWS_FOR


def lies_ahead(day: date, came: date) -> bool:
    """Returns whether `day` had not begun in any zone when a digest came on `came`. Then the date must be wrong."""
    return day - came > _AHEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """Counts the papers of archives, which are stored but not announced, and those of them that were announced later."""

    papers: int = 0
    days: tuple[date, ...] = ()  # the days of their digests
    announced: int = 0

    def with_papers(self, papers: int, day: date | None, *, announced: int) -> "Filed":
        """Returns the sum of these counts and those of one more digest."""
        days = (*self.days, day) if papers and day else self.days
        return Filed(papers=self.papers + papers, days=days, announced=self.announced + announced)

    def as_sentence(self, source: str) -> str:
        """Returns the sentences about these papers for a source's receipt; "" if there are none."""
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


# --------------------------------------------------- what counts as sent after a database was lost and a copy restored

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
    return came if came <= loss.lost_at else None


def counted_until(subscription: model.Subscription, chat: model.Chat, loss: Loss) -> datetime | None:
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
    return min(lost_at, cadences.closes(cadence, local, last)) if cadence.kind == "when-out" else last
