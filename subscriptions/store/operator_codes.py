"""The hashes of printed codes, one of which makes the first operator, and the wrong codes that chats sent."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, delete, func, select

from subscriptions.store.conversation_rows import WrongCodeRow
from subscriptions.store.operation_rows import OperatorCodeRow


def add_code(session: Session, code_hash: str, *, most: int) -> None:
    """Stores the hash of a code; of all hashes the newest `most` stay."""
    session.add(OperatorCodeRow(code_hash=code_hash))
    session.flush()
    newest = select(OperatorCodeRow.number).order_by(col(OperatorCodeRow.number).desc()).limit(most)
    session.exec(delete(OperatorCodeRow).where(col(OperatorCodeRow.number).not_in(newest)))


def code_hashes(session: Session) -> Sequence[str]:
    """The stored hashes."""
    return session.exec(select(OperatorCodeRow.code_hash)).all()


def take_codes(session: Session, code_hash: str) -> bool:
    """Removes all hashes. Returns whether this one was among them: another process may have taken them."""
    taken = session.exec(delete(OperatorCodeRow).returning(col(OperatorCodeRow.code_hash))).scalars().all()
    return code_hash in taken


def add_wrong_code(session: Session, chat_id: int, *, now: datetime) -> None:
    """Stores that a chat sent a wrong code."""
    session.add(WrongCodeRow(chat=chat_id, at=now))
    session.flush()


def wrong_codes_since(session: Session, chat_id: int, after: datetime) -> int:
    """How many wrong codes a chat sent after a moment."""
    found = select(func.count()).select_from(WrongCodeRow)
    return session.exec(found.where(WrongCodeRow.chat == chat_id, WrongCodeRow.at > after)).one()


def drop_wrong_codes_of(session: Session, chat_id: int) -> None:
    """Removes the wrong codes of a chat."""
    session.exec(delete(WrongCodeRow).where(col(WrongCodeRow.chat) == chat_id))
