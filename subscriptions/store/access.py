"""Who may: operators and the codes that make them, admission of chats, owners of chats, and denials that outlive the chat.

After a denied chat is erased, a keyed hash of its address says that an operator denied it. Platforms number their
chats, so a person with plain hashes could try all addresses in minutes. The key is made once for each database. It does
not protect against a person who has the database, but hashes in other places, such as an export, cannot be read, and
those of two bots cannot be compared.
"""

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import Chat, ChatAddress, Lane
from subscriptions.states import Admission, ChatState
from subscriptions.store import key_value
from subscriptions.store.chats import chats_by_id
from subscriptions.store.conversation_rows import OperatorCodeRow, WrongCodeRow
from subscriptions.store.database.conflicts import insert_new
from subscriptions.store.database.store import Transaction, reads, writes
from subscriptions.store.rows import ChatRow, DenialRow
from subscriptions.store.workers import wake_lanes

_DENIAL_KEY = "denial-key"


def require_admission(session: Transaction, chat_id: int, *, now: datetime) -> None:
    """Makes a chat wait for an operator; its subscriptions keep their cursors."""
    _set(session, chat_id, ChatState.ASKED, None, now)


def admit(session: Transaction, chat_id: int, *, now: datetime) -> None:
    """Lets a chat in, and wakes its lane. Papers that came since it asked are still to be delivered."""
    row = session.get_one(ChatRow, chat_id)
    if row.state == ChatState.ASKED or row.next_number == 1:
        _set(session, chat_id, ChatState.ACTIVE, Admission.ADMITTED, now)
        wake_lanes(session, [Lane(row.platform, row.address)])


def confirm(session: Transaction, chat_id: int, *, now: datetime) -> None:
    """Lets in a chat whose reader said yes, and wakes its lane. Does nothing to any other chat."""
    row = session.get_one(ChatRow, chat_id)
    if row.state is ChatState.UNCONFIRMED:
        row.state = ChatState.ASKED
        admit(session, chat_id, now=now)


def deny(session: Transaction, chat_id: int, *, now: datetime) -> None:
    """Denies a chat: it gets nothing until an operator lets it in."""
    row = session.get_one(ChatRow, chat_id)
    if row.state is ChatState.UNCONFIRMED:
        remember_denial(session, Lane(row.platform, row.address))
    _set(session, chat_id, ChatState.ASKED, Admission.DENIED, now)


@reads
def chats_awaiting_admission(transaction: Transaction) -> tuple[Chat, ...]:
    """The chats that wait for an operator and can be written to, in the order in which they asked."""
    rows = transaction.exec(
        select(ChatRow.id)
        .where(ChatRow.state == ChatState.ASKED, col(ChatRow.admission).is_(None), col(ChatRow.pause_reason).is_(None))
        .order_by(col(ChatRow.state_since), col(ChatRow.id))
    ).all()
    known = chats_by_id(transaction, [chat_id or 0 for chat_id in rows], zone=transaction.zone)
    return tuple(known[chat_id or 0] for chat_id in rows)


@reads
def operators(transaction: Transaction) -> tuple[Chat, ...]:
    """The chats of operators who sent the code."""
    rows = transaction.exec(
        select(ChatRow.id).where(col(ChatRow.admin).is_(True), col(ChatRow.moved_to).is_(None))
    ).all()
    return tuple(chats_by_id(transaction, [chat_id or 0 for chat_id in rows], zone=transaction.zone).values())


def make_operator(session: Transaction, chat_id: int) -> None:
    """Makes the person of a chat an operator."""
    session.get_one(ChatRow, chat_id).admin = True


@writes
def set_owner(transaction: Transaction, chat_id: int, person: str) -> None:
    """Stores who set a chat up."""
    transaction.get_one(ChatRow, chat_id).owner = person


@reads
def chats_of(transaction: Transaction, person: ChatAddress) -> tuple[Chat, ...]:
    """The groups and channels that a person set up, without topics. `person` is the address of their private chat."""
    rows = transaction.exec(
        select(ChatRow.id)
        .where(ChatRow.platform == person.platform, ChatRow.owner == person.address, ChatRow.topic == "")
        .where(col(ChatRow.moved_to).is_(None), ChatRow.address != person.address)
        .order_by(col(ChatRow.title), col(ChatRow.id))
    ).all()
    known = chats_by_id(transaction, [chat_id or 0 for chat_id in rows], zone=transaction.zone)
    return tuple(known[chat_id or 0] for chat_id in rows)


def add_code(session: Transaction, code_hash: str, *, most: int) -> None:
    """Stores the hash of a code; of all hashes the newest `most` stay."""
    session.add(OperatorCodeRow(code_hash=code_hash))
    session.flush()
    newest = select(OperatorCodeRow.number).order_by(col(OperatorCodeRow.number).desc()).limit(most)
    session.exec(sa.delete(OperatorCodeRow).where(col(OperatorCodeRow.number).not_in(newest)))


def code_hashes(session: Transaction) -> Sequence[str]:
    """The stored hashes."""
    return session.exec(select(OperatorCodeRow.code_hash)).all()


def take_codes(session: Transaction, code_hash: str) -> bool:
    """Removes all hashes. Returns whether this one was among them: another process may have taken them."""
    taken = session.exec(sa.delete(OperatorCodeRow).returning(col(OperatorCodeRow.code_hash))).scalars().all()
    return code_hash in taken


def add_wrong_code(session: Transaction, chat_id: int, *, now: datetime) -> None:
    """Stores that a chat sent a wrong code."""
    session.add(WrongCodeRow(chat=chat_id, at=now))
    session.flush()


def wrong_codes_since(session: Transaction, chat_id: int, after: datetime) -> int:
    """How many wrong codes a chat sent after a moment."""
    found = select(sa.func.count()).select_from(WrongCodeRow)
    return session.exec(found.where(WrongCodeRow.chat == chat_id, WrongCodeRow.at > after)).one()


def drop_wrong_codes_of(session: Transaction, chat_id: int) -> None:
    """Removes the wrong codes of a chat."""
    session.exec(sa.delete(WrongCodeRow).where(col(WrongCodeRow.chat) == chat_id))


def remember_denial(session: Transaction, lane: Lane) -> None:
    """Stores that an operator denied the chats at an address."""
    key = key_value.hold_value(session, _DENIAL_KEY, secrets.token_hex(32))
    insert_new(session, "denial", ("address_hash",), {"address_hash": _address_hash(key, lane)})


def lift_denial(session: Transaction, lane: Lane) -> bool:
    """Erases a remembered denial. Returns whether there was one."""
    row = _denial(session, lane)
    if row is not None:
        session.delete(row)
        session.flush()
    return row is not None


def denial_of(session: Transaction, lane: Lane) -> str:
    """Returns the hash by which a denial of the chats at an address is remembered; "" if none is."""
    row = _denial(session, lane)
    return row.address_hash if row is not None else ""


def move_denial(session: Transaction, old: Lane, new: Lane) -> None:
    """Moves a remembered denial to the address to which its chat moved."""
    if lift_denial(session, old):
        remember_denial(session, new)


def _denial(session: Transaction, lane: Lane) -> DenialRow | None:
    key = key_value.get_value(session, _DENIAL_KEY)
    return session.get(DenialRow, _address_hash(key, lane)) if key is not None else None


def _address_hash(key: str, lane: Lane) -> str:
    return hmac.digest(bytes.fromhex(key), f"{lane.platform}:{lane.address}".encode(), sha256).hex()


def _set(session: Transaction, chat_id: int, state: ChatState, answer: Admission | None, now: datetime) -> None:
    """Stores the answer of an operator, which a chat that is not confirmed has to wait for: no operator confirms for its reader."""
    row = session.get_one(ChatRow, chat_id)
    if row.state is ChatState.UNCONFIRMED:
        return
    row.state, row.admission, row.pause_reason, row.state_detail = state, answer, None, ""
    row.state_since, row.paused_until = now, None
