"""How fast messages may be posted: limits of a token, a lane and a group; replies go first.

A lane may begin `burst` posts in any `burst` / `per_lane` seconds, a group `per_group_minute` posts in any minute.
Posts with one token are spread evenly. A token is named by its platform.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from math import inf
from weakref import WeakValueDictionary

from bot.ports.channel import Clock, Limits
from subscriptions.model import Lane

MINUTE = 60.0


class Pace:
    """The budgets of one process. All seconds are those of the clock's monotonic time."""

    def __init__(self, clock: Clock, limits: Mapping[str, Limits]) -> None:
        self._clock = clock
        self._limits = defaultdict(Limits, limits)
        # when the last posts of a lane began, the earliest first; the lane that posted last is the last
        self._begun: dict[Lane, deque[float]] = {}
        self._next_of_token = defaultdict[str, float](float)  # from when on the next post with a token may begin
        self._replies: Counter[str] = Counter()  # token → replies that wait for it
        self._paused: dict[Lane | str, float] = {}  # a lane or a token → end of its pause
        self._posting: WeakValueDictionary[Lane, asyncio.Lock] = WeakValueDictionary()

    def posting(self, lane: Lane) -> asyncio.Lock:
        """Returns the lock of a lane.

        Who posts there holds it, so that deliveries and replies come one after another.
        """
        return self._posting.setdefault(lane, asyncio.Lock())

    async def slot(self, lane: Lane, *, urgent: bool = False, patience: float = inf) -> bool:
        """Waits until a post in this lane may begin now, and counts it.

        Returns False, and counts nothing, if its platform demands a pause of more than `patience` seconds. `urgent`
        posts are replies to people: they go before deliveries, and a part of a group's limit is reserved for them.
        """
        token, limit = lane.platform, self._limits[lane.platform]
        gap = 1 / limit.per_second if limit.per_second else 0.0
        while (pause := self.pause_left(lane)) <= patience:
            wait = max(pause, self.wait_of_lane(lane, urgent=urgent))
            is_reply_at_token = urgent and not wait
            if not wait:
                wait = self._left(self._next_of_token[token])
                if self._replies[token] and not urgent:
                    wait += gap  # the replies take the next slots
            if not wait:
                now = self._clock.monotonic()
                self._next_of_token[token] = now + gap
                self._count(lane, now, max(limit.burst, limit.per_group_minute))
                return True
            self._replies[token] += is_reply_at_token
            try:
                await self._clock.sleep(wait)
            finally:
                self._replies[token] -= is_reply_at_token
        return False

    def _count(self, lane: Lane, now: float, most: int) -> None:
        """Counts a post, and forgets lanes whose posts are too old to count."""
        begun = self._begun[lane] = self._begun.pop(lane, deque(maxlen=most))
        begun.append(now)
        while (first := next(iter(self._begun))) and self._begun[first][-1] + MINUTE < now:
            del self._begun[first]

    def begins(self, lane: Lane) -> None:
        """Notes that the post for which the caller took a slot begins only now, and not when it got the slot."""
        if lane in self._begun:
            self._begun[lane][-1] = self._clock.monotonic()

    def wait_of_lane(self, lane: Lane, *, urgent: bool = False) -> float:
        """Returns for how many seconds the limits of the lane allow no further post, whatever its token allows."""
        limit, begun, free = self._limits[lane.platform], self._begun.get(lane, ()), 0.0
        if limit.per_lane and len(begun) >= limit.burst:
            free = begun[-limit.burst] + limit.burst / limit.per_lane
        most = limit.per_group_minute - (0 if urgent else limit.reserved)
        is_group = not lane.address.isdecimal()  # private chats have positive ids
        if limit.per_group_minute and is_group and len(begun) >= most:
            free = max(free, begun[-most] + MINUTE)
        return self._left(free)

    def pause_left(self, lane: Lane) -> float:
        """Returns the seconds that are left of a pause of the lane or of its token."""
        return max(self._left(self._paused.get(lane, 0.0)), self.token_pause_left(lane.platform))

    def token_pause_left(self, platform: str) -> float:
        """Returns the seconds that are left of a pause of the whole token."""
        return self._left(self._paused.get(platform, 0.0))

    def pause(self, lane: Lane, seconds: float) -> None:
        """Pauses a lane, because its platform demanded it.

        If the token has a limit, too, it is unknown which of the two limits was exceeded. So if another lane of the
        token is still paused, the whole token is paused.
        """
        token, end = lane.platform, self._clock.monotonic() + seconds
        self._paused = {one: until for one, until in self._paused.items() if self._left(until)}
        others = any(isinstance(one, Lane) and one != lane and one.platform == token for one in self._paused)
        self._paused[lane] = end
        if others and self._limits[token].per_second:
            self._paused[token] = max(end, self._paused.get(token, 0.0))

    def _left(self, until: float) -> float:
        return max(0.0, until - self._clock.monotonic())
