"""The page of metrics for Prometheus: what the process has counted, and what is read for each page."""

import asyncio
from collections import Counter as CountOf
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from bot.app import App
from bot.operation.health import copy_times, findings_of, joined
from bot.ports import measurements
from bot.settings.opening import backup_folder
from subscriptions.errors import StoreError
from subscriptions.notices import Finding
from subscriptions.service.known_chats import Figures, figures


class Metrics(Collector):
    """The metrics of one process."""

    def __init__(
        self, app: App, problems: Callable[[], Mapping[str, object]], known: Callable[[], Iterable[Finding]] = tuple
    ) -> None:
        """`problems` returns the current problems by name, as for `/health/ready`.

        `known` what else the process knows.
        """
        self._app = app
        self._problems = problems
        self._known = known
        self._answering = asyncio.Lock()
        self._gauges = CollectorRegistry()
        self._gauges.register(self)
        # For Prometheus, the first value of a series is no increase. So series that alerts watch begin with 0.
        for platform in app.platforms:
            measurements.REQUESTS.labels(platform, "failed")
            for kind in ("delivery", "reply"):
                for outcome in ("sender_stopped", "unclear"):
                    measurements.MESSAGES.labels(platform, kind, outcome)

    async def page(self) -> tuple[bytes, str]:
        """Returns (all metrics as Prometheus reads them, media type). Pages are made one at a time, in a thread."""
        async with self._answering:
            gauges = await asyncio.to_thread(generate_latest, self._gauges)
            return generate_latest(measurements.REGISTRY) + gauges, CONTENT_TYPE_LATEST

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
        yield Gauge("paperwire_ready", "1 if /health/ready answers 200, else 0.", value=not self._problems())
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
