"""Looks for matches of a subscription in recent days, and says why if there are none."""

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from subscriptions import zones
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
from subscriptions.notices.chats import NoPapersToday, NothingMatched, PapersMissing
from subscriptions.planning import cadence as cadences
from subscriptions.planning import decision
from subscriptions.planning.decision import DueDelivery
from subscriptions.planning.pauses import AwaitedSource
from subscriptions.planning.receipts import Outcome
from subscriptions.service import notices
from subscriptions.service.kept_queries import kept_queries
from subscriptions.service.next_deliveries import Move
from subscriptions.service.plan_inputs import Window
from subscriptions.store import chats, known_papers
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import CHUNK, Store, Transaction, in_chunks
from subscriptions.store.database.writer import WRITES, Steps
from subscriptions.store.subscriptions import SharedCursor

STREAK_AFTER = 5  # days with papers but no match, until the chat is notified, once

_Days = dict[tuple[int, tzinfo], tuple[date, ...]]
# The due subscriptions, the decision, and whether subscriptions of the chat follow shared cursors or may follow them.
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
    case = due.looked_at, due.zone
    if case not in known:
        known[case] = decision.days_known(due)
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
            chat=notices.name_of(chat),
            place=str(chat.address),
            names=", ".join(due.missing),
            how=due.missing_how,
            count=len(due.missing),
        )
        return _lanes(chat, notices.notify_owner(transaction, chat, notice, now=now))
    timed = any(subscription.cadence.kind != "now" for subscription in due.subscriptions)
    if result is None and timed and due.may_be_empty and chat.settings.quietday == "on":
        quiet = NoPapersToday(chat=notices.name_of(chat), place=str(chat.address))
        return _lanes(chat, notices.notify_owner(transaction, chat, quiet, now=now))
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
        to_owner = NothingMatched(event=event, chat=notices.name_of(chat), known=known, days=streak.days)
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


# ------------------------------------------------ looks at new papers for all subscriptions that follow shared cursors


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in the papers up to a sequence."""

    shared: frozenset[int]  # the shared cursors that are looked at
    upto: int
    queries: Sequence[int]  # ids of those that find a paper
    unmatched: Sequence[int]  # ids of chats that may have to hear that nothing matched for days

    def chats(self, store: Store) -> Iterator[int]:
        """Returns the ids of chats that have matches, each once, query by query."""
        seen = set(self.unmatched)
        yield from self.unmatched
        for part in in_chunks(self.queries):
            with store.read() as transaction:
                found = stored_subscriptions.chats_with(transaction, part, self.shared, self.upto)
            new = [chat for chat in found if chat not in seen]
            seen.update(new)
            yield from new


def look(
    store: Store,
    behind: Sequence[SharedCursor],
    window: Window,
    *,
    now: datetime,
    matching: Callable[[], AbstractContextManager[object]],
) -> Look | None:
    """Matches what followers of the shared cursors `behind` have not seen. None: all of them have quiet hours."""
    upto = window.last_sequence
    awake = [one for one in behind if not _is_quiet(one, store.zone, now)]
    if not awake:
        return None
    shared = frozenset(one.id for one in awake)
    with kept_queries(store) as kept, store.read() as transaction:
        kept.follow(transaction)
        window.cover(transaction, min(one.sequence for one in awake))
        with matching():
            queries = apart(kept.matching(window.indexed()), store, CHUNK)
        return Look(shared, upto, queries, _to_hear_of_no_match(transaction, shared, upto))


def finish(store: Store, found: Look) -> Steps[Sequence[Lane]]:
    """Moves the shared cursors. Everything that was found must be planned and stored, by any process."""
    yield WRITES
    with store.write() as transaction:
        stored_subscriptions.move(transaction, sorted(found.shared), found.upto)
    return ()


def apart(ids: Sequence[int], store: Store, size: int) -> Sequence[int]:
    """The same ids, where other planners may share the database in parts of `size` in random order.

    So two planners seldom work on the same part. This only saves work.
    """
    if store.kind.file is not None:
        return ids
    parts = [ids[first : first + size] for first in range(0, len(ids), size)]
    random.shuffle(parts)
    return [one for part in parts for one in part]


def following(
    transaction: Transaction, looked: Sequence[tuple[Chat, Sequence[Subscription]]], upto: int
) -> Mapping[int, int]:
    """Id of each `now` subscription that has looked at all papers, up to the sequence `upto` -> the shared cursor to follow.

    Empty if there are newer papers by now: another process may be looking at these, and must find all followers.
    """
    if upto < known_papers.last_sequence(transaction):
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


def moves_with_others(subscription: Subscription, case: DueDelivery, moving: Collection[int]) -> bool:
    """Whether a subscription has no new match and follows a shared cursor that moves, so its row can stay as it is.

    After a crash before the move it has seen less than the others of its chat, and looks again.
    """
    first = case.papers.first_after(subscription.cursor)
    return subscription.follows in moving and all(place < first for place in case.fits[subscription.id])


def left_behind(due: Mapping[int, Sequence[Subscription]], planned: Collection[int]) -> list[Move]:
    """Moves that put the due `now` subscriptions of chats that are not planned yet on their own cursors, unchanged.

    The shared cursor that they follow moves past papers that they still have to deliver.
    """
    return [
        (s.id, s.cursor, (s.next_due_at, None))
        for chat_id, of_chat in due.items()
        if chat_id not in planned
        for s in of_chat
        if s.cadence.kind == "now" and s.next_due_at is None
    ]


def _is_quiet(shared: SharedCursor, operator_zone: str, now: datetime) -> bool:
    """Whether it is quiet for all followers. Chats without a zone of their own have the operator's."""
    clocks = {shared.zone}
    if shared.zone == shared.operator_zone:
        clocks.add(operator_zone)
    minute = now.replace(second=0, microsecond=0)
    return all(_is_quiet_at(shared.quiet, zone, minute) for zone in clocks)


@lru_cache(maxsize=4096)
def _is_quiet_at(quiet: str, zone: str, minute: datetime) -> bool:
    return cadences.quiet_until(quiet, zones.zone(zone), minute) is not None


def _to_hear_of_no_match(transaction: Transaction, shared: frozenset[int], upto: int) -> list[int]:
    """Ids of the chats that nothing has matched on so many days with papers that they are to hear of it."""
    newest = known_papers.sequenced_at(transaction, upto)
    if newest is None:
        return []
    before = known_papers.sequence_before(transaction, newest - timedelta(days=STREAK_AFTER - 2))
    days: dict[tuple[int, str], set[date]] = {}
    found = []
    for chat, chosen, after in stored_subscriptions.chats_without_match(transaction, before, shared, upto):
        zone = chosen or transaction.zone
        if (after, zone) not in days:
            moments = known_papers.sequenced_at_between(transaction, after, upto)
            days[after, zone] = {moment.astimezone(zones.zone(zone)).date() for moment in moments}
        if len(days[after, zone]) >= STREAK_AFTER:
            found.append(chat)
    return found
