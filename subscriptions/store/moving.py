"""Moves chats to another address with all their data: of two that become one, whose settings, numbers and cursors stay (rule 9)."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from subscriptions.model import Chat, ChatAddress, Lane
from subscriptions.states import MAYBE_SENT, ChatState, MessageState
from subscriptions.store import admitted_chats, chats, mentions
from subscriptions.store.conversation_rows import (
    CallbackRow,
    ConversationStateRow,
    UndoRow,
)
from subscriptions.store.database.conflicts import move_rows
from subscriptions.store.database.store import Transaction, execute, shares
from subscriptions.store.libraries import move_library
from subscriptions.store.rows import (
    TABLES,
    ChatRow,
    DeliveryItemRow,
    DeliveryRow,
    MessageRow,
    SubscriptionRow,
)
from subscriptions.store.subscriptions import give_libraries

_items = TABLES.tables["delivery_item"]
_theirs = _items.alias()
_KEPT = ("paper", "shown", "cross", "delivered_on")  # of an item that counts as sent in another chat, too
_NO_NUMBER = 0  # a number that no subscription has

Numbers = Mapping[int, int]  # number of a subscription before the move -> its number after the move


@shares
def chat_moved(transaction: Transaction, address: ChatAddress, new: str, *, now: datetime) -> None:
    """Moves all chats at an address, including its topics, to the address `new`.

    A row stays at the old address and points to the chat at the new address. Platforms give a group a new address when
    it becomes a larger kind of group. A second call changes nothing.
    """
    platform, old = address.platform, address.address
    if old == new:
        return
    # if two processes move the chats, the second process waits here, and then finds them moved
    chats.hold_lane(transaction, Lane(platform, old))
    rows = transaction.exec(select(ChatRow).filter_by(platform=platform, address=old, moved_to=None)).all()
    renumbered: dict[str, Numbers] = {}
    for row in rows:
        there = chats.find_chat(transaction, ChatAddress(platform, new, row.topic))
        target = transaction.get_one(ChatRow, there.id) if there else None
        if target is row:
            continue
        if target is None:
            row.address = new
            # the chat may be marked as unreachable, because the platform refused messages to the old address
            chats.mark_reachable(transaction, row.id, now=now)
            transaction.flush()
            target, pointer = row, _pointer_at(row, old)
            transaction.add(pointer)
        else:
            renumbered[str(row.place)] = _merge_chats(transaction, row, target, now)
            pointer = row
        pointer.enter(ChatState.MOVED, now=now, detail=new)
        pointer.moved_to = target.id
        transaction.flush()
    _readdress(transaction, f"{platform}:{old}", f"{platform}:{new}", renumbered)
    admitted_chats.move_denial(transaction, Lane(platform, old), Lane(platform, new))


def topic_gone(transaction: Transaction, topic: Chat, chat: Chat, *, now: datetime) -> None:
    """Moves everything that a topic has to its chat, to which the address of the topic then leads.

    Papers that wait for the topic are sent to the chat. A second call changes nothing.
    """
    chats.hold_lane(transaction, topic.address.lane)  # as in `chat_moved`
    row, target = (transaction.get_one(ChatRow, one.id, populate_existing=True) for one in (topic, chat))
    if row.moved_to is not None:
        return
    # what only counts as sent in the topic, because the chat has it, must not keep the chat from sending it
    counted = (_items.c.chat == row.id) & _items.c.delivery.is_(None)
    transaction.connection().execute(sa.delete(_items).where(counted, _has_too(target.id)))
    numbers = _merge_chats(transaction, row, target, now)
    row.enter(ChatState.MOVED, now=now, detail=target.address)
    row.moved_to = target.id
    transaction.flush()
    _readdress(transaction, str(topic.address), str(chat.address), {str(topic.address): numbers})


def _has_too(chat_id: int) -> ColumnElement[bool]:
    """Returns the condition that a chat has an item of the same paper, too."""
    return sa.exists().where(_theirs.c.chat == chat_id, _theirs.c.paper == _items.c.paper)


def _readdress(transaction: Transaction, old: str, new: str, renumbered: Mapping[str, Numbers]) -> None:
    """Replaces the old address in callbacks, states of conversations and updates."""
    whole = re.compile(rf"(?<![\w:-]){re.escape(old)}(?![\w-])")
    chat = TABLES.tables["update"].c.chat
    moved = sa.literal(new) + sa.func.substr(chat, len(old) + 1)
    for at in _at_and_below(chat, old):
        execute(transaction, sa.update(chat.table).where(at).values({"chat": moved}))
    named = _that_name(transaction, CallbackRow, "callback", old)
    for callback in named:
        _readdress_row(callback, whole, new, renumbered)
    words = {one.id: mentions.words_of_callback(one.id, one.arguments, one.place) for one in named}
    mentions.note_mentions(transaction, "callback", words)
    for state in _that_name(transaction, ConversationStateRow, "state", old):
        _readdress_row(state, whole, new, renumbered)
        _rename(transaction, state, re.sub(rf"(?<=:){re.escape(old)}(?![\w-])", new, state.name))
    transaction.flush()
    transaction.known_states.clear()


def _readdress_row(
    row: CallbackRow | ConversationStateRow, whole: re.Pattern[str], new: str, renumbered: Mapping[str, Numbers]
) -> None:
    """Replaces the old address, and old numbers of subscriptions, in the place and the arguments of a row."""
    numbers = renumbered.get(row.place) or renumbered.get(str(row.arguments.get("about", "")))
    if numbers is not None:
        row.arguments = _renumbered(row.arguments, numbers)
    row.place = whole.sub(new, row.place)
    row.arguments = {key: whole.sub(new, v) if isinstance(v, str) else v for key, v in row.arguments.items()}


_Row = TypeVar("_Row", CallbackRow, ConversationStateRow)


def _that_name(transaction: Transaction, kind: type[_Row], where: mentions.Where, place: str) -> list[_Row]:
    """Returns the rows of an address and its topics, and the rows of other chats that name these."""
    key = CallbackRow.id if kind is CallbackRow else ConversationStateRow.name
    ids = set(mentions.named_by(transaction, where, [place], topics=True))
    for at in _at_and_below(col(kind.place), place):
        ids.update(transaction.exec(select(key).where(at)))
    return [transaction.get_one(kind, one) for one in sorted(ids)]


def _at_and_below(where: Any, place: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:  # noqa: ANN401 - a column
    """Returns two conditions: for the rows at an address, and for the rows in its topics. Each uses an index."""
    return where == place, (where > f"{place}/") & (where < f"{place}0")


def _rename(transaction: Transaction, row: ConversationStateRow, name: str) -> None:
    """Renames a state. If a state with the new name exists, that state is newer: it stays, and `row` is removed."""
    if name != row.name:
        if transaction.get(ConversationStateRow, name) is not None:
            transaction.delete(row)
            return
        transaction.add(ConversationStateRow(**{**row.model_dump(), "name": name}))
        transaction.delete(row)
    transaction.flush()
    mentions.note_mentions(transaction, "state", {name: mentions.words_of_callback(name, row.arguments, row.place)})


def _renumbered(arguments: Mapping[str, Any], numbers: Numbers) -> dict[str, Any]:
    """Returns the arguments of a button with the new numbers of subscriptions."""
    changed = dict(arguments)
    if isinstance(number := arguments.get("number"), int):
        changed["number"] = numbers.get(number, _NO_NUMBER)
    if isinstance(several := arguments.get("numbers"), list):
        changed["numbers"] = [numbers[number] for number in several if number in numbers]
    return changed


def _pointer_at(row: ChatRow, address: str) -> ChatRow:
    """Returns a row for the old address of a chat that has moved."""
    return ChatRow(
        platform=row.platform,
        address=address,
        topic=row.topic,
        kind=row.kind,
        title=row.title,
        public=row.public,
        created_at=row.created_at,
    )


def _merge_chats(transaction: Transaction, old: ChatRow, new: ChatRow, now: datetime) -> Numbers:
    """Moves all data of the chat `old` to the chat `new`. A query or a paper that both have is kept only once.

    Returns old number → new number for each subscription. Numbers stay the same where possible.
    """
    before, after = old.id, new.id
    give_libraries(transaction, before, after)
    _inherit(old, new)
    numbers: dict[int, int] = {}
    if new.next_number == 1:  # the new chat has never had a subscription, so all numbers stay
        _give(transaction, (SubscriptionRow, UndoRow), before, after)
        numbers = {number: number for number in range(1, old.next_number)}
        new.next_number = old.next_number
    theirs = {row.query: row for row in transaction.exec(select(SubscriptionRow).where(SubscriptionRow.chat == after))}
    ours = select(SubscriptionRow).where(SubscriptionRow.chat == before).order_by(col(SubscriptionRow.number))
    for row in transaction.exec(ours).all():
        same = theirs.get(row.query)
        if same is not None:
            # The lower cursor counts, since papers that one of the two has not looked at still have to be delivered.
            same.cursor = min(same.cursor, row.cursor)
            numbers[row.number] = same.number
            transaction.delete(row)
        else:
            numbers[row.number] = new.next_number
            row.number, new.next_number = new.next_number, new.next_number + 1
            row.chat = after
    transaction.flush()
    _remove_repeats(transaction, before, after, now)
    _give(transaction, (DeliveryItemRow, DeliveryRow), before, after)
    # removes the changes that were not moved, since they contain old numbers
    transaction.remove(UndoRow, chat=before)
    for table in ("signal", "chat_key"):
        move_rows(transaction, table, column="chat", before=before, after=after)
    move_library(transaction, before, after)
    transaction.flush()
    return numbers


def _give(transaction: Transaction, kinds: Iterable[Any], before: int, after: int) -> None:
    """Moves all rows of these kinds from one chat to another."""
    for kind in kinds:
        transaction.exec(sa.update(kind).filter_by(chat=before).values(chat=after))


def _inherit(old: ChatRow, new: ChatRow) -> None:
    """Merges state, settings, owner and title of two chats into the row `new`.

    Settings: if the new chat has ever had subscriptions, its values win, otherwise those of the old chat. State: a new
    chat without subscriptions gets the state of the old chat, unless that was unreachable; a new chat that waits for
    admission becomes active if the old chat was admitted. Owner and title: the new chat's values win.
    """
    fresh = new.next_number == 1
    was_admitted = old.next_number > 1 and old.state != ChatState.ASKED
    if fresh and not (old.pause_reason is not None and old.pause_reason.is_unreachable):
        new.state, new.admission = old.state, old.admission
        new.pause_reason, new.state_detail = old.pause_reason, old.state_detail
        new.state_since, new.paused_until = old.state_since, old.paused_until
    elif new.state == ChatState.ASKED and was_admitted:
        new.state, new.admission, new.pause_reason, new.state_detail = ChatState.ACTIVE, None, None, ""
    first, second = (old, new) if fresh else (new, old)
    new.settings = {**second.settings, **first.settings}
    new.timezone, new.lang = first.timezone or second.timezone, first.lang or second.lang
    new.owner, new.admin = new.owner or old.owner, new.admin or old.admin
    new.title = new.title or old.title
    new.first_delivery_planned = new.first_delivery_planned or old.first_delivery_planned


def _remove_repeats(transaction: Transaction, before: int, after: int, now: datetime) -> None:
    """If both chats have items of the same paper, removes one of them: the unsent item, or else the later one.

    A delivery that loses a paper is rendered again. A delivery that loses all its papers is dismissed.
    """
    theirs = aliased(DeliveryItemRow)
    both = select(DeliveryItemRow, theirs).join(theirs, col(theirs.paper) == DeliveryItemRow.paper)
    twice = transaction.exec(both.where(DeliveryItemRow.chat == before, theirs.chat == after)).all()
    in_two = {item.delivery for pair in twice for item in pair}
    messages = select(MessageRow.delivery, MessageRow.number).where(col(MessageRow.delivery).in_(in_two))
    maybe_sent = set(transaction.exec(messages.where(col(MessageRow.state).in_(MAYBE_SENT))))

    def is_maybe_sent(item: DeliveryItemRow) -> bool:
        return item.delivery is None or (item.delivery, item.message) in maybe_sent

    touched: set[int] = set()
    for pair in twice:
        _, repeat = sorted(pair, key=lambda item: (not is_maybe_sent(item), item.delivery or 0))
        touched.add(repeat.delivery or 0)
        transaction.delete(repeat)
    transaction.flush()
    for delivery in transaction.exec(select(DeliveryRow).where(col(DeliveryRow.seq).in_(touched))).all():
        _render_anew(transaction, delivery, now)
    transaction.flush()


def _render_anew(transaction: Transaction, delivery: DeliveryRow, now: datetime) -> None:
    """Makes a delivery unrendered, unless one of its messages is dead, was sent or may have been sent.

    Dismisses the delivery if it has no papers.
    """
    messages = transaction.exec(select(MessageRow).where(MessageRow.delivery == delivery.seq)).all()
    if not all(message.state in (MessageState.READY, MessageState.WAITING) for message in messages):
        return
    for message in messages:
        transaction.delete(message)
    delivery.rendered_at = None
    if not transaction.finds(DeliveryItemRow.delivery == delivery.seq):
        delivery.settled_at = delivery.dismissed_at = now
        delivery.reason = "its papers stand in another delivery of the chat that this one moved to"
