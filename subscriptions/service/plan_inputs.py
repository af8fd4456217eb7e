"""The inputs of a plan: due subscriptions, the papers that they may deliver, and one delivery for a chat and minute."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from subscriptions.matching.fit import fit
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.matching.reasons import HitFinder
from subscriptions.matching.taste import Taste
from subscriptions.model import Chat, KnownPaper, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning import forecast as forecasts
from subscriptions.planning.decision import Evidence, Papers
from subscriptions.planning.forecast import Move
from subscriptions.planning.next_deliveries import Forecast
from subscriptions.query import AUTHOR, TITLE, rewriting
from subscriptions.query.parse import parse_canonical
from subscriptions.query.tree import Query, Term
from subscriptions.service import questions, taste
from subscriptions.store import chats as stored_chats
from subscriptions.store import known_papers, meanings, planned_deliveries
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction

FEW = 50  # queries; more are matched by an index of the papers, which takes 0.6 ms for each paper
MOST_MATCHES = 200_000  # queries whose matches are cached within a plan, some 250 bytes each
MOST_EVIDENCE = 100_000  # pairs of query and paper whose evidence is cached within a plan, some 400 bytes each


@dataclass(slots=True)
class Window:
    """Tokenized papers with after < sequence <= last_sequence. `cover` adds older papers if a slice looks further back."""

    last_sequence: int
    after: int | None = None
    newest: tuple[int, str] = (0, "")  # id of the newest digest, and the encoder, when the papers were read
    papers: Papers = field(default_factory=lambda: Papers(()))
    tokenized: TokenizedPapers = field(default_factory=lambda: TokenizedPapers.of(()))
    index: PaperIndex | None = None  # an index of the papers; only made for many queries
    # canonical text -> positions of the papers that it matches
    matches: dict[str, tuple[int, ...]] = field(default_factory=dict)
    vectors: dict[Term, bytes] = field(default_factory=dict)  # term that asks for nearness -> its vectors, if known

    def cover(self, transaction: Transaction, after: int) -> None:
        """Extends the window to all papers after the sequence `after`. Only papers that it lacked are tokenized."""
        newest = _newest(transaction)
        if self.after is None or after < self.after or newest != self.newest:
            known = known_papers.window(transaction, after, self.last_sequence)
            self.tokenized = TokenizedPapers.of((one.paper for one in known), self.tokenized)
            self.papers, self.index, self.matches, self.vectors = Papers(known), None, {}, {}
            self.after, self.newest = after, newest  # set last: after an error, the window is read again

    def match(self, transaction: Transaction, canonicals: Iterable[str]) -> None:
        """Matches the queries that were not matched yet."""
        if len(self.matches) >= MOST_MATCHES:
            self.matches = {}
        asked = set(canonicals) - self.matches.keys()
        self.vectors |= vectors_of(transaction, asked)
        for canonical in asked:
            query = self.query(canonical)
            if len(asked) > FEW:
                self.matches[canonical] = tuple(self.indexed().positions(self.indexed().found_by(query)))
            else:
                self.matches[canonical] = self.tokenized.matching(query)

    def fits(self, transaction: Transaction, subscriptions: Sequence[Subscription]) -> dict[int, tuple[int, ...]]:
        """Returns subscription id -> positions of the papers that its query matches."""
        self.match(transaction, (s.canonical for s in subscriptions))
        return {s.id: self.matches[s.canonical] for s in subscriptions}

    def query(self, canonical: str) -> Query:
        """Returns a stored query, with its vectors."""
        return with_vectors(canonical, self.vectors)

    def indexed(self) -> PaperIndex:
        """Returns the index of the papers, which the first call makes."""
        if self.index is None:
            self.index = PaperIndex(self.tokenized)
        return self.index


def _newest(transaction: Transaction) -> tuple[int, str]:
    return known_papers.newest_digest(transaction), meanings.encoder(transaction)


stored_query = lru_cache(maxsize=65536)(parse_canonical)  # canonical text → parsed query


def vectors_of(transaction: Transaction, canonicals: Iterable[str]) -> dict[Term, bytes]:
    """Returns term → vectors, for the terms of stored queries that ask for nearness. Leaves out unknown vectors."""
    asking = filter(questions.asks_for_nearness, canonicals)
    return questions.vectors_of(transaction, {term for one in asking for term in stored_query(one).nearness_terms})


def with_vectors(canonical: str, vectors: Mapping[Term, bytes]) -> Query:
    """Returns a stored query, with its vectors."""
    query = stored_query(canonical)
    return rewriting.with_vectors(query, vectors) if query.nearness_terms else query


def points_of(of_chat: Taste | None, papers: TokenizedPapers) -> Callable[[int], float] | None:
    """Returns a function: position of a paper → the points that a chat's taste adds to its fit; None without a taste."""
    return taste.points(of_chat, papers) if of_chat else None


def evidence_of_fits(query_of: Callable[[str], Query]) -> Callable[[Subscription, KnownPaper], Evidence]:
    """Returns a function that tells how a paper matches a subscription's query.

    `query_of`: canonical text -> query. The result of each pair of query and paper is computed only once, because many
    chats have the same queries.
    """
    known: dict[tuple[str, int], Evidence] = {}
    finders: dict[int, HitFinder] = {}

    def evidence(subscription: Subscription, paper: KnownPaper) -> Evidence:
        key = (subscription.canonical, paper.id)
        found = known.get(key)
        if found is None:
            if len(known) >= MOST_EVIDENCE:
                known.clear()
            found = known[key] = computed(query_of(subscription.canonical), paper)
        return found

    def computed(query: Query, paper: KnownPaper) -> Evidence:
        finder = finders.get(paper.id)
        if finder is None:
            finder = finders[paper.id] = HitFinder(paper.paper)
        hits = finder.why(query)
        words = tuple(dict.fromkeys(word for hit in hits for word in hit.words))
        fields = {hit.field for hit in hits}
        in_meaning = max((hit.near for hit in hits if hit.near is not None), default=0.0)
        fitting = fit(query, finder.places(query)) + in_meaning
        near = finder.nearness(query)
        return Evidence(words=words, in_title=TITLE in fields, by_author=AUTHOR in fields, fit=fitting, near=near)

    return evidence


@dataclass(slots=True)
class PlanContext:
    """The values that are the same for all chats planned at one moment."""

    forecast: Forecast
    window: Window
    evidence: Callable[[Subscription, KnownPaper], Evidence] = field(init=False)

    def __post_init__(self) -> None:
        """Sets `evidence`, which finds the queries in the window."""
        self.evidence = evidence_of_fits(self.window.query)


# The dedupe keys of deliveries, and the moments from which they are made (docs/architecture.md, rule 5).


_MINUTE = "%Y-%m-%dT%H:%M"


def due_moment(chat: Chat, due_subscriptions: Sequence[Subscription], now: datetime) -> datetime:
    """Returns the latest of the moments that made a chat due. See `moment_of`."""
    return max(moment_of(s, chat, now) for s in due_subscriptions)


def moment_of(subscription: Subscription, chat: Chat, now: datetime) -> datetime:
    """Returns the moment that made a subscription due. For the cadence now and an open window, this is `now`."""
    if subscription.next_due_at is None or subscription.cadence.kind == "now":
        return now  # a `now` subscription has a stored moment only while it is delayed
    if subscription.cadence.kind == "when-out":
        return min(
            now,
            cadences.closes(subscription.cadence, forecasts.zone_of(subscription, chat), subscription.next_due_at),
        )
    return subscription.next_due_at


def _keys(
    transaction: Transaction,
    chats: Mapping[int, Chat],
    due: Mapping[int, Sequence[Subscription]],
    context: PlanContext,
) -> dict[int, str]:
    """Returns chat id -> the dedupe key of its delivery. Leaves out chats that already have a delivery in this minute.

    The chats that are left out wait for the next minute. If the key of an earlier due minute is taken, the key gets a
    suffix. Otherwise the subscriptions would stay due for ever and never deliver.
    """
    last_sequence, now = context.window.last_sequence, context.forecast.at
    with_due = [(chats[chat_id], subscribed) for chat_id, subscribed in due.items() if subscribed]
    keys = {chat.id: _dedupe_key(chat, due_subscriptions, last_sequence, now) for chat, due_subscriptions in with_due}
    taken = planned_deliveries.taken_keys(transaction, list(keys.values()))
    for chat, due_subscriptions in with_due:
        if keys[chat.id] in taken and f"{due_moment(chat, due_subscriptions, now):{_MINUTE}}" != f"{now:{_MINUTE}}":
            keys[chat.id] += f":{last_sequence}:" + ",".join(str(s.number) for s in due_subscriptions)
    return {chat_id: key for chat_id, key in keys.items() if key not in taken}


def _dedupe_key(chat: Chat, due_subscriptions: Sequence[Subscription], last_sequence: int, now: datetime) -> str:
    """Returns the dedupe key of a delivery, so that there is one for each chat and due minute (architecture.md, rule 5).

    If no subscription has a due moment, there is one delivery for each chat and range of papers.
    """
    if any(s.next_due_at is not None for s in due_subscriptions):
        return f"{chat.id}:{due_moment(chat, due_subscriptions, now):{_MINUTE}}"
    numbers = ",".join(str(s.number) for s in due_subscriptions)
    cursor = min(s.cursor for s in due_subscriptions)
    return f"{chat.id}:now:{cursor}-{last_sequence}:{numbers}"


# (a chat, all its subscriptions, its due subscriptions)
ToPlan = tuple[Chat, Sequence[Subscription], tuple[Subscription, ...]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """All inputs of the plan of some chats at one moment, except the papers."""

    # all other inputs except keys and tastes follow from the chats and their subscriptions
    chats: Mapping[int, Chat]
    subscriptions: Mapping[int, Sequence[Subscription]]  # chat id -> all its subscriptions
    due: Mapping[int, tuple[Subscription, ...]]  # id of an active chat -> its due subscriptions
    waits: Sequence[Move]  # moves of subscriptions that have to wait
    keys: Mapping[int, str]  # id of a chat that is planned now -> the dedupe key of its delivery
    tastes: Mapping[int, Taste]  # id of a chat that is planned now -> its taste, if it has one

    @property
    def to_plan(self) -> list[ToPlan]:
        """The chats that are planned now."""
        return [(self.chats[chat_id], self.subscriptions[chat_id], self.due[chat_id]) for chat_id in self.keys]


def read_inputs(transaction: Transaction, chat_ids: Sequence[int], context: PlanContext) -> Inputs:
    """Reads the inputs of the plan of these chats."""
    chats = stored_chats.chats_by_id(transaction, chat_ids)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, chat_ids)
    return inputs_of(transaction, chats, subscriptions, context)


def inputs_of(
    transaction: Transaction,
    chats: Mapping[int, Chat],
    subscriptions: Mapping[int, Sequence[Subscription]],
    context: PlanContext,
) -> Inputs:
    """Computes the inputs from values that were read."""
    waits: list[Move] = []
    due: dict[int, tuple[Subscription, ...]] = {}
    for chat_id, chat in chats.items():
        if chat.is_active:
            due[chat_id], held_back = _due_now(chat, subscriptions[chat_id], context)
            waits += held_back
    keys = _keys(transaction, chats, due, context)
    return Inputs(chats, subscriptions, due, waits, keys, taste.tastes(transaction, list(keys)))


def _due_now(
    chat: Chat, subscriptions: Sequence[Subscription], context: PlanContext
) -> tuple[tuple[Subscription, ...], list[Move]]:
    """Returns (the due subscriptions of a chat, the moves of those that have to wait or are due too far in the future)."""
    now, all_reported = context.forecast.at, context.forecast.all_reported

    def due(s: Subscription) -> bool:
        came = s.cursor < context.window.last_sequence
        zone = forecasts.zone_of(s, chat)
        return s.is_active and cadences.is_due(s.cadence, zone, s.next_due_at, now, came, all_reported=all_reported)

    found = [s for s in subscriptions if due(s)]
    waits = forecasts.put_off_by_quiet_hours(chat, found, now) + forecasts.due_too_far(chat, subscriptions, now)
    if all_reported is False:
        waits += [(s.id, s.cursor, opened) for s in found if (opened := forecasts.reopened_window(s, chat, now))]
    waiting = {subscription_id for subscription_id, _, _ in waits}
    return tuple(s for s in found if s.id not in waiting), waits
