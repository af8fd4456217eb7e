"""Decides what a poll of a source means: new, quiet, stale, late or failed; whether due papers have come, or polls go on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from subscriptions.planning import source_calendar

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
    news: int = 0  # papers in it that the source had not brought before something was due; 0 in an archive
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
        news=sum(observation.news for observation in observations),
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

    The day of a document is not enough: arXiv may write today's date on papers of yesterday. So at least one of the papers
    must be news. A document of an earlier day does not count, since its papers came late.
    """
    if due.batch is None:
        return bool(observation.news) or (observation.changed and not observation.papers)
    if observation.day is None:
        return bool(observation.news) and not observation.batch
    # A third party that makes a list of a batch may date it with the evening before.
    first = due.batch if observation.batch else due.batch - source_calendar.DAY
    return bool(observation.news) and observation.day >= first


def _not_come(observation: Observation, due: source_calendar.Overdue, now: datetime, *, others: bool) -> PollVerdict:
    is_of_day = bool(observation.batch and observation.day and due.batch and observation.day >= due.batch)
    empty = is_of_day and not observation.papers
    what = _same(observation)
    if is_of_day:
        what = (
            f"Dated {observation.day}, but it brings only papers of before."
            if not empty
            else "There is no paper in it."
        )
    if now - due.at < source_calendar.LATE_AFTER:
        return PollVerdict(outcome=Outcome.STALE, is_final=False, detail=what)
    if empty and others:
        return PollVerdict(outcome=Outcome.QUIET, is_final=True, detail="Nothing was announced in it today.")
    return PollVerdict(outcome=Outcome.LATE, is_final=False, detail=f"Due since {due.at:%Y-%m-%d %H:%M} UTC. {what}")


def _same(observation: Observation) -> str:
    if observation.absent:
        return "There is nothing of today yet."
    if observation.day:
        return f"Still that of {observation.day}."
    return "The same as before."


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
