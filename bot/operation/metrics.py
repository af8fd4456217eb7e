"""Metrics of the process for Prometheus. No label identifies a chat or a person, and each has few values."""

import asyncio
from collections import Counter as CountOf
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from bot.app import App
from bot.operation.health import copy_times, findings_of, joined
from bot.ports import measurements
from bot.settings.opening import backup_folder
from subscriptions.errors import StoreError
from subscriptions.notices import Finding
from subscriptions.service.chat_status import Figures, figures

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)  # upper ends of the buckets


class Metrics(Collector):
    """The metrics of one process. Counters and histograms grow with measurements; gauges are read for each page."""

    def __init__(
        self, app: App, problems: Callable[[], Mapping[str, object]], known: Callable[[], Iterable[Finding]] = tuple
    ) -> None:
        """`problems` returns the current problems by name, as for `/health/ready`; `known` what else the process knows."""
        self._app = app
        self._problems = problems
        self._known = known
        self._is_ready = False
        self._answering = asyncio.Lock()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        self._messages = Counter(
            "paperwire_messages_total",
            "Attempts to post a message, by their outcome.",
            ("platform", "kind", "outcome"),
            registry=self._registry,
        )
        self._planning = Histogram(
            "paperwire_planning_seconds",
            "How long a round of planning took.",
            buckets=SECONDS,
            registry=self._registry,
        )
        self._requests = Histogram(
            "paperwire_request_seconds",
            "How long a request of a person took.",
            ("platform", "outcome"),
            buckets=SECONDS,
            registry=self._registry,
        )
        # For Prometheus, the first value of a series is no increase. So series that alerts watch begin with 0.
        for platform in app.platforms:
            self._requests.labels(platform, "failed")
            for kind in ("delivery", "reply"):
                for outcome in ("sender_stopped", "unclear"):
                    self._messages.labels(platform, kind, outcome)

    def observe(self, measurement: measurements.Measurement) -> None:
        """Counts a measurement."""
        match measurement:
            case measurements.MessageTried():
                self._messages.labels(measurement.platform, measurement.kind, measurement.outcome).inc()
            case measurements.PlanMade():
                self._planning.observe(measurement.seconds)
            case measurements.RequestHandled():
                self._requests.labels(measurement.platform, measurement.outcome).observe(measurement.seconds)

    async def page(self) -> tuple[bytes, str]:
        """Returns (all metrics as Prometheus reads them, media type). Pages are made one at a time, in a thread."""
        async with self._answering:
            self._is_ready = not self._problems()
            return await asyncio.to_thread(generate_latest, self._registry), CONTENT_TYPE_LATEST

    def describe(self) -> tuple[Gauge, ...]:
        """Returns no gauge, so that registering them reads nothing."""
        return ()

    def collect(self) -> Iterator[Gauge]:
        """Yields the gauges of this moment. Those of the store are left out while the database cannot be read."""
        app, now, wall = self._app, self._app.clock.now(), self._app.clock.wall()
        found: tuple[Finding, ...] = ()
        stored = None
        try:
            found = findings_of(app.settings, app.store, now=now, wall=wall)
            stored = figures(app.store, now=now)
        except StoreError:
            pass  # the gauge says so
        yield Gauge("paperwire_ready", "1 if /health/ready answers 200, else 0.", value=self._is_ready)
        yield Gauge("paperwire_database_readable", "1 if the database could be read, else 0.", value=stored is not None)
        yield _labelled(
            "paperwire_findings",
            "What is wrong, as `paperwire status` names it.",
            ("finding", "level"),
            CountOf((one.cause, one.level.value) for one in joined(found, self._known())),
        )
        if copies := copy_times(backup_folder(app.settings, app.store)):
            yield Gauge(
                "paperwire_newest_copy_age_seconds",
                "Age of the newest copy; left out if there is none.",
                value=_seconds(max(copies), wall),
            )
        if stored is not None:
            yield from self._of_store(stored)

    def _of_store(self, stored: Figures) -> Iterator[Gauge]:
        platforms = dict.fromkeys(self._app.platforms, 0.0)  # graphs have no gaps
        oldest = {name: _seconds(since, stored.at) for name, since in stored.outbox.oldest.items()}
        yield _labelled(
            "paperwire_deliveries_dead",
            "Deliveries that the platform refuses.",
            ("platform",),
            {(name,): count for name, count in (platforms | dict(stored.outbox.dead_on)).items()},
        )
        yield _labelled(
            "paperwire_oldest_waiting_seconds",
            "How long the oldest delivery that may be sent has waited.",
            ("platform",),
            {(name,): seconds for name, seconds in (platforms | oldest).items()},
        )
        yield Gauge(
            "paperwire_platforms_stopped",
            "Platforms on which nothing is sent until a person decides.",
            value=len(stored.stopped),
        )
        yield _labelled(
            "paperwire_source_overdue",
            "1 if a source is late, failed, or was not polled when due.",
            ("source",),
            {(one.name,): one.is_behind(stored.at) for one in stored.sources},
        )


def _labelled(name: str, text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> Gauge:
    gauge = Gauge(name, text, labels=labels)
    for of, value in values.items():
        gauge.add_metric(of, value)
    return gauge


def _seconds(since: datetime, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0)
