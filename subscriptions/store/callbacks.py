"""What a conversation must find again: the meaning of a button, states and look-ups that are under way.

- A callback token is the meaning of the opaque id of a button.
- A state is what a conversation must remember, under a name such as "ask:CHAT:PERSON".
- A pending look-up is a request that is not answered yet, because its papers are being looked up.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from subscriptions.model import CallbackToken
from subscriptions.store.conversation_rows import (
    CallbackRow,
    ConversationStateRow,
    PageLogRow,
    PageMessageRow,
    UpdateRow,
)
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, reads, writes
from subscriptions.store.mentions import add_mentions, note_mentions, words_of_callback
from subscriptions.store.rows import TABLES

_callbacks = TABLES.tables["callback"]
_states = TABLES.tables["conversation_state"]


def new_callback_id() -> str:
    """Returns an id of 16 characters that cannot be guessed."""
    return secrets.token_urlsafe(12)


def store_callbacks(transaction: Transaction, tokens: Mapping[str, CallbackToken], *, now: datetime) -> None:
    """Stores callback tokens under their ids."""
    if not tokens:
        return
    execute(
        transaction, sa.insert(_callbacks), [{"id": id_, **_values(token), "at": now} for id_, token in tokens.items()]
    )
    named = {id_: words_of_callback(id_, token.arguments, token.place) for id_, token in tokens.items()}
    add_mentions(transaction, "callback", named)


def find_callback(transaction: Transaction, callback_id: str) -> CallbackToken | None:
    """Returns the callback token with an id; None if there is none."""
    row = execute(transaction, sa.select(_callbacks).where(_callbacks.c.id == callback_id)).first()
    return None if row is None else _callback(row)


def _values(token: CallbackToken) -> dict[str, Any]:
    return {"place": token.place, "person": token.person, "verb": token.verb, "arguments": dict(token.arguments)}


def _callback(row: CallbackRow | sa.Row[Any]) -> CallbackToken:
    return CallbackToken(verb=row.verb, arguments=row.arguments, place=row.place, person=row.person)


@writes
def set_conversation_state(
    transaction: Transaction, name: str, token: CallbackToken, *, lasts: timedelta, now: datetime
) -> None:
    """Stores the state of a conversation under a name, for a limited time. Replaces the state with this name."""
    conflicts.put(transaction, ConversationStateRow(name=name, at=now, until=now + lasts, **_values(token)))
    words = words_of_callback(name, token.arguments, token.place)
    note_mentions(transaction, "state", {name: words})
    transaction.known_states[name] = token


@reads
def get_conversation_state(transaction: Transaction, name: str, *, now: datetime) -> CallbackToken | None:
    """Returns the state that is stored under a name; None if there is none or its time is over.

    A transaction reads each state once.
    """
    if name not in transaction.known_states:
        found = sa.select(_states).where(_states.c.name == name, _states.c.until >= now)
        row = execute(transaction, found).first()
        transaction.known_states[name] = None if row is None else _callback(row)
    return transaction.known_states[name]


@writes
def clear_conversation_state(transaction: Transaction, name: str) -> None:
    """Removes the state that was stored under a name."""
    transaction.remove(ConversationStateRow, name=name)
    transaction.known_states[name] = None


def erase_place(transaction: Transaction, place: str) -> None:
    """Erases what conversations store about a chat (rule 10).

    The ids of the chat's updates stay.
    """
    for table in (CallbackRow, ConversationStateRow):
        transaction.remove(table, place=place)
    transaction.known_states.clear()
    transaction.exec(sa.update(UpdateRow).filter_by(chat=place).values(chat=None, answered=True))
    for page in (PageMessageRow, PageLogRow):
        transaction.remove(page, chat=place)
