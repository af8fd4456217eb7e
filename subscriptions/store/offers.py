"""Subscriptions that chats offer to others, each by a link."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from subscriptions.store.conversation_rows import OfferRow
from subscriptions.store.database.conflicts import insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A subscription as it is offered."""

    number: int  # in the chat that offers it
    text: str
    cadence: str


def put_offer(session: Session, chat_id: int, offer: Offer, *, new_id: str, now: datetime) -> str:
    """Stores an offer under the id that the subscription has already, or under a new one; returns the id."""
    values: Mapping[str, Any] = {"text": offer.text, "cadence": offer.cadence}
    known = {"id": new_id, "chat": chat_id, "number": offer.number, "at": now, **values}
    insert_new(session, "offer", ("chat", "number"), known)
    row = session.exec(select(OfferRow).where(OfferRow.chat == chat_id, OfferRow.number == offer.number)).one()
    row.text, row.cadence = offer.text, offer.cadence
    session.flush()
    return row.id


def find_offer(session: Session, offer_id: str) -> Offer | None:
    """The offer with an id; None if there is none."""
    row = session.get(OfferRow, offer_id)
    return None if row is None else Offer(number=row.number, text=row.text, cadence=row.cadence)


def offer_of(session: Session, chat_id: int, number: int) -> str:
    """The id of the offer of a subscription; "" if it was never offered."""
    found = select(OfferRow.id).where(OfferRow.chat == chat_id, OfferRow.number == number)
    return session.exec(found).first() or ""
