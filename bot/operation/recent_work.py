"""What this process did in the last hours, as its page of the status shows it: messages by hour, and the last plans."""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.ports.clock import Clock
from bot.ports.measurements import Measurement, MessageTried, PlanMade

HOURS = 24
PLANS = 200  # the last ones that planned something

_HOUR = timedelta(hours=1)


@dataclass(slots=True)
class RecentWork:
    """Counts measurements. It is empty when the process starts: the metrics are what lasts."""

    clock: Clock
    since: datetime = field(init=False)
    plans: deque[PlanMade] = field(init=False, default_factory=lambda: deque(maxlen=PLANS))
    _hours: dict[datetime, Counter[str]] = field(init=False, default_factory=dict)  # outcomes by the hour's beginning

    def __post_init__(self) -> None:
        self.since = self.clock.now()

    def observe(self, measurement: Measurement) -> None:
        """Counts what was sent and what was planned."""
        match measurement:
            case MessageTried():
                self._hours.setdefault(_hour(self.clock.now()), Counter())[measurement.outcome] += 1
                for hour in [hour for hour in self._hours if hour <= _hour(self.clock.now()) - HOURS * _HOUR]:
                    del self._hours[hour]
            case PlanMade() if measurement.deliveries:
                self.plans.append(measurement)

    def by_hour(self, now: datetime) -> list[tuple[datetime, Counter[str]]]:
        """Returns the beginning of each of the last hours, the oldest first, with how often each outcome came."""
        hours = [_hour(now) - back * _HOUR for back in reversed(range(HOURS))]
        return [(hour, Counter(self._hours.get(hour, ()))) for hour in hours]


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
