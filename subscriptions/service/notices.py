"""Stores notices to chats, their owners and the operators: who gets one, and how often a day; pauses unreachable chats."""

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from subscriptions import notices as made
from subscriptions import zones
from subscriptions.addresses import command_prefix
from subscriptions.errors import Sentence
from subscriptions.language import Language
from subscriptions.model import Chat, ChatAddress, ChatKind, Delivery, DeliveryKind, Facts, Lane
from subscriptions.notices import Finding, Notice
from subscriptions.service.changes import note_changed_state
from subscriptions.states import ChatState, PauseReason
from subscriptions.store import (
    bot_state,
    conversations,
    outbox,
    planner,
    stored_chats,
    stored_subscriptions,
    whole_chat,
)
from subscriptions.store.database.store import Transaction, shares, writes
from subscriptions.texts import foreign

_SAME_DAY = timedelta(hours=20)  # a notice to operators is not repeated within this time, even on the next day
_LONGEST_VALUE = 300  # columns of a text from outside


class _Writer(Language):
    """The language of a chat that gets a notice."""

    def __init__(self, chat: Chat) -> None:
        super().__init__(chat.settings.lang, chat.settings.timezone, slash=command_prefix(chat.address))

    def say(self, sentence: str | Sentence, /, **values: object) -> str:
        """Returns the sentence with its values: texts from outside, each on one line and not too long."""
        template = sentence.template if isinstance(sentence, Sentence) else sentence
        return self.translate(template).format_map(_cleaned(values))

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Returns the singular or plural with its values, as `say` does."""
        return super().count(one, many, count, **_cleaned(values))


def _cleaned(values: dict[str, object]) -> dict[str, object]:
    return {
        name: foreign.short(value, _LONGEST_VALUE) if isinstance(value, str) else value
        for name, value in values.items()
    }


@writes
def notify(transaction: Transaction, address: ChatAddress, notice: Notice, *, now: datetime) -> bool:
    """Stores a notice to a chat. For a daily notice, the day in the chat's zone counts.

    Returns False if the notice was stored before, or if the chat is unknown.
    """
    chat = stored_chats.find_chat(transaction, address)
    if chat is None:
        return False
    return _add(transaction, chat, notice, now.astimezone(zones.zone(chat.settings.timezone)).date(), now=now)


@writes
def notify_operators(
    transaction: Transaction,
    admins: Sequence[ChatAddress],
    notice: Notice,
    *,
    now: datetime,
    but: Collection[str] = (),
) -> tuple[Lane, ...]:
    """Stores a notice to each operator, except in chats that strangers can read.

    The notice is for the present day in the operator's zone. A notice from shortly before midnight is not repeated
    shortly after midnight. `admins` are the operators in the settings; unknown ones are added as chats. `but` has the
    platforms to which the notice is not sent. Returns the lanes of the stored notices.
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
        if _add(transaction, chat, notice, day, now=now):
            notified.append(chat.address.lane)
    return tuple(notified)


@writes
def notify_owner(transaction: Transaction, chat: Chat, notice: Notice, *, now: datetime, by: str = "") -> bool:
    """Stores a private notice to the person who set up a group or channel. For a daily notice, the UTC day counts.

    Returns False if it stores nothing: the notice was stored before, or the owner is unknown, has no private chat with
    the bot, or is the person who caused the notice (`by`).
    """
    if chat.kind is ChatKind.PRIVATE or chat.owner in ("", by):
        return False
    private = stored_chats.find_chat(transaction, ChatAddress(chat.address.platform, chat.owner))
    return private is not None and _add(transaction, private, notice, now.date(), now=now)


def _add(transaction: Transaction, chat: Chat, notice: Notice, day: date, *, now: datetime) -> bool:
    """Adds a notice to the outbox, in the language of the chat. Returns False if it was stored before.

    Also returns False for an unconfirmed chat, unless the notice is the question to confirm. The buttons of the notice
    work only in this chat.
    """
    if chat.state is ChatState.UNCONFIRMED and notice.cause != made.CONFIRM:
        return False
    words = _Writer(chat)
    other = notice.about and stored_chats.find_chat(transaction, notice.about)
    tokens = {
        conversations.new_callback_id(): replace(token, about=other and other.address) for _, token in notice.buttons
    }
    labels = [words.say(label) for label, _ in notice.buttons]
    facts = Facts(
        lines=tuple(line for line in notice.lines(words) if line), buttons=tuple(zip(labels, tokens, strict=True))
    )
    delivery = Delivery(id=secrets.token_hex(8), chat=chat, kind=DeliveryKind.NOTICE, due=now, facts=facts)
    key = _dedupe_key(chat, notice, day)
    about = other.id if other else None
    if not planner.add_notice(transaction, key, delivery, about=about, person=notice.person or None, now=now):
        return False
    conversations.store_callbacks(transaction, tokens, chat_id=chat.id, now=now)
    return True


def _dedupe_key(chat: Chat, notice: Notice, day: date) -> str:
    return f"notice:{chat.id}:{notice.key(day)}"


def operator_chats(transaction: Transaction, admins: Sequence[ChatAddress], *, now: datetime) -> tuple[Chat, ...]:
    """Returns the operators' chats: those in the settings, added if unknown, and those of people who sent a code."""
    found = {chat.id: chat for chat in stored_chats.operators(transaction)}
    for address in admins:
        chat = stored_chats.add_chat(transaction, address, now=now)
        found[chat.id] = chat
    return tuple(found.values())


@shares
def pause_unreachable(
    transaction: Transaction,
    address: ChatAddress,
    detail: str,
    *,
    topic: bool,
    now: datetime,
    reason: PauseReason = PauseReason.GONE,
    by: str = "",
) -> None:
    """Pauses all chats at an address, or only one topic if `topic`, because the bot cannot write there.

    Stores the reason, and the platform's sentence as `detail`. At most once a day, tells the owner of the chat, or the
    group of the topic. `by` is the person who caused the pause, and who is not told.
    """
    if topic:
        _pause_topic(transaction, address, reason, detail, now=now)
        return
    here_and_topics = stored_chats.chats_in(transaction, address.lane)
    lost = [
        one for one in here_and_topics if stored_chats.mark_unreachable(transaction, one.id, reason, detail, now=now)
    ]
    for chat in lost:
        note_changed_state(transaction, chat.id)
    if lost:
        chat = min(lost, key=lambda chat: chat.address)  # the group itself comes before its topics
        notify_owner(transaction, chat, made.paused(chat.name, chat.address, reason), now=now, by=by)


def _pause_topic(
    transaction: Transaction, address: ChatAddress, reason: PauseReason, detail: str, *, now: datetime
) -> None:
    """Pauses a topic, and notifies its group. What a deleted topic of a private chat has goes to the chat itself."""
    topic = stored_chats.find_chat(transaction, address)
    if topic is None or topic.address != address:  # its chat has its papers already
        return
    if address.topic and reason is PauseReason.TOPIC_DELETED and topic.kind is ChatKind.PRIVATE:
        _notify_group(transaction, topic, now, made.topic_ended)
        chat = stored_chats.add_beside(transaction, topic, "", now=now)
        whole_chat.topic_gone(transaction, topic, chat, now=now)
        if joined := stored_chats.find_chat(transaction, chat.address):
            note_changed_state(transaction, joined.id)
    elif stored_chats.mark_unreachable(transaction, topic.id, reason, detail, now=now):
        note_changed_state(transaction, topic.id)
        gone = reason is PauseReason.TOPIC_DELETED
        _notify_group(transaction, topic, now, made.topic_gone if gone else made.topic_closed)


def _notify_group(
    transaction: Transaction, topic: Chat, now: datetime, news: Callable[[ChatAddress, Sequence[str]], Notice]
) -> None:
    """Tells the chat of a topic, outside its topics, what happened to the topic with active subscriptions."""
    active = [s.label for s in stored_subscriptions.subscriptions_in(transaction, topic.id) if s.is_active]
    if active and topic.address.topic:
        general = stored_chats.add_beside(transaction, topic, "", now=now)
        notify(transaction, general.address, news(topic.address, active), now=now)


def reactivate_found(transaction: Transaction, found: Sequence[int], *, now: datetime) -> None:
    """Reactivates chats that were paused by mistake, and drops notices of these pauses that are not sent yet."""
    for chat in stored_chats.chats_by_id(transaction, found).values():
        stored_chats.mark_reachable(transaction, chat.id, now=now)
        outbox.drop_notices(transaction, "paused", chat.id, now=now)


@writes
def notify_operators_of_trouble(
    transaction: Transaction, admins: Sequence[ChatAddress], found: Iterable[Finding], *, now: datetime
) -> tuple[Lane, ...]:
    """Tells the operators what is wrong. Returns the lanes of the stored notices.

    Nobody is told on a platform that it has stopped.
    """
    lanes: list[Lane] = []
    for finding in found:
        if finding.is_told:
            stopped = [finding.of] if finding.cause == made.STOPPED else []
            lanes += notify_operators(transaction, admins, finding.notice(), now=now, but=stopped)
    return tuple(lanes)


@writes
def notify_new_version(transaction: Transaction, admins: Sequence[ChatAddress], version: str, *, now: datetime) -> None:
    """Tells the operators that a different version runs now. The first version that ever runs is not reported."""
    before = bot_state.get_value(transaction, "version")
    if before == version:
        return
    bot_state.put_value(transaction, "version", version)
    if before is not None:
        notify_operators(transaction, admins, made.version_changed(version, before), now=now)
