"""The messages of chats on our own pages.

Every write holds the log of its chat until it commits, so that who has seen one change has seen all with lower numbers.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, delete, select, update

from subscriptions.store.conversation_rows import PageLogRow, PageMessageRow
from subscriptions.store.database.conflicts import hold


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMessage:
    """A message as a page shows it."""

    number: int  # in its chat; later ones have higher numbers
    change: int  # of the chat, by which it was written or edited last
    is_own: bool
    payload: str
    at: datetime
    is_edited: bool


def add_message(
    session: Session, chat: str, *, delivery: str, part: int, payload: str, is_own: bool, now: datetime
) -> int:
    """Stores a message and returns its number. One with the same delivery and part is the same message, and stays as it is."""
    change = _next_change(session, chat)
    known = number_of(session, chat, delivery, part)
    if known is not None:
        return known
    session.add(
        PageMessageRow(
            chat=chat,
            number=change,
            change=change,
            delivery=delivery,
            part=part,
            payload=payload,
            is_own=is_own,
            at=now,
        )
    )
    _count(session, chat, change)
    return change


def edit_message(session: Session, chat: str, number: int, payload: str) -> bool:
    """Replaces what a message says. False if it is not stored."""
    change = _next_change(session, chat)
    row = session.get(PageMessageRow, (chat, number))
    if row is None or row.is_own:
        return False
    if row.payload != payload:
        row.payload, row.change, row.is_edited = payload, change, True
        session.add(row)
        _count(session, chat, change)
    return True


def number_of(session: Session, chat: str, delivery: str, part: int) -> int | None:
    """The number of a message; None if it was not stored, or is not any more."""
    found = select(PageMessageRow.number).where(
        PageMessageRow.chat == chat, PageMessageRow.delivery == delivery, PageMessageRow.part == part
    )
    return session.exec(found).first()


def newest_messages(session: Session, chat: str, most: int, *, before: int | None = None) -> list[PageMessage]:
    """The newest messages of a chat, in their order; of those before the number `before`, if one is given."""
    found = select(PageMessageRow).where(PageMessageRow.chat == chat)
    if before is not None:
        found = found.where(PageMessageRow.number < before)
    rows = session.exec(found.order_by(col(PageMessageRow.number).desc()).limit(most)).all()
    return [_message(row) for row in reversed(rows)]


def changed_messages(session: Session, chat: str, after: int, most: int) -> list[PageMessage]:
    """The messages that were written or edited after a change of their chat, in the order of that."""
    found = select(PageMessageRow).where(PageMessageRow.chat == chat, PageMessageRow.change > after)
    return [_message(row) for row in session.exec(found.order_by(col(PageMessageRow.change)).limit(most))]


def changes_of(session: Session, chat: str) -> int:
    """How often something was written or changed in a chat; less than before if it was erased meanwhile."""
    return session.exec(select(PageLogRow.changes).where(PageLogRow.chat == chat)).first() or 0


def messages_of(session: Session, chat: str) -> list[PageMessage]:
    """All messages of a chat, in their order."""
    rows = session.exec(select(PageMessageRow).where(PageMessageRow.chat == chat).order_by(col(PageMessageRow.number)))
    return [_message(row) for row in rows]


def erase_place(session: Session, place: str) -> None:
    """Erases the messages of a chat."""
    session.exec(delete(PageMessageRow).where(col(PageMessageRow.chat) == place))
    session.exec(delete(PageLogRow).where(col(PageLogRow.chat) == place))


def _next_change(session: Session, chat: str) -> int:
    """The number of the next change of a chat, which no other process makes until the transaction ends."""
    return int(hold(session, "page_log", ("chat",), {"chat": chat, "changes": 0}).changes) + 1


def _count(session: Session, chat: str, change: int) -> None:
    session.exec(update(PageLogRow).where(col(PageLogRow.chat) == chat).values(changes=change))
    session.flush()


def _message(row: PageMessageRow) -> PageMessage:
    return PageMessage(
        number=row.number,
        change=row.change,
        is_own=row.is_own,
        payload=row.payload,
        at=row.at,
        is_edited=row.is_edited,
    )
