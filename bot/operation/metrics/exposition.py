"""Counts measurements and answers `/metrics`. The only home of prometheus_client."""

import asyncio
import platform as machine
from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client import Counter as CounterOfLibrary
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from bot.app import App
from bot.context.database import backup_folder
from bot.operation.files_of_database import copy_times, file_sizes
from bot.operation.metrics.declared import METRICS, Metric
from bot.operation.metrics.kinds import SHORT, Counter, Gauge, Observed, Timing
from bot.ports.measurements import Measurement
from bot.settings.version import installed_version
from subscriptions.errors import StoreError
from subscriptions.service.operations import Backlog, Figures, backlog, figures


class Metrics:
    """The metrics of one process: its counters and timings, and the gauges that are read at each answer."""

    def __init__(
        self, app: App, problems: Callable[[], Mapping[str, object]], metrics: Sequence[Metric] = METRICS
    ) -> None:
        """`problems` are those of `/health/ready`."""
        self._app = app
        self._problems = problems
        self._registry = CollectorRegistry()
        self._counters = [
            (one, CounterOfLibrary(one.name, one.help, one.labels, registry=self._registry))
            for one in metrics
            if isinstance(one, Counter)
        ]
        self._timings = [
            (one, Histogram(one.name, one.help, one.labels, buckets=SHORT, registry=self._registry))
            for one in metrics
            if isinstance(one, Timing)
        ]
        for counted, counter in self._counters:
            for labels in counted.from_zero(tuple(app.platforms)):
                counter.labels(*labels)
        for timed, histogram in self._timings:
            for labels in timed.from_zero(tuple(app.platforms)):
                histogram.labels(*labels)
        self._registry.register(_Gauges([one for one in metrics if isinstance(one, Gauge)], self._observed))
        ProcessCollector(registry=self._registry)
        self._answering = asyncio.Lock()
        self._is_ready = False

    def observe(self, measurement: Measurement) -> None:
        """Counts a measurement."""
        for declared, counter in self._counters:
            if isinstance(measurement, declared.on):
                for labels, amount in declared.count(measurement).items():
                    (counter.labels(*labels) if labels else counter).inc(amount)
        for timed, histogram in self._timings:
            if isinstance(measurement, timed.on):
                for labels, seconds in timed.time(measurement).items():
                    (histogram.labels(*labels) if labels else histogram).observe(seconds)

    async def page(self) -> tuple[bytes, str]:
        """Returns all metrics as Prometheus reads them, and the media type. Pages are made one at a time, beside the work."""
        async with self._answering:
            self._is_ready = not self._problems()
            return await asyncio.to_thread(generate_latest, self._registry), CONTENT_TYPE_LATEST

    def _observed(self) -> Observed:
        app = self._app
        return Observed(
            now=app.clock.now(),
            wall=app.clock.wall(),
            version=installed_version() or "dev",
            python=machine.python_version(),
            is_ready=self._is_ready,
            platforms=tuple(app.platforms),
            figures=_figures(app),
            lanes_in_hand=app.context.engine.lanes_in_hand,
            backlog=_backlog(app),
            files=file_sizes(app.store),
            copies=copy_times(backup_folder(app.settings, app.store)),
        )


class _Gauges(Collector):
    """Reads all gauges when the library asks for them."""

    def __init__(self, gauges: Sequence[Gauge], observed: Callable[[], Observed]) -> None:
        self._gauges = gauges
        self._observed = observed

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yields the gauges without values, so that nothing is read when they are registered."""
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


def _backlog(app: App) -> Backlog | None:
    try:
        return backlog(app.store, now=app.clock.now(), wall=app.clock.wall())
    except StoreError:
        return None


def _figures(app: App) -> Figures | None:
    try:
        return figures(app.store, now=app.clock.now(), wall=app.clock.wall())
    except StoreError:
        return None
