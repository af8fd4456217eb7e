"""The rate limiter: GCRA, the generic cell rate algorithm, with one number per budget.

The number is the "theoretical arrival time": the second at which the budget is full again. Everything here is arithmetic
on monotonic seconds that the caller passes; nothing sleeps or reads a clock.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf

from bot.ports.channel import Limits
from subscriptions.model import Lane

FULL = -inf  # the state of a full budget
_TIDY_FROM = 4096  # number of lanes from which on idle ones are removed


def reserve(state: float, now: float, rate: float, burst: int = 1) -> tuple[float, float]:
    """Takes one send out of a budget. Returns its new state and the second at which the send may start.

    `rate` is in sends per second; `burst` sends may start at once after a rest.
    Any closed window of w seconds then holds at most `burst` + `rate` * w starts (ITU-T I.371, GCRA).
    """
    gap = 1 / rate
    start = max(now, state - (burst - 1) * gap)
    return max(state, start) + gap, start


@dataclass(frozen=True, slots=True)
class Budget:
    """`rate` sends per second, and `burst` sends at once after a rest."""

    rate: float
    burst: int


class GcraRateLimiter:
    """The budgets of one process: one for each token, and one or two for each lane.

    A sender first calls `ready_at` for its lane, which takes nothing; then `reserve` for its token, which takes a slot; then
    `record_send` when the send starts. So a lane that has to wait does not hold a slot of the token that others could use.
    `ready_at` need not take anything because a lane has one sender at a time. A token is named by its platform.

    Answers to people are urgent. In their lane they may use a reserved part of the budget. From their token they take the
    next slot that is reserved for a sender that waits; `was_preempted` tells that sender to reserve again. So an answer
    waits for one slot, however many deliveries wait.
    """

    def __init__(
        self, limits: Mapping[str, Limits], *, on_token_pause: Callable[[str, float], None] = lambda *_: None
    ) -> None:
        """`on_token_pause` is told of a pause of a whole token: its name, and for how many seconds."""
        self._on_token_pause = on_token_pause
        self._tokens = {platform: Budget(limit.per_second, 1) for platform, limit in limits.items() if limit.per_second}
        self._limits = dict(limits)
        self._token_states: dict[str, float] = {}
        self._queued_slots: dict[str, deque[float]] = {}  # token -> future slots of sends that are not urgent
        self._preempted: dict[str, int] = {}  # token -> slots that urgent sends took and whose senders do not know yet
        self._lane_states: dict[Lane, tuple[float, ...]] = {}
        self._paused_lanes: dict[Lane, float] = {}
        self._paused_tokens: dict[str, float] = {}
        self._tidy_at = _TIDY_FROM

    def ready_at(self, lane: Lane, now: float, *, urgent: bool = False) -> float:
        """See RateLimiter."""
        reserved = self._reserved(lane) if urgent else 0
        starts = [
            reserve(state, now, budget.rate, budget.burst + reserved)[1] for budget, state in self._lane_budgets(lane)
        ]
        pauses = (self._paused_lanes.get(lane, now), self._paused_tokens.get(lane.platform, now))
        return max(now, *pauses, *starts)

    def pause_left(self, token: str, now: float) -> float:
        """See RateLimiter."""
        return max(0.0, self._paused_tokens.get(token, now) - now)

    def reserve(self, token: str, now: float, *, urgent: bool = False) -> float:
        """Reserves one send of a token, first come, first served. Returns the second at which it may start."""
        now = max(now, self._paused_tokens.get(token, now))
        budget = self._tokens.get(token)
        if budget is None:
            return now
        waiting = self._queued_slots.setdefault(token, deque())
        while waiting and waiting[0] <= now:
            waiting.popleft()
        if urgent and waiting:
            self._preempted[token] = self._preempted.get(token, 0) + 1
            return waiting.popleft()
        self._token_states[token], start = reserve(self._token_states.get(token, FULL), now, budget.rate, budget.burst)
        if not urgent:
            waiting.append(start)
        return start

    def was_preempted(self, token: str) -> bool:
        """Returns whether an urgent send took the slot that has come now, so that the caller must reserve again."""
        taken = self._preempted.get(token, 0)
        if taken:
            self._preempted[token] = taken - 1
        return taken > 0

    def record_send(self, lane: Lane, at: float) -> None:
        """See RateLimiter. Takes one send out of the lane's budgets."""
        states = tuple(max(state, at) + 1 / budget.rate for budget, state in self._lane_budgets(lane))
        if states:
            self._lane_states[lane] = states
        if len(self._lane_states) >= self._tidy_at:
            self._tidy(at)

    def pause(self, lane: Lane, until: float, now: float) -> None:
        """See RateLimiter.

        If the token has a limit, too, the platform does not tell which of the two limits was exceeded. So the token is
        paused, too, if another of its lanes is still paused.
        """
        self._paused_lanes = {other: end for other, end in self._paused_lanes.items() if end > now}
        limited = lane.platform in self._tokens
        others = limited and any(other.platform == lane.platform and other != lane for other in self._paused_lanes)
        self._paused_lanes[lane] = until
        if others:
            self.pause_token(lane.platform, until)
            self._on_token_pause(lane.platform, until - now)

    def pause_token(self, token: str, until: float) -> None:
        """Pauses a whole token until a monotonic second."""
        self._paused_tokens[token] = max(until, self._paused_tokens.get(token, until))

    def count_sends(self, lane: Lane, sends: Iterable[float]) -> None:
        """Counts what workers have sent in a lane in the last minute, from its earliest monotonic second to its latest."""
        known = self._lane_states.pop(lane, None)
        for at in sends:
            self.record_send(lane, at)
        if known is not None and (counted := self._lane_states.get(lane, known)):
            self._lane_states[lane] = tuple(map(max, known, counted))

    def record_earlier_sends(
        self, sends: Iterable[tuple[Lane, float]], answers: Iterable[tuple[Lane, float]], now: float
    ) -> None:
        """See RateLimiter. Ignores sends later than `now`.

        Whoever keeps to a budget and sends at a second `at` leaves it with a state of at most `at` + `burst` / `rate`. So
        that state is safe, whatever was sent before.
        """
        earlier = [(at, lane, 0) for lane, at in sends] + [(at, lane, self._reserved(lane)) for lane, at in answers]
        earlier = sorted((send for send in earlier if send[0] <= now), key=lambda send: send[0])
        for at, lane, _ in earlier:
            self.reserve(lane.platform, at)
            self.record_send(lane, at)
        for at, lane, reserved in earlier:
            if budgets := self._lane_budgets(lane):
                self._lane_states[lane] = tuple(
                    max(state, at + (budget.burst + reserved) / budget.rate) for budget, state in budgets
                )

    def _lane_budgets(self, lane: Lane) -> list[tuple[Budget, float]]:
        """Returns the lane's budgets with their states."""
        limit = self._limits.get(lane.platform)
        budgets: list[Budget] = []
        if limit and limit.per_lane:
            budgets.append(Budget(limit.per_lane, limit.burst))
        if limit and limit.per_group_minute and not lane.address.isdecimal():
            # On a platform with a limit for groups, private chats have positive ids, and groups have negative ids or a
            # name. The burst is subtracted from the limit, so that no window of sixty seconds holds more than the limit.
            allowance = limit.per_group_minute - limit.burst - limit.reserved
            budgets.append(Budget(allowance / 60, limit.burst))
        states = self._lane_states.get(lane, (FULL,) * len(budgets))
        return list(zip(budgets, states, strict=True))

    def _reserved(self, lane: Lane) -> int:
        limit = self._limits.get(lane.platform)
        return limit.reserved if limit else 0

    def _tidy(self, now: float) -> None:
        """Removes lanes whose budgets are full again. This changes no later result."""
        self._lane_states = {lane: states for lane, states in self._lane_states.items() if max(states) > now}
        self._tidy_at = max(_TIDY_FROM, 2 * len(self._lane_states))
