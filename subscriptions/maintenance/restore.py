"""Restores a copy of the database: which copies are refused, and what counts as sent then (docs/operating.md, Copies).

After a restore, deliveries that were due before the loss count as sent.
"""

import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from subscriptions import errors
from subscriptions.database import bot_state
from subscriptions.database.copies import copy_name, id_of, is_copy_of, origin_of
from subscriptions.database.refusals import OWNER_ONLY, OWNER_ONLY_FOLDER
from subscriptions.database.store import Store
from subscriptions.errors import Sentence, StoreError
from subscriptions.maintenance import word_renewal
from subscriptions.outbox.stored.entries import count_as_sent
from subscriptions.plan.plan import plan_due

BUSY_SECONDS = 10.0
_LOGS = ("-wal", "-shm", "-journal")  # suffixes of the other files of a SQLite database
_BESIDE = ("", *_LOGS)
_DAMAGED = "The copy {copy} is damaged."
_TAKE_ANOTHER = "Take an older copy."


class Restored(NamedTuple):
    """The result of a restore."""

    kept: Path | None  # where the replaced database is now; None: there was no database
    counted: int  # number of deliveries that count as sent from now on


def restore(store: Store, copy: Path, *, copies: Path, lost_at: datetime | None, now: datetime) -> Restored:
    """Replace the database by a copy, completely or not at all. The caller must have the role.

    The copy must be undamaged, made by this or an older version, and belong to the same bot. The replaced database is
    kept in the folder `copies`. If `lost_at` is given, everything that was due until then counts as sent. Raise
    StoreError.
    """
    look_for_copy(copy)
    store.path.parent.mkdir(parents=True, exist_ok=True)
    prepared = store.path.with_name(f"{store.path.name}.restoring")
    try:
        _take(copy, prepared)
        candidate = Store(f"sqlite:///{prepared}", zone=store.zone)
        candidate.where = str(copy)  # so that errors name the copy
        try:
            _look_at(candidate, copy)
            candidate.open(now=now, identity=id_of(store.path) if is_copy_of(copy, store.path) else "")
            _refuse_another_bot(candidate, store)
            told_at = now + timedelta(microseconds=1)  # what an upgrade tells was not due before the loss
            for _ in word_renewal.renew(candidate, now=told_at):
                pass
            counted = count_lost_as_sent(candidate, lost_at, now=now) if lost_at else 0
        finally:
            candidate.close()
        kept = _replace(store, prepared, copies, now)
    except StoreError as error:
        error.exit_code = StoreError.exit_code  # the problem is the copy, not wrong usage
        raise
    except (OSError, sqlite3.Error) as error:
        if "disk is full" in str(error) or (isinstance(error, OSError) and errors.is_disk_full(error)):
            raise StoreError(*errors.disk_full(store.where)) from error
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StoreError(Sentence("The copy cannot be put back: {why}.", {"why": why})) from error
    finally:
        for suffix in _BESIDE:
            prepared.with_name(prepared.name + suffix).unlink(missing_ok=True)
    return Restored(kept=kept, counted=counted)


def count_lost_as_sent(store: Store, lost_at: datetime, *, now: datetime) -> int:
    """Plan everything that was due until `lost_at`, and mark it as sent. Return the number of deliveries.

    `store` is a copy of the lost database. The caller must have the role. After a crash, a second call does the
    rest.
    """
    plan_due(store, now=lost_at)
    return store.write_now(count_as_sent, lost_at + timedelta(microseconds=1), now=now)


def look_for_copy(copy: Path) -> None:
    """Raise StoreError if the copy is not a file."""
    if not copy.is_file():
        raise StoreError(
            Sentence("There is no file {copy}.", {"copy": copy}),
            Sentence("paperwire backup FILE makes one."),
        )


def is_of_another(copy: Path, store: Store) -> bool:
    """Return whether a copy would replace a database other than its own, which can be read."""
    return bool(origin_of(copy) and origin_of(store.path)) and not is_copy_of(copy, store.path)


def _take(copy: Path, prepared: Path) -> None:
    """Copy `copy` to `prepared`, because reading a database may change its file."""
    for suffix in _BESIDE:  # removes files of a restore that was killed
        prepared.with_name(prepared.name + suffix).unlink(missing_ok=True)
    for suffix in ("", "-wal"):
        source, target = copy.with_name(copy.name + suffix), prepared.with_name(prepared.name + suffix)
        if source.is_file():
            target.touch(mode=OWNER_ONLY)
            shutil.copyfile(source, target)


def _look_at(candidate: Store, copy: Path) -> None:
    """Raise StoreError unless this is an undamaged database of paperwire."""
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
    except StoreError:  # the file has tables of another program
        return False


def _refuse_another_bot(candidate: Store, store: Store) -> None:
    try:
        ours = store.read_now(bot_state.bots) if store.revision() else {}
    except StoreError:  # a damaged database belongs to no bot
        return
    for platform, bot in candidate.read_now(bot_state.bots).items():
        if ours.get(platform, bot) != bot:
            raise StoreError(
                Sentence(
                    "The copy belongs to another {platform} bot than this database.", {"platform": platform.title()}
                ),
                Sentence("Name a database of its own in PAPERWIRE_DATABASE_URL to look into it."),
            )


def _replace(store: Store, prepared: Path, copies: Path, now: datetime) -> Path | None:
    """Replace the database by the prepared file. Return the path of the replaced database; None if there was none."""
    if not store.path.exists():
        _drop_logs(store.path)  # SQLite would apply these files of the lost database to the copy
        prepared.replace(store.path)
        return None
    kept = copies / copy_name("replaced", store.path, id_of(store.path) or uuid4().hex, now)
    try:
        store.backup(kept)
    except StoreError:  # the database cannot be read as a database, so its files are copied
        store.close()
        copies.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        for suffix in _BESIDE:
            part, moved = store.path.with_name(store.path.name + suffix), kept.with_name(kept.name + suffix)
            if part.exists():
                moved.touch(mode=OWNER_ONLY)
                shutil.copyfile(part, moved)
        _drop_logs(store.path)
        prepared.replace(store.path)  # the last step, so that there is a database at any moment
        return kept
    # SQLite replaces the content in one transaction. Other processes see either the old or the new content, and the file
    # is never missing.
    with (
        closing(sqlite3.connect(prepared)) as source,
        closing(sqlite3.connect(store.path, timeout=BUSY_SECONDS)) as target,
    ):
        source.backup(target)
    return kept


def _drop_logs(database: Path) -> None:
    for suffix in _LOGS:
        database.with_name(database.name + suffix).unlink(missing_ok=True)
