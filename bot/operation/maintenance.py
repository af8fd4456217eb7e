"""The daily maintenance: erases data whose retention is over, and makes a backup of the database."""

from datetime import datetime

from bot.context.database import backup_folder
from bot.settings import Settings
from subscriptions.service.chats import claim_daily_work, clean_up
from subscriptions.store import Store


def run_daily_maintenance(store: Store, settings: Settings, *, now: datetime) -> None:
    """Erases data whose retention is over, and makes the day's backup.

    Further calls on the same day do nothing, also from other processes.
    """
    if not claim_daily_work(store, now=now):
        return
    clean_up(store, now=now)
    store.copy_into(backup_folder(settings, store), "daily", now)
