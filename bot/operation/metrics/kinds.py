"""The kinds of metrics as values: a gauge is read when it is asked for, a counter and a timing follow measurements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from subscriptions.service.operations import Backlog, Figures

M = TypeVar("M")
Labels = tuple[str, ...]  # the values of the labels, in their order
Values = Mapping[Labels, float]
FromZero = Callable[
    [Sequence[str]], Sequence[Labels]
]  # returns for the platforms that are on what stands at 0 from the start

SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)  # seconds; upper ends of buckets


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What gauges are read from, at one moment."""

    now: datetime
    wall: datetime  # the machine's clock, to which the times of files belong
    version: str
    python: str
    is_ready: bool
    platforms: Sequence[str] = ()  # those that are on
    figures: Figures | None  # None: the database cannot be read, and all gauges from it are left out
    lanes_in_hand: int = 0  # of this process
    backlog: Backlog | None = None  # as `figures`
    files: Mapping[str, int] = field(default_factory=dict)  # "database", "wal" -> bytes
    copies: Sequence[datetime] = ()  # when each of the copies of the database was made


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A value that goes up and down. `labels` have few values each, and never a chat's or a person's."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    read: Callable[[Observed], Values]


def nothing(platforms: Sequence[str]) -> Sequence[Labels]:
    """Returns nothing: what is never counted is left out of the page."""
    del platforms
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Generic[M]):
    """A number that only grows, since the start of the process; `count` says by how much. Its name ends in `_total`.

    What an alert watches stands at 0 from the start (`from_zero`): Prometheus sees no increase in a first value.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    on: type[M]
    count: Callable[[M], Values]
    from_zero: FromZero = nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing(Generic[M]):
    """How long something took, in buckets; `time` returns the seconds by labels. Its name ends in `_seconds`."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    on: type[M]
    time: Callable[[M], Values]
    from_zero: FromZero = nothing  # see Counter


def alone(value: float) -> Values:
    """Returns the values of a metric without labels."""
    return {(): value}


def by_one(values: Mapping[str, float]) -> Values:
    """Returns the values of a metric with one label."""
    return {(label,): value for label, value in values.items()}
