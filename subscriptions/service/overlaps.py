"""Which two subscriptions are nearly the same (how many papers and what share both find), may be merged, and the query for both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from subscriptions import errors
from subscriptions.model import Chat, Subscription
from subscriptions.portable import kept_query
from subscriptions.query import papers_of_queries, parse
from subscriptions.query.rewriting import written
from subscriptions.query.tree import Or, Query
from subscriptions.service.recent_matches import recent
from subscriptions.states import SubscriptionState
from subscriptions.store.database.store import Transaction, reads

FEWEST = 5  # papers that two subscriptions must share; fewer prove little
SHARE = 0.8  # of the papers that at least one of the two finds, the share that both must find
MOST_COMPARED = 50  # the first active subscriptions of a chat, which are compared with each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two subscriptions of a chat that find nearly the same papers."""

    first: int  # their numbers
    second: int
    shared: int  # number of papers of the last days that both find
    either: int  # number of papers of the last days that at least one of them finds


@reads
def nearly_same(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, now: datetime
) -> Overlap | None:
    """Returns two subscriptions that share most of their recent papers and can be merged; None if there are none."""
    able = [one for one in subscriptions if one.is_active][:MOST_COMPARED]
    found = recent(transaction, now).find_each(transaction, able, chat).of
    near = sorted(
        (
            (overlap.shared / overlap.either, overlap.shared, overlap, pair)
            for pair in combinations(able, 2)
            if are_alike(*pair) and (overlap := _overlap(*pair, found)) is not None
        ),
        key=lambda one: one[:2],
        reverse=True,
    )
    return next((overlap for _, _, overlap, pair in near if merged_query(*pair) is not None), None)


def _overlap(first: Subscription, second: Subscription, found: Mapping[str, int]) -> Overlap | None:
    """Returns how many papers two subscriptions share; None if they share too few."""
    shared = (found[first.canonical] & found[second.canonical]).bit_count()
    either = (found[first.canonical] | found[second.canonical]).bit_count()
    if shared < max(FEWEST, SHARE * either):
        return None
    return Overlap(first=first.number, second=second.number, shared=shared, either=either)


def are_alike(one: Subscription, other: Subscription) -> bool:
    """Whether two subscriptions can be merged without losing papers or sending them early.

    Both must be active, have the same cursor and be due at the same moments.
    """
    return (
        one.state is other.state is SubscriptionState.ACTIVE
        and (one.cadence, one.zone, one.cursor) == (other.cadence, other.zone, other.cursor)
        and (one.next_due_at, one.counted_until) == (other.next_due_at, other.counted_until)
    )


def merged_query(one: Subscription, other: Subscription) -> Query | None:
    """Returns the query that finds the papers of both, written with their typed texts; None if it cannot be written."""
    try:
        text = written(Or((parse.parse_query(one.text).tree, parse.parse_query(other.text).tree)))
        found = papers_of_queries.asked_beside(kept_query(text).text, (one.canonical, other.canonical))
        meant = parse.parse_canonical(f"({one.canonical}) OR ({other.canonical})")
    except errors.QueryError:  # too long, or too many alternatives
        return None
    if found.canonical == meant.canonical:
        return found
    return None
