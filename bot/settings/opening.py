"""Opens the database that the settings name; makes it, or upgrades it after a backup.

Also when a source is due whose schedule is a line of cron, as Debian's cron reads it (man 5 crontab).
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from time import monotonic

from cronsim import CronSim

from bot.settings import EVERYTHING, Settings, SourceSettings
from subscriptions.database.copies import FOLDER, is_copy_of
from subscriptions.database.leader import held, words_are_renewed_by
from subscriptions.database.store import Store
from subscriptions.errors import Sentence, SettingsError, StoreError
from subscriptions.maintenance import word_renewal
from subscriptions.maintenance.word_renewal import Progress
from subscriptions.schedule.calendar import ArxivCalendar, Overdue, Schedule, Schedules
from subscriptions.schedule.zones import zone
from subscriptions.sources import stored as stored_sources

log = logging.getLogger("paperwire")

_REPLACED = "replaced-"  # prefix of a database that `restore` replaced: it may be damaged, so it is no copy
SAY_PROGRESS_SECONDS = 5.0  # between two lines about the progress of a renewal
GOES_ON = Sentence("The next command goes on where it stopped.")
_NEVER = timedelta(days=366)  # time until the next poll of a source if no day fits its cron line


def make_store(settings: Settings, *, encoder: str = "") -> Store:
    """Return the store of these settings without opening it. Raise SettingsError if its address cannot be used.

    `encoder` is the name of this process's encoder; "" if it has none.
    """
    with _as_setting():
        return Store(
            settings.database_url.get_secret_value(),
            zone=settings.timezone,
            schedules=schedules_of(settings),
            encoder=encoder,
            has_model=settings.has_model,
        )


def schedules_of(settings: Settings) -> Schedules:
    """Return the schedules of sources, by arXiv's holidays and the operator's time zone."""

    def cron(line: str) -> Schedule:
        return CronSchedule(line, zone(settings.timezone))

    implied = "" if settings.sources else EVERYTHING
    names = frozenset(source.name.casefold() for source in settings.sources)
    calendar = ArxivCalendar(holidays=settings.arxiv.holidays)
    return Schedules(calendar=calendar, cron=cron, names=names, implied=implied)


def open_store(settings: Settings, *, now: datetime, make: bool, words: bool = True, encoder: str = "") -> Store:
    """Open and return the store of these settings. Raise SettingsError if the database cannot be reached.

    If there is no database, it is created; without `make`, NotFound is raised. See `make_ready` for `words`, and `make_store` for `encoder`.
    """
    store = make_store(settings, encoder=encoder)
    try:
        make_ready(store, settings, now=now, make=make, words=words)
    except BaseException:
        store.close()
        raise
    return store


@contextmanager
def as_it_is(settings: Settings) -> Iterator[Store]:
    """Yield the store of these settings without an upgrade. Raise NotFound if there is no database, SettingsError."""
    store = make_store(settings)
    try:
        with _as_setting():
            if store.known_revision() is None:
                raise store.missing()
        yield store
    finally:
        store.close()


def make_ready(
    store: Store,
    settings: Settings,
    *,
    now: datetime,
    make: bool = True,
    words: bool = True,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Open the store and updates an older schema, after a backup of the database. Raise SettingsError, StoreError.

    If there is no database, it is created; without `make`, NotFound is raised and nothing is written. Also stores the
    sources whose name or schedule is new in the settings, so that planning knows them before their first poll. Unless
    the caller needs no `words`, renews those of another version; raises LeaderExists if another process has the role,
    and StoreError once the caller `is_stopping`.
    """
    with _as_setting():
        if make and (copy := newest_copy(settings, store)) and not store.known_revision():
            log.warning("%s begins anew, though there is a copy: paperwire restore %s puts it back.", store.where, copy)
        store.open(now=now, copies=backup_folder(settings, store), make=make)
    schedules = {source.name: source.schedule or "" for source in settings.sources}
    if schedules and (unknown := store.read_now(stored_sources.unknown_sources, schedules)):
        facts = [fact_of(source) for source in settings.sources if source.name in unknown]
        store.write_now(stored_sources.sync_sources, facts, now=now, are_all=False)
    if words and store.read_now(word_renewal.progress):
        with held(store, words_are_renewed_by):
            said = RenewalLines(log.warning)
            for progress in word_renewal.renew(store, now=now):
                said.say(progress)
                if is_stopping():
                    raise StoreError(Sentence("It was stopped before all papers were indexed again."), GOES_ON)
            said.end()


class RenewalLines:
    """What an operator reads while words are renewed: that it begins, from time to time how far it is, and its end."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._next = float("-inf")  # monotonic second of the next line

    def say(self, progress: Progress) -> None:
        """Say how far it is, unless this was just said."""
        if monotonic() >= self._next:
            self._next = monotonic() + SAY_PROGRESS_SECONDS
            self._say(f"{progress} Nothing is planned or sent before the end.")

    def end(self) -> None:
        """Say that it is done."""
        self._say("All papers are indexed again.")


def backup_folder(settings: Settings, store: Store) -> Path:
    """Return the folder for backups: the one that the settings name, or `backups` next to the database."""
    place = store.kind.file
    return settings.backup.to or (Path.cwd() if place is None else place.parent) / FOLDER


def copies(settings: Settings, store: Store) -> dict[Path, datetime]:
    """Return when each copy of this database was written, by the machine's clock.

    Copies of other databases in the folder are left out. Of a database that is no file, its operator makes the copies,
    and nobody here knows them.
    """
    written: dict[Path, datetime] = {}
    if store.kind.file is None:
        return written
    for path in backup_folder(settings, store).glob("*.db"):
        with suppress(OSError):  # the oldest copy may be removed meanwhile
            is_no_copy = path.name.startswith(_REPLACED) or path.resolve() == store.path.resolve()
            if not is_no_copy and is_copy_of(path, store.path):
                written[path] = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return written


def newest_copy(settings: Settings, store: Store) -> Path | None:
    """Return the newest copy of the database; None if there is none."""
    written = copies(settings, store)
    return max(written, key=written.__getitem__, default=None)


@contextmanager
def _as_setting() -> Iterator[None]:
    """WriteQueue a StoreError that the settings caused into a SettingsError. Errors of the disk stay StoreErrors."""
    try:
        yield
    except StoreError as error:
        if not error.passes:
            raise SettingsError(error.sentence, error.hint) from error
        raise


def fact_of(source: SourceSettings) -> stored_sources.SourceFact:
    """Return the facts about a source that the store keeps."""
    kind = "arxiv" if source.arxiv else "url"
    return stored_sources.SourceFact(
        name=source.name,
        kind="file" if source.path is not None else kind,
        location=source.place,
        title=source.title,
        schedule=source.schedule or "",
        evening=source.is_list,
    )


class CronSchedule(Schedule):
    """The schedule of a cron line, in the local time of a zone. See subscriptions.schedule.calendar.Schedule.

    If the line restricts both the day of the month and the day of the week, a day must fit only one of the two. When
    the clocks go forward, a skipped time is due right after the change. When they go back, a repeated time is due only
    once. These two rules do not apply to lines with `*` as minute or hour, which are due whenever the clock shows a
    fitting time (man 8 cron).
    """

    awaited = True

    def __init__(self, line: str, zone: tzinfo) -> None:
        """`line` must be one that the settings accept."""
        self._line = line
        self._zone = zone

    def next_poll(self, after: datetime) -> datetime:
        """See Schedule.

        Returns the first time after `after` that fits the line; if there is none, `after` plus _NEVER.
        """
        return self.next_due(after) or after + _NEVER

    def next_due(self, after: datetime) -> datetime | None:
        """See Schedule. Returns None if no day fits the line."""
        return next((moment for moment in self._moments(after) if moment > after), None)

    def last_due(self, now: datetime) -> datetime | None:
        """See Schedule. Returns None if no day fits the line."""
        return next(self._moments(now + timedelta(microseconds=1), reverse=True), None)

    def due_now(self, now: datetime) -> Overdue | None:
        """See Schedule. After each time of the line, the source counts as due until the next one."""
        at = self.last_due(now)
        return Overdue(at=at) if at else None

    def _moments(self, start: datetime, *, reverse: bool = False) -> Iterator[datetime]:
        for moment in CronSim(self._line, start.astimezone(self._zone), reverse=reverse):
            yield moment.astimezone(UTC)
