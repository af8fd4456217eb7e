"""Whether the database accepts writes."""

from subscriptions import errors
from subscriptions.store.database import (
    LEAST_ROOM,
    full_error,
)
from subscriptions.store.database.store import Store

PATIENCE = 0.2  # seconds that the probe waits for a lock; writers wait longer


def write_refusal(store: Store) -> errors.StoreError | None:
    """Returns why the database accepts no writes now; None if it accepts them, or if this process is writing.

    Begins a write and rolls it back, which reveals locks and missing permissions. A full disk may still accept a small
    write. So if a write failed because the disk was full, returns that error until a write of at least that size succeeds,
    or the disk has plenty of room.
    """
    try:
        if (refusal := store.refusal) is not None:
            if not store.has_room_again():
                return refusal
            store.forget_refusal()
        with store.translated_errors():
            if store.kind.is_full(LEAST_ROOM):  # also while a write tries to fit
                return full_error(store.where)
            if store.is_writing:
                return None
            store.kind.try_to_write(PATIENCE)
    except errors.StoreError as error:
        return None if store.is_writing else error
    return None
