"""What queries find on the newest day or in the last days, and what would be sent now."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from subscriptions.chats import known as known_chats
from subscriptions.chats.known import Listed
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database import bot_state
from subscriptions.database.store import Transaction
from subscriptions.matching.paper_index import TokenizedPapers
from subscriptions.model import (
    Cadence,
    Chat,
    ChatAddress,
    Delivery,
    Item,
    MatchReason,
    Paper,
    StoredPaper,
    Subscription,
)
from subscriptions.outbox import figures
from subscriptions.outbox.stored import deliveries as stored_deliveries
from subscriptions.papers import search as paper_search
from subscriptions.papers import similarity as nearness
from subscriptions.papers.stored import words as paper_words
from subscriptions.papers.stored.words import Among
from subscriptions.plan import decision
from subscriptions.plan.plan import decide_now, evidence_by, stored_queries
from subscriptions.query import parse, rewriting
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.query.tree import Query
from subscriptions.schedule import due_moments, zones

DAYS_KNOWN = 7  # days of papers in which a confirmation counts the matches of a query
ADVICE_THRESHOLD = 10  # papers a day; it is worth narrowing a query that finds more
_FEWER = 0.8  # titles only are advised if they find at most this share of the papers
CAME_WITHIN = timedelta(days=60)  # a list says when a subscription last brought papers if this was within this time
MOST_SHOWN = 20  # papers that a reply shows at most, because it has no button [show]
MOST_READ = 60  # newest papers of a reply that are read to find out what matched; each takes a millisecond
PREVIEW_DAYS = 7
_MIN_READ = 3  # at least so many papers are read for each subscription
Finds = Mapping[int, Sequence[int]]  # subscription id → ids of the papers that it finds, newest first


class Base(NamedTuple):
    """The papers in which matches are counted."""

    days: int = 0  # number of days with papers; 0: there are no papers
    of: int = 0  # number of these papers
    whole: bool = True  # whether these are all papers of the days; if not, they are the newest
    recent: bool = False  # whether the papers are from the last seven days; False: these days had no papers
    week: bool = False  # whether the bot had papers on the first of the seven days, so that a count is for a whole week

    @classmethod
    def of_days(cls, papers: Mapping[date, int]) -> "Base":
        """Return it for the papers of some days."""
        return cls(days=len(papers), of=sum(papers.values()))


class Recent(NamedTuple):
    """The papers of the last seven days in the operator's zone; if there are none, of all days."""

    among: Among
    base: Base

    def find(self, transaction: Transaction, query: Query, chat: Chat | None = None) -> "Matches":
        """Return which of these papers a query finds. Leave out cross-lists if the chat wants none."""
        crosslists = chat is None or chat.settings.crosslists != "out"
        found = paper_search.find(transaction, query, replace(self.among, crosslists=crosslists))
        if not found.end:
            return Matches(found.papers, self.base)
        counted = replace(self.among, above=paper_words.place_of(transaction, found.end))
        base = Base.of_days(paper_words.days(transaction, counted))
        return Matches(found.papers, self.base._replace(days=base.days, of=base.of, whole=False))


class Matches(NamedTuple):
    """The papers of the last days that a query finds."""

    papers: tuple[int, ...]  # their ids, newest first
    base: Base

    def newest(self, transaction: Transaction, most: int) -> tuple[StoredPaper, ...]:
        """Return the newest `most` of the papers."""
        return paper_search.read(transaction, self.papers[:most])


def recent(transaction: Transaction, now: datetime) -> Recent:
    """Return the papers of the last days. Tomorrow counts, too, since a digest may have the date of the next day."""
    today = transaction.day_of(now)
    since = today - timedelta(days=DAYS_KNOWN - 1)
    among = Among(is_news=True, since=since, until=today + timedelta(days=1))
    if days := paper_words.days(transaction, among):
        week = paper_words.has_news_upto(transaction, since)
        return Recent(among, Base.of_days(days)._replace(recent=True, week=week))
    among = Among(is_news=True)
    return Recent(among, Base.of_days(paper_words.days(transaction, among)))


def activity(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, now: datetime
) -> tuple[Mapping[str, Matches], Mapping[int, datetime]]:
    """Return (canonical text → the papers of the last days that it finds, number → when its last papers were sent)."""
    window = recent(transaction, now)
    found = {
        one.canonical: window.find(transaction, parse.parse_canonical(one.canonical), chat) for one in subscriptions
    }
    return found, stored_subscriptions.last_came(transaction, chat.id, now - CAME_WITHIN)


def in_titles(transaction: Transaction, chat: Chat, query: Query, *, now: datetime) -> tuple[str, int] | None:
    """Return (the query that looks for its words in titles only, the number of papers that it finds).

    None if the query finds at most ADVICE_THRESHOLD papers a day, or if titles do not narrow it. A query of nearness never brings
    many papers, since it brings only the nearest.
    """
    window = recent(transaction, now)
    found = len(window.find(transaction, query, chat).papers)
    text = "" if query.wants_nearness else rewriting.rewritten(query, rewriting.in_titles)
    if not text or found <= ADVICE_THRESHOLD * window.base.days:
        return None
    brings = len(window.find(transaction, parse.parse_query(text, query.chat), chat).papers)
    return (text, brings) if 0 < brings <= found * _FEWER else None


def newest_papers(transaction: Transaction, *, now: datetime, most: int) -> tuple[StoredPaper, ...]:
    """Return the newest `most` papers of the last days, newest first."""
    return paper_search.read(transaction, paper_words.ids(transaction, recent(transaction, now).among, most))


def recent_matches(transaction: Transaction, query: Query, *, now: datetime) -> Matches:
    """Return the papers of the last days that a query finds."""
    return recent(transaction, now).find(transaction, paper_search.with_vectors_for(transaction, query))


def search(
    transaction: Transaction,
    chat: Chat,
    query: Query,
    *,
    now: datetime,
    upto: int | None = None,
    start: int = 0,
    most: int,
) -> paper_search.Page:
    """Search as `paper_search.search` does, in the order in which a delivery to the chat would show the papers."""
    query = paper_search.with_vectors_for(transaction, query)
    one, evidence = _unstored(chat, query, now)._replace(cursor=-1), evidence_by({query.canonical: query})

    def in_order(known: Sequence[StoredPaper]) -> Sequence[StoredPaper]:
        return decision.in_order(known, one, evidence, _points(transaction, chat, known))

    return paper_search.search(transaction, query, upto=upto, start=start, most=most, in_order=in_order)


def _points(transaction: Transaction, chat: Chat, known: Sequence[StoredPaper]) -> decision.Points:
    """Return what the taste of a chat adds to the fit of papers."""
    liked = nearness.tastes(transaction, [chat.id]).get(chat.id)
    return nearness.points(liked, TokenizedPapers.of(one.paper for one in known)) if liked else None


class Today(NamedTuple):
    """What subscriptions of a chat find on the newest day, or in the last days."""

    # the subscriptions that were tried; number 0: a query without a subscription
    subscriptions: tuple[Subscription, ...]
    query: Query | None  # the query that was tried, if it is not a subscription of the chat
    delivery: Delivery | None = None  # the papers that they find, as a delivery would show them; None: no papers
    delivered: int = 0  # number of found papers that were delivered to the chat before
    base: Base = Base()  # the papers that were searched
    day: date | None = None  # the day of these papers, if they are of one day
    waiting: int = 0  # number of papers that these subscriptions still have to deliver


class Preview(NamedTuple):
    """What a chat would get. Nothing of it is stored."""

    delivery: Delivery | None  # the delivery that is due at this moment; None: nothing is due
    known: int  # number of papers that were searched
    later: Delivery | None = None  # the papers that are not due yet, as a delivery
    not_due: tuple[Listed, ...] = ()  # the subscriptions whose papers are in `later`


def today(transaction: Transaction, chat: Chat, *, now: datetime, which: str = "", of_week: bool = False) -> Today:
    """Return what subscriptions find on the newest day with announcements; if that is nothing, in the last days.

    Papers that the chat has are included. `which` is the number of a subscription, or a query; "": all active
    subscriptions. `of_week`: in the last days in any case. Raise QueryError.
    """
    subscriptions, query = _chosen(transaction, chat, which, now)
    day = None if of_week else paper_words.newest_day(transaction)
    found: Finds = {}
    if day is not None:
        among = Among(is_news=True, since=day, until=day, crosslists=chat.settings.crosslists != "out")
        found, base = _found(transaction, subscriptions, among), Base.of_days(paper_words.days(transaction, among))
    if not any(found.values()):
        day, window = None, recent(transaction, now)
        matches = {one.id: window.find(transaction, parse_canonical(one.canonical), chat) for one in subscriptions}
        found = {number: one.papers for number, one in matches.items()}
        among = window.among
        base = min((one.base for one in matches.values()), key=lambda base: base.of, default=window.base)
    waiting = set[int]()
    if query is None and day is None:
        last = bot_state.last_sequence(transaction)
        waiting.update(*figures.undelivered(transaction, chat, subscriptions, upto=last).values())
    shown = chat._replace(settings=replace(chat.settings, limit=min(chat.settings.limit or MOST_SHOWN, MOST_SHOWN)))
    return Today(
        subscriptions=subscriptions,
        query=query,
        delivery=_delivery(transaction, shown, subscriptions, found, among=among, now=now, most_read=MOST_READ),
        delivered=len(_delivered(transaction, chat, found)),
        base=base,
        day=day,
        waiting=len(waiting),
    )


def preview(
    transaction: Transaction, address: ChatAddress, *, now: datetime, text: str | None = None, days: int | None = None
) -> Preview:
    """Return what would be sent for all subscriptions of a chat, or for the query `text`. Store nothing.

    If `days` or `text` is given, looks at the papers whose digests are from the last `days` days (default:
    PREVIEW_DAYS). Otherwise decides like the planner. Raise NotFound, QueryError.
    """
    chat, subscriptions = known_chats.get_subscribed(transaction, address)
    if text is None and days is None:
        return _of_this_moment(transaction, chat, subscriptions, now)
    if text is not None:
        query = paper_search.with_vectors_for(transaction, parse_query(text), chat.id)
        subscriptions = (_unstored(chat, query, now),)
    since = transaction.day_of(now) - timedelta(days=(days or PREVIEW_DAYS) - 1)
    among = Among(is_news=True, since=since, crosslists=chat.settings.crosslists != "out")
    found = _found(transaction, subscriptions, among)
    if text is None:
        had = _delivered(transaction, chat, found)
        found = {number: [paper for paper in of_one if paper not in had] for number, of_one in found.items()}
    delivery = _delivery(transaction, chat, subscriptions, found, among=among, now=now)
    return Preview(delivery=delivery, known=sum(paper_words.days(transaction, among).values()))


def _of_this_moment(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], now: datetime
) -> Preview:
    """Preview what is due at this moment, and what is not. As in the planner, pauses whose time is over have ended."""
    chat, subscriptions = due_moments.after_pauses(chat, subscriptions, now)
    delivery, later = decide_now(transaction, chat, subscriptions, now=now)
    brought = {item.paper.id for item in delivery.items} if delivery else set[int]()
    items = tuple(item for item in later.items if item.paper.id not in brought) if later else ()
    waiting = {because.number for item in items for because in item.because}
    return Preview(
        delivery=delivery,
        later=replace(later, items=items) if later and items else None,
        not_due=tuple(Listed(chat=chat, subscription=one) for one in subscriptions if one.number in waiting),
        known=max((one.facts.known for one in (delivery, later) if one), default=0),
    )


def _chosen(
    transaction: Transaction, chat: Chat, which: str, now: datetime
) -> tuple[tuple[Subscription, ...], Query | None]:
    """Return (the subscriptions that `which` names, the query in `which` if no subscription of the chat has it)."""
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    if not which.strip():
        return tuple(subscription for subscription in subscriptions if subscription.is_active), None
    if named := known_chats.named(subscriptions, which):
        return (named,), None
    query = paper_search.with_vectors_for(transaction, parse_query(which), chat.id)
    return (_unstored(chat, query, now),), query


def _unstored(chat: Chat, query: Query, now: datetime) -> Subscription:
    """Return a subscription for a query without storing it. Its id and number are 0."""
    return Subscription(
        id=0,
        chat_id=chat.id,
        number=0,
        text=query.text.strip(),
        canonical=query.canonical,
        cadence=Cadence(),
        zone=None,
        since=now,
        cursor=0,
        next_due_at=None,
    )


def _found(transaction: Transaction, subscriptions: Sequence[Subscription], among: Among) -> Finds:
    return {
        one.id: paper_search.find(transaction, parse_canonical(one.canonical), among, whole=True).papers
        for one in subscriptions
    }


def _delivered(transaction: Transaction, chat: Chat, found: Finds) -> set[int]:
    """Return those of the found papers that were delivered to the chat or are in its library."""
    return stored_deliveries.delivered(transaction, [chat.id], set().union(*found.values()))[chat.id]


def _delivery(
    transaction: Transaction,
    chat: Chat,
    subscriptions: Sequence[Subscription],
    found: Finds,
    *,
    among: Among,
    now: datetime,
    most_read: int | None = None,
) -> Delivery | None:
    """Return the delivery that a plan would make if all found papers were new; None if there are none.

    `among`: the papers that were searched. With `most_read`, it is for a reply: only so many of the newest papers are
    read. The others become items at the end that are counted and not shown.
    """
    most = max(_MIN_READ, most_read // max(len(found), 1)) if most_read else None
    known = paper_search.read(transaction, list({paper: None for of_one in found.values() for paper in of_one[:most]}))
    place = {paper.id: at for at, paper in enumerate(known)}
    due = decision.DueDelivery(
        chat=chat,
        subscriptions=tuple(one._replace(cursor=-1) for one in subscriptions),  # all papers count as new
        papers=decision.Papers(known),
        fits={number: tuple(place[paper] for paper in of_one if paper in place) for number, of_one in found.items()},
        delivered=frozenset(),
        due=now,
        now=now,
        zone=zones.zone(chat.settings.timezone),
        next_due=None,
        may_be_empty=False,
        added=_points(transaction, chat, known),
    )
    queries = stored_queries(transaction, [one.canonical for one in subscriptions])
    decided = decision.decide(due, evidence_by(queries), limited=most_read is not None or decision.shows_more(chat))
    if decided is None:
        return None
    days = paper_words.days(transaction, among)
    first = most_read is None and not chat.first_delivery_planned
    facts = replace(decided.facts, known=sum(days.values()), days=tuple(days), first=first)
    unread = _unread(subscriptions, found, place, known[0])
    return replace(decided, items=(*decided.items, *unread), facts=facts)


def _unread(
    subscriptions: Sequence[Subscription], found: Finds, read: Collection[int], newest: StoredPaper
) -> Iterator[Item]:
    """Yield an item for each paper that was not read: with the first subscription that finds it, and not shown."""
    counted, paper = set(read), replace(newest, id=0, paper=Paper(key=""))
    for one in subscriptions:
        because = (MatchReason(number=one.number, text=one.text, name=one.name),)
        new = set(found[one.id]) - counted
        counted |= new
        yield from [Item(paper=paper, because=because, position=MOST_READ, shown=False)] * len(new)
