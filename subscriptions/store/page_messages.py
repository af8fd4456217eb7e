"""The messages of chats on our own pages.

Every write holds the log of its chat until it commits, so that who has seen one change has seen all with lower numbers.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import ChatAddress
from subscriptions.store.conversation_rows import PageLogRow, PageMessageRow
from subscriptions.store.database.conflicts import hold
from subscriptions.store.database.store import Transaction, reads, writes


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMessage:
    """A message as a page shows it."""

    number: int  # in its chat; later ones have higher numbers
    change: int  # of the chat, by which it was written or edited last
    is_own: bool
    payload: str
    at: datetime
    is_edited: bool


@writes
def add_page_message(
    transaction: Transaction,
    chat: ChatAddress,
    payload: str,
    *,
    delivery: str,
    part: int,
    is_own: bool = False,
    now: datetime,
) -> int:
    """Stores a message and returns its number in the chat.

    One with the same delivery and part is the same message, and stays as it is. So a message whose fate is not known is
    simply stored again. `is_own`: the person wrote it.
    """
    name = _name(chat)
    change = _next_change(transaction, name)
    known = find_page_message(transaction, chat, delivery=delivery, part=part)
    if known is not None:
        return known
    transaction.add(
        PageMessageRow(
            chat=name,
            number=change,
            change=change,
            delivery=delivery,
            part=part,
            payload=payload,
            is_own=is_own,
            at=now,
        )
    )
    _count(transaction, name, change)
    return change


@writes
def edit_page_message(transaction: Transaction, chat: ChatAddress, number: int, payload: str) -> bool:
    """Replaces what a message says. False if it is not stored."""
    name = _name(chat)
    change = _next_change(transaction, name)
    row = transaction.get(PageMessageRow, (name, number))
    if row is None or row.is_own:
        return False
    if row.payload != payload:
        row.payload, row.change, row.is_edited = payload, change, True
        transaction.add(row)
        _count(transaction, name, change)
    return True


@reads
def find_page_message(transaction: Transaction, chat: ChatAddress, *, delivery: str, part: int) -> int | None:
    """The number of a message; None if it was not stored, or is not any more."""
    found = select(PageMessageRow.number).where(
        PageMessageRow.chat == _name(chat), PageMessageRow.delivery == delivery, PageMessageRow.part == part
    )
    return transaction.exec(found).first()


@reads
def newest_page_messages(
    transaction: Transaction, chat: ChatAddress, most: int, *, before: int | None = None
) -> tuple[list[PageMessage], int]:
    """The newest messages of a chat, in their order, and the number of its last change.

    With `before` those before the message with this number.
    """
    found = select(PageMessageRow).where(PageMessageRow.chat == _name(chat))
    if before is not None:
        found = found.where(PageMessageRow.number < before)
    rows = transaction.exec(found.order_by(col(PageMessageRow.number).desc()).limit(most)).all()
    return [_message(row) for row in reversed(rows)], _changes_of(transaction, chat)


@reads
def changed_page_messages(
    transaction: Transaction, chat: ChatAddress, after: int, most: int
) -> tuple[list[PageMessage], int]:
    """What was written or edited after the change `after`, oldest first, and the number of the chat's last change.

    That number is lower than `after` if the chat was erased meanwhile.
    """
    found = select(PageMessageRow).where(PageMessageRow.chat == _name(chat), PageMessageRow.change > after)
    rows = transaction.exec(found.order_by(col(PageMessageRow.change)).limit(most))
    return [_message(row) for row in rows], _changes_of(transaction, chat)


def _name(chat: ChatAddress) -> str:
    return str(ChatAddress(chat.platform, chat.address))


def _changes_of(session: Transaction, chat: ChatAddress) -> int:
    """How often something was written or changed in a chat; less than before if it was erased meanwhile."""
    return session.exec(select(PageLogRow.changes).where(PageLogRow.chat == _name(chat))).first() or 0


def erase_place(session: Transaction, place: str) -> None:
    """Erases the messages of a chat."""
    session.exec(sa.delete(PageMessageRow).where(col(PageMessageRow.chat) == place))
    session.exec(sa.delete(PageLogRow).where(col(PageLogRow.chat) == place))


def _next_change(session: Transaction, chat: str) -> int:
    """The number of the next change of a chat, which no other process makes until the transaction ends."""
    return int(hold(session, "page_log", ("chat",), {"chat": chat, "changes": 0}).changes) + 1


def _count(session: Transaction, chat: str, change: int) -> None:
    session.exec(sa.update(PageLogRow).where(col(PageLogRow.chat) == chat).values(changes=change))
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
