"""What the rooms measure: one class for each measurement, and who observes them."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from subscriptions import errors

# A measurement is a value that describes an event in the process. The code where the event happens passes it to the
# code that counts it. A measurement contains no id, name or words of a chat or a person.


log = logging.getLogger("paperwire")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTried:
    """One attempt to post a message of a delivery or of a reply."""

    platform: str
    kind: str  # "delivery" or "reply"
    outcome: str  # "sent", or the name of the error (`outcome_name`)
    seconds: float  # time until the platform answered


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade:
    """One round of planning."""

    deliveries: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHandled:
    """One request of a person, until its effect and its reply were stored."""

    platform: str
    outcome: str  # "answered", "silent" (no reply), "failed" (a bug of ours), "waits" (for the database)
    seconds: float


Measurement = MessageTried | PlanMade | RequestHandled
Observe = Callable[[Measurement], None]


def outcome_name(error: errors.NotDelivered) -> str:
    """Returns the type of an error in lower case: "retry_later", "chat_gone"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()


@dataclass(slots=True)
class Observers:
    """Passes each measurement to all listeners. Never raises, because an error in counting must not stop the work."""

    listeners: list[Observe] = field(default_factory=list)

    def __call__(self, measurement: Measurement) -> None:
        """Calls every listener. Logs the errors of listeners."""
        for listener in self.listeners:
            try:
                listener(measurement)
            except Exception as error:  # noqa: BLE001 - a sent message must be confirmed even if counting fails
                log.error("A measurement was not counted: %s", type(error).__name__)
