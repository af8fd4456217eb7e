"""Edits of sent messages: a paper that they show was withdrawn, or got a summary later.

An edit is not stored: it is rendered from what is known when it is made, and may be made again. `edit_requested_at` of a
message is when the edit was requested; a request that comes while an edit is made has a later moment, and is served next.
The transaction that requests it wakes the lane, so after a crash there are both or neither. A message that is not sent
yet counts, too: its sender may have looked for edits before this commit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy
import sqlalchemy as sa
from sqlmodel import col, or_, select

from subscriptions.chat_settings import language
from subscriptions.model import Chat, Delivery, DeliveryKind, Lane
from subscriptions.planning.decision import LONGEST_WAIT
from subscriptions.states import ChatState
from subscriptions.store.claims import any_requested, in_lane, is_held, is_requested, waits
from subscriptions.store.database.store import Transaction, connection_of, in_chunks, rows_of, writes
from subscriptions.store.deliveries import delivery_value
from subscriptions.store.rows import TABLES, ChatRow, DeliveryItemRow, DeliveryRow, MessageRow
from subscriptions.store.workers import wake_chats

SUMMARY_EDITS_FOR = timedelta(hours=48)  # age up to which a message is edited because of a summary

_deliveries, _chats, _messages = (TABLES.tables[name] for name in ("delivery", "chat", "message"))
_d, _c, _m = _deliveries.c, _chats.c, _messages.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A message to be edited, with its delivery as it is known now."""

    seq: int
    number: int
    chat: Chat
    requested_at: datetime  # of the request that is served; a later one has to be served again
    platform_id: str
    plain: bool  # it was sent in its plain form
    attempts: int
    delivery: Delivery
    layout: tuple[tuple[int, ...], ...]  # ids of the papers of each message of the delivery


def request_edits_of_withdrawn(session: Transaction, papers: Iterable[int], *, now: datetime) -> None:
    """Requests an edit of every message that shows one of these papers: they were withdrawn."""
    for part in in_chunks(sorted(papers)):
        _request(session, part, [], now)


def request_edits_for_summaries(session: Transaction, papers: Mapping[int, Iterable[str]], *, now: datetime) -> None:
    """Requests edits of the messages of the last 48 hours that show one of these papers.

    `papers`: id → languages in which the paper has got a summary. Only chats that read one of these languages count.
    """
    by_language: dict[str, list[int]] = {}
    for paper, languages in papers.items():
        for spoken in {language(code) for code in languages}:
            by_language.setdefault(spoken, []).append(paper)
    recent = or_(col(MessageRow.sent_at).is_(None), col(MessageRow.sent_at) > now - SUMMARY_EDITS_FOR)
    for code, ids in by_language.items():
        chosen = sa.func.coalesce(col(ChatRow.settings)["lang"].as_string(), col(ChatRow.lang))
        reads = chosen.in_(["", "en"]) if code == "en" else chosen == code
        for part in in_chunks(ids):
            _request(session, part, [recent, reads], now)


def _request(
    session: Transaction, papers: Sequence[int], conditions: list[sa.ColumnElement[bool]], now: datetime
) -> None:
    shown = (
        select(DeliveryItemRow.delivery, DeliveryItemRow.message, DeliveryItemRow.chat)
        .join(ChatRow, col(ChatRow.id) == DeliveryItemRow.chat)
        .join(
            MessageRow,
            (col(MessageRow.delivery) == DeliveryItemRow.delivery) & (col(MessageRow.number) == DeliveryItemRow.message),
        )
        .where(col(DeliveryItemRow.paper).in_(papers), col(DeliveryItemRow.shown).is_(True), *conditions)
        .distinct()
    )  # fmt: skip
    chats: dict[int, DeliveryKind] = {}
    for seq, number, chat in session.exec(shown).all():
        chats[chat] = DeliveryKind.BULLETIN  # no person waits for an edit
        session.exec(
            sa.update(MessageRow)
            .where(col(MessageRow.delivery) == seq, col(MessageRow.number) == number)
            .values(edit_requested_at=now)
        )
    wake_chats(session, chats)


_REQUESTED = sqlalchemy.select(_m.delivery).where(
    is_requested(), _m.platform_id.is_not(None)
)  # by an index; mostly none
_ANY_REQUESTED = sqlalchemy.select(any_requested())
_EDITABLE = (
    is_requested(),
    _m.platform_id.is_not(None),  # it was sent
    or_(_d.next_at.is_(None), ~waits()),
    _c.state == ChatState.ACTIVE,
    ~is_held(),
)
_FROM = _messages.join(_deliveries, _d.seq == _m.delivery).join(_chats, _c.id == _d.chat)
_LANES = (
    sqlalchemy.select(_c.platform, _c.address)
    .select_from(_FROM)
    .where(_m.delivery.in_(sa.bindparam("ids", expanding=True)), *_EDITABLE)
    .where(_c.platform.in_(sa.bindparam("platforms", expanding=True)))
    .distinct()
)
_NEXT = (
    sqlalchemy.select(_m.delivery, _m.number, _m.edit_requested_at, _m.platform_id, _m.use_plain, _d.attempts)
    .select_from(_FROM)
    .where(in_lane(), *_EDITABLE)
    .order_by(_m.delivery, _m.number)
    .limit(1)
)


def lanes_with_edits(session: Transaction, platforms: Sequence[str], *, now: datetime, wall: datetime) -> list[Lane]:
    """The lanes that have a message to be edited now."""
    connection = connection_of(session)
    values = {"platforms": platforms, "now": now, "longest": now + LONGEST_WAIT, "wall": wall}
    requested = sorted(set(connection.execute(_REQUESTED).scalars()))
    return list(dict.fromkeys(Lane(*row) for row in rows_of(session, _LANES, requested, **values)))


def next_edit(session: Transaction, lane: Lane, *, now: datetime, wall: datetime, zone: str) -> Edit | None:
    """The oldest message of a lane to be edited now; None if there is none."""
    connection = connection_of(session)
    if connection.execute(_ANY_REQUESTED).scalar() is None:
        return None
    values = {"platform": lane.platform, "address": lane.address, "now": now, "longest": now + LONGEST_WAIT}
    found = connection.execute(_NEXT, {**values, "wall": wall}).first()
    if found is None:
        return None
    delivery = delivery_value(session, found.delivery, zone=zone)
    return Edit(
        seq=found.delivery,
        number=found.number,
        chat=delivery.chat,
        requested_at=found.edit_requested_at,
        platform_id=found.platform_id,
        plain=found.use_plain,
        attempts=found.attempts,
        delivery=delivery,
        layout=_layout(session, found.delivery),
    )


@writes
def finish_edit(transaction: Transaction, edit: Edit) -> None:
    """Ends an edit, whether it succeeded or never can. A request that came meanwhile stays."""
    transaction.exec(
        sa.update(MessageRow)
        .where(
            col(MessageRow.delivery) == edit.seq,
            col(MessageRow.number) == edit.number,
            col(MessageRow.edit_requested_at) == edit.requested_at,
        )
        .values(edit_requested_at=None)
    )
    _wait(transaction, edit, attempts=0, next_at=None)


def postpone_edit(session: Transaction, edit: Edit, *, next_at: datetime | None) -> None:
    """Has an edit tried again, not before `next_at`."""
    _wait(session, edit, attempts=edit.attempts + 1, next_at=next_at)


def _wait(session: Transaction, edit: Edit, *, attempts: int, next_at: datetime | None) -> None:
    session.exec(
        sa.update(DeliveryRow).where(col(DeliveryRow.seq) == edit.seq).values(attempts=attempts, next_at=next_at)
    )


def _layout(session: Transaction, seq: int) -> tuple[tuple[int, ...], ...]:
    numbers = session.exec(select(MessageRow.number).where(MessageRow.delivery == seq).order_by(col(MessageRow.number)))
    items = session.exec(
        select(DeliveryItemRow.message, DeliveryItemRow.paper)
        .where(DeliveryItemRow.delivery == seq)
        .order_by(col(DeliveryItemRow.position))
    ).all()
    return tuple(tuple(paper for message, paper in items if message == number) for number in numbers)
