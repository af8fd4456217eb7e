"""Who may use the bot: chats that are served, denied or wait for it, operators and their codes, owners of chats."""

import hmac
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from subscriptions.model import Chat, Lane
from subscriptions.states import Admission, ChatState
from subscriptions.store import bot_state
from subscriptions.store.chats import CHATS, chat_of
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, reads, writes
from subscriptions.store.tables import TABLES, ChatRow, DenialRow

_chats = TABLES.tables["chat"]
_c = _chats.c


_DENIAL_KEY = "denial-key"
_CODE = "operator-code"


def require_admission(transaction: Transaction, chat_id: int, *, now: datetime) -> None:
    """Makes a chat wait until an operator admits it. The cursors of its subscriptions do not change."""
    _set(transaction, chat_id, ChatState.ASKED, None, now)


def admit(transaction: Transaction, chat_id: int, *, now: datetime) -> None:
    """Admits a chat that waits or is new. Papers that came while it waited will be delivered."""
    row = transaction.get_one(ChatRow, chat_id)
    if row.state == ChatState.ASKED or row.next_number == 1:
        _set(transaction, chat_id, ChatState.ACTIVE, Admission.ADMITTED, now)


def confirm(transaction: Transaction, chat_id: int, *, now: datetime) -> None:
    """Admits a chat whose reader said yes. Does nothing for a chat that does not wait for a yes."""
    row = transaction.get_one(ChatRow, chat_id)
    if row.state is ChatState.UNCONFIRMED:
        row.state = ChatState.ASKED
        admit(transaction, chat_id, now=now)


def deny(transaction: Transaction, chat_id: int, *, now: datetime) -> None:
    """Denies a chat, so that it gets nothing until an operator admits it."""
    row = transaction.get_one(ChatRow, chat_id)
    if row.state is ChatState.UNCONFIRMED:
        remember_denial(transaction, row.place.lane)
    _set(transaction, chat_id, ChatState.ASKED, Admission.DENIED, now)


@reads
def chats_awaiting_admission(transaction: Transaction) -> tuple[Chat, ...]:
    """Returns the chats that wait for an operator and to which the bot can write, in the order of their requests."""
    asked = (_c.state == ChatState.ASKED) & _c.admission.is_(None) & _c.pause_reason.is_(None)
    return _selected(transaction, asked, _c.state_since)


@reads
def operators(transaction: Transaction) -> tuple[Chat, ...]:
    """Returns the chats of people who became operators by a code."""
    return _selected(transaction, _c.admin.is_(True) & _c.moved_to.is_(None))


def make_operator(transaction: Transaction, chat_id: int) -> None:
    """Makes the person of a chat an operator."""
    transaction.get_one(ChatRow, chat_id).admin = True


@writes
def set_owner(transaction: Transaction, chat_id: int, person: str) -> None:
    """Stores the person who set up a chat."""
    transaction.get_one(ChatRow, chat_id).owner = person


def _selected(
    transaction: Transaction, which: sa.ColumnElement[bool], *order: sa.ColumnElement[Any]
) -> tuple[Chat, ...]:
    """Returns the chats that meet a condition, sorted by `order` and then by id."""
    wanted = CHATS.where(which).order_by(*order, _c.id)
    return tuple(chat_of(transaction, row) for row in execute(transaction, wanted))


def keep_code(transaction: Transaction, code_hash: str) -> None:
    """Stores the hash of the code that makes its sender the first operator. An earlier code is void."""
    bot_state.put_value(transaction, _CODE, code_hash)


def take_code(transaction: Transaction, code_hash: str) -> bool:
    """Returns whether this is the hash of the code, which is void from then on."""
    kept = bot_state.get_value(transaction, _CODE) or ""
    is_right = bool(kept) and hmac.compare_digest(kept, code_hash)
    if is_right:
        bot_state.put_value(transaction, _CODE, "")
    return is_right


def remember_denial(transaction: Transaction, lane: Lane) -> None:
    """Stores a hash of an address, which tells that an operator denied its chats.

    The hash stays if the chats are erased.
    """
    address_hash = hash_of(transaction, f"{lane.platform}:{lane.address}")
    conflicts.insert_new(transaction, DenialRow(address_hash=address_hash))


def lift_denial(transaction: Transaction, lane: Lane) -> bool:
    """Erases the stored denial of an address. Returns whether there was one."""
    return transaction.remove(DenialRow, address_hash=denial_of(transaction, lane)) > 0


def denial_of(transaction: Transaction, lane: Lane) -> str:
    """Returns the hash that is stored for a denied address; "" if the address has no stored denial."""
    key = bot_state.get_value(transaction, _DENIAL_KEY)
    if key is None:
        return ""
    address_hash = _hash(key, f"{lane.platform}:{lane.address}")
    if transaction.get(DenialRow, address_hash) is None:
        return ""
    return address_hash


def move_denial(transaction: Transaction, old: Lane, new: Lane) -> None:
    """Moves a stored denial to the address to which the chat moved."""
    if lift_denial(transaction, old):
        remember_denial(transaction, new)


def hash_of(transaction: Transaction, text: str) -> str:
    """Returns a hash of a text that only this database can compute, for what must be known again but not kept."""
    return _hash(bot_state.made_value(transaction, _DENIAL_KEY, _new_key), text)


def _new_key() -> str:
    return secrets.token_hex(32)


def _hash(key: str, text: str) -> str:
    return hmac.digest(bytes.fromhex(key), text.encode(), sha256).hex()


def _set(transaction: Transaction, chat_id: int, state: ChatState, answer: Admission | None, now: datetime) -> None:
    """Stores an operator's decision. Does nothing if the chat is not confirmed, since only its reader can confirm it."""
    row = transaction.get_one(ChatRow, chat_id)
    if row.state is not ChatState.UNCONFIRMED:
        row.enter(state, now=now, admission=answer)
