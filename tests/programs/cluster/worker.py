"""`paperwire run` as one of several workers. It checks the others more often than usual, so that tests need not wait.

The first argument is a factor for the platform's limits. The second is "quick", "usual" (checks as often as `run`
does), "hasty" (like quick, but waits only one second for requests that are still running) or "keen" (takes others for
stalled after a second). The third is "", or one of PAUSES: where the worker pauses at its first post in the lane
telegram:1, until it gets SIGUSR1. It prints HAS_PAUSED when it does so, and LEAVES when it leaves that lane.
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from bot.cli import run
from bot.delivery import cluster, lane_sender, rate_limits
from bot.delivery.cluster import ClusterEngine
from bot.delivery.job_queue import Times
from bot.delivery.sender import Sender
from bot.platforms.telegram.adapter import TelegramChannel
from bot.ports.channel import Clock, Limits
from subscriptions.model import Lane
from subscriptions.store.database.store import Store

QUICK = Times(beat=0.5, stalled=2.0, poll=0.25, rescue_cron="* * * * * *", sweep_cron="* * * * * */10")
KEEN = replace(QUICK, beat=0.1, stalled=1.0, poll=0.1)
TIMES = {"quick": QUICK, "usual": Times(), "hasty": replace(QUICK, grace=1.0), "keen": KEEN}
HAS_PAUSED, LEAVES = "This worker has paused.", "This worker leaves the lane."
_WATCHED = "1"  # the address of the lane


def _quick(store: Store, clock: Clock, limits: dict[str, Limits], stopping: Callable[[], bool]) -> ClusterEngine:
    return ClusterEngine(
        store,
        clock,
        faster(limits, float(sys.argv[1])),
        stopping=stopping,
        times=TIMES[sys.argv[2]],
    )


def faster(limits: dict[str, Limits], factor: float) -> dict[str, Limits]:
    return {
        name: replace(one, per_second=one.per_second * factor, per_lane=one.per_lane * factor)
        for name, one in limits.items()
    }


class _Pause:
    """A pause of the first post in the lane, until the process gets SIGUSR1."""

    def __init__(self) -> None:
        self._is_over = False

    async def begin(self, address: str) -> None:
        if address == _WATCHED and not self._is_over:
            self._is_over, goes_on = True, asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, goes_on.set)
            print(HAS_PAUSED, flush=True)
            await goes_on.wait()


def _before_it_marks(pause: _Pause) -> None:
    wait = rate_limits.wait_for_send

    async def waited(deps: Any, lane: Lane, **named: Any) -> bool:
        may_send = await wait(deps, lane, **named)
        await pause.begin(lane.address)
        return may_send

    patch.object(lane_sender, "wait_for_send", waited).start()


def _before_it_posts(pause: _Pause) -> None:
    post = TelegramChannel.post

    async def posted(channel: TelegramChannel, chat: Any, *args: Any, **named: Any) -> str:
        await pause.begin(chat.address)
        return await post(channel, chat, *args, **named)

    patch.object(TelegramChannel, "post", posted).start()


PAUSES: dict[str, Callable[[_Pause], None]] = {
    "before it marks the message": _before_it_marks,
    "before it posts the message": _before_it_posts,
}


def _says_when_it_leaves() -> None:
    deliver = Sender.deliver_lane

    async def delivered(sender: Sender, state: Any, lane: Lane) -> None:
        try:
            await deliver(sender, state, lane)
        finally:
            if lane.address == _WATCHED:
                print(LEAVES, flush=True)

    patch.object(Sender, "deliver_lane", delivered).start()


if __name__ == "__main__":
    vars(cluster)["ClusterEngine"] = _quick  # bot.app makes the engine by this name
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    _says_when_it_leaves()
    if sys.argv[3]:
        PAUSES[sys.argv[3]](_Pause())
    sys.exit(run(["run", *sys.argv[4:]]))
