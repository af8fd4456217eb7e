"""Notices: what a chat, its administrators and the operators are told, also of sources."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from subscriptions import zones
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind, DeliveryKind, Facts, Lane
from subscriptions.notices import BUTTON, DailyNotice, DayRuns, Notice, operations
from subscriptions.notices import chats as chat_notices
from subscriptions.planning.receipts import Receipt
from subscriptions.service.changes import note_changed_state
from subscriptions.service.next_deliveries import kind_of
from subscriptions.states import ChatState, PauseReason, SourceTrouble, SubscriptionState, describe_pause
from subscriptions.store import chats, conversations, entries, key_value, merging, planner, sources, subscriptions
from subscriptions.store.database.store import Scope, Transaction, writes
from subscriptions.store.merging import IncompletePaper
from subscriptions.store.planner import Planned
from subscriptions.store.sources import DocumentSeen, SourceState, known_sources

_SAME_DAY = timedelta(hours=20)  # a notice to operators is not repeated within this time, even on a new day
_MOST_NAMED = 10  # subscriptions that a notice names
_DEAD_NOTIFIED = "notified:dead"  # a key: the moment up to which operators know of dead messages
_NOTICE_REASONS = {  # of others GONE
    PauseReason.ARCHIVED: chat_notices.PauseNoticeReason.ARCHIVED,
    PauseReason.NOT_A_MEMBER: chat_notices.PauseNoticeReason.OUTSIDE,
    PauseReason.NO_RIGHTS: chat_notices.PauseNoticeReason.RIGHTS,
}


@writes
def notify(
    session: Transaction,
    address: ChatAddress,
    notice: Notice,
    *,
    now: datetime,
    buttons: Mapping[str, CallbackToken] | None = None,
) -> bool:
    """Stores a notice to a chat. A daily notice counts by the chat's local day.

    `buttons`: verb -> what a press on it does; they work in that chat only. Returns False if the notice was stored
    before, or if the chat is not known.
    """
    chat = chats.find_chat(session, address, zone=session.zone)
    if chat is None:
        return False
    day = now.astimezone(zones.zone(chat.settings.timezone)).date()
    return _add(session, chat, notice, day, now=now, buttons=buttons or {})


@writes
def notify_operators(
    session: Transaction,
    admins: Sequence[ChatAddress],
    notice: DailyNotice,
    *,
    now: datetime,
    buttons: Mapping[str, CallbackToken] | None = None,
    but: frozenset[str] = frozenset(),
) -> tuple[Lane, ...]:
    """Stores a notice to every operator, except in chats that strangers can read.

    The day is that of the operators' zone; a notice stored shortly before midnight is not repeated shortly after.
    `admins` are the operators of the settings, added as chats if needed; `but` are platforms that cannot carry the
    notice. Returns the lanes of the notices that were stored.
    """
    notified = []
    day = now.astimezone(zones.zone(session.zone)).date()
    for chat in operator_chats(session, admins, now=now):
        if chat.public or chat.kind is ChatKind.BROADCAST or chat.address.platform in but:
            continue
        yesterday = _dedupe_key(chat, notice, day - timedelta(days=1))
        if entries.noticed_since(session, yesterday, now - _SAME_DAY):
            continue
        if _add(session, chat, notice, day, now=now, buttons=buttons or {}):
            notified.append(chat.address.lane)
    return tuple(notified)


def notify_owner(store: Scope, chat: Chat, notice: Notice, *, now: datetime, by: str = "") -> bool:
    """Stores a notice to the person who set a group or channel up, in private. A daily notice counts by the UTC day.

    Returns False if none was stored: the owner is not known, has not started a conversation with the bot, or is the
    person (`by`) who caused it.
    """
    if chat.kind is ChatKind.PRIVATE or chat.owner in ("", by):
        return False
    with store.write() as session:
        private = chats.find_chat(session, ChatAddress(chat.address.platform, chat.owner), zone=store.zone)
        return private is not None and _add(session, private, notice, now.date(), now=now, buttons={})


def _add(
    session: Transaction,
    chat: Chat,
    notice: Notice,
    day: date,
    *,
    now: datetime,
    buttons: Mapping[str, CallbackToken],
) -> bool:
    """Adds a notice to the outbox. Returns False if one of this cause and key is there already.

    Nor if the chat is not confirmed, which gets the question for that and nothing else. Raises ValueError for a button
    that the notice does not declare.
    """
    if chat.state is ChatState.UNCONFIRMED and not isinstance(notice, chat_notices.ConfirmAddress):
        return False
    if not buttons.keys() <= notice.labels.keys():
        raise ValueError(f"the notice {notice.cause} has no buttons for {sorted(buttons)}")
    dedupe_key = _dedupe_key(chat, notice, day)
    token_ids = {verb: conversations.new_callback_id() for verb in buttons}
    names = {BUTTON + verb: token_id for verb, token_id in token_ids.items()}
    facts = Facts(notice=notice.cause, detail={**notice.detail(), **names})
    row = Planned(
        id=secrets.token_hex(8),
        chat_id=chat.id,
        kind=DeliveryKind.NOTICE,
        due=now,
        key=dedupe_key,
        items=(),
        facts=facts,
    )
    if not planner.add_delivery(session, row, now=now):
        return False
    tokens = {
        token_ids[verb]: CallbackToken(verb=b.verb, arguments=b.arguments, place=str(chat.address))
        for verb, b in buttons.items()
    }
    conversations.store_callbacks(session, tokens, now=now)
    return True


def _dedupe_key(chat: Chat, notice: Notice, day: date) -> str:
    return f"notice:{chat.id}:{notice.cause}:{notice.key(day)}"


def operator_chats(session: Transaction, admins: Sequence[ChatAddress], *, now: datetime) -> tuple[Chat, ...]:
    """The chats of the settings, added if needed, and the private chats of those who sent the operator code."""
    found = {chat.id: chat for chat in chats.operators(session)}
    for address in admins:
        chat = chats.add_chat(session, address, kind_of(address), now=now, zone=session.zone)
        found[chat.id] = chat
    return tuple(found.values())


def is_gone(chat: Chat) -> bool:
    """Whether the bot cannot write to a chat, by the last answer of its platform."""
    return bool(chat.id) and chat.pause_reason is not None and chat.pause_reason.is_unreachable


def name_of(chat: Chat) -> str:
    """The chat's title, else its address."""
    return chat.title or str(chat.address)


def why_paused(chat: Chat) -> str:
    """Why a chat is paused, in English."""
    return describe_pause(chat.pause_reason, chat.state_detail).strip()


@writes
def pause_unreachable(
    session: Transaction,
    address: ChatAddress,
    detail: str,
    *,
    topic: bool,
    now: datetime,
    reason: PauseReason = PauseReason.GONE,
    by: str = "",
) -> None:
    """Pauses a chat, or with `topic` only this topic of it, since the bot may not write there.

    Stores the reason, and as `detail` the platform's sentence. The owner of the chat is notified, and of a lost topic
    the group, each once a day. `by` is the person who caused it.
    """
    if topic:
        _pause_topic(session, address, reason, detail, now=now)
        return
    here_and_topics = chats.chats_in(session, address.lane, zone=session.zone)
    lost = [one for one in here_and_topics if chats.mark_unreachable(session, one.id, reason, detail, now=now)]
    for chat in lost:
        note_changed_state(session, chat.id)
    if lost:
        chat = min(lost, key=lambda chat: chat.address)  # the group itself before its topics
        notice_reason = _NOTICE_REASONS.get(reason, chat_notices.PauseNoticeReason.GONE)
        notice = chat_notices.ChatPaused(chat=name_of(chat), place=str(chat.address), reason=notice_reason)
        notify_owner(session, chat, notice, now=now, by=by)


def _pause_topic(
    session: Transaction, address: ChatAddress, reason: PauseReason, detail: str, *, now: datetime
) -> None:
    """Pauses a topic and notifies its group."""
    topic = chats.find_chat(session, address, zone=session.zone)
    if topic is not None and chats.mark_unreachable(session, topic.id, reason, detail, now=now):
        note_changed_state(session, topic.id)
        _notify_group(session, topic, now, gone=reason is PauseReason.TOPIC_DELETED)


def reactivate_found(session: Transaction, found: Sequence[int], *, now: datetime) -> None:
    """Reactivates chats that were not gone after all, and drops the notices of their pause that are not sent yet."""
    for chat in chats.chats_by_id(session, found, zone="UTC").values():
        chats.mark_reachable(session, chat.id, now=now)
        entries.drop_notices(session, f":{chat_notices.ChatPaused.cause}:{chat.address}:", now=now)


def _notify_group(session: Transaction, chat: Chat, now: datetime, *, gone: bool) -> None:
    """Notifies a group, in its General topic, that a topic with active subscriptions was closed or is gone."""
    active = [
        s for s in subscriptions.subscriptions_of(session, [chat.id])[chat.id] if s.state is SubscriptionState.ACTIVE
    ]
    if not active or not chat.address.topic:
        return
    general = ChatAddress(chat.address.platform, chat.address.address)
    chats.add_chat(
        session,
        general,
        chat.kind,
        now=now,
        zone=session.zone,
        title=chat.title,
        timezone=chat.chosen.get("timezone", ""),
        lang=chat.settings.lang,
        public=chat.public,
    )
    names = " · ".join(s.label for s in active[:_MOST_NAMED]) + (" …" if len(active) > _MOST_NAMED else "")
    notice = chat_notices.TopicGone if gone else chat_notices.TopicClosed
    event = f"{chat.address.topic}:{now.date().isoformat()}"
    notify(session, general, notice(event=event, subscriptions=names), now=now)


def notify_operators_of_trouble(
    store: Scope, admins: Sequence[ChatAddress], *, now: datetime, stopped: Mapping[str, str]
) -> tuple[Lane, ...]:
    """Notifies the operators of messages that are dead, of deliveries that wait for long and of stopped platforms.

    `stopped`: platform -> reason. Returns the lanes of the notices that were stored.
    """
    with store.read() as session:
        known = key_value.get_value(session, _DEAD_NOTIFIED)
        dead = entries.dead_since(session, datetime.fromisoformat(known) if known else None)
        waiting = entries.waiting_since(session, now - entries.LONG)
    lanes: list[Lane] = []
    if dead.count:
        notice = operations.MessagesDead(count=dead.count, reason=dead.reason, ids=" ".join(dead.ids), chat=dead.chat)
        notified = notify_operators(store, admins, notice, now=now)
        if notified:
            with store.write() as session:
                key_value.put_value(session, _DEAD_NOTIFIED, now.isoformat())
        lanes += notified
    for platform, trouble in waiting.items():
        if platform not in stopped:
            late = operations.DeliveriesWaiting(platform=platform, count=trouble.count, reason=trouble.reason)
            lanes += notify_operators(store, admins, late, now=now)
    for platform, reason in stopped.items():
        halt = operations.SendingStopped(platform=platform, reason=reason)
        lanes += notify_operators(store, admins, halt, now=now, but=frozenset({platform}))
    return tuple(lanes)


@writes
def notify_new_version(session: Transaction, admins: Sequence[ChatAddress], version: str, *, now: datetime) -> None:
    """Notifies the operators that another version runs than before; not of the first one."""
    before = key_value.get_value(session, "version")
    if before == version or not key_value.swap_value(session, "version", before, version):
        return
    if before is not None:
        notify_operators(session, admins, operations.VersionChanged(version=version, before=before), now=now)


# ------------------------------------------------------------------------------------------------------------- sources


_TRUSTED = timedelta(minutes=5)  # a slot that ends further ahead is ignored: the clock was set back
_MOST_RUNS = 6  # runs of consecutive days that a notice names one by one
_USUAL = {  # the usual reason for a late source, by `batch`
    True: "arXiv put its announcement off, as on a holiday; status.arxiv.org says so",
    False: "who makes it is late, or has stopped",
}


@writes
def note_poll(transaction: Transaction, receipt: Receipt, state: SourceState, seen: Mapping[str, DocumentSeen]) -> int:
    """Stores the receipt of a poll so far, and the state of its source; returns the receipt's id."""
    sources.store_state(transaction, receipt.source, state, seen)
    return sources.put_receipt(transaction, receipt)


@writes
def claim_slot(transaction: Transaction, publisher: str, most: timedelta, *, wall: datetime) -> timedelta:
    """Takes the slot to ask a publisher, for `most` at the longest. Zero: the caller has it; else how long to wait."""
    while True:
        until = sources.slot_of(transaction, publisher)
        wait = (until or wall) - wall
        if timedelta(0) < wait <= _TRUSTED:
            return wait
        if sources.swap_slot(transaction, publisher, until, wall + most):
            return timedelta(0)


def notify_source(
    store: Scope,
    admins: Sequence[ChatAddress],
    trouble: SourceTrouble | None,
    receipt: Receipt,
    *,
    batch: bool,
    parts: Sequence[str] = (),
    now: datetime,
) -> tuple[Lane, ...]:
    """Notifies the operators of trouble with a source, or with None of its recovery; once a day.

    `batch`: its days are the days of arXiv's announcements. `parts` are the units that have not come, where others
    have.
    Returns the lanes of the notices that were stored.
    """
    return notify_operators(store, admins, _source_notice(store, trouble, receipt, batch, parts), now=now)


def _source_notice(
    store: Scope,
    trouble: SourceTrouble | None,
    receipt: Receipt,
    batch: bool,  # noqa: FBT001 - as in `notify_source`
    parts: Sequence[str],
) -> operations.SourceNotice:
    source = receipt.source
    if trouble is None:
        return operations.SourceRecovered(source=source)
    if trouble is SourceTrouble.SUMMARIES:
        failed, papers = receipt.counts.get("failed_summaries", 0), receipt.counts.get("papers", 0)
        return operations.SummariesFailed(source=source, failed_summaries=failed, papers=papers)
    known = {one.name: one for one in known_sources(store)}.get(source)
    settled_at = known.settled_at if known else None  # when it last had brought all that was due
    since = f"{settled_at:%Y-%m-%d %H:%M} UTC" if settled_at else ""
    if trouble is SourceTrouble.LATE:
        usual, late = _USUAL[batch], ", ".join(parts)
        return operations.SourceOverdue(source=source, since=since, reason=usual, what=receipt.detail, parts=late)
    return operations.SourceFailed(source=source, since=since, reason=receipt.detail)


def runs_in_notice(days: DayRuns) -> DayRuns:
    """(first, last) days as a notice holds them; too many are joined into one."""
    return days if len(days) <= _MOST_RUNS else ((days[0][0], days[-1][1]),)


# --------------------------------------------------------------- papers that came incomplete, for which arXiv is asked


def claim_incomplete(store: Scope, *, now: datetime, ids: int, titles: int) -> tuple[IncompletePaper, ...]:
    """Claims papers to ask arXiv about: at most `ids` with an arXiv id and `titles` without one.

    They count as asked about from then on, so that no other process asks about them, and none is asked about without
    end.
    """
    if not merging.may_be_asked(store, now=now):
        return ()
    with store.write() as transaction:
        merging.hold_asked(transaction)
        may = merging.may_be_asked(transaction, now=now)
        taken = [paper for paper in may if paper.arxiv_id][:ids] + [paper for paper in may if not paper.arxiv_id][
            :titles
        ]
        merging.note_asked(transaction, [paper.id for paper in taken], now=now)
    return tuple(taken)
