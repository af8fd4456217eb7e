"""What a poll of a source means: new, quiet, stale, late or failed, and whether operators hear of it. Pure.

A *poll* asks each *part* of a source (a category of arXiv, or the whole). What a part says is its *answer*; what
follows from all answers is the *receipt*. Missed days are read oldest first. The store keeps the day until which a
source was read, and how often the next one was tried.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from subscriptions.model import SourceTrouble
from subscriptions.schedule import calendar as source_calendar
from subscriptions.schedule.calendar import DAY

LATE_AFTER = timedelta(hours=6)  # papers that have not come this long after their due moment are late
OVERDUE_AFTER = timedelta(minutes=10)  # if a poll has been due for longer, no process ran when it became due
MOST_NAMED = 5  # parts that a receipt names
BEHIND = frozenset({SourceTrouble.FAILED, SourceTrouble.LATE, SourceTrouble.NOT_POLLED})
DAYS_BACK = timedelta(days=14)  # older missed days are given up
MOST_TRIES = 8  # tries to read the oldest day; they take about four hours, with the waits after failures


class Outcome(StrEnum):
    """The result of a poll. Nothing more is expected of a source that is new or quiet."""

    NEW = "new"  # papers came, or what was due
    QUIET = "quiet"  # nothing came, and nothing is missing: a weekend, a holiday, what was due came before
    STALE = "stale"  # what is due has not come yet
    LATE = "late"  # what is due has not come for hours
    FAILED = "failed"  # it could not be read


_WORST_FIRST = (Outcome.FAILED, Outcome.LATE, Outcome.STALE, Outcome.NEW, Outcome.QUIET)
SETTLING = frozenset({Outcome.NEW, Outcome.QUIET})  # after these outcomes no subscription waits for the source


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The result of one poll of a source."""

    source: str
    at: datetime  # aware UTC
    outcome: Outcome
    # keys: digests, papers, new, updated, unchanged, archived, failed_summaries
    counts: Mapping[str, int] = field(default_factory=dict)
    detail: str = ""  # one plain English line without secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one part of a source answered in a poll: one document, or all its documents together."""

    day: date | None = None  # the date in the document
    papers: int = 0
    fresh: int = 0  # papers that are new or have new values; 0 in an archive
    filed: int = 0  # papers that were stored as an archive, without an announcement
    news: int = 0  # papers that the source had not brought before something was due; 0 in an archive
    changed: bool = False  # the document differs from the last one, and is not an archive
    batch: bool = False  # its day is the date of a batch of arXiv, see source_calendar
    absent: bool = False  # the document does not exist yet
    problem: str = ""  # why the document cannot be read


def joined(answers: Sequence[Answer]) -> Answer:
    """Return one answer for all documents of a part."""
    amounts = {name: sum(getattr(one, name) for one in answers) for name in ("papers", "fresh", "filed", "news")}
    return Answer(
        day=max((one.day for one in answers if one.day), default=None),
        changed=any(one.changed for one in answers),
        batch=any(one.batch for one in answers),
        absent=bool(answers) and all(one.absent for one in answers),
        problem=next((one.problem for one in answers if one.problem), ""),
        **amounts,
    )


def outcome_of(
    answer: Answer,
    due: source_calendar.Overdue | None,
    now: datetime,
    *,
    had: bool = False,
    others: bool = False,
    resting: bool = False,
) -> tuple[Outcome, str]:
    """Return (what the answer of a part means, why). `due` is what should have come by `now`; None: nothing.

    - `had`: what is due came in an earlier poll.
    - `others`: what is due came in another part, or from another source of the same publisher.
    - `resting`: nothing is due today, but something is due on other days.
    """
    if answer.problem:
        return Outcome.FAILED, answer.problem
    if due is None or had:
        return _nothing_due(answer, resting=resting and not had)
    if _has_come(answer, due):
        return (Outcome.NEW if answer.papers else Outcome.QUIET), ""
    return _not_come(answer, due, now, others=others)


def _nothing_due(answer: Answer, *, resting: bool) -> tuple[Outcome, str]:
    if answer.fresh:
        return Outcome.NEW, ""
    if resting:
        return Outcome.QUIET, "Nothing is announced today."
    return Outcome.QUIET, "" if answer.filed else _same(answer)


def _has_come(answer: Answer, due: source_calendar.Overdue) -> bool:
    """Return whether the due papers have come.

    The day of a document is not enough: arXiv may write today's date on papers of yesterday. So at least one of the
    papers must be news. A document of an earlier day does not count, since its papers came late.
    """
    if due.batch is None:
        return bool(answer.news) or (answer.changed and not answer.papers)
    if answer.day is None:
        return bool(answer.news) and not answer.batch
    # A third party that makes a list of a batch may date it with the evening before.
    first = due.batch if answer.batch else due.batch - DAY
    return bool(answer.news) and answer.day >= first


def _not_come(answer: Answer, due: source_calendar.Overdue, now: datetime, *, others: bool) -> tuple[Outcome, str]:
    is_of_day = bool(answer.batch and answer.day and due.batch and answer.day >= due.batch)
    what = _same(answer)
    if is_of_day and answer.papers:
        what = f"Dated {answer.day}, but it brings only papers of before."
    elif is_of_day:
        what = "There is no paper in it."
    if now - due.at < LATE_AFTER:
        return Outcome.STALE, what
    if is_of_day and not answer.papers and others:
        return Outcome.QUIET, "Nothing was announced in it today."
    return Outcome.LATE, f"Due since {due.at:%Y-%m-%d %H:%M} UTC. {what}"


def _same(answer: Answer) -> str:
    if answer.absent:
        return "There is nothing of today yet."
    if not (answer.papers or answer.day):
        return "It says that there is nothing." if answer.changed else "The same as before."
    return f"Still that of {answer.day}." if answer.day else "The same as before."


def worst_of(parts: Mapping[str, tuple[Outcome, str]]) -> tuple[Outcome, str]:
    """Return (the worst outcome of a source's parts, why). Parts with the same reason are named together."""
    worst = min((outcome for outcome, _ in parts.values()), key=_WORST_FIRST.index, default=Outcome.QUIET)
    named: dict[str, list[str]] = {}
    for part, (outcome, why) in parts.items():
        if outcome is worst and why:
            named.setdefault(why, []).append(part)
    return worst, " ".join(f"{_names(names)}{why}" for why, names in named.items())


def _names(parts: Sequence[str]) -> str:
    more = f" and {len(parts) - MOST_NAMED} more" if len(parts) > MOST_NAMED else ""
    shown = ", ".join(filter(None, parts[:MOST_NAMED]))
    return f"{shown}{more}: " if shown else ""


def trouble_after(before: SourceTrouble | None, receipt: Receipt) -> SourceTrouble | None:
    """Return the trouble of a source after a receipt; None if there is none. `before`: the trouble before it."""
    match receipt.outcome:
        case Outcome.FAILED:
            return SourceTrouble.FAILED
        case Outcome.LATE:
            return SourceTrouble.LATE
        case Outcome.STALE | Outcome.QUIET:
            # nothing new is due at a weekend, but a document that was late has still not come
            return before if before is SourceTrouble.LATE else None
    return None


def is_passed_over(next_at: datetime | None, now: datetime) -> bool:
    """Return whether no process polled a source when that was due."""
    return next_at is not None and now - next_at > OVERDUE_AFTER


class End(StrEnum):
    """What became of a missed day, in the words of a receipt."""

    FETCHED = "Fetched afterwards: {days}"
    ABSENT = "There is nothing of {days}"  # it has no document
    GONE = "Missed: {days}; it shows only its newest"  # it cannot be fetched
    LOST = "Given up: {days}"  # too long ago, or too many failed tries


LOSSES = (End.LOST, End.GONE)  # of these days operators are notified


@dataclass(slots=True, kw_only=True)
class MissedDays:
    """The missed days of a source in one poll."""

    read_until: date | None = None  # each day up to this one that was due was read, or given up
    tries: int = 0  # failed tries to read the oldest day
    left: list[date] = field(default_factory=list)  # still to be read, oldest first
    ended: dict[date, End] = field(default_factory=dict)
    why: str = ""  # why the last try failed

    def begin(self, due: Collection[date], current: Collection[date], today: date) -> None:
        """Note the days that are due. Regular requests ask for the `current` ones.

        Those that are too old are given up.
        """
        if due:  # so that a first day on which nothing comes is missed on the next one
            self.read_until = min(due) - DAY
        self.left = sorted(set(due) - set(current))
        for day in [one for one in self.left if one < today - DAYS_BACK]:
            self.settle(day, End.LOST)

    def settle(self, day: date, end: End) -> None:
        """Note what became of a day."""
        self.left.remove(day)
        self.ended[day] = end
        if not self.left or day < self.left[0]:
            self.read_until, self.tries = day, 0

    def fail(self, day: date, why: str, *, answered: bool) -> None:
        """Note that a day could not be read.

        The oldest one is given up after MOST_TRIES tries, the last of them `answered`.
        """
        self.why = why
        if day not in self.left:  # it was settled in a transaction that failed
            del self.ended[day]
            self.left = sorted((*self.left, day))
            self.read_until = min(self.read_until or day, day - DAY)
        if day == self.left[0]:
            self.tries = min(self.tries + 1, MOST_TRIES if answered else MOST_TRIES - 1)
            if self.tries == MOST_TRIES:
                self.settle(day, End.LOST)

    def of(self, *ends: End) -> tuple[date, ...]:
        """Return the days that ended in one of these ways."""
        return tuple(day for day, end in self.ended.items() if end in ends)

    def sentences(self, *, partly: bool) -> Iterator[str]:
        """Yield the sentences of a receipt about missed days. `partly`: fetched days are incomplete."""
        for end in End:
            if days := self.of(end):
                lacks = "; cross-lists of older papers and new versions are not in it"
                yield f"{end.format(days=ranges(days))}{lacks if partly and end is End.FETCHED else ''}."
        if self.why and self.left:
            yield f"Not fetched yet: {ranges(self.left)} ({self.why.rstrip('.')})."


def ranges(days: Collection[date]) -> str:
    """Return the days as text, with consecutive days joined: "2026-01-19 to 2026-01-21, 2026-01-23"."""
    return ", ".join(
        f"{first} to {last}" if last - first > DAY else ", ".join(map(str, dict.fromkeys((first, last))))
        for first, last in runs(days)
    )


def runs(days: Collection[date]) -> tuple[tuple[date, date], ...]:
    """Return the runs of consecutive days, each as (first, last), in order."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == DAY:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return tuple(found)
