"""Stores notices to chats, their owners and the operators: who gets one, how often a day, how much it names; pauses unreachable chats."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType

from subscriptions import notices as chat_notices
from subscriptions import zones
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind, Delivery, DeliveryKind, Facts, Lane
from subscriptions.notices import declared as operator_notices
from subscriptions.notices import findings, of_chats
from subscriptions.notices.findings import Finding
from subscriptions.service.changes import note_changed_state
from subscriptions.service.findings import dead_deliveries
from subscriptions.states import ChatState, PauseReason
from subscriptions.store import (
    admitted_chats,
    bot_state,
    callbacks,
    chats,
    delivery_trouble,
    moving,
    planned_deliveries,
    subscriptions,
)
from subscriptions.store.database.store import Transaction, shares, writes

_SAME_DAY = timedelta(hours=20)  # a notice to operators is not repeated within this time, even on the next day
_NO_BUTTONS: Mapping[str, CallbackToken] = MappingProxyType({})
_MOST_NAMED = 10  # a notice names at most this many subscriptions
_DEAD_NOTIFIED = "notified:dead"  # name of a stored value: the moment up to which operators know of dead messages


@writes
def notify(
    transaction: Transaction,
    address: ChatAddress,
    notice: chat_notices.Notice,
    *,
    now: datetime,
    buttons: Mapping[str, CallbackToken] = _NO_BUTTONS,
) -> bool:
    """Stores a notice to a chat. For a daily notice, the day in the chat's zone counts.

    `buttons`: verb -> what the button does. The buttons work only in this chat. Returns False if the notice was stored
    before, or if the chat is unknown.
    """
    chat = chats.find_chat(transaction, address)
    if chat is None:
        return False
    day = now.astimezone(zones.zone(chat.settings.timezone)).date()
    return _add(transaction, chat, notice, day, now=now, buttons=buttons)


@writes
def notify_operators(
    transaction: Transaction,
    admins: Sequence[ChatAddress],
    notice: chat_notices.DailyNotice,
    *,
    now: datetime,
    buttons: Mapping[str, CallbackToken] = _NO_BUTTONS,
    but: frozenset[str] = frozenset(),
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
        if delivery_trouble.noticed_since(transaction, yesterday, now - _SAME_DAY):
            continue
        if _add(transaction, chat, notice, day, now=now, buttons=buttons):
            notified.append(chat.address.lane)
    return tuple(notified)


@writes
def notify_owner(
    transaction: Transaction, chat: Chat, notice: chat_notices.Notice, *, now: datetime, by: str = ""
) -> bool:
    """Stores a private notice to the person who set up a group or channel. For a daily notice, the UTC day counts.

    Returns False if it stores nothing: the notice was stored before, or the owner is unknown, has no private chat with
    the bot, or is the person who caused the notice (`by`).
    """
    if chat.kind is ChatKind.PRIVATE or chat.owner in ("", by):
        return False
    private = chats.find_chat(transaction, ChatAddress(chat.address.platform, chat.owner))
    return private is not None and _add(transaction, private, notice, now.date(), now=now)


def _add(
    transaction: Transaction,
    chat: Chat,
    notice: chat_notices.Notice,
    day: date,
    *,
    now: datetime,
    buttons: Mapping[str, CallbackToken] = _NO_BUTTONS,
) -> bool:
    """Adds a notice to the outbox. Returns False if a notice with this cause and key was stored before.

    Also returns False for an unconfirmed chat, unless the notice is the question to confirm. Raises ValueError for a
    button that the notice does not declare.
    """
    if chat.state is ChatState.UNCONFIRMED and not isinstance(notice, of_chats.ConfirmAddress):
        return False
    if not buttons.keys() <= notice.labels.keys():
        raise ValueError(f"the notice {notice.cause} has no buttons for {sorted(buttons)}")
    token_ids = {verb: callbacks.new_callback_id() for verb in buttons}
    names = {chat_notices.BUTTON + verb: token_id for verb, token_id in token_ids.items()}
    facts = Facts(notice=notice.cause, detail={**notice.detail(), **names})
    delivery = Delivery(id=secrets.token_hex(8), chat=chat, kind=DeliveryKind.NOTICE, due=now, facts=facts)
    if not planned_deliveries.add_delivery(transaction, _dedupe_key(chat, notice, day), delivery, now=now):
        return False
    tokens = {
        token_ids[verb]: CallbackToken(verb=b.verb, arguments=b.arguments, place=str(chat.address))
        for verb, b in buttons.items()
    }
    callbacks.store_callbacks(transaction, tokens, now=now)
    return True


def _dedupe_key(chat: Chat, notice: chat_notices.Notice, day: date) -> str:
    return f"notice:{chat.id}:{notice.cause}:{notice.key(day)}"


def operator_chats(transaction: Transaction, admins: Sequence[ChatAddress], *, now: datetime) -> tuple[Chat, ...]:
    """Returns the operators' chats: those in the settings, added if unknown, and those of people who sent a code."""
    found = {chat.id: chat for chat in admitted_chats.operators(transaction)}
    for address in admins:
        chat = chats.add_chat(transaction, address, now=now)
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
    here_and_topics = chats.chats_in(transaction, address.lane)
    lost = [one for one in here_and_topics if chats.mark_unreachable(transaction, one.id, reason, detail, now=now)]
    for chat in lost:
        note_changed_state(transaction, chat.id)
    if lost:
        chat = min(lost, key=lambda chat: chat.address)  # the group itself comes before its topics
        told = reason if reason in of_chats.PAUSES else PauseReason.GONE
        notice = of_chats.ChatPaused(chat=chat.name, place=str(chat.address), reason=told)
        notify_owner(transaction, chat, notice, now=now, by=by)


def _pause_topic(
    transaction: Transaction, address: ChatAddress, reason: PauseReason, detail: str, *, now: datetime
) -> None:
    """Pauses a topic, and notifies its group. What a deleted topic of a private chat has goes to the chat itself."""
    topic = chats.find_chat(transaction, address)
    if topic is None or topic.address != address:  # its chat has its papers already
        return
    if address.topic and reason is PauseReason.TOPIC_DELETED and topic.kind is ChatKind.PRIVATE:
        _notify_group(transaction, topic, now, of_chats.TopicEnded)
        chat = chats.add_beside(transaction, topic, "", now=now)
        moving.topic_gone(transaction, topic, chat, now=now)
        note_changed_state(transaction, chat.id)
    elif chats.mark_unreachable(transaction, topic.id, reason, detail, now=now):
        note_changed_state(transaction, topic.id)
        gone = reason is PauseReason.TOPIC_DELETED
        _notify_group(transaction, topic, now, of_chats.TopicGone if gone else of_chats.TopicClosed)


def reactivate_found(transaction: Transaction, found: Sequence[int], *, now: datetime) -> None:
    """Reactivates chats that were paused by mistake, and drops notices of these pauses that are not sent yet."""
    for chat in chats.chats_by_id(transaction, found).values():
        chats.mark_reachable(transaction, chat.id, now=now)
        delivery_trouble.drop_notices(transaction, f":{of_chats.ChatPaused.cause}:{chat.address}:", now=now)


def _notify_group(
    transaction: Transaction,
    chat: Chat,
    now: datetime,
    notice: type[of_chats.TopicEnded | of_chats.TopicGone | of_chats.TopicClosed],
) -> None:
    """Tells the chat of a topic, outside its topics, what happened to the topic with active subscriptions."""
    active = [s for s in subscriptions.subscriptions_in(transaction, chat.id) if s.is_active]
    if not active or not chat.address.topic:
        return
    general = chats.add_beside(transaction, chat, "", now=now)
    names = " · ".join(s.label for s in active[:_MOST_NAMED]) + (" …" if len(active) > _MOST_NAMED else "")
    event = f"{chat.address.topic}:{now.date().isoformat()}"
    notify(transaction, general.address, notice(event=event, subscriptions=names), now=now)


@writes
def notify_operators_of_trouble(
    transaction: Transaction, admins: Sequence[ChatAddress], found: Iterable[Finding], *, now: datetime
) -> tuple[Lane, ...]:
    """Tells the operators what is wrong. Returns the lanes of the stored notices.

    The polls of sources tell of these, and operators hear of a dead delivery only once.
    """
    lanes: list[Lane] = []
    dead = delivery_trouble.dead_since(transaction, bot_state.get_moment(transaction, _DEAD_NOTIFIED))
    if dead.count and (lanes := [*notify_operators(transaction, admins, dead_deliveries(dead), now=now)]):
        bot_state.put_value(transaction, _DEAD_NOTIFIED, now.isoformat())
    for finding in found:
        if not finding.is_notice or isinstance(finding, findings.SourceFinding | findings.MessagesDead):
            continue
        stopped = {finding.platform} if isinstance(finding, findings.SendingStopped) else ()
        lanes += notify_operators(transaction, admins, finding, now=now, but=frozenset(stopped))
    return tuple(lanes)


@writes
def notify_new_version(transaction: Transaction, admins: Sequence[ChatAddress], version: str, *, now: datetime) -> None:
    """Tells the operators that a different version runs now. The first version that ever runs is not reported."""
    before = bot_state.get_value(transaction, "version")
    if before == version or not bot_state.swap_value(transaction, "version", before, version):
        return
    if before is not None:
        notify_operators(transaction, admins, operator_notices.VersionChanged(version=version, before=before), now=now)
