"""Chats and their subscriptions in the store."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Row, bindparam, insert
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, select, update

from subscriptions.chat_settings import resolve
from subscriptions.model import Cadence, Chat, ChatAddress, ChatKind, ChatSettings, Lane, NoMatchStreak, Subscription
from subscriptions.planning.cadence import cadence_text, parse_cadence
from subscriptions.states import (
    UNREACHABLE,
    ChatState,
    PauseReason,
    SubscriptionPauseReason,
    SubscriptionState,
)
from subscriptions.store.database import execute
from subscriptions.store.rows import TABLES, ChatRow, KeyValueRow, QueryRow, SubscriptionRow

Span = tuple[datetime | None, datetime | None]  # the next due moment, and for when-out the end of its window
SHARED_CURSOR = "shared-cursor"  # the key of the cursor that caught-up subscriptions with cadence `now` share
NOW = "now"  # the cadence, as it is stored
CHUNK = 500

_OF_NO_CHAT = frozenset(
    {"state_since", "moved_to", "owner", "next_number", "created_at"}
)  # columns without a place in Chat

# What every plan asks for: these statements are made once.
_chats, _subscriptions, _queries, _marks = (
    TABLES.tables[name] for name in ("chat", "subscription", "query", "key_value")
)
_ids = bindparam("ids", type_=Integer, expanding=True)
_CHATS = columns(*(column for column in _chats.c if column.name not in _OF_NO_CHAT)).where(_chats.c.id.in_(_ids))
_WISHES = (
    columns(_subscriptions, _queries.c.canonical)
    .join_from(_subscriptions, _queries, _queries.c.id == _subscriptions.c.query)
    .where(_subscriptions.c.chat.in_(_ids))
    .order_by(_subscriptions.c.chat, _subscriptions.c.number)
)
_DRY = update(_chats).where(_chats.c.id.in_(_ids)).values(no_match_streak=bindparam("spell"))
_MARK = columns(_marks.c.value).where(_marks.c.name == bindparam("called"))
_SET_MARK = update(_marks).where(_marks.c.name == bindparam("called")).values(value=bindparam("to"))
_NEW_MARK = insert(_marks)


def find_chat(session: Session, address: ChatAddress, *, zone: str) -> Chat | None:
    """The chat at this address, or where it moved to. `zone` is the operator's, for chats that chose none."""
    row = _row_at(session, address)
    while row is not None and row.moved_to is not None:
        row = session.get(ChatRow, row.moved_to)
    return None if row is None else chat_value(row, zone)


def all_chats(session: Session, *, zone: str) -> tuple[Chat, ...]:
    """Every chat that has not moved away, in the order of their addresses."""
    rows = session.exec(
        select(ChatRow)
        .where(col(ChatRow.moved_to).is_(None))
        .order_by(ChatRow.platform, ChatRow.address, ChatRow.topic)
    )
    return tuple(chat_value(row, zone) for row in rows)


def chats_by_id(session: Session, ids: Iterable[int], *, zone: str) -> dict[int, Chat]:
    """The chats with these ids."""
    wanted = sorted(set(ids))
    found: dict[int, Chat] = {}
    for i in range(0, len(wanted), CHUNK):
        for row in execute(session, _CHATS, {"ids": wanted[i : i + CHUNK]}).all():
            found[row.id] = chat_value(row, zone)
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
        kind=kind,
        title=title,
        timezone=timezone,
        lang=lang,
        public=public,
        state=state,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return chat_value(row, zone)


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


def unchoose_setting(session: Session, chat_id: int, name: str) -> None:
    """Forgets what a chat chose, so that it has what its kind has."""
    row = session.get_one(ChatRow, chat_id)
    if name in ("timezone", "lang"):
        choose_setting(session, chat_id, name, "")
    else:
        row.settings = {kept: value for kept, value in row.settings.items() if kept != name}


def pause_chat(
    session: Session,
    chat_id: int,
    reason: PauseReason,
    *,
    now: datetime,
    detail: str = "",
    until: datetime | None = None,
) -> None:
    """Pauses a chat; its subscriptions keep their own cursors. One that waits for an operator goes on waiting.

    `detail` is the platform's sentence, where that is the reason.
    """
    row = session.get_one(ChatRow, chat_id)
    if row.state is not ChatState.ASKED:
        detach_from_shared_cursor(session, [chat_id])
        row.state, row.admission, row.pause_reason, row.state_detail = ChatState.PAUSED, None, reason, detail
        row.state_since, row.paused_until = now, until


def resume_chat(session: Session, chat_id: int, *, now: datetime) -> None:
    """Makes a chat active again. One that waits for an operator goes on waiting: only `access.admit` lets it in."""
    row = session.get_one(ChatRow, chat_id)
    if row.state is not ChatState.ASKED:
        row.state, row.admission, row.pause_reason, row.state_detail = ChatState.ACTIVE, None, None, ""
        row.state_since, row.paused_until = now, None


def mark_unreachable(session: Session, chat_id: int, reason: PauseReason, detail: str, *, now: datetime) -> bool:
    """Notes that the platform does not let the bot write to a chat. False if nothing is sent there anyway.

    `detail` is the platform's sentence. A pause that a person asked for stays as it is; a chat that waits for an operator
    goes on waiting.
    """
    row = session.get_one(ChatRow, chat_id)
    if row.state is ChatState.ACTIVE:
        pause_chat(session, chat_id, reason, detail=detail, now=now)
        return True
    if row.state is ChatState.ASKED and row.pause_reason is None:
        row.pause_reason, row.state_detail, row.state_since = reason, detail, now
        return True
    return False


def mark_reachable(session: Session, chat_id: int, *, now: datetime) -> bool:
    """Notes that the platform lets the bot write to a chat again. False if it always did."""
    row = session.get_one(ChatRow, chat_id)
    if row.pause_reason is None or not row.pause_reason.is_unreachable:
        return False
    if row.state is ChatState.ASKED:
        row.pause_reason, row.state_detail, row.state_since = None, "", now
        return True
    resume_chat(session, chat_id, now=now)
    return True


def describe(session: Session, lane: Lane, *, title: str, public: bool) -> None:
    """What the platform calls a place now, and whether strangers can read it; its topics share both."""
    session.exec(
        update(ChatRow)
        .where(col(ChatRow.platform) == lane.platform, col(ChatRow.address) == lane.address)
        .where(col(ChatRow.moved_to).is_(None))
        .values(title=title, public=public)
    )


def chosen_locale(session: Session, address: ChatAddress) -> tuple[str, str]:
    """(timezone, lang) that a chat chose itself; "" for what it did not, or when nobody has met it."""
    row = _row_at(session, address)
    return (row.timezone, row.lang) if row is not None else ("", "")


def store_streaks(session: Session, spells: Mapping[int, NoMatchStreak | None]) -> None:
    """Chat id → how long nothing has fitted what it asks for; None: something has."""
    together: dict[NoMatchStreak | None, list[int]] = {}
    for chat_id, spell in spells.items():
        together.setdefault(spell, []).append(chat_id)
    for spell, ids in together.items():
        for i in range(0, len(ids), CHUNK):
            execute(session, _DRY, {"ids": ids[i : i + CHUNK], "spell": _dry_values(spell)})


def subscriptions_of(session: Session, chat_ids: Sequence[int]) -> dict[int, tuple[Subscription, ...]]:
    """Each chat's subscriptions in the order of their numbers."""
    found: dict[int, list[Subscription]] = {chat_id: [] for chat_id in chat_ids}
    for i in range(0, len(chat_ids), CHUNK):
        for row in execute(session, _WISHES, {"ids": list(chat_ids[i : i + CHUNK])}).all():
            found[row.chat].append(_subscription(row, row.canonical))
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
    cursor: int,
    due: Span,
    name: str = "",
    added_by: str = "",
    subscriber: str = "",
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
        subscriber=subscriber,
        since=since,
        cursor=cursor,
        next_due_at=due[0],
        latest_due_at=due[1],
    )
    chat.next_number += 1
    session.add(row)
    session.flush()
    return _subscription(row, canonical)


def restore_subscription(session: Session, subscription: Subscription, *, cursor: int, due: Span) -> None:
    """Brings a wish back as it was, under the number that it had; its number and its query must be free in its chat."""
    session.add(
        SubscriptionRow(
            chat=subscription.chat_id,
            query=_query_id(session, subscription.canonical),
            number=subscription.number,
            name=subscription.name,
            text=subscription.text,
            cadence=cadence_text(subscription.cadence),
            zone=subscription.zone,
            state=subscription.state,
            paused_until=subscription.paused_until,
            pause_reason=subscription.pause_reason,
            added_by=subscription.added_by,
            subscriber=subscription.subscriber,
            since=subscription.since,
            cursor=cursor,
            next_due_at=due[0],
            latest_due_at=due[1],
        )
    )
    session.flush()


def change_schedule(session: Session, subscription_id: int, *, cadence: Cadence, zone: str | None, due: Span) -> None:
    """Gives a subscription another time; its place (`seen`) stays."""
    row = session.get_one(SubscriptionRow, subscription_id)
    if row.cursor is None:
        row.cursor = shared_cursor(session)
    row.cadence, row.zone = cadence_text(cadence), zone
    row.next_due_at, row.latest_due_at = due


def reset_due(session: Session, subscription_id: int, due: Span) -> None:
    """Gives a subscription another next moment; a `now` one with a moment is held until then.

    Quiet hours do not hold it on if both of its moments are given.
    """
    row = session.get_one(SubscriptionRow, subscription_id)
    if row.cursor is None:
        row.cursor = shared_cursor(session)
    row.next_due_at, row.latest_due_at = due


def advance_cursor(session: Session, subscription_id: int, *, upto: int) -> None:
    """What came up to a change is not brought any more."""
    row = session.get_one(SubscriptionRow, subscription_id)
    row.cursor = max(shared_cursor(session) if row.cursor is None else row.cursor, upto)


def rename(session: Session, subscription_id: int, name: str) -> None:
    """Gives a subscription a name."""
    session.get_one(SubscriptionRow, subscription_id).name = name


def edit_query(session: Session, subscription_id: int, *, text: str, canonical: str) -> None:
    """Changes the wish; its place (`seen`) stays."""
    row = session.get_one(SubscriptionRow, subscription_id)
    before = row.query
    row.text, row.query = text, _query_id(session, canonical)
    session.flush()
    _drop_unused(session, [before])


def pause_subscription(
    session: Session,
    subscription_id: int,
    *,
    until: datetime | None = None,
    reason: SubscriptionPauseReason | None = None,
) -> None:
    """Pauses one subscription, which keeps its own cursor. `reason` says why, where no person asked for that."""
    _set_state(session, subscription_id, SubscriptionState.PAUSED, until, reason)


def resume_subscription(session: Session, subscription_id: int) -> None:
    """Makes one subscription active again."""
    _set_state(session, subscription_id, SubscriptionState.ACTIVE, None, None)


def _set_state(
    session: Session,
    subscription_id: int,
    state: SubscriptionState,
    until: datetime | None,
    reason: SubscriptionPauseReason | None,
) -> None:
    row = session.get_one(SubscriptionRow, subscription_id)
    if row.cursor is None:
        row.cursor = shared_cursor(session)
    row.state, row.paused_until, row.pause_reason = state, until, reason


def clear_subscriber(session: Session, subscription_id: int) -> None:
    """Nobody looks after a subscription any more."""
    session.get_one(SubscriptionRow, subscription_id).subscriber = ""


def remove_subscriptions(session: Session, ids: Sequence[int]) -> None:
    """Removes wishes; what was planned for them is still sent (docs/architecture.md, rule 5)."""
    queries = session.exec(select(SubscriptionRow.query).where(col(SubscriptionRow.id).in_(ids))).all()
    session.exec(delete(SubscriptionRow).where(col(SubscriptionRow.id).in_(ids)))
    _drop_unused(session, queries)


def shared_cursor(session: Session) -> int:
    """The change up to which caught-up `now` subscriptions have seen."""
    return int(get_value(session, SHARED_CURSOR) or 0)


def put_value(session: Session, name: str, value: str) -> None:
    """Stores a named single value."""
    if execute(session, _SET_MARK, {"called": name, "to": value}).rowcount == 0:
        execute(session, _NEW_MARK, {"name": name, "value": value})


def get_value(session: Session, name: str) -> str | None:
    """A named single value, None before it was stored."""
    value: str | None = execute(session, _MARK, {"called": name}).scalar()
    return value


def values_with_prefix(session: Session, prefix: str) -> dict[str, str]:
    """The named values whose names begin so, by the rest of their names."""
    rows = session.exec(select(KeyValueRow).where(col(KeyValueRow.name).startswith(prefix)))
    return {row.name.removeprefix(prefix): row.value for row in rows}


def drop_values(session: Session, prefix: str) -> None:
    """Forgets the named values whose names begin so."""
    session.exec(delete(KeyValueRow).where(col(KeyValueRow.name).startswith(prefix)))


def addresses_with_prefix(session: Session, platform: str, prefix: str) -> list[str]:
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


def detach_from_shared_cursor(session: Session, chat_ids: Sequence[int]) -> None:
    """Copies the shared mark into the rows of these chats, so that they keep their place while they stand still."""
    session.exec(
        update(SubscriptionRow)
        .where(col(SubscriptionRow.chat).in_(chat_ids), col(SubscriptionRow.cursor).is_(None))
        .values(cursor=shared_cursor(session))
    )


def unreachable_since(session: Session, before: datetime) -> list[int]:
    """Chats that have been blocked since before `before`."""
    return [
        chat_id
        for chat_id in session.exec(
            select(ChatRow.id).where(
                col(ChatRow.state).in_((ChatState.PAUSED, ChatState.ASKED)),
                col(ChatRow.pause_reason).in_(UNREACHABLE),
                col(ChatRow.state_since) < before,
            )
        )
        if chat_id is not None
    ]


def _row_at(session: Session, address: ChatAddress) -> ChatRow | None:
    return session.exec(
        select(ChatRow).where(
            ChatRow.platform == address.platform, ChatRow.address == address.address, ChatRow.topic == address.topic
        )
    ).first()


def _drop_unused(session: Session, queries: Sequence[int]) -> None:
    """Forgets those of these queries that nobody asks for any more."""
    used = select(SubscriptionRow.id).where(SubscriptionRow.query == QueryRow.id).exists()
    session.exec(delete(QueryRow).where(col(QueryRow.id).in_(queries), ~used))


def _query_id(session: Session, canonical: str) -> int:
    row = session.exec(select(QueryRow).where(QueryRow.canonical == canonical)).first()
    if row is None:
        row = QueryRow(canonical=canonical)
        session.add(row)
        session.flush()
    return row.id or 0


def chat_value(row: ChatRow | Row[Any], zone: str) -> Chat:
    """The chat of a row. `zone` is the operator's."""
    kind = row.kind
    chosen = tuple(row.settings.items())
    return Chat(
        id=row.id or 0,
        address=ChatAddress(row.platform, row.address, row.topic),
        kind=kind,
        settings=_settings(kind, row.platform, chosen, row.timezone or zone, row.lang or "en", public=row.public),
        title=row.title,
        public=row.public,
        admin=row.admin,
        state=row.state,
        admission=row.admission,
        pause_reason=row.pause_reason,
        state_detail=row.state_detail,
        paused_until=row.paused_until,
        first_delivery_planned=row.first_delivery_planned,
        no_match_streak=_dry(row.no_match_streak),
    )


@lru_cache(maxsize=4096)
def _settings(
    kind: ChatKind, platform: str, chosen: tuple[tuple[str, str], ...], timezone: str, lang: str, *, public: bool
) -> ChatSettings:
    """Many chats chose the same, most of them nothing."""
    return resolve(kind, platform, dict(chosen), timezone=timezone, lang=lang, public=public)


@lru_cache(maxsize=4096)
def _stored_cadence(text: str) -> Cadence:
    return parse_cadence(text)


def _dry(values: Mapping[str, Any]) -> NoMatchStreak | None:
    return NoMatchStreak(**{**values, "last": date.fromisoformat(values["last"])}) if values else None


def _dry_values(spell: NoMatchStreak | None) -> dict[str, Any]:
    """As `_dry` reads it."""
    if spell is None:
        return {}
    return {"days": spell.days, "last": spell.last.isoformat(), "after": spell.after, "said": spell.said}


def _subscription(row: SubscriptionRow | Row[Any], canonical: str) -> Subscription:
    return Subscription(
        id=row.id or 0,
        chat_id=row.chat,
        number=row.number,
        text=row.text,
        canonical=canonical,
        cadence=_stored_cadence(row.cadence),
        zone=row.zone,
        name=row.name,
        state=row.state,
        paused_until=row.paused_until,
        pause_reason=row.pause_reason,
        added_by=row.added_by,
        subscriber=row.subscriber,
        since=row.since,
        cursor=row.cursor,
        next_due_at=row.next_due_at,
        hurry=row.cadence == NOW and row.latest_due_at is not None,
    )
