"""Stores notices about papers that did not come: after how many days without a match, and to whom if strangers read the chat."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, tzinfo

from subscriptions.model import CallbackToken, Chat, ChatKind, Lane, MissingHow, NoMatchStreak, Subscription
from subscriptions.notices.of_missing_papers import NoPapersToday, NothingMatched, PapersMissing
from subscriptions.planning import decision
from subscriptions.planning.next_deliveries import AwaitedSource
from subscriptions.service import notices
from subscriptions.store import chats, known_papers
from subscriptions.store.database.store import Transaction

STREAK_AFTER = 5  # after so many days with papers but without a match, the chat gets one notice

Days = dict[tuple[int, tzinfo], tuple[date, ...]]
_Case = tuple[decision.DueDelivery, decision.Decided]


def is_public(chat: Chat) -> bool:
    """Whether strangers can read a chat. Such a chat gets no notices about papers that did not come."""
    return chat.public or chat.kind is ChatKind.BROADCAST


def how_missing(behind: Sequence[AwaitedSource]) -> MissingHow:
    """Returns why the papers of these sources are missing: "late" if one is late, else "failed" if one failed."""
    return min((one.how for one in behind), key=list(MissingHow).index, default=MissingHow.AWAITED)


def notify_no_match(
    transaction: Transaction, cases: Sequence[_Case], *, last_sequence: int, now: datetime
) -> list[Lane]:
    """Stores the no-match streaks of chats, and the notices that they cause, in the transaction of the decisions.

    A chat gets one notice in each streak. For a public chat, its owner gets the notice. `last_sequence` is the sequence
    up to which the chats have looked. Returns the lanes that got a notice.
    """
    lanes: list[Lane] = []
    streaks: dict[int, NoMatchStreak | None] = {}
    days: Days = {}
    for due, result in cases:
        if is_public(due.chat):
            lanes += _notify_owner(transaction, due, result, now)
        streak = None
        if not (result and result[1]) and decision.nothing_fits(due):
            streak = decision.streak_after(due, _days_of(due, days))
        if streak is not None and _is_to_be_said(due, streak):
            streak = _since_papers_came(transaction, due, streak, last_sequence)
        if streak is not None and _is_to_be_said(due, streak):
            known = known_papers.sequenced_between(transaction, streak.after, last_sequence)
            lanes += _notify_streak(transaction, due, streak, known, now)
            streak = replace(streak, said=True)
        if streak != due.chat.no_match_streak:
            streaks[due.chat.id] = streak
    chats.store_streaks(transaction, streaks)
    return lanes


def _is_to_be_said(due: decision.DueDelivery, streak: NoMatchStreak) -> bool:
    return streak.days >= STREAK_AFTER and not streak.said and due.chat.first_delivery_planned


def _since_papers_came(
    transaction: Transaction, due: decision.DueDelivery, streak: NoMatchStreak, last_sequence: int
) -> NoMatchStreak | None:
    """Returns the streak with only the days after the chat's last delivered paper; None if there are no such days.

    The reason: a weekly subscription counts all days of the week, but another subscription of the chat may have
    delivered papers on some of these days.
    """
    newest = known_papers.newest_delivered(transaction, due.chat.id, streak.after)
    if newest is None:
        return streak
    after, at = newest
    last = at.astimezone(due.zone).date()
    moments = known_papers.sequenced_at_between(transaction, after, last_sequence)
    days = sorted({day for moment in moments if (day := moment.astimezone(due.zone).date()) > last})
    if days:
        return NoMatchStreak(days=len(days), last=days[-1], after=after)
    return None


def _days_of(due: decision.DueDelivery, known: Days) -> tuple[date, ...]:
    """Returns `days_known(due)`, cached in `known`, since most chats last looked at the same papers in the same zone."""
    case = due.looked_at, due.zone
    if case not in known:
        known[case] = decision.days_known(due)
    return known[case]


def _notify_owner(
    transaction: Transaction, due: decision.DueDelivery, result: decision.Decided, now: datetime
) -> list[Lane]:
    chat = due.chat
    if result is not None and due.missing:
        notice = PapersMissing(
            chat=chat.name,
            place=str(chat.address),
            names=", ".join(due.missing),
            how=due.missing_how,
            count=len(due.missing),
        )
        return _lanes(chat, notices.notify_owner(transaction, chat, notice, now=now))
    timed = any(subscription.cadence.kind != "now" for subscription in due.subscriptions)
    if result is None and timed and due.may_be_empty and chat.settings.quietday == "on":
        quiet = NoPapersToday(chat=chat.name, place=str(chat.address))
        return _lanes(chat, notices.notify_owner(transaction, chat, quiet, now=now))
    return []


def _lanes(chat: Chat, notified: bool) -> list[Lane]:  # noqa: FBT001 - result of `notify_owner`
    """Returns the lane of the owner's private chat, if the owner was `notified`."""
    if notified:
        return [Lane(chat.address.platform, chat.owner)]
    return []


def _notify_streak(
    transaction: Transaction, due: decision.DueDelivery, streak: NoMatchStreak, known: int, now: datetime
) -> list[Lane]:
    chat = due.chat
    if is_public(chat):
        event = f"{chat.address}:{streak.after}"
        to_owner = NothingMatched(event=event, chat=chat.name, known=known, days=streak.days)
        return _lanes(chat, notices.notify_owner(transaction, chat, to_owner, now=now))
    notice = NothingMatched(event=str(streak.after), known=known, days=streak.days)
    buttons = _buttons(due.subscriptions) if chat.settings.buttons == "full" else {}
    notified = notices.notify(transaction, chat.address, notice, now=now, buttons=buttons)
    return [chat.address.lane] if notified else []


def _buttons(subscriptions: Sequence[Subscription]) -> Mapping[str, CallbackToken]:
    edit = CallbackToken(verb="edit-ask-page", arguments={"page": 0})
    if len(subscriptions) == 1:
        edit = CallbackToken(verb="edit-ask", arguments={"number": subscriptions[0].number})
    return {"preview": CallbackToken(verb="preview"), "edit": edit, "fine": CallbackToken(verb="fine")}
