"""What the buttons, links, questions and look-ups of a chat hold, as its export shows them: under the names of the first exports."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from typing import Any

from sqlmodel import Session, col, select

from subscriptions.store.conversation_rows import (
    CallbackRow,
    ConversationStateRow,
    OfferRow,
    PendingLookupRow,
    WrongCodeRow,
)
from subscriptions.store.database.store import CHUNK

Json = dict[str, Any]


def links(session: Session, chat_id: int, places: Sequence[str]) -> Iterator[Json]:
    """All of them, oldest first, each as a JSON value of the same shape; read page by page."""
    few = [*_states(session, places), *_lookups(session, places), *_of_chat(session, chat_id)]
    return map(_json, merge(_callbacks(session, places), sorted(few, key=_when), key=_when))


def _when(link: Json) -> tuple[datetime, str]:
    return link["at"], link["id"]


def _callbacks(session: Session, places: Sequence[str]) -> Iterator[Json]:
    there = (
        select(CallbackRow).where(col(CallbackRow.place).in_(places)).order_by(col(CallbackRow.at), col(CallbackRow.id))
    )
    for row in session.exec(there.execution_options(yield_per=CHUNK)):
        yield _link(row.id, row.at, row.verb, row.arguments, place=row.place, person=row.person)


def _states(session: Session, places: Sequence[str]) -> Iterator[Json]:
    for row in session.exec(select(ConversationStateRow).where(col(ConversationStateRow.place).in_(places))):
        yield _link(row.name, row.at, row.verb, row.arguments, place=row.place, person=row.person)


def _lookups(session: Session, places: Sequence[str]) -> Iterator[Json]:
    for row in session.exec(select(PendingLookupRow).where(col(PendingLookupRow.place).in_(places))):
        yield _link(row.name, row.at, "looks-up", row.request, place=row.place, person=row.person)


def _of_chat(session: Session, chat_id: int) -> Iterator[Json]:
    for offer in session.exec(select(OfferRow).where(OfferRow.chat == chat_id)):
        arguments = {"number": offer.number, "text": offer.text, "when": offer.cadence}
        yield _link(offer.id, offer.at, "offer", arguments, chat=chat_id)
    for wrong in session.exec(select(WrongCodeRow).where(WrongCodeRow.chat == chat_id)):
        yield _link(f"code:{wrong.id}", wrong.at, "code", {}, chat=chat_id)


def _link(
    id_: str, at: datetime, verb: str, arguments: Json, *, chat: int | None = None, place: str = "", person: str = ""
) -> Json:
    return {
        "id": id_,
        "chat": chat,
        "place": place,
        "person": person,
        "at": at,
        "verb": verb,
        "arguments": arguments,
    }


def _json(link: Json) -> Json:
    return {**link, "at": link["at"].isoformat().replace("+00:00", "Z")}
