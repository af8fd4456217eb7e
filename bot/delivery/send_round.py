"""One drain of the outbox: which lanes run, how many at once, what they sent, and which platforms have stopped."""

import asyncio
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from bot.clock import Clock
from subscriptions.model import Lane

# most lanes of one platform that run at the same time; a limit for each platform, so that none waits for another
CONCURRENCY = 10
SEVERAL_REFUSE = "Several chats refuse messages, so only one is tried for now."

# sends in a lane; returns after how many seconds it goes on, 0: it is done
Deliver = Callable[[Lane], Awaitable[float]]


@dataclass(slots=True, eq=False)
class SendRound:
    """Runs lanes in the order in which they were woken. In a drain, all of them send what is due."""

    clock: Clock
    is_stopping: Callable[[], bool] = lambda: False
    stopped: dict[str, str] = field(default_factory=dict)  # platform → why nothing is sent
    # platform that is stopped because its chats refuse → the lane that is tried, if any
    probes: dict[str, Lane | None] = field(default_factory=dict)
    # lanes of operators, who hear of it although the chats of their platform refuse
    exempt: set[Lane] = field(default_factory=set)
    planned: int = 0  # planned deliveries
    sent: int = 0  # deliveries that were sent
    papers: int = 0  # papers that these show
    lanes: set[Lane] = field(default_factory=set)  # lanes in which this drain had something to do
    has_doubts: bool = False  # a chat refused, of which it is in doubt whether it is gone
    store_failed: bool = False  # the database cannot be used, so every lane stops
    rendering: asyncio.Lock = field(default_factory=asyncio.Lock)  # held by the lane that renders for all lanes
    # platform → its lanes that wait, in their order
    _waiting: defaultdict[str, OrderedDict[Lane, None]] = field(default_factory=lambda: defaultdict(OrderedDict))
    _running: set[Lane] = field(default_factory=set)
    _again: set[Lane] = field(default_factory=set)  # lanes that were woken while they ran
    _resting: dict[Lane, asyncio.Task[None]] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def is_stopped(self, lane: Lane) -> bool:
        """Return whether nothing is sent in this lane."""
        reason = self.stopped.get(lane.platform)
        if reason == SEVERAL_REFUSE:
            return lane not in self.exempt and lane != self.probes.get(lane.platform)
        return reason is not None

    def doubt(self, platform: str, probe: Lane | None) -> None:
        """Stop a platform whose chats refuse, but for one lane that is tried."""
        self.stopped[platform], self.probes[platform] = SEVERAL_REFUSE, probe
        self.wake([probe] if probe else [])

    def believe(self, platform: str) -> bool:
        """Go on with a platform that was stopped because its chats refused. Return False if it was not."""
        if platform not in self.probes:
            return False
        del self.probes[platform]
        self.stopped.pop(platform, None)
        return True

    def wake(self, lanes: Iterable[Lane]) -> None:
        """Make lanes run. A lane that is running runs again afterwards; one that rests goes on when its rest ends."""
        for lane in lanes:
            self.lanes.add(lane)
            if lane in self._running:
                self._again.add(lane)
            elif lane not in self._resting:
                self._queue(lane)
        self._changed.set()

    async def run(self, deliver: Deliver) -> None:
        """Run lanes until none waits, runs or rests. If the process is stopping, does not wait for resting lanes.

        An error in one lane does not cancel the others, since the messages that they are sending would become unclear.
        All errors are raised at the end, as an ExceptionGroup.
        """
        errors: list[Exception] = []
        async with asyncio.TaskGroup() as group:
            while any(self._waiting.values()) or self._running or (self._resting and not self.is_stopping()):
                for lane in self._next_lanes():
                    self._running.add(lane)
                    group.create_task(self._run_lane(lane, deliver, errors))
                self._changed.clear()
                await self._changed.wait()
        for rest in self._resting.values():
            rest.cancel()
        if errors:
            raise ExceptionGroup("lanes that failed", errors)

    def _next_lanes(self) -> list[Lane]:
        """Remove from the waiting lanes those that can run now, and return them: the first ones of each platform."""
        running = Counter(lane.platform for lane in self._running)
        return [
            waiting.popitem(last=False)[0]
            for platform, waiting in self._waiting.items()
            for _ in range(min(len(waiting), CONCURRENCY - running[platform]))
        ]

    def _queue(self, lane: Lane) -> None:
        self._waiting[lane.platform][lane] = None

    async def _run_lane(self, lane: Lane, deliver: Deliver, errors: list[Exception]) -> None:
        seconds = 0.0
        try:
            seconds = await deliver(lane)
        except Exception as error:  # noqa: BLE001 - the other lanes must go on
            errors.append(error)
        finally:
            self._running.discard(lane)
            if seconds:
                self._resting[lane] = asyncio.create_task(self._rest(lane, seconds))
            elif lane in self._again:
                self._queue(lane)
            self._again.discard(lane)
            self._changed.set()

    async def _rest(self, lane: Lane, seconds: float) -> None:
        await self.clock.sleep(seconds)
        del self._resting[lane]
        self._queue(lane)
        self._changed.set()
