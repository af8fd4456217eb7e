"""Stores notices about papers that did not come. Looks for matches of all subscriptions that follow shared cursors."""

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from subscriptions import model, zones
from subscriptions.notices import NoPapersToday, NothingMatched, PapersMissing
from subscriptions.planning import cadence as cadences
from subscriptions.planning import decision
from subscriptions.planning.forecast import AwaitedSource, Move
from subscriptions.service import notices
from subscriptions.service.plan_inputs import Window, kept_queries
from subscriptions.store import bot_state, chats, known_papers
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database import store as stored_store
from subscriptions.store.database.store import Store, Transaction

STREAK_AFTER = 5  # after so many days with papers but without a match, the chat gets one notice

_Days = dict[tuple[int, tzinfo], tuple[date, ...]]
# (due subscriptions, decision, whether subscriptions of the chat follow shared cursors or may follow them)
_Case = tuple[decision.DueDelivery, decision.Decided, bool]


def is_public(chat: model.Chat) -> bool:
    """Whether strangers can read a chat. Such a chat gets no notices about papers that did not come."""
    return chat.public or chat.kind is model.ChatKind.BROADCAST


def how_missing(behind: Sequence[AwaitedSource]) -> model.MissingHow:
    """Returns why the papers of these sources are missing: "late" if one is late, else "failed" if one failed."""
    return min((one.how for one in behind), key=list(model.MissingHow).index, default=model.MissingHow.AWAITED)


def notify_no_match(
    transaction: Transaction, cases: Sequence[_Case], *, last_sequence: int, now: datetime
) -> list[model.Lane]:
    """Stores the no-match streaks of chats, and the notices that they cause, in the transaction of the decisions.

    A chat gets one notice in each streak. For a public chat, its owner gets the notice. `last_sequence` is the sequence
    up to which the chats have looked. Returns the lanes that got a notice.
    """
    lanes: list[model.Lane] = []
    streaks: dict[int, model.NoMatchStreak | None] = {}
    days: _Days = {}
    days_after: _Days = {}
    for due, result, follows in cases:
        if is_public(due.chat):
            lanes += _notify_owner(transaction, due, result, now)
        brings = bool(result and result[1])
        streak = None if brings or not decision.nothing_fits(due) else decision.streak_after(due, _days_of(due, days))
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


def _begun(due: decision.DueDelivery, last_sequence: int, *, lazily: bool) -> model.NoMatchStreak:
    """Returns a streak of zero days that begins now.

    The start of a streak has to be stored in advance, since plans skip a chat if the subscriptions that follow shared
    cursors match nothing. `lazily`: keeps a streak that began earlier, to save writes. `_since_papers_came` corrects it
    later.
    """
    before = due.chat.no_match_streak
    if lazily and before is not None and not before.said:
        return before
    today = due.now.astimezone(due.zone).date()
    return model.NoMatchStreak(days=0, last=today - timedelta(days=1), after=last_sequence)


def _counted(
    transaction: Transaction, due: decision.DueDelivery, streak: model.NoMatchStreak, last_sequence: int, known: _Days
) -> model.NoMatchStreak:
    """Returns the streak with all days since its start on which papers came. Plans that skipped the chat counted none.

    `known` is a cache of days.
    """
    found = _days_between(transaction, streak.after, last_sequence, due.zone, known)
    return replace(streak, days=len(found), last=found[-1]) if found else streak


def _is_to_be_said(due: decision.DueDelivery, streak: model.NoMatchStreak) -> bool:
    return streak.days >= STREAK_AFTER and not streak.said and due.chat.first_delivery_planned


def _since_papers_came(
    transaction: Transaction, due: decision.DueDelivery, streak: model.NoMatchStreak, last_sequence: int
) -> model.NoMatchStreak | None:
    """Returns the streak with only the days after the chat's last delivered paper; None if there are no such days.

    The reason: a weekly subscription counts all days of the week, but another subscription of the chat may have
    delivered papers on some of these days.
    """
    newest = known_papers.newest_delivered(transaction, due.chat.id, streak.after)
    if newest is None:
        return streak
    after, at = newest
    last = at.astimezone(due.zone).date()
    days = [day for day in _days_between(transaction, after, last_sequence, due.zone, {}) if day > last]
    return model.NoMatchStreak(days=len(days), last=days[-1], after=after) if days else None


def _days_between(transaction: Transaction, after: int, upto: int, zone: tzinfo, known: _Days) -> tuple[date, ...]:
    """Returns the local days on which papers with after < sequence <= upto came, ascending. `known` is a cache."""
    if (after, zone) not in known:
        moments = known_papers.sequenced_at_between(transaction, after, upto)
        known[after, zone] = tuple(sorted({moment.astimezone(zone).date() for moment in moments}))
    return known[after, zone]


def _days_of(due: decision.DueDelivery, known: _Days) -> tuple[date, ...]:
    """Returns `days_known(due)`, cached in `known`, since most chats last looked at the same papers in the same zone."""
    case = due.looked_at, due.zone
    if case not in known:
        known[case] = decision.days_known(due)
    return known[case]


def _notify_owner(
    transaction: Transaction, due: decision.DueDelivery, result: decision.Decided, now: datetime
) -> list[model.Lane]:
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


def _lanes(chat: model.Chat, notified: bool) -> list[model.Lane]:  # noqa: FBT001 - result of `notify_owner`
    """Returns the lane of the owner's private chat, if the owner was `notified`."""
    return [model.Lane(chat.address.platform, chat.owner)] if notified else []


def _notify_streak(
    transaction: Transaction, due: decision.DueDelivery, streak: model.NoMatchStreak, known: int, now: datetime
) -> list[model.Lane]:
    chat = due.chat
    if is_public(chat):
        event = f"{chat.address}:{streak.after}"
        to_owner = NothingMatched(event=event, chat=chat.name, known=known, days=streak.days)
        return _lanes(chat, notices.notify_owner(transaction, chat, to_owner, now=now))
    notice = NothingMatched(event=str(streak.after), known=known, days=streak.days)
    buttons = _buttons(due.subscriptions) if chat.settings.buttons == "full" else {}
    notified = notices.notify(transaction, chat.address, notice, now=now, buttons=buttons)
    return [chat.address.lane] if notified else []


def _buttons(subscriptions: Sequence[model.Subscription]) -> Mapping[str, model.CallbackToken]:
    edit = model.CallbackToken(verb="edit-ask-page", arguments={"page": 0})
    if len(subscriptions) == 1:
        edit = model.CallbackToken(verb="edit-ask", arguments={"number": subscriptions[0].number})
    return {"preview": model.CallbackToken(verb="preview"), "edit": edit, "fine": model.CallbackToken(verb="fine")}


# ------------------------------------------------ looks at new papers for all subscriptions that follow shared cursors


@dataclass(frozen=True, slots=True)
class Look:
    """What a search for matches found in the papers up to the sequence `upto`."""

    shared: frozenset[int]  # the shared cursors whose followers were searched for
    upto: int
    queries: Sequence[int]  # ids of the queries that find a paper
    unmatched: Sequence[int]  # ids of chats that may have to be told that nothing matched for days

    def chats(self, store: Store) -> Iterator[int]:
        """Yields the ids of `unmatched` chats, then of chats with matches, query by query. Yields each id once."""
        seen = set(self.unmatched)
        yield from self.unmatched
        for part in stored_store.in_chunks(self.queries):
            with store.read() as transaction:
                found = stored_subscriptions.chats_with(transaction, part, self.shared, self.upto)
            new = [chat for chat in found if chat not in seen]
            seen.update(new)
            yield from new


def look(
    store: Store,
    behind: Sequence[stored_subscriptions.SharedCursor],
    window: Window,
    *,
    now: datetime,
    matching: Callable[[], AbstractContextManager[object]],
) -> Look | None:
    """Matches papers with the queries of subscriptions that follow the shared cursors `behind`.

    `behind` has the shared cursors that have not passed the newest papers. Returns None if all followers have quiet
    hours now.
    """
    upto = window.last_sequence
    awake = [one for one in behind if not _is_quiet(one, store.zone, now)]
    if not awake:
        return None
    shared = frozenset(one.id for one in awake)
    with kept_queries(store) as kept, store.read() as transaction:
        kept.follow(transaction)
        window.cover(transaction, min(one.sequence for one in awake))
        with matching():
            queries = apart(kept.matching(window.indexed()), store, stored_store.CHUNK)
        return Look(shared, upto, queries, _to_hear_of_no_match(transaction, shared, upto))


@stored_store.writes
def finish(transaction: Transaction, found: Look) -> None:
    """Moves the shared cursors forward, for all their followers.

    Before this, all matches must be planned and stored, by this process or by others.
    """
    stored_subscriptions.move(transaction, sorted(found.shared), found.upto)


def apart(ids: Sequence[int], store: Store, size: int) -> Sequence[int]:
    """Returns the same ids. On PostgreSQL, where other planners may run, mixes parts of `size` ids randomly.

    So two planners rarely work on the same part at once. Even then, the result is correct.
    """
    if store.kind.file is not None:
        return ids
    parts = [ids[first : first + size] for first in range(0, len(ids), size)]
    random.shuffle(parts)
    return [one for part in parts for one in part]


def following(
    transaction: Transaction, looked: Sequence[tuple[model.Chat, Sequence[model.Subscription]]], upto: int
) -> Mapping[int, int]:
    """Returns subscription id -> the shared cursor to follow, for `now` subscriptions that have looked up to `upto`.

    Returns {} if there are papers above `upto`. Another process may be matching these papers, and would not find new
    followers.
    """
    if upto < bot_state.last_sequence(transaction):
        return {}
    ids: dict[tuple[str, str], int | None] = {}
    follow: dict[int, int] = {}
    for chat, subscriptions in looked:
        key = chat.settings.quiet, chat.settings.timezone
        for subscription in subscriptions:
            if subscription.cadence.kind != "now":
                continue
            if key not in ids:
                ids[key] = stored_subscriptions.id_of(transaction, *key, transaction.zone, sequence=upto)
            if (followed := ids[key]) is not None:
                follow[subscription.id] = followed
    return follow


def moves_with_others(subscription: model.Subscription, case: decision.DueDelivery, moving: Collection[int]) -> bool:
    """Whether a subscription has no new match and follows a shared cursor that moves, so that its row need not change.

    After a crash before the move, its cursor is lower than those of the chat's other subscriptions, and it looks at the
    same papers again.
    """
    first = case.papers.first_after(subscription.cursor)
    return subscription.follows in moving and all(place < first for place in case.fits[subscription.id])


def left_behind(due: Mapping[int, Sequence[model.Subscription]], planned: Collection[int]) -> list[Move]:
    """Returns moves by which the due `now` subscriptions of chats that are not planned leave their shared cursor.

    Each subscription keeps its present cursor as its own cursor. Otherwise the shared cursor would move past papers
    that the subscription still has to deliver.
    """
    return [
        (s.id, s.cursor, (s.next_due_at, None))
        for chat_id, of_chat in due.items()
        if chat_id not in planned
        for s in of_chat
        if s.cadence.kind == "now" and s.next_due_at is None
    ]


def _is_quiet(shared: stored_subscriptions.SharedCursor, operator_zone: str, now: datetime) -> bool:
    """Whether all followers of a shared cursor have quiet hours now.

    Chats that chose no zone have the operator's zone.
    """
    clocks = {shared.zone}
    if shared.zone == shared.operator_zone:
        clocks.add(operator_zone)
    minute = now.replace(second=0, microsecond=0)
    return all(_is_quiet_at(shared.quiet, zone, minute) for zone in clocks)


@lru_cache(maxsize=4096)
def _is_quiet_at(quiet: str, zone: str, minute: datetime) -> bool:
    return cadences.quiet_until(quiet, zones.zone(zone), minute) is not None


def _to_hear_of_no_match(transaction: Transaction, shared: frozenset[int], upto: int) -> list[int]:
    """Returns the ids of chats that may have to be told: nothing matched on STREAK_AFTER or more days with papers."""
    newest = known_papers.sequenced_at(transaction, upto)
    if newest is None:
        return []
    before = known_papers.sequence_before(transaction, newest - timedelta(days=STREAK_AFTER - 2))
    days: _Days = {}
    without = stored_subscriptions.chats_without_match(transaction, before, shared, upto)
    return [
        chat
        for chat, chosen, after in without
        if len(_days_between(transaction, after, upto, zones.zone(chosen or transaction.zone), days)) >= STREAK_AFTER
    ]
