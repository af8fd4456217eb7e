"""What is the same for all chats that are planned at one moment."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from subscriptions.model import KnownPaper, Subscription
from subscriptions.planning.decision import Evidence
from subscriptions.planning.forecast import Forecast
from subscriptions.service.planner.window import Window, evidence_of_fits
from subscriptions.service.subscriptions.next_deliveries import DeliveryForecast


@dataclass(slots=True)
class PlanContext:
    """What is the same for all chats that are planned at one moment."""

    now: datetime
    delivery_forecast: DeliveryForecast
    window: Window
    matching: Callable[[], AbstractContextManager[object]] = nullcontext  # entered while queries are matched
    moving: frozenset[int] = frozenset()  # the shared cursors that move up to here once all is planned
    evidence: Callable[[Subscription, KnownPaper], Evidence] = field(init=False)

    def __post_init__(self) -> None:
        """Makes the evidence, which depends on how rare words are in the window."""
        self.evidence = evidence_of_fits(lambda: self.window.rarity)

    @property
    def forecast(self) -> Forecast:
        """The forecast of the sources."""
        return self.delivery_forecast.forecast
