"""How fast messages may go: GCRA, the generic cell rate algorithm, one stored number per budget.

The number is the "theoretical arrival time": the second at which a budget is whole again. Everything here is pure
arithmetic on monotonic seconds that the caller passes; nothing sleeps and nothing asks for the time.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf

from bot.ports.channel import Limits
from subscriptions.model import Lane

FULL = -inf  # the state of a budget that nothing was taken from
_TIDY_FROM = 4096  # lanes remembered before idle ones are dropped


def reserve(state: float, now: float, rate: float, burst: int = 1, n: int = 1) -> tuple[float, float]:
    """Takes `n` sends out of a budget; returns its new state and the second at which the first of them may start.

    The others follow 1/`rate` seconds apart. `rate` is in sends a second, `burst` is how many may start at once after a
    rest. Any closed window of w seconds then holds at most `burst` + `rate` * w starts (ITU-T I.371, GCRA).
    """
    gap = 1 / rate
    start = max(now, state - (burst - 1) * gap)
    return max(state, start) + n * gap, start


@dataclass(frozen=True, slots=True)
class Budget:
    """So many sends a second, and so many at once after a rest."""

    rate: float
    burst: int


class GcraRateLimiter:
    """The budgets of one process: one for each token, and one or two for each lane.

    A message asks its lane first (`ready`, takes nothing), then its token (`reserve`, takes a slot), and tells the lane
    when it really went (`sent`). So a lane that has to wait never blocks slots of the token that others could use. One
    lane has one sender at a time, which is what makes asking without taking safe. A token is named by its platform.

    Answers to people are urgent. In their lane they may use what is kept for them; of their token they take the next slot
    that somebody waits for: that one gives way (`gives_way`) and asks anew. So an answer waits for one slot and no fan-out,
    and there is one schedule for all.
    """

    def __init__(self, limits: Mapping[str, Limits]) -> None:
        self._tokens = {platform: Budget(limit.per_second, 1) for platform, limit in limits.items() if limit.per_second}
        self._limits = dict(limits)
        self._token_states: dict[str, float] = {}
        self._queued_slots: dict[str, deque[float]] = {}  # slots still to come, of those who are not urgent
        self._preempted: dict[str, int] = {}  # slots that urgent ones took from those who wait
        self._lane_states: dict[Lane, tuple[float, ...]] = {}
        self._paused_lanes: dict[Lane, float] = {}
        self._paused_tokens: dict[str, float] = {}
        self._tidy_at = _TIDY_FROM

    def ready_at(self, lane: Lane, now: float, *, urgent: bool = False) -> float:
        """The second at which the next message of this lane may go, as far as the lane and pauses are concerned."""
        kept = self._reserved(lane) if urgent else 0
        starts = [
            reserve(state, now, budget.rate, budget.burst + kept)[1] for budget, state in self._lane_budgets(lane)
        ]
        pauses = (self._paused_lanes.get(lane, now), self._paused_tokens.get(lane.platform, now))
        return max(now, *pauses, *starts)

    def pause_left(self, token: str, now: float) -> float:
        """Seconds for which the platform asked the whole token to wait still."""
        return max(0.0, self._paused_tokens.get(token, now) - now)

    def reserve(self, token: str, now: float, n: int = 1, *, urgent: bool = False) -> float:
        """Takes `n` sends of a token, first come, first served; returns the second at which the first may start."""
        now = max(now, self._paused_tokens.get(token, now))
        budget = self._tokens.get(token)
        if budget is None:
            return now
        waiting = self._queued_slots.setdefault(token, deque())
        while waiting and waiting[0] <= now:
            waiting.popleft()
        if urgent and len(waiting) >= n:
            self._preempted[token] = self._preempted.get(token, 0) + n
            start = waiting[0]
            for _ in range(n):
                waiting.popleft()
            return start
        self._token_states[token], start = reserve(
            self._token_states.get(token, FULL), now, budget.rate, budget.burst, n
        )
        if not urgent:
            waiting.extend(start + place / budget.rate for place in range(n))
        return start

    def was_preempted(self, token: str) -> bool:
        """Whether somebody whose slot has come must leave it to an urgent one that took it, and reserve anew."""
        taken = self._preempted.get(token, 0)
        if taken:
            self._preempted[token] = taken - 1
        return taken > 0

    def record_send(self, lane: Lane, at: float) -> None:
        """Takes one send out of the lane's budgets: a message of it started at second `at`."""
        states = tuple(max(state, at) + 1 / budget.rate for budget, state in self._lane_budgets(lane))
        if states:
            self._lane_states[lane] = states
        if len(self._lane_states) >= self._tidy_at:
            self._tidy(at)

    def pause(self, lane: Lane, until: float, now: float) -> None:
        """The platform asked this lane to wait until then.

        Where a token has a limit, the platform does not say whether it meant that or the lane's. So when another lane
        of the token is still paused, the token pauses too.
        """
        self._paused_lanes = {other: end for other, end in self._paused_lanes.items() if end > now}
        limited = lane.platform in self._tokens
        others = limited and any(other.platform == lane.platform and other != lane for other in self._paused_lanes)
        self._paused_lanes[lane] = until
        if others:
            self._paused_tokens[lane.platform] = max(until, self._paused_tokens.get(lane.platform, until))

    def record_earlier_sends(self, sends: Iterable[tuple[Lane, float]], now: float) -> None:
        """Takes what an earlier process sent, as (lane, second of the send). Sends later than `now` hold nothing back."""
        for lane, at in sorted(sends, key=lambda send: send[1]):
            if at <= now:
                self.reserve(lane.platform, at)
                self.record_send(lane, at)

    def _lane_budgets(self, lane: Lane) -> list[tuple[Budget, float]]:
        """The lane's budgets with their states."""
        limit = self._limits.get(lane.platform)
        budgets: list[Budget] = []
        if limit and limit.per_lane:
            budgets.append(Budget(limit.per_lane, limit.burst))
        if limit and limit.per_group_minute and not lane.address.isdecimal():
            # Telegram's private chats have positive ids, groups and channels negative ids or an @name. The burst is
            # part of the minute's allowance, so that no window of sixty seconds ever holds more than that.
            allowance = limit.per_group_minute - limit.burst - limit.reserved
            budgets.append(Budget(allowance / 60, limit.burst))
        states = self._lane_states.get(lane, (FULL,) * len(budgets))
        return list(zip(budgets, states, strict=True))

    def _reserved(self, lane: Lane) -> int:
        limit = self._limits.get(lane.platform)
        return limit.reserved if limit else 0

    def _tidy(self, now: float) -> None:
        """Forgets lanes whose budgets are whole again: to remember them changes nothing."""
        self._lane_states = {lane: states for lane, states in self._lane_states.items() if max(states) > now}
        self._tidy_at = max(_TIDY_FROM, 2 * len(self._lane_states))
