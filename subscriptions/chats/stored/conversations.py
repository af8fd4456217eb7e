"""What conversations must find again: updates, buttons, open questions, messages on pages.

- An update takes effect once (rule 8). Which were not answered when a process ended is known, and for how long they
  count.
- A callback token is the meaning of the opaque id of a button, or of an open question to a person.
- The messages on the bot's own pages are numbered, so that a browser asks only for new ones.
"""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import select

from subscriptions.chats.stored import chats as stored_chats
from subscriptions.database.columns import AnyRow
from subscriptions.database.store import Transaction, execute
from subscriptions.database.tables import UNANSWERED, CallbackRow, PageMessageRow, UpdateRow, tables
from subscriptions.model import CallbackToken, ChatAddress

TOLD_WITHIN = timedelta(minutes=10)  # a chat is told for so long after its update that the answer was lost
BUTTONS_LAST = timedelta(days=90)

_updates, _chats, _callbacks, _pages = tables("update", "chat", "callback", "page_message")
_u, _b, _p = _updates.c, _callbacks.c, _pages.c
_here, _about = _chats.alias("here"), _chats.alias("other")
_is_unanswered = sa.text(UNANSWERED)  # with this condition, a query uses the small index of unanswered updates


def is_noted(transaction: Transaction, platform: str, update_id: str, *, changed: bool = False) -> bool:
    """Whether an update was noted, so that it must not take effect again; if `changed`, as one that changed something.

    Nobody else notes it before this transaction ends, if it may write (rule 15).
    """
    which = [_u.changed] if changed else []
    return transaction.finds(_u.platform == platform, _u.update_id == update_id, *which)


def note_update(
    transaction: Transaction,
    platform: str,
    update_id: str,
    *,
    chat: ChatAddress,
    understood: str = "",
    changed: bool = False,
    answered: bool = False,
    now: datetime,
) -> None:
    """Note an update and what became of it, with its chat, if that is stored now, in the transaction of its effect.

    An update whose effect needs something slow is noted before that, too. `understood` is the id of the message, if it
    was understood, so that its later versions have no effect; "" if not, or if it has none.
    """
    there = stored_chats.home_of(transaction, chat)
    row = UpdateRow(platform=platform, update_id=update_id, at=now, chat=there.id if there else None)
    row.changed, row.answered = changed, answered
    transaction.merge(row)
    if understood:
        said = UpdateRow(platform=platform, update_id=understood, at=now, chat=row.chat)
        said.answered = True
        transaction.merge(said)


def mark_answered(transaction: Transaction, platform: str, update_id: str) -> None:
    """Store that the reply to an update was posted or given up."""
    execute(transaction, sa.update(_updates).filter_by(platform=platform, update_id=update_id).values(answered=True))


def unanswered(transaction: Transaction, platforms: Collection[str], *, now: datetime) -> dict[ChatAddress, bool]:
    """Return the chats of these platforms that wait for an answer → whether it is to a change; who spoke first first.

    Gives up what is older than TOLD_WITHIN.
    """
    places = (_chats.c[name] for name in stored_chats.PLACE)
    over = sa.update(_updates).where(_is_unanswered, _u.at < now - TOLD_WITHIN)
    execute(transaction, over.values(answered=True))
    left = sa.select(*places, _u.changed).join(_chats, _chats.c.id == _u.chat).order_by(_u.at, _u.update_id)
    found: dict[ChatAddress, bool] = {}
    for *place, changed in execute(transaction, left.where(_is_unanswered)):
        chat = ChatAddress(*place)
        if chat.platform in platforms:
            found[chat] = changed or found.get(chat, False)
    return found


def mark_told(transaction: Transaction, chat: ChatAddress, *, upto: datetime) -> None:
    """Store that a chat was told of all its updates that were noted until `upto`."""
    of_chat = sa.select(_chats.c.id).where(*(_chats.c[name] == getattr(chat, name) for name in stored_chats.PLACE))
    told = sa.update(_updates).where(_is_unanswered, _u.chat.in_(of_chat), _u.at <= upto)
    execute(transaction, told.values(answered=True))


# callback tokens, with the present addresses of their chats
_TOKENS = (
    sa.select(_b.verb, _b.arguments, _b.person)
    .add_columns(*(at.c[name].label(f"{at.name}_{name}") for at in (_here, _about) for name in stored_chats.PLACE))
    .select_from(_callbacks.join(_here, _here.c.id == _b.chat).outerjoin(_about, _about.c.id == _b.about))
)
_CALLBACK = _TOKENS.where(_b.id == sa.bindparam("wanted"))


def new_callback_id() -> str:
    """Return an id of 16 characters that cannot be guessed."""
    return secrets.token_urlsafe(12)


def store_callbacks(
    transaction: Transaction,
    tokens: Mapping[str, CallbackToken],
    *,
    chat_id: int,
    name: str = "",
    lasts: timedelta = BUTTONS_LAST,
    now: datetime,
) -> None:
    """Store callback tokens, which work in one chat only, under their ids.

    The chats that they are about must be stored. Raise LookupError otherwise. `name`: see `remember`.
    """
    rows = [
        {
            "id": token_id,
            "chat": chat_id,
            "about": token.about and _id_of(transaction, token.about),
            "person": token.person,
            "name": name,
            "verb": token.verb,
            "arguments": dict(token.arguments),
            "at": now,
            "until": now + lasts,
        }
        for token_id, token in tokens.items()
    ]
    transaction.execute_rows(sa.insert(_callbacks), rows)


def _id_of(transaction: Transaction, about: ChatAddress) -> int:
    chat = stored_chats.find_chat(transaction, about)
    if chat is None:  # without its chat, the button would act on the one where it is shown
        raise LookupError(about)
    return chat.id


def find_callback(transaction: Transaction, callback_id: str) -> CallbackToken | None:
    """Return the callback token with an id; None if there is none."""
    row = execute(transaction, _CALLBACK, {"wanted": callback_id}).first()
    return None if row is None else _token(row)


def _token(row: AnyRow) -> CallbackToken:
    about = ChatAddress(row.other_platform, row.other_address, row.other_topic) if row.other_platform else None
    place = ChatAddress(row.here_platform, row.here_address, row.here_topic)
    return CallbackToken(verb=row.verb, arguments=row.arguments, place=place, about=about, person=row.person)


def remember(
    transaction: Transaction, chat_id: int, name: str, token: CallbackToken, *, lasts: timedelta, now: datetime
) -> None:
    """Store what a person was asked, under a name, for a limited time. Replaces what they were asked before."""
    drop_remembered(transaction, chat_id, name, person=token.person)
    store_callbacks(transaction, {new_callback_id(): token}, chat_id=chat_id, name=name, lasts=lasts, now=now)


def remembered(
    transaction: Transaction, chat_id: int, name: str, *, person: str, now: datetime
) -> CallbackToken | None:
    """Return what a person was asked under a name; None if there is nothing or its time is over."""
    asked = _TOKENS.where(_b.chat == chat_id, _b.person == person, _b.name == name, _b.until >= now)
    row = execute(transaction, asked.order_by(_b.at.desc())).first()
    return None if row is None else _token(row)


def drop_remembered(transaction: Transaction, chat_id: int, name: str, *, person: str) -> None:
    """Remove what a person was asked under a name."""
    transaction.remove(CallbackRow, chat=chat_id, name=name, person=person)


class PageMessage(NamedTuple):
    """A message as a page shows it."""

    number: int  # its number in the chat; later messages have higher numbers
    change: int  # number of the chat's change that wrote or last edited it
    is_own: bool
    payload: str
    at: datetime
    is_edited: bool


_MESSAGES = sa.select(*(_p[name] for name in PageMessage._fields))


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
    """Store a message and return its number in the chat.

    If a message with the same delivery and part is stored, changes nothing and return the number of that message. So a
    message with an unknown outcome can simply be stored again. `is_own`: the person wrote it.
    """
    known = find_page_message(transaction, chat, delivery=delivery, part=part)
    if known is not None:
        return known
    change = _changes_of(transaction, chat) + 1
    transaction.add(
        PageMessageRow(
            chat=_name(chat),
            number=change,
            change=change,
            delivery=delivery,
            part=part,
            payload=payload,
            is_own=is_own,
            at=now,
        )
    )
    transaction.flush()
    return change


def edit_page_message(transaction: Transaction, chat: ChatAddress, number: int, payload: str) -> bool:
    """Replace the content of a message of the bot. Return False if the bot has no message with this number."""
    row = transaction.get(PageMessageRow, (_name(chat), number))
    if row is None or row.is_own:
        return False
    if row.payload != payload:
        row.payload, row.change, row.is_edited = payload, _changes_of(transaction, chat) + 1, True
        transaction.flush()
    return True


def find_page_message(transaction: Transaction, chat: ChatAddress, *, delivery: str, part: int) -> int | None:
    """Return the number of a message; None if it is not stored."""
    found = select(PageMessageRow.number).filter_by(chat=_name(chat), delivery=delivery, part=part)
    return transaction.exec(found).first()


def page_messages(
    transaction: Transaction, chat: ChatAddress, most: int, *, before: int | None = None, after: int | None = None
) -> tuple[list[PageMessage], int]:
    """Return messages of a chat, oldest first, and the number of its last change; 0 if the chat was erased.

    They are the newest ones, or the newest before the message with the number `before`, or those that were written or
    edited after the change `after`, in the order of their changes.
    """
    found = _MESSAGES.where(_p.chat == _name(chat)).limit(most)
    if after is not None:
        rows = execute(transaction, found.where(_p.change > after).order_by(_p.change)).all()
    else:
        earlier = found if before is None else found.where(_p.number < before)
        rows = execute(transaction, earlier.order_by(_p.number.desc())).all()[::-1]
    return [PageMessage._make(row) for row in rows], _changes_of(transaction, chat)


def _name(chat: ChatAddress) -> str:
    return str(ChatAddress(chat.platform, chat.address))


def _changes_of(transaction: Transaction, chat: ChatAddress) -> int:
    """Return the number of the last change of a chat; 0 after the chat was erased."""
    return transaction.exec(select(sa.func.max(_p.change)).where(_p.chat == _name(chat))).one() or 0
