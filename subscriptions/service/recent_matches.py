"""The papers of the last days, counted for confirmations and lists: of how many days, and how far back "last came" looks."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_

from subscriptions import errors
from subscriptions.model import Chat, KnownPaper, Subscription
from subscriptions.portable import kept_query
from subscriptions.query import parse, rewriting
from subscriptions.query.tree import Query
from subscriptions.service import known_papers as index
from subscriptions.service.near_papers import with_vectors_for
from subscriptions.store import kept_values, paper_words
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Store, Transaction, reads

DAYS_KNOWN = 7  # days of papers in which a confirmation counts the matches of a query
_RECENT = "recent"  # kind of a cached value; there is one for each day
MANY = 10  # papers a day; it is worth narrowing a query that finds more
_FEWER = 0.8  # titles only are advised if they find at most this share of the papers
CAME_WITHIN = timedelta(days=60)  # a list says when a subscription last brought papers if this was within this time


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The papers in which matches are counted."""

    days: int = 0  # number of days with papers; 0: there are no papers
    of: int = 0  # number of these papers
    whole: bool = True  # whether these are all papers of the days; if not, they are the newest
    recent: bool = False  # whether the papers are from the last seven days; False: these days had no papers
    week: bool = False  # whether the bot had papers on the first of the seven days, so that a count is for a whole week


@dataclass(frozen=True, slots=True)
class Recent:
    """The papers of the last days."""

    entries: index.Entries
    since: date  # the first of the days
    recent: bool
    week: bool

    def find(self, transaction: Transaction, queries: Mapping[str, Query], chat: Chat | None = None) -> "MatchSets":
        """Returns which of these papers each query matches. Leaves out cross-lists if the chat wants none."""
        hits = {
            name: index.find(transaction, self.entries, query, most_read=index.MOST_READ)
            for name, query in queries.items()
        }
        end = max((one.end for one in hits.values()), default=0)
        counted = self.entries.newer_than(end) if end else self.entries.papers
        wanted = counted
        if chat is not None and chat.settings.crosslists == "out":
            wanted &= ~self.entries.crosslisted
        base = Base(
            days=len(self.entries.days),
            of=counted.bit_count(),
            whole=self.entries.whole and not end,
            recent=self.recent,
            week=self.week,
        )
        return MatchSets({name: one.bits & wanted for name, one in hits.items()}, base, wanted)

    def find_each(self, transaction: Transaction, subscriptions: Iterable[Subscription], chat: Chat) -> "MatchSets":
        """Like `find`, for subscriptions of the chat. The name of a query is its canonical text."""
        canonicals = {subscription.canonical for subscription in subscriptions}
        return self.find(transaction, {one: parse.parse_canonical(one) for one in canonicals}, chat)

    def newest(self, transaction: Transaction, found: int, most: int) -> tuple[KnownPaper, ...]:
        """Returns the newest `most` papers of a set, newest first."""
        return index.read(transaction, self.entries.newest_first(found, most))


@dataclass(frozen=True, slots=True)
class MatchSets:
    """For each of several queries, by name, the set of papers that it finds (`of`)."""

    of: Mapping[str, int]
    base: Base
    counted: int  # the set of papers that were searched

    @property
    def union(self) -> int:
        """The set of papers that at least one of the queries finds."""
        return reduce(or_, self.of.values(), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentMatches:
    """What a query finds in the last days."""

    found: int
    base: Base
    newest: tuple[KnownPaper, ...] = ()  # some of the found papers, the newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchCount:
    """How many papers subscriptions find, and when they last delivered papers."""

    found: Mapping[str, int]  # canonical text -> number of papers
    base: Base
    came: Mapping[int, datetime]  # subscription number -> when papers were last sent for it


@reads
def recent(transaction: Transaction, now: datetime) -> Recent:
    """Returns the papers of the last seven days in the operator's zone; if there are none, of all days.

    Returns at most the newest 50,000.
    """
    today = transaction.day_of(now)
    return kept_values.keep(transaction, _RECENT, today, lambda: _look_recent(transaction, today))


def _look_recent(transaction: Transaction, today: date) -> Recent:
    """Reads the papers of the last days. The range ends tomorrow, since a digest may have the date of the next day."""
    since, are_recent = today - timedelta(days=DAYS_KNOWN - 1), True
    rows = paper_words.news(transaction, index.MOST_COUNTED + 1, since=since, until=today + timedelta(days=1))
    if not rows:
        rows, are_recent = paper_words.news(transaction, index.MOST_COUNTED + 1, since=date.min), False
        since = min((row.day for row in rows), default=since)
    entries = index.Entries.of(rows[: index.MOST_COUNTED], whole=len(rows) <= index.MOST_COUNTED)
    week = are_recent and paper_words.has_news_upto(transaction, since)
    return Recent(entries, since, are_recent, week)


@reads
def match_ahead(transaction: Transaction, chat: Chat, texts: Iterable[str], *, now: datetime) -> None:
    """Fills the cache with the matches of queries in the last days' papers, also in titles only.

    The results are cached until papers come. Texts that are not queries are ignored.
    """
    window = recent(transaction, now)
    for text in texts:
        with suppress(errors.QueryError, errors.Refused, errors.MeaningFails):
            query = with_vectors_for(transaction, kept_query(text), chat.id)
            window.find(transaction, {"": query}, chat)
            in_titles(transaction, chat, query, now=now)


@reads
def is_ready(transaction: Transaction, *, now: datetime) -> bool:
    """Whether the cached matches in the papers of the last days are still valid: no papers have come since."""
    return transaction.day_of(now) in kept_values.kept(transaction, _RECENT)


def keep_recent(store: Store, *, now: datetime) -> None:
    """Updates the cache of `recent`, if this process has ever used it."""
    if kept_values.is_used(store, _RECENT):
        recent(store, now)


@reads
def activity(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, now: datetime
) -> MatchCount:
    """Returns how many papers of the last days these subscriptions match, and when they last delivered papers."""
    window = recent(transaction, now)
    came = stored_subscriptions.last_came(transaction, chat.id, now - CAME_WITHIN)
    sets = window.find_each(transaction, subscriptions, chat)
    return MatchCount(found={text: one.bit_count() for text, one in sets.of.items()}, base=sets.base, came=came)


@reads
def in_titles(transaction: Transaction, chat: Chat, query: Query, *, now: datetime) -> tuple[str, int] | None:
    """Returns (the query that looks for its words in titles only, the number of papers that it finds).

    None if the query finds at most MANY papers a day, or if titles do not narrow it. A query of nearness never brings many
    papers, since it brings only the nearest.
    """
    window = recent(transaction, now)
    found = window.find(transaction, {"": query}, chat).union.bit_count()
    if found <= MANY * len(window.entries.days) or query.wants_nearness:
        return None
    text = rewriting.rewritten(query, rewriting.in_titles)
    if not text:
        return None
    brings = window.find(transaction, {"": parse.parse_query(text, query.fields)}, chat).union.bit_count()
    return (text, brings) if 0 < brings <= found * _FEWER else None


@reads
def newest_papers(transaction: Transaction, *, now: datetime, most: int) -> tuple[KnownPaper, ...]:
    """Returns the newest `most` papers of the last days, newest first."""
    window = recent(transaction, now)
    return window.newest(transaction, window.entries.papers, most)


@reads
def recent_matches(transaction: Transaction, query: Query, *, now: datetime, most: int) -> RecentMatches:
    """Returns how many papers of the last days a query finds, and the newest `most` of them."""
    window = recent(transaction, now)
    sets = window.find(transaction, {"": with_vectors_for(transaction, query)})
    newest = window.newest(transaction, sets.union, most)
    return RecentMatches(found=sets.union.bit_count(), base=sets.base, newest=newest)
