"""The daily maintenance: erases data whose retention is over, and makes a backup of the database."""

from datetime import datetime

from bot.context.database import backup_folder
from bot.context.writing import UnderWay
from bot.ports.clock import Clock
from bot.settings import Settings
from subscriptions.service.chats import claim_copy, claim_daily_work, clean_up_steps, copied
from subscriptions.store import READS, WRITES, Steps, Store

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
