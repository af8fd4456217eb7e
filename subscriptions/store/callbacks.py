"""What a conversation must find again: the meaning of a button, and what is remembered for a time, such as an open question.

- A callback token is the meaning of the opaque id of a button.
- A state is what a conversation must remember about a chat, and perhaps a person in it, under a name such as "question".
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from subscriptions.model import CallbackToken, ChatAddress
from subscriptions.store import chats
from subscriptions.store.columns import AnyRow
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, reads, writes
from subscriptions.store.tables import TABLES, ConversationStateRow, tables

_callbacks, _states = tables("callback", "conversation_state")
_here, _about = TABLES.tables["chat"].alias("here"), TABLES.tables["chat"].alias("other")


def _tokens(table: sa.Table) -> sa.Select[*tuple[Any, ...]]:
    """Returns the statement that reads callback tokens from a table, with the present addresses of their chats."""
    places = (at.c[name].label(f"{at.name}_{name}") for at in (_here, _about) for name in chats.PLACE)
    read = sa.select(table.c.verb, table.c.arguments, table.c.person, *places)
    here = sa.join(table, _here, _here.c.id == table.c.chat)
    return read.select_from(here.outerjoin(_about, _about.c.id == table.c.about))


_CALLBACK = _tokens(_callbacks).where(_callbacks.c.id == sa.bindparam("wanted"))
_STATES = _tokens(_states)


def new_callback_id() -> str:
    """Returns an id of 16 characters that cannot be guessed."""
    return secrets.token_urlsafe(12)


def store_callbacks(
    transaction: Transaction, tokens: Mapping[str, CallbackToken], *, chat_id: int, now: datetime
) -> None:
    """Stores callback tokens, which work in one chat only, under their ids. The chats that they are about must be stored."""
    about = _ids_of(transaction, tokens.values())
    rows = [
        {
            "id": token_id,
            "chat": chat_id,
            "about": about.get(token.about),
            "person": token.person,
            "verb": token.verb,
            "arguments": dict(token.arguments),
            "at": now,
        }
        for token_id, token in tokens.items()
    ]
    if rows:
        execute(transaction, sa.insert(_callbacks), rows)


def find_callback(transaction: Transaction, callback_id: str) -> CallbackToken | None:
    """Returns the callback token with an id; None if there is none."""
    row = execute(transaction, _CALLBACK, {"wanted": callback_id}).first()
    return None if row is None else _token(row)


def _ids_of(transaction: Transaction, tokens: Iterable[CallbackToken]) -> dict[ChatAddress | None, int]:
    """Returns address → id of the chats that tokens are about. Raises LookupError for one that is not stored."""
    found: dict[ChatAddress | None, int] = {}
    for address in {token.about for token in tokens}:
        if address is not None:
            chat = chats.find_chat(transaction, address)
            if chat is None:  # without its chat, the button would act on the one where it is shown
                raise LookupError(address)
            found[address] = chat.id
    return found


def _token(row: AnyRow) -> CallbackToken:
    about = ChatAddress(row.other_platform, row.other_address, row.other_topic) if row.other_platform else None
    place = ChatAddress(row.here_platform, row.here_address, row.here_topic)
    return CallbackToken(verb=row.verb, arguments=row.arguments, place=place, about=about, person=row.person)


@writes
def remember(
    transaction: Transaction, chat_id: int, name: str, token: CallbackToken, *, lasts: timedelta, now: datetime
) -> None:
    """Stores the state of a conversation under a name, for a limited time. Replaces that of the same chat and person."""
    row = ConversationStateRow(
        chat=chat_id,
        person=token.person,
        name=name,
        about=_ids_of(transaction, [token]).get(token.about),
        verb=token.verb,
        arguments=dict(token.arguments),
        at=now,
        until=now + lasts,
    )
    conflicts.put(transaction, row)


@reads
def remembered(
    transaction: Transaction, chat_id: int, name: str, *, person: str = "", now: datetime
) -> CallbackToken | None:
    """Returns the state that is stored under a name; None if there is none or its time is over."""
    key = (_states.c.chat == chat_id, _states.c.person == person, _states.c.name == name)
    state = execute(transaction, _STATES.where(*key, _states.c.until >= now)).first()
    return None if state is None else _token(state)


@writes
def drop_remembered(transaction: Transaction, chat_id: int, name: str, *, person: str = "") -> None:
    """Removes the state that was stored under a name."""
    transaction.remove(ConversationStateRow, chat=chat_id, name=name, person=person)
