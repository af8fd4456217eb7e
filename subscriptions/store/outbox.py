"""The outbox: what is planned, what is on its way, what became of it (docs/architecture.md, rules 5 to 7)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, func, insert, or_, select, update

from subscriptions.model import Because, Chat, ChatState, Delivery, Facts, Item, Kind, Lane, Message
from subscriptions.retry import LONGEST_WAIT, Verdict
from subscriptions.store._rows import ChatRow, DeliveryItemRow, DeliveryRow, LaneRow, MessageRow, PaperRow
from subscriptions.store.papers import stored_papers
from subscriptions.store.people import GONE, chat_value, chats_by_id

SETTLED = ("sent", "dead")
OVER = ("sent", "dead", "dismissed")  # states of a delivery that nothing more is tried for
SKIPPED = "skipped: "  # how the reason of a message begins that nobody can look up and nobody is to repeat
CHUNK = 500
_AT_ONCE = 8  # deliveries of a lane that are looked at together: mostly the first is the next


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
class Claim:
    """What a sender is to do next in a lane: render a delivery, or post or look up one message of it."""

    seq: int
    delivery: str
    chat: Chat
    attempts: int
    message: Message | None  # None: nothing is rendered yet
    value: Delivery | None = None  # then: what is to be rendered
    plain: bool = False  # post the plain form
    unclear: bool = False  # it may have been sent already, at `attempted_at`
    at_start: bool = False  # an earlier process left it unclear
    attempted_at: datetime | None = None  # machine's clock
    thread: str | None = None  # platform id of the message in whose thread it goes


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One delivery as people look at it (docs/commands.md, `outbox --json`)."""

    id: str
    chat: str
    kind: str
    state: str
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
        part = keys[i : i + CHUNK]
        taken |= set(session.exec(select(DeliveryRow.dedupe_key).where(col(DeliveryRow.dedupe_key).in_(part))))
    return taken


def add_deliveries(session: Session, planned: Sequence[Planned], *, now: datetime) -> None:
    """Writes deliveries and their items. Their keys must be free."""
    if not planned:
        return
    connection = session.connection()
    numbered = insert(DeliveryRow).returning(col(DeliveryRow.seq), sort_by_parameter_order=True)
    seqs = connection.execute(numbered, [_delivery_values(p, now) for p in planned]).scalars()
    items = [_item_values(seq or 0, p.chat_id, item) for seq, p in zip(seqs, planned, strict=True) for item in p.items]
    if items:
        connection.execute(insert(DeliveryItemRow), items)


def told(session: Session, chat_ids: Sequence[int], paper_ids: Iterable[int]) -> dict[int, set[int]]:
    """Which of these papers each of these chats was told already."""
    found: dict[int, set[int]] = {chat_id: set() for chat_id in chat_ids}
    papers = sorted(set(paper_ids))
    for i in range(0, len(chat_ids), CHUNK):
        chats = list(chat_ids[i : i + CHUNK])
        for j in range(0, len(papers), CHUNK):
            rows = session.exec(
                select(DeliveryItemRow.chat, DeliveryItemRow.paper).where(
                    col(DeliveryItemRow.chat).in_(chats), col(DeliveryItemRow.paper).in_(papers[j : j + CHUNK])
                )
            )
            for chat_id, paper_id in rows:
                found[chat_id].add(paper_id)
    return found


def take_over(session: Session) -> int:
    """An earlier process is gone: what it left `sending` may have been sent. Returns how many messages."""
    result = session.exec(
        update(MessageRow).where(col(MessageRow.state) == "sending").values(state="unclear", found_at_start=True)
    )
    session.exec(update(MessageRow).where(col(MessageRow.state) == "unclear").values(found_at_start=True))
    return int(result.rowcount)


def open_lanes(session: Session, platforms: Sequence[str], *, now: datetime, finding: Sequence[str]) -> list[Lane]:
    """Lanes with a delivery that is not settled and whose wait is over, of chats that may get messages, oldest first.

    On the platforms of `finding` an unclear message is looked up without waiting.
    """
    found = select(MessageRow.delivery).where(
        (col(MessageRow.state) == "unclear") & (col(MessageRow.found_at_start) | col(ChatRow.platform).in_(finding)),
        col(MessageRow.delivery) == DeliveryRow.seq,
    )
    rows = session.exec(
        select(ChatRow.platform, ChatRow.address)
        .join(DeliveryRow, col(DeliveryRow.chat) == ChatRow.id)
        .where(
            col(DeliveryRow.settled_at).is_(None),
            _may_go(),
            col(ChatRow.platform).in_(platforms),
            or_(
                col(DeliveryRow.next_at).is_(None),
                col(DeliveryRow.next_at) <= now,
                col(DeliveryRow.next_at) > now + LONGEST_WAIT,
                found.exists(),
            ),
        )
        .group_by(ChatRow.platform, ChatRow.address)
        .order_by(func.min(DeliveryRow.seq))
    )
    return [Lane(platform, address) for platform, address in rows]


def claim(
    session: Session,
    lane: Lane,
    *,
    now: datetime,
    zone: str,
    skip_unclear: bool,
    can_find: bool,
    tried: frozenset[tuple[int, int]],
) -> Claim | None:
    """What to do next in this lane; None: nothing now (rule 6). Marks nothing: that is what `begin` is for.

    A waiting or unclear message stops the lane; a dead one does not, nor an unclear one under `skip_unclear` that
    nobody can look up. `tried` are messages that this call of `deliver` has had its turn with.
    """
    rows = session.exec(
        select(DeliveryRow, ChatRow)
        .join(ChatRow, col(ChatRow.id) == DeliveryRow.chat)
        .where(
            ChatRow.platform == lane.platform,
            ChatRow.address == lane.address,
            _may_go(),
            col(DeliveryRow.settled_at).is_(None),
        )
        .order_by(col(DeliveryRow.seq))
        .execution_options(yield_per=_AT_ONCE)
    )
    for delivery, chat_row in rows:
        chat = chat_value(chat_row, zone)
        if delivery.rendered_at is None:
            return Claim(
                seq=delivery.seq or 0,
                delivery=delivery.id,
                chat=chat,
                attempts=delivery.attempts,
                message=None,
                value=_delivery(session, delivery, chat),
            )
        message = _next_message(session, delivery.seq or 0, passing_unclear=skip_unclear and not can_find, tried=tried)
        if message is None:
            continue
        if (message.delivery, message.number) in tried and message.state != "ready":
            return None
        looks = message.state == "unclear" and (can_find or message.found_at_start)
        early = _waits_until(delivery, now) is not None and not looks
        if message.state == "sending" or (early and message.state in ("waiting", "unclear")):
            return None
        return _claim_of(session, delivery, message, chat)
    return None


def _may_go() -> ColumnElement[bool]:
    """Whether a delivery's chat gets it now: an active one, or a notice to one that waits for an administrator."""
    waits = (col(ChatRow.state) == ChatState.ASKED.value) & ~col(ChatRow.state_reason).startswith(GONE)
    return or_(col(ChatRow.state) == ChatState.ACTIVE.value, waits & (col(DeliveryRow.kind) == Kind.NOTICE.value))


def _waits_until(delivery: DeliveryRow, now: datetime) -> datetime | None:
    """When the next try is to be. A moment further off than any wait was set by a clock that stood wrong."""
    if delivery.next_at is None or not now < delivery.next_at <= now + LONGEST_WAIT:
        return None
    return delivery.next_at


def lane_waits(session: Session, lane: Lane, wall: datetime) -> bool:
    """Whether a platform asked this lane to wait; a wait asked for in the future (a clock that stepped) holds nothing."""
    row = session.get(LaneRow, (lane.platform, lane.address))
    return row is not None and _held_until(row, wall) is not None


def _held_until(lane: LaneRow, wall: datetime) -> datetime | None:
    if lane.not_before is None or lane.since is None or not lane.since <= wall < lane.not_before:
        return None
    return lane.not_before


def _next_message(
    session: Session, seq: int, *, passing_unclear: bool, tried: frozenset[tuple[int, int]]
) -> MessageRow | None:
    for message in session.exec(select(MessageRow).where(MessageRow.delivery == seq).order_by(col(MessageRow.number))):
        passes = message.state == "unclear" and (passing_unclear or _given_up(message, tried))
        if message.state not in SETTLED and not passes:
            return message
    return None


def _given_up(message: MessageRow, tried: frozenset[tuple[int, int]]) -> bool:
    """Under `skip`, a message that could not be looked up carries this reason and lets the lane pass."""
    return message.reason.startswith(SKIPPED) and (message.delivery, message.number) in tried


def _claim_of(session: Session, delivery: DeliveryRow, message: MessageRow, chat: Chat) -> Claim:
    return Claim(
        seq=message.delivery,
        delivery=delivery.id,
        chat=chat,
        attempts=delivery.attempts,
        message=_message(message),
        plain=message.use_plain,
        unclear=message.state == "unclear",
        at_start=message.found_at_start,
        attempted_at=message.attempted_at,
        thread=_thread(session, message),
    )


def _thread(session: Session, message: MessageRow) -> str | None:
    if message.reply_to is None:
        return None
    parent = session.get(MessageRow, (message.delivery, message.reply_to))
    return parent.platform_id if parent else None


def give_up_looking(session: Session, seq: int, number: int, reason: str) -> None:
    """Nobody can look this message up, and the operator wants no repeats: it stays unclear and lets the lane pass."""
    message = session.get_one(MessageRow, (seq, number))
    message.reason, message.found_at_start = f"{SKIPPED}{reason}", False


def begin(session: Session, claimed: Claim, message: Message, *, wall: datetime) -> bool:
    """The message is posted now: marks it `sending`. False: it is not as it was claimed any more.

    A guarded update: of two senders only one gets it, and nobody what a person dismissed meanwhile.
    """
    open_ones = select(DeliveryRow.seq).where(DeliveryRow.seq == claimed.seq, col(DeliveryRow.settled_at).is_(None))
    result = session.exec(
        update(MessageRow)
        .where(
            col(MessageRow.delivery).in_(open_ones),
            col(MessageRow.number) == message.number,
            col(MessageRow.state).in_(("unclear",) if claimed.unclear else ("ready", "waiting")),
            col(MessageRow.payload) == message.payload,
        )
        .values(state="sending", attempted_at=wall, found_at_start=False)
    )
    return bool(result.rowcount == 1)


def delivery_value(session: Session, seq: int, *, zone: str) -> Delivery:
    """The delivery with its papers as they are now, ready to be rendered."""
    row = session.get_one(DeliveryRow, seq)
    return _delivery(session, row, chats_by_id(session, [row.chat], zone=zone)[row.chat])


def _delivery(session: Session, row: DeliveryRow, chat: Chat) -> Delivery:
    items = session.exec(
        select(DeliveryItemRow).where(DeliveryItemRow.delivery == row.seq).order_by(col(DeliveryItemRow.position))
    ).all()
    return Delivery(
        id=row.id, chat=chat, kind=Kind(row.kind), due=row.due, facts=_facts(row.facts), items=_items(session, items)
    )


def told_items(session: Session, chat_id: int, delivery_id: str, *, position: int | None = None) -> tuple[Item, ...]:
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


def told_count(session: Session, chat_id: int) -> int:
    """How many papers a chat was told."""
    return session.exec(select(func.count()).where(DeliveryItemRow.chat == chat_id)).one()


def told_item(session: Session, chat_id: int, paper_id: int) -> Item | None:
    """A paper as this chat was told of it; None: it was not."""
    row = session.get(DeliveryItemRow, (chat_id, paper_id))
    return _items(session, [row])[0] if row else None


def told_titles(session: Session, chat_id: int, most: int) -> list[str]:
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
    return tuple(
        Item(
            paper=papers[row.paper],
            because=tuple(_because(b) for b in row.because),
            position=row.position,
            shown=row.shown,
            cross=row.cross,
        )
        for row in rows
    )


def freeze(session: Session, seq: int, messages: Sequence[Message], *, now: datetime) -> None:
    """Stores the rendered messages, once: what is stored is what every try posts (rule 7)."""
    delivery = session.get_one(DeliveryRow, seq)
    if delivery.rendered_at is not None:
        return
    delivery.rendered_at = now
    for message in messages:
        session.add(
            MessageRow(
                delivery=seq,
                number=message.number,
                payload=message.payload,
                plain=message.plain,
                reply_to=message.reply_to,
            )
        )
        if message.papers:
            session.exec(
                update(DeliveryItemRow)
                .where(col(DeliveryItemRow.delivery) == seq, col(DeliveryItemRow.paper).in_(message.papers))
                .values(message=message.number)
            )
    if not messages:
        delivery.settled_at = now


def cannot_render(session: Session, seq: int, reason: str, *, now: datetime) -> None:
    """No message could be made of a delivery: it is dead, with the reason, until a person lets it be tried again."""
    delivery = session.get_one(DeliveryRow, seq)
    delivery.rendered_at = delivery.settled_at = now
    delivery.reason = reason
    session.add(MessageRow(delivery=seq, number=1, payload="", plain="", state="dead", reason=reason))


def confirm(session: Session, seq: int, number: int, platform_id: str, *, now: datetime) -> bool:
    """The platform has the message. Returns whether it has all messages of the delivery by now."""
    session.exec(
        update(MessageRow)
        .where(col(MessageRow.delivery) == seq, col(MessageRow.number) == number)
        .values(state="sent", platform_id=platform_id, sent_at=now, reason="")
    )
    states = session.exec(select(MessageRow.state).where(MessageRow.delivery == seq)).all()
    settled = now if all(state in SETTLED for state in states) else None
    session.exec(
        update(DeliveryRow)
        .where(col(DeliveryRow.seq) == seq)
        .values(next_at=None, attempts=0, reason="", settled_at=settled)
    )
    return all(state == "sent" for state in states)


def record(
    session: Session,
    claimed: Claim,
    verdict: Verdict,
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
    message.state, message.reason, message.found_at_start = verdict.state, reason, False
    delivery.reason = reason
    if verdict.state in ("waiting", "unclear"):
        delivery.attempts += 1
    delivery.next_at = verdict.not_before
    if verdict.use_plain:  # what is not yet sent of this delivery
        rest = select(MessageRow).where(MessageRow.delivery == claimed.seq, col(MessageRow.state).not_in(SETTLED))
        for other in session.exec(rest).all():
            other.use_plain = True
    if verdict.hold:
        hold_lane(session, claimed.chat.address.lane, wall, wall + verdict.hold)
    session.flush()
    _settle(session, delivery, now)


def hold_lane(session: Session, lane: Lane, wall: datetime, until: datetime) -> None:
    """A platform asked this lane to wait until `until`, on the machine's clock."""
    row = session.get(LaneRow, (lane.platform, lane.address)) or LaneRow(platform=lane.platform, address=lane.address)
    row.since, row.not_before = wall, until
    session.add(row)


def _settle(session: Session, delivery: DeliveryRow, now: datetime) -> None:
    states = session.exec(select(MessageRow.state).where(MessageRow.delivery == delivery.seq)).all()
    if states and all(state in SETTLED for state in states):
        delivery.settled_at, delivery.next_at = now, None


def entries(session: Session, *, now: datetime, wall: datetime | None = None) -> list[OutboxEntry]:
    """Every delivery that is still stored, oldest first. `wall` is the machine's clock, where `now` is another."""
    messages: dict[int, list[tuple[str, str]]] = {}
    for seq, state, reason in session.exec(
        select(MessageRow.delivery, MessageRow.state, MessageRow.reason).order_by(
            col(MessageRow.delivery), col(MessageRow.number)
        )
    ):
        messages.setdefault(seq, []).append((state, reason))
    papers = dict(
        session.exec(
            select(DeliveryItemRow.delivery, func.count())
            .where(col(DeliveryItemRow.delivery).is_not(None))
            .group_by(col(DeliveryItemRow.delivery))
        ).all()
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
            _waits_until(d, now) or held.get((chat.platform, chat.address)),
        )
        for d, chat in rows
    ]


def _entry(
    row: DeliveryRow, chat: ChatRow, messages: Sequence[tuple[str, str]], papers: int, next_at: datetime | None
) -> OutboxEntry:
    topic = f"/{chat.topic}" if chat.topic else ""
    asked_notice = row.kind == Kind.NOTICE.value and chat.state == ChatState.ASKED.value  # that much a chat gets
    chat_state = ChatState.ACTIVE.value if asked_notice and not chat.state_reason.startswith(GONE) else chat.state
    state = derived_state(row.dismissed_at is not None, chat_state, [state for state, _ in messages])
    # Its own messages know best: what was sent after one that is dead has told the delivery that all is well.
    reasons = (reason.removeprefix(SKIPPED) for of, reason in messages if of == state)
    return OutboxEntry(
        id=row.id,
        chat=f"{chat.platform}:{chat.address}{topic}",
        kind=row.kind,
        state=state,
        papers=papers,
        messages=len(messages),
        attempts=row.attempts,
        next_at=None if state in OVER else next_at,
        waiting_since=row.created_at,
        reason=next(filter(None, reasons), row.reason)
        or (chat.state_reason if chat.state != ChatState.ACTIVE.value else ""),
    )


def derived_state(dismissed: bool, chat_state: str, states: Sequence[str]) -> str:  # noqa: FBT001 - three facts, one answer
    """A delivery's state (docs/operating.md): dismissed, held, else the worst of its messages."""
    if dismissed:
        return "dismissed"
    if states and all(state == "sent" for state in states):
        return "sent"
    unfinished = not states or any(state not in SETTLED for state in states)
    if unfinished and chat_state != ChatState.ACTIVE.value:
        return "held"
    for state in ("dead", "unclear", "waiting", "sending"):
        if state in states:
            return state
    return "planned"


def retry(session: Session, delivery_id: str) -> int | None:
    """Gives the dead, waiting and unclear messages of a delivery another try now.

    Returns the chat's id; None: there is no such delivery, or all of it was sent.
    """
    delivery = _not_sent(session, delivery_id)
    if delivery is None:
        return None
    never_made = (col(MessageRow.payload) == "") & (col(MessageRow.state) == "dead")
    session.exec(delete(MessageRow).where(col(MessageRow.delivery) == delivery.seq, never_made))
    if session.exec(select(MessageRow.number).where(MessageRow.delivery == delivery.seq)).first() is None:
        delivery.rendered_at = None
    session.exec(
        update(MessageRow)
        .where(col(MessageRow.delivery) == delivery.seq, col(MessageRow.state).in_(("dead", "waiting", "unclear")))
        .values(state="ready", reason="", found_at_start=False)
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


def counts(session: Session, *, now: datetime) -> Mapping[str, int]:
    """How many deliveries are in each state now, held and dismissed ones included."""
    found: dict[str, int] = {}
    for entry in entries(session, now=now):
        found[entry.state] = found.get(entry.state, 0) + 1
    return found


def shown_papers(session: Session, seq: int) -> int:
    """How many papers a delivery shows."""
    return session.exec(
        select(func.count()).where(DeliveryItemRow.delivery == seq, col(DeliveryItemRow.shown).is_(True))
    ).one()


def is_sent(session: Session, seq: int) -> bool:
    """Whether every message of a delivery is confirmed."""
    states = session.exec(select(MessageRow.state).where(MessageRow.delivery == seq)).all()
    return bool(states) and all(state == "sent" for state in states)


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
        .values(payload="", plain="", edit_payload=None)
    )


def _delivery_values(planned: Planned, now: datetime) -> dict[str, Any]:
    return {
        "id": planned.id,
        "chat": planned.chat_id,
        "kind": planned.kind.value,
        "due": planned.due,
        "dedupe_key": planned.key,
        "created_at": now,
        "facts": _facts_values(planned.facts),
        "attempts": 0,
        "reason": "",
    }


def _item_values(seq: int, chat_id: int, item: Item) -> dict[str, Any]:
    because = [
        {"number": b.number, "text": b.text, "name": b.name, "words": list(b.words), "by": b.added_by}
        for b in item.because
    ]
    return {
        "chat": chat_id,
        "paper": item.paper.id,
        "delivery": seq,
        "position": item.position,
        "shown": item.shown,
        "cross": item.cross,
        "because": because,
    }


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


def _message(row: MessageRow) -> Message:
    return Message(number=row.number, payload=row.payload, plain=row.plain, reply_to=row.reply_to)
