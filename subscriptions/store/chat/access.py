"""Operators, admission of chats, and owners of chats."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from subscriptions.model import Chat, ChatAddress, Lane
from subscriptions.states import Admission, ChatState
from subscriptions.store.chat.chats import chat_value, chats_by_id
from subscriptions.store.database.store import CHUNK
from subscriptions.store.lane_wakes import wake_lanes
from subscriptions.store.rows import ChatRow


def require_admission(session: Session, chat_id: int, *, now: datetime) -> None:
    """Makes a chat wait for an operator; its subscriptions keep their cursors."""
    _set(session, chat_id, ChatState.ASKED, None, now)


def admit(session: Session, chat_id: int, *, now: datetime) -> None:
    """Lets a chat in, and wakes its lane. Papers that came since it asked are still to be delivered."""
    row = session.get_one(ChatRow, chat_id)
    if row.state == ChatState.ASKED or row.next_number == 1:
        _set(session, chat_id, ChatState.ACTIVE, Admission.ADMITTED, now)
        wake_lanes(session, [Lane(row.platform, row.address)])


def deny(session: Session, chat_id: int, *, now: datetime) -> None:
    """Denies a chat: it gets nothing until an operator lets it in."""
    _set(session, chat_id, ChatState.ASKED, Admission.DENIED, now)


def is_denied(session: Session, chat_id: int) -> bool:
    """Whether an operator denied a chat."""
    row = session.get_one(ChatRow, chat_id)
    return row.state is ChatState.ASKED and row.admission is Admission.DENIED


def is_admitted(session: Session, chat_id: int) -> bool:
    """Whether a chat has had subscriptions, or was let in before it had any."""
    row = session.get_one(ChatRow, chat_id)
    return row.state is not ChatState.ASKED and (row.next_number > 1 or row.admission is Admission.ADMITTED)


def subscriptions_ever_made(session: Session, chat_id: int) -> int:
    """How many subscriptions a chat has had, removed ones too."""
    return session.get_one(ChatRow, chat_id).next_number - 1


def chats_awaiting_admission(session: Session, *, zone: str) -> tuple[Chat, ...]:
    """The chats that wait for an operator and can be written to, in the order in which they asked."""
    rows = session.exec(
        select(ChatRow.id)
        .where(ChatRow.state == ChatState.ASKED, col(ChatRow.admission).is_(None), col(ChatRow.pause_reason).is_(None))
        .order_by(col(ChatRow.state_since), col(ChatRow.id))
    ).all()
    known = chats_by_id(session, [chat_id or 0 for chat_id in rows], zone=zone)
    return tuple(known[chat_id or 0] for chat_id in rows)


def operators(session: Session, *, zone: str) -> tuple[Chat, ...]:
    """The chats of operators who sent the code."""
    rows = session.exec(select(ChatRow.id).where(col(ChatRow.admin).is_(True), col(ChatRow.moved_to).is_(None))).all()
    return tuple(chats_by_id(session, [chat_id or 0 for chat_id in rows], zone=zone).values())


def make_operator(session: Session, chat_id: int) -> None:
    """Makes the person of a chat an operator."""
    session.get_one(ChatRow, chat_id).admin = True


def owner_of(session: Session, chat_id: int) -> str:
    """The platform's id of the person who set a chat up; "" if that is not known."""
    return session.get_one(ChatRow, chat_id).owner


def set_owner(session: Session, chat_id: int, person: str) -> None:
    """Stores who set a chat up."""
    session.get_one(ChatRow, chat_id).owner = person


def owned_by(session: Session, person: ChatAddress, *, zone: str) -> tuple[Chat, ...]:
    """The groups and channels that a person set up, without topics. `person` is the address of their private chat."""
    rows = session.exec(
        select(ChatRow.id)
        .where(ChatRow.platform == person.platform, ChatRow.owner == person.address, ChatRow.topic == "")
        .where(col(ChatRow.moved_to).is_(None), ChatRow.address != person.address)
        .order_by(col(ChatRow.title), col(ChatRow.id))
    ).all()
    known = chats_by_id(session, [chat_id or 0 for chat_id in rows], zone=zone)
    return tuple(known[chat_id or 0] for chat_id in rows)


def chats_at(session: Session, platform: str, addresses: Collection[str], *, zone: str) -> tuple[Chat, ...]:
    """The chats at these addresses, with topics, in the order of their titles."""
    wanted = sorted(addresses)
    found: list[Chat] = []
    for start in range(0, len(wanted), CHUNK):
        some = col(ChatRow.address).in_(wanted[start : start + CHUNK])
        rows = session.exec(select(ChatRow).where(ChatRow.platform == platform, some, col(ChatRow.moved_to).is_(None)))
        found += [chat_value(row, zone) for row in rows]
    return tuple(sorted(found, key=lambda chat: (chat.title.casefold(), str(chat.address))))


def _set(session: Session, chat_id: int, state: ChatState, answer: Admission | None, now: datetime) -> None:
    row = session.get_one(ChatRow, chat_id)
    row.state, row.admission, row.pause_reason, row.state_detail = state, answer, None, ""
    row.state_since, row.paused_until = now, None
