"""The outbox: what is planned, what is on its way, what became of it (docs/architecture.md, rules 5 to 7)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import Integer, Row, bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, func, insert, or_, select, update

from subscriptions.model import Because, Delivery, Facts, Item, Kind, KnownPaper, Lane
from subscriptions.planning.retry import RetryDecision
from subscriptions.states import FINISHED, ChatState, DeliveryState, MessageState, PauseReason, describe_chat_state
from subscriptions.store.chats import chats_by_id
from subscriptions.store.claims import Claim, waits_until
from subscriptions.store.database import execute
from subscriptions.store.papers import stored_papers
from subscriptions.store.rows import TABLES, ChatRow, DeliveryItemRow, DeliveryRow, LaneRow, MessageRow, PaperRow

FINAL_STATES = (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.DISMISSED)  # nothing more is tried
_WORST_FIRST = (MessageState.DEAD, MessageState.UNCLEAR, MessageState.WAITING, MessageState.SENDING)
CHUNK = 500

# What every plan and every rendering asks for: these statements are made once.
_deliveries, _items_told, _chats, _messages, _sources = (
    TABLES.tables[name] for name in ("delivery", "delivery_item", "chat", "message", "source")
)
_d, _i, _c, _m = _deliveries.c, _items_told.c, _chats.c, _messages.c
_ids = bindparam("ids", expanding=True, type_=Integer)
_TAKEN = columns(_d.dedupe_key).where(_d.dedupe_key.in_(bindparam("keys", expanding=True)))
_NEW_DELIVERIES = insert(_deliveries).returning(_d.seq, sort_by_parameter_order=True)
_NEW_ITEMS = insert(_items_told)
_TOLD = columns(_i.chat, _i.paper).where(_i.chat.in_(_ids), _i.paper.in_(bindparam("papers", expanding=True)))
_DELIVERIES = columns(_deliveries).where(_d.seq.in_(_ids)).order_by(_d.seq)
_ITEMS = columns(_items_told).where(_i.delivery.in_(_ids)).order_by(_i.position)
_STATES = (
    columns(_d.seq, _d.dismissed_at, _d.kind, _c.state, _c.pause_reason, _m.state.label("message"))
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .outerjoin(_messages, _m.delivery == _d.seq)
    .where(or_(_d.settled_at.is_(None), _d.seq.in_(columns(_m.delivery).where(_m.state == MessageState.DEAD))))
    .order_by(_d.seq)
)
_TITLED = columns(_sources.c.name, _sources.c.title, _sources.c.home).where(_sources.c.title != "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A delivery that was decided and is to be written down."""

    id: str
    chat_id: int
    kind: Kind
    due: datetime
    key: str  # unique: a second plan of the same thing is dropped
    items: tuple[Item, ...]
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One delivery as people look at it (docs/commands.md, `outbox --json`)."""

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


def taken_keys(session: Session, keys: Sequence[str]) -> set[str]:
    """Which of these dedupe keys have a delivery already."""
    taken: set[str] = set()
    for i in range(0, len(keys), CHUNK):
        taken.update(execute(session, _TAKEN, {"keys": keys[i : i + CHUNK]}).scalars())
    return taken


def add_deliveries(session: Session, planned: Sequence[Planned], *, now: datetime) -> None:
    """Writes deliveries and their items. Their keys must be free."""
    if not planned:
        return
    seqs = execute(session, _NEW_DELIVERIES, [_delivery_values(p, now) for p in planned]).scalars()
    items = [_item_values(seq, p.chat_id, item) for seq, p in zip(seqs, planned, strict=True) for item in p.items]
    if items:
        execute(session, _NEW_ITEMS, items)


def delivered(session: Session, chat_ids: Sequence[int], paper_ids: Iterable[int]) -> dict[int, set[int]]:
    """Which of these papers each of these chats was told already."""
    found: dict[int, set[int]] = {chat_id: set() for chat_id in chat_ids}
    papers = sorted(set(paper_ids))
    for i in range(0, len(chat_ids), CHUNK):
        chats = list(chat_ids[i : i + CHUNK])
        for j in range(0, len(papers), CHUNK):
            for chat_id, paper_id in execute(session, _TOLD, {"ids": chats, "papers": papers[j : j + CHUNK]}):
                found[chat_id].add(paper_id)
    return found


def recover_in_flight(session: Session) -> int:
    """An earlier process is gone: what it left `sending` may have been sent. Returns how many messages."""
    result = session.exec(
        update(MessageRow)
        .where(col(MessageRow.state) == MessageState.SENDING)
        .values(state=MessageState.UNCLEAR, found_at_start=True)
    )
    session.exec(update(MessageRow).where(col(MessageRow.state) == MessageState.UNCLEAR).values(found_at_start=True))
    return int(result.rowcount)


def _held_until(lane: LaneRow, wall: datetime) -> datetime | None:
    if lane.not_before is None or lane.since is None or not lane.since <= wall < lane.not_before:
        return None
    return lane.not_before


def give_up_lookup(session: Session, seq: int, number: int, reason: str) -> None:
    """Nobody can look this message up, and the operator wants no repeats: it stays unclear and lets the lane pass."""
    message = session.get_one(MessageRow, (seq, number))
    message.reason, message.lookup_given_up, message.found_at_start = reason, True, False


def delivery_value(session: Session, seq: int, *, zone: str) -> Delivery:
    """The delivery with its papers as they are now, ready to be rendered."""
    return delivery_values(session, [seq], zone=zone)[seq]


def delivery_values(session: Session, seqs: Sequence[int], *, zone: str) -> dict[int, Delivery]:
    """Deliveries by their seq, as `delivery_value`."""
    rows = execute(session, _DELIVERIES, {"ids": seqs}).all()
    chats = chats_by_id(session, [row.chat for row in rows], zone=zone)
    its_items = execute(session, _ITEMS, {"ids": seqs}).all()
    papers = stored_papers(session, list({item.paper for item in its_items}))
    titled = _titled_sources(session) if its_items else {}
    items: dict[int, list[Item]] = {}
    for item in its_items:
        items.setdefault(item.delivery, []).append(_item(item, papers))
    return {
        row.seq: Delivery(
            id=row.id,
            chat=chats[row.chat],
            kind=row.kind,
            due=row.due,
            facts=replace(_facts(row.facts), titles=_titles(items.get(row.seq, ()), titled)),
            items=tuple(items.get(row.seq, ())),
        )
        for row in rows
    }


def _titled_sources(session: Session) -> dict[str, tuple[str, str]]:
    """Name → title and home of the sources that want to be named."""
    return {name: (title, home) for name, title, home in execute(session, _TITLED)}


def _titles(items: Sequence[Item], titled: Mapping[str, tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The sources of papers that are shown which want to be named."""
    names = {name for item in items if item.shown for name in item.paper.paper.sources}
    return tuple(titled[name] for name in sorted(names & titled.keys()))


def delivered_items(
    session: Session, chat_id: int, delivery_id: str, *, position: int | None = None
) -> tuple[Item, ...]:
    """What a delivery told this chat, in its order, or only what stands at `position`; () when it is not this chat's."""
    wanted = (
        select(DeliveryItemRow)
        .join(DeliveryRow, col(DeliveryRow.seq) == DeliveryItemRow.delivery)
        .where(DeliveryRow.id == delivery_id, DeliveryItemRow.chat == chat_id)
        .order_by(col(DeliveryItemRow.position))
    )
    if position is not None:
        wanted = wanted.where(DeliveryItemRow.position == position)
    return _items(session, session.exec(wanted).all())


def shown_since(session: Session, chat_id: int, since: datetime) -> list[int]:
    """Ids of the papers that messages of a chat showed which were sent at `since` or later, in the order they came."""
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
    return list(rows)


def delivered_count(session: Session, chat_id: int) -> int:
    """How many papers a chat was told."""
    return session.exec(select(func.count()).where(DeliveryItemRow.chat == chat_id)).one()


def delivered_item(session: Session, chat_id: int, paper_id: int) -> Item | None:
    """A paper as this chat was told of it; None: it was not."""
    row = session.get(DeliveryItemRow, (chat_id, paper_id))
    return _items(session, [row])[0] if row else None


def delivered_titles(session: Session, chat_id: int, most: int) -> list[str]:
    """Titles of the papers that a chat was told last, newest first."""
    rows = session.exec(
        select(PaperRow.title)
        .join(DeliveryItemRow, col(DeliveryItemRow.paper) == PaperRow.id)
        .where(DeliveryItemRow.chat == chat_id)
        .order_by(col(DeliveryItemRow.delivery).desc())
        .limit(most)
    )
    return list(rows)


def _items(session: Session, rows: Sequence[DeliveryItemRow]) -> tuple[Item, ...]:
    papers = stored_papers(session, [row.paper for row in rows])
    return tuple(_item(row, papers) for row in rows)


def _item(row: DeliveryItemRow | Row[*tuple[Any, ...]], papers: Mapping[int, KnownPaper]) -> Item:
    return Item(
        paper=papers[row.paper],
        because=tuple(_because(b) for b in row.because),
        position=row.position,
        shown=row.shown,
        cross=row.cross,
    )


def record_outcome(
    session: Session,
    claimed: Claim,
    decision: RetryDecision,
    reason: str,
    *,
    now: datetime,
    wall: datetime,
) -> None:
    """Writes down what became of a try that did not end in "sent"."""
    if claimed.message is None:
        return
    message = session.get_one(MessageRow, (claimed.seq, claimed.message.number))
    delivery = session.get_one(DeliveryRow, claimed.seq)
    message.state, message.reason = decision.state, reason
    message.lookup_given_up = message.found_at_start = False
    delivery.reason = reason
    if decision.state in (MessageState.WAITING, MessageState.UNCLEAR):
        delivery.attempts += 1
    delivery.next_at = decision.not_before
    if decision.use_plain:  # what is not yet sent of this delivery
        rest = select(MessageRow).where(MessageRow.delivery == claimed.seq, col(MessageRow.state).not_in(FINISHED))
        for other in session.exec(rest).all():
            other.use_plain = True
    if decision.pauses_lane:
        pause_lane(session, claimed.address.lane, wall, wall + decision.pauses_lane)
    session.flush()
    _settle(session, delivery, now)


def pause_lane(session: Session, lane: Lane, wall: datetime, until: datetime) -> None:
    """A platform asked this lane to wait until `until`, on the machine's clock."""
    row = session.get(LaneRow, (lane.platform, lane.address)) or LaneRow(platform=lane.platform, address=lane.address)
    row.since, row.not_before = wall, until
    session.add(row)


def _settle(session: Session, delivery: DeliveryRow, now: datetime) -> None:
    states = session.exec(select(MessageRow.state).where(MessageRow.delivery == delivery.seq)).all()
    if states and all(state in FINISHED for state in states):
        delivery.settled_at, delivery.next_at = now, None


def entries(session: Session, *, now: datetime, wall: datetime | None = None) -> list[OutboxEntry]:
    """Every delivery that is still stored, oldest first. `wall` is the machine's clock, where `now` is another."""
    messages: dict[int, list[tuple[MessageState, str]]] = {}
    for seq, state, reason in session.exec(
        select(MessageRow.delivery, col(MessageRow.state), MessageRow.reason).order_by(
            col(MessageRow.delivery), col(MessageRow.number)
        )
    ):
        messages.setdefault(seq, []).append((state, reason))
    papers = dict(
        session.exec(select(DeliveryItemRow.delivery, func.count()).group_by(col(DeliveryItemRow.delivery))).all()
    )
    rows = session.exec(
        select(DeliveryRow, ChatRow).join(ChatRow, col(ChatRow.id) == DeliveryRow.chat).order_by(col(DeliveryRow.seq))
    )
    held = {(row.platform, row.address): _held_until(row, wall or now) for row in session.exec(select(LaneRow))}
    return [
        _entry(
            d,
            chat,
            messages.get(d.seq or 0, []),
            papers.get(d.seq, 0),
            waits_until(d.next_at, now) or held.get((chat.platform, chat.address)),
        )
        for d, chat in rows
    ]


def _entry(
    row: DeliveryRow, chat: ChatRow, messages: Sequence[tuple[MessageState, str]], papers: int, next_at: datetime | None
) -> OutboxEntry:
    topic = f"/{chat.topic}" if chat.topic else ""
    chat_state = _may_get(row.kind, chat.state, chat.pause_reason)
    states = [state for state, _ in messages]
    state = derived_state(dismissed=row.dismissed_at is not None, chat_state=chat_state, states=states)
    # Its own messages know best: what was sent after one that is dead has told the delivery that all is well.
    reasons = (reason for of, reason in messages if of.value == state.value)
    return OutboxEntry(
        id=row.id,
        chat=f"{chat.platform}:{chat.address}{topic}",
        kind=row.kind,
        state=state,
        papers=papers,
        messages=len(messages),
        attempts=row.attempts,
        next_at=None if state in FINAL_STATES else next_at,
        waiting_since=row.created_at,
        reason=next(filter(None, reasons), row.reason)
        or (_words_of(chat) if chat.state is not ChatState.ACTIVE else ""),
    )


def _words_of(chat: ChatRow) -> str:
    return describe_chat_state(chat.state, chat.admission, chat.pause_reason, chat.state_detail)


def _may_get(kind: Kind, chat_state: ChatState, pause: PauseReason | None) -> ChatState:
    """The chat's state for a delivery of this kind: a notice reaches also a chat that waits to be let in."""
    reachable = kind is Kind.NOTICE and chat_state is ChatState.ASKED and pause is None
    return ChatState.ACTIVE if reachable else chat_state


def derived_state(*, dismissed: bool, chat_state: ChatState, states: Sequence[MessageState]) -> DeliveryState:
    """A delivery's state (docs/operating.md): dismissed, held, else the worst of its messages."""
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


def retry(session: Session, delivery_id: str) -> int | None:
    """Gives the dead, waiting and unclear messages of a delivery another try now.

    Returns the chat's id; None: there is no such delivery, or all of it was sent.
    """
    delivery = _not_sent(session, delivery_id)
    if delivery is None:
        return None
    never_made = (col(MessageRow.payload) == "") & (col(MessageRow.state) == MessageState.DEAD)
    session.exec(delete(MessageRow).where(col(MessageRow.delivery) == delivery.seq, never_made))
    if session.exec(select(MessageRow.number).where(MessageRow.delivery == delivery.seq)).first() is None:
        delivery.rendered_at = None
    session.exec(
        update(MessageRow)
        .where(col(MessageRow.delivery) == delivery.seq, col(MessageRow.state).in_(_WORST_FIRST[:3]))
        .values(state=MessageState.READY, reason="", lookup_given_up=False, found_at_start=False)
    )
    delivery.settled_at = delivery.dismissed_at = delivery.next_at = None
    delivery.attempts, delivery.reason = 0, ""
    session.flush()
    _settle(session, delivery, delivery.created_at)
    return delivery.chat


def dismiss(session: Session, delivery_id: str, *, now: datetime) -> bool:
    """A person says that this one is not to be sent any more. False: there is no such delivery, or all was sent."""
    delivery = _not_sent(session, delivery_id)
    if delivery is None:
        return False
    delivery.dismissed_at = delivery.settled_at = now
    return True


def is_known(session: Session, delivery_id: str) -> bool:
    """Whether there is such a delivery."""
    return session.exec(select(DeliveryRow.seq).where(DeliveryRow.id == delivery_id)).first() is not None


def _not_sent(session: Session, delivery_id: str) -> DeliveryRow | None:
    delivery = session.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id)).first()
    return None if delivery is None or is_sent(session, delivery.seq or 0) else delivery


def counts(session: Session) -> Mapping[DeliveryState, int]:
    """How many deliveries are in each state, but for those that were sent."""
    found: Counter[DeliveryState] = Counter()
    for _, rows in groupby(execute(session, _STATES), key=lambda row: row.seq):
        row, *others = rows
        states = [one.message for one in (row, *others) if one.message is not None]
        chat_state = _may_get(row.kind, row.state, row.pause_reason)
        found[derived_state(dismissed=row.dismissed_at is not None, chat_state=chat_state, states=states)] += 1
    return found


def is_sent(session: Session, seq: int) -> bool:
    """Whether every message of a delivery is confirmed."""
    states = session.exec(select(MessageRow.state).where(MessageRow.delivery == seq)).all()
    return bool(states) and all(state is MessageState.SENT for state in states)


def recent_sends(session: Session, platform: str, after: datetime) -> list[tuple[Lane, datetime]]:
    """What was confirmed after `after`, for the pace after a restart."""
    rows = session.exec(
        select(ChatRow.address, MessageRow.sent_at)
        .join(DeliveryRow, col(DeliveryRow.chat) == ChatRow.id)
        .join(MessageRow, col(MessageRow.delivery) == DeliveryRow.seq)
        .where(ChatRow.platform == platform, col(MessageRow.sent_at) > after)
        .order_by(col(MessageRow.sent_at))
    )
    return [(Lane(platform, address), sent_at) for address, sent_at in rows if sent_at is not None]


def count_as_sent(session: Session, before: datetime, *, now: datetime) -> int:
    """After a restore: whatever was due before `before` counts as sent. Returns how many deliveries."""
    rows = session.exec(
        select(DeliveryRow).where(col(DeliveryRow.settled_at).is_(None), col(DeliveryRow.due) < before)
    ).all()
    for row in rows:
        row.settled_at = row.dismissed_at = now
        row.reason = "counted as sent after a restore"
    return len(rows)


def drop_payloads(session: Session, before: datetime) -> None:
    """Forgets what messages said that were settled before `before` (rule 10)."""
    old = select(DeliveryRow.seq).where(col(DeliveryRow.settled_at) < before)
    session.exec(
        update(MessageRow)
        .where(col(MessageRow.delivery).in_(old), col(MessageRow.payload) != "")
        .values(payload="", plain="")
    )


def _delivery_values(planned: Planned, now: datetime) -> dict[str, Any]:
    return {
        "id": planned.id,
        "chat": planned.chat_id,
        "kind": planned.kind,
        "due": planned.due,
        "dedupe_key": planned.key,
        "created_at": now,
        "facts": _facts_values(planned.facts),
        "attempts": 0,
        "reason": "",
    }


def _item_values(seq: int, chat_id: int, item: Item) -> dict[str, Any]:
    return {
        "chat": chat_id,
        "paper": item.paper.id,
        "delivery": seq,
        "position": item.position,
        "shown": item.shown,
        "cross": item.cross,
        "because": _because_values(item.because),
    }


@lru_cache(maxsize=4096)
def _because_values(because: tuple[Because, ...]) -> list[dict[str, Any]]:
    """As `_because` reads each. Most papers of a delivery come for the same reason."""
    return [
        {"number": b.number, "text": b.text, "name": b.name, "words": list(b.words), "by": b.added_by} for b in because
    ]


def _because(value: Mapping[str, Any]) -> Because:
    return Because(
        number=value["number"],
        text=value["text"],
        name=value["name"],
        words=tuple(value["words"]),
        added_by=value["by"],
    )


def _facts_values(facts: Facts) -> dict[str, Any]:
    return {
        "known": facts.known,
        "days": [day.isoformat() for day in facts.days],
        "first": facts.first,
        "next_due": facts.next_due.isoformat() if facts.next_due else None,
        "next_about": facts.next_about,
        "late": facts.late.total_seconds(),
        "notice": facts.notice,
        "detail": dict(facts.detail),
        "titles": [list(title) for title in facts.titles],
    }


def _facts(values: Mapping[str, Any]) -> Facts:
    return Facts(
        known=values["known"],
        days=tuple(date.fromisoformat(day) for day in values["days"]),
        first=values["first"],
        next_due=datetime.fromisoformat(values["next_due"]) if values["next_due"] else None,
        next_about=values.get("next_about", False),
        late=timedelta(seconds=values["late"]),
        notice=values["notice"],
        detail=dict(values["detail"]),
        titles=tuple((title, home) for title, home in values["titles"]),
    )
