"""The inputs of a plan: due subscriptions, the papers that they may deliver, and all queries as one set."""

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

from subscriptions import model, states
from subscriptions.matching import ranking
from subscriptions.matching.batch import QuerySet, match
from subscriptions.matching.hits import HitFinder
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.planning import cadence as cadences
from subscriptions.planning import forecast as forecasts
from subscriptions.planning.decision import Evidence, Papers
from subscriptions.planning.forecast import Forecast, Move
from subscriptions.query import AUTHOR, TEXT, TITLE, Query
from subscriptions.query.parse import parse_canonical
from subscriptions.service.near_papers import counted_words
from subscriptions.store import chats as stored_chats
from subscriptions.store import known_papers, planner
from subscriptions.store import signals as stored_signals
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Store, Transaction

# Up to this number, queries are matched one by one. For more, all stored queries are matched with an index of the
# papers, which takes 0.8 ms for each paper.
FEW = 100
MOST_KEPT = 1000  # papers; a larger window is not kept for the next plan: 25 KB for each paper, a week of most chats
MOST_MATCHES = 50_000  # queries whose matches are cached within a plan, some 250 bytes each
MOST_EVIDENCE = 100_000  # pairs of query and paper whose evidence is cached within a plan, some 400 bytes each
MOST_INDEXED = 300  # papers; of a larger window, the index is not kept: 55 KB for each paper


@dataclass(slots=True)
class Window:
    """Tokenized papers with after < sequence <= last_sequence. `cover` extends it if a slice looks further back."""

    last_sequence: int
    after: int | None = None
    newest: int = 0  # the newest digest when the papers were read
    papers: Papers = field(default_factory=lambda: Papers(()))
    tokenized: TokenizedPapers = field(default_factory=lambda: TokenizedPapers.of(()))
    index: PaperIndex | None = None  # an index of the papers; only made for many queries
    # canonical text -> positions of the papers that it matches
    matches: dict[str, tuple[int, ...]] = field(default_factory=dict)
    rarity: ranking.Rarity = field(default_factory=ranking.Rarity)  # of words, in the newest papers

    def cover(self, transaction: Transaction, after: int) -> None:
        """Extends the window to all papers after the sequence `after`. Papers that it has are not tokenized again."""
        newest = known_papers.newest_digest(transaction)
        if self.after is None or after < self.after or newest != self.newest:
            known = known_papers.window(transaction, after, self.last_sequence)
            self.tokenized = TokenizedPapers.of((one.paper for one in known), self.tokenized)
            self.papers, self.index, self.matches = Papers(known), None, {}
            self.rarity = counted_words(transaction, self.last_sequence)
            self.after, self.newest = after, newest  # set last, so that after an error the window is read again

    def is_current(self, transaction: Transaction) -> bool:
        """Whether no digest was stored since the papers were read. True if no papers were read."""
        return self.after is None or self.newest == known_papers.newest_digest(transaction)

    def fits(self, transaction: Transaction, subscriptions: Sequence[model.Subscription]) -> dict[int, tuple[int, ...]]:
        """Returns subscription id -> positions of the papers that its query matches.

        Each different query is matched once.
        """
        if len(self.matches) >= MOST_MATCHES:
            self.matches = {}
        asked = {s.canonical for s in subscriptions} - self.matches.keys()
        if len(asked) > FEW:
            found = self._found_together(transaction, asked)
            self.matches |= found
            asked -= found.keys()
        self.matches |= {canonical: self.tokenized.matching(stored_query(canonical)) for canonical in asked}
        return {s.id: self.matches[s.canonical] for s in subscriptions}

    def indexed(self) -> PaperIndex:
        """Returns the index of the papers. It is made at the first call."""
        if self.index is None:
            self.index = PaperIndex(self.tokenized)
        return self.index

    def _found_together(self, transaction: Transaction, queries: Collection[str]) -> dict[str, tuple[int, ...]]:
        """Like `fits`, by canonical text.

        Leaves out a few queries that were added after all were matched with these papers.
        """
        index = self.indexed()
        with kept_queries(transaction.store) as kept:
            kept.follow(transaction)
            found = kept.found_by(queries, index)
        return {canonical: tuple(index.positions(bits)) for canonical, bits in found.items()}


stored_query = lru_cache(maxsize=65536)(parse_canonical)  # canonical text → parsed query


def nearness_of(taste: ranking.Taste | None, papers: TokenizedPapers) -> Callable[[int], float] | None:
    """Returns a function: position of a paper → how near it is to the taste. Returns None without a taste."""
    if taste is None:
        return None
    return lambda position: ranking.nearness(taste, papers.tokenized[position].folded[TEXT])


def evidence_of_fits(
    rarity: Callable[[], ranking.Rarity],
) -> Callable[[model.Subscription, model.KnownPaper], Evidence]:
    """Returns a function that tells how a paper matches a subscription's query.

    Each pair of query and paper is computed once, because many chats have the same queries.
    """
    known: dict[tuple[str, int], Evidence] = {}
    finders: dict[int, HitFinder] = {}

    def evidence(subscription: model.Subscription, paper: model.KnownPaper) -> Evidence:
        key = (subscription.canonical, paper.id)
        found = known.get(key)
        if found is None:
            if len(known) >= MOST_EVIDENCE:
                known.clear()
            found = known[key] = computed(stored_query(subscription.canonical), paper)
        return found

    def computed(query: Query, paper: model.KnownPaper) -> Evidence:
        finder = finders.get(paper.id)
        if finder is None or finder.fields is not query.fields:
            finder = finders[paper.id] = HitFinder(paper.paper, query.fields)
        hits = finder.why(query)
        words = tuple(dict.fromkeys(word for hit in hits for word in hit.terms))
        fields = {hit.field for hit in hits}
        fitting = ranking.fit(query, finder.places(query), rarity())
        near = finder.nearness(query)
        return Evidence(words=words, in_title=TITLE in fields, by_author=AUTHOR in fields, fit=fitting, near=near)

    return evidence


# kept between plans, because in the morning some chats are due each minute
_KEPT: WeakKeyDictionary[Store, Window] = WeakKeyDictionary()


@contextmanager
def kept_window(store: Store, last_sequence: int) -> Iterator[Window]:
    """Yields the window up to `last_sequence`, with what the previous plan has read. Keeps it for the next plan.

    The window is also kept if a plan fails. Two plans at the same time have separate windows.
    """
    before = _KEPT.pop(store, None)
    window = before if before is not None and before.last_sequence == last_sequence else Window(last_sequence)
    if before is not None and window is not before:
        window.tokenized = before.tokenized
    try:
        yield window
    finally:
        if len(window.papers.known) > MOST_INDEXED:
            window.index = None
        if len(window.papers.known) <= MOST_KEPT:
            window.matches = {}
            window.papers.decided.clear()
            _KEPT[store] = window


# ------------------------------------------------ values that are the same for all chats that are planned at one moment


@dataclass(slots=True)
class PlanContext:
    """The values that are the same for all chats planned at one moment."""

    forecast: Forecast
    window: Window
    matching: Callable[[], AbstractContextManager[object]] = (
        nullcontext  # a context that is entered while queries are matched
    )
    moving: frozenset[int] = frozenset()  # the shared cursors that move to `last_sequence` when everything is planned
    evidence: Callable[[model.Subscription, model.KnownPaper], Evidence] = field(init=False)

    def __post_init__(self) -> None:
        """Makes `evidence`, which depends on the rarity of words in the window."""
        self.evidence = evidence_of_fits(lambda: self.window.rarity)


# ---------------------------------------------------------------------------------------------------------------------
# The dedupe keys of deliveries, and the moments from which they are made (docs/architecture.md, rule 5).


_MINUTE = "%Y-%m-%dT%H:%M"


def due_moment(chat: model.Chat, due_subscriptions: Sequence[model.Subscription], now: datetime) -> datetime:
    """Returns the latest moment that made a chat due. For the cadence now, and for an open window, that is `now`."""
    return max(moment_of(s, chat, now) for s in due_subscriptions)


def moment_of(subscription: model.Subscription, chat: model.Chat, now: datetime) -> datetime:
    """Returns the moment that made a subscription due."""
    if subscription.next_due_at is None or subscription.cadence.kind == "now":
        return now  # the cadence `now` has a stored moment only while it is delayed
    if subscription.cadence.kind == "when-out":
        return min(
            now,
            cadences.closes(subscription.cadence, forecasts.zone_of(subscription, chat), subscription.next_due_at),
        )
    return subscription.next_due_at


def _keys(
    transaction: Transaction,
    chats: Mapping[int, model.Chat],
    due: Mapping[int, Sequence[model.Subscription]],
    context: PlanContext,
) -> dict[int, str]:
    """Returns chat id -> the dedupe key of its delivery. Chats that had a delivery in this minute are left out.

    Those chats wait for the next minute. If the key of an earlier due minute is taken, the key is extended, because
    otherwise the subscriptions would stay due for ever and never be sent.
    """
    last_sequence, now = context.window.last_sequence, context.forecast.at
    with_due = [(chats[chat_id], subscribed) for chat_id, subscribed in due.items() if subscribed]
    keys = {chat.id: _dedupe_key(chat, due_subscriptions, last_sequence, now) for chat, due_subscriptions in with_due}
    taken = planner.taken_keys(transaction, list(keys.values()))
    for chat, due_subscriptions in with_due:
        if keys[chat.id] in taken and f"{due_moment(chat, due_subscriptions, now):{_MINUTE}}" != f"{now:{_MINUTE}}":
            keys[chat.id] += f":{last_sequence}:" + ",".join(str(s.number) for s in due_subscriptions)
    return {chat_id: key for chat_id, key in keys.items() if key not in taken}


def _dedupe_key(
    chat: model.Chat, due_subscriptions: Sequence[model.Subscription], last_sequence: int, now: datetime
) -> str:
    """Returns the dedupe key of a delivery (docs/architecture.md, rule 5): one delivery for each chat and due minute.

    If no subscription has a due moment: one for each chat and range of papers.
    """
    if any(s.next_due_at is not None for s in due_subscriptions):
        return f"{chat.id}:{due_moment(chat, due_subscriptions, now):{_MINUTE}}"
    numbers = ",".join(str(s.number) for s in due_subscriptions)
    cursor = min(s.cursor for s in due_subscriptions)
    return f"{chat.id}:now:{cursor}-{last_sequence}:{numbers}"


# ------------------------------------- the inputs of a plan of some chats, without the papers, and whether they changed


ToPlan = tuple[
    model.Chat, Sequence[model.Subscription], tuple[model.Subscription, ...]
]  # a chat, all its subscriptions, those due now


@dataclass(frozen=True, slots=True)
class Inputs:
    """All inputs of the plan of some chats at one moment, except the papers."""

    # the rows of the chats and their subscriptions; all other inputs except keys and tastes are computed from them
    rows: Sequence[planner.StoredRow]
    chats: Mapping[int, model.Chat]
    subscriptions: Mapping[int, Sequence[model.Subscription]]  # chat id -> all its subscriptions
    due: Mapping[int, tuple[model.Subscription, ...]]  # id of an active chat -> its due subscriptions
    waits: Sequence[Move]  # moves of subscriptions that have to wait
    keys: Mapping[int, str]  # id of a chat that is planned now -> the dedupe key of its delivery
    tastes: Mapping[int, ranking.Taste]  # id of a chat that is planned now -> its taste, if it has one

    @property
    def to_plan(self) -> list[ToPlan]:
        """The chats that are planned now."""
        return [(self.chats[chat_id], self.subscriptions[chat_id], self.due[chat_id]) for chat_id in self.keys]


def read_inputs(transaction: Transaction, chat_ids: Sequence[int], context: PlanContext) -> Inputs:
    """Reads the inputs of the plan of these chats."""
    chats = stored_chats.chats_by_id(transaction, chat_ids)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, chat_ids)
    return inputs_of(transaction, planner.rows_of_chats(transaction, chat_ids), chats, subscriptions, context)


def inputs_of(
    transaction: Transaction,
    rows: Sequence[planner.StoredRow],
    chats: Mapping[int, model.Chat],
    subscriptions: Mapping[int, Sequence[model.Subscription]],
    context: PlanContext,
) -> Inputs:
    """Computes the inputs. `rows` may be empty if `still_holds` will not be called."""
    waits: list[Move] = []
    due: dict[int, tuple[model.Subscription, ...]] = {}
    for chat_id, chat in chats.items():
        if chat.state is states.ChatState.ACTIVE:
            due[chat_id], held_back = _due_now(chat, subscriptions[chat_id], context)
            waits += held_back
    keys = _keys(transaction, chats, due, context)
    return Inputs(rows, chats, subscriptions, due, waits, keys, stored_signals.tastes(transaction, list(keys)))


def _due_now(
    chat: model.Chat, subscriptions: Sequence[model.Subscription], context: PlanContext
) -> tuple[tuple[model.Subscription, ...], list[Move]]:
    """Returns the due subscriptions of a chat, and the moves of due subscriptions that have to wait."""
    now, all_reported = context.forecast.at, context.forecast.all_reported

    def due(s: model.Subscription) -> bool:
        came = s.cursor < context.window.last_sequence
        zone = forecasts.zone_of(s, chat)
        return s.state is states.SubscriptionState.ACTIVE and cadences.is_due(
            s.cadence, zone, s.next_due_at, now, came, all_reported=all_reported
        )

    found = [s for s in subscriptions if due(s)]
    waits = forecasts.put_off_by_quiet_hours(chat, found, now)
    if all_reported is False:
        waits += [(s.id, s.cursor, opened) for s in found if (opened := forecasts.reopened_window(s, chat, now))]
    waiting = {subscription_id for subscription_id, _, _ in waits}
    return tuple(s for s in found if s.id not in waiting), waits


def still_holds(transaction: Transaction, chat_ids: Sequence[int], inputs: Inputs, context: PlanContext) -> bool:
    """Whether `read_inputs` would return the same inputs now."""
    return (
        planner.rows_of_chats(transaction, chat_ids) == inputs.rows
        and _keys(transaction, inputs.chats, inputs.due, context) == inputs.keys
        and stored_signals.tastes(transaction, list(inputs.keys)) == inputs.tastes
    )


# ------------------------------------------------------------------------- all queries of the store, kept in memory

# The set is made at the first plan, which takes 11 s for a million queries. Then it is updated from the log of added
# and removed queries. It has queries and not subscriptions, because the database finds the subscriptions of a query by
# an index. So memory grows only with the number of different queries: 8 bytes for each, in addition to the set itself.


PAGE = 5000  # queries that one statement reads while the set is made
MOST_LEFT_OUT = 100  # if more queries were added since all were matched with some papers, all are matched again
_NONE = -1  # means "no handle" or "no query"


class _Match(NamedTuple):
    """The papers that the queries with handles below `handles` found."""

    handles: int
    found: Mapping[int, int]  # handle -> bits of papers


class KeptQueries:
    """All queries of the store, up to a change of the log."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.queries = QuerySet()
        self._change: int | None = None  # the last change that is applied; None: the set must be made
        self._handles = array("i")  # query id → handle
        self._ids = array("i")  # handle → query id
        self._matches: WeakKeyDictionary[PaperIndex, _Match] = WeakKeyDictionary()

    def follow(self, transaction: Transaction) -> None:
        """Applies the changes of all processes since the last call. Rebuilds the set if the log lacks some of them."""
        changed = None if self._change is None else planner.changes_after(transaction, self._change)
        if changed is None or len(self._ids) > 2 * len(self.queries) + PAGE:  # handles are never used again
            self._make(transaction)
        else:
            self._take(transaction, *changed)

    def _take(self, transaction: Transaction, newest: int, ids: AbstractSet[int]) -> None:
        texts = planner.queries_by_id(transaction, sorted(ids))
        for query in ids:
            self._drop(query)
            if query in texts:
                self._add(query, texts[query])
        self._change = newest

    def matching(self, papers: PaperIndex) -> list[int]:
        """Returns the ids of all queries that find at least one of these papers."""
        return [self._ids[handle] for handle, bits in self._match(papers).found.items() if bits]

    def found_by(self, canonical: Iterable[str], papers: PaperIndex) -> dict[str, int]:
        """Returns canonical text of a query -> the papers that it finds, as bits.

        Queries that the set lacks are left out. All queries are matched at the first call for these papers, and later
        calls use that result, because in the morning some chats are due each minute. Queries that were added since then
        are left out while they are few, because otherwise all queries would be matched again.
        """
        last = self._matches.get(papers) or self._match(papers)
        handles = {text: handle for text in canonical if (handle := self.queries.find(text)) is not None}
        if sum(handle >= last.handles for handle in handles.values()) > MOST_LEFT_OUT:
            last = self._match(papers)
        return {text: last.found.get(handle, 0) for text, handle in handles.items() if handle < last.handles}

    def _match(self, papers: PaperIndex) -> _Match:
        found = self._matches[papers] = _Match(len(self._ids), match(self.queries, papers))
        return found

    def _make(self, transaction: Transaction) -> None:
        self._start()
        last = 0
        while page := planner.page_of_queries(transaction, last, PAGE):
            for query, canonical in page:
                self._add(query, canonical)
            last = page[-1][0]
        self._change = planner.newest_change(transaction)

    def _add(self, query: int, canonical: str) -> None:
        if query >= len(self._handles):
            self._handles.extend([_NONE] * (query + 1 - len(self._handles)))
        handle = self._handles[query] = self.queries.add_canonical(canonical)
        self._ids.extend([_NONE] * (handle + 1 - len(self._ids)))
        self._ids[handle] = query

    def _drop(self, query: int) -> None:
        if query < len(self._handles) and self._handles[query] != _NONE:
            self.queries.remove(self._handles[query])
            self._handles[query] = _NONE


_QUERIES: WeakKeyDictionary[Store, KeptQueries] = WeakKeyDictionary()


@contextmanager
def kept_queries(store: Store) -> Iterator[KeptQueries]:
    """Yields the set of the last plan, and keeps it for the next one.

    After an error it is not kept, as it may be incomplete. Two plans at the same time have separate sets.
    """
    kept = _QUERIES.pop(store, None) or KeptQueries()
    yield kept
    _QUERIES[store] = kept
