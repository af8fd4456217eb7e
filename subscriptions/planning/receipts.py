"""What one look at a source brought, judged by what was due. Pure.

A source consists of units: each category of arXiv is one, any other source is one as a whole. A unit is judged by
itself, so that one that is behind neither holds up nor hides the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from subscriptions.planning.source_calendar import DAY, LATE_AFTER, Due

_NAMED = 5  # units that a detail names


class Outcome(StrEnum):
    """What became of a poll."""

    NEW = "new"  # papers came
    QUIET = "quiet"  # nothing came, and nothing was expected: a weekend, a holiday, a list that says it is empty
    STALE = "stale"  # the same as before
    LATE = "late"  # the same as before, hours after something was due
    FAILED = "failed"  # it could not be read


_WORST_FIRST = (Outcome.FAILED, Outcome.LATE, Outcome.STALE, Outcome.NEW, Outcome.QUIET)
SETTLING = frozenset({Outcome.NEW, Outcome.QUIET})  # outcomes after which nobody waits for the source any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What happened at a source at one poll."""

    source: str
    at: datetime  # aware UTC
    outcome: Outcome
    counts: Mapping[str, int] = field(
        default_factory=dict
    )  # digests, papers, new, updated, unchanged, failed_summaries
    detail: str = ""  # one plain English line without secrets
    id: int | None = None  # None: not stored yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was seen of one unit: in one document, or in all documents that make it up."""

    day: date | None = None  # that the document bears
    papers: int = 0  # that stand in it
    fresh: int = 0  # of them new, or with something that was not known; none in an archive, which is no news
    filed: int = 0  # of them filed as papers of an archive
    changed: bool = False  # it is not the document of last time, and no archive
    batch: bool = False  # its day says which batch of arXiv it is
    absent: bool = False  # there is no such document yet
    problem: str = ""  # why it cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class PollVerdict:
    """What a look means."""

    outcome: Outcome
    is_final: bool  # what was due has come, or nothing is due
    detail: str = ""


def joined(looks: Sequence[Observation]) -> Observation:
    """All documents of a unit as one look at it."""
    return Observation(
        day=max((look.day for look in looks if look.day), default=None),
        papers=sum(look.papers for look in looks),
        fresh=sum(look.fresh for look in looks),
        filed=sum(look.filed for look in looks),
        changed=any(look.changed for look in looks),
        batch=any(look.batch for look in looks),
        absent=bool(looks) and all(look.absent for look in looks),
        problem=next((look.problem for look in looks if look.problem), ""),
    )


def poll_verdict(
    look: Observation,
    due: Due | None,
    now: datetime,
    *,
    had: bool = False,
    others: bool = False,
    resting: bool = False,
    awaited: bool = True,
) -> PollVerdict:
    """What a look at a unit means, `due` being what should be in it at `now`.

    `had`: that came in an earlier look. `others`: it came in another unit of the same publisher. `resting`: nothing is
    due today, though on other days something is. Not `awaited`: papers of any day are news.
    """
    if look.problem:
        return PollVerdict(outcome=Outcome.FAILED, is_final=False, detail=look.problem)
    if due is None or had or (look.fresh and not awaited):
        return _nothing_due(look, had=had, resting=resting)
    if _has_come(look, due):
        return PollVerdict(outcome=Outcome.NEW if look.papers else Outcome.QUIET, is_final=True)
    return _not_come(look, due, now, others=others)


def _nothing_due(look: Observation, *, had: bool, resting: bool) -> PollVerdict:
    if look.fresh:
        return PollVerdict(outcome=Outcome.NEW, is_final=True)
    if resting and not had:
        return PollVerdict(outcome=Outcome.QUIET, is_final=True, detail="Nothing is announced today.")
    if look.filed:
        return PollVerdict(outcome=Outcome.QUIET, is_final=True)
    if not (look.papers or look.absent or had):
        return PollVerdict(outcome=Outcome.QUIET, is_final=True, detail="It says that there is nothing.")
    return PollVerdict(outcome=Outcome.STALE, is_final=True, detail=_same(look))


def _has_come(look: Observation, due: Due) -> bool:
    """Whether what was due is there. A document of an earlier day holds stragglers, which do not close the day."""
    if look.batch:
        return bool(due.batch and look.day and look.day >= due.batch and look.papers)
    if due.batch is None:
        return look.changed
    # A list that somebody makes of a batch may bear the date of the evening of its announcement.
    return bool(look.changed and look.papers and (look.day is None or look.day >= due.batch - DAY))


def _not_come(look: Observation, due: Due, now: datetime, *, others: bool) -> PollVerdict:
    empty = bool(look.batch and not look.papers and look.day and due.batch and look.day >= due.batch)
    what = "There is no paper in it." if empty else _same(look)
    if now - due.at < LATE_AFTER:
        return PollVerdict(outcome=Outcome.STALE, is_final=False, detail=what)
    if empty and others:
        return PollVerdict(outcome=Outcome.QUIET, is_final=True, detail="Nothing was announced in it today.")
    return PollVerdict(outcome=Outcome.LATE, is_final=False, detail=f"Due since {due.at:%Y-%m-%d %H:%M} UTC. {what}")


def _same(look: Observation) -> str:
    if look.absent:
        return "There is nothing of today yet."
    return f"Still that of {look.day}." if look.day else "The same as before."


def verdict_of_all(judgements: Mapping[str, PollVerdict]) -> PollVerdict:
    """What the judgements on a source's units mean for the source, by name of the unit ("" for the source as a whole)."""
    if not judgements:
        return PollVerdict(outcome=Outcome.QUIET, is_final=True)
    worst = min((judgement.outcome for judgement in judgements.values()), key=_WORST_FIRST.index)
    named = [
        (unit, judgement) for unit, judgement in judgements.items() if judgement.outcome is worst and judgement.detail
    ]
    return PollVerdict(
        outcome=worst,
        is_final=all(judgement.is_final for judgement in judgements.values()),
        detail=_told(named),
    )


def _told(named: Iterable[tuple[str, PollVerdict]]) -> str:
    """The details of units, those that say the same together."""
    units: dict[str, list[str]] = {}
    for unit, judgement in named:
        units.setdefault(judgement.detail, []).append(unit)
    parts = []
    for detail, names in units.items():
        shown = [name for name in names[:_NAMED] if name]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        parts.append(f"{', '.join(shown)}{more}: {detail}" if shown else detail)
    return " ".join(parts)
