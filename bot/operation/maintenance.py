"""The daily maintenance: copies of the database, and what is no longer needed; when the newest copy is too old, how much time this takes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic

from bot.ports.channel import Clock
from bot.settings import Settings
from bot.settings.opening import backup_folder
from subscriptions.service import retention
from subscriptions.store.database.store import Store

OLDEST_COPY = timedelta(days=2)  # if the newest copy is older, that is a problem
_REPLACED = "replaced-"  # prefix of a database that `restore` replaced: it may be damaged, so it is no copy


def file_sizes(store: Store) -> dict[str, int]:
    """Returns the size in bytes of each existing file of the database; an empty dict for a database server."""
    if store.kind.file is None:
        return {}
    paths = {"database": store.path, "wal": store.path.with_name(f"{store.path.name}-wal")}
    return {name: size for name, path in paths.items() if (size := _stat(path)[0]) is not None}


def copy_times(folder: Path) -> list[datetime]:
    """Returns when each copy of the database in a folder was written, by the machine's clock."""
    written = [_stat(path)[1] for path in folder.glob("*.db") if not path.name.startswith(_REPLACED)]
    return [datetime.fromtimestamp(at, UTC) for at in written if at is not None]


def _stat(path: Path) -> tuple[int, float] | tuple[None, None]:
    try:
        found = path.stat()
    except OSError:  # the file may have been removed meanwhile, like the oldest copy
        return None, None
    return found.st_size, found.st_mtime


WORKS_FOR = 0.1  # the part of the time in which the daily maintenance works, so that it holds up nobody


async def in_its_thread(store: Store, settings: Settings, clock: Clock, *, pause: Callable[[float], bool]) -> None:
    """Does `daily_maintenance` in a thread of its own, since it rests between its transactions."""
    with ThreadPoolExecutor(1, "paperwire-maintenance") as thread:
        work = partial(daily_maintenance, store, settings, clock, pause=pause)
        await asyncio.get_running_loop().run_in_executor(thread, work)


def daily_maintenance(
    store: Store, settings: Settings, clock: Clock, *, pause: Callable[[float], bool] = lambda _: False
) -> None:
    """Erases data whose retention time is over, and makes the day's copy.

    Between two short transactions it calls `pause`, which waits for so many seconds, and returns True if the process
    stops and nothing more must be done. Further calls on the same day do nothing, even in other processes. A copy that failed is tried again after an hour.
    Raises StoreError.
    """
    now, began = clock.now(), monotonic()  # a pause is real time, whatever `clock` says
    if retention.claim_daily_work(store, now=now):
        for _ in retention.clean_up_steps(store, now=now, papers=settings.keep.papers):
            if pause((monotonic() - began) * (1 / WORKS_FOR - 1)):
                return
            began = monotonic()
    # the operator of a server makes its copies
    if store.kind.file is not None and retention.claim_copy(store, now=now):
        store.copy_into(backup_folder(settings, store), "daily", now)
        retention.copied(store, now=now)
