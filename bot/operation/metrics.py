"""Metrics of the process for Prometheus: their names, labels and buckets."""

import asyncio
import collections
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client import Counter as CounterOfLibrary
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from bot.app import App
from bot.dependencies.opening import backup_folder
from bot.operation import maintenance
from bot.operation.health import findings_of, joined
from bot.ports import measurements
from subscriptions.errors import StoreError
from subscriptions.notices import Finding
from subscriptions.service.chat_status import Figures, figures
from subscriptions.store.work_figures import OutboxFigures

M = TypeVar("M")
T = TypeVar("T")
Labels = tuple[str, ...]  # the values of the labels, in the order of the labels
Values = Mapping[Labels, float]
FromZero = Callable[[Sequence[str]], Sequence[Labels]]  # names of platforms → labels whose count is 0 from the start

SHORT = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    120.0,
)  # the upper ends of the buckets, in seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The values from which gauges are computed, all from the same moment."""

    now: datetime
    wall: datetime  # the machine's clock, which the times of files follow
    is_ready: bool
    platforms: Sequence[str] = ()  # the platforms that are on
    figures: Figures | None  # None if the database cannot be read; then all gauges from it are left out
    copies: Sequence[datetime] = ()  # when each copy of the database was made
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A value that goes up and down. Each label has few values, and never identifies a chat or a person."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    read: Callable[[Observed], Values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed(Generic[M]):
    """A metric that grows with each measurement of type `on`. `values` returns the increase of each combination of labels.

    Counts that alerts watch must be 0 from the start (`from_zero`): for Prometheus, the first value is no increase.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    on: type[M]
    values: Callable[[M], Values]
    from_zero: FromZero = lambda _: ()  # without it, labels appear on the page only once they are counted


class Counter(Followed[M]):
    """A number that only grows, since the start of the process. Its name ends in `_total`."""

    __slots__ = ()


class Timing(Followed[M]):
    """How many seconds something took, in buckets. Its name ends in `_seconds`."""

    __slots__ = ()


def alone(value: float) -> Values:
    """Returns the values of a metric without labels."""
    return {(): value}


def by_one(values: Mapping[str, float]) -> Values:
    """Returns the values of a metric with one label."""
    return {(label,): value for label, value in values.items()}


Metric = Gauge | Counter[Any] | Timing[Any]


def _stored(read: Callable[[Figures, Observed], Values]) -> Callable[[Observed], Values]:
    """Returns a function that reads the store's figures. It returns no values while the database cannot be read."""
    return lambda seen: read(seen.figures, seen) if seen.figures is not None else {}


def _by_platform(read: Callable[[OutboxFigures, datetime], Mapping[str, float]]) -> Callable[[Observed], Values]:
    """Returns a function that reads a value for each platform; 0 if there is none, so that graphs have no gaps."""
    return _stored(
        lambda stored, seen: by_one(dict.fromkeys(seen.platforms, 0.0) | dict(read(stored.outbox, seen.now)))
    )


def _seconds(since: datetime, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0)


METRICS: tuple[Metric, ...] = (
    Gauge(
        name="paperwire_ready",
        help="1 if /health/ready answers 200, else 0.",
        read=lambda seen: alone(float(seen.is_ready)),
    ),
    Gauge(
        name="paperwire_database_readable",
        help="1 if the database could be read, else 0.",
        read=lambda seen: alone(float(seen.figures is not None)),
    ),
    Gauge(
        name="paperwire_findings",
        help="What is wrong, as `paperwire status` names it.",
        labels=("finding", "level"),
        read=lambda seen: collections.Counter((one.cause, one.level.value) for one in seen.findings),
    ),
    Counter(
        name="paperwire_messages_total",
        help="Attempts to post a message, by their outcome.",
        labels=("platform", "kind", "outcome"),
        on=measurements.MessageTried,
        values=lambda tried: {(tried.platform, tried.kind, tried.outcome): 1.0},
        from_zero=lambda platforms: [
            (platform, kind, outcome)
            for platform in platforms
            for kind in ("delivery", "reply")
            for outcome in ("sender_stopped", "unclear")
        ],
    ),
    Gauge(
        name="paperwire_deliveries_dead",
        help="Deliveries that the platform refuses.",
        labels=("platform",),
        read=_by_platform(lambda outbox, _: outbox.dead),
    ),
    Gauge(
        name="paperwire_oldest_waiting_seconds",
        help="How long the oldest delivery that may be sent has waited.",
        labels=("platform",),
        read=_by_platform(lambda outbox, now: {name: _seconds(since, now) for name, since in outbox.oldest.items()}),
    ),
    Gauge(
        name="paperwire_platforms_stopped",
        help="Platforms on which nothing is sent until a person decides.",
        read=_stored(lambda stored, _: alone(len(stored.stopped))),
    ),
    Timing(
        name="paperwire_planning_seconds",
        help="How long a round of planning took.",
        on=measurements.PlanMade,
        values=lambda plan: alone(plan.seconds),
    ),
    Gauge(
        name="paperwire_source_overdue",
        help="1 if a source is late, failed, or was not polled when due.",
        labels=("source",),
        read=_stored(lambda stored, _: by_one({one.name: float(one.is_behind(stored.at)) for one in stored.sources})),
    ),
    Timing(
        name="paperwire_request_seconds",
        help="How long a request of a person took.",
        labels=("platform", "outcome"),
        on=measurements.RequestHandled,
        values=lambda handled: {(handled.platform, handled.outcome): handled.seconds},
        from_zero=lambda platforms: [(platform, "failed") for platform in platforms],
    ),
    Gauge(
        name="paperwire_newest_copy_age_seconds",
        help="Age of the newest copy; left out if there is none.",
        read=lambda seen: alone(_seconds(max(seen.copies), seen.wall)) if seen.copies else {},
    ),
)


class Metrics:
    """The metrics of one process: counters and timings grow with measurements, gauges are read for each response."""

    def __init__(
        self,
        app: App,
        problems: Callable[[], Mapping[str, object]],
        metrics: Sequence[Metric] = METRICS,
        known: Callable[[], Iterable[Finding]] = tuple,
    ) -> None:
        """`problems` returns the current problems by name, as for `/health/ready`; `known` what else the process knows."""
        self._known = known
        self._app = app
        self._problems = problems
        self._registry = CollectorRegistry()
        self._followed = [(one, self._library(one)) for one in metrics if isinstance(one, Followed)]
        for followed, kept in self._followed:
            for labels in followed.from_zero(tuple(app.platforms)):
                kept.labels(*labels)
        self._registry.register(_Gauges([one for one in metrics if isinstance(one, Gauge)], self._observed))
        ProcessCollector(registry=self._registry)
        self._answering = asyncio.Lock()
        self._is_ready = False

    def observe(self, measurement: measurements.Measurement) -> None:
        """Counts a measurement."""
        for followed, kept in self._followed:
            if isinstance(measurement, followed.on):
                for labels, amount in followed.values(measurement).items():
                    child = kept.labels(*labels) if labels else kept
                    child.inc(amount) if isinstance(child, CounterOfLibrary) else child.observe(amount)

    def _library(self, one: Followed[Any]) -> CounterOfLibrary | Histogram:
        if isinstance(one, Timing):
            return Histogram(one.name, one.help, one.labels, buckets=SHORT, registry=self._registry)
        return CounterOfLibrary(one.name, one.help, one.labels, registry=self._registry)

    async def page(self) -> tuple[bytes, str]:
        """Returns (all metrics as Prometheus reads them, media type). Pages are made one at a time, in a thread."""
        async with self._answering:
            self._is_ready = not self._problems()
            return await asyncio.to_thread(generate_latest, self._registry), CONTENT_TYPE_LATEST

    def _observed(self) -> Observed:
        app = self._app
        now, wall = app.clock.now(), app.clock.wall()
        found = _unless_unreadable(lambda: findings_of(app.settings, app.store, now=now, wall=wall))
        return Observed(
            now=now,
            wall=wall,
            is_ready=self._is_ready,
            platforms=tuple(app.platforms),
            figures=_unless_unreadable(lambda: figures(app.store, now=now)),
            copies=maintenance.copy_times(backup_folder(app.settings, app.store)),
            findings=joined(found or (), self._known()),
        )


class _Gauges(Collector):
    """Computes all gauges when the library requests them."""

    def __init__(self, gauges: Sequence[Gauge], observed: Callable[[], Observed]) -> None:
        self._gauges = gauges
        self._observed = observed

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yields the gauges without values, so that registering them reads nothing."""
        for gauge in self._gauges:
            yield GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields the gauges with the values of this moment."""
        observed = self._observed()
        for gauge in self._gauges:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
            for labels, value in gauge.read(observed).items():
                family.add_metric(labels, value)
            yield family


def _unless_unreadable(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except StoreError:
        return None
