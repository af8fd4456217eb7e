"""The daily maintenance: erases data whose retention is over, and makes a backup of the database."""

from collections.abc import Iterator
from datetime import datetime

from bot.context.database import backup_folder
from bot.ports.clock import Clock
from bot.settings import Settings
from subscriptions.service.chats import claim_copy, claim_daily_work, clean_up_steps, copied
from subscriptions.store import Store

SECONDS_OF_A_TICK = 0.1  # of a second: the rest is for planning and sending


def run_daily_maintenance(store: Store, settings: Settings, *, now: datetime) -> None:
    """Erases data whose retention is over, and makes the day's backup.

    Further calls on the same day do nothing, also from other processes.
    """
    for _ in daily_maintenance(store, settings, now=now):
        pass


def daily_maintenance(store: Store, settings: Settings, *, now: datetime) -> Iterator[int]:
    """As `run_daily_maintenance`, in short steps: nothing holds the database between two of them.

    Raises StoreError. A copy that could not be made is due again an hour later.
    """
    if claim_daily_work(store, now=now):
        yield from clean_up_steps(store, now=now, papers=settings.keep_papers)
    if claim_copy(store, now=now):
        store.copy_into(backup_folder(settings, store), "daily", now)
        copied(store, now=now)


def proceed(steps: Iterator[int], clock: Clock) -> bool:
    """Takes steps for SECONDS_OF_A_TICK. Returns whether some are left."""
    end = clock.monotonic() + SECONDS_OF_A_TICK
    return any(clock.monotonic() >= end for _ in steps)
