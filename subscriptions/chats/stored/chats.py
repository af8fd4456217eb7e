"""Chats: where they are, what they chose, and whether they get messages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from subscriptions.chats.addresses import facts_of
from subscriptions.chats.settings import resolve
from subscriptions.database.columns import AnyRow
from subscriptions.database.store import CHUNK, Transaction, execute, grouped, rows_of
from subscriptions.database.tables import ChatRow, tables
from subscriptions.model import (
    UNREACHABLE,
    WAITING,
    Chat,
    ChatAddress,
    ChatKind,
    ChatSettings,
    ChatState,
    Lane,
    PauseReason,
)

PLACE = ("platform", "address", "topic")
(_chats,) = tables("chat")
_c = _chats.c
_CHATS = sa.select(_chats)
_BY_ID = _CHATS.order_by(_c.id)
_IN_LANE = _BY_ID.where(_c.platform == sa.bindparam("platform"), _c.address == sa.bindparam("address"))
_AT = _IN_LANE.where(_c.topic == sa.bindparam("topic"))


def find_chat(transaction: Transaction, address: ChatAddress) -> Chat | None:
    """Return the chat at an address; if it moved, the chat at its new address; None if the address is unknown."""
    row = execute(transaction, _AT, asdict(address)).first()
    while row is not None and row.moved_to is not None:
        row = next(rows_of(transaction, _BY_ID, _c.id, [row.moved_to]), None)
    if row is None:
        return None
    return chat_of(transaction, row)


def home_of(transaction: Transaction, address: ChatAddress) -> Chat | None:
    """Return the chat to which words at an address belong; None if it is not stored.

    A thread or topic is stored when it subscribes. Until then, its words belong to the chat around it.
    """
    return find_chat(transaction, address) or find_chat(transaction, replace(address, topic=""))


def chats_in(transaction: Transaction, lane: Lane) -> list[Chat]:
    """Return the chats at an address and its topics, without chats that have moved away."""
    there = execute(transaction, _IN_LANE, asdict(lane))
    return [chat_of(transaction, row) for row in there if row.moved_to is None]


def all_chats(transaction: Transaction) -> Iterator[Sequence[Chat]]:
    """Yield pages of all chats that have not moved away, ordered by address."""
    last: ChatAddress | None = None
    while page := chats_after(transaction, last, CHUNK):
        yield page
        last = page[-1].address


def chats_after(transaction: Transaction, after: ChatAddress | None, most: int) -> list[Chat]:
    """Return the next `most` chats of `all_chats` after the address `after`; None: the first chats."""
    last = ("", "", "") if after is None else astuple(after)
    place = sa.tuple_(_c.platform, _c.address, _c.topic)
    wanted = _CHATS.where(place > last, _c.moved_to.is_(None)).order_by(*place.clauses).limit(most)
    return [chat_of(transaction, row) for row in execute(transaction, wanted)]


def chats_by_id(transaction: Transaction, ids: Iterable[int]) -> dict[int, Chat]:
    """Return id → chat for these ids."""
    return {row.id: chat_of(transaction, row) for row in rows_of(transaction, _BY_ID, _c.id, sorted(set(ids)))}


def add_chat(
    transaction: Transaction,
    address: ChatAddress,
    kind: ChatKind | None = None,
    *,
    now: datetime,
    title: str = "",
    timezone: str = "",
    lang: str = "",
    public: bool = False,
) -> Chat:
    """Return the chat at this address, or at the address to which it moved. Add a chat if there is none.

    `kind` is None if the platform has not told it, so that the address has to. `timezone` is "" if the chat chose none.
    `lang` is the language of the person's client or messages, "" if unknown.
    """
    state = ChatState.UNCONFIRMED if facts_of(address.platform).confirms else ChatState.ACTIVE
    row = ChatRow(
        **asdict(address),
        kind=kind or facts_of(address.platform).kind_of(address),
        state=state,
        title=title,
        settings={"timezone": timezone} if timezone else {},
        lang=lang,
        public=public,
        created_at=now,
    )
    transaction.insert_new(row, *PLACE)
    added = find_chat(transaction, address)
    assert added is not None  # noqa: S101 - one of the two processes has added it
    return added


def add_around(transaction: Transaction, topic: Chat, *, now: datetime) -> Chat:
    """Return the chat outside of the topics, at the address of a topic.

    Adds it, with the title, clock and language of the topic, if it is unknown.
    """
    return add_chat(
        transaction,
        replace(topic.address, topic=""),
        topic.kind,
        now=now,
        title=topic.title,
        timezone=topic.chosen.get("timezone", ""),
        lang=topic.settings.lang,
        public=topic.public,
    )


def choose_setting(transaction: Transaction, chat_id: int, name: str, value: str | None) -> None:
    """Store a chosen value that chat_settings.check_value has checked. None restores the default of the setting."""
    row = row_of(transaction, chat_id)
    row.settings = {of: chosen for of, chosen in {**row.settings, name: value}.items() if chosen is not None}


def pause_chat(
    transaction: Transaction, chat_id: int, reason: PauseReason, *, now: datetime, until: datetime | None
) -> None:
    """Pause a chat. The cursors of its subscriptions do not change.

    Does nothing if the chat waits for admission or confirmation.
    """
    row = transaction.get_one(ChatRow, chat_id)
    if row.state not in WAITING:
        row.enter(ChatState.PAUSED, now=now, reason=reason, until=until)


def resume_chat(transaction: Transaction, chat_id: int, *, now: datetime) -> None:
    """Make a chat active. Do nothing if the chat waits: only `service.access` admits it."""
    row = transaction.get_one(ChatRow, chat_id)
    if row.state not in WAITING:
        row.enter(ChatState.ACTIVE, now=now)


def mark_unreachable(
    transaction: Transaction,
    chat_id: int,
    reason: PauseReason,
    detail: str,
    *,
    now: datetime,
    until: datetime | None = None,
) -> bool:
    """Store that the platform does not let the bot write to a chat. Return False if this was already stored.

    `detail` is the platform's sentence. A chat that a person paused stays paused by this person. A chat that waits for
    admission continues to wait. `until`: when the bot may write again; None: it is not known.
    """
    row = transaction.get_one(ChatRow, chat_id)
    if row.state is ChatState.ACTIVE:
        since = row.state_since if row.pause_reason else None  # of a chat that was in doubt
        row.enter(ChatState.PAUSED, now=since or now, reason=reason, detail=detail, until=until)
        return True
    if row.state is ChatState.PAUSED and row.pause_reason is reason:
        row.paused_until = until
    if row.state in WAITING and row.pause_reason is None:
        row.pause_reason, row.state_detail, row.state_since = reason, detail, now
        return True
    return False


def mark_reachable(transaction: Transaction, chat_id: int, *, now: datetime) -> bool:
    """Store that the platform lets the bot write to a chat again. Return whether the chat was unreachable."""
    row = transaction.get_one(ChatRow, chat_id)
    if row.pause_reason is None or not row.pause_reason.is_unreachable:
        return False
    if row.state is not ChatState.PAUSED:
        row.pause_reason, row.state_detail, row.state_since = None, "", now
        return True
    resume_chat(transaction, chat_id, now=now)
    return True


def doubt(transaction: Transaction, chat_id: int, reason: PauseReason, detail: str, *, now: datetime) -> None:
    """Store that a chat refuses messages, and that it is in doubt whether it is gone. It stays active, or becomes so."""
    row = transaction.get(ChatRow, chat_id)
    if row is None:  # it was erased in the meantime
        return
    if row.state is ChatState.PAUSED and row.pause_reason in UNREACHABLE:
        row.enter(ChatState.ACTIVE, now=row.state_since or now, reason=row.pause_reason, detail=row.state_detail)
    elif row.state is ChatState.ACTIVE and row.pause_reason is None:
        row.pause_reason, row.state_detail, row.state_since = reason, detail, now


@dataclass(frozen=True, slots=True)
class PausedChats:
    """The chats that are paused for the same reason."""

    reason: PauseReason
    count: int
    chats: tuple[str, ...]  # the addresses of some of them


def paused_chats(transaction: Transaction, *, most_named: int) -> list[PausedChats]:
    """Return the paused chats by reason. At most `most_named` of them all have their addresses, unreachable ones first."""
    is_paused = (_c.state == ChatState.PAUSED) & _c.pause_reason.is_not(None)
    counts = sa.select(_c.pause_reason, sa.func.count()).where(is_paused).group_by(_c.pause_reason)
    by_person = _c.pause_reason == PauseReason.PERSON
    named = grouped(
        (chat.pause_reason, str(chat.address)) for chat in selected(transaction, is_paused, by_person, most=most_named)
    )
    found = [PausedChats(reason, count, tuple(named.get(reason, ()))) for reason, count in execute(transaction, counts)]
    return sorted(found, key=lambda one: -one.count)


def describe(transaction: Transaction, lane: Lane, *, title: str, public: bool) -> None:
    """Store a title, and whether strangers can read the chat, for the chat at an address and its topics."""
    there = sa.update(ChatRow).filter_by(**asdict(lane), moved_to=None)
    transaction.exec(there.values(title=title, public=public))


def row_of(transaction: Transaction, chat_id: int) -> ChatRow:
    """Return the row of a chat as it is now."""
    return transaction.get_one(ChatRow, chat_id, populate_existing=True)


def chat_of(transaction: Transaction, row: AnyRow) -> Chat:
    """Return the Chat of a row of `_CHATS`."""
    own = tuple(row.settings.items())
    settings, chosen = _settings(row.kind, row.platform, own, transaction.zone, row.lang or "en", public=row.public)
    return Chat(
        id=row.id,
        address=ChatAddress(row.platform, row.address, row.topic),
        kind=row.kind,
        settings=settings,
        title=row.title,
        public=row.public,
        admin=row.admin,
        state=row.state,
        admission=row.admission,
        pause_reason=row.pause_reason,
        state_detail=row.state_detail,
        paused_until=row.paused_until,
        first_delivery_planned=row.first_delivery_planned,
        subscriptions_ever_made=row.next_number - 1,
        owner=row.owner,
        chosen=chosen,
    )


@lru_cache(maxsize=4096)
def _settings(
    kind: ChatKind, platform: str, own: tuple[tuple[str, str], ...], zone: str, lang: str, *, public: bool
) -> tuple[ChatSettings, Mapping[str, str]]:
    """Return (settings in effect, chosen settings).

    Cached, since many chats chose the same, and most chose nothing.
    """
    chosen = MappingProxyType(dict(own))
    return resolve(kind, platform, chosen, timezone=zone, lang=lang, public=public), chosen


def operators(transaction: Transaction) -> tuple[Chat, ...]:
    """Return the chats of people who became operators by a code."""
    return selected(transaction, _c.admin.is_(True) & _c.moved_to.is_(None))


def note_person(transaction: Transaction, chat_id: int, /, **values: str | bool) -> None:
    """Store what is known of who set up a chat: `owner` and `lang`, whether it is an `admin`."""
    transaction.exec(sa.update(ChatRow).filter_by(id=chat_id).values(values))


def selected(
    transaction: Transaction, which: sa.ColumnElement[bool], *order: sa.ColumnElement[Any], most: int | None = None
) -> tuple[Chat, ...]:
    """Return the chats that meet a condition, sorted by `order` and then by id; of many, the first `most`."""
    wanted = _CHATS.where(which).order_by(*order, _c.id).limit(most)
    return tuple(chat_of(transaction, row) for row in execute(transaction, wanted))
