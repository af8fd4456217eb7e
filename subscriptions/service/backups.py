"""Restores copies of the database, and counts as sent what was due before it was lost (docs/operating.md, Copies)."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from subscriptions.errors import Refused, Sentence, StoreError, disk_full, is_disk_full
from subscriptions.planning.receipts import Loss
from subscriptions.service.hold_reasons import count_known, note_loss
from subscriptions.service.pausing import end_pauses
from subscriptions.service.plan import plan_due
from subscriptions.store import retention
from subscriptions.store.database import OWNER_ONLY, OWNER_ONLY_FOLDER, conflicts
from subscriptions.store.database.store import Store
from subscriptions.store.entries import count_as_sent
from subscriptions.store.known_papers import index_all
from subscriptions.store.platforms import bots

BUSY_SECONDS = 10.0
_LOGS = ("-wal", "-shm", "-journal")  # files beside a database of SQLite that belong to it
_BESIDE = ("", *_LOGS)
_DAMAGED = "The copy {copy} is damaged."
_TAKE_ANOTHER = "Take an older copy."


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The result of a restore."""

    kept: Path | None  # where the replaced database is now; None: there was none
    counted: int  # deliveries that count as sent from now on


def restore(store: Store, copy: Path, *, copies: Path, lost_at: datetime | None, now: datetime) -> Restored:
    """Puts a copy in the place of the database, whole or not at all. The caller holds the sender lock.

    The copy is checked first: it is whole, of this or an older version, and of the same bot. The replaced database is
    kept in `copies`. With `lost_at`, everything that was due until then counts as sent. Raises StoreError.
    """
    look_for_copy(copy)
    store.path.parent.mkdir(parents=True, exist_ok=True)
    prepared = store.path.with_name(f"{store.path.name}.restoring")
    try:
        _take(copy, prepared)
        candidate = Store(f"sqlite:///{prepared}", zone=store.zone)
        candidate.where = str(copy)  # errors name the copy
        try:
            _look_at(candidate, copy)
            candidate.open(now=now)
            _refuse_another_bot(candidate, store)
            counted = count_lost_as_sent(candidate, lost_at, now=now) if lost_at else 0
        finally:
            candidate.close()
        kept = _replace(store, prepared, copies, now)
    except StoreError as error:
        error.exit_code = StoreError.exit_code  # the copy is at fault, not a setting
        raise
    except (OSError, sqlite3.Error) as error:
        if "disk is full" in str(error) or (isinstance(error, OSError) and is_disk_full(error)):
            raise StoreError(*disk_full(store.where)) from error
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StoreError(Sentence("The copy cannot be put back: {why}.", {"why": why})) from error
    finally:
        for suffix in _BESIDE:
            prepared.with_name(prepared.name + suffix).unlink(missing_ok=True)
    return Restored(kept=kept, counted=counted)


def count_lost_as_sent(store: Store, lost_at: datetime, *, now: datetime) -> int:
    """Plans what was due until `lost_at` and marks it as sent, as it was before the loss. Returns how many deliveries.

    The store holds a copy of the lost database. Notes what else counts as sent, for papers that come again
    (docs/architecture.md, rule 13). The caller holds the sender lock. If it is killed, a second call does the rest.
    """
    with store.write() as transaction:
        noted = retention.last_loss(transaction)
        if noted is None or noted.lost_at != lost_at:
            loss = Loss(lost_at=lost_at, copied_at=retention.last_moment(transaction) or lost_at, restored_at=now)
            end_pauses(transaction, now=lost_at)
            note_loss(transaction, loss)
    plan_due(store, now=lost_at)
    with store.write() as transaction:
        count_known(transaction)
        return count_as_sent(transaction, lost_at + timedelta(microseconds=1), now=now)


def look_for_copy(copy: Path) -> None:
    """Raises StoreError if there is no such file."""
    if not copy.is_file():
        raise StoreError(
            Sentence("There is no file {copy}.", {"copy": copy}), Sentence("paperwire backup FILE makes one.")
        )


def _take(copy: Path, prepared: Path) -> None:
    """Copies the copy: reading a database may change its file."""
    for suffix in _BESIDE:  # left of another copy by a restore that was killed
        prepared.with_name(prepared.name + suffix).unlink(missing_ok=True)
    for suffix in ("", "-wal"):
        source, target = copy.with_name(copy.name + suffix), prepared.with_name(prepared.name + suffix)
        if source.is_file():
            target.touch(mode=OWNER_ONLY)
            shutil.copyfile(source, target)


def _look_at(candidate: Store, copy: Path) -> None:
    """Raises StoreError unless this is a whole database of paperwire, of this version or an older one."""
    try:
        with closing(sqlite3.connect(str(candidate.path))) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError:
        found = None
    if found != ("ok",):
        raise StoreError(Sentence(_DAMAGED, {"copy": copy}), Sentence(_TAKE_ANOTHER))
    if not _is_ours(candidate):
        raise StoreError(Sentence("The file {copy} is not a copy of a paperwire database.", {"copy": copy}))


def _is_ours(candidate: Store) -> bool:
    try:
        return candidate.revision() is not None
    except StoreError:  # tables of another program
        return False


def _refuse_another_bot(candidate: Store, store: Store) -> None:
    try:
        ours = bots(store) if store.revision() else {}
    except StoreError:  # a damaged database belongs to no bot
        return
    for platform, bot in bots(candidate).items():
        if ours.get(platform, bot) != bot:
            raise StoreError(
                Sentence(
                    "The copy belongs to another {platform} bot than this database.", {"platform": platform.title()}
                ),
                Sentence("Name a database of its own in PAPERWIRE_DATABASE_URL to look into it."),
            )


def _replace(store: Store, prepared: Path, copies: Path, now: datetime) -> Path | None:
    """Puts the prepared file in the place of the database; returns where the replaced one is, None if there was none."""
    if not store.path.exists():
        _drop_logs(store.path)  # of the database that is gone: SQLite would apply them to the copy
        prepared.replace(store.path)
        return None
    kept = copies / f"replaced-{now:%Y%m%dT%H%M%SZ}.db"
    try:
        store.backup(kept)
    except StoreError:  # it cannot be read: its files are kept
        store.close()
        copies.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        for suffix in _BESIDE:
            part, moved = store.path.with_name(store.path.name + suffix), kept.with_name(kept.name + suffix)
            if part.exists():
                moved.touch(mode=OWNER_ONLY)
                shutil.copyfile(part, moved)
        _drop_logs(store.path)
        prepared.replace(store.path)  # last, so that there always is a database
        return kept
    # Within SQLite, in one transaction: other processes see the old content or the new, never a missing file.
    with (
        closing(sqlite3.connect(prepared)) as source,
        closing(sqlite3.connect(store.path, timeout=BUSY_SECONDS)) as target,
    ):
        source.backup(target)
    return kept


def _drop_logs(database: Path) -> None:
    for suffix in _LOGS:
        database.with_name(database.name + suffix).unlink(missing_ok=True)


# --------------------------------------------------------------------------- copies a whole database into an empty one

# from a file of SQLite to PostgreSQL, or back.


def copy_database(source: Store, target: Store) -> int:
    """Copies all rows, open deliveries too, whole or not at all. Returns how many. The caller holds both sender locks.

    Both have the newest schema. What was being sent when the source was killed is unclear in the target, too, so it is
    treated as after any crash. Raises Refused if the target holds rows, StoreError.
    """
    with source.read() as old, target.write() as new:
        if conflicts.holds_rows(new):
            raise Refused(
                Sentence("The database {where} is not empty, so nothing is copied into it.", {"where": target.where}),
                Sentence("Name a new one."),
            )
        copied = conflicts.copy_rows(old, new)
        if conflicts.count_rows(new) != copied:
            raise StoreError(Sentence("The copy in {where} is not whole, and is taken back.", {"where": target.where}))
        index_all(new)
        conflicts.gather_statistics(new)
    return sum(copied.values())
