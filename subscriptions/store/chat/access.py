"""Who runs the bot, who was let in, and who set a chat up."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from subscriptions.model import Chat, ChatAddress
from subscriptions.states import Admission, ChatState
from subscriptions.store.chat.chats import chat_value, chats_by_id
from subscriptions.store.chat.subscriptions import detach_from_shared_cursor
from subscriptions.store.database import CHUNK
from subscriptions.store.rows import ChatRow


def require_admission(session: Session, chat_id: int, *, now: datetime) -> None:
    """The chat waits for an administrator from now on; what it asked for keeps its place."""
    _set(session, chat_id, ChatState.ASKED, None, now)


def admit(session: Session, chat_id: int, *, now: datetime) -> None:
    """An administrator lets a chat in: what came since it asked is still to come."""
    row = session.get_one(ChatRow, chat_id)
    if row.state == ChatState.ASKED or row.next_number == 1:
        _set(session, chat_id, ChatState.ACTIVE, Admission.ADMITTED, now)


def deny(session: Session, chat_id: int, *, now: datetime) -> None:
    """An administrator says no: the chat gets nothing until one says otherwise."""
    _set(session, chat_id, ChatState.ASKED, Admission.DENIED, now)


def is_denied(session: Session, chat_id: int) -> bool:
    """Whether an administrator said no to a chat."""
    row = session.get_one(ChatRow, chat_id)
    return row.state is ChatState.ASKED and row.admission is Admission.DENIED


def was_let_in(session: Session, chat_id: int) -> bool:
    """Whether a chat has had subscriptions, or an administrator let it in before."""
    row = session.get_one(ChatRow, chat_id)
    return row.state is not ChatState.ASKED and (row.next_number > 1 or row.admission is Admission.ADMITTED)


def numbers_given(session: Session, chat_id: int) -> int:
    """How many subscriptions a chat has had so far."""
    return session.get_one(ChatRow, chat_id).next_number - 1


def chats_awaiting_admission(session: Session, *, zone: str) -> tuple[Chat, ...]:
    """The chats that wait for an administrator, the first of them first."""
    rows = session.exec(
        select(ChatRow.id)
        .where(ChatRow.state == ChatState.ASKED, col(ChatRow.admission).is_(None), col(ChatRow.pause_reason).is_(None))
        .order_by(col(ChatRow.state_since), col(ChatRow.id))
    ).all()
    known = chats_by_id(session, [chat_id or 0 for chat_id in rows], zone=zone)
    return tuple(known[chat_id or 0] for chat_id in rows)


def operators(session: Session, *, zone: str) -> tuple[Chat, ...]:
    """The chats that run the bot since somebody there sent the code."""
    rows = session.exec(select(ChatRow.id).where(col(ChatRow.admin).is_(True), col(ChatRow.moved_to).is_(None))).all()
    return tuple(chats_by_id(session, [chat_id or 0 for chat_id in rows], zone=zone).values())


def make_operator(session: Session, chat_id: int) -> None:
    """The person of this chat runs the bot."""
    session.get_one(ChatRow, chat_id).admin = True


def owner_of(session: Session, chat_id: int) -> str:
    """The platform's id of the person who set a chat up; "": nobody knows."""
    return session.get_one(ChatRow, chat_id).owner


def set_owner(session: Session, chat_id: int, person: str) -> None:
    """Remembers who set a chat up."""
    session.get_one(ChatRow, chat_id).owner = person


def owned_by(session: Session, person: ChatAddress, *, zone: str) -> tuple[Chat, ...]:
    """The groups and channels, without their topics, that a person set up; `person` is their private chat."""
    rows = session.exec(
        select(ChatRow.id)
        .where(ChatRow.platform == person.platform, ChatRow.owner == person.address, ChatRow.topic == "")
        .where(col(ChatRow.moved_to).is_(None), ChatRow.address != person.address)
        .order_by(col(ChatRow.title), col(ChatRow.id))
    ).all()
    known = chats_by_id(session, [chat_id or 0 for chat_id in rows], zone=zone)
    return tuple(known[chat_id or 0] for chat_id in rows)


def chats_at(session: Session, platform: str, addresses: Collection[str], *, zone: str) -> tuple[Chat, ...]:
    """The chats at these addresses, topics too, by their titles."""
    wanted = sorted(addresses)
    found: list[Chat] = []
    for start in range(0, len(wanted), CHUNK):
        some = col(ChatRow.address).in_(wanted[start : start + CHUNK])
        rows = session.exec(select(ChatRow).where(ChatRow.platform == platform, some, col(ChatRow.moved_to).is_(None)))
        found += [chat_value(row, zone) for row in rows]
    return tuple(sorted(found, key=lambda chat: (chat.title.casefold(), str(chat.address))))


def _set(session: Session, chat_id: int, state: ChatState, answer: Admission | None, now: datetime) -> None:
    if state is not ChatState.ACTIVE:
        detach_from_shared_cursor(session, [chat_id])
    row = session.get_one(ChatRow, chat_id)
    row.state, row.admission, row.pause_reason, row.state_detail = state, answer, None, ""
    row.state_since, row.paused_until = now, None
