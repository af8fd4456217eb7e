"""Searches all stored papers, and counts matches in the papers of recent days."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from itertools import combinations
from operator import or_
from typing import NamedTuple

from subscriptions import errors, model, zones
from subscriptions.matching.paper_index import matching_papers
from subscriptions.meaning import ANYTHING
from subscriptions.portable import kept_query
from subscriptions.query import ABOUT, DOI, Or, Query, parse, rewriting
from subscriptions.query.advice import Advice, advise
from subscriptions.query.rewriting import written
from subscriptions.service import known_papers as index
from subscriptions.service import meaning, questions
from subscriptions.service.near_papers import with_words
from subscriptions.states import SubscriptionState
from subscriptions.store import known_papers
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Store, Transaction, reads


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The result of a search in one range of the stored papers."""

    papers: tuple[model.KnownPaper, ...]  # one page of the found papers
    found: int  # number of papers found in the whole range
    upto: int  # the key of the newest paper in the range
    looked: int  # number of papers that were searched
    stored: int  # number of all stored papers
    below: int | None  # the key at which the next range begins; None: there are no older papers
    since: date | None  # the day of the oldest paper that was searched


@reads
def search(
    transaction: Transaction, query: Query, *, upto: int | None = None, start: int = 0, most: int
) -> SearchResult:
    """Searches papers in one range. The range begins with the key `upto`; None: with the newest paper.

    Papers with all words of the query in their titles come first, each time the newest first: who looks for words that are
    in many abstracts wants the papers about them. If the query asks for nearness to one text, the nearest come first.

    The result has at most `most` of the found papers, from index `start` on. A range has 50,000 papers. A range is
    shorter if the search would have to read too many papers, and longer if the first 50,000 have no match.
    """
    query, looked = with_words(transaction, query), 0
    while True:
        entries, below = index.searched_range(transaction, upto)
        hits = index.find(transaction, entries, query, most_read=index.MOST_READ)
        oldest, newest = _ends(entries, hits.end)
        looked += entries.newer_than(hits.end).bit_count() if hits.end else entries.papers.bit_count()
        below = hits.end or below
        if hits.bits or below is None:
            break
        upto = below
    return SearchResult(
        papers=index.read(transaction, _ordered(transaction, entries, query, hits.bits, start + most)[start:]),
        found=hits.bits.bit_count(),
        upto=newest,
        looked=looked,
        stored=known_papers.paper_count(transaction),
        below=below,
        since=index.day_of(oldest) if oldest else None,
    )


def _ordered(transaction: Transaction, entries: index.Entries, query: Query, found: int, most: int) -> list[int]:
    """Returns the keys of the first `most` of the found papers."""
    if (near := _nearness(transaction, entries, query)) is not None:
        places = sorted(index.places(found), key=lambda at: (near.get(at, 0.0), entries.keys[at]), reverse=True)
        return [entries.keys[at] for at in places[:most]]
    titles = rewriting.rewritten(query, rewriting.in_titles)
    named = parse.query_of(titles, query.fields) if titles else None
    first = index.certain(transaction, entries, named) & found if named else 0
    keys = entries.newest_first(first, most)
    return keys + entries.newest_first(found & ~first, most - len(keys))


def _nearness(transaction: Transaction, entries: index.Entries, query: Query) -> Mapping[int, float] | None:
    """Returns place → nearness, if the query wants what is near in meaning to exactly one text; otherwise None."""
    wanted = {term for one in query.alternatives for term in one.positive if term.field is ABOUT}
    return index.places_about(transaction, entries, *wanted) if len(wanted) == 1 else None


def _ends(entries: index.Entries, end: int) -> tuple[int, int]:
    """Returns the first and the last key of the range of papers above the key `end`; (0, 0) if there are none."""
    newest = max(entries.keys, default=0)
    if not end and entries.days:
        return index.key_of(entries.days[0], 0), newest
    oldest = min((key for key in entries.keys if key > end), default=0)
    return (oldest, newest) if oldest else (0, 0)


# Nearness from which an answer shows a paper: who asks wants the nearest, even if it is not near enough to be announced.
# Of texts that are no subject ("asdfgh"), few papers are nearer.
WORTH_SHOWING = 0.35


class NearPaper(NamedTuple):
    """A paper that is near to a text in meaning."""

    known: model.KnownPaper
    nearness: float  # from 0 to 1; from 0.5 on, it is near


@reads
def near_in_meaning(transaction: Transaction, query: Query, *, without: Collection[int], most: int) -> list[NearPaper]:
    """Returns the papers that are nearest to the one text that a query asks (`about:`), nearest first.

    Leaves out papers that do not match the rest of the query, and the papers with the ids `without`. Returns [] if the
    vector of the text cannot be had now. Raises Unencoded.
    """
    (text,) = query.asked
    vector = questions.vector_of(transaction, text)
    if not vector:
        return []
    found = {
        paper: nearness
        for paper, nearness in meaning.near_papers(transaction, vector, transaction.store.encoder, least=WORTH_SHOWING)
        if paper not in without
    }
    has_more = len([*query.terms]) > 1
    known = known_papers.stored_papers(transaction, [*found] if has_more else [*found][:most])
    near = [NearPaper(known[paper], nearness) for paper, nearness in found.items() if paper in known]
    if has_more:
        query = rewriting.with_vectors(query, {text: ANYTHING})
        near = [near[place] for place in matching_papers(query, [one.known.paper for one in near])]
    return near[:most]


@reads
def papers_named(transaction: Transaction, names: Sequence[str]) -> dict[str, model.KnownPaper]:
    """Returns name → paper for these arXiv ids and DOIs. Names of unknown papers are left out."""
    ids = known_papers.papers_with_keys(transaction, names)
    known = known_papers.stored_papers(transaction, list(set(ids.values())))
    return {name: known[paper_id] for name, paper_id in ids.items()}


# -------------------------------------------- the papers of the last days, counted for confirmations, lists and advice


DAYS_KNOWN = 7  # days of papers in which a confirmation counts the matches of a query
Counts = tuple[tuple[str, int], ...]
_NAMES = "names"  # kind of a cached value
MOST_NAMED = 2000  # newest papers whose authors and categories are suggested
_RECENT = "recent"  # kind of a cached value; there is one for each day
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

    def find(
        self, transaction: Transaction, queries: Mapping[str, Query], chat: model.Chat | None = None
    ) -> "MatchSets":
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

    def newest(self, transaction: Transaction, found: int, most: int) -> tuple[model.KnownPaper, ...]:
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
    newest: tuple[model.KnownPaper, ...] = ()  # some of the found papers, the newest first


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
    today = _today(transaction, now)
    return known_papers.keep(transaction, _RECENT, today, lambda: _look_recent(transaction, today))


def _today(transaction: Transaction, now: datetime) -> date:
    return now.astimezone(zones.zone(transaction.zone)).date()


def _look_recent(transaction: Transaction, today: date) -> Recent:
    """Reads the papers of the last days. The range ends tomorrow, since a digest may have the date of the next day."""
    since, are_recent = today - timedelta(days=DAYS_KNOWN - 1), True
    rows = known_papers.news(transaction, index.MOST_COUNTED + 1, since=since, until=today + timedelta(days=1))
    if not rows:
        rows, are_recent = known_papers.news(transaction, index.MOST_COUNTED + 1, since=date.min), False
        since = min((row.day for row in rows), default=since)
    entries = index.Entries.of(rows[: index.MOST_COUNTED], whole=len(rows) <= index.MOST_COUNTED)
    week = are_recent and known_papers.has_news_upto(transaction, since)
    return Recent(entries, since, are_recent, week)


@reads
def match_ahead(
    transaction: Transaction, chat: model.Chat, texts: Iterable[str], *, now: datetime, categorised: bool
) -> None:
    """Fills the cache with the matches of queries, and of the variants that advice compares, in the last days' papers.

    The results are cached until papers come. Texts that are not queries are ignored.
    """
    window = recent(transaction, now)
    for text in texts:
        with suppress(errors.QueryError, errors.Refused, errors.MeaningFails):
            query = with_words(transaction, kept_query(text))
            window.find(transaction, {"": query}, chat)
            advice_on(transaction, chat, query, now=now, categorised=categorised)


@reads
def is_ready(transaction: Transaction, *, now: datetime) -> bool:
    """Whether the cached matches in the papers of the last days are still valid: no papers have come since."""
    return _today(transaction, now) in known_papers.kept(transaction, _RECENT)


def keep_recent(store: Store, *, now: datetime) -> None:
    """Updates the cache of `recent`, if this process has ever used it."""
    if known_papers.is_used(store, _RECENT):
        recent(store, now)


@reads
def activity(
    transaction: Transaction, chat: model.Chat, subscriptions: Sequence[model.Subscription], *, now: datetime
) -> MatchCount:
    """Returns how many papers of the last days these subscriptions match, and when they last delivered papers."""
    window = recent(transaction, now)
    came = stored_subscriptions.last_came(transaction, chat.id, now - CAME_WITHIN)
    sets = window.find(
        transaction,
        {text: parse.parse_canonical(text) for text in {subscription.canonical for subscription in subscriptions}},
        chat,
    )
    return MatchCount(found={text: one.bit_count() for text, one in sets.of.items()}, base=sets.base, came=came)


@reads
def found_by_day(
    transaction: Transaction, chat: model.Chat, subscriptions: Sequence[model.Subscription], *, now: datetime
) -> Mapping[str, tuple[int, ...]]:
    """Returns canonical text → number of matches on each of the last seven days, oldest day first."""
    window, today = recent(transaction, now), _today(transaction, now)
    queries = {one.canonical: parse.parse_canonical(one.canonical) for one in subscriptions}
    sets = window.find(transaction, queries, chat)
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS_KNOWN))]
    found = {text: Counter(map(index.day_of, window.entries.newest_first(papers))) for text, papers in sets.of.items()}
    return {text: tuple(count[day] for day in days) for text, count in found.items()}


@reads
def advice_on(
    transaction: Transaction, chat: model.Chat, query: Query, *, now: datetime, categorised: bool = True
) -> Advice | None:
    """Returns the advice on a query, judged by the recent papers; None if there is no advice.

    `categorised`: at least one source gives categories.
    """
    window = recent(transaction, now)
    known, crosslists = _Known(transaction, window, chat), chat.settings.crosslists != "out"
    return advise(query, known, days=len(window.entries.days), categorised=categorised, crosslists=crosslists)


@reads
def newest_names(transaction: Transaction) -> tuple[Counts, Counts]:
    """Returns the authors and the categories of the newest papers, as (name, number of papers), most frequent first."""
    return known_papers.keep(transaction, _NAMES, None, lambda: _look_names(transaction))


def _look_names(transaction: Transaction) -> tuple[Counts, Counts]:
    found = known_papers.newest_names(transaction, MOST_NAMED)
    authors = Counter(name for names, _ in found for name in names)
    categories = Counter(name for _, names in found for name in names)
    return tuple(authors.most_common()), tuple(categories.most_common())


@reads
def newest_papers(transaction: Transaction, *, now: datetime, most: int) -> tuple[model.KnownPaper, ...]:
    """Returns the newest `most` papers of the last days, newest first."""
    window = recent(transaction, now)
    return window.newest(transaction, window.entries.papers, most)


@reads
def recent_matches(transaction: Transaction, query: Query, *, now: datetime, most: int) -> RecentMatches:
    """Returns how many papers of the last days a query finds, and the newest `most` of them."""
    return recent_variants(transaction, with_words(transaction, query), {}, now=now, most=most)[0]


@reads
def recent_variants(
    transaction: Transaction,
    query: Query | None,
    variants: Mapping[str, Query],
    *,
    excluded: Query | None = None,
    now: datetime,
    most: int,
) -> tuple[RecentMatches, Mapping[str, int]]:
    """Returns what a query finds in the last days, and variant name → number of papers that the variant finds there.

    If `query` is None, returns all papers, except those that `excluded` finds.
    """
    window = recent(transaction, now)
    named = {"": query, "-": excluded}
    sets = window.find(transaction, {**variants, **{name: one for name, one in named.items() if one is not None}})
    found = sets.of.get("", sets.counted) & ~sets.of.get("-", 0)
    newest = window.newest(transaction, found, most)
    matches = RecentMatches(found=found.bit_count(), base=sets.base, newest=newest)
    return matches, {name: sets.of[name].bit_count() for name in variants}


@dataclass(frozen=True, slots=True)
class _Known:
    """The papers of the last days in the form that `advise` needs (`advice.Known`)."""

    transaction: Transaction
    window: Recent
    chat: model.Chat

    @property
    def papers(self) -> int:
        return self.window.entries.papers.bit_count()

    def count(self, query: Query) -> int:
        return self.window.find(self.transaction, {"": query}, self.chat).union.bit_count()

    def having(self, what: str) -> int:
        window, entries = self.window, self.window.entries
        if what == DOI.name:
            return int(known_papers.has_dois(self.transaction, window.since))
        found = known_papers.having_any(self.transaction, what, entries.first, entries.last)
        return (entries.set_of(found) & entries.papers).bit_count()

    def sources(self) -> tuple[str, ...]:
        return tuple(known_papers.sources_of_days(self.transaction, self.window.since))


# ----------------------------------------------------------------- two subscriptions that find nearly the same papers


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
    transaction: Transaction, chat: model.Chat, subscriptions: Sequence[model.Subscription], *, now: datetime
) -> Overlap | None:
    """Returns two subscriptions that share most of their recent papers and can be merged; None if there are none."""
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
            if are_alike(*pair) and (overlap := _overlap(*pair, found)) is not None
        ),
        key=lambda one: one[:2],
        reverse=True,
    )
    return next((overlap for _, _, overlap, pair in near if merged_query(*pair) is not None), None)


def _overlap(first: model.Subscription, second: model.Subscription, found: Mapping[str, int]) -> Overlap | None:
    """Returns how many papers two subscriptions share; None if they share too few."""
    shared = (found[first.canonical] & found[second.canonical]).bit_count()
    either = (found[first.canonical] | found[second.canonical]).bit_count()
    if shared < max(FEWEST, SHARE * either):
        return None
    return Overlap(first=first.number, second=second.number, shared=shared, either=either)


def are_alike(one: model.Subscription, other: model.Subscription) -> bool:
    """Whether two subscriptions can be merged without losing papers or sending them early.

    Both must be active, have the same cursor and be due at the same moments.
    """
    return (
        one.state is other.state is SubscriptionState.ACTIVE
        and (one.cadence, one.zone, one.cursor) == (other.cadence, other.zone, other.cursor)
        and (one.next_due_at, one.counted_until) == (other.next_due_at, other.counted_until)
    )


def merged_query(one: model.Subscription, other: model.Subscription) -> Query | None:
    """Returns the query that finds the papers of both, written with their typed texts; None if it cannot be written."""
    try:
        text = written(Or((parse.parse_query(one.text).tree, parse.parse_query(other.text).tree)))
        found = parse.asked_beside(kept_query(text).text, (one.canonical, other.canonical))
        meant = parse.parse_canonical(f"({one.canonical}) OR ({other.canonical})")
    except errors.QueryError:  # too long, or too many alternatives
        return None
    return found if found.canonical == meant.canonical else None
