"""Rows of the outbox: of one chat, and all that waits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby

import sqlalchemy as sa
from sqlmodel import col, or_, select

from subscriptions.model import ChatAddress, DeliveryKind, Lane
from subscriptions.states import (
    FINISHED,
    MAYBE_SENT,
    UNDER_WAY,
    WAITING,
    ChatState,
    DeliveryState,
    MessageState,
    PauseReason,
    describe_chat_state,
)
from subscriptions.store import claims
from subscriptions.store.columns import Big, Condition, Utc
from subscriptions.store.database import store
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import GOES_OUT, TABLES, ChatRow, DeliveryItemRow, DeliveryRow, LaneRow, MessageRow
from subscriptions.store.workers import AT_ONCE, wake_lanes

_FINAL = (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.DISMISSED)  # nothing more is tried
_WORST_FIRST = (MessageState.DEAD, MessageState.UNCLEAR, MessageState.WAITING, MessageState.SENDING)

_deliveries, _chats, _messages, _items = (
    TABLES.tables[name] for name in ("delivery", "chat", "message", "delivery_item")
)
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c
_NOT_OVER = (
    sa.select(_d.seq).where(_d.settled_at.is_(None)).union(sa.select(_m.delivery).where(_m.state == MessageState.DEAD))
)
_those = sa.bindparam("those", expanding=True, type_=Big)
_STATES_OF = sa.select(_m.delivery, _m.state, _m.reason).where(_m.delivery.in_(_those)).order_by(_m.delivery, _m.number)
_PAPERS_OF = (
    sa.select(_i.delivery, sa.func.count().label("papers")).where(_i.delivery.in_(_those)).group_by(_i.delivery)
)
_STATES = (
    sa.select(_d.seq, _d.dismissed_at, _d.kind, _c.state, _c.pause_reason, _m.state.label("message"))
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .outerjoin(_messages, _m.delivery == _d.seq)
    .where(or_(_d.settled_at.is_(None), _d.seq.in_(sa.select(_m.delivery).where(_m.state == MessageState.DEAD))))
    .order_by(_d.seq)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One delivery as listed for operators (docs/commands.md, `outbox --json`)."""

    id: str
    chat: str
    kind: str
    state: DeliveryState
    papers: int
    messages: int
    attempts: int
    next_at: datetime | None
    waiting_since: datetime
    reason: str


@store.reads
def entries(
    transaction: Transaction, after: int, *, over: bool, now: datetime, wall: datetime
) -> tuple[list[OutboxEntry], int]:
    """A page of stored deliveries after the one with this `seq`, oldest first, and its last `seq`.

    `over`: also those that are over (sent, dismissed), which reads every row. Without `over` it reads only an index.
    """
    page = (
        select(DeliveryRow, ChatRow, LaneRow)
        .join(ChatRow, col(ChatRow.id) == DeliveryRow.chat)
        .outerjoin(LaneRow, (col(LaneRow.platform) == ChatRow.platform) & (col(LaneRow.address) == ChatRow.address))
        .where(col(DeliveryRow.seq) > after)
        .order_by(col(DeliveryRow.seq))
        .limit(store.CHUNK)
    )
    rows = transaction.exec(page if over else page.where(col(DeliveryRow.seq).in_(_NOT_OVER))).all()
    seqs = [row.seq or 0 for row, _, _ in rows]
    messages: dict[int, list[tuple[MessageState, str]]] = {}
    for message in store.execute(transaction, _STATES_OF, {"those": seqs}):
        messages.setdefault(message.delivery, []).append((message.state, message.reason))
    papers: dict[int, int] = {
        row.delivery: row.papers for row in store.execute(transaction, _PAPERS_OF, {"those": seqs})
    }
    found = [
        _entry(
            row,
            chat,
            messages.get(seq, []),
            papers.get(seq, 0),
            claims.waits_until(row.next_at, now) or _held(lane, wall),
        )
        for seq, (row, chat, lane) in zip(seqs, rows, strict=True)
    ]
    return found, seqs[-1] if seqs else after


def _held(lane: LaneRow | None, wall: datetime) -> datetime | None:
    """Until when a platform asked a lane to wait."""
    if lane is None or lane.not_before is None or lane.since is None or not lane.since <= wall < lane.not_before:
        return None
    return lane.not_before


def _entry(
    row: DeliveryRow, chat: ChatRow, messages: Sequence[tuple[MessageState, str]], papers: int, next_at: datetime | None
) -> OutboxEntry:
    topic = f"/{chat.topic}" if chat.topic else ""
    chat_state = _state_for(row.kind, chat.state, chat.pause_reason)
    states = [state for state, _ in messages]
    state = derived_state(dismissed=row.dismissed_at is not None, chat_state=chat_state, states=states)
    # The reasons of its messages first: a message that was sent after a dead one has cleared the delivery's reason.
    reasons = (reason for of, reason in messages if of.value == state.value)
    return OutboxEntry(
        id=row.id,
        chat=f"{chat.platform}:{chat.address}{topic}",
        kind=row.kind,
        state=state,
        papers=papers,
        messages=len(messages),
        attempts=row.attempts,
        next_at=None if state in _FINAL else next_at,
        waiting_since=row.created_at,
        reason=next(filter(None, reasons), row.reason)
        or (_chat_words(chat) if chat.state is not ChatState.ACTIVE else ""),
    )


def _chat_words(chat: ChatRow) -> str:
    return describe_chat_state(chat.state, chat.admission, chat.pause_reason, chat.state_detail)


def _state_for(kind: DeliveryKind, chat_state: ChatState, pause: PauseReason | None) -> ChatState:
    """The state of a chat for a delivery of this kind: to a notice a chat that waits is active."""
    reachable = kind is DeliveryKind.NOTICE and chat_state in WAITING and pause is None
    return ChatState.ACTIVE if reachable else chat_state


def derived_state(*, dismissed: bool, chat_state: ChatState, states: Sequence[MessageState]) -> DeliveryState:
    """The state of a delivery (docs/operating.md): dismissed, sent or held, else the worst of its messages."""
    if dismissed:
        return DeliveryState.DISMISSED
    if states and all(state is MessageState.SENT for state in states):
        return DeliveryState.SENT
    unfinished = not states or any(state not in FINISHED for state in states)
    if unfinished and chat_state is not ChatState.ACTIVE:
        return DeliveryState.HELD
    for state in _WORST_FIRST:
        if state in states:
            return DeliveryState(state)
    return DeliveryState.PLANNED


def retry(session: Transaction, delivery_id: str) -> int | None:
    """Has the dead, waiting and unclear messages of a delivery tried again now, and wakes its lane.

    Returns the id of the chat; None if there is no such delivery, or all of it was sent.
    """
    delivery = _not_sent(session, delivery_id)
    if delivery is None:
        return None
    never_made = (col(MessageRow.payload) == "") & (col(MessageRow.state) == MessageState.DEAD)
    session.exec(sa.delete(MessageRow).where(col(MessageRow.delivery) == delivery.seq, never_made))
    if session.exec(select(MessageRow.number).where(MessageRow.delivery == delivery.seq)).first() is None:
        delivery.rendered_at = None
    session.exec(
        sa.update(MessageRow)
        .where(col(MessageRow.delivery) == delivery.seq, col(MessageRow.state).in_(_WORST_FIRST[:3]))
        .values(state=MessageState.READY, reason="", lookup_given_up=False, found_at_start=False, unclear_since=None)
    )
    delivery.settled_at = delivery.dismissed_at = delivery.next_at = None
    delivery.attempts, delivery.reason = 0, ""
    session.flush()
    claims.settle_if_finished(session, delivery, delivery.created_at)
    _wake(session, delivery)
    return delivery.chat


def dismiss(session: Transaction, delivery_id: str, *, now: datetime) -> bool:
    """Dismisses a delivery, which is then not sent, and wakes its lane, which goes on. Returns False if there is no such delivery, or all of it was sent."""
    delivery = _not_sent(session, delivery_id)
    if delivery is None:
        return False
    delivery.dismissed_at = delivery.settled_at = now
    _wake(session, delivery)
    return True


def _wake(session: Transaction, delivery: DeliveryRow) -> None:
    """Wakes the lane of a delivery, also if another job of the lane waits for a later moment."""
    chat = session.get_one(ChatRow, delivery.chat)
    wake_lanes(session, [Lane(chat.platform, chat.address)], priority=AT_ONCE)


def is_known(session: Transaction, delivery_id: str) -> bool:
    """Whether there is a delivery with this id."""
    return session.exec(select(DeliveryRow.seq).where(DeliveryRow.id == delivery_id)).first() is not None


def _not_sent(session: Transaction, delivery_id: str) -> DeliveryRow | None:
    delivery = session.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id)).first()
    return None if delivery is None or claims.is_sent(session, delivery.seq or 0) else delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCounts:
    """How many deliveries wait (planned ones included), are unclear or dead."""

    waiting: int
    unclear: int
    dead: int


@store.reads
def outbox_counts(transaction: Transaction) -> OutboxCounts:
    """How many deliveries are in each state, without those that were sent."""
    found: Counter[DeliveryState] = Counter()
    for _, rows in groupby(store.execute(transaction, _STATES), key=lambda row: row.seq):
        row, *others = rows
        states = [one.message for one in (row, *others) if one.message is not None]
        chat_state = _state_for(row.kind, row.state, row.pause_reason)
        found[derived_state(dismissed=row.dismissed_at is not None, chat_state=chat_state, states=states)] += 1
    waiting = sum(found[state] for state in UNDER_WAY)
    return OutboxCounts(waiting=waiting, unclear=found[DeliveryState.UNCLEAR], dead=found[DeliveryState.DEAD])


@store.writes
def count_as_sent(transaction: Transaction, before: datetime, *, now: datetime) -> int:
    """Dismisses what was due before `before`, after a restore: it counts as sent. Returns how many deliveries."""
    due = sa.update(DeliveryRow).where(col(DeliveryRow.settled_at).is_(None), col(DeliveryRow.due) < before)
    counted = {"settled_at": now, "dismissed_at": now, "reason": "counted as sent after a restore"}
    return int(transaction.exec(due.values(counted)).rowcount)


# ------------------------------------------------------- deliveries that are dead or wait for long, notices about them


LONG = timedelta(hours=1)  # operators, the log and `check` name what was tried in vain for longer
_NAMED = 5  # ids of deliveries that a notice names


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Deliveries that have the same problem."""

    count: int
    reason: str = ""  # the most frequent one
    ids: tuple[str, ...] = ()  # the first few
    chat: str = ""  # address, if all of them are of one chat
    since: datetime | None = None  # when the first of them was given up, or planned


def dead_since(session: Transaction, since: datetime | None) -> Trouble:
    """Deliveries with a dead message, settled after `since`.

    Notices do not count, or a dead notice would cause the next one.
    """
    wanted = (
        select(DeliveryRow.id, MessageRow.reason, ChatRow, col(DeliveryRow.settled_at))
        .join(MessageRow, col(MessageRow.delivery) == DeliveryRow.seq)
        .join(ChatRow, col(ChatRow.id) == DeliveryRow.chat)
        .where(
            MessageRow.state == MessageState.DEAD,
            DeliveryRow.kind != DeliveryKind.NOTICE,
            col(DeliveryRow.settled_at).is_not(None),
            col(DeliveryRow.dismissed_at).is_(None),
        )
        .order_by(col(DeliveryRow.seq), col(MessageRow.number))
    )
    if since is not None:
        wanted = wanted.where(col(DeliveryRow.settled_at) > since)
    rows = session.exec(wanted).all()
    ids = tuple(dict.fromkeys(delivery for delivery, _, _, _ in rows))
    reasons = Counter(reason for _, reason, _, _ in rows if reason)
    chats = {str(ChatAddress(chat.platform, chat.address, chat.topic)) for _, _, chat, _ in rows}
    return Trouble(
        count=len(ids),
        reason=reasons.most_common(1)[0][0] if reasons else "",
        ids=ids[:_NAMED],
        chat=chats.pop() if len(chats) == 1 else "",
        since=min((at for _, _, _, at in rows if at is not None), default=None),
    )


def waiting_since(session: Transaction, before: datetime) -> dict[str, Trouble]:
    """Platform → deliveries that were tried without success and have waited since before `before`."""
    first = sa.func.min(col(DeliveryRow.created_at), type_=Utc)
    rows = session.exec(
        select(ChatRow.platform, DeliveryRow.reason, sa.func.count(), first)
        .join(DeliveryRow, col(DeliveryRow.chat) == ChatRow.id)
        .where(
            Condition(GOES_OUT),
            col(DeliveryRow.attempts) > 0,
            col(DeliveryRow.created_at) < before,
            ChatRow.state == ChatState.ACTIVE,
        )
        .group_by(ChatRow.platform, col(DeliveryRow.reason))
    ).all()
    reasons: dict[str, Counter[str]] = {}
    oldest: dict[str, datetime] = {}
    for platform, reason, count, since in rows:
        reasons.setdefault(platform, Counter())[reason] += count
        oldest[platform] = min(oldest.get(platform, since), since)
    return {
        platform: Trouble(count=found.total(), reason=found.most_common(1)[0][0], since=oldest[platform])
        for platform, found in reasons.items()
    }


def notices_since(session: Transaction, chat_id: int, cause: str, since: datetime) -> int:
    """How many notices of a cause were stored for a chat at `since` or later."""
    begins = f"notice:{chat_id}:{cause}:"
    wanted = select(sa.func.count()).select_from(DeliveryRow).where(DeliveryRow.chat == chat_id)
    wanted = wanted.where(col(DeliveryRow.dedupe_key).startswith(begins), col(DeliveryRow.created_at) >= since)
    return session.exec(wanted).one()


def noticed_since(session: Transaction, key: str, since: datetime) -> bool:
    """Whether a notice with this dedupe key was stored at `since` or later."""
    wanted = select(DeliveryRow.seq).where(DeliveryRow.dedupe_key == key, col(DeliveryRow.created_at) >= since)
    return session.exec(wanted).first() is not None


def drop_notices(session: Transaction, part: str, *, now: datetime) -> None:
    """Dismisses the notices that are not settled and have `part` in their dedupe key."""
    session.exec(
        sa.update(DeliveryRow)
        .where(
            col(DeliveryRow.kind) == DeliveryKind.NOTICE,
            col(DeliveryRow.dedupe_key).contains(part, autoescape=True),
            col(DeliveryRow.settled_at).is_(None),
        )
        .values(settled_at=now, dismissed_at=now, reason="it was not so after all")
    )


def states_of(session: Transaction, chat_id: int) -> Counter[DeliveryState]:
    """How many deliveries of a chat are in each state, without those that were sent or dismissed."""
    rows = session.exec(
        select(DeliveryRow.seq, col(ChatRow.state), col(MessageRow.state))
        .join(ChatRow, col(ChatRow.id) == DeliveryRow.chat)
        .outerjoin(MessageRow, col(MessageRow.delivery) == DeliveryRow.seq)
        .where(DeliveryRow.chat == chat_id, col(DeliveryRow.dismissed_at).is_(None))
    ).all()
    messages: dict[int, tuple[ChatState, list[MessageState]]] = {}
    for seq, chat_state, state in rows:
        messages.setdefault(seq or 0, (chat_state, []))[1].extend([state] if state else [])
    states = (derived_state(dismissed=False, chat_state=chat, states=found) for chat, found in messages.values())
    return Counter(state for state in states if state is not DeliveryState.SENT)


# ---------------------------------------------------------------------------------------------- the outbox of one chat


_NOON = time(12)  # of a day without a known hour, so that it is the same day in most zones


def planned_papers(session: Transaction, chat_id: int, *, by: datetime | None = None) -> int:
    """How many papers are in the chat's deliveries with nothing sent yet; with `by`, in those planned until then."""
    items = (
        select(sa.func.count())
        .select_from(DeliveryItemRow)
        .where(col(DeliveryItemRow.delivery).in_(_unsent(session, chat_id, by)))
    )
    return session.exec(items).one()


def delivered_between(session: Transaction, chat_id: int, first: int, last: int) -> set[int]:
    """Of the papers with ids from `first` to `last` those that a chat has in a delivery."""
    between = col(DeliveryItemRow.paper).between(first, last)
    return set(session.exec(select(DeliveryItemRow.paper).where(DeliveryItemRow.chat == chat_id, between)))


def shown_at(session: Transaction, chat_id: int, since: datetime) -> list[tuple[datetime, int]]:
    """(when, papers) of each message that showed papers at `since` or later; of older deliveries, only their days are known."""
    sent = (
        select(col(MessageRow.sent_at), sa.func.count())
        .join(
            DeliveryItemRow,
            (col(DeliveryItemRow.delivery) == MessageRow.delivery)
            & (col(DeliveryItemRow.message) == MessageRow.number),
        )
        .where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.shown).is_(True), col(MessageRow.sent_at) >= since)
        .group_by(col(MessageRow.sent_at))
    )
    days = (
        select(col(DeliveryItemRow.delivered_on), sa.func.count())
        .where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.shown).is_(True))
        .where(col(DeliveryItemRow.delivered_on) >= since.date())
        .group_by(col(DeliveryItemRow.delivered_on))
    )
    found = [(at, amount) for at, amount in session.exec(sent) if at is not None]
    return found + [
        (datetime.combine(day, _NOON, UTC), amount) for day, amount in session.exec(days) if day is not None
    ]


def last_came(session: Transaction, chat_id: int, since: datetime) -> dict[int, datetime]:
    """Number of a subscription → when its papers were sent last, at `since` or later."""
    rows = session.exec(
        select(DeliveryItemRow.because, DeliveryRow.settled_at)
        .join(DeliveryRow, col(DeliveryRow.seq) == DeliveryItemRow.delivery)
        .where(
            DeliveryItemRow.chat == chat_id,
            col(DeliveryRow.settled_at) >= since,
            col(DeliveryRow.dismissed_at).is_(None),
        )
    )
    found: dict[int, datetime] = {}
    for because, settled_at in rows:
        for reason in because:
            number = int(reason["number"])
            found[number] = max(found.get(number, since), settled_at or since)
    return found


def was_posted(session: Transaction, chat_id: int, platform_id: str) -> bool:
    """Whether a delivery of this chat has a message with this id of its platform."""
    found = (
        select(MessageRow.number)
        .join(DeliveryRow, col(DeliveryRow.seq) == MessageRow.delivery)
        .where(DeliveryRow.chat == chat_id, MessageRow.platform_id == platform_id)
    )
    return session.exec(found.limit(1)).first() is not None


def hold_planned(session: Transaction, chat_id: int, until: datetime | None) -> None:
    """Delays the chat's deliveries with nothing sent yet until a moment; with None they go at once."""
    seqs = _unsent(session, chat_id, None)
    session.exec(sa.update(DeliveryRow).where(col(DeliveryRow.seq).in_(seqs)).values(next_at=until))


def dismiss_planned(session: Transaction, chat_id: int, *, by: datetime, now: datetime) -> None:
    """Dismisses the chat's deliveries that were planned until `by` and have nothing sent yet."""
    seqs = _unsent(session, chat_id, by)
    session.exec(sa.update(DeliveryRow).where(col(DeliveryRow.seq).in_(seqs)).values(dismissed_at=now, settled_at=now))


def _unsent(session: Transaction, chat_id: int, by: datetime | None) -> list[int]:
    maybe_sent = select(MessageRow.delivery).where(
        MessageRow.delivery == DeliveryRow.seq, col(MessageRow.state).in_(MAYBE_SENT)
    )
    found = select(DeliveryRow.seq).where(
        DeliveryRow.chat == chat_id, col(DeliveryRow.settled_at).is_(None), ~maybe_sent.exists()
    )
    if by is not None:
        found = found.where(col(DeliveryRow.created_at) <= by)
    return [seq for seq in session.exec(found) if seq is not None]
