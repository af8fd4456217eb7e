"""Whether an operator lets a chat in, and the keys of feeds.

Of the key of a feed (docs/operating.md, Feeds), only the hash is stored. So who gets a copy of the database cannot use
it, and it is shown only once. A chat has at most one.
"""

import hmac
import secrets
from datetime import datetime
from hashlib import sha256

from subscriptions.chats.stored.chats import row_of, selected
from subscriptions.database import bot_state
from subscriptions.database.store import Transaction
from subscriptions.database.tables import ChatRow, DenialRow, tables
from subscriptions.model import WAITING, Admission, Chat, ChatState, Lane

_c = tables("chat")[0].c

LONGEST_KEY = 100  # characters; a longer text is no key, and is not hashed
_KEY_BYTES = 24  # random bytes of a key: as many as a session has
_DENIAL_KEY = "denial-key"  # name of a stored value


def answer(transaction: Transaction, chat_id: int, admission: Admission | None, *, now: datetime) -> None:
    """Store what an operator answered when asked to let a chat in; None: it waits for the answer.

    The cursors of its subscriptions do not change, so papers that came while it waited will be delivered. Do nothing
    for a chat that is not confirmed, since only its reader can confirm it, nor if one that is served is let in again.
    """
    row = transaction.get_one(ChatRow, chat_id)
    admits = admission is Admission.ADMITTED
    is_served = row.state is not ChatState.ASKED and row.next_number > 1
    if row.state is not ChatState.UNCONFIRMED and not (admits and is_served):
        row.enter(ChatState.ACTIVE if admits else ChatState.ASKED, now=now, admission=admission)


def confirm(transaction: Transaction, chat_id: int, *, now: datetime) -> None:
    """Admit a chat whose reader said yes."""
    row = transaction.get_one(ChatRow, chat_id)
    row.enter(ChatState.ACTIVE, now=now, admission=Admission.ADMITTED)


def chats_awaiting_admission(transaction: Transaction) -> tuple[Chat, ...]:
    """Return the chats that wait for an operator and to which the bot can write, in the order of their requests."""
    asked = (_c.state == ChatState.ASKED) & _c.admission.is_(None) & _c.pause_reason.is_(None)
    return selected(transaction, asked, _c.state_since)


def remember_denial(transaction: Transaction, lane: Lane) -> None:
    """Store a hash of an address, which tells that an operator denied its chats.

    The hash stays if the chats are erased.
    """
    transaction.insert_new(DenialRow(address_hash=hash_of(transaction, str(lane))))


def lift_denial(transaction: Transaction, lane: Lane) -> bool:
    """Erase the stored denial of an address. Return whether there was one."""
    return transaction.remove(DenialRow, address_hash=denial_of(transaction, lane)) > 0


def denial_of(transaction: Transaction, lane: Lane) -> str:
    """Return the hash that is stored for a denied address; "" if no operator denied it."""
    if bot_state.get_value(transaction, _DENIAL_KEY) is None:  # nothing was hashed yet
        return ""
    address_hash = hash_of(transaction, str(lane))
    return address_hash if transaction.get(DenialRow, address_hash) else ""


def hash_of(transaction: Transaction, text: str) -> str:
    """Return a hash of a text that only this database can compute, for what must be known again but not kept."""
    key = bot_state.made_value(transaction, _DENIAL_KEY, lambda: secrets.token_hex(32))
    return hmac.digest(bytes.fromhex(key), text.encode(), sha256).hex()


def make_key(transaction: Transaction, chat_id: int, *, now: datetime) -> str:
    """Return a new key of a chat. The key that the chat had before opens nothing from now on."""
    key = f"feed_{secrets.token_urlsafe(_KEY_BYTES)}"
    row = row_of(transaction, chat_id)
    row.feed_key, row.feed_key_at = _hash_of_key(key), now
    return key


def drop_key(transaction: Transaction, chat_id: int) -> bool:
    """Remove the key of a chat. Return whether there was one."""
    row = row_of(transaction, chat_id)
    had = row.feed_key is not None
    row.feed_key = row.feed_key_at = None
    return had


def key_made_at(transaction: Transaction, chat_id: int) -> datetime | None:
    """Return when the key of a chat was made; None if there is none."""
    return row_of(transaction, chat_id).feed_key_at


def chat_of_key(transaction: Transaction, key: str) -> Chat | None:
    """Return the chat whose key this is; None for any other text, and if the chat gets no messages.

    A chat gets none if it is not admitted, or if the bot may no longer write there. The look-up takes as long for each
    unknown text, because it compares hashes.
    """
    if len(key) > LONGEST_KEY:
        return None
    for chat in selected(transaction, _c.feed_key == _hash_of_key(key)):
        if chat.is_active or (chat.state not in WAITING and not chat.is_unreachable):
            return chat
    return None


def _hash_of_key(key: str) -> str:
    return sha256(key.encode("utf-8", "replace")).hexdigest()
