"""Whether a database takes writes, found out without writing."""

from subscriptions.errors import StoreError
from subscriptions.store.database.kind import LEAST_ROOM, full_error, is_full
from subscriptions.store.database.store import Store

PATIENCE = 0.2  # seconds that the probe waits for a lock; writers wait for longer


def write_refusal(store: Store) -> StoreError | None:
    """Returns why the database takes no writes now; None if it does, or this process is writing.

    Begins a write beside those of the process, and takes it back. That finds locks and missing rights. A full disk may
    still take a small write, so the last write that found it full counts until something is written again.
    """
    if store.writes.is_under_way:
        return None
    refusal = store.writes.refusal
    if refusal is not None and is_full(refusal):
        return refusal
    try:
        with store.translated_errors():
            store.kind.try_to_write(PATIENCE)
            is_full_now = store.kind.is_full(LEAST_ROOM)
    except StoreError as error:
        return None if store.writes.is_under_way else error
    return full_error(store.where) if is_full_now else None
