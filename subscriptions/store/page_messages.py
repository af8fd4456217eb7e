"""The messages of chats on the bot's own pages: numbered, so that a browser asks only for new ones."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import select

from subscriptions.model import ChatAddress
from subscriptions.store.database.store import Transaction, execute, reads, writes
from subscriptions.store.tables import TABLES, PageMessageRow


class PageMessage(NamedTuple):
    """A message as a page shows it."""

    number: int  # its number in the chat; later messages have higher numbers
    change: int  # number of the chat's change that wrote or last edited it
    is_own: bool
    payload: str
    at: datetime
    is_edited: bool


_p = TABLES.tables["page_message"].c
_MESSAGES = sa.select(*(_p[name] for name in PageMessage._fields))


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

    If a message with the same delivery and part is stored, changes nothing and returns the number of that message. So a
    message with an unknown outcome can simply be stored again. `is_own`: the person wrote it.
    """
    known = find_page_message(transaction, chat, delivery=delivery, part=part)
    if known is not None:
        return known
    change = _changes_of(transaction, chat) + 1
    transaction.add(
        PageMessageRow(
            chat=_name(chat),
            number=change,
            change=change,
            delivery=delivery,
            part=part,
            payload=payload,
            is_own=is_own,
            at=now,
        )
    )
    transaction.flush()
    return change


@writes
def edit_page_message(transaction: Transaction, chat: ChatAddress, number: int, payload: str) -> bool:
    """Replaces the content of a message of the bot. Returns False if the bot has no message with this number."""
    row = transaction.get(PageMessageRow, (_name(chat), number))
    if row is None or row.is_own:
        return False
    if row.payload != payload:
        row.payload, row.change, row.is_edited = payload, _changes_of(transaction, chat) + 1, True
        transaction.flush()
    return True


@reads
def find_page_message(transaction: Transaction, chat: ChatAddress, *, delivery: str, part: int) -> int | None:
    """Returns the number of a message; None if it is not stored."""
    found = select(PageMessageRow.number).filter_by(chat=_name(chat), delivery=delivery, part=part)
    return transaction.exec(found).first()


@reads
def newest_page_messages(
    transaction: Transaction, chat: ChatAddress, most: int, *, before: int | None = None
) -> tuple[list[PageMessage], int]:
    """Returns the newest messages of a chat, oldest first, and the number of its last change.

    If `before` is given, returns the newest messages before the message with this number.
    """
    found = _MESSAGES.where(_p.chat == _name(chat))
    if before is not None:
        found = found.where(_p.number < before)
    rows = execute(transaction, found.order_by(_p.number.desc()).limit(most)).all()
    return [PageMessage._make(row) for row in reversed(rows)], _changes_of(transaction, chat)


@reads
def changed_page_messages(
    transaction: Transaction, chat: ChatAddress, after: int, most: int
) -> tuple[list[PageMessage], int]:
    """Returns the messages that were written or edited after the change `after`, and the number of the last change.

    The messages are in the order of their changes. If the chat was erased in the meantime, the number is 0.
    """
    found = _MESSAGES.where(_p.chat == _name(chat), _p.change > after)
    rows = execute(transaction, found.order_by(_p.change).limit(most))
    return [PageMessage._make(row) for row in rows], _changes_of(transaction, chat)


def _name(chat: ChatAddress) -> str:
    return str(ChatAddress(chat.platform, chat.address))


def _changes_of(transaction: Transaction, chat: ChatAddress) -> int:
    """Returns the number of the last change of a chat; 0 after the chat was erased."""
    return transaction.exec(select(sa.func.max(_p.change)).where(_p.chat == _name(chat))).one() or 0
