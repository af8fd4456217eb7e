"""The page of metrics for Prometheus: what the process has counted, and what is read for each page."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bot import counters as measurements
from bot.app import App
from bot.settings.opening import copies
from bot.web.health import findings_of, joined
from subscriptions.errors import StoreError
from subscriptions.outbox.figures import Figures, figures
from subscriptions.outbox.notices import Finding


class Metrics:
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
        # For Prometheus, the first value of a series is no increase. So series that alerts watch begin with 0.
        for platform in app.platforms:
            measurements.REQUESTS.labels(platform, "failed")
            for kind in ("delivery", "reply"):
                for outcome in ("sender_stopped", "unclear"):
                    measurements.MESSAGES.labels(platform, kind, outcome)

    async def page(self) -> tuple[bytes, str]:
        """Return (all metrics as Prometheus reads them, media type). Pages are made one at a time, in a thread."""
        async with self._answering:
            gauges = await asyncio.to_thread(self._gauges)
            return generate_latest(measurements.REGISTRY) + gauges, CONTENT_TYPE_LATEST

    def _gauges(self) -> bytes:
        """Return the gauges of this moment. Those of the store are left out while the database cannot be read."""
        app, now, wall = self._app, self._app.clock.now(), self._app.clock.wall()
        found: tuple[Finding, ...] = ()
        stored = None
        try:
            found = findings_of(app.settings, app.store, now=now, wall=wall)
            stored = app.store.read_now(figures, now=now)
        except StoreError:
            pass  # the gauge says so
        registry = CollectorRegistry()
        gauge = partial(Gauge, registry=registry)
        gauge("paperwire_ready", "1 if /health/ready answers 200, else 0.").set(not self._problems())
        gauge("paperwire_database_readable", "1 if the database could be read, else 0.").set(stored is not None)
        findings = gauge("paperwire_findings", "What is wrong, as `paperwire status` names it.", ("finding", "level"))
        for one in joined(found, self._known()):
            findings.labels(one.cause, one.level.value).inc()
        if known := copies(app.settings, app.store):
            age = gauge("paperwire_newest_copy_age_seconds", "Age of the newest copy; left out if there is none.")
            age.set(_seconds(max(known.values()), wall))
        if stored is not None:
            self._add_stored(gauge, stored)
        return generate_latest(registry)

    def _add_stored(self, gauge: Callable[..., Gauge], stored: Figures) -> None:
        platforms = dict.fromkeys(self._app.platforms, 0.0)  # graphs have no gaps
        dead = gauge("paperwire_deliveries_dead", "Deliveries that the platform refuses.", ("platform",))
        for name, count in {**platforms, **stored.outbox.dead_on}.items():
            dead.labels(name).set(count)
        waits = "How long the oldest delivery that may be sent has waited."
        waiting = gauge("paperwire_oldest_waiting_seconds", waits, ("platform",))
        for name in {**platforms, **stored.outbox.oldest}:
            waiting.labels(name).set(_seconds(stored.outbox.oldest.get(name, stored.at), stored.at))
        stopped = gauge("paperwire_platforms_stopped", "Platforms on which nothing is sent until a person decides.")
        stopped.set(len(stored.stopped))
        behind = "1 if a source is late, failed, or was not polled when due."
        overdue = gauge("paperwire_source_overdue", behind, ("source",))
        for source in stored.sources:
            overdue.labels(source.name).set(source.is_behind(stored.at))


def _seconds(since: datetime, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0)
