"""`paperwire run` as one worker of several that looks after the others more often, so that a test need not wait for long.

The first argument is a factor of the platform's limits, the second one "quick"; "usual" for one that looks as often as `run` does; or
"hasty" for a quick one that waits a second only for what is on its way.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace

import bot.app
from bot.cli import run
from bot.delivery.cluster import ClusterEngine
from bot.delivery.job_queue import Times
from bot.ports.channel import Clock, Limits
from subscriptions.store.database.store import Store

QUICK = Times(beat=0.5, stalled=2.0, poll=0.25, rescue_cron="* * * * * *", sweep_cron="* * * * * */10")
TIMES = {"quick": QUICK, "usual": Times(), "hasty": replace(QUICK, grace=1.0)}


def _quick(store: Store, clock: Clock, limits: Mapping[str, Limits], stopping: Callable[[], bool]) -> ClusterEngine:
    return ClusterEngine(
        store,
        clock,
        faster(limits, float(sys.argv[1])),
        stopping=stopping,
        times=TIMES[sys.argv[2]],
    )


def faster(limits: Mapping[str, Limits], factor: float) -> dict[str, Limits]:
    return {
        name: replace(one, per_second=one.per_second * factor, per_lane=one.per_lane * factor)
        for name, one in limits.items()
    }


if __name__ == "__main__":
    vars(bot.app)["_cluster"] = _quick
    sys.exit(run(["run", *sys.argv[3:]]))
