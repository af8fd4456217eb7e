"""Exports subscriptions as text, and looks up what was delivered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from subscriptions.errors import NotFound, QueryError, Sentence
from subscriptions.model import Chat, ChatAddress, KnownPaper, Subscription
from subscriptions.portable import kept_query, subscription_line
from subscriptions.query import Or, Query, parse
from subscriptions.query.rewriting import written
from subscriptions.service import requests
from subscriptions.service.changes import begin_change
from subscriptions.service.next_deliveries import get_chat, kind_of
from subscriptions.service.paper_search import recent
from subscriptions.states import SubscriptionState
from subscriptions.store import chats as stored_chats
from subscriptions.store import deliveries, known_papers
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Scope, Transaction, reads, writes

AT_ONCE = 500  # chats that are read in one transaction


def export(store: Scope, address: ChatAddress | None) -> str:
    """The subscriptions of one chat as text, or with None those of all chats with their settings. Raises NotFound."""
    if address is None:
        return "".join(export_all(store))
    with store.read() as transaction:
        chat = get_chat(transaction, address)
        [subscriptions] = stored_subscriptions.subscriptions_of(transaction, [chat.id]).values()
        return _lines([subscription_line(chat, one) for one in subscriptions])


def export_all(store: Scope) -> Iterator[str]:
    """Yields the text of all chats, with their settings, in parts.

    Each part is read in its own transaction, so a slow reader of the text holds up nothing. Every chat is
    complete; what changes meanwhile in chats that were not read yet is in the text.
    """
    after: ChatAddress | None = None
    begun = False
    while True:
        with store.read() as transaction:
            page = stored_chats.chats_after(transaction, after, AT_ONCE, zone=store.zone)
            whole = list(filter(None, _whole(transaction, page)))
        if not page:
            return
        if whole:
            yield ("\n" if begun else "") + "\n".join(whole)
            begun = True
        after = page[-1].address


def _whole(transaction: Transaction, chats: Sequence[Chat]) -> Iterator[str]:
    """Yields all lines that an import needs to make a chat again; "" for one without subscriptions and chosen settings."""
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in chats])
    for chat in chats:
        settings = [f"set {name} {value}" for name, value in sorted(chat.chosen.items())]
        kind = (
            [] if chat.kind is kind_of(chat.address) else [f"set kind {chat.kind}"]
        )  # a channel's address looks like a group's
        lines = [subscription_line(chat, one) for one in subscriptions[chat.id]]
        yield _lines([f"[{chat.address}]", *kind, *settings, *lines]) if settings or lines else ""


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@reads
def delivered(transaction: Transaction, address: ChatAddress, *, since: datetime) -> tuple[KnownPaper, ...]:
    """The papers that messages of a chat showed at `since` or later, in the order in which they came. Raises NotFound."""
    chat = get_chat(transaction, address)
    ids = deliveries.shown_since(transaction, chat.id, since)
    known = known_papers.stored_papers(transaction, ids)
    return tuple(known[paper_id] for paper_id in ids)


# ----------------------------------------------------------------- two subscriptions that bring nearly the same papers


FEWEST = 5  # papers that two subscriptions share; fewer say little
SHARE = 0.8  # of the papers of either, that are papers of both
MOST_COMPARED = 50  # subscriptions of a chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two subscriptions of a chat that bring nearly the same."""

    first: int  # their numbers
    second: int
    shared: int  # papers of the last days that both find
    either: int  # papers that at least one of them finds


@reads
def nearly_same(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, now: datetime
) -> Overlap | None:
    """The two that share most of their papers of the last days and can be merged; None: there are none."""
    able = [one for one in subscriptions if one.state is SubscriptionState.ACTIVE][:MOST_COMPARED]
    found = (
        recent(transaction, now)
        .find(transaction, {one.canonical: parse.parse_canonical(one.canonical) for one in able}, chat)
        .of
    )
    near = sorted(
        (
            (overlap.shared / overlap.either, overlap.shared, overlap, pair)
            for pair in combinations(able, 2)
            if _alike(*pair) and (overlap := _overlap(*pair, found)) is not None
        ),
        key=lambda one: one[:2],
        reverse=True,
    )
    return next((overlap for _, _, overlap, pair in near if _merged(*pair) is not None), None)


def _overlap(first: Subscription, second: Subscription, found: Mapping[str, int]) -> Overlap | None:
    """How much two share, if that is nearly all."""
    shared = (found[first.canonical] & found[second.canonical]).bit_count()
    either = (found[first.canonical] | found[second.canonical]).bit_count()
    if shared < max(FEWEST, SHARE * either):
        return None
    return Overlap(first=first.number, second=second.number, shared=shared, either=either)


@writes
def merge(
    transaction: Transaction, address: ChatAddress, first: int, second: int, *, now: datetime, who: str = ""
) -> requests.Subscribed:
    """Replaces two subscriptions by one that finds what either finds, as one change.

    It has its own number, looks on where both stopped, and comes when they came. Raises NotFound if they are gone, or
    now differ in time or place.
    """
    chat = get_chat(transaction, address)
    known = {one.number: one for one in stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]}
    one, other = known.get(first), known.get(second)
    query = _merged(one, other) if one and other and _alike(one, other) else None
    is_there = query is not None and any(query.canonical == known_one.canonical for known_one in known.values())
    if one is None or other is None or query is None or is_there:
        raise NotFound(Sentence("These two cannot be merged any more."), Sentence("/list shows what there is."))
    begin_change(transaction, chat.id, now=now, who=who)
    stored_subscriptions.remove_subscriptions(transaction, [one.id, other.id])
    since, name = min(one.since, other.since), one.name or other.name
    new = one._replace(number=0, text=query.text, canonical=query.canonical, since=since, name=name)
    added = stored_subscriptions.add_subscription(transaction, new)
    return requests.echo_of(transaction, chat, added, query=query, outcome="added", now=now)


def _alike(one: Subscription, other: Subscription) -> bool:
    """Whether both are in force, have looked at the same papers and come at the same moments: so none is lost or comes early."""
    return (
        one.state is other.state is SubscriptionState.ACTIVE
        and (one.cadence, one.zone, one.cursor) == (other.cadence, other.zone, other.cursor)
        and (one.next_due_at, one.counted_until) == (other.next_due_at, other.counted_until)
    )


def _merged(one: Subscription, other: Subscription) -> Query | None:
    """The query that finds what either finds, in the words of both; None if it cannot be written."""
    try:
        text = written(Or((parse.parse_query(one.text).tree, parse.parse_query(other.text).tree)))
        found = parse.asked_beside(kept_query(text).text, (one.canonical, other.canonical))
        meant = parse.parse_canonical(f"({one.canonical}) OR ({other.canonical})")
    except QueryError:  # too long, or too many alternatives
        return None
    return found if found.canonical == meant.canonical else None
