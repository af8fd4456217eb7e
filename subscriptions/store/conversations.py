"""What conversations keep: updates, callback tokens, states under a name, pending look-ups, links that offer a subscription.

An update is one whose effect is committed, with the reply to it (docs/architecture.md, rule 8). A callback token is the
meaning of the opaque id of a button. A state is what a conversation must know later, under a name such as
"ask:CHAT:PERSON". A pending look-up is a request whose papers a worker looks up, until it is answered.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import CallbackToken, ChatAddress, Lane
from subscriptions.states import ReplyState
from subscriptions.store import undo
from subscriptions.store.columns import Condition
from subscriptions.store.conversation_rows import (
    UNFINISHED,
    CallbackRow,
    ConversationStateRow,
    OfferRow,
    PageLogRow,
    PageMessageRow,
    PendingLookupRow,
    UpdateRow,
    WorkerRow,
)
from subscriptions.store.database import conflicts, store
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import TABLES

_callbacks = TABLES.tables["callback"]
_MOST_BUTTONS = 200  # of an answer
_states = TABLES.tables["conversation_state"]
REPEATED_FOR = timedelta(minutes=10)  # how long after its command an unconfirmed reply is posted again
_KEY = ("platform", "update_id")
_is_unfinished = Condition(UNFINISHED)  # beside the state that is asked for: an index has few of these
_updates = TABLES.tables["update"]
_u = _updates.c


def home_view_of(person: ChatAddress | str) -> str:
    """The place of the callback tokens on a person's home view."""
    return f"board:{person}"


def new_callback_id() -> str:
    """Returns an id that cannot be guessed, 16 characters."""
    return secrets.token_urlsafe(12)


def store_callbacks(session: Transaction, tokens: Mapping[str, CallbackToken], *, now: datetime) -> None:
    """Stores callback tokens under the ids that they have."""
    if not tokens:
        return
    store.execute(
        session, sa.insert(_callbacks), [{"id": id_, **_values(token), "at": now} for id_, token in tokens.items()]
    )
    named = {id_: undo.words_of_callback(id_, token.arguments, token.place) for id_, token in tokens.items()}
    undo.add(session, "callback", named)


def find_callback(session: Transaction, callback_id: str) -> CallbackToken | None:
    """The callback token with an id; None if there is none."""
    row = store.execute(session, sa.select(_callbacks).where(_callbacks.c.id == callback_id)).first()
    return None if row is None else _callback(row)


@store.reads
def last_callbacks(session: Transaction, place: str, *, since: datetime) -> list[CallbackToken]:
    """The callback tokens of the last answer at a place that had buttons, if it was at `since` or later."""
    wanted = sa.select(_callbacks).where(_callbacks.c.place == place, _callbacks.c.at >= since)
    rows = store.execute(session, wanted.order_by(_callbacks.c.at.desc()).limit(_MOST_BUTTONS)).all()
    return [_callback(row) for row in rows if row.at == rows[0].at]


def _values(token: CallbackToken) -> dict[str, Any]:
    return {"place": token.place, "person": token.person, "verb": token.verb, "arguments": dict(token.arguments)}


def _callback(row: CallbackRow | sa.Row[Any]) -> CallbackToken:
    return CallbackToken(verb=row.verb, arguments=row.arguments, place=row.place, person=row.person)


@store.reads
def has_home_view(transaction: Transaction, person: ChatAddress) -> bool:
    """Whether a person's home view has callback tokens: it was shown, and `clean_up_steps` has not dropped them."""
    return (
        transaction.exec(select(CallbackRow.id).where(CallbackRow.place == home_view_of(person)).limit(1)).first()
        is not None
    )


def drop_callbacks_at(session: Transaction, place: str) -> None:
    """Removes the callback tokens of a place."""
    session.exec(sa.delete(CallbackRow).where(col(CallbackRow.place) == place))


@store.writes
def set_conversation_state(
    transaction: Transaction, name: str, token: CallbackToken, *, lasts: timedelta, now: datetime
) -> None:
    """Stores the state of a conversation for a time, under a name; replaces the one that has this name."""
    conflicts.put(
        transaction, "conversation_state", ("name",), {"name": name, **_values(token), "at": now, "until": now + lasts}
    )
    words = undo.words_of_callback(name, token.arguments, token.place)
    undo.note(transaction, "state", {name: words})


@store.reads
def get_conversation_state(transaction: Transaction, name: str, *, since: datetime) -> CallbackToken | None:
    """The state that was stored under a name at `since` or later; None if there is none."""
    row = store.execute(transaction, sa.select(_states).where(_states.c.name == name, _states.c.at >= since)).first()
    return None if row is None else _callback(row)


@store.writes
def clear_conversation_state(transaction: Transaction, name: str) -> None:
    """Removes what was stored under a name."""
    transaction.exec(sa.delete(ConversationStateRow).where(col(ConversationStateRow.name) == name))


@store.writes
def begin_lookup(transaction: Transaction, name: str, token: CallbackToken, *, now: datetime) -> None:
    """Stores a pending look-up, which this worker is to answer. `arguments` of the token is the request."""
    values: Mapping[str, Any] = {
        "name": name,
        "place": token.place,
        "person": token.person,
        "request": dict(token.arguments),
        "at": now,
        "worker": transaction.store.worker,
    }
    conflicts.insert_new(transaction, "pending_lookup", ("name",), values)


@store.reads
def requested_lookup(transaction: Transaction, name: str, *, since: datetime) -> Mapping[str, Any] | None:
    """The request of a look-up that was stored at `since` or later; None: there is none, or it was answered."""
    row = transaction.get(PendingLookupRow, name)
    return row.request if row is not None and row.at >= since else None


@store.writes
def end_lookup(transaction: Transaction, name: str, *, since: datetime) -> bool:
    """Removes a look-up, to be answered now. False: it was answered before, its chat was erased, or it is too old."""
    at = transaction.exec(
        sa.delete(PendingLookupRow).where(col(PendingLookupRow.name) == name).returning(col(PendingLookupRow.at))
    ).scalar()
    return at is not None and at >= since


@store.writes
def take_over_lookups(transaction: Transaction, *, since: datetime) -> list[str]:
    """Gives the look-ups of workers that are gone to this one; returns the names of all that it has, oldest first.

    Drops those from before `since`.
    """
    worker = transaction.store.worker
    left = col(PendingLookupRow.worker).not_in(select(WorkerRow.id).where(WorkerRow.id != worker))
    transaction.exec(sa.delete(PendingLookupRow).where(col(PendingLookupRow.at) < since))
    found = transaction.exec(
        sa.update(PendingLookupRow)
        .where(left)
        .values(worker=worker)
        .returning(col(PendingLookupRow.at), col(PendingLookupRow.name))
    ).all()
    return [name for _, name in sorted(found)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A subscription as it is offered."""

    number: int  # in the chat that offers it
    text: str
    cadence: str


def put_offer(session: Transaction, chat_id: int, offer: Offer, *, new_id: str, now: datetime) -> str:
    """Stores an offer under the id that the subscription has already, or under a new one; returns the id."""
    values: Mapping[str, Any] = {"text": offer.text, "cadence": offer.cadence}
    known = {"id": new_id, "chat": chat_id, "number": offer.number, "at": now, **values}
    conflicts.insert_new(session, "offer", ("chat", "number"), known)
    row = session.exec(select(OfferRow).where(OfferRow.chat == chat_id, OfferRow.number == offer.number)).one()
    row.text, row.cadence = offer.text, offer.cadence
    session.flush()
    return row.id


def find_offer(session: Transaction, offer_id: str) -> Offer | None:
    """The offer with an id; None if there is none."""
    row = session.get(OfferRow, offer_id)
    return None if row is None else Offer(number=row.number, text=row.text, cadence=row.cadence)


def offer_of(session: Transaction, chat_id: int, number: int) -> str:
    """The id of the offer of a subscription; "" if it was never offered."""
    found = select(OfferRow.id).where(OfferRow.chat == chat_id, OfferRow.number == number)
    return session.exec(found).first() or ""


def erase_place(session: Transaction, place: str) -> None:
    """Erases what conversations keep of a chat (rule 10), and the callback tokens on a person's home view. Ids of updates stay."""
    session.exec(sa.delete(CallbackRow).where(col(CallbackRow.place).in_((place, home_view_of(place)))))
    for table in (ConversationStateRow, PendingLookupRow):
        session.exec(sa.delete(table).where(col(table.place) == place))
    erased = {"reply": "", "chat": "", "state": ReplyState.DONE}
    session.exec(sa.update(UpdateRow).where(col(UpdateRow.chat) == place).values(erased))
    for page in (PageMessageRow, PageLogRow):
        session.exec(sa.delete(page).where(col(page.chat) == place))


# -------------------------------------------------------------------------------------------------------------- updates


@store.reads
def reply_to(transaction: Transaction, platform: str, update_id: str) -> str | None:
    """The stored reply to an update; None if the update is new."""
    reply: str | None = store.execute(transaction, sa.select(_u.reply).where(*_is(platform, update_id))).scalar()
    return reply


def claim_update(session: Transaction, platform: str, update_id: str, *, now: datetime) -> bool:
    """Stores an update, before its effect and in the transaction of it. False if another process, or an earlier one, did."""
    values = {
        "platform": platform,
        "update_id": update_id,
        "at": now,
        "chat": "",
        "reply": "",
        "state": ReplyState.DONE,
    }
    return conflicts.insert_new(session, UpdateRow.__tablename__, _KEY, values)


def store_reply(session: Transaction, platform: str, update_id: str, reply: str, *, chat: str, worker: str) -> None:
    """Stores the reply to a claimed update, which a worker is still to post, and the chat that it is about."""
    state = ReplyState.READY if reply else ReplyState.DONE
    changed = {"reply": reply, "chat": chat, "state": state, "worker": worker}
    store.execute(session, sa.update(_updates).where(*_is(platform, update_id)).values(changed))


@store.reads
def commands_since(transaction: Transaction, chat: ChatAddress, since: datetime) -> int:
    """How many updates of a chat had their effect at `since` or later."""
    found = select(sa.func.count()).select_from(UpdateRow).where(UpdateRow.chat == str(chat), UpdateRow.at >= since)
    return transaction.exec(found).one()


def recent_updates(session: Transaction, platform: str, after: datetime) -> list[tuple[str, datetime, bool]]:
    """(chat, came at, its reply is finished) of each update of a platform that came after `after`."""
    rows = session.exec(
        select(UpdateRow.chat, UpdateRow.at, col(UpdateRow.state)).where(
            col(UpdateRow.platform).concat("") == platform,
            UpdateRow.at > after,
            UpdateRow.chat != "",  # concat: by `at`
        )
    )
    return [(chat, at, state is ReplyState.DONE) for chat, at, state in rows]


def answers_in(session: Transaction, lane: Lane, after: datetime, worker: str) -> list[tuple[datetime, bool]]:
    """(came at, its reply is finished) of each update in a lane that came after `after`.

    What `worker` has still to post is left out: it counts that itself when it does.
    """
    name = str(ChatAddress(lane.platform, lane.address))
    in_lane = (_u.chat == name) | (_u.chat > f"{name}/") & (_u.chat < f"{name}0")
    found = store.execute(session, sa.select(_u.at, _u.state, _u.worker).where(in_lane, _u.at > after))
    return [(at, state is ReplyState.DONE) for at, state, who in found if state is ReplyState.DONE or who != worker]


@store.writes
def finish_reply(transaction: Transaction, platform: str, update_id: str) -> None:
    """Marks a reply as done: it has arrived, or is not posted any more."""
    finished = {"state": ReplyState.DONE, "reply": ""}
    store.execute(transaction, sa.update(_updates).where(*_is(platform, update_id)).values(finished))


@store.reads
def is_reply_finished(transaction: Transaction, platform: str, update_id: str) -> bool:
    """Whether no reply to an update is still to be posted."""
    state = transaction.exec(select(UpdateRow.state).where(*_is(platform, update_id))).first()
    return state is None or state is ReplyState.DONE


@store.reads
def has_reply(transaction: Transaction, platform: str, update_id: str) -> bool:
    """Whether this worker has the reply to an update still to post."""
    worker = store.execute(transaction, sa.select(_u.worker).where(*_is(platform, update_id), _is_unfinished)).scalar()
    return bool(worker == transaction.store.worker)


@store.reads
def has_unfinished_replies(transaction: Transaction) -> bool:
    """Whether `unfinished_replies` would find some."""
    return (
        transaction.exec(
            select(UpdateRow.worker).where(_is_unfinished, ~_of_others(transaction.store.worker)).limit(1)
        ).first()
        is not None
    )


@store.writes
def unfinished_replies(transaction: Transaction, *, now: datetime) -> list[tuple[str, str, str]]:
    """(platform, update id, reply) of the replies that this worker is to post, oldest first: its own, and those of workers that are gone.

    Those of more than ten minutes ago are given up.
    """
    worker = transaction.store.worker
    left = _is_unfinished, ~_of_others(worker)
    transaction.exec(
        sa.update(UpdateRow)
        .where(*left, col(UpdateRow.at) < now - REPEATED_FOR)
        .values(state=ReplyState.DONE, reply="")
    )
    found = transaction.exec(
        sa.update(UpdateRow)
        .where(*left)
        .values(worker=worker)
        .returning(col(UpdateRow.at), col(UpdateRow.platform), col(UpdateRow.update_id), col(UpdateRow.reply))
    ).all()
    return [(platform, update_id, reply) for _, platform, update_id, reply in sorted(found)]


def _of_others(worker: str) -> sa.ColumnElement[bool]:
    """Whether a reply is in the hands of another worker, which is not gone."""
    return col(UpdateRow.worker).in_(select(WorkerRow.id).where(WorkerRow.id != worker))


def _is(platform: str, update_id: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return _u.platform == platform, _u.update_id == update_id


# ------------------------------------------------------------------------------- the messages of chats on our own pages


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMessage:
    """A message as a page shows it."""

    number: int  # in its chat; later ones have higher numbers
    change: int  # of the chat, by which it was written or edited last
    is_own: bool
    payload: str
    at: datetime
    is_edited: bool


@store.writes
def add_page_message(
    transaction: Transaction,
    chat: ChatAddress,
    payload: str,
    *,
    delivery: str,
    part: int,
    is_own: bool = False,
    now: datetime,
) -> int:
    """Stores a message and returns its number in the chat.

    One with the same delivery and part is the same message, and stays as it is. So a message whose fate is not known is
    simply stored again. `is_own`: the person wrote it.
    """
    name = _name(chat)
    change = _next_change(transaction, name)
    known = find_page_message(transaction, chat, delivery=delivery, part=part)
    if known is not None:
        return known
    transaction.add(
        PageMessageRow(
            chat=name,
            number=change,
            change=change,
            delivery=delivery,
            part=part,
            payload=payload,
            is_own=is_own,
            at=now,
        )
    )
    _count(transaction, name, change)
    return change


@store.writes
def edit_page_message(transaction: Transaction, chat: ChatAddress, number: int, payload: str) -> bool:
    """Replaces what a message says. False if it is not stored."""
    name = _name(chat)
    change = _next_change(transaction, name)
    row = transaction.get(PageMessageRow, (name, number))
    if row is None or row.is_own:
        return False
    if row.payload != payload:
        row.payload, row.change, row.is_edited = payload, change, True
        transaction.add(row)
        _count(transaction, name, change)
    return True


@store.reads
def find_page_message(transaction: Transaction, chat: ChatAddress, *, delivery: str, part: int) -> int | None:
    """The number of a message; None if it was not stored, or is not any more."""
    found = select(PageMessageRow.number).where(
        PageMessageRow.chat == _name(chat), PageMessageRow.delivery == delivery, PageMessageRow.part == part
    )
    return transaction.exec(found).first()


@store.reads
def newest_page_messages(
    transaction: Transaction, chat: ChatAddress, most: int, *, before: int | None = None
) -> tuple[list[PageMessage], int]:
    """The newest messages of a chat, in their order, and the number of its last change.

    With `before` those before the message with this number.
    """
    found = select(PageMessageRow).where(PageMessageRow.chat == _name(chat))
    if before is not None:
        found = found.where(PageMessageRow.number < before)
    rows = transaction.exec(found.order_by(col(PageMessageRow.number).desc()).limit(most)).all()
    return [_message(row) for row in reversed(rows)], _changes_of(transaction, chat)


@store.reads
def changed_page_messages(
    transaction: Transaction, chat: ChatAddress, after: int, most: int
) -> tuple[list[PageMessage], int]:
    """What was written or edited after the change `after`, oldest first, and the number of the chat's last change.

    That number is lower than `after` if the chat was erased meanwhile.
    """
    found = select(PageMessageRow).where(PageMessageRow.chat == _name(chat), PageMessageRow.change > after)
    rows = transaction.exec(found.order_by(col(PageMessageRow.change)).limit(most))
    return [_message(row) for row in rows], _changes_of(transaction, chat)


def _name(chat: ChatAddress) -> str:
    return str(ChatAddress(chat.platform, chat.address))


def _changes_of(session: Transaction, chat: ChatAddress) -> int:
    """How often something was written or changed in a chat; less than before if it was erased meanwhile."""
    return session.exec(select(PageLogRow.changes).where(PageLogRow.chat == _name(chat))).first() or 0


def _next_change(session: Transaction, chat: str) -> int:
    """The number of the next change of a chat, which no other process makes until the transaction ends."""
    return int(conflicts.hold(session, "page_log", ("chat",), {"chat": chat, "changes": 0}).changes) + 1


def _count(session: Transaction, chat: str, change: int) -> None:
    session.exec(sa.update(PageLogRow).where(col(PageLogRow.chat) == chat).values(changes=change))
    session.flush()


def _message(row: PageMessageRow) -> PageMessage:
    return PageMessage(
        number=row.number,
        change=row.change,
        is_own=row.is_own,
        payload=row.payload,
        at=row.at,
        is_edited=row.is_edited,
    )
