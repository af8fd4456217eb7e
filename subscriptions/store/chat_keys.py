"""The keys of chats: secrets in the addresses of their feeds (docs/operating.md, Feeds).

Only the hash of a key is stored. So who gets a copy of the database cannot use the keys, and a key is shown only once. A
chat has at most one. A key counts as long as its row exists and the chat gets messages, for all processes, since each
request looks it up.
"""

import secrets
from datetime import datetime
from hashlib import sha256

from sqlmodel import select

from subscriptions.model import Chat
from subscriptions.states import WAITING
from subscriptions.store import chats
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.tables import ChatKeyRow

LONGEST = 100  # characters; a longer text is no key, and is not hashed
_BYTES = 24  # random bytes of a key: as many as a session has


def make_key(transaction: Transaction, chat_id: int, *, now: datetime) -> str:
    """Returns a new key of a chat. The key that the chat had before opens nothing from now on."""
    key = f"feed_{secrets.token_urlsafe(_BYTES)}"
    conflicts.put(transaction, ChatKeyRow(chat=chat_id, key_hash=_hash(key), at=now))
    return key


def drop_key(transaction: Transaction, chat_id: int) -> bool:
    """Removes the key of a chat. Returns whether there was one."""
    return transaction.remove(ChatKeyRow, chat=chat_id) > 0


def key_made_at(transaction: Transaction, chat_id: int) -> datetime | None:
    """Returns when the key of a chat was made; None if there is none."""
    row = transaction.get(ChatKeyRow, chat_id)
    return row.at if row else None


@reads
def chat_of_key(transaction: Transaction, key: str) -> Chat | None:
    """Returns the chat whose key this is; None for any other text, and if the chat gets no messages.

    A chat gets none if it is not admitted, or if the bot may no longer write there. The look-up takes as long for each
    unknown text, because it compares hashes.
    """
    if len(key) > LONGEST:
        return None
    wanted = select(ChatKeyRow.chat).filter_by(key_hash=_hash(key))
    for chat in chats.chats_by_id(transaction, transaction.exec(wanted)).values():
        if chat.state not in WAITING and not chat.is_unreachable:
            return chat
    return None


def _hash(key: str) -> str:
    return sha256(key.encode("utf-8", "replace")).hexdigest()
