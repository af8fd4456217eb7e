"""Denials that outlive the chat: after it is erased, a keyed hash of its address says that an operator denied it.

Platforms count their chats, so all addresses can be tried against a plain hash, in minutes, by anybody who has only the
hashes. The key is made once for each database. It keeps nothing from those who have the database, but hashes cannot be
read from another place, such as an export, nor can those of two bots be compared.
"""

import hmac
import secrets
from hashlib import sha256

from sqlmodel import Session

from subscriptions.model import Lane
from subscriptions.store import key_value
from subscriptions.store.database.conflicts import insert_new
from subscriptions.store.rows import DenialRow

_KEY = "denial-key"


def remember_denial(session: Session, lane: Lane) -> None:
    """Stores that an operator denied the chats at an address."""
    key = key_value.hold_value(session, _KEY, secrets.token_hex(32))
    insert_new(session, "denial", ("address_hash",), {"address_hash": _hash(key, lane)})


def lift_denial(session: Session, lane: Lane) -> bool:
    """Erases a remembered denial. Returns whether there was one."""
    row = _row(session, lane)
    if row is not None:
        session.delete(row)
        session.flush()
    return row is not None


def denial_of(session: Session, lane: Lane) -> str:
    """Returns the hash by which a denial of the chats at an address is remembered; "" if none is."""
    row = _row(session, lane)
    return row.address_hash if row is not None else ""


def move_denial(session: Session, old: Lane, new: Lane) -> None:
    """Moves a remembered denial to the address to which its chat moved."""
    if lift_denial(session, old):
        remember_denial(session, new)


def _row(session: Session, lane: Lane) -> DenialRow | None:
    key = key_value.get_value(session, _KEY)
    return session.get(DenialRow, _hash(key, lane)) if key is not None else None


def _hash(key: str, lane: Lane) -> str:
    return hmac.digest(bytes.fromhex(key), f"{lane.platform}:{lane.address}".encode(), sha256).hex()
