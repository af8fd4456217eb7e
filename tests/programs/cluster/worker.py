"""`paperwire run` as one of several workers. It checks the others more often than usual, so that tests need not wait.

The first argument is a factor for the platform's limits. The second is "quick", "usual" (checks as often as `run`
does) or "hasty" (like quick, but waits only one second for requests that are still running).
"""

import sys
from collections.abc import Callable
from dataclasses import replace

from bot.cli import run
from bot.delivery import cluster
from bot.delivery.cluster import ClusterEngine
from bot.delivery.job_queue import Times
from bot.ports.channel import Clock, Limits
from subscriptions.store.database.store import Store

QUICK = Times(beat=0.5, stalled=2.0, poll=0.25, rescue_cron="* * * * * *", sweep_cron="* * * * * */10")
TIMES = {"quick": QUICK, "usual": Times(), "hasty": replace(QUICK, grace=1.0)}


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


if __name__ == "__main__":
    vars(cluster)["ClusterEngine"] = _quick  # bot.app makes the engine by this name
    sys.exit(run(["run", *sys.argv[3:]]))
