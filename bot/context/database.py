"""Opens the database that the settings name."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bot.errors import SettingsError
from bot.settings import EVERYTHING, Settings
from bot.settings.cron import CronSchedule
from bot.settings.source_facts import fact_of
from subscriptions.errors import StoreError
from subscriptions.planning.source_calendar import ArxivCalendar, Schedule, Schedules
from subscriptions.store.database.store import Store
from subscriptions.store.sources import sync_sources, unknown_sources
from subscriptions.zones import zone


def make_store(settings: Settings) -> Store:
    """Returns the store of these settings, not opened yet. Raises SettingsError if its address cannot be used."""
    with _as_setting():
        url = settings.database_url.get_secret_value()
        return Store(url, zone=settings.timezone, schedules=schedules_of(settings))


def schedules_of(settings: Settings) -> Schedules:
    """Returns the reader of the sources' schedules, with arXiv's holidays and the operator's time zone."""

    def cron(line: str) -> Schedule:
        return CronSchedule(line, zone(settings.timezone))

    holidays = None if settings.holidays is None else frozenset(settings.holidays)
    implied = "" if settings.sources else EVERYTHING
    calendar = ArxivCalendar(holidays=holidays)
    return Schedules(calendar=calendar, cron=cron, names=settings.source_names, implied=implied)


def open_store(settings: Settings, *, now: datetime, make: bool = True) -> Store:
    """Returns the store of these settings, ready to be used. Raises SettingsError if the database cannot be reached.

    If there is no database it is made; without `make`, NotFound is raised.
    """
    store = make_store(settings)
    make_ready(store, settings, now=now, make=make)
    return store


def make_ready(store: Store, settings: Settings, *, now: datetime, make: bool = True) -> None:
    """Brings the schema to the newest version, after a copy of an older database. Raises SettingsError, StoreError.

    If there is no database it is made; without `make`, NotFound is raised and nothing is written. New sources of the
    settings, and new schedules, are stored too: planning takes them into account before their first poll.
    """
    with _as_setting():
        store.open(now=now, copies=backup_folder(settings, store), make=make)
    schedules = {source.name: source.schedule or "" for source in settings.sources}
    if schedules and (unknown := unknown_sources(store, schedules)):
        facts = [fact_of(source) for source in settings.sources if source.name in unknown]
        sync_sources(store, facts, now=now, are_all=False)


def backup_folder(settings: Settings, store: Store) -> Path:
    """Returns the folder for backups of the database."""
    place = store.kind.file
    return settings.backup_to or (Path.cwd() if place is None else place.parent) / "backups"


@contextmanager
def _as_setting() -> Iterator[None]:
    """Turns a StoreError that is caused by the settings into a SettingsError. Errors of the disk stay StoreErrors."""
    try:
        yield
    except StoreError as error:
        if error.exit_code == SettingsError.exit_code:
            raise SettingsError(error.sentence, error.hint) from error
        raise
