"""What conversations store: updates, buttons, states, look-ups, offers, changes for undo, and mentions.

- An update is stored with its reply in the transaction of its effect (docs/architecture.md, rule 8).
- A callback token is the meaning of the opaque id of a button.
- A state is what a conversation must remember, under a name such as "ask:CHAT:PERSON".
- A pending look-up is a request that is not answered yet, because a worker looks up its papers.
- A change is the state of a chat before a change, for undo.
- A mention tells that one of these rows names a chat or a person. The texts of the rows have no index, so without
  mentions, erasing or moving a chat would have to read all rows.
"""

import re
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions import model
from subscriptions.addresses import declared
from subscriptions.states import ReplyState
from subscriptions.store.columns import Condition
from subscriptions.store.conversation_rows import (
    UNFINISHED,
    CallbackRow,
    ConversationStateRow,
    OfferRow,
    PageLogRow,
    PageMessageRow,
    PendingLookupRow,
    UndoRow,
    UpdateRow,
    WorkerRow,
)
from subscriptions.store.database import conflicts, store
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import TABLES

Where = Literal["callback", "state", "delivery", "change"]

_LONGEST = 300  # characters; no title of a chat is longer

_mentions = TABLES.tables["mention"]
_m = _mentions.c


def addresses_in(text: str, *, but: str = "") -> set[str]:
    """Returns all words of a text that may be the address of a chat, except `but`."""
    return {found.rstrip(".") for found in _address(tuple(facts.name for facts in declared())).findall(text)} - {but}


@lru_cache(maxsize=8)
def _address(platforms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, platforms))}):[-\w./]+")


def words_of_callback(callback_id: str, arguments: Mapping[str, Any], place: str) -> set[str]:
    """Returns the addresses of other chats in a callback token, or in a state and its name."""
    return addresses_in(f"{callback_id} {arguments}", but=place.removeprefix("board:"))


def words_of_notice(dedupe_key: str, detail: Mapping[str, str]) -> set[str]:
    """Returns the words with which a notice names chats: addresses, and texts that may be titles."""
    titles = {value for value in detail.values() if value and len(value) <= _LONGEST}
    return addresses_in(f"{dedupe_key} {detail}") | titles


def words_of_change(before: Mapping[str, Any], address: str) -> set[str]:
    """Returns the ids of the people whom a change names: the subscribers, except the person of the chat itself."""
    return {subscriber for value in before["subscriptions"] if (subscriber := value.get("subscriber"))} - {address}


def note_mentions(
    transaction: Transaction, where: Where, words: Mapping[str, Iterable[str]] | Mapping[int, Iterable[str]]
) -> None:
    """Replaces the mentions of rows. `words`: row id → words with which the row names chats or people."""
    for part in store.in_chunks(list(words)):
        store.execute(transaction, sa.delete(_mentions).where(_m[where].in_(part)))
    add_mentions(transaction, where, words)


def add_mentions(
    transaction: Transaction, where: Where, words: Mapping[str, Iterable[str]] | Mapping[int, Iterable[str]]
) -> None:
    """Stores the mentions of new rows. `words`: row id → words with which the row names chats or people."""
    rows = [{where: of, "word": word} for of, those in words.items() for word in sorted(those)]
    if rows:
        store.execute(transaction, sa.insert(_mentions), rows)


def forget_mentions(transaction: Transaction, words: Sequence[str]) -> None:
    """Removes the mentions of these words. Call it when no row names them any more."""
    store.execute(transaction, sa.delete(_mentions).where(_m.word.in_(words)))


def named_by(transaction: Transaction, where: Where, words: Sequence[str], *, topics: bool = False) -> list[Any]:
    """Returns the ids of the rows with one of these words; with `topics`, also of rows that name a topic of an address."""
    found: set[Any] = set()
    for word in words:
        of = sa.select(_m[where]).where(_m[where].is_not(None))
        found.update(store.execute(transaction, of.where(_m.word == word)).scalars())
        if topics:
            found.update(store.execute(transaction, of.where(_m.word > f"{word}/", _m.word < f"{word}0")).scalars())
    return sorted(found)


# -------------------------------------------------------------- the states of a chat before its last changes, for undo


_undo = TABLES.tables["undo"]
_ADD = sa.insert(_undo).returning(_undo.c.chat, _undo.c.id)
_WITH_MORE = sa.select(_undo.c.chat).group_by(_undo.c.chat).having(sa.func.count() > sa.bindparam("most"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChange:
    """A change of a chat, with the state before it."""

    id: int
    chat_id: int
    who: str
    at: datetime
    before: Mapping[str, Any]  # the state before the change, as JSON


def add_changes(
    transaction: Transaction, before: Mapping[int, tuple[str, Mapping[str, Any]]], *, who: str, at: datetime
) -> dict[int, int]:
    """Stores the states of chats before a change. `before`: chat id → (address, state).

    Returns chat id → id of the stored change. Later changes have higher ids.
    """
    rows = [{"chat": chat_id, "who": who, "at": at, "before": dict(state)} for chat_id, (_, state) in before.items()]
    ids = {added.chat: added.id for added in store.execute(transaction, _ADD, rows)} if rows else {}
    named = {ids[chat_id]: words_of_change(state, address) for chat_id, (address, state) in before.items()}
    add_mentions(transaction, "change", named)
    return ids


def with_more_changes_than(transaction: Transaction, chat_ids: Sequence[int], most: int) -> list[int]:
    """Returns those of `chat_ids` that have more than `most` stored changes."""
    return [row.chat for row in store.rows_of(transaction, _WITH_MORE, _undo.c.chat, chat_ids, most=most)]


def changes_of(transaction: Transaction, chat_id: int) -> tuple[StoredChange, ...]:
    """Returns the stored changes of a chat, newest first."""
    rows = transaction.exec(select(UndoRow).where(UndoRow.chat == chat_id).order_by(col(UndoRow.id).desc()))
    return tuple(
        StoredChange(id=row.id or 0, chat_id=row.chat, who=row.who, at=row.at, before=row.before) for row in rows
    )


def rewrite_change(transaction: Transaction, change_id: int, address: str, before: Mapping[str, Any]) -> None:
    """Replaces the stored state of a change. `address` is the address of its chat."""
    transaction.get_one(UndoRow, change_id).before = dict(before)
    note_mentions(transaction, "change", {change_id: words_of_change(before, address)})


def drop_changes(transaction: Transaction, ids: Collection[int]) -> None:
    """Removes changes."""
    if ids:
        transaction.exec(sa.delete(UndoRow).where(col(UndoRow.id).in_(ids)))


# ------------------------------------------------------------------------------------ buttons, states, look-ups, offers


_callbacks = TABLES.tables["callback"]
_offers = TABLES.tables["offer"]
_states = TABLES.tables["conversation_state"]
REPEATED_FOR = timedelta(minutes=10)  # an unconfirmed reply is posted again for so long after its command
_KEY = ("platform", "update_id")
_is_unfinished = Condition(UNFINISHED)  # with this condition, a query uses the small index of unfinished replies
_updates = TABLES.tables["update"]
_u = _updates.c


def home_view_of(person: model.ChatAddress | str) -> str:
    """Returns the `place` of the callback tokens on a person's home view."""
    return f"board:{person}"


def new_callback_id() -> str:
    """Returns an id of 16 characters that cannot be guessed."""
    return secrets.token_urlsafe(12)


def store_callbacks(transaction: Transaction, tokens: Mapping[str, model.CallbackToken], *, now: datetime) -> None:
    """Stores callback tokens under their ids."""
    if not tokens:
        return
    store.execute(
        transaction, sa.insert(_callbacks), [{"id": id_, **_values(token), "at": now} for id_, token in tokens.items()]
    )
    named = {id_: words_of_callback(id_, token.arguments, token.place) for id_, token in tokens.items()}
    add_mentions(transaction, "callback", named)


def find_callback(transaction: Transaction, callback_id: str) -> model.CallbackToken | None:
    """Returns the callback token with an id; None if there is none."""
    row = store.execute(transaction, sa.select(_callbacks).where(_callbacks.c.id == callback_id)).first()
    return None if row is None else _callback(row)


def _values(token: model.CallbackToken) -> dict[str, Any]:
    return {"place": token.place, "person": token.person, "verb": token.verb, "arguments": dict(token.arguments)}


def _callback(row: CallbackRow | sa.Row[Any]) -> model.CallbackToken:
    return model.CallbackToken(verb=row.verb, arguments=row.arguments, place=row.place, person=row.person)


@store.reads
def has_home_view(transaction: Transaction, person: model.ChatAddress) -> bool:
    """Whether a person's home view has callback tokens: it was shown, and the tokens are not cleaned up yet."""
    return (
        transaction.exec(select(CallbackRow.id).where(CallbackRow.place == home_view_of(person)).limit(1)).first()
        is not None
    )


def drop_callbacks_at(transaction: Transaction, place: str) -> None:
    """Removes the callback tokens of a place."""
    transaction.exec(sa.delete(CallbackRow).where(col(CallbackRow.place) == place))


@store.writes
def set_conversation_state(
    transaction: Transaction, name: str, token: model.CallbackToken, *, lasts: timedelta, now: datetime
) -> None:
    """Stores the state of a conversation under a name, for a limited time. Replaces the state with this name."""
    conflicts.put(
        transaction, "conversation_state", ("name",), {"name": name, **_values(token), "at": now, "until": now + lasts}
    )
    words = words_of_callback(name, token.arguments, token.place)
    note_mentions(transaction, "state", {name: words})


@store.reads
def get_conversation_state(transaction: Transaction, name: str, *, now: datetime) -> model.CallbackToken | None:
    """Returns the state that is stored under a name; None if there is none or its time is over."""
    row = store.execute(transaction, sa.select(_states).where(_states.c.name == name, _states.c.until >= now)).first()
    return None if row is None else _callback(row)


@store.writes
def clear_conversation_state(transaction: Transaction, name: str) -> None:
    """Removes the state that was stored under a name."""
    transaction.exec(sa.delete(ConversationStateRow).where(col(ConversationStateRow.name) == name))


@store.writes
def begin_lookup(transaction: Transaction, name: str, token: model.CallbackToken, *, now: datetime) -> None:
    """Stores a pending look-up, which this worker will answer. The `arguments` of the token are the request."""
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
    """Returns the request of a pending look-up that was stored at `since` or later; None if there is none."""
    row = transaction.get(PendingLookupRow, name)
    return row.request if row is not None and row.at >= since else None


@store.writes
def end_lookup(transaction: Transaction, name: str, *, since: datetime) -> bool:
    """Removes a pending look-up, which the caller then answers.

    Returns False if another caller has answered it, if its chat was erased, or if it is older than `since`.
    """
    at = transaction.exec(
        sa.delete(PendingLookupRow).where(col(PendingLookupRow.name) == name).returning(col(PendingLookupRow.at))
    ).scalar()
    return at is not None and at >= since


@store.writes
def take_over_lookups(transaction: Transaction, *, since: datetime) -> list[str]:
    """Gives the look-ups of dead workers to this worker, and drops look-ups from before `since`.

    Returns the names of all look-ups that this worker now has, oldest first.
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
    """A subscription that is offered to other chats."""

    number: int  # the subscription's number in the chat that offers it
    text: str
    cadence: str


def put_offer(transaction: Transaction, chat_id: int, offer: Offer, *, new_id: str, now: datetime) -> str:
    """Stores an offer. Returns its id: that of an earlier offer of the subscription; if there is none, `new_id`."""
    values = {"text": offer.text, "cadence": offer.cadence}
    known = {"id": new_id, "chat": chat_id, "number": offer.number, "at": now, **values}
    offer_id: str = conflicts.hold(transaction, "offer", ("chat", "number"), known).id
    store.execute(transaction, sa.update(_offers).where(_offers.c.id == offer_id).values(values))
    return offer_id


def find_offer(transaction: Transaction, offer_id: str) -> Offer | None:
    """Returns the offer with an id; None if there is none."""
    row = transaction.get(OfferRow, offer_id)
    return None if row is None else Offer(number=row.number, text=row.text, cadence=row.cadence)


def offer_of(transaction: Transaction, chat_id: int, number: int) -> str:
    """Returns the id of the offer of a subscription; "" if it was never offered."""
    found = select(OfferRow.id).where(OfferRow.chat == chat_id, OfferRow.number == number)
    return transaction.exec(found).first() or ""


def erase_place(transaction: Transaction, place: str) -> None:
    """Erases what conversations store about a chat (rule 10), including callback tokens on a person's home view.

    The ids of the chat's updates stay.
    """
    transaction.exec(sa.delete(CallbackRow).where(col(CallbackRow.place).in_((place, home_view_of(place)))))
    for table in (ConversationStateRow, PendingLookupRow):
        transaction.exec(sa.delete(table).where(col(table.place) == place))
    erased = {"reply": "", "chat": "", "state": ReplyState.DONE}
    transaction.exec(sa.update(UpdateRow).where(col(UpdateRow.chat) == place).values(erased))
    for page in (PageMessageRow, PageLogRow):
        transaction.exec(sa.delete(page).where(col(page.chat) == place))


# -------------------------------------------------------------------------------------------------------------- updates


@store.reads
def reply_to(transaction: Transaction, platform: str, update_id: str) -> str | None:
    """Returns the stored reply to an update; None if the update is new."""
    reply: str | None = store.execute(transaction, sa.select(_u.reply).where(*_is(platform, update_id))).scalar()
    return reply


def claim_update(transaction: Transaction, platform: str, update_id: str, *, chat: str, now: datetime) -> bool:
    """Stores an update, before its effect in the same transaction. Returns False if it was stored before."""
    values = {
        "platform": platform,
        "update_id": update_id,
        "at": now,
        "chat": chat,
        "reply": "",
        "state": ReplyState.DONE,
        "worker": transaction.store.worker,
    }
    return conflicts.insert_new(transaction, "update", _KEY, values)


def store_reply(transaction: Transaction, platform: str, update_id: str, reply: str) -> None:
    """Stores the reply to a claimed update, which this worker will post."""
    unfinished = {"reply": reply, "state": ReplyState.READY}
    store.execute(transaction, sa.update(_updates).where(*_is(platform, update_id)).values(unfinished))


@store.reads
def commands_since(transaction: Transaction, chat: model.ChatAddress, since: datetime) -> int:
    """Returns the number of updates of a chat that took effect at `since` or later."""
    found = select(sa.func.count()).select_from(UpdateRow).where(UpdateRow.chat == str(chat), UpdateRow.at >= since)
    return transaction.exec(found).one()


@store.reads
def is_later_update(
    transaction: Transaction, chat: model.ChatAddress, after: datetime, *, without: Collection[str]
) -> bool:
    """Whether a chat has an update that came after a moment, other than those with the ids `without`."""
    later = select(UpdateRow.update_id).where(UpdateRow.chat == str(chat), UpdateRow.at > after)
    return transaction.exec(later.where(col(UpdateRow.update_id).not_in(without)).limit(1)).first() is not None


def recent_updates(transaction: Transaction, after: datetime) -> list[tuple[str, datetime, bool]]:
    """Returns (chat, arrival, whether its reply is finished) of each update of a chat that came after `after`."""
    rows = transaction.exec(
        select(UpdateRow.chat, UpdateRow.at, col(UpdateRow.state)).where(UpdateRow.at > after, UpdateRow.chat != "")
    )
    return [(chat, at, state is ReplyState.DONE) for chat, at, state in rows]


def answers_in(transaction: Transaction, lane: model.Lane, after: datetime, worker: str) -> list[tuple[datetime, bool]]:
    """Returns (arrival, whether its reply is finished) of each update in a lane that came after `after`.

    Leaves out replies that `worker` still has to post, since it counts them when it posts them.
    """
    name = str(model.ChatAddress(lane.platform, lane.address))
    in_lane = (_u.chat == name) | (_u.chat > f"{name}/") & (_u.chat < f"{name}0")
    found = store.execute(transaction, sa.select(_u.at, _u.state, _u.worker).where(in_lane, _u.at > after))
    return [(at, state is ReplyState.DONE) for at, state, who in found if state is ReplyState.DONE or who != worker]


@store.shares
def finish_reply(transaction: Transaction, platform: str, update_id: str) -> None:
    """Marks a reply as done: it has arrived, or it was given up."""
    finished = {"state": ReplyState.DONE, "reply": ""}
    store.execute(transaction, sa.update(_updates).where(*_is(platform, update_id)).values(finished))


@store.reads
def is_reply_finished(transaction: Transaction, platform: str, update_id: str) -> bool:
    """Whether the reply to an update is finished: it was posted, it was given up, or there is none."""
    state = transaction.exec(select(UpdateRow.state).where(*_is(platform, update_id))).first()
    return state is None or state is ReplyState.DONE


@store.reads
def has_reply(transaction: Transaction, platform: str, update_id: str) -> bool:
    """Whether this worker still has to post the reply to an update."""
    worker = store.execute(transaction, sa.select(_u.worker).where(*_is(platform, update_id), _is_unfinished)).scalar()
    return bool(worker == transaction.store.worker)


@store.writes
def unfinished_replies(transaction: Transaction, *, now: datetime) -> list[tuple[str, str, str]]:
    """Takes over the replies of dead workers. Gives up replies that are older than ten minutes.

    Returns (platform, update id, reply) for each reply that this worker has to post, oldest first.
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
    """Returns the condition that a reply belongs to another worker that still runs."""
    return col(UpdateRow.worker).in_(select(WorkerRow.id).where(WorkerRow.id != worker))


def _is(platform: str, update_id: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return _u.platform == platform, _u.update_id == update_id


# ------------------------------------------------------------------------- the messages of chats on the bot's own pages


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMessage:
    """A message as a page shows it."""

    number: int  # its number in the chat; later messages have higher numbers
    change: int  # number of the chat's change that wrote or last edited it
    is_own: bool
    payload: str
    at: datetime
    is_edited: bool


@store.writes
def add_page_message(
    transaction: Transaction,
    chat: model.ChatAddress,
    payload: str,
    *,
    delivery: str,
    part: int,
    is_own: bool = False,
    now: datetime,
) -> int:
    """Stores a message and returns its number in the chat.

    If a message with the same delivery and part is stored, changes nothing and returns the number of that message. So a
    message with an unknown outcome can simply be stored again. `is_own`: the person wrote it.
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
def edit_page_message(transaction: Transaction, chat: model.ChatAddress, number: int, payload: str) -> bool:
    """Replaces the content of a message of the bot. Returns False if the bot has no message with this number."""
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


@store.writes
def find_page_message(transaction: Transaction, chat: model.ChatAddress, *, delivery: str, part: int) -> int | None:
    """Returns the number of a message; None if it is not stored.

    Writes nothing, but is done in turn: after the writes that were asked for before.
    """
    found = select(PageMessageRow.number).where(
        PageMessageRow.chat == _name(chat), PageMessageRow.delivery == delivery, PageMessageRow.part == part
    )
    return transaction.exec(found).first()


@store.reads
def newest_page_messages(
    transaction: Transaction, chat: model.ChatAddress, most: int, *, before: int | None = None
) -> tuple[list[PageMessage], int]:
    """Returns the newest messages of a chat, oldest first, and the number of its last change.

    If `before` is given, returns the newest messages before the message with this number.
    """
    found = select(PageMessageRow).where(PageMessageRow.chat == _name(chat))
    if before is not None:
        found = found.where(PageMessageRow.number < before)
    rows = transaction.exec(found.order_by(col(PageMessageRow.number).desc()).limit(most)).all()
    return [_message(row) for row in reversed(rows)], _changes_of(transaction, chat)


@store.reads
def changed_page_messages(
    transaction: Transaction, chat: model.ChatAddress, after: int, most: int
) -> tuple[list[PageMessage], int]:
    """Returns the messages that were written or edited after the change `after`, and the number of the last change.

    The messages are in the order of their changes. If the chat was erased in the meantime, the number is lower than
    `after`.
    """
    found = select(PageMessageRow).where(PageMessageRow.chat == _name(chat), PageMessageRow.change > after)
    rows = transaction.exec(found.order_by(col(PageMessageRow.change)).limit(most))
    return [_message(row) for row in rows], _changes_of(transaction, chat)


def _name(chat: model.ChatAddress) -> str:
    return str(model.ChatAddress(chat.platform, chat.address))


def _changes_of(transaction: Transaction, chat: model.ChatAddress) -> int:
    """Returns the number of the last change of a chat. After the chat was erased, the number is lower than before."""
    return transaction.exec(select(PageLogRow.changes).where(PageLogRow.chat == _name(chat))).first() or 0


def _next_change(transaction: Transaction, chat: str) -> int:
    """Returns the number of a chat's next change. Locks the chat's log until the transaction ends."""
    return int(conflicts.hold(transaction, "page_log", ("chat",), {"chat": chat, "changes": 0}).changes) + 1


def _count(transaction: Transaction, chat: str, change: int) -> None:
    transaction.exec(sa.update(PageLogRow).where(col(PageLogRow.chat) == chat).values(changes=change))
    transaction.flush()


def _message(row: PageMessageRow) -> PageMessage:
    return PageMessage(
        number=row.number,
        change=row.change,
        is_own=row.is_own,
        payload=row.payload,
        at=row.at,
        is_edited=row.is_edited,
    )
