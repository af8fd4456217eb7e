"""Chats: where they are, what they chose, and whether they get messages."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.addresses import facts_of
from subscriptions.chat_settings import resolve
from subscriptions.model import Chat, ChatAddress, ChatKind, ChatSettings, Lane, NoMatchStreak
from subscriptions.states import UNREACHABLE, WAITING, ChatState, PauseReason
from subscriptions.store.columns import adapter_of, to_json
from subscriptions.store.database.conflicts import hold_rows, insert_all_new, insert_new
from subscriptions.store.database.store import CHUNK, Transaction, execute, in_chunks, rows_of
from subscriptions.store.rows import TABLES, ChatRow
from subscriptions.store.workers import wake_lanes

# In the order of the fields of Chat, to which some belong together.
_VALUES = (
    "id", "platform", "address", "topic", "kind", "settings", "timezone", "lang", "title", "public", "admin", "state",
    "admission", "pause_reason", "state_detail", "paused_until", "first_delivery_planned", "no_match_streak",
    "next_number", "owner",
)  # fmt: skip
_values_of = attrgetter(*_VALUES)

_LAST_SIGN = (
    "\U0010ffff"  # what begins with x lies between x and x + _LAST_SIGN: a range of an index, which LIKE is not
)

# Statements that every plan executes are built once.
_chats = TABLES.tables["chat"]
_ids = sa.bindparam("ids", type_=sa.Integer, expanding=True)
_all_values = [_chats.c[name] for name in _VALUES]
CHATS = sa.select(*_all_values).where(_chats.c.id.in_(_ids)).order_by(_chats.c.id)
_WITH_MOVE = sa.select(*_all_values, _chats.c.moved_to).order_by(_chats.c.id)
_HERE = _WITH_MOVE.where(_chats.c.platform == sa.bindparam("at"), _chats.c.address == sa.bindparam("its_address"))
_THIS = _HERE.where(_chats.c.topic == sa.bindparam("its_topic"))
_MOVED = _WITH_MOVE.where(_chats.c.id == sa.bindparam("of"))
_AT = sa.select(_chats).where(
    _chats.c.platform == sa.bindparam("on"), _chats.c.address.in_(sa.bindparam("ids", type_=sa.String, expanding=True))
)
_address = sa.tuple_(_chats.c.platform, _chats.c.address, _chats.c.topic)
_LAST = ("last_platform", "last_address", "last_topic")
_PAGE = (
    sa.select(_chats)
    .where(_address > sa.tuple_(*map(sa.bindparam, _LAST)), _chats.c.moved_to.is_(None))
    .order_by(*_address.clauses)
    .limit(sa.bindparam("most"))
)
_IDS = sa.select(_chats.c.id).where(_chats.c.id.in_(_ids)).order_by(_chats.c.id)
_SAME_NUMBER = {"next_number": _chats.c.next_number}  # changes nothing, but is a change: the row is held
_HOLD = sa.update(_chats).where(_chats.c.id == sa.bindparam("of")).values(_SAME_NUMBER)
_HOLD_LANE = (
    sa.update(_chats)
    .where(_chats.c.platform == sa.bindparam("at"), _chats.c.address == sa.bindparam("its_address"))
    .values(_SAME_NUMBER)
)
_STREAKS = (
    sa.update(_chats)
    .where(_chats.c.id.in_(_ids))
    .values(no_match_streak=sa.bindparam("streak"), streak_after=sa.bindparam("unsaid_after"))
)


def find_chat(session: Transaction, address: ChatAddress, *, zone: str) -> Chat | None:
    """The chat at an address, or the chat that it moved to. `zone` is the operator's, for chats that chose none."""
    values = {"at": address.platform, "its_address": address.address, "its_topic": address.topic}
    row = execute(session, _THIS, values).first()
    while row is not None and row.moved_to is not None:
        row = execute(session, _MOVED, {"of": row.moved_to}).first()
    return None if row is None else _chat(row[:-1], zone)


def chats_in(session: Transaction, lane: Lane, *, zone: str) -> list[Chat]:
    """The chats at an address, with its topics, that have not moved away."""
    rows = execute(session, _HERE, {"at": lane.platform, "its_address": lane.address}).all()
    return [_chat(row[:-1], zone) for row in rows if row.moved_to is None]


def hold_chat(session: Transaction, chat_id: int) -> None:
    """Until the transaction ends no other process changes this chat, or what belongs to it and is read after this."""
    execute(session, _HOLD, {"of": chat_id})


def hold_chats(session: Transaction, chat_ids: Sequence[int]) -> None:
    """As `hold_chat`, for several."""
    for part in in_chunks(sorted(chat_ids)):
        hold_rows(session, _IDS, {"ids": part})


def hold_lane(session: Transaction, lane: Lane) -> None:
    """As `hold_chat`, for the chats at an address."""
    execute(session, _HOLD_LANE, {"at": lane.platform, "its_address": lane.address})


def find_chats(session: Transaction, addresses: Collection[ChatAddress], *, zone: str) -> dict[ChatAddress, Chat]:
    """The chats at these addresses, each as `find_chat` finds it; unknown addresses are left out."""
    wanted: dict[str, set[str]] = {}
    for address in addresses:
        wanted.setdefault(address.platform, set()).add(address.address)
    found: dict[ChatAddress, Chat] = {}
    for row in _rows_at(session, wanted):
        place = ChatAddress(row.platform, row.address, row.topic)
        if place in addresses:
            moved = row.moved_to is not None
            chat = find_chat(session, place, zone=zone) if moved else chat_value(row, zone)
            found |= {place: chat} if chat is not None else {}
    return found


def chats_at(session: Transaction, platform: str, addresses: Collection[str], *, zone: str) -> tuple[Chat, ...]:
    """The chats at these addresses, with topics, in the order of their titles."""
    found = (chat_value(row, zone) for row in _rows_at(session, {platform: addresses}) if row.moved_to is None)
    return tuple(sorted(found, key=lambda chat: (chat.title.casefold(), str(chat.address))))


def _rows_at(session: Transaction, wanted: Mapping[str, Collection[str]]) -> Iterator[sa.Row[Any]]:
    """The rows of these addresses, by platform, with all topics."""
    for platform, addresses in wanted.items():
        yield from rows_of(session, _AT, sorted(addresses), on=platform)


def add_chats(session: Transaction, kinds: Mapping[ChatAddress, ChatKind], *, now: datetime) -> None:
    """Adds chats that are not known, with one statement; those that another process has added meanwhile stay."""
    rows = [
        {
            "platform": place.platform,
            "address": place.address,
            "topic": place.topic,
            "title": "",
            "kind": kind,
            "lang": "",
            "timezone": "",
            "settings": {},
            "state": _first_state(place.platform),
            "state_detail": "",
            "public": False,
            "owner": "",
            "admin": False,
            "first_delivery_planned": False,
            "no_match_streak": {},
            "next_number": 1,
            "created_at": now,
        }
        for place, kind in kinds.items()
    ]
    insert_all_new(session, "chat", ("platform", "address", "topic"), rows)


def all_chats(session: Transaction, *, zone: str) -> Iterator[Sequence[Chat]]:
    """Yields every chat that has not moved away, in the order of their addresses, a page at a time."""
    last: ChatAddress | None = None
    while page := chats_after(session, last, CHUNK, zone=zone):
        yield page
        last = page[-1].address


def chats_after(session: Transaction, after: ChatAddress | None, most: int, *, zone: str) -> list[Chat]:
    """The first `most` chats that have not moved away and whose address comes after `after`, as `all_chats` orders them."""
    last = ("", "", "") if after is None else (after.platform, after.address, after.topic)
    values = {**dict(zip(_LAST, last, strict=True)), "most": most}
    return [chat_value(row, zone) for row in execute(session, _PAGE, values)]


def chats_by_id(session: Transaction, ids: Iterable[int], *, zone: str) -> dict[int, Chat]:
    """The chats with these ids."""
    return {row[0]: _chat(row, zone) for row in rows_of(session, CHATS, sorted(set(ids)))}


def add_chat(
    session: Transaction,
    address: ChatAddress,
    kind: ChatKind,
    *,
    now: datetime,
    zone: str,
    title: str = "",
    timezone: str = "",
    lang: str = "",
    public: bool = False,
) -> Chat:
    """Adds a chat, or returns the one that is at its address, or moved from there.

    `timezone` is "" for a chat that chose none; `lang` is that of the person's client or words, "" if it is not known.
    """
    row = ChatRow(
        platform=address.platform,
        address=address.address,
        topic=address.topic,
        kind=kind,
        title=title,
        timezone=timezone,
        lang=lang,
        public=public,
        state=_first_state(address.platform),
        created_at=now,
    )
    insert_new(session, "chat", ("platform", "address", "topic"), row.model_dump(exclude={"id"}))
    added = find_chat(session, address, zone=zone)
    assert added is not None  # noqa: S101 - one of the two processes has added it
    return added


def _first_state(platform: str) -> ChatState:
    return ChatState.UNCONFIRMED if facts_of(platform).confirms else ChatState.ACTIVE


def choose_setting(session: Transaction, chat_id: int, name: str, value: str) -> None:
    """Stores a setting. The value was checked by chat_settings.check_value."""
    row = _held(session, chat_id)
    if name == "timezone":
        row.timezone = value
    else:
        row.settings = {**row.settings, name: value}


def unchoose_setting(session: Transaction, chat_id: int, name: str) -> None:
    """Removes a chosen setting: the default for the kind of chat counts again."""
    row = _held(session, chat_id)
    if name == "timezone":
        row.timezone = ""
    else:
        row.settings = {kept: value for kept, value in row.settings.items() if kept != name}


def speak(session: Transaction, chat_id: int, lang: str) -> None:
    """Stores the language in which a chat's person writes; it holds while the chat has chosen none."""
    _held(session, chat_id).lang = lang


def pause_chat(
    session: Transaction,
    chat_id: int,
    reason: PauseReason,
    *,
    now: datetime,
    detail: str = "",
    until: datetime | None = None,
) -> None:
    """Pauses a chat; the cursors of its subscriptions stay. Does nothing to a chat that waits to be let in or confirmed.

    `detail` is the platform's sentence, where the platform is the reason.
    """
    row = session.get_one(ChatRow, chat_id)
    if row.state not in WAITING:
        row.state, row.admission, row.pause_reason, row.state_detail = ChatState.PAUSED, None, reason, detail
        row.state_since, row.paused_until = now, until


def resume_chat(session: Transaction, chat_id: int, *, now: datetime) -> None:
    """Makes a chat active, and wakes its lane. A chat that waits stays so: only `access` lets it in."""
    row = session.get_one(ChatRow, chat_id)
    if row.state not in WAITING:
        row.state, row.admission, row.pause_reason, row.state_detail = ChatState.ACTIVE, None, None, ""
        row.state_since, row.paused_until = now, None
        wake_lanes(session, [Lane(row.platform, row.address)])


def mark_unreachable(session: Transaction, chat_id: int, reason: PauseReason, detail: str, *, now: datetime) -> bool:
    """Stores that the platform does not let the bot write to a chat. Returns whether that is new.

    `detail` is the platform's sentence. A chat that a person paused keeps that pause; a chat that waits
    goes on waiting.
    """
    row = session.get_one(ChatRow, chat_id)
    if row.state is ChatState.ACTIVE:
        pause_chat(session, chat_id, reason, detail=detail, now=now)
        return True
    if row.state in WAITING and row.pause_reason is None:
        row.pause_reason, row.state_detail, row.state_since = reason, detail, now
        return True
    return False


def mark_reachable(session: Transaction, chat_id: int, *, now: datetime) -> bool:
    """Stores that the platform lets the bot write to a chat again. Returns whether the chat was unreachable."""
    row = session.get_one(ChatRow, chat_id)
    if row.pause_reason is None or not row.pause_reason.is_unreachable:
        return False
    if row.state in WAITING:
        row.pause_reason, row.state_detail, row.state_since = None, "", now
        wake_lanes(session, [Lane(row.platform, row.address)])
        return True
    resume_chat(session, chat_id, now=now)
    return True


def describe(session: Transaction, lane: Lane, *, title: str, public: bool) -> None:
    """Stores the title of an address, and whether strangers can read it, for the chat and its topics."""
    session.exec(
        sa.update(ChatRow)
        .where(col(ChatRow.platform) == lane.platform, col(ChatRow.address) == lane.address)
        .where(col(ChatRow.moved_to).is_(None))
        .values(title=title, public=public)
    )


def store_streaks(session: Transaction, streaks: Mapping[int, NoMatchStreak | None]) -> None:
    """Stores the no-match streaks of chats, by chat id; None ends a streak."""
    alike: dict[NoMatchStreak | None, list[int]] = {}
    for chat_id, streak in streaks.items():
        alike.setdefault(streak, []).append(chat_id)
    for streak, ids in alike.items():
        after = None if streak is None or streak.said else streak.after
        for part in in_chunks(ids):
            execute(
                session, _STREAKS, {"ids": part, "streak": to_json(streak) if streak else {}, "unsaid_after": after}
            )


def addresses_with_prefix(session: Transaction, platform: str, prefix: str) -> list[str]:
    """The addresses with this prefix, of chats that have not moved away."""
    rows = session.exec(
        select(ChatRow.address)
        .where(ChatRow.platform == platform, ChatRow.address >= prefix, ChatRow.address < prefix + _LAST_SIGN)
        .where(col(ChatRow.moved_to).is_(None))
        .distinct()
    )
    return list(rows)


def unconfirmed_since(session: Transaction, before: datetime) -> list[int]:
    """Ids of the chats that were added before `before` and whose reader never said yes."""
    found = select(ChatRow.id).where(ChatRow.state == ChatState.UNCONFIRMED, col(ChatRow.created_at) < before)
    return [chat_id for chat_id in session.exec(found) if chat_id is not None]


def unreachable_since(session: Transaction, before: datetime) -> list[int]:
    """Ids of the chats that have been unreachable since before `before`."""
    return [
        chat_id
        for chat_id in session.exec(
            select(ChatRow.id).where(
                col(ChatRow.state).in_((ChatState.PAUSED, *WAITING)),
                col(ChatRow.pause_reason).in_(UNREACHABLE),
                col(ChatRow.state_since) < before,
            )
        )
        if chat_id is not None
    ]


def _held(session: Transaction, chat_id: int) -> ChatRow:
    """The row of a chat, as it is while this transaction holds it."""
    hold_chat(session, chat_id)
    return session.get_one(ChatRow, chat_id, populate_existing=True)


def chat_value(row: ChatRow | sa.Row[Any], zone: str) -> Chat:
    """The value of a row. `zone` is the operator's, for chats that chose none."""
    return _chat(_values_of(row), zone)


def _chat(row: Sequence[Any], zone: str) -> Chat:
    """The value of a row of _VALUES. By position: names take three times as long, and a plan reads all chats."""
    chat_id, platform, address, topic, kind, others, timezone, lang, title, public, *state, streak, number, owner = row
    own = (("timezone", timezone), *others.items())
    settings, chosen = _settings(kind, platform, own, zone, lang or "en", public=public)
    place = ChatAddress(platform, address, topic)
    return Chat._make(
        (
            chat_id,
            place,
            kind,
            settings,
            title,
            public,
            *state,
            adapter_of(NoMatchStreak).validate_python(streak) if streak else None,
            number - 1,
            owner,
            chosen,
        )
    )


@lru_cache(maxsize=4096)
def _settings(
    kind: ChatKind, platform: str, own: tuple[tuple[str, str], ...], zone: str, lang: str, *, public: bool
) -> tuple[ChatSettings, Mapping[str, str]]:
    """The resolved settings, and the chosen ones. Cached: many chats chose the same, most of them nothing."""
    chosen = MappingProxyType({name: value for name, value in own if value})
    return resolve(kind, platform, chosen, timezone=zone, lang=lang, public=public), chosen
