"""The input of a plan: due subscriptions, and the papers that they may bring."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from weakref import WeakKeyDictionary

from subscriptions.matching.hits import HitFinder
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.model import Chat, KnownPaper, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning.decision import Evidence, Papers
from subscriptions.planning.pauses import Forecast
from subscriptions.query import AUTHOR, TEXT, TITLE, Query
from subscriptions.query.parse import parse_canonical
from subscriptions.ranking import Rarity, Taste, fit, nearness
from subscriptions.service import next_deliveries
from subscriptions.service.kept_queries import kept_queries
from subscriptions.service.near_papers import counted_words
from subscriptions.states import ChatState, SubscriptionState
from subscriptions.store import chats as stored_chats
from subscriptions.store import known_papers, planner
from subscriptions.store import signals as stored_signals
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Store, Transaction
from subscriptions.store.planner import StoredRow, rows_of_chats

FEW = 100  # queries that are matched one after the other; more together with all others, by an index of the papers, 0.8 ms a paper
MOST_KEPT = 1000  # papers of a window that is kept for the next plan, some 25 KB each: a week of most chats
MOST_MATCHES = 50_000  # queries whose papers are kept within a plan, some 250 bytes each
MOST_EVIDENCE = 100_000  # pairs of a query and a paper whose evidence is kept within a plan, some 400 bytes each
MOST_INDEXED = 300  # papers of a window whose index is kept too, some 55 KB each


@dataclass(slots=True)
class Window:
    """Tokenized papers with a sequence in (after, last_sequence]; `cover` widens it when a slice looks further back."""

    last_sequence: int
    after: int | None = None
    newest: int = 0  # the newest digest when the papers were read
    papers: Papers = field(default_factory=lambda: Papers(()))
    tokenized: TokenizedPapers = field(default_factory=lambda: TokenizedPapers.of(()))
    index: PaperIndex | None = None  # of the papers; built for many queries
    matches: dict[str, tuple[int, ...]] = field(
        default_factory=dict
    )  # canonical text -> places of the papers it matches
    rarity: Rarity = field(default_factory=Rarity)  # of words, among the papers that came last

    def cover(self, transaction: Transaction, after: int) -> None:
        """Makes the window hold all papers after the sequence `after`. Papers that it held are not tokenized again."""
        newest = known_papers.newest_digest(transaction)
        if self.after is None or after < self.after or newest != self.newest:
            known = known_papers.window(transaction, after, self.last_sequence)
            self.tokenized = TokenizedPapers.of((one.paper for one in known), self.tokenized)
            self.papers, self.index, self.matches = Papers(known), None, {}
            self.rarity = counted_words(transaction, self.last_sequence)
            self.after, self.newest = after, newest  # last, so that a failure leaves what was read before

    def is_current(self, transaction: Transaction) -> bool:
        """Whether no digest was stored since the papers were read; True if none were read yet."""
        return self.after is None or self.newest == known_papers.newest_digest(transaction)

    def fits(self, transaction: Transaction, subscriptions: Sequence[Subscription]) -> dict[int, tuple[int, ...]]:
        """Subscription id -> places of the papers that its query matches; each unique query is matched once."""
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
        """The index of the papers, made when it is first asked for."""
        if self.index is None:
            self.index = PaperIndex(self.tokenized)
        return self.index

    def _found_together(self, transaction: Transaction, queries: Collection[str]) -> dict[str, tuple[int, ...]]:
        """As `fits` by canonical text, without the few that came since all queries were matched with these papers."""
        index = self.indexed()
        with kept_queries(transaction.store) as kept:
            kept.follow(transaction)
            found = kept.found_by(queries, index)
        return {canonical: tuple(index.positions(bits)) for canonical, bits in found.items()}


stored_query = lru_cache(maxsize=65536)(parse_canonical)  # by the canonical text of a stored query


def nearness_of(taste: Taste | None, papers: TokenizedPapers) -> Callable[[int], float] | None:
    """A function that tells how near the paper at a position is to a taste; None without a taste."""
    if taste is None:
        return None
    return lambda position: nearness(taste, papers.tokenized[position].folded[TEXT])


def evidence_of_fits(rarity: Callable[[], Rarity]) -> Callable[[Subscription, KnownPaper], Evidence]:
    """A function that tells how a paper fits a subscription's query; each pair is computed once: chats share queries."""
    known: dict[tuple[str, int], Evidence] = {}
    finders: dict[int, HitFinder] = {}

    def evidence(subscription: Subscription, paper: KnownPaper) -> Evidence:
        key = (subscription.canonical, paper.id)
        found = known.get(key)
        if found is None:
            if len(known) >= MOST_EVIDENCE:
                known.clear()
            found = known[key] = computed(stored_query(subscription.canonical), paper)
        return found

    def computed(query: Query, paper: KnownPaper) -> Evidence:
        finder = finders.get(paper.id)
        if finder is None or finder.fields is not query.fields:
            finder = finders[paper.id] = HitFinder(paper.paper, query.fields)
        hits = finder.why(query)
        words = tuple(dict.fromkeys(word for hit in hits for word in hit.terms))
        fields = {hit.field for hit in hits}
        fitting = fit(query, finder.places(query), rarity())
        near = finder.nearness(query)
        return Evidence(words=words, in_title=TITLE in fields, by_author=AUTHOR in fields, fit=fitting, near=near)

    return evidence


_KEPT: WeakKeyDictionary[Store, Window] = WeakKeyDictionary()  # worth it: in the morning some chat is due every minute


@contextmanager
def kept_window(store: Store, last_sequence: int) -> Iterator[Window]:
    """Yields the window up to `last_sequence` with what the plan before has read; keeps it for the next plan.

    The window of a plan that fails is kept, too. Two plans at the same time have a window each.
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


# ------------------------------------------------------- what is the same for all chats that are planned at one moment


@dataclass(slots=True)
class PlanContext:
    """The values that are the same for all chats planned at one moment."""

    now: datetime
    delivery_forecast: next_deliveries.DeliveryForecast
    window: Window
    matching: Callable[[], AbstractContextManager[object]] = nullcontext  # entered while queries are matched
    moving: frozenset[int] = frozenset()  # the shared cursors that move up to here once all is planned
    evidence: Callable[[Subscription, KnownPaper], Evidence] = field(init=False)

    def __post_init__(self) -> None:
        """Makes the evidence, which depends on how rare words are in the window."""
        self.evidence = evidence_of_fits(lambda: self.window.rarity)

    @property
    def forecast(self) -> Forecast:
        """The forecast of the sources."""
        return self.delivery_forecast.forecast


# ---------------------------------------------------------------------------------------------------------------------
# The dedupe keys of deliveries, and the moments that they come from (docs/architecture.md, rule 5).


_MINUTE = "%Y-%m-%dT%H:%M"


def due_moment(chat: Chat, due_subscriptions: Sequence[Subscription], now: datetime) -> datetime:
    """The latest of the moments that made a chat due; for cadence now, and for an open window, that is `now`."""
    return max(moment_of(s, chat, now) for s in due_subscriptions)


def moment_of(subscription: Subscription, chat: Chat, now: datetime) -> datetime:
    """The moment that made a subscription due."""
    if subscription.next_due_at is None or subscription.cadence.kind == "now":
        return now  # `now` has a moment only while it is held back after a pause
    if subscription.cadence.kind == "when-out":
        return min(
            now,
            cadences.closes(
                subscription.cadence, next_deliveries.zone_of(subscription, chat), subscription.next_due_at
            ),
        )
    return subscription.next_due_at


def free_keys(
    transaction: Transaction,
    due: Sequence[tuple[Chat, Sequence[Subscription]]],
    last_sequence: int,
    now: datetime,
) -> dict[int, str]:
    """Chat id -> the dedupe key of its delivery; without the chats that have had their delivery of this minute.

    These wait for the next minute. Where the due minute itself is over by then, the key is extended: else the
    subscriptions would stay due for ever and never be sent.
    """
    keys = {chat.id: _dedupe_key(chat, due_subscriptions, last_sequence, now) for chat, due_subscriptions in due}
    taken = planner.taken_keys(transaction, list(keys.values()))
    for chat, due_subscriptions in due:
        if keys[chat.id] in taken and f"{due_moment(chat, due_subscriptions, now):{_MINUTE}}" != f"{now:{_MINUTE}}":
            keys[chat.id] += f":{last_sequence}:" + ",".join(str(s.number) for s in due_subscriptions)
    return {chat_id: key for chat_id, key in keys.items() if key not in taken}


def _dedupe_key(chat: Chat, due_subscriptions: Sequence[Subscription], last_sequence: int, now: datetime) -> str:
    """The dedupe key of a delivery (docs/architecture.md, rule 5): one delivery per chat and due minute.

    Where no subscription has a due moment, one per chat and range of papers.
    """
    if any(s.next_due_at is not None for s in due_subscriptions):
        return f"{chat.id}:{due_moment(chat, due_subscriptions, now):{_MINUTE}}"
    numbers = ",".join(str(s.number) for s in due_subscriptions)
    cursor = min(s.cursor for s in due_subscriptions)
    return f"{chat.id}:now:{cursor}-{last_sequence}:{numbers}"


# -------------------------------- what the plan of some chats depends on beside the papers, and whether it is still so


ToPlan = tuple[Chat, Sequence[Subscription], tuple[Subscription, ...]]  # a chat, all its subscriptions, those due now


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that the plan of some chats depends on at one moment, except the papers."""

    rows: Sequence[StoredRow]  # of the chats and their subscriptions, from which all else but keys and tastes follows
    chats: Mapping[int, Chat]
    subscriptions: Mapping[int, Sequence[Subscription]]  # of each chat
    due: Mapping[int, tuple[Subscription, ...]]  # of each active chat
    waits: Sequence[next_deliveries.Move]  # of the subscriptions that have to wait
    keys: Mapping[int, str]  # id of a chat that is planned now -> the dedupe key of its delivery
    tastes: Mapping[int, Taste]  # of those of these chats that have one

    @property
    def to_plan(self) -> list[ToPlan]:
        """The chats that are planned now."""
        return [(self.chats[chat_id], self.subscriptions[chat_id], self.due[chat_id]) for chat_id in self.keys]


def read_inputs(transaction: Transaction, chat_ids: Sequence[int], context: PlanContext) -> Inputs:
    """Reads the inputs of the plan of these chats."""
    chats = stored_chats.chats_by_id(transaction, chat_ids, zone=transaction.zone)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, chat_ids)
    return inputs_of(transaction, rows_of_chats(transaction, chat_ids), chats, subscriptions, context)


def inputs_of(
    transaction: Transaction,
    rows: Sequence[StoredRow],
    chats: Mapping[int, Chat],
    subscriptions: Mapping[int, Sequence[Subscription]],
    context: PlanContext,
) -> Inputs:
    """The inputs computed from the rows read. `rows` may be empty if they are not needed again."""
    waits: list[next_deliveries.Move] = []
    due: dict[int, tuple[Subscription, ...]] = {}
    for chat_id, chat in chats.items():
        if chat.state is ChatState.ACTIVE:
            due[chat_id], held_back = _due_now(chat, subscriptions[chat_id], context)
            waits += held_back
    keys = _keys(transaction, chats, due, context)
    return Inputs(rows, chats, subscriptions, due, waits, keys, stored_signals.tastes(transaction, list(keys)))


def _keys(
    transaction: Transaction, chats: Mapping[int, Chat], due: Mapping[int, Sequence[Subscription]], context: PlanContext
) -> dict[int, str]:
    with_due = [(chats[chat_id], subscribed) for chat_id, subscribed in due.items() if subscribed]
    return free_keys(transaction, with_due, context.window.last_sequence, context.now)


def _due_now(
    chat: Chat, subscriptions: Sequence[Subscription], context: PlanContext
) -> tuple[tuple[Subscription, ...], list[next_deliveries.Move]]:
    """The due subscriptions of a chat, and the moves of those among them that have to wait."""
    now, all_reported = context.now, context.forecast.all_reported

    def due(s: Subscription) -> bool:
        came = s.cursor < context.window.last_sequence
        zone = next_deliveries.zone_of(s, chat)
        return s.state is SubscriptionState.ACTIVE and cadences.is_due(
            s.cadence, zone, s.next_due_at, now, came, all_reported=all_reported
        )

    found = [s for s in subscriptions if due(s)]
    waits = next_deliveries.put_off_by_quiet_hours(chat, found, now)
    if all_reported is False:
        waits += [(s.id, s.cursor, opened) for s in found if (opened := next_deliveries.reopened_window(s, chat, now))]
    waiting = {subscription_id for subscription_id, _, _ in waits}
    return tuple(s for s in found if s.id not in waiting), waits


def still_holds(transaction: Transaction, chat_ids: Sequence[int], inputs: Inputs, context: PlanContext) -> bool:
    """Whether `read_inputs` would give the same again."""
    return (
        rows_of_chats(transaction, chat_ids) == inputs.rows
        and _keys(transaction, inputs.chats, inputs.due, context) == inputs.keys
        and stored_signals.tastes(transaction, list(inputs.keys)) == inputs.tastes
    )
