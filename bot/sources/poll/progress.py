"""The state of a poll: what it has seen so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from bot.settings import SourceSettings
from bot.sources.http.fetch_request import FetchRequest, requests_of
from bot.sources.missed_days import MissedDays
from bot.sources.poll_context import PollContext
from bot.sources.receipts import ZERO_COUNTS, counts_of, filed_with, remarks_of
from subscriptions.model import Digest
from subscriptions.planning.losses import Filed
from subscriptions.planning.receipts import Observation
from subscriptions.planning.source_calendar import Schedule
from subscriptions.store import DocumentSeen, Ingested, KnownSource


@dataclass(frozen=True, slots=True, kw_only=True)
class PollProgress:
    """The part of a poll's state from which receipt and source state are written with each document."""

    observations: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)  # by unit
    counts: Mapping[str, int] = field(default_factory=lambda: ZERO_COUNTS)
    seen: Mapping[str, DocumentSeen] = field(default_factory=dict)  # by address_key
    split: tuple[str, ...] = ()  # archives of arXiv that are requested by category
    missed_days: MissedDays = field(default_factory=MissedDays)
    filed: Filed = field(default_factory=Filed)
    remarks: tuple[str, ...] = ()  # sentences about parts of documents that could not be read
    receipt: int | None = None  # the number of the receipt in the store; None: not written yet

    def with_observation(self, unit: str, observation: Observation) -> "PollProgress":
        """Returns the progress with one more observation of a unit."""
        observations = (*self.observations.get(unit, ()), observation)
        return replace(self, observations={**self.observations, unit: observations})

    def with_digest(self, digest: Digest, done: Ingested) -> "PollProgress":
        """Returns the progress with one more digest that was stored."""
        more = counts_of(digest, done)
        counts = {name: number + more[name] for name, number in self.counts.items()}
        filed = filed_with(self.filed, digest, done)
        return replace(self, counts=counts, filed=filed, remarks=(*self.remarks, *remarks_of(digest, done)))


@dataclass(slots=True, kw_only=True)
class PollRun:
    """One poll: its source, and everything that it has seen so far.

    A source has one unit, or several: the categories of arXiv, each with its own address.
    """

    context: PollContext
    source: SourceSettings
    known: KnownSource  # the source's state before the poll
    schedule: Schedule
    now: datetime
    current_days: tuple[date, ...]  # the days of the regular requests
    progress: PollProgress
    units: dict[str, None] = field(default_factory=dict)  # the units of the source, in order
    broken_days: set[date] = field(default_factory=set)  # days of dated addresses whose documents cannot be read
    closed_hosts: dict[str, str] = field(default_factory=dict)  # host -> why this poll sends no more requests to it
    retry_after: timedelta = timedelta(0)  # the longest wait that a server asked for
    is_busy: bool = False  # whether a server only asked for a wait
    is_behind: bool = False  # whether there are missed days not fetched yet, or lost days not notified of yet
    is_over: bool = False  # whether this poll sends no more requests

    @staticmethod
    def of(context: PollContext, source: SourceSettings, known: KnownSource) -> "PollRun":
        """Returns a poll of a source on the web that begins now."""
        now, state = context.ingest_context.clock.now(), known.state
        schedule = context.timing.schedule(source)
        assert schedule is not None  # noqa: S101 - only files have none
        return PollRun(
            context=context,
            source=source,
            known=known,
            schedule=schedule,
            now=now,
            current_days=context.timing.current_days(source, now),
            progress=PollProgress(
                seen=known.seen, split=state.split, missed_days=MissedDays(days=state.missed_days, upto=state.upto)
            ),
        )

    @property
    def missed_days(self) -> MissedDays:
        """The missed days of the progress."""
        return self.progress.missed_days

    def set_missed_days(self, missed_days: MissedDays) -> None:
        """Replaces the missed days in the progress."""
        self.progress = replace(self.progress, missed_days=missed_days)

    def requests(self) -> tuple[FetchRequest, ...]:
        """Returns the regular requests, and adds their units to `units`."""
        requests = requests_of(self.source, self.now, split=self.progress.split, sites=self.context.sites)
        self.units.update(dict.fromkeys(request.unit for request in requests))
        return requests

    def note_observation(self, request: FetchRequest, observation: Observation) -> None:
        """Adds the observation of a request's document to the progress."""
        if request.day and observation.problem:
            self.broken_days.add(request.day)
        self.progress = self.progress.with_observation(request.unit, observation)

    def has_come(self, unit: str) -> bool:
        """Returns whether a category brought the batch that is due in an earlier poll. False for sources without categories."""
        due = self.context.timing.batch_due(self.source, self.now) if self.source.arxiv else None
        return due is not None and self.known.state.came.get(unit) == due.at

    @property
    def has_failed(self) -> bool:
        """Whether a document of a regular request could not be read."""
        return any(one.problem for observations in self.progress.observations.values() for one in observations)
