"""A copy of a database of either kind, as an operator makes it and puts it back (docs/operating.md)."""

import subprocess
from datetime import datetime
from pathlib import Path

from subscriptions.service.backups import count_lost_as_sent, restore
from subscriptions.store.database.store import Store
from tests.patience import PATIENCE
from tests.postgres.cluster import installed_programs


def copied(store: Store, folder: Path) -> Path:
    """A copy of a database, in a file of this folder: by `paperwire backup`, or by pg_dump."""
    copy = folder / "copy.db"
    if store.kind.file is not None:
        store.backup(copy)
    else:
        _postgres("pg_dump", "--format=custom", "--compress=none", "--file", copy, f"--dbname={_address(store)}")
    return copy


def put_back(store: Store, copy: Path, *, lost_at: datetime, now: datetime) -> None:
    """Replaces a database by a copy (`paperwire restore` or pg_restore). What was due before the loss counts as sent.

    No other program uses the database meanwhile; open it again afterwards.
    """
    if store.kind.file is not None:
        restore(store, copy, copies=copy.parent, lost_at=lost_at, now=now)
        return
    _postgres("pg_restore", "--clean", "--single-transaction", f"--dbname={_address(store)}", copy)
    opened = Store(_address(store), zone=store.zone, schedules=store.schedules)
    opened.open(now=now)
    count_lost_as_sent(opened, lost_at, now=now)
    opened.close()


def _address(store: Store) -> str:
    return store.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _postgres(program: str, *arguments: str | Path) -> None:
    done = subprocess.run(  # noqa: S603 - of the wheel
        [installed_programs() / program, *arguments], capture_output=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr.decode()
