"""Who runs the bot, who was let in, and who set a chat up."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from subscriptions.model import Chat, ChatAddress, ChatState
from subscriptions.store.chats import CHUNK, GONE, chat_value, chats_by_id, detach_from_now
from subscriptions.store.rows import ChatRow

ADMITTED = "let in"  # the reason of an active chat that was let in before it asked for anything
DENIED = "denied"  # the reason of a chat that an administrator said no to


def ask_first(session: Session, chat_id: int, *, now: datetime) -> None:
    """The chat waits for an administrator from now on; what it asked for keeps its place."""
    _set(session, chat_id, ChatState.ASKED, "", now)


def admit(session: Session, chat_id: int, *, now: datetime) -> None:
    """An administrator lets a chat in: what came since it asked is still to come."""
    row = session.get_one(ChatRow, chat_id)
    if row.state == ChatState.ASKED.value or row.next_number == 1:
        _set(session, chat_id, ChatState.ACTIVE, ADMITTED, now)


def deny(session: Session, chat_id: int, *, now: datetime) -> None:
    """An administrator says no: the chat gets nothing until one says otherwise."""
    _set(session, chat_id, ChatState.ASKED, DENIED, now)


def asked_since(session: Session, chat_id: int) -> datetime | None:
    """Since when a chat waits for an administrator; None: it does not, or the answer was no."""
    row = session.get_one(ChatRow, chat_id)
    waits = row.state == ChatState.ASKED.value and row.state_reason != DENIED
    return row.state_since if waits else None


def is_denied(session: Session, chat_id: int) -> bool:
    """Whether an administrator said no to a chat."""
    row = session.get_one(ChatRow, chat_id)
    return row.state == ChatState.ASKED.value and row.state_reason.removeprefix(GONE) == DENIED


def was_let_in(session: Session, chat_id: int) -> bool:
    """Whether a chat has had subscriptions, or an administrator let it in before."""
    row = session.get_one(ChatRow, chat_id)
    return row.state != ChatState.ASKED.value and (row.next_number > 1 or row.state_reason == ADMITTED)


def numbers_given(session: Session, chat_id: int) -> int:
    """How many subscriptions a chat has had so far."""
    return session.get_one(ChatRow, chat_id).next_number - 1


def asking(session: Session, *, zone: str) -> tuple[Chat, ...]:
    """The chats that wait for an administrator, the first of them first."""
    rows = session.exec(
        select(ChatRow.id)
        .where(ChatRow.state == ChatState.ASKED.value, ChatRow.state_reason == "")
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


def _set(session: Session, chat_id: int, state: ChatState, reason: str, now: datetime) -> None:
    if state is not ChatState.ACTIVE:
        detach_from_now(session, [chat_id])
    row = session.get_one(ChatRow, chat_id)
    row.state, row.state_reason, row.state_since, row.paused_until = state.value, reason, now, None
