"""Reads deliveries and their papers, to render them and to show what a chat got; and edits of sent messages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, or_, select

from subscriptions.chat_settings import language
from subscriptions.model import Because, Chat, Delivery, DeliveryKind, Facts, Item, KnownPaper, Lane, Message
from subscriptions.planning.decision import LONGEST_WAIT
from subscriptions.states import ChatState, DeliveryState, MessageState
from subscriptions.store import claims
from subscriptions.store.chats import chats_by_id
from subscriptions.store.claims import Claim
from subscriptions.store.columns import Big, Utc, adapter_of
from subscriptions.store.database import store
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.known_papers import stored_papers
from subscriptions.store.retention import delivered_since
from subscriptions.store.rows import TABLES, ChatRow, DeliveryItemRow, DeliveryRow, MessageRow, PaperRow
from subscriptions.store.workers import wake_chats

# Statements that every rendering executes are built once.
_deliveries, _delivery_items, _sources, _chats, _messages = (
    TABLES.tables[name] for name in ("delivery", "delivery_item", "source", "chat", "message")
)
_d, _i = _deliveries.c, _delivery_items.c
_ids = sa.bindparam("ids", expanding=True, type_=Big)
_DELIVERIES = sa.select(_deliveries).where(_d.seq.in_(_ids)).order_by(_d.seq)
_ITEMS = sa.select(_delivery_items).where(_i.delivery.in_(_ids)).order_by(_i.position)
_TITLED = sa.select(_sources.c.name, _sources.c.title, _sources.c.home).where(_sources.c.title != "")


def delivery_value(session: Transaction, seq: int) -> Delivery:
    """Returns a delivery with its papers as they are known now, for rendering."""
    return delivery_values(session, [seq])[seq]


def delivery_values(session: Transaction, seqs: Sequence[int]) -> dict[int, Delivery]:
    """Returns seq → delivery, each like `delivery_value`."""
    rows = store.execute(session, _DELIVERIES, {"ids": seqs}).all()
    chats = chats_by_id(session, [row.chat for row in rows])
    item_rows = store.execute(session, _ITEMS, {"ids": seqs}).all()
    papers = stored_papers(session, list({item.paper for item in item_rows}))
    titled = {row.name: (row.title, row.home) for row in store.execute(session, _TITLED)} if item_rows else {}
    items: dict[int, list[Item]] = {}
    for item in item_rows:
        items.setdefault(item.delivery, []).append(_item(item, papers))
    return {
        row.seq: Delivery(
            id=row.id,
            chat=chats[row.chat],
            kind=row.kind,
            due=row.due,
            facts=replace(adapter_of(Facts).validate_python(row.facts), titles=_titles(items.get(row.seq, ()), titled)),
            items=tuple(items.get(row.seq, ())),
        )
        for row in rows
    }


def _titles(items: Sequence[Item], titled: Mapping[str, tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Returns (title, home) of the sources that a delivery with these items names at its end."""
    names = {name for item in items if item.shown for name in item.paper.paper.sources}
    return tuple(titled[name] for name in sorted(names & titled.keys()))


@reads
def delivered_items(
    transaction: Transaction, chat_id: int, delivery_id: str, *, position: int | None = None
) -> tuple[Item, ...]:
    """Returns the items of a delivery in order, or only the one at `position`; () for a delivery of another chat."""
    wanted = (
        select(DeliveryItemRow)
        .join(DeliveryRow, col(DeliveryRow.seq) == DeliveryItemRow.delivery)
        .where(DeliveryRow.id == delivery_id, DeliveryItemRow.chat == chat_id)
        .order_by(col(DeliveryItemRow.position))
    )
    if position is not None:
        wanted = wanted.where(DeliveryItemRow.position == position)
    return _items(transaction, transaction.exec(wanted).all())


def shown_since(session: Transaction, chat_id: int, since: datetime) -> list[int]:
    """Ids of the papers that messages showed to a chat at `since` or later, in the order of sending."""
    rows = session.exec(
        select(DeliveryItemRow.paper)
        .join(
            MessageRow,
            (col(MessageRow.delivery) == DeliveryItemRow.delivery)
            & (col(MessageRow.number) == DeliveryItemRow.message),
        )
        .where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.shown).is_(True), col(MessageRow.sent_at) >= since)
        .order_by(col(MessageRow.sent_at), col(DeliveryItemRow.delivery), col(DeliveryItemRow.position))
    )
    return [*delivered_since(session, chat_id, since.date()), *rows]


def delivered_count(session: Transaction, chat_id: int) -> int:
    """Returns the number of papers in the deliveries of a chat."""
    return session.exec(select(sa.func.count()).where(DeliveryItemRow.chat == chat_id)).one()


def delivered_item(session: Transaction, chat_id: int, paper_id: int) -> Item | None:
    """The item of a paper in a delivery of this chat; None if there is none."""
    row = session.get(DeliveryItemRow, (chat_id, paper_id))
    return _items(session, [row])[0] if row else None


def delivered_titles(session: Transaction, chat_id: int, most: int) -> list[str]:
    """Titles of the `most` papers that were last delivered to a chat, newest first."""
    rows = session.exec(
        select(PaperRow.title)
        .join(DeliveryItemRow, col(DeliveryItemRow.paper) == PaperRow.id)
        .where(DeliveryItemRow.chat == chat_id)
        .order_by(col(DeliveryItemRow.delivery).desc())
        .limit(most)
    )
    return list(rows)


def _items(session: Transaction, rows: Sequence[DeliveryItemRow]) -> tuple[Item, ...]:
    papers = stored_papers(session, [row.paper for row in rows])
    return tuple(_item(row, papers) for row in rows)


def _item(row: DeliveryItemRow | sa.Row[*tuple[Any, ...]], papers: Mapping[int, KnownPaper]) -> Item:
    return Item(
        paper=papers[row.paper],
        because=adapter_of(tuple[Because, ...]).validate_python(row.because),
        position=row.position,
        shown=row.shown,
        cross=row.cross,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredPaper:
    """A paper in a delivery of a chat."""

    item: Item
    state: MessageState | DeliveryState  # of its message; if there is no message, PLANNED or DISMISSED
    at: datetime | None  # when it was sent, or, if it was not, when it was planned; None: not known any more


_MOST_SHOWN = 200  # papers that one delivery can show


@reads
def deliveries_of(transaction: Transaction, chat_id: int, paper_id: int) -> DeliveredPaper | None:
    """The item of a paper in a delivery of a chat, with its state; None if there is none."""
    item, row = delivered_item(transaction, chat_id, paper_id), transaction.get(DeliveryItemRow, (chat_id, paper_id))
    if item is None or row is None:
        return None
    delivery = transaction.get(DeliveryRow, row.delivery) if row.delivery is not None else None
    if delivery is None:  # the delivery is no longer stored, or it belonged to a chat that was merged into this one
        return DeliveredPaper(item=item, state=MessageState.SENT, at=None)
    message = transaction.get(MessageRow, (delivery.seq, row.message or 1))
    if message is not None and message.state is MessageState.SENT:
        return DeliveredPaper(item=item, state=MessageState.SENT, at=message.sent_at)
    unsent = message.state if message else DeliveryState.PLANNED
    state = DeliveryState.DISMISSED if delivery.dismissed_at else unsent
    return DeliveredPaper(item=item, state=state, at=delivery.created_at)


def last_delivered(session: Transaction, chat_id: int) -> dict[int, int]:
    """Returns position → paper of the newest delivery that showed papers to a chat."""
    rows = session.exec(
        select(DeliveryItemRow.delivery, DeliveryItemRow.position, DeliveryItemRow.paper)
        .where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.shown), col(DeliveryItemRow.delivery).is_not(None))
        .order_by(col(DeliveryItemRow.delivery).desc(), col(DeliveryItemRow.position).desc())
        .limit(_MOST_SHOWN)
    ).all()
    return {position: paper for delivery, position, paper in rows if delivery == rows[0][0]}


@reads
def papers_in_message(transaction: Transaction, chat_id: int, platform_id: str) -> tuple[int, ...]:
    """Returns the first two papers that a message of a chat shows; () if the platform id is that of another message."""
    found = transaction.exec(
        select(DeliveryItemRow.paper)
        .join(
            MessageRow,
            (col(MessageRow.delivery) == DeliveryItemRow.delivery)
            & (col(MessageRow.number) == DeliveryItemRow.message),
        )
        .where(DeliveryItemRow.chat == chat_id, MessageRow.platform_id == platform_id)
        .order_by(col(DeliveryItemRow.position))
        .limit(2)
    )
    return tuple(found)


# ---------------------------------------------------------------------------------------------- edits of sent messages


SUMMARY_EDITS_FOR = timedelta(hours=48)  # age up to which a message is edited because of a summary

_c, _m = _chats.c, _messages.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A message that has to be edited, with its delivery as it is known now."""

    seq: int
    number: int
    chat: Chat
    requested_at: datetime  # the moment of this request; if a later request comes, the message is edited again
    platform_id: str
    plain: bool  # it was sent in the form without markup
    attempts: int
    delivery: Delivery
    layout: tuple[tuple[int, ...], ...]  # ids of the papers of each message of the delivery


def request_edits_of_withdrawn(session: Transaction, papers: Iterable[int], *, now: datetime) -> None:
    """Requests an edit of every message that shows one of these papers, because they were withdrawn."""
    for part in store.in_chunks(sorted(papers)):
        _request(session, part, [], now)


def request_edits_for_summaries(session: Transaction, papers: Mapping[int, Iterable[str]], *, now: datetime) -> None:
    """Requests edits of the messages of the last 48 hours that show one of these papers.

    `papers` is id → languages of its new summaries. Only messages in chats that read one of these languages are edited.
    """
    by_language: dict[str, list[int]] = {}
    for paper, languages in papers.items():
        for spoken in {language(code) for code in languages}:
            by_language.setdefault(spoken, []).append(paper)
    recent = or_(col(MessageRow.sent_at).is_(None), col(MessageRow.sent_at) > now - SUMMARY_EDITS_FOR)
    for code, ids in by_language.items():
        chosen = sa.func.coalesce(col(ChatRow.settings)["lang"].as_string(), col(ChatRow.lang))
        reads = chosen.in_(["", "en"]) if code == "en" else chosen == code
        for part in store.in_chunks(ids):
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
        chats[chat] = DeliveryKind.BULLETIN  # wake with low priority: no person waits for an edit
        session.exec(
            sa.update(MessageRow)
            .where(col(MessageRow.delivery) == seq, col(MessageRow.number) == number)
            .values(edit_requested_at=now)
        )
    wake_chats(session, chats)


# uses an index; usually returns nothing
_REQUESTED = sa.select(_m.delivery).where(claims.IS_REQUESTED, _m.platform_id.is_not(None))
_ANY_REQUESTED = sa.select(claims.ANY_REQUESTED)
_EDITABLE = (
    claims.IS_REQUESTED,
    _m.platform_id.is_not(None),  # it was sent
    or_(_d.next_at.is_(None), ~claims.WAITS),
    _c.state == ChatState.ACTIVE,
    ~claims.IS_HELD,
)
_FROM = _messages.join(_deliveries, _d.seq == _m.delivery).join(_chats, _c.id == _d.chat)
_LANES = (
    sa.select(_c.platform, _c.address)
    .select_from(_FROM)
    .where(*_EDITABLE, _c.platform.in_(sa.bindparam("platforms", expanding=True)))
    .distinct()
)
_NEXT = (
    sa.select(_m.delivery, _m.number, _m.edit_requested_at, _m.platform_id, _m.use_plain, _d.attempts)
    .select_from(_FROM)
    .where(claims.IN_LANE, *_EDITABLE)
    .order_by(_m.delivery, _m.number)
    .limit(1)
)


def lanes_with_edits(session: Transaction, platforms: Sequence[str], *, now: datetime, wall: datetime) -> list[Lane]:
    """The lanes with a message that can be edited now."""
    connection = session.connection()
    values = {"platforms": platforms, "now": now, "longest": now + LONGEST_WAIT, "wall": wall}
    requested = sorted(set(connection.execute(_REQUESTED).scalars()))
    return list(dict.fromkeys(Lane(*row) for row in store.rows_of(session, _LANES, _m.delivery, requested, **values)))


def next_edit(session: Transaction, lane: Lane, *, now: datetime, wall: datetime) -> Edit | None:
    """Returns the oldest message of a lane that can be edited now; None if there is none."""
    connection = session.connection()
    if connection.execute(_ANY_REQUESTED).scalar() is None:
        return None
    values = {"platform": lane.platform, "address": lane.address, "now": now, "longest": now + LONGEST_WAIT}
    found = connection.execute(_NEXT, {**values, "wall": wall}).first()
    if found is None:
        return None
    delivery = delivery_value(session, found.delivery)
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


@store.writes
def finish_edit(transaction: Transaction, edit: Edit) -> None:
    """Ends an edit, whether it succeeded or can never succeed. A request that came in the meantime stays."""
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
    """Schedules another attempt of an edit, at `next_at` or later."""
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


# -------------------------------------------------------------------------------------------------------------- render


_NEAR = 1000  # how many numbers after a claimed delivery are searched for others to render with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A rendered delivery: its messages, or why it could not be rendered."""

    seq: int
    messages: Sequence[Message] = ()
    failure: str = ""


_earlier, _neighbours = _deliveries.alias(), _chats.alias()
_IS_BEHIND = sa.exists().where(
    _neighbours.c.platform == _c.platform,
    _neighbours.c.address == _c.address,
    _earlier.c.chat == _neighbours.c.id,
    _earlier.c.settled_at.is_(None),
    _earlier.c.seq < _d.seq,
)
_first = sa.bindparam("first", type_=_d.seq.type)
_UNRENDERED = (
    sa.select(_d.seq)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .where(_d.seq.between(_first, _first + _NEAR), _d.rendered_at.is_(None), _d.dismissed_at.is_(None))
    .where(
        _c.platform.concat("") == sa.bindparam("platform"), claims.MAY_BE_SENT
    )  # concat keeps SQLite from using an index that does not help: nearly all chats are on one platform
    .where(sa.or_(_d.seq == _first, ~_IS_BEHIND & ~claims.IS_HELD))
    .order_by(_d.seq)
    .limit(sa.bindparam("most"))
)
_RENDERED = (
    sa.update(_deliveries)
    .where(_d.seq.in_(sa.bindparam("those", expanding=True)), _d.rendered_at.is_(None))
    .values(rendered_at=sa.bindparam("now"), settled_at=sa.bindparam("over", type_=Utc), reason=sa.bindparam("why"))
    .returning(_d.seq)
)
_NEW_MESSAGE = sa.insert(_messages)
_SHOWS = sa.update(_delivery_items).where(_i.delivery == sa.bindparam("of"), _i.paper == sa.bindparam("which")).values(
    message=sa.bindparam("by")
)  # fmt: skip


def unrendered(session: Transaction, claimed: Claim, most: int, *, wall: datetime) -> list[int]:
    """Returns a claimed delivery and some that follow it, at most `most`, to render together.

    Each of the others is the first open one of its lane.
    """
    values = {"first": claimed.seq, "platform": claimed.address.platform, "wall": wall, "most": most}
    return list(session.connection().execute(_UNRENDERED, values).scalars())


@store.writes
def store_rendered(transaction: Transaction, rendered: Iterable[Rendered], *, now: datetime) -> None:
    """Stores the messages of rendered deliveries. Skips a delivery that was rendered before (rule 7).

    A delivery that could not be rendered is stored as dead, with the reason, until a person requests another attempt.
    """
    connection = transaction.connection()
    fates: dict[tuple[datetime | None, str], dict[int, Rendered]] = {}
    for one in rendered:
        over = now if one.failure or not one.messages else None
        fates.setdefault((over, one.failure), {})[one.seq] = one
    messages: list[dict[str, object]] = []
    shows: list[dict[str, int]] = []
    for (over, why), those in fates.items():
        values = {"those": list(those), "now": now, "over": over, "why": why}
        # returns only those that were not rendered before and still exist
        for seq in connection.execute(_RENDERED, values).scalars().all():
            one = those[seq]
            if one.failure:
                messages.append(
                    _new_message(one.seq, Message(number=1, payload="", plain=""), MessageState.DEAD, one.failure)
                )
            for message in one.messages:
                messages.append(_new_message(one.seq, message))
                shows += [{"of": one.seq, "which": paper, "by": message.number} for paper in message.papers]
    if messages:
        connection.execute(_NEW_MESSAGE, messages)
    if shows:
        connection.execute(_SHOWS, shows)


def _new_message(
    seq: int, message: Message, state: MessageState = MessageState.READY, reason: str = ""
) -> dict[str, object]:
    return {
        "delivery": seq,
        "number": message.number,
        "payload": message.payload,
        "plain": message.plain,
        "reply_to": message.reply_to,
        "state": state,
        "reason": reason,
        "use_plain": False,
        "found_at_start": False,
        "lookup_given_up": False,
    }
