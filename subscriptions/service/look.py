"""Looks at new papers for all subscriptions that follow shared cursors: who follows one or leaves it, who waits in quiet hours."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from subscriptions import zones
from subscriptions.model import Chat, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning import decision
from subscriptions.planning.forecast import Move
from subscriptions.service.no_match import STREAK_AFTER, Days, days_between
from subscriptions.service.plan_inputs import Window, vectors_of
from subscriptions.store import known_papers, paper_sequence
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Store, Transaction, in_chunks


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
        for part in in_chunks(self.queries):
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
    with store.read() as transaction:
        window.cover(transaction, min(one.sequence for one in awake))
        asked = stored_subscriptions.all_queries(transaction)
        window.vectors |= vectors_of(transaction, (canonical for _, canonical in asked))
        index = window.indexed()
        queries = [query for query, canonical in asked if index.found_by(window.query(canonical))]
        return Look(shared, upto, queries, _to_hear_of_no_match(transaction, shared, upto))


def following(
    transaction: Transaction, looked: Sequence[tuple[Chat, Sequence[Subscription]]], upto: int
) -> Mapping[int, int]:
    """Returns subscription id -> the shared cursor to follow, for `now` subscriptions that have looked up to `upto`.

    Returns {} if there are papers above `upto`. Another process may be matching these papers, and would not find new
    followers.
    """
    if upto < paper_sequence.last_sequence(transaction):
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


def moves_with_others(subscription: Subscription, case: decision.DueDelivery, moving: Collection[int]) -> bool:
    """Whether a subscription has no new match and follows a shared cursor that moves, so that its row need not change.

    After a crash before the move, its cursor is lower than those of the chat's other subscriptions, and it looks at the
    same papers again.
    """
    first = case.papers.first_after(subscription.cursor)
    return subscription.follows in moving and all(place < first for place in case.fits[subscription.id])


def left_behind(due: Mapping[int, Sequence[Subscription]], planned: Collection[int]) -> list[Move]:
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
    days: Days = {}
    without = stored_subscriptions.chats_without_match(transaction, before, shared, upto)
    return [
        chat
        for chat, chosen, after in without
        if len(days_between(transaction, after, upto, zones.zone(chosen or transaction.zone), days)) >= STREAK_AFTER
    ]
