"""When each publisher may be asked next."""

from datetime import datetime

from sqlmodel import Session, col, select, update

from subscriptions.store.database.conflicts import insert_new, put
from subscriptions.store.operation_rows import PublisherSlotRow


def slot_of(session: Session, publisher: str) -> datetime | None:
    """Until when nobody may ask a publisher; None: nobody ever did."""
    return session.exec(select(PublisherSlotRow.until).where(PublisherSlotRow.publisher == publisher)).first()


def swap_slot(session: Session, publisher: str, before: datetime | None, until: datetime) -> bool:
    """Replaces the moment `before` (None: there is none) by another one. False if another process was first."""
    if before is None:
        return insert_new(session, "publisher_slot", ("publisher",), {"publisher": publisher, "until": until})
    is_still = (col(PublisherSlotRow.publisher) == publisher) & (col(PublisherSlotRow.until) == before)
    return session.exec(update(PublisherSlotRow).where(is_still).values(until=until)).rowcount == 1


def put_slot(session: Session, publisher: str, until: datetime) -> None:
    """Stores until when nobody may ask a publisher."""
    put(session, "publisher_slot", ("publisher",), {"publisher": publisher, "until": until})
