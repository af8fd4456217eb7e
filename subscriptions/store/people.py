"""Chats and their subscriptions in the store."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, delete, func, or_, select, update

from subscriptions.cadence import cadence_text, parse_cadence
from subscriptions.model import Cadence, Chat, ChatAddress, ChatKind, ChatState, Lane, Subscription
from subscriptions.preferences import resolve
from subscriptions.store._rows import (
    ChatRow,
    DeliveryItemRow,
    DeliveryRow,
    LaneRow,
    MarkRow,
    MessageRow,
    QueryRow,
    SubscriptionRow,
)

Span = tuple[datetime | None, datetime | None]  # the next due moment, and for when-out the end of its window
GONE = "gone: "  # how the reason of a chat begins that the platform does not let us write to
NOW = "now"  # the mark that subscriptions with cadence now share once they have caught up
CHUNK = 500
_OUT = frozenset({"sending", "unclear", "sent"})  # states of messages that the platform has or may have


def find_chat(session: Session, address: ChatAddress, *, zone: str) -> Chat | None:
    """The chat at this address, or where it moved to. `zone` is the operator's, for chats that chose none."""
    row = _row_at(session, address)
    while row is not None and row.moved_to is not None:
        row = session.get(ChatRow, row.moved_to)
    return None if row is None else _chat(row, zone)


def all_chats(session: Session, *, zone: str) -> tuple[Chat, ...]:
    """Every chat that has not moved away, in the order of their addresses."""
    rows = session.exec(
        select(ChatRow)
        .where(col(ChatRow.moved_to).is_(None))
        .order_by(ChatRow.platform, ChatRow.address, ChatRow.topic)
    )
    return tuple(_chat(row, zone) for row in rows)


def chats_by_id(session: Session, ids: Iterable[int], *, zone: str) -> dict[int, Chat]:
    """The chats with these ids."""
    wanted = sorted(set(ids))
    found: dict[int, Chat] = {}
    for i in range(0, len(wanted), CHUNK):
        for row in session.exec(select(ChatRow).where(col(ChatRow.id).in_(wanted[i : i + CHUNK]))):
            found[row.id or 0] = _chat(row, zone)
    return found


def add_chat(
    session: Session,
    address: ChatAddress,
    kind: ChatKind,
    *,
    now: datetime,
    zone: str,
    title: str = "",
    timezone: str = "",
    lang: str = "",
    public: bool = False,
    state: ChatState = ChatState.ACTIVE,
) -> Chat:
    """Makes a chat. `timezone` and `lang` are "" while it chose none."""
    row = ChatRow(
        platform=address.platform,
        address=address.address,
        topic=address.topic,
        kind=kind.value,
        title=title,
        timezone=timezone,
        lang=lang,
        public=public,
        state=state.value,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return _chat(row, zone)


def chosen_settings(session: Session, chat_id: int) -> dict[str, str]:
    """What a chat set itself, by the names of SETTINGS."""
    row = session.get_one(ChatRow, chat_id)
    own = {"timezone": row.timezone, "lang": row.lang}
    return {**{name: value for name, value in own.items() if value}, **row.settings}


def choose_setting(session: Session, chat_id: int, name: str, value: str) -> None:
    """Stores a value that preferences.check_value passed."""
    row = session.get_one(ChatRow, chat_id)
    if name == "timezone":
        row.timezone = value
    elif name == "lang":
        row.lang = value
    else:
        row.settings = {**row.settings, name: value}


def set_chat_state(
    session: Session, chat_id: int, state: ChatState, reason: str, *, now: datetime, until: datetime | None = None
) -> None:
    """Pauses, resumes or admits a chat. Before it stands still, its `now` subscriptions keep their own place."""
    if state is not ChatState.ACTIVE:
        detach_from_now(session, [chat_id])
    row = session.get_one(ChatRow, chat_id)
    row.state, row.state_reason, row.state_since, row.paused_until = state.value, reason, now, until


def come_back(session: Session, chat_id: int, *, now: datetime) -> None:
    """A chat that was gone is written to again, because a person says so."""
    row = session.get_one(ChatRow, chat_id)
    if row.state == ChatState.PAUSED.value and row.state_reason.startswith(GONE):
        set_chat_state(session, chat_id, ChatState.ACTIVE, "", now=now)


def a_pause_ended(session: Session, now: datetime) -> bool:
    """Whether some chat or subscription was paused until a moment that has come."""
    chats = select(ChatRow.id).where(ChatRow.state == ChatState.PAUSED.value, col(ChatRow.paused_until) <= now)
    wishes = select(SubscriptionRow.id).where(
        SubscriptionRow.state == "paused", col(SubscriptionRow.paused_until) <= now
    )
    return session.exec(chats.limit(1)).first() is not None or session.exec(wishes.limit(1)).first() is not None


def wake_paused(session: Session, now: datetime) -> None:
    """Makes chats and subscriptions active again whose pause has ended by itself."""
    session.exec(
        update(ChatRow)
        .where(col(ChatRow.state) == ChatState.PAUSED.value, col(ChatRow.paused_until) <= now)
        .values(state=ChatState.ACTIVE.value, state_reason="", paused_until=None)
    )
    session.exec(
        update(SubscriptionRow)
        .where(col(SubscriptionRow.state) == "paused", col(SubscriptionRow.paused_until) <= now)
        .values(state="active", paused_until=None)
    )


def mark_spoken(session: Session, chat_ids: Sequence[int]) -> None:
    """These chats have had their first due delivery."""
    session.exec(update(ChatRow).where(col(ChatRow.id).in_(chat_ids)).values(spoken=True))


def subscriptions_of(session: Session, chat_ids: Sequence[int]) -> dict[int, tuple[Subscription, ...]]:
    """Each chat's subscriptions in the order of their numbers."""
    found: dict[int, list[Subscription]] = {chat_id: [] for chat_id in chat_ids}
    for i in range(0, len(chat_ids), CHUNK):
        rows = session.exec(
            select(SubscriptionRow, QueryRow.canonical)
            .join(QueryRow, col(QueryRow.id) == SubscriptionRow.query)
            .where(col(SubscriptionRow.chat).in_(chat_ids[i : i + CHUNK]))
            .order_by(col(SubscriptionRow.chat), col(SubscriptionRow.number))
        )
        for row, canonical in rows:
            found[row.chat].append(_subscription(row, canonical))
    return {chat_id: tuple(subs) for chat_id, subs in found.items()}


def add_subscription(
    session: Session,
    chat_id: int,
    *,
    text: str,
    canonical: str,
    cadence: Cadence,
    zone: str | None,
    since: datetime,
    seen: int,
    due: Span,
    name: str = "",
    added_by: str = "",
) -> Subscription:
    """Adds a wish under the chat's next number; numbers are not reused."""
    chat = session.get_one(ChatRow, chat_id)
    row = SubscriptionRow(
        chat=chat_id,
        query=_query_id(session, canonical),
        number=chat.next_number,
        name=name,
        text=text,
        cadence=cadence_text(cadence),
        zone=zone,
        added_by=added_by,
        since=since,
        seen=seen,
        next_due_at=due[0],
        latest_due_at=due[1],
    )
    chat.next_number += 1
    session.add(row)
    session.flush()
    return _subscription(row, canonical)


def change_schedule(session: Session, subscription_id: int, *, cadence: Cadence, zone: str | None, due: Span) -> None:
    """Gives a subscription another time; its place (`seen`) stays."""
    row = session.get_one(SubscriptionRow, subscription_id)
    if row.seen is None:
        row.seen = now_mark(session)
    row.cadence, row.zone = cadence_text(cadence), zone
    row.next_due_at, row.latest_due_at = due


def rename(session: Session, subscription_id: int, name: str) -> None:
    """Gives a subscription a name."""
    session.get_one(SubscriptionRow, subscription_id).name = name


def edit_query(session: Session, subscription_id: int, *, text: str, canonical: str) -> None:
    """Changes the wish; its place (`seen`) stays."""
    row = session.get_one(SubscriptionRow, subscription_id)
    row.text, row.query = text, _query_id(session, canonical)


def set_subscription_state(
    session: Session, subscription_id: int, state: str, *, until: datetime | None = None
) -> None:
    """Pauses ("paused") or resumes ("active") one subscription; what is paused keeps its own place."""
    row = session.get_one(SubscriptionRow, subscription_id)
    if row.seen is None:
        row.seen = now_mark(session)
    row.state, row.paused_until = state, until


def remove_subscriptions(session: Session, ids: Sequence[int]) -> None:
    """Removes wishes; what was planned for them is still sent (docs/architecture.md, rule 5)."""
    session.exec(delete(SubscriptionRow).where(col(SubscriptionRow.id).in_(ids)))
    used = select(SubscriptionRow.query)
    session.exec(delete(QueryRow).where(col(QueryRow.id).not_in(used)))


def now_mark(session: Session) -> int:
    """The change up to which caught-up `now` subscriptions have seen."""
    row = session.get(MarkRow, NOW)
    return int(row.value) if row else 0


def set_mark(session: Session, name: str, value: str) -> None:
    """Stores a named single value."""
    row = session.get(MarkRow, name)
    if row is None:
        session.add(MarkRow(name=name, value=value))
    else:
        row.value = value
    session.flush()


def get_mark(session: Session, name: str) -> str | None:
    """A named single value, None before it was stored."""
    row = session.get(MarkRow, name)
    return None if row is None else row.value


def marks(session: Session, prefix: str) -> dict[str, str]:
    """The named values whose names begin so, by the rest of their names."""
    rows = session.exec(select(MarkRow).where(col(MarkRow.name).startswith(prefix)))
    return {row.name.removeprefix(prefix): row.value for row in rows}


def drop_marks(session: Session, prefix: str) -> None:
    """Forgets the named values whose names begin so."""
    session.exec(delete(MarkRow).where(col(MarkRow.name).startswith(prefix)))


def addresses(session: Session, platform: str, prefix: str) -> list[str]:
    """Addresses of chats that begin so and have not moved away."""
    rows = session.exec(
        select(ChatRow.address)
        .where(ChatRow.platform == platform, col(ChatRow.address).startswith(prefix, autoescape=True))
        .where(col(ChatRow.moved_to).is_(None))
        .distinct()
    )
    return list(rows)


def chats_of_lane(session: Session, lane: Lane) -> list[int]:
    """Ids of the chats that share an address and have not moved away."""
    rows = session.exec(
        select(ChatRow.id).where(
            ChatRow.platform == lane.platform, ChatRow.address == lane.address, col(ChatRow.moved_to).is_(None)
        )
    )
    return [chat_id for chat_id in rows if chat_id is not None]


def detach_from_now(session: Session, chat_ids: Sequence[int]) -> None:
    """Copies the shared mark into the rows of these chats, so that they keep their place while they stand still."""
    session.exec(
        update(SubscriptionRow)
        .where(col(SubscriptionRow.chat).in_(chat_ids), col(SubscriptionRow.seen).is_(None))
        .values(seen=now_mark(session))
    )


def due_chats(session: Session, now: datetime, head: int) -> list[int]:
    """Ids of active chats with an active subscription whose moment has come, or that wait for papers that came."""
    seen = func.coalesce(SubscriptionRow.seen, now_mark(session))
    rows = session.exec(
        select(SubscriptionRow.chat)
        .join(ChatRow, col(ChatRow.id) == SubscriptionRow.chat)
        .where(
            ChatRow.state == ChatState.ACTIVE.value,
            SubscriptionRow.state == "active",
            or_(
                col(SubscriptionRow.latest_due_at) <= now,
                (func.coalesce(SubscriptionRow.next_due_at, now) <= now) & (seen < head),
            ),
        )
        .distinct()
        .order_by(col(SubscriptionRow.chat))
    )
    return list(rows)


def advance(session: Session, moves: Sequence[tuple[int, int, Span]]) -> None:
    """Moves subscriptions on: (id, seen, due) each."""
    if moves:
        session.connection().execute(
            update(SubscriptionRow)
            .where(col(SubscriptionRow.id) == _bind("sub"))
            .values(seen=_bind("new_seen"), next_due_at=_bind("next_due"), latest_due_at=_bind("latest_due")),
            [{"sub": sub, "new_seen": seen, "next_due": due[0], "latest_due": due[1]} for sub, seen, due in moves],
        )


def share_now_mark(session: Session, head: int) -> None:
    """Lets every active `now` subscription that has caught up to `head` share one mark, and raises it.

    Where another planner has raised it further meanwhile, the rows keep their own place.
    """
    if now_mark(session) > head:
        return
    active = select(ChatRow.id).where(ChatRow.state == ChatState.ACTIVE.value)
    session.exec(
        update(SubscriptionRow)
        .where(
            col(SubscriptionRow.cadence) == "now",
            col(SubscriptionRow.state) == "active",
            col(SubscriptionRow.seen) == head,
            col(SubscriptionRow.chat).in_(active),
        )
        .values(seen=None)
    )
    set_mark(session, NOW, str(head))


def move_address(session: Session, platform: str, old: str, new: str, *, now: datetime) -> None:
    """A Telegram group became a supergroup (rule 9): every chat of the old address lives at the new one."""
    rows = session.exec(
        select(ChatRow).where(ChatRow.platform == platform, ChatRow.address == old, col(ChatRow.moved_to).is_(None))
    ).all()
    for row in rows:
        target = _row_at(session, ChatAddress(platform, new, row.topic))
        if target is None:
            row.address = new
            session.flush()
            target, pointer = row, _copy_of(row, old)
            session.add(pointer)
        else:
            _merge_chats(session, row, target, now)
            pointer = row
        pointer.state, pointer.state_reason, pointer.state_since = ChatState.MOVED.value, f"moved to {new}", now
        pointer.moved_to = target.id
        session.flush()
    lane = session.get(LaneRow, (platform, old))
    if lane is not None:
        session.delete(lane)


def forget_chat(session: Session, chat_id: int) -> None:
    """Erases a chat with all that belongs to it, and the pointers that lead to it (rule 10)."""
    session.exec(delete(ChatRow).where(col(ChatRow.moved_to) == chat_id))
    session.exec(delete(ChatRow).where(col(ChatRow.id) == chat_id))
    session.exec(delete(QueryRow).where(col(QueryRow.id).not_in(select(SubscriptionRow.query))))


def gone_since(session: Session, before: datetime) -> list[int]:
    """Chats that have been blocked since before `before`."""
    return [
        chat_id
        for chat_id in session.exec(
            select(ChatRow.id).where(
                ChatRow.state == ChatState.PAUSED.value,
                col(ChatRow.state_reason).startswith(GONE),
                col(ChatRow.state_since) < before,
            )
        )
        if chat_id is not None
    ]


def _bind(name: str) -> object:
    from sqlalchemy import bindparam  # noqa: PLC0415 - used here only

    return bindparam(name)


def _row_at(session: Session, address: ChatAddress) -> ChatRow | None:
    return session.exec(
        select(ChatRow).where(
            ChatRow.platform == address.platform, ChatRow.address == address.address, ChatRow.topic == address.topic
        )
    ).first()


def _query_id(session: Session, canonical: str) -> int:
    row = session.exec(select(QueryRow).where(QueryRow.canonical == canonical)).first()
    if row is None:
        row = QueryRow(canonical=canonical)
        session.add(row)
        session.flush()
    return row.id or 0


def _copy_of(row: ChatRow, address: str) -> ChatRow:
    return ChatRow(
        platform=row.platform,
        address=address,
        topic=row.topic,
        kind=row.kind,
        title=row.title,
        public=row.public,
        created_at=row.created_at,
    )


def _merge_chats(session: Session, old: ChatRow, new: ChatRow, now: datetime) -> None:
    """Everything of `old` goes to `new`: wishes by query, told papers by paper, open deliveries."""
    before, after = old.id or 0, new.id or 0
    detach_from_now(session, [before, after])
    theirs = {row.query: row for row in session.exec(select(SubscriptionRow).where(SubscriptionRow.chat == after))}
    for row in session.exec(select(SubscriptionRow).where(SubscriptionRow.chat == before)).all():
        same = theirs.get(row.query)
        if same is not None:
            same.seen = min(same.seen or 0, row.seen or 0)  # what either had not seen is still to come
            session.delete(row)
        else:
            row.number, new.next_number = new.next_number, new.next_number + 1
            row.chat = after
    session.flush()
    _forget_repeats(session, before, after, now)
    session.exec(update(DeliveryItemRow).where(col(DeliveryItemRow.chat) == before).values(chat=after))
    session.exec(update(DeliveryRow).where(col(DeliveryRow.chat) == before).values(chat=after))
    new.spoken = new.spoken or old.spoken
    new.settings = {**old.settings, **new.settings}
    session.flush()


def _forget_repeats(session: Session, before: int, after: int, now: datetime) -> None:
    """Of a paper that both were told one item stays: the one that is out or on its way, else the earlier.

    A delivery that loses a paper is rendered anew; one that has lost all of them has nothing to say any more.
    """
    theirs = {i.paper: i for i in session.exec(select(DeliveryItemRow).where(DeliveryItemRow.chat == after))}
    ours = session.exec(select(DeliveryItemRow).where(DeliveryItemRow.chat == before)).all()
    twice = [(item, theirs[item.paper]) for item in ours if item.paper in theirs]
    states = _message_states(session, {item.delivery for pair in twice for item in pair if item.delivery is not None})

    def is_out(item: DeliveryItemRow) -> bool:
        return item.delivery is None or states.get((item.delivery, item.message)) in _OUT

    touched: set[int] = set()
    for pair in twice:
        _, repeat = sorted(pair, key=lambda item: (not is_out(item), item.delivery or 0))
        touched.add(repeat.delivery or 0)
        session.delete(repeat)
    session.flush()
    for delivery in session.exec(select(DeliveryRow).where(col(DeliveryRow.seq).in_(touched))).all():
        _render_anew(session, delivery, now)
    session.flush()


def _message_states(session: Session, deliveries: set[int]) -> dict[tuple[int, int | None], str]:
    rows = session.exec(
        select(MessageRow.delivery, MessageRow.number, MessageRow.state).where(col(MessageRow.delivery).in_(deliveries))
    )
    return {(delivery, number): state for delivery, number, state in rows}


def _render_anew(session: Session, delivery: DeliveryRow, now: datetime) -> None:
    """Unless something of it is out already or dead: then it stays as it was."""
    messages = session.exec(select(MessageRow).where(MessageRow.delivery == delivery.seq)).all()
    if not all(message.state in ("ready", "waiting") for message in messages):
        return
    for message in messages:
        session.delete(message)
    delivery.rendered_at = None
    if session.exec(select(DeliveryItemRow.paper).where(DeliveryItemRow.delivery == delivery.seq)).first() is None:
        delivery.settled_at = delivery.dismissed_at = now
        delivery.reason = "its papers stand in another delivery of the chat that this one moved to"


def _chat(row: ChatRow, zone: str) -> Chat:
    kind = ChatKind(row.kind)
    chosen: Mapping[str, str] = row.settings
    return Chat(
        id=row.id or 0,
        address=ChatAddress(row.platform, row.address, row.topic),
        kind=kind,
        settings=resolve(
            kind, row.platform, chosen, timezone=row.timezone or zone, lang=row.lang or "en", public=row.public
        ),
        title=row.title,
        public=row.public,
        admin=row.admin,
        state=ChatState(row.state),
        state_reason=row.state_reason,
        paused_until=row.paused_until,
        spoken=row.spoken,
    )


def _subscription(row: SubscriptionRow, canonical: str) -> Subscription:
    return Subscription(
        id=row.id or 0,
        chat_id=row.chat,
        number=row.number,
        text=row.text,
        canonical=canonical,
        cadence=parse_cadence(row.cadence),
        zone=row.zone,
        name=row.name,
        state=row.state,
        paused_until=row.paused_until,
        added_by=row.added_by,
        since=row.since,
        seen=row.seen,
        next_due_at=row.next_due_at,
    )
