"""Notices about papers that did not come: none matched, none came, sources are missing. Public chats: to the owner."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo

from subscriptions.model import (
    CallbackToken,
    Chat,
    ChatKind,
    DeliveryKind,
    Facts,
    Item,
    Lane,
    MissingHow,
    NoMatchStreak,
    Subscription,
)
from subscriptions.notices.matches import NoPapersToday, NothingMatched, PapersMissing
from subscriptions.planning.decision import DueDelivery, days_known, nothing_fits, streak_after
from subscriptions.planning.forecast import AwaitedSource
from subscriptions.planning.receipts import Outcome
from subscriptions.service.notices import name_of, notify, notify_owner
from subscriptions.store import Transaction
from subscriptions.store.chat import chats
from subscriptions.store.papers import known_papers

STREAK_AFTER = 5  # days with papers but no match, until the chat is notified, once

_Days = dict[tuple[int, tzinfo], tuple[date, ...]]
# What was due, the decision, and whether subscriptions of the chat follow shared cursors, or may.
_Case = tuple[DueDelivery, tuple[DeliveryKind, tuple[Item, ...], Facts] | None, bool]


def is_public(chat: Chat) -> bool:
    """Whether strangers read a chat: then it gets no notices about papers that did not come."""
    return chat.public or chat.kind is ChatKind.BROADCAST


def how_missing(behind: Sequence[AwaitedSource]) -> MissingHow:
    """How these sources are missing: late if one of them is, else failed if one has, else awaited."""
    outcomes = {one.outcome for one in behind}
    if Outcome.LATE in outcomes:
        return MissingHow.LATE
    return MissingHow.FAILED if Outcome.FAILED in outcomes else MissingHow.AWAITED


def notify_no_match(
    transaction: Transaction, cases: Sequence[_Case], *, last_sequence: int, now: datetime
) -> list[Lane]:
    """Stores the notices that follow from these decisions, and the no-match streaks, in the transaction of the decisions.

    The owner of a public chat is notified instead of the chat. A chat that nothing matches is notified once per streak.
    `last_sequence` is the one up to which papers were looked at. Returns the lanes of the notices.
    """
    lanes: list[Lane] = []
    streaks: dict[int, NoMatchStreak | None] = {}
    days: _Days = {}
    days_after: _Days = {}
    for due, result, follows in cases:
        if is_public(due.chat):
            lanes += _notify_owner(transaction, due, result, now)
        brings = bool(result and result[1])
        streak = None if brings or not nothing_fits(due) else streak_after(due, _days_of(due, days))
        if follows and streak is not None and not streak.said:
            streak = _counted(transaction, due, streak, last_sequence, days_after)
        if streak is not None and _is_to_be_said(due, streak):
            streak = _since_papers_came(transaction, due, streak, last_sequence)
        if streak is not None and _is_to_be_said(due, streak):
            known = known_papers.sequenced_between(transaction, streak.after, last_sequence)
            lanes += _notify_streak(transaction, due, streak, known, now)
            streak = replace(streak, said=True)
        if follows and streak is None:
            streak = _begun(due, last_sequence, lazily=brings)
        if streak != due.chat.no_match_streak:
            streaks[due.chat.id] = streak
    chats.store_streaks(transaction, streaks)
    return lanes


def _begun(due: DueDelivery, last_sequence: int, *, lazily: bool) -> NoMatchStreak:
    """A streak of no day yet. Plans skip a chat whose followers match nothing, so the start is stored beforehand.

    `lazily`: a streak that began earlier stays, so few are written. Later deliveries are found before the notice.
    """
    before = due.chat.no_match_streak
    if lazily and before is not None and not before.said:
        return before
    today = due.now.astimezone(due.zone).date()
    return NoMatchStreak(days=0, last=today - timedelta(days=1), after=last_sequence)


def _counted(
    transaction: Transaction, due: DueDelivery, streak: NoMatchStreak, last_sequence: int, known: _Days
) -> NoMatchStreak:
    """The streak with the days on which papers came and the chat was not planned, since none of them matched. Cached."""
    case = streak.after, due.zone
    if case not in known:
        moments = known_papers.sequenced_at_between(transaction, streak.after, last_sequence)
        known[case] = tuple(sorted({moment.astimezone(due.zone).date() for moment in moments}))
    found = known[case]
    return replace(streak, days=len(found), last=found[-1]) if found else streak


def _is_to_be_said(due: DueDelivery, streak: NoMatchStreak) -> bool:
    return streak.days >= STREAK_AFTER and not streak.said and due.chat.first_delivery_planned


def _since_papers_came(
    transaction: Transaction, due: DueDelivery, streak: NoMatchStreak, last_sequence: int
) -> NoMatchStreak | None:
    """The days of a streak after the last paper that was delivered to the chat; None: there are none.

    A subscription that looks back over days counts them all, and another one may have brought papers on some.
    """
    newest = known_papers.newest_delivered(transaction, due.chat.id, streak.after)
    if newest is None:
        return streak
    after, at = newest
    moments = known_papers.sequenced_at_between(transaction, after, last_sequence)
    day = at.astimezone(due.zone).date()
    days = sorted({there for moment in moments if (there := moment.astimezone(due.zone).date()) > day})
    return NoMatchStreak(days=len(days), last=days[-1], after=after) if days else None


def _days_of(due: DueDelivery, known: _Days) -> tuple[date, ...]:
    """The result of `days_known`, cached: most chats last looked at the same papers, and many share a zone."""
    case = min(due.cursor.values()), due.zone
    if case not in known:
        known[case] = days_known(due)
    return known[case]


def _notify_owner(
    transaction: Transaction,
    due: DueDelivery,
    result: tuple[DeliveryKind, tuple[Item, ...], Facts] | None,
    now: datetime,
) -> list[Lane]:
    chat = due.chat
    if result is not None and due.missing:
        notice = PapersMissing(
            chat=name_of(chat),
            place=str(chat.address),
            names=", ".join(due.missing),
            how=due.missing_how,
            count=len(due.missing),
        )
        return _lanes(chat, notify_owner(transaction, chat, notice, now=now))
    timed = any(subscription.cadence.kind != "now" for subscription in due.subscriptions)
    if result is None and timed and due.may_be_empty and chat.settings.quietday == "on":
        quiet = NoPapersToday(chat=name_of(chat), place=str(chat.address))
        return _lanes(chat, notify_owner(transaction, chat, quiet, now=now))
    return []


def _lanes(chat: Chat, notified: bool) -> list[Lane]:  # noqa: FBT001 - result of `notify_owner`
    """The lane of the private chat with the owner, if the owner was `notified`."""
    return [Lane(chat.address.platform, chat.owner)] if notified else []


def _notify_streak(
    transaction: Transaction, due: DueDelivery, streak: NoMatchStreak, known: int, now: datetime
) -> list[Lane]:
    chat = due.chat
    if is_public(chat):
        event = f"{chat.address}:{streak.after}"
        to_owner = NothingMatched(event=event, chat=name_of(chat), known=known, days=streak.days)
        return _lanes(chat, notify_owner(transaction, chat, to_owner, now=now))
    notice = NothingMatched(event=str(streak.after), known=known, days=streak.days)
    buttons = _buttons(due.subscriptions) if chat.settings.buttons == "full" else {}
    notified = notify(transaction, chat.address, notice, now=now, buttons=buttons)
    return [chat.address.lane] if notified else []


def _buttons(subscriptions: Sequence[Subscription]) -> Mapping[str, CallbackToken]:
    edit = CallbackToken(verb="edit-ask-page", arguments={"page": 0})
    if len(subscriptions) == 1:
        edit = CallbackToken(verb="edit-ask", arguments={"number": subscriptions[0].number})
    return {"preview": CallbackToken(verb="preview"), "edit": edit, "fine": CallbackToken(verb="fine")}
