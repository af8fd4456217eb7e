"""Callback tokens: what the opaque ids in buttons stand for."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, select

from subscriptions.model import CallbackToken
from subscriptions.store import mentions
from subscriptions.store.conversation_rows import CallbackRow
from subscriptions.store.database.store import execute
from subscriptions.store.rows import TABLES

_callbacks = TABLES.tables["callback"]
_FIND = columns(_callbacks).where(_callbacks.c.id == bindparam("called"))
HOME_VIEW_PREFIX = "board:"  # prefix of a person's address: the place of the callbacks on their home view


def new_callback_id() -> str:
    """Returns an id that nobody can guess, 16 characters."""
    return secrets.token_urlsafe(12)


def add_callbacks(session: Session, tokens: Sequence[CallbackToken], *, now: datetime) -> list[str]:
    """Stores callback tokens; returns their ids, 16 characters that cannot be guessed, in the order of the tokens."""
    by_id = {new_callback_id(): token for token in tokens}
    store_callbacks(session, by_id, now=now)
    return list(by_id)


def store_callbacks(session: Session, tokens: Mapping[str, CallbackToken], *, now: datetime) -> None:
    """Stores callback tokens under the ids that they have."""
    for callback_id, token in tokens.items():
        session.add(
            CallbackRow(
                id=callback_id,
                place=token.place,
                person=token.person,
                verb=token.verb,
                arguments=dict(token.arguments),
                at=now,
            )
        )
    session.flush()
    named = {id_: mentions.words_of_callback(id_, token.arguments, token.place) for id_, token in tokens.items()}
    mentions.note(session, "callback", {id_: words for id_, words in named.items() if words})


def find_callback(session: Session, callback_id: str) -> CallbackToken | None:
    """The callback token with an id; None if there is none."""
    row = execute(session, _FIND, {"called": callback_id}).first()
    return None if row is None else _callback(row)


def _callback(row: CallbackRow | Row[Any]) -> CallbackToken:
    return CallbackToken(verb=row.verb, arguments=row.arguments, place=row.place, person=row.person)


def has_callbacks_at(session: Session, place: str) -> bool:
    """Whether a place has callback tokens."""
    return session.exec(select(CallbackRow.id).where(CallbackRow.place == place).limit(1)).first() is not None


def drop_callbacks_at(session: Session, place: str) -> None:
    """Removes the callback tokens of a place."""
    session.exec(delete(CallbackRow).where(col(CallbackRow.place) == place))


def erase_place(session: Session, place: str) -> None:
    """Erases the callback tokens of a chat, and those on a person's home view."""
    session.exec(delete(CallbackRow).where(col(CallbackRow.place).in_((place, HOME_VIEW_PREFIX + place))))
