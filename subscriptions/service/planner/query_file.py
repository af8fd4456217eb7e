"""The kept queries in a file beside the database, so that a start with a million of them takes a tenth of a second.

The file belongs to one change of the log, whose row has a random token. So a file is refused if it is damaged, of
another database, of a database before an older copy was restored, or written by another version of the code. Then, and
if the log no longer reaches back to it, the set is rebuilt.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from subscriptions.matching import DamagedSnapshot, State, from_bytes, to_bytes
from subscriptions.store import Store, Transaction, query_changes

OWNER_ONLY = 0o600


def path_of(store: Store) -> Path | None:
    """Where the file of a store is; None: nowhere, since the database is no file."""
    file = store.kind.file
    return None if file is None else file.with_name(f"{file.name}-queries")


def write(path: Path, state: Callable[[], State], change: int, token: int) -> bool:
    """Writes what a set holds at a change of the log, which has this token. A crash leaves the file of before, or this one.

    A folder that cannot be written to, or is full, goes without: the next start only takes longer. Returns whether it was
    written. `state` is called once the folder has taken a file, since building it takes a while.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.touch(mode=OWNER_ONLY)
        part.write_bytes(to_bytes({**state(), "change": change, "token": token, "code": _code()}))
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        return False
    return True


def read(path: Path, transaction: Transaction) -> tuple[State, int] | None:
    """Returns (what a set held, at which change of the log); None if there is no file for this database."""
    try:
        state = from_bytes(path.read_bytes())
    except (OSError, DamagedSnapshot):
        return None
    change: int = state["change"]
    is_ours = state["code"] == _code() and query_changes.token_of(transaction, change) == state["token"]
    return (state, change) if is_ours else None


def remove_query_file(store: Store) -> None:
    """Removes the file of a store, and so the words of queries that no chat has any more. The next plan writes it."""
    path = path_of(store)
    if path is not None:
        with suppress(OSError):
            path.unlink(missing_ok=True)


@cache
def _code() -> str:
    """Returns the digest of the code that says what a query means: 10 ms."""
    digest = sha256()
    for module in sorted(Path(__file__).parents[2].rglob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()
