"""What the rooms count, as Prometheus' own metrics of this process.

No label names a chat or a person, and each has few values.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from subscriptions import outcomes

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)  # upper ends of the buckets

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
MESSAGES = Counter(
    "paperwire_messages_total",
    "Attempts to post a message, by their outcome.",
    ("platform", "kind", "outcome"),  # kind: "delivery" or "reply"; outcome: "sent" or the name of the error
    registry=REGISTRY,
)
PLANNING = Histogram(
    "paperwire_planning_seconds", "How long a round of planning took.", buckets=_SECONDS, registry=REGISTRY
)
REQUESTS = Histogram(
    "paperwire_request_seconds",
    "How long a request of a person took.",
    # outcome: "answered", "silent" (no reply), "failed" (a bug of ours), "waits" (for the database)
    ("platform", "outcome"),
    buckets=_SECONDS,
    registry=REGISTRY,
)


@contextmanager
def post_counted(platform: str, kind: str) -> Iterator[None]:
    """Count the post that the body makes, unless it is broken off."""
    try:
        yield
    except outcomes.NotDelivered as error:
        MESSAGES.labels(platform, kind, outcome_name(error)).inc()
        raise
    MESSAGES.labels(platform, kind, "sent").inc()


def outcome_name(error: outcomes.NotDelivered) -> str:
    """Return the type of an error in lower case: "retry_later", "chat_gone"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()
