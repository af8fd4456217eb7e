"""Deliveries as people see them: listed, counted, tried again, dismissed, in trouble."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import select

from subscriptions.chats.stored import chats as stored_chats
from subscriptions.database import bot_state
from subscriptions.database.columns import AnyRow, Utc
from subscriptions.database.store import CHUNK, Store, Transaction, execute, grouped, in_chunks
from subscriptions.database.tables import DeliveryRow, tables
from subscriptions.errors import NotFound, Sentence
from subscriptions.model import (
    MAYBE_SENT,
    UNDER_WAY,
    ChatAddress,
    ChatState,
    DeliveryKind,
    DeliveryState,
    MessageState,
    describe_chat_state,
)
from subscriptions.outbox.stored import claims

LONG = timedelta(hours=1)  # deliveries that fail for longer than this are reported in notices, the log and `check`
_NAMED = 5  # a notice names at most so many deliveries by their ids
_FINAL = (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.DISMISSED)  # after these, no attempt follows
_TRIED_AGAIN = (MessageState.DEAD, MessageState.UNCLEAR, MessageState.WAITING)

_deliveries, _chats, _messages, _items = tables("delivery", "chat", "message", "delivery_item")
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c
_of_delivery = _m.delivery == _d.seq


def _has(state: MessageState) -> sa.ColumnElement[bool]:
    return sa.exists().where(_of_delivery, _m.state == state)


# The state of a delivery (docs/operating.md): dismissed, held, sent, or the worst state of its messages.
_STATE = sa.case(
    (_d.dismissed_at.is_not(None), DeliveryState.DISMISSED.value),
    (_d.settled_at.is_(None) & ~claims.MAY_BE_SENT, DeliveryState.HELD.value),
    (_has(MessageState.DEAD), DeliveryState.DEAD.value),
    (_has(MessageState.UNCLEAR), DeliveryState.UNCLEAR.value),
    (_has(MessageState.WAITING), DeliveryState.WAITING.value),
    (_has(MessageState.SENDING), DeliveryState.SENDING.value),
    (_d.settled_at.is_not(None), DeliveryState.SENT.value),
    else_=DeliveryState.PLANNED.value,
)
_NOT_OVER = _d.settled_at.is_(None) | _d.seq.in_(sa.select(_m.delivery).where(_m.state == MessageState.DEAD))
_PAPERS = sa.select(sa.func.count()).where(_i.delivery == _d.seq).scalar_subquery()
_MESSAGES = sa.select(sa.func.count()).where(_of_delivery).scalar_subquery()
# of a message in the same state as the delivery
_REASON = (
    sa.select(sa.func.max(_m.reason)).where(_of_delivery, sa.cast(_m.state, sa.String) == _STATE).scalar_subquery()
)
_ENTRIES = (
    sa.select(_d.seq, _d.id, _d.kind, _d.attempts, _d.next_at, _d.created_at, _d.reason)
    .add_columns(_c.platform, _c.address, _c.topic, _c.state.label("chat_state"))
    .add_columns(_c.admission, _c.pause_reason, _c.state_detail, _STATE.label("its_state"))
    .add_columns(_PAPERS.label("papers"), _MESSAGES.label("messages"), _REASON.label("why"))
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .order_by(_d.seq)
)
_COUNTS = (
    sa.select(_c.platform, _STATE.label("its_state"), sa.func.count(), sa.func.min(_d.created_at, type_=Utc))
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .where(_NOT_OVER)
    # by the label, since PostgreSQL does not see that two expressions with parameters are equal
    .group_by(_c.platform, "its_state")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One delivery in the list for operators (docs/commands.md, `outbox --json`)."""

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


def outbox_entries(store: Store, *, now: datetime, over: bool = True) -> Iterator[OutboxEntry]:
    """Yield all deliveries, oldest first. Read each page in its own transaction.

    Without `over`, leaves out deliveries that were sent or dismissed, and uses an index.
    """
    wanted, after = _ENTRIES if over else _ENTRIES.where(_NOT_OVER), 0
    while True:
        with store.reading() as transaction:
            page = execute(transaction, wanted.where(_d.seq > after).limit(CHUNK)).all()
        if not page:
            return
        yield from (_entry(row, now) for row in page)
        after = page[-1].seq


def _entry(row: AnyRow, now: datetime) -> OutboxEntry:
    state = DeliveryState(row.its_state)
    why_held = describe_chat_state(row.chat_state, row.admission, row.pause_reason, row.state_detail)
    return OutboxEntry(
        id=row.id,
        chat=str(ChatAddress(row.platform, row.address, row.topic)),
        kind=row.kind,
        state=state,
        papers=row.papers,
        messages=row.messages,
        attempts=row.attempts,
        next_at=None if state in _FINAL else claims.waits_until(row.next_at, now),
        waiting_since=row.created_at,
        # the message's reason comes first, since sending another message clears the delivery's own
        reason=row.why or row.reason or ("" if row.chat_state is ChatState.ACTIVE else why_held),
    )


def retry(transaction: Transaction, delivery_id: str, *, now: datetime) -> None:
    """Make the dead, waiting and unclear messages of a delivery ready for a new attempt now.

    Also frees all stopped platforms. Raise NotFound.
    """
    delivery = _not_sent(transaction, delivery_id)
    never_made = (_m.payload == "") & (_m.state == MessageState.DEAD)
    execute(transaction, sa.delete(_messages).where(_m.delivery == delivery.seq, never_made))
    if not transaction.finds(_m.delivery == delivery.seq):
        delivery.rendered_at = None
    again = sa.update(_messages).where(_m.delivery == delivery.seq, _m.state.in_(_TRIED_AGAIN))
    ready = {"state": MessageState.READY, "reason": "", "left_to_person": False}
    execute(transaction, again.values({**ready, "unclear_since": None}))
    delivery.settled_at = delivery.dismissed_at = delivery.next_at = None
    delivery.attempts, delivery.reason = 0, ""
    claims.settle_if_finished(transaction, delivery, delivery.created_at)
    stored_chats.mark_reachable(transaction, delivery.chat, now=now)
    bot_state.free_platforms(transaction)


def dismiss(transaction: Transaction, delivery_id: str, *, now: datetime) -> None:
    """Dismiss a delivery, so that it is not sent. Raise NotFound."""
    delivery = _not_sent(transaction, delivery_id)
    delivery.dismissed_at = delivery.settled_at = now


def _not_sent(transaction: Transaction, delivery_id: str) -> DeliveryRow:
    """Return a delivery. Raise NotFound if it does not exist or all its messages were sent."""
    hint = Sentence("paperwire outbox lists them.")
    delivery = transaction.exec(select(DeliveryRow).where(_d.id == delivery_id)).first()
    if delivery is None:
        raise NotFound(Sentence("There is no delivery {id}.", {"id": delivery_id}), hint)
    if claims.is_sent(transaction, delivery.seq):
        raise NotFound(Sentence("Delivery {id} was sent.", {"id": delivery_id}), hint)
    return delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCounts:
    """The numbers of deliveries that wait (planned and held ones, too), are unclear, or are dead."""

    waiting: int = 0
    held: int = 0  # those of the waiting ones whose chat gets no messages now
    unclear: int = 0
    dead: int = 0
    dead_on: Mapping[str, int] = field(default_factory=dict)  # platform → how many are dead
    oldest: Mapping[str, datetime] = field(default_factory=dict)  # platform → when the oldest that waits was planned


def outbox_counts(transaction: Transaction, chat_id: int | None = None) -> OutboxCounts:
    """Return the numbers of deliveries that wait, are unclear, or are dead, of all chats or of one."""
    found: Counter[str] = Counter()
    dead_on: dict[str, int] = {}
    oldest: dict[str, datetime] = {}
    for platform, state, count, since in execute(
        transaction, _COUNTS if chat_id is None else _COUNTS.where(_d.chat == chat_id)
    ):
        found[state] += count
        if state == DeliveryState.DEAD:
            dead_on[platform] = count
        elif state in UNDER_WAY and state != DeliveryState.HELD:
            oldest[platform] = min(since, oldest.get(platform, since))
    return OutboxCounts(
        waiting=sum(found[state] for state in UNDER_WAY),
        held=found[DeliveryState.HELD],
        unclear=found[DeliveryState.UNCLEAR],
        dead=found[DeliveryState.DEAD],
        dead_on=dead_on,
        oldest=oldest,
    )


def count_as_sent(transaction: Transaction, before: datetime, *, now: datetime) -> int:
    """Dismiss deliveries that were due before `before`, so that they count as sent after a restore.

    Return how many deliveries it dismissed.
    """
    lost = _dismissed(now).where(_d.settled_at.is_(None), _d.due < before)
    return execute(transaction, lost.values(reason="counted as sent after a restore")).rowcount


def _dismissed(now: datetime) -> sa.Update:
    return sa.update(_deliveries).values(settled_at=now, dismissed_at=now)


def planned_papers(transaction: Transaction, chat_id: int, *, by: datetime | None = None) -> int:
    """Return the number of papers in a chat's unsent deliveries; with `by`, only in those planned at or before `by`.

    A delivery is unsent if none of its messages was sent or may have been sent.
    """
    return transaction.count(_i.delivery.in_(_unsent(transaction, chat_id, by)))


def was_posted(transaction: Transaction, chat_id: int, platform_id: str) -> bool:
    """Whether a delivery of this chat has a message with this platform id."""
    return transaction.finds(_d.seq == _m.delivery, _d.chat == chat_id, _m.platform_id == platform_id)


def hold_planned(transaction: Transaction, chat_id: int, until: datetime | None) -> None:
    """Delay a chat's unsent deliveries until the moment `until`.

    None: ends the delay, so that they are sent at once.
    """
    unsent = _d.seq.in_(_unsent(transaction, chat_id, None))
    execute(transaction, sa.update(_deliveries).where(unsent).values(next_at=until))


def dismiss_planned(transaction: Transaction, chat_id: int, *, by: datetime, now: datetime) -> None:
    """Dismiss a chat's unsent deliveries that were planned at or before `by`."""
    execute(transaction, _dismissed(now).where(_d.seq.in_(_unsent(transaction, chat_id, by))))


def _unsent(transaction: Transaction, chat_id: int, by: datetime | None) -> list[int]:
    maybe_sent = sa.exists().where(_m.delivery == _d.seq, _m.state.in_(MAYBE_SENT))
    found = sa.select(_d.seq).where(_d.chat == chat_id, _d.settled_at.is_(None), ~maybe_sent)
    if by is not None:
        found = found.where(_d.created_at <= by)
    return list(execute(transaction, found).scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Deliveries, or chats, that have the same problem."""

    count: int
    reason: str = ""  # the most frequent reason
    ids: tuple[str, ...] = ()  # ids of the first few deliveries, or addresses of the first few chats
    newest_at: datetime | None = None  # when the last of them was given up
    chat: ChatAddress | None = None  # None if the deliveries are for several chats
    since: datetime | None = None  # when the first of them was given up (dead) or planned (waiting)


def dead(transaction: Transaction) -> Trouble:
    """Return the deliveries with a dead message that no person has dismissed.

    Notices do not count, because otherwise a dead notice would cause the next notice.
    """
    wanted = (
        sa.select(_d.id, _m.reason, _d.settled_at, _c.platform, _c.address, _c.topic)
        .join_from(_deliveries, _messages, _of_delivery)
        .join(_chats, _c.id == _d.chat)
        .where(_m.state == MessageState.DEAD, _d.kind != DeliveryKind.NOTICE)
        .where(_d.settled_at.is_not(None), _d.dismissed_at.is_(None))
        .order_by(_d.seq, _m.number)
    )
    rows = execute(transaction, wanted).all()
    ids = tuple(dict.fromkeys(row.id for row in rows))
    reasons = Counter(row.reason for row in rows if row.reason)
    chats = {ChatAddress(row.platform, row.address, row.topic) for row in rows}
    return Trouble(
        count=len(ids),
        reason=reasons.most_common(1)[0][0] if reasons else "",
        ids=ids[:_NAMED],
        newest_at=max((row.settled_at for row in rows), default=None),
        chat=chats.pop() if len(chats) == 1 else None,
        since=min((row.settled_at for row in rows), default=None),
    )


def waiting_since(transaction: Transaction, before: datetime) -> dict[str, Trouble]:
    """Return platform → deliveries that failed at least once and have waited since before the moment `before`.

    Those to chats of which it is in doubt whether they are gone do not count.
    """
    first, count = sa.func.min(_d.created_at, type_=Utc), sa.func.count()
    wanted = (
        sa.select(_c.platform, _d.reason, count, first)
        .join_from(_chats, _deliveries, _d.chat == _c.id)
        .where(_d.settled_at.is_(None), _d.attempts > 0, _d.created_at < before)
        .where(_c.state == ChatState.ACTIVE, _c.pause_reason.is_(None))
        .group_by(_c.platform, _d.reason)
        .order_by(count.desc(), _d.reason)
    )
    found: dict[str, Trouble] = {}
    for platform, reason, deliveries, since in execute(transaction, wanted):
        usual = found.get(platform, Trouble(count=0, reason=reason, since=since))
        oldest = min(usual.since or since, since)
        found[platform] = replace(usual, count=usual.count + deliveries, since=oldest)
    return found


def doubted_chats(transaction: Transaction) -> dict[str, Trouble]:
    """Return platform → chats that refuse messages, of which it is in doubt whether they are gone."""
    wanted = sa.select(_c.platform, _c.address, _c.topic, _c.state_detail, _c.state_since)
    wanted = wanted.where(claims.IS_DOUBTED).order_by(_c.state_since, _c.id)
    return {
        platform: Trouble(
            count=len(rows),
            reason=Counter(row.state_detail for row in rows).most_common(1)[0][0],
            ids=tuple(str(ChatAddress(*row[:3])) for row in rows[:_NAMED]),
            chat=ChatAddress(*rows[0][:3]) if len(rows) == 1 else None,
            since=rows[0].state_since,
        )
        for platform, rows in grouped((row.platform, row) for row in execute(transaction, wanted)).items()
    }


def try_doubted_now(transaction: Transaction) -> None:
    """Let messages to chats that may be gone be tried at once. Free all stopped platforms."""
    bot_state.free_platforms(transaction)
    try_now(transaction, list(execute(transaction, sa.select(_c.id).where(claims.IS_DOUBTED)).scalars()))


def try_now(transaction: Transaction, chats: Sequence[int]) -> None:
    """Let the messages that wait for these chats be tried at once."""
    for part in in_chunks(chats):
        execute(
            transaction, sa.update(_deliveries).where(_d.chat.in_(part), _d.settled_at.is_(None)).values(next_at=None)
        )


def notices_since(transaction: Transaction, chat_id: int, cause: str, since: datetime) -> int:
    """Return the number of notices with this cause that were stored for a chat at `since` or later."""
    begins = f"notice:{chat_id}:{cause}:"
    return transaction.count(_d.chat == chat_id, _d.dedupe_key.startswith(begins), _d.created_at >= since)


def noticed_since(transaction: Transaction, key: str, since: datetime) -> bool:
    """Whether a notice with this dedupe key was stored at `since` or later."""
    return transaction.finds(_d.dedupe_key == key, _d.created_at >= since)
