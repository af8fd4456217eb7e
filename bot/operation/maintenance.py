"""The daily maintenance, and the files of the database: how large they are, and how old its copies."""

from datetime import UTC, datetime
from pathlib import Path

from bot.context.database import backup_folder
from bot.context.writing import UnderWay
from bot.ports.channel import Clock
from bot.settings import Settings
from subscriptions.service.chats.retention import claim_copy, claim_daily_work, clean_up_steps, copied
from subscriptions.service.planner.kept_queries import remove_query_file
from subscriptions.store import READS, WRITES, Steps, Store

_REPLACED = "replaced-"  # a database that `restore` put aside, which may be damaged, is no copy


def file_sizes(store: Store) -> dict[str, int]:
    """Returns the sizes of the database's files in bytes; a file that is not there is left out. A server keeps its own."""
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
    except OSError:  # it may have been removed meanwhile, as the oldest copy is
        return None, None
    return found.st_size, found.st_mtime


SECONDS_OF_A_TICK = 0.1  # of a second: the rest is for planning and sending


def daily_maintenance(store: Store, settings: Settings, *, now: datetime) -> Steps[None]:
    """Erases data whose retention is over, and makes the day's backup; nothing holds the database between two steps.

    Further calls on the same day do nothing, also from other processes. Raises StoreError. A copy that could not be made
    is due again an hour later.
    """
    yield WRITES
    if claim_daily_work(store, now=now):
        for _ in clean_up_steps(store, now=now, papers=settings.keep_papers):
            yield WRITES
        remove_query_file(store)
    if store.kind.file is not None and claim_copy(store, now=now):  # of a server its operator makes copies
        yield READS
        store.copy_into(backup_folder(settings, store), "daily", now)
        yield WRITES
        copied(store, now=now)


async def proceed(work: UnderWay[None], clock: Clock) -> bool:
    """Takes steps for SECONDS_OF_A_TICK. Returns whether some are left."""
    end = clock.monotonic() + SECONDS_OF_A_TICK
    while await work.step():
        if clock.monotonic() >= end:
            return True
    return False
