"""Callback tokens: what the opaque ids in buttons and links stand for."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, select, update

from subscriptions.model import CallbackToken
from subscriptions.states import ReplyState
from subscriptions.store import mentions
from subscriptions.store.conversation_rows import CallbackRow, UpdateRow
from subscriptions.store.database.conflicts import insert_new, put
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


def claim_name(session: Session, name: str, token: CallbackToken, *, now: datetime) -> bool:
    """Stores a callback token that names no chat under a name. False: there is one, perhaps another process's."""
    return insert_new(session, "callback", ("id",), _values(name, token, now))


def put_callback(session: Session, callback_id: str, token: CallbackToken, *, now: datetime) -> None:
    """Stores a callback token under a chosen id; replaces one that has this id."""
    put(session, "callback", ("id",), _values(callback_id, token, now))
    words = mentions.words_of_callback(callback_id, token.arguments, token.place)
    mentions.note(session, "callback", {callback_id: words})


def _values(callback_id: str, token: CallbackToken, now: datetime) -> dict[str, Any]:
    return {
        "id": callback_id,
        "place": token.place,
        "person": token.person,
        "verb": token.verb,
        "arguments": dict(token.arguments),
        "at": now,
    }


def find_callback(session: Session, callback_id: str) -> tuple[CallbackToken, datetime | None] | None:
    """(callback token, when it was stored) of an id; None if there is none."""
    row = execute(session, _FIND, {"called": callback_id}).first()
    return None if row is None else (_callback(row), row.at)


def _callback(row: CallbackRow | Row[Any]) -> CallbackToken:
    return CallbackToken(verb=row.verb, arguments=row.arguments, place=row.place, person=row.person)


def callbacks_with_verb(session: Session, verb: str) -> list[tuple[str, CallbackToken, datetime]]:
    """(id, callback token, when it was stored) of all tokens with a verb, oldest first."""
    rows = session.exec(select(CallbackRow).where(CallbackRow.verb == verb).order_by(col(CallbackRow.at))).all()
    return [(row.id, _callback(row), row.at) for row in rows if row.at is not None]


def callbacks_of(session: Session, chat_id: int, verb: str) -> list[tuple[str, CallbackToken]]:
    """(id, callback token) of the tokens of a chat that work in every chat, with this verb."""
    rows = session.exec(
        select(CallbackRow).where(CallbackRow.chat == chat_id, CallbackRow.verb == verb, CallbackRow.place == "")
    )
    return [(row.id, CallbackToken(verb=row.verb, arguments=row.arguments)) for row in rows]


def add_shared_callback(session: Session, chat_id: int, token: CallbackToken, *, now: datetime) -> str:
    """Stores a callback token that works in every chat and is erased with its own chat; returns its id."""
    callback_id = new_callback_id()
    session.add(CallbackRow(id=callback_id, chat=chat_id, verb=token.verb, arguments=dict(token.arguments), at=now))
    session.flush()
    return callback_id


def change_callback(session: Session, callback_id: str, arguments: dict[str, Any]) -> None:
    """Replaces the arguments of a callback token."""
    session.get_one(CallbackRow, callback_id).arguments = arguments
    session.flush()


def drop_callback(session: Session, callback_id: str) -> None:
    """Removes one callback token."""
    session.exec(delete(CallbackRow).where(col(CallbackRow.id) == callback_id))


def has_callbacks_at(session: Session, place: str) -> bool:
    """Whether a place has callback tokens."""
    return session.exec(select(CallbackRow.id).where(CallbackRow.place == place).limit(1)).first() is not None


def drop_callbacks_at(session: Session, place: str, *, before: datetime | None = None) -> None:
    """Removes the callback tokens of a place; with `before`, only those stored earlier."""
    there = delete(CallbackRow).where(col(CallbackRow.place) == place)
    session.exec(there if before is None else there.where(col(CallbackRow.at) < before))


def erase_place(session: Session, place: str) -> None:
    """Erases the callback tokens and updates of a chat (rule 10). The ids of the updates stay."""
    session.exec(delete(CallbackRow).where(col(CallbackRow.place).in_((place, HOME_VIEW_PREFIX + place))))
    session.exec(update(UpdateRow).where(col(UpdateRow.chat) == place).values(reply="", chat="", state=ReplyState.DONE))
