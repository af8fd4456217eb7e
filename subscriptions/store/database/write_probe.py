"""Whether the database accepts writes."""

from subscriptions import errors
from subscriptions.store.database import full_error
from subscriptions.store.database.store import Store

PATIENCE = 0.2  # seconds that the probe waits for a lock; writers wait longer
LEAST_FREE = 16 * 1024 * 1024  # bytes; with less free space, the next plan or digest may not fit on the disk


def write_refusal(store: Store) -> errors.StoreError | None:
    """Returns why the database accepts no writes now; None if it accepts them.

    Begins a write and rolls it back, which shows locks and missing permissions.
    """
    try:
        with store.translated_errors():
            if store.kind.is_full(LEAST_FREE):
                return full_error(store.where)
            store.kind.try_to_write(PATIENCE)
    except errors.StoreError as error:
        return error
    return None
