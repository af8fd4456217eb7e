"""Measurements: events in the process, as values, from the rooms where they happen to the rooms that count them.

A measurement holds no id, name or words of a chat or a person.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from subscriptions.errors import NotDelivered

log = logging.getLogger("paperwire")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTried:
    """One attempt to post a message of a delivery or of a reply."""

    platform: str
    kind: str  # "delivery" or "reply"
    outcome: str  # see `outcome_name`
    seconds: float  # until the platform had answered


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade:
    """One round of planning."""

    deliveries: int
    seconds: float
    matching_seconds: float  # those of them in which queries were matched with papers


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHandled:
    """One request of a person, until its effect and its reply were stored."""

    platform: str
    outcome: str  # "answered", "silent" (without a reply), "failed" (a mistake of the program), "waits" (the database)
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRead:
    """One poll of a source, or one scan of a folder that brought something."""

    source: str
    outcome: str  # of the receipt
    papers: int
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionClosed:
    """A connection to the web address that was not served, or not any more, because there were too many."""

    kind: str  # "connection", "stream" (of an open page), "refused" (no file could be opened for it)


Measurement = MessageTried | PlanMade | RequestHandled | SourceRead | ConnectionClosed
Observe = Callable[[Measurement], None]


def ignore(measurement: Measurement) -> None:
    """Does nothing with a measurement."""
    del measurement


def outcome_name(error: NotDelivered | None) -> str:
    """Returns "sent" without an error, else the error's type: "retry_later", "chat_gone"."""
    return "sent" if error is None else re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()


@dataclass(slots=True)
class Observers:
    """Passes each measurement to all listeners. Never raises, because a failed count must not stop the work."""

    listeners: list[Observe] = field(default_factory=list)

    def __call__(self, measurement: Measurement) -> None:
        """Calls every listener; an error of one is logged."""
        for listener in self.listeners:
            try:
                listener(measurement)
            except Exception as error:  # noqa: BLE001 - a sent message must be confirmed even if counting fails
                log.error("A measurement was not counted: %s", type(error).__name__)
