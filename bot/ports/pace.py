"""How fast messages may be posted: limits of a token, a lane and a group, pauses that a platform demands; replies go first.

A lane may begin `burst` posts in any `burst` / `per_lane` seconds, a group `per_group_minute` posts in any minute. Posts
with one token are spread evenly. A token is named by its platform.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping
from math import inf
from weakref import WeakValueDictionary

from bot.ports.channel import Clock, Limits
from subscriptions.model import Lane

MINUTE = 60.0
_TIDY_FROM = 4096  # number of lanes from which on idle lanes are removed


class Pace:
    """The budgets of one process. All seconds are those of the clock's monotonic time."""

    def __init__(self, clock: Clock, limits: Mapping[str, Limits]) -> None:
        self._clock = clock
        self._limits = dict(limits)
        self._begun: dict[Lane, deque[float]] = {}  # when the last posts of a lane began, the earliest first
        self._next_of_token: dict[str, float] = {}  # from when on the next post with a token may begin
        self._replies: Counter[str] = Counter()  # token → replies that wait for it
        self._paused_lanes: dict[Lane, float] = {}  # lane → end of its pause
        self._paused_tokens: dict[str, float] = {}
        self._posting: WeakValueDictionary[Lane, asyncio.Lock] = WeakValueDictionary()
        self._tidy_at = _TIDY_FROM

    def posting(self, lane: Lane) -> asyncio.Lock:
        """Returns the lock of a lane. Who posts there holds it, so that deliveries and replies come one after another."""
        return self._posting.setdefault(lane, asyncio.Lock())

    async def slot(self, lane: Lane, *, urgent: bool = False, patience: float = inf) -> bool:
        """Waits until a post in this lane may begin now, and counts it.

        Returns False, and counts nothing, if its platform demands a pause of more than `patience` seconds. `urgent` posts
        are replies to people: they go before deliveries, and a part of a group's limit is reserved for them.
        """
        while True:
            if (wait := max(self.pause_left(lane), self.wait_of_lane(lane, urgent=urgent))) > 0:
                if self.pause_left(lane) > patience:
                    return False
                await self._clock.sleep(wait)
            elif (wait := self._wait_of_token(lane.platform, urgent=urgent)) > 0:
                await self._sleep_for_token(lane.platform, wait, urgent=urgent)
            else:
                self._count(lane)
                return True

    async def _sleep_for_token(self, platform: str, seconds: float, *, urgent: bool) -> None:
        self._replies[platform] += urgent
        try:
            await self._clock.sleep(seconds)
        finally:
            self._replies[platform] -= urgent

    def begins(self, lane: Lane) -> None:
        """Notes that the post for which the caller took a slot begins only now, and not when it got the slot."""
        if lane in self._begun:
            self._begun[lane][-1] = self._clock.monotonic()

    def wait_of_lane(self, lane: Lane, *, urgent: bool = False) -> float:
        """Returns for how many seconds the limits of the lane allow no further post, whatever its token allows."""
        limit, begun = self._limits.get(lane.platform), self._begun.get(lane)
        if limit is None or not begun:
            return 0.0
        free = (
            begun[-limit.burst] + limit.burst / limit.per_lane if limit.per_lane and len(begun) >= limit.burst else 0.0
        )
        most = _most_in_a_minute(lane, limit, urgent=urgent)
        if most and len(begun) >= most:
            free = max(free, begun[-most] + MINUTE)
        return max(0.0, free - self._clock.monotonic())

    def pause_left(self, lane: Lane) -> float:
        """Returns the seconds that are left of a pause of the lane or of its token."""
        until = max(self._paused_lanes.get(lane, 0.0), self._paused_tokens.get(lane.platform, 0.0))
        return max(0.0, until - self._clock.monotonic())

    def token_pause_left(self, platform: str) -> float:
        """Returns the seconds that are left of a pause of the whole token."""
        return max(0.0, self._paused_tokens.get(platform, 0.0) - self._clock.monotonic())

    def pause(self, lane: Lane, seconds: float) -> None:
        """Pauses a lane, because its platform demanded it.

        If the token has a limit, too, it is unknown which of the two limits was exceeded. So if another lane of the
        token is still paused, the whole token is paused.
        """
        now = self._clock.monotonic()
        self._paused_lanes = {other: end for other, end in self._paused_lanes.items() if end > now}
        others = any(other.platform == lane.platform and other != lane for other in self._paused_lanes)
        self._paused_lanes[lane] = now + seconds
        if others and self._limits[lane.platform].per_second:
            ends = self._paused_tokens.get(lane.platform, 0.0)
            self._paused_tokens[lane.platform] = max(now + seconds, ends)

    def _wait_of_token(self, platform: str, *, urgent: bool) -> float:
        wait = max(0.0, self._next_of_token.get(platform, 0.0) - self._clock.monotonic())
        if not urgent and self._replies[platform]:
            return wait + self._gap(platform)  # the replies take the next slots
        return wait

    def _gap(self, platform: str) -> float:
        limit = self._limits.get(platform)
        return 1 / limit.per_second if limit and limit.per_second else 0.0

    def _count(self, lane: Lane) -> None:
        limit, now = self._limits.get(lane.platform), self._clock.monotonic()
        if limit is None:
            return
        self._next_of_token[lane.platform] = max(now, self._next_of_token.get(lane.platform, 0.0)) + self._gap(
            lane.platform
        )
        kept = max(limit.burst, limit.per_group_minute)
        self._begun.setdefault(lane, deque(maxlen=kept)).append(now)
        if len(self._begun) >= self._tidy_at:
            self._begun = {one: begun for one, begun in self._begun.items() if begun[-1] + MINUTE > now}
            self._tidy_at = max(_TIDY_FROM, 2 * len(self._begun))


def _most_in_a_minute(lane: Lane, limit: Limits, *, urgent: bool) -> int:
    """Returns how many posts a group may get in a minute; 0: no limit. Private chats have positive ids."""
    if not limit.per_group_minute or lane.address.isdecimal():
        return 0
    return limit.per_group_minute - (0 if urgent else limit.reserved)
