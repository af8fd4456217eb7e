"""Looks at new papers for all subscriptions that follow shared cursors: matches once, and finds the chats with results.

Only these chats are planned, slice by slice. That moves the own cursors of their subscriptions with results. Then the
shared cursors move, one row for all that matched nothing. A crash before that leaves the shared cursors where they are:
the next process looks again, and passes over subscriptions whose own cursors have moved.

Invariant: a follower has seen everything up to the shared cursor (`following`), and a changed subscription follows it
no more. So all that follow it when it moves were matched.
"""

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from subscriptions import zones
from subscriptions.model import Chat, Lane, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning.decision import DueDelivery
from subscriptions.service.planner.kept_queries import kept_queries
from subscriptions.service.planner.no_match import STREAK_AFTER
from subscriptions.service.planner.window import Window
from subscriptions.service.subscriptions.next_deliveries import Move
from subscriptions.store import WRITES, Steps, Store, Transaction, shared_cursors
from subscriptions.store.database.store import CHUNK, in_chunks
from subscriptions.store.papers import known_papers
from subscriptions.store.shared_cursors import SharedCursor


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in the papers up to a sequence."""

    shared: frozenset[int]  # the shared cursors that are looked at
    upto: int
    queries: Sequence[int]  # ids of those that find a paper
    unmatched: Sequence[int]  # ids of chats that may have to hear that nothing matched for days

    def chats(self, store: Store) -> Iterator[int]:
        """Ids of the chats that have something, those of some queries after the other; each once."""
        seen = set(self.unmatched)
        yield from self.unmatched
        for part in in_chunks(self.queries):
            with store.read() as transaction:
                found = shared_cursors.chats_with(transaction, part, self.shared, self.upto)
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
        shared_cursors.move(transaction, sorted(found.shared), found.upto)
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
                ids[key] = shared_cursors.id_of(transaction, *key, transaction.zone, sequence=upto)
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
    """Whether it is quiet for all followers. Of those who chose no zone the clock changes with the operator's zone."""
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
    for chat, chosen, after in shared_cursors.chats_without_match(transaction, before, shared, upto):
        zone = chosen or transaction.zone
        if (after, zone) not in days:
            moments = known_papers.sequenced_at_between(transaction, after, upto)
            days[after, zone] = {moment.astimezone(zones.zone(zone)).date() for moment in moments}
        if len(days[after, zone]) >= STREAK_AFTER:
            found.append(chat)
    return found
