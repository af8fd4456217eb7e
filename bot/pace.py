"""How fast people may give commands and messages may be posted: limits of a chat, a person, a token, a lane, a group.

A lane may begin `burst` posts in any `burst` / `per_lane` seconds, a group `per_group_minute` posts in any minute.
Posts with one token are spread evenly; replies go first. A token is named by its platform. All seconds are those of the
clock's monotonic time.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import inf
from weakref import WeakValueDictionary

from bot.clock import Clock
from bot.messages import Request
from subscriptions.model import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many messages a platform lets us send in which time. By default, any number."""

    per_second: float = 0  # messages per second with one token; 0: no limit
    per_lane: float = 0  # messages per second in one lane; 0: no limit
    per_group_minute: int = 0  # messages per minute in one group or channel; 0: no limit
    burst: int = 1  # messages that one lane may send at once, and the most in any `burst` / `per_lane` seconds
    reserved: int = 0  # messages of `per_group_minute` that are reserved for replies to people


MINUTE = 60.0
MAX_OF_CHAT = 20  # commands per minute; every platform lets a bot write at least this many messages into a group
MAX_OF_PERSON = 10  # commands per minute of one person in a chat with others


class LastMinute:
    """Counts what happened in the last minute, by key.

    One thread counts while others read, so the seconds of a key are a tuple, which is replaced and never changed.
    """

    def __init__(self) -> None:
        self._seconds: dict[Hashable, tuple[float, ...]] = {}  # the key that was counted last is the last

    def of(self, key: Hashable, now: float) -> tuple[float, ...]:
        """Return when it happened in the last minute, the earliest first."""
        return tuple(second for second in self._seconds.get(key, ()) if second > now - MINUTE)

    def count(self, key: Hashable, now: float, most: int) -> None:
        """Count once more. Keep only the last `most` seconds of a key, and forgets keys that were long not counted."""
        counted = (*self.of(key, now), now)[-most:]
        self._seconds.pop(key, None)
        self._seconds[key] = counted
        while not self.of(first := next(iter(self._seconds)), now):
            del self._seconds[first]

    def move_last(self, key: Hashable, now: float) -> None:
        """Note that what was counted last happened only now."""
        self._seconds[key] = (*self._seconds.get(key, ())[:-1], now)


class CommandLimits:
    """Limits the commands per minute: counts those that were not refused."""

    def __init__(self) -> None:
        self._given = LastMinute()
        self._told: dict[tuple[str, str], float] = {}  # (chat, person) → until when the person is not told again

    def wait(self, request: Request, second: float) -> float:
        """Return the seconds until the sender may give the next command here; 0 if that is now."""
        chat, most_of_person = str(request.chat), MAX_OF_CHAT if request.place.is_private else MAX_OF_PERSON
        for key, most in (((chat, request.sender), most_of_person), (chat, MAX_OF_CHAT)):
            given = self._given.of(key, second)
            if len(given) >= most and not request.is_local:
                return given[-most] + MINUTE - second
        return 0.0

    def count(self, request: Request, second: float) -> None:
        """Count a command that was not refused."""
        for key in (str(request.chat), (str(request.chat), request.sender)):
            self._given.count(key, second, MAX_OF_CHAT)

    def tells(self, request: Request, second: float) -> bool:
        """Return whether to tell the sender that a command was refused. If so, notes that the sender is told.

        A sender is told only once until the next command can be read. So one notice is about all refused commands until
        then.
        """
        self._told = {who: until for who, until in self._told.items() if until > second}
        who = (str(request.chat), request.sender)
        if who in self._told:
            return False
        self._told[who] = second + self.wait(request, second)
        return True


class Pace:
    """The budgets of one process for posts."""

    def __init__(self, clock: Clock, limits: Mapping[str, Limits]) -> None:
        self._clock = clock
        self._limits = defaultdict(Limits, limits)
        self._begun = LastMinute()  # posts of lanes
        self._next_of_token = defaultdict[str, float](float)  # from when on the next post with a token may begin
        self._replies: Counter[str] = Counter()  # token → replies that wait for it
        self._paused: dict[Lane | str, float] = {}  # a lane or a token → end of its pause
        self._posting: WeakValueDictionary[Lane, asyncio.Lock] = WeakValueDictionary()

    def posting(self, lane: Lane) -> asyncio.Lock:
        """Return the lock of a lane.

        Who posts there holds it, so that deliveries and replies come one after another.
        """
        return self._posting.setdefault(lane, asyncio.Lock())

    async def slot(self, lane: Lane, *, urgent: bool = False, patience: float = inf) -> bool:
        """Wait until a post in this lane may begin now, and count it.

        Return False, and count nothing, if its platform demands a pause of more than `patience` seconds. `urgent`
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
                self._begun.count(lane, now, max(limit.burst, limit.per_group_minute))
                return True
            self._replies[token] += is_reply_at_token
            try:
                await self._clock.sleep(wait)
            finally:
                self._replies[token] -= is_reply_at_token
        return False

    def begins(self, lane: Lane) -> None:
        """Note that the post for which the caller took a slot begins only now, and not when it got the slot."""
        self._begun.move_last(lane, self._clock.monotonic())

    def wait_of_lane(self, lane: Lane, *, urgent: bool = False) -> float:
        """Return for how many seconds the limits of the lane allow no further post, even if its token does."""
        limit, begun, free = self._limits[lane.platform], self._begun.of(lane, self._clock.monotonic()), 0.0
        if limit.per_lane and len(begun) >= limit.burst:
            free = begun[-limit.burst] + limit.burst / limit.per_lane
        most = limit.per_group_minute - (0 if urgent else limit.reserved)
        is_group = not lane.address.isdecimal()  # private chats have positive ids
        if limit.per_group_minute and is_group and len(begun) >= most:
            free = max(free, begun[-most] + MINUTE)
        return self._left(free)

    def pause_left(self, lane: Lane) -> float:
        """Return the seconds that are left of a pause of the lane or of its token."""
        return max(self._left(self._paused.get(lane, 0.0)), self.token_pause_left(lane.platform))

    def token_pause_left(self, platform: str) -> float:
        """Return the seconds that are left of a pause of the whole token."""
        return self._left(self._paused.get(platform, 0.0))

    def pause(self, lane: Lane, seconds: float) -> None:
        """Pause a lane, because its platform demanded it.

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
