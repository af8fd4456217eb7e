"""What is done once a day: erasing what was kept long enough, copying the database."""

from datetime import datetime

from bot.settings import Settings
from subscriptions.service.chats import begin_day, clean_up
from subscriptions.store import Store


def run_daily_maintenance(store: Store, settings: Settings, *, now: datetime) -> None:
    """Erases what was kept long enough, and makes the day's copy where the operator wants copies.

    At most once a day, however often it is called and by however many processes.
    """
    if not begin_day(store, now=now):
        return
    clean_up(store, now=now)
    if settings.backup_to is not None:
        store.copy_into(settings.backup_to, "daily", now)
