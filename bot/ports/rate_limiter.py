"""The rate limits of tokens, lanes and groups: when the next message may be sent, and how much is left for replies.

For a lane, the times of its last sends are kept: at most `burst` sends may start within any `burst` / `per_lane`
seconds. Tokens and groups use GCRA (the generic cell rate algorithm). GCRA keeps only one number, the "theoretical
arrival time": the second at which the budget is full again. GCRA is not used for lanes, because it allows more sends
directly after a burst. Everything here is arithmetic with monotonic seconds that the caller passes; nothing sleeps or
reads a clock.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from math import inf
from typing import NamedTuple

from bot.ports.channel import Limits
from subscriptions.model import Lane

FULL = -inf  # the state of a budget that is full
_TIDY_FROM = 4096  # number of lanes from which on idle lanes are removed


def reserve(state: float, now: float, rate: float, burst: int = 1) -> tuple[float, float]:
    """Takes one send out of a budget. Returns (the new state, the second at which the send may start).

    `rate` is in sends per second. After a pause, `burst` sends may start at once.
    Any closed window of w seconds then holds at most `burst` + `rate` * w starts (ITU-T I.371, GCRA).
    """
    gap = 1 / rate
    start = max(now, state - (burst - 1) * gap)
    return max(state, start) + gap, start


class LaneState(NamedTuple):
    """What a lane has used of its budgets."""

    starts: tuple[float, ...] = ()  # the last `burst` starts, the earliest first
    minute: float = FULL  # only for a group: the state of its budget per minute


class RateLimiter:
    """Says when a lane may send. Holds the budgets of one process: one for each token, and one or two for each lane.

    A sender first calls `ready_at` for its lane, which reserves nothing; then `reserve` for its token, which reserves a
    slot; then `record_send` when the send starts. So a lane that has to wait does not hold a slot of the token that
    other lanes could use. `ready_at` need not reserve anything, because a lane has only one sender at a time. A token
    is named by its platform.

    Replies to people are urgent. In a group, they may use a reserved part of the budget per minute. From the token,
    they take the next slot that a waiting sender has reserved; `was_preempted` tells that sender to reserve again. So a
    reply waits for only one slot, even if many deliveries wait.
    """

    def __init__(self, limits: Mapping[str, Limits]) -> None:
        self._tokens = {platform: limit.per_second for platform, limit in limits.items() if limit.per_second}
        self._limits = dict(limits)
        self._token_states: dict[str, float] = {}
        self._queued_slots: dict[str, deque[float]] = {}  # token -> future slots of sends that are not urgent
        # token -> number of slots that replies took from senders that do not know it yet
        self._preempted: dict[str, int] = {}
        self._lane_states: dict[Lane, LaneState] = {}
        self._paused_lanes: dict[Lane, float] = {}
        self._paused_tokens: dict[str, float] = {}
        self._tidy_at = _TIDY_FROM

    def ready_at(self, lane: Lane, now: float, *, urgent: bool = False) -> float:
        """Returns the monotonic second at which the lane may send its next message. Considers pauses of its token, too.

        A part of a group's budget is reserved for `urgent` messages, which are replies to people.
        """
        pauses = (self._paused_lanes.get(lane, now), self._paused_tokens.get(lane.platform, now))
        limit, state = self._limits.get(lane.platform), self._lane_states.get(lane)
        if limit is None or state is None:
            return max(now, *pauses)
        free = state.starts[0] + _window(limit) if len(state.starts) == limit.burst else now
        burst = limit.burst + (limit.reserved if urgent else 0)
        _, minute = reserve(state.minute, now, _group_rate(lane, limit), burst)
        return max(now, *pauses, free, minute)

    def pause_left(self, token: str, now: float) -> float:
        """Returns the seconds that are left of a pause of the whole token; 0 if it is not paused."""
        return max(0.0, self._paused_tokens.get(token, now) - now)

    def reserve(self, token: str, now: float, *, urgent: bool = False) -> float:
        """Reserves one send of a token. Returns the second at which it may start. The first caller gets the first slot."""
        now = max(now, self._paused_tokens.get(token, now))
        rate = self._tokens.get(token)
        if rate is None:
            return now
        waiting = self._queued_slots.setdefault(token, deque())
        while waiting and waiting[0] <= now:
            waiting.popleft()
        if urgent and waiting:
            self._preempted[token] = self._preempted.get(token, 0) + 1
            return waiting.popleft()
        self._token_states[token], start = reserve(self._token_states.get(token, FULL), now, rate)
        if not urgent:
            waiting.append(start)
        return start

    def was_preempted(self, token: str) -> bool:
        """Returns whether an urgent send has taken the caller's slot, so that the caller must reserve again."""
        taken = self._preempted.get(token, 0)
        if taken:
            self._preempted[token] = taken - 1
        return taken > 0

    def record_send(self, lane: Lane, at: float) -> None:
        """Records that a send in the lane starts at the monotonic second `at`, and takes it out of the lane's budgets."""
        limit, (starts, minute) = self._limits.get(lane.platform), self._lane_states.get(lane, LaneState())
        if limit is None:
            return
        starts = tuple(sorted((*starts, at))[-limit.burst :]) if limit.per_lane else ()
        self._lane_states[lane] = LaneState(starts, max(minute, at) + 1 / _group_rate(lane, limit))
        if len(self._lane_states) >= self._tidy_at:
            self._tidy(at)

    def pause(self, lane: Lane, until: float, now: float) -> None:
        """Pauses the lane until a monotonic second, because the platform demanded it.

        If the token also has a limit, it is unknown which of the two limits was exceeded. So if another lane of the
        token is still paused, the whole token is paused, too.
        """
        self._paused_lanes = {other: end for other, end in self._paused_lanes.items() if end > now}
        limited = lane.platform in self._tokens
        others = limited and any(other.platform == lane.platform and other != lane for other in self._paused_lanes)
        self._paused_lanes[lane] = until
        if others:
            self.pause_token(lane.platform, until)

    def pause_token(self, token: str, until: float) -> None:
        """Pauses a whole token until a monotonic second."""
        self._paused_tokens[token] = max(until, self._paused_tokens.get(token, until))

    def record_earlier_sends(
        self, sends: Iterable[tuple[Lane, float]], answers: Iterable[tuple[Lane, float]], now: float
    ) -> None:
        """Records the deliveries (`sends`) and replies (`answers`) that earlier processes began, as (lane, monotonic second).

        Ignores sends later than `now`. If a message was tried several times, only the last attempt is known. So this
        method assumes the worst case: that the lane has used up its burst at the second `at` of each known send. This
        is safe: if a sender kept the limits, the group's budget per minute is full again at `at` + `burst` / `rate` or
        earlier.
        """
        earlier = [(at, lane, False) for lane, at in sends] + [(at, lane, True) for lane, at in answers]
        earlier = sorted((send for send in earlier if send[0] <= now), key=lambda send: send[0])
        for at, lane, _ in earlier:
            self.reserve(lane.platform, at)
            self.record_send(lane, at)
        for at, lane, urgent in earlier:
            if limit := self._limits.get(lane.platform):
                burst = limit.burst + (limit.reserved if urgent else 0)
                minute = max(self._lane_states[lane].minute, at + burst / _group_rate(lane, limit))
                self._lane_states[lane] = LaneState((at,) * limit.burst if limit.per_lane else (), minute)

    def _tidy(self, now: float) -> None:
        """Removes lanes whose budgets are full again, since unknown lanes count as having full budgets."""
        self._lane_states = {
            lane: state
            for lane, state in self._lane_states.items()
            if state.minute > now or (state.starts and state.starts[-1] + _window(self._limits[lane.platform]) > now)
        }
        self._tidy_at = max(_TIDY_FROM, 2 * len(self._lane_states))


def _window(limit: Limits) -> float:
    """Returns the number of seconds in which a lane may send at most its burst."""
    return limit.burst / limit.per_lane


def _group_rate(lane: Lane, limit: Limits) -> float:
    """Returns how many messages per second a group may get; infinity for private chats, which have positive ids.

    The burst is subtracted from the limit per minute, so that no window of sixty seconds contains more messages.
    """
    if not limit.per_group_minute or lane.address.isdecimal():
        return inf
    return (limit.per_group_minute - limit.burst - limit.reserved) / 60
