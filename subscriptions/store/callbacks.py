"""Callbacks: what the ids in buttons and links stand for."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, select, update

from subscriptions.model import CallbackToken
from subscriptions.states import ReplyState
from subscriptions.store.rows import CallbackRow, UpdateRow

HOME_VIEW = "board:"  # before the address of a person: the place of the links on their board


def add_callbacks(session: Session, tokens: Sequence[CallbackToken], *, now: datetime) -> list[str]:
    """Stores links; returns their ids, 16 characters that nobody can guess."""
    ids = [secrets.token_urlsafe(12) for _ in tokens]
    for link_id, link in zip(ids, tokens, strict=True):
        session.add(
            CallbackRow(
                id=link_id,
                place=link.place,
                person=link.person,
                verb=link.verb,
                arguments=dict(link.arguments),
                at=now,
            )
        )
    session.flush()
    return ids


def put_callback(session: Session, link_id: str, token: CallbackToken, *, now: datetime) -> None:
    """Stores a link under an id of our own, in place of what had that id."""
    values: dict[str, Any] = {
        "place": token.place,
        "person": token.person,
        "verb": token.verb,
        "arguments": dict(token.arguments),
    }
    row = session.get(CallbackRow, link_id)
    if row is None:
        session.add(CallbackRow(id=link_id, at=now, **values))
    else:
        row.sqlmodel_update({**values, "at": now})
    session.flush()


def find_callback(session: Session, link_id: str) -> tuple[CallbackToken, datetime | None] | None:
    """What an id stands for, and since when."""
    row = session.get(CallbackRow, link_id)
    if row is None:
        return None
    return _callback(row), row.at


def _callback(row: CallbackRow) -> CallbackToken:
    return CallbackToken(verb=row.verb, arguments=row.arguments, place=row.place, person=row.person)


def callbacks_with_verb(session: Session, verb: str) -> list[tuple[str, CallbackToken, datetime]]:
    """(id, link, since when) of all links with a verb, the oldest first."""
    rows = session.exec(select(CallbackRow).where(CallbackRow.verb == verb).order_by(col(CallbackRow.at))).all()
    return [(row.id, _callback(row), row.at) for row in rows if row.at is not None]


def callbacks_of(session: Session, chat_id: int, verb: str) -> list[tuple[str, CallbackToken]]:
    """The links of a chat that may be passed on: (id, what it stands for) each."""
    rows = session.exec(
        select(CallbackRow).where(CallbackRow.chat == chat_id, CallbackRow.verb == verb, CallbackRow.place == "")
    )
    return [(row.id, CallbackToken(verb=row.verb, arguments=row.arguments)) for row in rows]


def add_shared_callback(session: Session, chat_id: int, token: CallbackToken, *, now: datetime) -> str:
    """Stores a link of a chat that may be passed on, and goes when the chat does; its id."""
    link_id = secrets.token_urlsafe(12)
    session.add(CallbackRow(id=link_id, chat=chat_id, verb=token.verb, arguments=dict(token.arguments), at=now))
    session.flush()
    return link_id


def change_callback(session: Session, link_id: str, arguments: dict[str, Any]) -> None:
    """What a link stands for is something else from now on."""
    session.get_one(CallbackRow, link_id).arguments = arguments
    session.flush()


def drop_callback(session: Session, link_id: str) -> None:
    """Forgets one link."""
    session.exec(delete(CallbackRow).where(col(CallbackRow.id) == link_id))


def drop_callbacks(session: Session, before: datetime) -> None:
    """Forgets buttons that were made before `before`; links that may be passed on stay."""
    session.exec(delete(CallbackRow).where(col(CallbackRow.at) < before, col(CallbackRow.place) != ""))


def has_callbacks_at(session: Session, place: str) -> bool:
    """Whether anything stands there that can be pressed."""
    return session.exec(select(CallbackRow.id).where(CallbackRow.place == place).limit(1)).first() is not None


def drop_callbacks_at(session: Session, place: str, *, before: datetime | None = None) -> None:
    """What stands there, with `before` what was made earlier, cannot be pressed any more."""
    there = delete(CallbackRow).where(col(CallbackRow.place) == place)
    session.exec(there if before is None else there.where(col(CallbackRow.at) < before))


def erase_place(session: Session, place: str) -> None:
    """Erases the links and the updates of a chat (rule 10); that an update had its effect stays known."""
    session.exec(delete(CallbackRow).where(col(CallbackRow.place).in_((place, HOME_VIEW + place))))
    session.exec(update(UpdateRow).where(col(UpdateRow.chat) == place).values(reply="", chat="", state=ReplyState.DONE))
