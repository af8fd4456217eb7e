"""Messages that were sent and should say something else now: a paper was withdrawn, or its summary came late.

An edit says the same however often it is made, so nothing of it is frozen: it is rendered when it is made, from what is
known then. `edit_state` of a message: "" as it should be, else "due" and since when; so a mark that is set while an edit is
under way outlives it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select, update

from subscriptions.model import Chat, ChatState, Delivery, Lane
from subscriptions.preferences import language
from subscriptions.retry import LONGEST_WAIT
from subscriptions.store._rows import ChatRow, DeliveryItemRow, DeliveryRow, MessageRow
from subscriptions.store.outbox import delivery_value
from subscriptions.store.people import chats_by_id

DUE = "due"
SUMMARY_EDITS_FOR = timedelta(hours=48)  # after that nobody looks at the message any more
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A message that is to be edited, with its delivery as it is now."""

    seq: int
    number: int
    chat: Chat
    mark: str  # why it was claimed: another mark has to be served again
    platform_id: str
    plain: bool  # it was sent in its plain form
    attempts: int
    delivery: Delivery
    layout: tuple[tuple[int, ...], ...]  # ids of the papers of each message of the delivery


def papers_withdrawn(session: Session, papers: Iterable[int], *, now: datetime) -> None:
    """Every message that shows one of these papers is to say that it was withdrawn."""
    for part in _parts(papers):
        _mark(session, part, [], now)


def papers_summarised(session: Session, papers: Mapping[int, Iterable[str]], *, now: datetime) -> None:
    """Messages of the last 48 hours whose chat reads one of the languages that a paper has a summary in now.

    `papers`: id → languages that are new.
    """
    by_language: dict[str, list[int]] = {}
    for paper, languages in papers.items():
        for spoken in {language(code) for code in languages}:
            by_language.setdefault(spoken, []).append(paper)
    recent = or_(col(MessageRow.sent_at).is_(None), col(MessageRow.sent_at) > now - SUMMARY_EDITS_FOR)
    for code, ids in by_language.items():
        reads = col(ChatRow.lang).in_(["", "en"]) if code == "en" else col(ChatRow.lang) == code
        for part in _parts(ids):
            _mark(session, part, [recent, reads], now)


def _mark(session: Session, papers: list[int], conditions: list[ColumnElement[bool]], now: datetime) -> None:
    shown = (
        select(DeliveryItemRow.delivery, DeliveryItemRow.message)
        .join(ChatRow, col(ChatRow.id) == DeliveryItemRow.chat)
        .join(
            MessageRow,
            (col(MessageRow.delivery) == DeliveryItemRow.delivery) & (col(MessageRow.number) == DeliveryItemRow.message),
        )
        .where(col(DeliveryItemRow.paper).in_(papers), col(DeliveryItemRow.shown).is_(True), *conditions)
        .distinct()
    )  # fmt: skip
    for seq, number in session.exec(shown).all():
        session.exec(
            update(MessageRow)
            .where(col(MessageRow.delivery) == seq, col(MessageRow.number) == number)
            .values(edit_state=f"{DUE} {now.isoformat()}")
        )


def lanes_with_edits(session: Session, platforms: Iterable[str], now: datetime) -> list[Lane]:
    """Lanes with a message that is to be edited now."""
    rows = session.exec(
        select(ChatRow.platform, ChatRow.address)
        .join(DeliveryRow, col(DeliveryRow.chat) == ChatRow.id)
        .join(MessageRow, col(MessageRow.delivery) == DeliveryRow.seq)
        .where(col(ChatRow.platform).in_(list(platforms)), *_editable(now))
        .distinct()
    )
    return [Lane(platform, address) for platform, address in rows]


def next_edit(session: Session, lane: Lane, *, now: datetime, zone: str) -> Edit | None:
    """The oldest message of a lane that is to be edited; None: there is none now."""
    found = session.exec(
        select(MessageRow, DeliveryRow)
        .join(DeliveryRow, col(DeliveryRow.seq) == MessageRow.delivery)
        .join(ChatRow, col(ChatRow.id) == DeliveryRow.chat)
        .where(ChatRow.platform == lane.platform, ChatRow.address == lane.address, *_editable(now))
        .order_by(col(MessageRow.delivery), col(MessageRow.number))
    ).first()
    if found is None:
        return None
    message, delivery = found
    seq = delivery.seq or 0
    return Edit(
        seq=seq,
        number=message.number,
        chat=chats_by_id(session, [delivery.chat], zone=zone)[delivery.chat],
        mark=message.edit_state,
        platform_id=message.platform_id or "",
        plain=message.use_plain,
        attempts=delivery.attempts,
        delivery=delivery_value(session, seq, zone=zone),
        layout=_layout(session, seq),
    )


def edit_is_over(session: Session, edit: Edit) -> None:
    """The message says what it should, or never will. Unless it should say something else again by now."""
    session.exec(
        update(MessageRow)
        .where(
            col(MessageRow.delivery) == edit.seq,
            col(MessageRow.number) == edit.number,
            col(MessageRow.edit_state) == edit.mark,
        )
        .values(edit_state="")
    )
    delivery = session.get_one(DeliveryRow, edit.seq)
    delivery.attempts, delivery.next_at = 0, None


def edit_later(session: Session, edit: Edit, *, next_at: datetime | None) -> None:
    """The edit is to be tried again, not before `next_at`."""
    delivery = session.get_one(DeliveryRow, edit.seq)
    delivery.attempts, delivery.next_at = edit.attempts + 1, next_at


def _editable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    waits = (col(DeliveryRow.next_at) > now) & (col(DeliveryRow.next_at) <= now + LONGEST_WAIT)
    return (
        col(MessageRow.edit_state) > "",  # and not !=, so that the index serves
        col(MessageRow.state) == "sent",
        col(MessageRow.platform_id).is_not(None),
        or_(col(DeliveryRow.next_at).is_(None), ~waits),
        col(ChatRow.state) == ChatState.ACTIVE.value,
    )


def _layout(session: Session, seq: int) -> tuple[tuple[int, ...], ...]:
    numbers = session.exec(select(MessageRow.number).where(MessageRow.delivery == seq).order_by(col(MessageRow.number)))
    items = session.exec(
        select(DeliveryItemRow.message, DeliveryItemRow.paper)
        .where(DeliveryItemRow.delivery == seq)
        .order_by(col(DeliveryItemRow.position))
    ).all()
    return tuple(tuple(paper for message, paper in items if message == number) for number in numbers)


def _parts(ids: Iterable[int]) -> Iterable[list[int]]:
    wanted = sorted(set(ids))
    return (wanted[i : i + _CHUNK] for i in range(0, len(wanted), _CHUNK))
