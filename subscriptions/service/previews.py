"""Previews: what subscriptions find in so many days or on the newest day, what would be sent now, and how many papers are shown."""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial, reduce
from itertools import repeat
from operator import or_

from subscriptions import zones
from subscriptions.matching.paper_index import TokenizedPapers
from subscriptions.model import Because, Cadence, Chat, ChatAddress, Delivery, Item, KnownPaper, Paper, Subscription
from subscriptions.planning import decision
from subscriptions.planning.next_deliveries import NextDelivery
from subscriptions.query.parse import parse_query
from subscriptions.query.tree import Query
from subscriptions.service import known_papers as index
from subscriptions.service import listing, plan_inputs, undelivered_papers
from subscriptions.service.near_papers import with_vectors_for
from subscriptions.service.pausing import with_ended_pauses
from subscriptions.service.plan import decide_now
from subscriptions.service.recent_matches import Base, recent
from subscriptions.service.taste import tastes
from subscriptions.store import paper_sequence, paper_words, planned_deliveries
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, reads

MOST_SHOWN = 20  # papers that a preview shows at most, because it has no button [show]
MOST_READ = 60  # newest papers of a reply that are read to find out what matched; each takes a millisecond
_FEW = 3  # at least so many papers are read for each subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What subscriptions of a chat find in some papers, such as those of the newest day."""

    # the subscriptions that were tried; number 0: a query without a subscription
    subscriptions: tuple[Subscription, ...]
    query: Query | None  # the query that was tried, if it is not a subscription of the chat
    delivery: Delivery | None = None  # the papers that they find, as a delivery would show them; None: no papers
    delivered: int = 0  # number of found papers that were delivered to the chat before
    base: Base = field(default=Base())  # the papers that were searched
    day: date | None = None  # the day of these papers, if they are of one day
    waiting: int = 0  # number of papers that these subscriptions still have to deliver


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Some papers, and what subscriptions of a chat find in them."""

    chat: Chat
    subscriptions: Sequence[Subscription]
    entries: index.Entries
    fits: Mapping[int, int]  # subscription id -> the set of papers that it finds
    delivered: int = 0  # the set of papers that the chat already has, which are left out
    limited: bool = True
    first: bool = False  # it would be the first delivery of the chat
    known: int  # number of papers that were searched

    @property
    def union(self) -> int:
        """The set of papers that at least one of the subscriptions finds."""
        return reduce(or_, self.fits.values(), 0)


@reads
def preview_recent(transaction: Transaction, chat: Chat, *, now: datetime, which: str = "") -> Trial:
    """Returns what subscriptions of a chat find in the papers of the last days, including delivered ones. Stores nothing.

    `which` is the number of a subscription, or a query; "": all active subscriptions. Raises QueryError.
    """
    subscriptions, query = _chosen(transaction, chat, which, now)
    window = recent(transaction, now)
    sets = window.find_each(transaction, subscriptions, chat)
    case = _Case(
        chat=_with_limit(chat),
        subscriptions=subscriptions,
        entries=window.entries,
        fits={subscription.id: sets.of[subscription.canonical] for subscription in subscriptions},
        known=sets.base.of,
    )
    delivered = _delivered_in(transaction, chat, window.entries, sets.union)
    delivery = _delivery(transaction, "preview", case, now, read_all=False)
    waiting: set[int] = set()
    if query is None:
        last = paper_sequence.last_sequence(transaction)
        waiting.update(*undelivered_papers.undelivered(transaction, chat, subscriptions, upto=last).values())
    return Trial(
        subscriptions=subscriptions,
        query=query,
        delivery=delivery,
        delivered=len(delivered),
        waiting=len(waiting),
        base=sets.base,
    )


def newest_day(transaction: Transaction, chat: Chat, *, now: datetime, which: str = "") -> Trial:
    """Returns what subscriptions of a chat find on the newest day with announcements, also what the chat has. Raises QueryError.

    The day of the result is None if no paper was ever announced. Its delivery is None if nothing fits. Stores nothing.
    """
    subscriptions, query = _chosen(transaction, chat, which, now)
    day = paper_words.newest_day(transaction)
    if day is None:
        return Trial(subscriptions=subscriptions, query=query)
    entries = index.entries_of_day(transaction, day)
    base = Base(days=1, of=entries.papers.bit_count())
    case = _Case(
        chat=_with_limit(chat),
        subscriptions=subscriptions,
        entries=entries,
        fits={subscription.id: _fitting(transaction, entries, subscription) for subscription in subscriptions},
        known=base.of,
    )
    delivered = _delivered_in(transaction, chat, entries, case.union)
    delivery = _delivery(transaction, secrets.token_hex(8), case, now, read_all=False)
    return Trial(
        subscriptions=subscriptions, query=query, delivery=delivery, delivered=len(delivered), base=base, day=day
    )


def unstored_subscription(chat: Chat, query: Query, now: datetime) -> Subscription:
    """Returns a subscription for a query without storing it. Its id and number are 0."""
    return Subscription(
        id=0,
        chat_id=chat.id,
        number=0,
        text=query.text.strip(),
        canonical=query.canonical,
        cadence=Cadence(kind="now"),
        zone=None,
        since=now,
        cursor=0,
        next_due_at=None,
    )


def _chosen(
    transaction: Transaction, chat: Chat, which: str, now: datetime
) -> tuple[tuple[Subscription, ...], Query | None]:
    """Returns (the subscriptions that `which` names, the query in `which` if no subscription of the chat has it)."""
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    if not which.strip():
        return tuple(subscription for subscription in subscriptions if subscription.is_active), None
    if found := listing.named(subscriptions, which):
        return (found,), None
    query = with_vectors_for(transaction, parse_query(which), chat.id)
    return (unstored_subscription(chat, query, now),), query


def _fitting(transaction: Transaction, entries: index.Entries, subscription: Subscription) -> int:
    return index.find(transaction, entries, plan_inputs.stored_query(subscription.canonical), most_read=None).bits


def _delivered_in(transaction: Transaction, chat: Chat, entries: index.Entries, found: int) -> set[int]:
    """Returns the ids of the papers in the set `found` that were delivered to the chat or are in its library."""
    numbers = {index.number_of(key) for key in entries.newest_first(found)}
    return planned_deliveries.delivered(transaction, [chat.id], numbers)[chat.id]


def _with_limit(chat: Chat) -> Chat:
    """Returns the chat with a limit of at most MOST_SHOWN papers, since a reply shows no more."""
    return chat._replace(settings=replace(chat.settings, limit=min(chat.settings.limit or MOST_SHOWN, MOST_SHOWN)))


def _delivery(transaction: Transaction, name: str, case: _Case, now: datetime, *, read_all: bool) -> Delivery | None:
    """Returns the delivery that a plan would make of a case, if all its papers were new; None if it has no papers.

    Without `read_all`, reads only the newest papers. The other papers become items at the end that are counted but not
    shown.
    """
    found = {subscription: bits & ~case.delivered for subscription, bits in case.fits.items()}
    most = None if read_all else max(_FEW, MOST_READ // max(len(found), 1))
    keys = {key for bits in found.values() for key in case.entries.newest_first(bits, most)}
    known = index.read(transaction, sorted(keys, reverse=True))
    tokenized = TokenizedPapers.of(paper.paper for paper in known)
    place = {paper.id: at for at, paper in enumerate(known)}
    taste = tastes(transaction, [case.chat.id]).get(case.chat.id)
    numbers = {
        subscription: map(index.number_of, case.entries.newest_first(bits)) for subscription, bits in found.items()
    }
    due = decision.DueDelivery(
        chat=case.chat,
        subscriptions=tuple(one._replace(cursor=-1) for one in case.subscriptions),  # all papers count as new
        papers=decision.Papers(known),
        fits={subscription: tuple(place[one] for one in ids if one in place) for subscription, ids in numbers.items()},
        delivered=frozenset(),
        due=now,
        now=now,
        zone=zones.zone(case.chat.settings.timezone),
        next_due=None,
        may_be_empty=False,
        added=plan_inputs.points_of(taste, tokenized),
    )
    vectors = plan_inputs.vectors_of(transaction, [one.canonical for one in case.subscriptions])
    decided = decision.decide(
        due,
        plan_inputs.evidence_of_fits(partial(plan_inputs.with_vectors, vectors=vectors)),
        limited=case.limited,
    )
    if decided is None:
        return None
    kind, items, facts = decided
    facts = replace(facts, known=case.known, days=case.entries.days, first=case.first)
    counted = () if read_all else tuple(_counted(case, found, index.set_of_papers(case.entries, place), now))
    return Delivery(id=name, chat=case.chat, kind=kind, due=now, items=(*items, *counted), facts=facts)


def _counted(case: _Case, found: Mapping[int, int], known: int, now: datetime) -> Iterator[Item]:
    """Yields an item for each paper that was not read.

    It is not shown, and has the first subscription that finds it.
    """
    paper = KnownPaper(
        id=0, paper=Paper(key=""), sequence=None, sequenced_at=None, first_seen_at=now, day=case.entries.days[-1]
    )  # fmt: skip
    for subscription in case.subscriptions:
        because = (
            Because(
                number=subscription.number,
                text=subscription.text,
                name=subscription.name,
            ),
        )
        item = Item(paper=paper, because=because, position=MOST_READ, shown=False)
        yield from repeat(item, (found[subscription.id] & ~known).bit_count())
        known |= found[subscription.id]


PREVIEW_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDue:
    """A subscription that has papers to deliver and is not due."""

    subscription: Subscription
    next_delivery: NextDelivery  # when it delivers them; not set while something holds it
    held: str = ""  # the state of the chat or the subscription that holds its deliveries; "": nothing holds them
    papers: tuple[KnownPaper, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a chat would get. Nothing of it is stored."""

    delivery: Delivery | None  # the delivery that is due at this moment; None: nothing is due
    later: Delivery | None = None  # the papers that are not due yet, as a delivery
    not_due: tuple[NotDue, ...] = ()  # the subscriptions whose papers are in `later`
    known: int  # number of papers that were searched


@reads
def preview(
    transaction: Transaction,
    address: ChatAddress,
    *,
    now: datetime,
    text: str | None = None,
    days: int | None = None,
) -> Preview:
    """Returns what would be sent for all subscriptions of a chat, or for the query `text`. Stores nothing.

    If `days` or `text` is given, looks at the papers whose digests are from the last `days` days (default:
    PREVIEW_DAYS). Otherwise decides like the planner. Raises NotFound, QueryError.
    """
    chat, subscriptions = listing.get_subscribed(transaction, address)
    if text is not None:
        query = with_vectors_for(transaction, parse_query(text), chat.id)
        subscriptions = (unstored_subscription(chat, query, now),)
    if text is not None or days is not None:
        today = transaction.day_of(now)
        first = today - timedelta(days=(days or PREVIEW_DAYS) - 1)
        return _of_days(transaction, chat, subscriptions, first, now, all_of_them=text is not None)
    return _of_this_moment(transaction, chat, subscriptions, now)


def _of_days(
    transaction: Transaction,
    chat: Chat,
    subscriptions: Sequence[Subscription],
    first: date,
    now: datetime,
    *,
    all_of_them: bool,
) -> Preview:
    """Previews the papers from the day `first` on. `all_of_them` includes papers that the chat already has."""
    entries = index.Entries.of(paper_words.news(transaction, None, since=first), whole=True)
    case = _above_cursors(transaction, chat, [one._replace(cursor=-1) for one in subscriptions], entries)
    if not all_of_them:
        case = _without(case, _delivered_in(transaction, chat, entries, case.union))
    return Preview(delivery=_delivery(transaction, "preview", case, now, read_all=True), known=case.known)


def _of_this_moment(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], now: datetime
) -> Preview:
    """Previews what is due at this moment, and what is not. As in the planner, pauses whose time is over have ended."""
    chat, subscriptions = with_ended_pauses(chat, subscriptions, now)
    decided, context = decide_now(transaction, chat, subscriptions, now=now)
    delivery = decided.delivery("preview") if decided else None
    due = {subscription.id for subscription in decided.case.subscriptions} if decided else set()
    rest = [subscription for subscription in subscriptions if subscription.id not in due]
    last_sequence = context.window.last_sequence
    entries = index.Entries.of(
        paper_words.sequenced(
            transaction, min((subscription.cursor for subscription in rest), default=last_sequence), last_sequence
        ),
        whole=True,
    )
    case = _above_cursors(transaction, chat, rest, entries)
    brought = {item.paper.id for item in delivery.items} if delivery else set()
    case = _without(case, brought | _delivered_in(transaction, chat, entries, case.union))
    later = _delivery(transaction, "preview", case, now, read_all=True)
    return Preview(
        delivery=delivery,
        later=later,
        not_due=_not_due(chat, rest, later, context),
        known=max(case.known, delivery.facts.known if delivery else 0),
    )


def _above_cursors(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], entries: index.Entries
) -> _Case:
    """Returns what subscriptions find in the papers after their cursors."""
    return _Case(
        chat=chat,
        subscriptions=subscriptions,
        entries=entries,
        fits={one.id: undelivered_papers.fitting_after(transaction, chat, entries, one) for one in subscriptions},
        limited=decision.shows_more(chat),
        first=not chat.first_delivery_planned,
        known=entries.papers.bit_count(),
    )


def _without(case: _Case, papers: Collection[int]) -> _Case:
    return replace(case, delivered=index.set_of_papers(case.entries, papers))


def _not_due(
    chat: Chat,
    subscriptions: Sequence[Subscription],
    later: Delivery | None,
    context: plan_inputs.PlanContext,
) -> tuple[NotDue, ...]:
    """Returns the subscriptions whose papers are in `later`, each with its next delivery."""
    items = later.items if later else ()
    found = []
    for subscription in subscriptions:
        papers = tuple(item.paper for item in items if any(one.number == subscription.number for one in item.because))
        held = ""
        if not chat.is_active:
            held = str(chat.state)
        elif not subscription.is_active:
            held = str(subscription.state)
        next_delivery = NextDelivery() if held else context.forecast.next_delivery(subscription, chat)
        if papers:
            found.append(NotDue(subscription=subscription, next_delivery=next_delivery, held=held, papers=papers))
    return tuple(found)
