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
    PendingLookupRow,
    UpdateRow,
    WorkerRow,
)
from subscriptions.store.database.conflicts import insert_new, put
from subscriptions.store.database.store import Transaction, execute, reads, writes
from subscriptions.store.rows import TABLES

_callbacks = TABLES.tables["callback"]
_ADD_CALLBACKS = sa.insert(_callbacks)
_FIND_CALLBACK = sa.select(_callbacks).where(_callbacks.c.id == sa.bindparam("called"))
_MOST_BUTTONS = 200  # of an answer
_LAST_CALLBACKS = (
    sa.select(_callbacks)
    .where(_callbacks.c.place == sa.bindparam("there"), _callbacks.c.at >= sa.bindparam("since"))
    .order_by(_callbacks.c.at.desc())
    .limit(_MOST_BUTTONS)
)
_states = TABLES.tables["conversation_state"]
_FIND_STATE = sa.select(_states).where(_states.c.name == sa.bindparam("called"), _states.c.at >= sa.bindparam("since"))
REPEATED_FOR = timedelta(minutes=10)  # how long after its command an unconfirmed reply is posted again
_KEY = ("platform", "update_id")
_is_unfinished = Condition(UNFINISHED)  # beside the state that is asked for: an index has few of these
# Statements that every request executes are built once.
_updates = TABLES.tables["update"]
_u = _updates.c
_is_it = (_u.platform == sa.bindparam("on"), _u.update_id == sa.bindparam("called"))
_REPLY = sa.select(_u.reply).where(*_is_it)
_STORE = (
    sa.update(_updates)
    .where(*_is_it)
    .values(
        reply=sa.bindparam("its_reply"),
        chat=sa.bindparam("its_chat"),
        state=sa.bindparam("its_state"),
        worker=sa.bindparam("who"),
    )
)
_FINISH = sa.update(_updates).where(*_is_it).values(state=ReplyState.DONE, reply="")
_UNFINISHED_AT = sa.select(_u.worker).where(*_is_it, _is_unfinished)
_in_lane = sa.or_(
    _u.chat == sa.bindparam("lane"), (_u.chat > sa.bindparam("topics")) & (_u.chat < sa.bindparam("behind"))
)
_ANSWERS = sa.select(_u.at, _u.state, _u.worker).where(_in_lane, _u.at > sa.bindparam("after"))


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
    execute(session, _ADD_CALLBACKS, [{"id": id_, **_values(token), "at": now} for id_, token in tokens.items()])
    named = {id_: undo.words_of_callback(id_, token.arguments, token.place) for id_, token in tokens.items()}
    undo.add(session, "callback", named)


def find_callback(session: Transaction, callback_id: str) -> CallbackToken | None:
    """The callback token with an id; None if there is none."""
    row = execute(session, _FIND_CALLBACK, {"called": callback_id}).first()
    return None if row is None else _callback(row)


@reads
def last_callbacks(session: Transaction, place: str, *, since: datetime) -> list[CallbackToken]:
    """The callback tokens of the last answer at a place that had buttons, if it was at `since` or later."""
    rows = execute(session, _LAST_CALLBACKS, {"there": place, "since": since}).all()
    return [_callback(row) for row in rows if row.at == rows[0].at]


def _values(token: CallbackToken) -> dict[str, Any]:
    return {"place": token.place, "person": token.person, "verb": token.verb, "arguments": dict(token.arguments)}


def _callback(row: CallbackRow | sa.Row[Any]) -> CallbackToken:
    return CallbackToken(verb=row.verb, arguments=row.arguments, place=row.place, person=row.person)


@reads
def has_home_view(transaction: Transaction, person: ChatAddress) -> bool:
    """Whether a person's home view has callback tokens: it was shown, and `clean_up_steps` has not dropped them."""
    return (
        transaction.exec(select(CallbackRow.id).where(CallbackRow.place == home_view_of(person)).limit(1)).first()
        is not None
    )


def drop_callbacks_at(session: Transaction, place: str) -> None:
    """Removes the callback tokens of a place."""
    session.exec(sa.delete(CallbackRow).where(col(CallbackRow.place) == place))


@writes
def set_conversation_state(
    transaction: Transaction, name: str, token: CallbackToken, *, lasts: timedelta, now: datetime
) -> None:
    """Stores the state of a conversation for a time, under a name; replaces the one that has this name."""
    put(transaction, "conversation_state", ("name",), {"name": name, **_values(token), "at": now, "until": now + lasts})
    words = undo.words_of_callback(name, token.arguments, token.place)
    undo.note(transaction, "state", {name: words})


@reads
def get_conversation_state(transaction: Transaction, name: str, *, since: datetime) -> CallbackToken | None:
    """The state that was stored under a name at `since` or later; None if there is none."""
    row = execute(transaction, _FIND_STATE, {"called": name, "since": since}).first()
    return None if row is None else _callback(row)


@writes
def clear_conversation_state(transaction: Transaction, name: str) -> None:
    """Removes what was stored under a name."""
    transaction.exec(sa.delete(ConversationStateRow).where(col(ConversationStateRow.name) == name))


@writes
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
    insert_new(transaction, "pending_lookup", ("name",), values)


@reads
def requested_lookup(transaction: Transaction, name: str, *, since: datetime) -> Mapping[str, Any] | None:
    """The request of a look-up that was stored at `since` or later; None: there is none, or it was answered."""
    row = transaction.get(PendingLookupRow, name)
    return row.request if row is not None and row.at >= since else None


@writes
def end_lookup(transaction: Transaction, name: str, *, since: datetime) -> bool:
    """Removes a look-up, to be answered now. False: it was answered before, its chat was erased, or it is too old."""
    at = transaction.exec(
        sa.delete(PendingLookupRow).where(col(PendingLookupRow.name) == name).returning(col(PendingLookupRow.at))
    ).scalar()
    return at is not None and at >= since


@writes
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
    insert_new(session, "offer", ("chat", "number"), known)
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


# -------------------------------------------------------------------------------------------------------------- updates


@reads
def reply_to(transaction: Transaction, platform: str, update_id: str) -> str | None:
    """The stored reply to an update; None if the update is new."""
    reply: str | None = execute(transaction, _REPLY, {"on": platform, "called": update_id}).scalar()
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
    return insert_new(session, UpdateRow.__tablename__, _KEY, values)


def store_reply(session: Transaction, platform: str, update_id: str, reply: str, *, chat: str, worker: str) -> None:
    """Stores the reply to a claimed update, which a worker is still to post, and the chat that it is about."""
    state = ReplyState.READY if reply else ReplyState.DONE
    changed = {"its_reply": reply, "its_chat": chat, "its_state": state, "who": worker}
    execute(session, _STORE, {"on": platform, "called": update_id, **changed})


@reads
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
    found = execute(session, _ANSWERS, {"lane": name, "topics": f"{name}/", "behind": f"{name}0", "after": after})
    return [(at, state is ReplyState.DONE) for at, state, who in found if state is ReplyState.DONE or who != worker]


@writes
def finish_reply(transaction: Transaction, platform: str, update_id: str) -> None:
    """Marks a reply as done: it has arrived, or is not posted any more."""
    execute(transaction, _FINISH, {"on": platform, "called": update_id})


@reads
def is_reply_finished(transaction: Transaction, platform: str, update_id: str) -> bool:
    """Whether no reply to an update is still to be posted."""
    state = transaction.exec(select(UpdateRow.state).where(*_is(platform, update_id))).first()
    return state is None or state is ReplyState.DONE


@reads
def has_reply(transaction: Transaction, platform: str, update_id: str) -> bool:
    """Whether this worker has the reply to an update still to post."""
    return (
        execute(transaction, _UNFINISHED_AT, {"on": platform, "called": update_id}).scalar() == transaction.store.worker
    )


@reads
def has_unfinished_replies(transaction: Transaction) -> bool:
    """Whether `unfinished_replies` would find some."""
    return (
        transaction.exec(
            select(UpdateRow.worker).where(_is_unfinished, ~_of_others(transaction.store.worker)).limit(1)
        ).first()
        is not None
    )


@writes
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
    return col(UpdateRow.platform) == platform, col(UpdateRow.update_id) == update_id
