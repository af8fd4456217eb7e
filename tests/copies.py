"""Copies a database of either kind and restores the copy, as an operator does (docs/operating.md)."""

import subprocess
from datetime import datetime
from pathlib import Path

from subscriptions.service import restoring
from subscriptions.store.database.store import Store
from tests.patience import PATIENCE
from tests.postgres.cluster import installed_programs


def copied(store: Store, folder: Path) -> Path:
    """Copies a database to a file in this folder, as `paperwire backup` or pg_dump does. Returns the path of the file."""
    copy = folder / "copy.db"
    if store.kind.file is not None:
        store.backup(copy)
    else:
        _postgres("pg_dump", "--format=custom", "--compress=none", "--file", copy, f"--dbname={_address(store)}")
    return copy


def put_back(store: Store, copy: Path, *, lost_at: datetime, now: datetime) -> None:
    """Replaces a database by a copy, as `paperwire restore` or pg_restore does. Deliveries due before the loss count as sent.

    No other program may use the database meanwhile. The caller opens the store again afterwards.
    """
    if store.kind.file is not None:
        restoring.restore(store, copy, copies=copy.parent, lost_at=lost_at, now=now)
        return
    _postgres("pg_restore", "--clean", "--single-transaction", f"--dbname={_address(store)}", copy)
    opened = Store(_address(store), zone=store.zone, schedules=store.schedules)
    opened.open(now=now)
    restoring.count_lost_as_sent(opened, lost_at, now=now)
    opened.close()


def _address(store: Store) -> str:
    return store.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _postgres(program: str, *arguments: str | Path) -> None:
    done = subprocess.run(  # noqa: S603 - a program of the wheel
        [installed_programs() / program, *arguments], capture_output=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr.decode()
