"""The papers of the last days, counted for confirmations and lists: of how many days, and how far back "last came" looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from subscriptions.model import Chat, KnownPaper, Subscription
from subscriptions.query import parse, rewriting
from subscriptions.query.tree import Query
from subscriptions.service import paper_search
from subscriptions.store import paper_words, stored_subscriptions
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.paper_words import Among

DAYS_KNOWN = 7  # days of papers in which a confirmation counts the matches of a query
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

    @classmethod
    def of_days(cls, papers: Mapping[date, int]) -> "Base":
        """Returns it for the papers of some days."""
        return cls(days=len(papers), of=sum(papers.values()))


@dataclass(frozen=True, slots=True)
class Recent:
    """The papers of the last seven days in the operator's zone; if there are none, of all days."""

    among: Among
    base: Base

    def find(self, transaction: Transaction, query: Query, chat: Chat | None = None) -> "Matches":
        """Returns which of these papers a query finds. Leaves out cross-lists if the chat wants none."""
        crosslists = chat is None or chat.settings.crosslists != "out"
        found = paper_search.find(transaction, query, replace(self.among, crosslists=crosslists))
        if not found.end:
            return Matches(found.papers, self.base)
        counted = replace(self.among, above=paper_words.place_of(transaction, found.end))
        base = Base.of_days(paper_words.days(transaction, counted))
        return Matches(found.papers, replace(self.base, days=base.days, of=base.of, whole=False))


@dataclass(frozen=True, slots=True)
class Matches:
    """The papers of the last days that a query finds."""

    papers: tuple[int, ...]  # their ids, newest first
    base: Base

    def newest(self, transaction: Transaction, most: int) -> tuple[KnownPaper, ...]:
        """Returns the newest `most` of the papers."""
        return paper_search.read(transaction, self.papers[:most])


@reads
def recent(transaction: Transaction, now: datetime) -> Recent:
    """Returns the papers of the last days. Tomorrow counts, too, since a digest may have the date of the next day."""
    today = transaction.day_of(now)
    since = today - timedelta(days=DAYS_KNOWN - 1)
    among = Among(is_news=True, since=since, until=today + timedelta(days=1))
    if days := paper_words.days(transaction, among):
        week = paper_words.has_news_upto(transaction, since)
        return Recent(among, replace(Base.of_days(days), recent=True, week=week))
    among = Among(is_news=True)
    return Recent(among, Base.of_days(paper_words.days(transaction, among)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """How many papers subscriptions find, and when they last delivered papers."""

    found: Mapping[str, Matches]  # canonical text → the papers of the last days that it finds
    came: Mapping[int, datetime]  # number of a subscription → when papers were last sent for it


@reads
def activity(transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, now: datetime) -> Activity:
    """Returns how many papers of the last days these subscriptions match, and when they last delivered papers."""
    window = recent(transaction, now)
    found = {
        one.canonical: window.find(transaction, parse.parse_canonical(one.canonical), chat) for one in subscriptions
    }
    return Activity(found=found, came=stored_subscriptions.last_came(transaction, chat.id, now - CAME_WITHIN))


@reads
def in_titles(transaction: Transaction, chat: Chat, query: Query, *, now: datetime) -> tuple[str, int] | None:
    """Returns (the query that looks for its words in titles only, the number of papers that it finds).

    None if the query finds at most MANY papers a day, or if titles do not narrow it. A query of nearness never brings many
    papers, since it brings only the nearest.
    """
    window = recent(transaction, now)
    found = len(window.find(transaction, query, chat).papers)
    text = "" if query.wants_nearness else rewriting.rewritten(query, rewriting.in_titles)
    if not text or found <= MANY * window.base.days:
        return None
    brings = len(window.find(transaction, parse.parse_query(text, query.fields), chat).papers)
    return (text, brings) if 0 < brings <= found * _FEWER else None


@reads
def newest_papers(transaction: Transaction, *, now: datetime, most: int) -> tuple[KnownPaper, ...]:
    """Returns the newest `most` papers of the last days, newest first."""
    return paper_search.read(transaction, paper_words.ids(transaction, recent(transaction, now).among, most))


@reads
def recent_matches(transaction: Transaction, query: Query, *, now: datetime) -> Matches:
    """Returns the papers of the last days that a query finds."""
    return recent(transaction, now).find(transaction, paper_search.with_vectors_for(transaction, query))
