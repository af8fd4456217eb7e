"""Stores notices to chats, their owners and the operators."""

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from subscriptions.chats.addresses import command_prefix
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import conversations
from subscriptions.database.store import Transaction
from subscriptions.errors import Sentence
from subscriptions.language import Language
from subscriptions.model import Chat, ChatAddress, ChatKind, ChatState, Delivery, DeliveryContext, DeliveryKind, Lane
from subscriptions.outbox.notices import (
    CONFIRM,
    STOPPED,
    Finding,
    Notice,
)
from subscriptions.outbox.stored import deliveries as stored_deliveries
from subscriptions.outbox.stored import entries as outbox
from subscriptions.schedule import zones
from subscriptions.text import cutting

_SAME_DAY = timedelta(hours=20)  # a notice to operators is not repeated within this time, even on the next day
_LONGEST_VALUE = 300  # columns of a text from outside


class _Writer(Language):
    """The language of a chat that gets a notice."""

    def __init__(self, chat: Chat) -> None:
        super().__init__(chat.settings.lang, chat.settings.timezone, slash=command_prefix(chat.address))

    def say(self, sentence: str | Sentence, /, **values: object) -> str:
        """Return the sentence with its values: texts from outside, each on one line and not too long."""
        if isinstance(sentence, Sentence):
            values, sentence = {**sentence.values, **values}, sentence.template
        return self.translate(sentence).format_map(_cleaned(values))

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Return the singular or plural with its values, as `say` does."""
        return super().count(one, many, count, **_cleaned(values))


def _cleaned(values: dict[str, object]) -> dict[str, object]:
    return {
        name: cutting.short(value, _LONGEST_VALUE) if isinstance(value, str) else value
        for name, value in values.items()
    }


def notify(transaction: Transaction, address: ChatAddress, notice: Notice, *, now: datetime) -> bool:
    """Store a notice to a chat. For a daily notice, the day in the chat's zone counts.

    Return False if the notice was stored before, or if the chat is unknown.
    """
    chat = stored_chats.find_chat(transaction, address)
    if chat is None:
        return False
    return _add(transaction, chat, notice, _day(chat, now), now)


def is_told(transaction: Transaction, chat: Chat, cause: str, now: datetime) -> bool:
    """Return whether a chat has heard the daily notice of a cause on the present day in its zone."""
    key = _dedupe_key(chat, Notice(cause=cause, lines=lambda _: ()), _day(chat, now))
    return bool(stored_deliveries.taken_keys(transaction, [key]))


def _day(chat: Chat, now: datetime) -> date:
    return now.astimezone(zones.zone(chat.settings.timezone)).date()


def notify_operators(
    transaction: Transaction,
    admins: Sequence[ChatAddress],
    notice: Notice,
    *,
    now: datetime,
    but: Collection[str] = (),
) -> tuple[Lane, ...]:
    """Store a notice to each operator, except in chats that strangers can read.

    The notice is for the present day in the operator's zone. A notice from shortly before midnight is not repeated
    shortly after midnight. `admins` are the operators in the settings; unknown ones are added as chats. `but` has the
    platforms to which the notice is not sent. Return the lanes of the stored notices.
    """
    notified = []
    day = transaction.day_of(now)
    for chat in operator_chats(transaction, admins, now=now):
        if chat.public or chat.kind is ChatKind.BROADCAST or chat.address.platform in but:
            continue
        yesterday = _dedupe_key(chat, notice, day - timedelta(days=1))
        if outbox.noticed_since(transaction, yesterday, now - _SAME_DAY):
            continue
        if notice.newest_at and outbox.notices_since(transaction, chat.id, notice.cause, notice.newest_at):
            continue
        if _add(transaction, chat, notice, day, now):
            notified.append(chat.address.lane)
    return tuple(notified)


def notify_owner(transaction: Transaction, chat: Chat, notice: Notice, *, now: datetime, by: str = "") -> bool:
    """Store a private notice to the person who set up a group or channel. For a daily notice, the UTC day counts.

    Return False if it stores nothing: the notice was stored before, or the owner is unknown, has no private chat with
    the bot, or is the person who caused the notice (`by`).
    """
    if chat.kind is ChatKind.PRIVATE or chat.owner in ("", by):
        return False
    private = stored_chats.find_chat(transaction, ChatAddress(chat.address.platform, chat.owner))
    return private is not None and _add(transaction, private, notice, now.date(), now)


def _add(transaction: Transaction, chat: Chat, notice: Notice, day: date, now: datetime) -> bool:
    """Add a notice to the outbox, in the language of the chat. Return False if it was stored before.

    Also returns False for an unconfirmed chat, unless the notice is the question to confirm. The buttons of the notice
    work only in this chat.
    """
    if chat.state is ChatState.UNCONFIRMED and notice.cause != CONFIRM:
        return False
    words = _Writer(chat)
    other = notice.about and stored_chats.find_chat(transaction, notice.about)
    tokens = {
        conversations.new_callback_id(): replace(token, about=other and other.address) for _, token in notice.buttons
    }
    labels = [words.say(label) for label, _ in notice.buttons]
    facts = DeliveryContext(
        lines=tuple(line for line in notice.lines(words) if line),
        news=tuple(notice.news(words)),
        buttons=tuple(zip(labels, tokens, strict=True)),
    )
    delivery = Delivery(id=secrets.token_hex(8), chat=chat, kind=DeliveryKind.NOTICE, due=now, facts=facts)
    key = _dedupe_key(chat, notice, day)
    about = other.id if other else None
    if not stored_deliveries.add_notice(transaction, key, delivery, about=about, person=notice.person or None, now=now):
        return False
    conversations.store_callbacks(transaction, tokens, chat_id=chat.id, now=now)
    return True


def _dedupe_key(chat: Chat, notice: Notice, day: date) -> str:
    return f"notice:{chat.id}:{notice.key(day)}"


def operator_chats(transaction: Transaction, admins: Sequence[ChatAddress], *, now: datetime) -> tuple[Chat, ...]:
    """Return the operators' chats: those in the settings, added if unknown, and those of people who sent a code."""
    found = {chat.id: chat for chat in stored_chats.operators(transaction)}
    for address in admins:
        chat = stored_chats.add_chat(transaction, address, now=now)
        found[chat.id] = chat
    return tuple(found.values())


def notify_operators_of_trouble(
    transaction: Transaction, admins: Sequence[ChatAddress], found: Iterable[Finding], *, now: datetime
) -> tuple[Lane, ...]:
    """Tell the operators what is wrong. Return the lanes of the stored notices.

    Nobody is told on a platform that it has stopped.
    """
    lanes: list[Lane] = []
    for finding in found:
        if finding.is_told:
            stopped = [finding.of] if finding.cause == STOPPED else []
            lanes += notify_operators(transaction, admins, finding.notice(), now=now, but=stopped)
    return tuple(lanes)


def is_public(chat: Chat) -> bool:
    """Whether strangers can read a chat. Such a chat gets no notices about papers that did not come."""
    return chat.public or chat.kind is ChatKind.BROADCAST


def tell(transaction: Transaction, chat: Chat, notice: Notice, now: datetime) -> list[Lane]:
    """Tell a chat, or the owner of one that strangers can read. Return the lane that got the notice."""
    if is_public(chat):
        told, lane = notify_owner(transaction, chat, notice, now=now), Lane(chat.address.platform, chat.owner)
    else:
        told, lane = notify(transaction, chat.address, notice, now=now), chat.address.lane
    return [lane] if told else []
