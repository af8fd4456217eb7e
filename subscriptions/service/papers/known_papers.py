"""Papers that subscriptions have still to deliver."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from subscriptions.matching.features import distinctive_terms
from subscriptions.matching.hits import why
from subscriptions.matching.paper_index import matching_papers
from subscriptions.model import Because, Chat, ChatAddress, Item, KnownPaper, Lane, Subscription
from subscriptions.query.parsing.parse import parse_canonical
from subscriptions.service.papers.counting import Entries, find, number_of
from subscriptions.store.chat import chats as stored_chats
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Store, Transaction, reads
from subscriptions.store.outbox import deliveries, planned
from subscriptions.store.papers import index, known_papers

V = TypeVar("V")
_MOST = 4  # of a kind that are cached at once: days, spans of sequences, or stretches, some 2 MB each


@dataclass(slots=True)
class _Kept:
    state: tuple[Any, ...]  # of the papers
    kinds: dict[str, dict[Any, Any]]


_KEPT: WeakKeyDictionary[Store, _Kept] = WeakKeyDictionary()


def kept(transaction: Transaction, kind: str) -> dict[Any, Any]:
    """What is cached of a kind, by key; nothing if papers came since."""
    state, cache = known_papers.state_of_papers(transaction), _KEPT.get(transaction.store)
    if cache is None or cache.state != state:
        cache = _KEPT[transaction.store] = _Kept(state, {used: {} for used in (cache.kinds if cache else ())})
    return cache.kinds.setdefault(kind, {})


def keep(transaction: Transaction, kind: str, key: object, make: Callable[[], V]) -> V:
    """The cached value of a kind with this key; makes it if it is not cached."""
    cached = kept(transaction, kind)
    found: V | None = cached.get(key)
    if found is None:
        found = make()
        while len(cached) >= _MOST:
            cached.pop(next(iter(cached)), None)
        cached[key] = found
    return found


def is_used(store: Store, kind: str) -> bool:
    """Whether this process has asked for anything of a kind."""
    return store in _KEPT and kind in _KEPT[store].kinds


def entries_of_day(transaction: Transaction, day: date) -> Entries:
    """The papers that were announced on a day."""
    return keep(
        transaction, "day", day, lambda: Entries.of(index.news(transaction, None, since=day, until=day), whole=True)
    )


def entries_after(transaction: Transaction, after: int, upto: int) -> Entries:
    """The papers with after < sequence <= upto, and perhaps some before and after them."""
    spans = list(kept(transaction, "span"))
    span = next(((start, end) for start, end in spans if start <= after and upto <= end), (after, upto))
    return keep(transaction, "span", span, lambda: Entries.of(index.sequenced(transaction, *span), whole=True))


# --------------------------------------------------------------------- papers that subscriptions have still to deliver


def undelivered(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, upto: int
) -> dict[int, set[int]]:
    """Subscription id → ids of the papers that it has still to deliver, up to the sequence `upto`."""
    after = min((subscription.cursor for subscription in subscriptions), default=upto)
    if after >= upto:
        return {}
    entries = entries_after(transaction, after, upto)
    wanted = entries.papers & ~entries.sequenced_after(upto)
    if chat.settings.crosslists == "out":
        wanted &= ~entries.crosslisted
    found = {
        subscription.id: set(
            map(number_of, entries.newest_first(_fitting_undelivered(transaction, entries, subscription) & wanted))
        )
        for subscription in subscriptions
    }
    delivered = planned.delivered(transaction, [chat.id], set().union(*found.values()))[chat.id]
    return {subscription_id: ids - delivered for subscription_id, ids in found.items()}


def _fitting_undelivered(transaction: Transaction, entries: Entries, subscription: Subscription) -> int:
    """The papers above a subscription's cursor that it matches, as a set."""
    hits = find(transaction, entries, parse_canonical(subscription.canonical), most_read=None)
    return hits.bits & entries.sequenced_after(subscription.cursor)


# ------------------------------------------------------------------------------------- papers as people ask about them

# what was delivered and why, and words that a subscription could exclude.


TITLES_COMPARED = 200  # of the papers that were delivered to a chat last
TITLES_KNOWN = 1500  # of the papers that were announced last


@reads
def where_delivered(transaction: Transaction, lane: Lane, delivery: str) -> ChatAddress | None:
    """The chat of a lane, a group or one of its topics, to which a delivery went; None: none of them."""
    chats = stored_chats.chats_in(transaction, lane, zone=transaction.zone)
    delivered = (
        chat.address for chat in chats if deliveries.delivered_items(transaction, chat.id, delivery, position=0)
    )
    return next(delivered, None)


@reads
def last_papers(transaction: Transaction, chat: Chat) -> dict[int, int]:
    """The papers of the last delivery to a chat, by their numbers there."""
    return {at + 1: paper for at, paper in deliveries.last_delivered(transaction, chat.id).items()}


@reads
def as_item(transaction: Transaction, chat: Chat, known: KnownPaper) -> Item:
    """A paper as it was delivered to this chat; else with the subscriptions that it matches now."""
    delivered = deliveries.delivered_item(transaction, chat.id, known.id)
    subscriptions = () if delivered else stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    return delivered or Item(paper=known, because=_fitting(subscriptions, known), position=0)


@reads
def subscriptions_behind(transaction: Transaction, chat: Chat, item: Item) -> tuple[Subscription, ...]:
    """The subscriptions that brought a paper, as they are now; without removed ones."""
    numbers = [because.number for because in item.because]
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    found = {subscription.number: subscription for subscription in subscriptions}
    return tuple(found[number] for number in dict.fromkeys(numbers) if number in found)


@reads
def distinctive_words(transaction: Transaction, chat: Chat, subscription: Subscription, item: Item) -> tuple[str, ...]:
    """Words of a paper's title that are rare in other titles: a subscription could exclude them."""
    others = deliveries.delivered_titles(transaction, chat.id, TITLES_COMPARED)
    known = known_papers.newest_titles(transaction, TITLES_KNOWN)
    return distinctive_terms(
        item.paper.paper.title, parse_canonical(subscription.canonical), others=others, known=known
    )


def _fitting(subscriptions: Sequence[Subscription], known: KnownPaper) -> tuple[Because, ...]:
    found = []
    for subscription in subscriptions:
        query = parse_canonical(subscription.canonical)
        if not matching_papers(query, [known.paper]):
            continue
        words = dict.fromkeys(word for hit in why(query, known.paper) for word in hit.terms)
        found.append(
            Because(
                number=subscription.number, text=subscription.text, name=subscription.name, words=tuple(words), added_by=subscription.added_by
            )
        )  # fmt: skip
    return tuple(found)
