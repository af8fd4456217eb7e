"""All metrics, each declared once. A new one is one more value here, and a row in docs/metrics.md."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.operation.metrics.kinds import Counter, Gauge, Observed, Timing, Values, alone, by_one
from bot.ports.measurements import ConnectionClosed, MessageTried, PlanMade, RequestHandled, SourceRead
from subscriptions.service.operations import Backlog, Figures, OutboxFigures

Metric = Gauge | Counter[Any] | Timing[Any]


def _stored(read: Callable[[Figures, Observed], Values]) -> Callable[[Observed], Values]:
    """Returns a reader of the store's figures, which reads nothing while the database cannot be read."""
    return lambda seen: read(seen.figures, seen) if seen.figures is not None else {}


def _by_platform(read: Callable[[OutboxFigures, datetime], Mapping[str, float]]) -> Callable[[Observed], Values]:
    """Returns a reader of a value by platform: 0 for a platform that is on and has none, so that graphs have no gaps."""
    return _stored(
        lambda stored, seen: by_one(dict.fromkeys(seen.platforms, 0.0) | dict(read(stored.outbox, seen.now)))
    )


def _seconds(since: datetime, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0)


def _behind(since: Callable[[Backlog], datetime | None]) -> Callable[[Observed], Values]:
    """Returns a reader of how long work has waited, which reads nothing while the database cannot be read."""

    def read(seen: Observed) -> Values:
        if seen.backlog is None:
            return {}
        begin = since(seen.backlog)
        return alone(_seconds(begin, seen.now) if begin else 0.0)

    return read


METRICS: tuple[Metric, ...] = (
    Gauge(
        name="paperwire_build_info",
        help="1, with the versions of paperwire and of Python as labels.",
        labels=("version", "python"),
        read=lambda seen: {(seen.version, seen.python): 1.0},
    ),
    Gauge(
        name="paperwire_ready",
        help="1 if /health/ready answers 200, else 0.",
        read=lambda seen: alone(float(seen.is_ready)),
    ),
    Gauge(
        name="paperwire_database_readable",
        help="1 if the database could be read for this answer, else 0.",
        read=lambda seen: alone(float(seen.figures is not None)),
    ),
    Counter(
        name="paperwire_messages_total",
        help="Attempts to post a message, by what became of them.",
        labels=("platform", "kind", "outcome"),
        on=MessageTried,
        count=lambda tried: {(tried.platform, tried.kind, tried.outcome): 1.0},
        from_zero=lambda platforms: [
            (platform, kind, outcome)
            for platform in platforms
            for kind in ("delivery", "reply")
            for outcome in ("sender_stopped", "unclear")
        ],
    ),
    Timing(
        name="paperwire_message_seconds",
        help="How long a platform took to answer an attempt to post a message.",
        labels=("platform",),
        on=MessageTried,
        time=lambda tried: {(tried.platform,): tried.seconds},
    ),
    Gauge(
        name="paperwire_deliveries_waiting",
        help="Deliveries that are stored, not over, and may be sent.",
        labels=("platform",),
        read=_by_platform(lambda outbox, _: outbox.waiting),
    ),
    Gauge(
        name="paperwire_deliveries_held",
        help="Deliveries that are stored for chats which are paused.",
        labels=("platform",),
        read=_by_platform(lambda outbox, _: outbox.held),
    ),
    Gauge(
        name="paperwire_deliveries_dead",
        help="Deliveries that the platform refuses, and that nobody has retried or dismissed.",
        labels=("platform",),
        read=_by_platform(lambda outbox, _: outbox.dead),
    ),
    Gauge(
        name="paperwire_oldest_waiting_seconds",
        help="How long the oldest delivery has waited that may be sent.",
        labels=("platform",),
        read=_by_platform(lambda outbox, now: {name: _seconds(since, now) for name, since in outbox.oldest.items()}),
    ),
    Gauge(
        name="paperwire_lanes_held",
        help="Lanes with something to send that wait because their platform asked for it.",
        labels=("platform",),
        read=_by_platform(lambda outbox, _: outbox.held_lanes),
    ),
    Gauge(
        name="paperwire_planning_lag_seconds",
        help="How long the chat has been due that waits for longest to be planned; 0 if none is due.",
        read=_behind(lambda waiting: waiting.planning_since),
    ),
    Gauge(
        name="paperwire_sending_lag_seconds",
        help="How long the oldest delivery has waited that may be sent now; 0 if none waits.",
        read=_behind(lambda waiting: waiting.sending_since),
    ),
    Gauge(
        name="paperwire_lanes_in_hand",
        help="Lanes that this process delivers now.",
        read=lambda seen: alone(seen.lanes_in_hand),
    ),
    Gauge(
        name="paperwire_jobs_waiting",
        help="Lanes that wait for one of several workers; left out where one process works alone.",
        read=lambda seen: alone(seen.backlog.jobs) if seen.backlog and seen.backlog.jobs is not None else {},
    ),
    Gauge(
        name="paperwire_platforms_stopped",
        help="Platforms on which nothing is sent until a person decides.",
        read=_stored(lambda stored, _: alone(len(stored.stopped))),
    ),
    Counter(
        name="paperwire_deliveries_planned_total",
        help="Deliveries that planning stored.",
        on=PlanMade,
        count=lambda plan: alone(plan.deliveries),
    ),
    Timing(
        name="paperwire_planning_seconds",
        help="How long a round of planning took, matching included.",
        on=PlanMade,
        time=lambda plan: alone(plan.seconds),
    ),
    Timing(
        name="paperwire_matching_seconds",
        help="How long queries were matched with papers in a round of planning.",
        on=PlanMade,
        time=lambda plan: alone(plan.matching_seconds),
    ),
    Counter(
        name="paperwire_papers_total",
        help="Papers that a source brought, by whether they were new.",
        labels=("source", "novelty"),
        on=SourceRead,
        count=lambda read: {(read.source, "new"): read.new, (read.source, "known"): max(read.papers - read.new, 0)},
    ),
    Counter(
        name="paperwire_polls_total",
        help="Polls of a source, by their receipts.",
        labels=("source", "outcome"),
        on=SourceRead,
        count=lambda read: {(read.source, read.outcome): 1.0},
    ),
    Gauge(
        name="paperwire_source_overdue",
        help="1 if a source is late, could not be read, or was not polled although it was due, else 0.",
        labels=("source",),
        read=_stored(lambda stored, _: by_one({one.name: float(one.is_overdue) for one in stored.sources})),
    ),
    Gauge(
        name="paperwire_source_settled_age_seconds",
        help="How long ago a source last had brought all that was due.",
        labels=("source",),
        read=_stored(
            lambda stored, seen: by_one(
                {one.name: _seconds(one.settled_at, seen.now) for one in stored.sources if one.settled_at is not None}
            )
        ),
    ),
    Timing(
        name="paperwire_request_seconds",
        help="How long a request of a person took, until its effect and its reply were stored.",
        labels=("platform", "outcome"),
        on=RequestHandled,
        time=lambda handled: {(handled.platform, handled.outcome): handled.seconds},
        from_zero=lambda platforms: [(platform, "failed") for platform in platforms],
    ),
    Counter(
        name="paperwire_connections_closed_total",
        help="Connections to the web address that were closed because there were too many, by what they were.",
        labels=("kind",),
        on=ConnectionClosed,
        count=lambda closed: {(closed.kind,): 1.0},
        from_zero=lambda _: [("connection",), ("stream",), ("refused",)],
    ),
    Gauge(
        name="paperwire_database_bytes",
        help="The size of the database's files.",
        labels=("file",),
        read=lambda seen: by_one({name: float(size) for name, size in seen.files.items()}),
    ),
    Gauge(
        name="paperwire_copies",
        help="Copies of the database in the folder of copies.",
        read=lambda seen: alone(len(seen.copies)),
    ),
    Gauge(
        name="paperwire_newest_copy_age_seconds",
        help="How old the newest copy of the database is; left out if there is none.",
        read=lambda seen: alone(_seconds(max(seen.copies), seen.wall)) if seen.copies else {},
    ),
)
