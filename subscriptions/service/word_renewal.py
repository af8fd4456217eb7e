"""Renew the words on disk after an upgrade, a slice at a time, and tell chats what changes for them (rule 17).

Until it is done, nothing may be planned or searched: the words of queries and of papers are of different versions.
Only the process that has the role may renew.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from subscriptions.errors import QueryError
from subscriptions.language import Language
from subscriptions.matching.found_by_1_0_0 import FoundBefore, is_same
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.matching.reasons import HitFinder
from subscriptions.model import Subscription
from subscriptions.normalize import words
from subscriptions.notices import FoundMore, words_changed
from subscriptions.query import rewriting
from subscriptions.query.links import LIBRARY
from subscriptions.query.parse import parse_canonical, query_of
from subscriptions.query.tree import Query, Term
from subscriptions.service import nearness, notifying
from subscriptions.states import ChatState
from subscriptions.store import interests, known_papers, planner, renewed_words, stored_chats, stored_subscriptions
from subscriptions.store.database.store import Store, Transaction, UseCase, reads, writes
from subscriptions.store.renewed_words import CHATS, PAPERS, Place

SLICE: Mapping[str, int] = {PAPERS: 300, CHATS: 100}  # how many are renewed in one transaction
OF_1_0_0 = "1"  # the version of its words
COMPARED = timedelta(days=7)  # papers that came within this time are compared with all queries
MOST_COMPARED = 10_000  # the newest of them; each takes two milliseconds and some 30 KB
_EXAMPLES = 4  # newest papers of a subscription whose hits are read for the name of what it finds besides


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a renewal is."""

    of: str  # PAPERS or CHATS
    done: int
    all: int

    def line(self, words: Language) -> str:
        """Return the sentence that says it."""
        counts = {"done": words.number(self.done), "all": words.number(self.all)}
        if self.of == PAPERS:
            return words.say("The words of the papers are being indexed again: {done} of {all}.", **counts)
        return words.say("The chats are being renewed for the new words of the papers: {done} of {all}.", **counts)

    def __str__(self) -> str:
        return self.line(Language("en", "UTC"))


@dataclass(slots=True)
class Renewal:
    """One run of a renewal: what it knows of the papers of the last days, once it has come to the chats."""

    now: datetime
    is_at_chats: bool = False
    compared: "_Compared | None" = None

    @property
    def next_step(self) -> "UseCase[[Renewal], Progress | None]":
        """The use case that does the next step, and returns how far the renewal is then; None if nothing is left."""
        return _compare if self.is_at_chats and self.compared is None else renew_slice


def renew(store: Store, *, now: datetime) -> Iterator[Progress]:
    """Renew slice after slice, and yield the progress after each. The caller must have the role."""
    renewal = Renewal(now)
    while progress := renewal.next_step(store, renewal):
        yield progress


@reads
def progress(transaction: Transaction) -> Progress | None:
    """Return how far the renewal is; None if the words on disk are of this version."""
    if not renewed_words.are_old(transaction):
        return None
    place = renewed_words.place(transaction)
    return Progress(place.of, *renewed_words.count(transaction, place))


@reads
def _compare(transaction: Transaction, renewal: Renewal) -> Progress | None:
    """Read the papers of the last days, which takes seconds: so others can write meanwhile."""
    renewal.compared = _Compared(transaction, renewal.now)
    return progress(transaction)


@writes
def renew_slice(transaction: Transaction, renewal: Renewal) -> Progress | None:
    """Renew the next papers or chats. Return how far it is now; None if nothing is left."""
    if not renewed_words.are_old(transaction):
        return None
    place = renewed_words.place(transaction)
    renewal.is_at_chats = place.of == CHATS
    if renewal.next_step is not renew_slice:
        return progress(transaction)
    if place == Place():
        renewed_words.empty_index(transaction)
    ids = renewed_words.next_ids(transaction, place, SLICE[place.of])
    if place.of == PAPERS:
        renewed_words.index_papers(transaction, ids)
        after = Place(PAPERS, ids[-1]) if ids else Place(CHATS)
    elif ids:
        _renew_chats(transaction, ids, renewal.compared, renewal.now)
        after = Place(CHATS, ids[-1])
    else:
        renewed_words.note_end(transaction)
        return None
    renewed_words.note_place(transaction, after)
    renewal.is_at_chats = after.of == CHATS
    return progress(transaction)


def renewed_query(text: str, canonical: str, chat_id: int) -> Query | None:
    """Return the query of a subscription as this version reads it: from the text, if only words are read otherwise.

    The stems of another version do not suffice: that of metastases may be no word of this one. None if neither can be
    read.
    """
    return _renewed_query(text, canonical, chat_id if LIBRARY in canonical else 0)


@lru_cache(maxsize=1 << 12)
def _renewed_query(text: str, canonical: str, chat_id: int) -> Query | None:
    now = query_of(text, chat_id)
    try:
        before = parse_canonical(canonical)
    except QueryError:
        return now
    return now if now is not None and _shape(now) == _shape(before) else before


def _renewed_canonical(text: str, canonical: str, chat_id: int) -> str:
    query = renewed_query(text, canonical, chat_id)
    return query.canonical if query else canonical


def _shape(query: Query) -> frozenset[frozenset[tuple[object, ...]]]:
    """Return what a query asks for, without its words."""
    return frozenset(
        frozenset((*_shape_of(term), excluded) for terms, excluded in both for term in terms)
        for both in (((one.positive, False), (one.negative, True)) for one in query.alternatives)
    )


def _shape_of(term: Term) -> tuple[object, ...]:
    return term.field, term.prefix, term.exact, term.value, len(term.tokens), len(term.names)


def _renew_chats(transaction: Transaction, ids: Sequence[int], compared: "_Compared | None", now: datetime) -> None:
    interests.renew_titles(transaction, ids)
    renewed_words.renew_changes(transaction, ids, _renewed_canonical)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, ids)
    renewed = {chat_id: _Renewed.of(there) for chat_id, there in subscriptions.items() if there}
    for chat_id, found in renewed.items():
        for stays, goes in found.joined.items():
            for one in goes:
                stored_subscriptions.join(transaction, stays=stays.id, goes=one.id)
        if found.joined:  # an undo would bring back what is one now
            stored_subscriptions.drop_changes_from(transaction, chat_id, 0)
        renewed_words.put_canonical(transaction, found.changed)
    if compared:
        _tell(transaction, renewed, compared, now)


@dataclass(slots=True)
class _Renewed:
    """The subscriptions of one chat, renewed."""

    queries: dict[Subscription, list[Query]] = field(
        default_factory=dict
    )  # those that stay → theirs, of joined ones too
    joined: dict[Subscription, list[Subscription]] = field(default_factory=dict)  # → those that have the same query now
    changed: dict[int, str] = field(default_factory=dict)  # id → its new canonical text

    @classmethod
    def of(cls, subscriptions: Sequence[Subscription]) -> "_Renewed":
        """Return them renewed. Of several with one query, the first that is active stays, or the first."""
        found, stays = cls(), dict[str, Subscription]()
        for one in sorted(subscriptions, key=lambda one: (not one.is_active, one.number)):
            query = renewed_query(one.text, one.canonical, one.chat_id)
            if query is None:  # nobody can renew it, and it must not keep the others from being renewed
                continue
            same = stays.setdefault(query.canonical, one)
            found.queries.setdefault(same, []).append(query)
            if same is not one:
                found.joined.setdefault(same, []).append(one)
            elif query.canonical != one.canonical:
                found.changed[one.id] = query.canonical
        return found


class _Change(NamedTuple):
    """What a subscription finds now and did not find before, or the reverse: positions of papers, the newest first."""

    more: Sequence[int] = ()
    left_out: Sequence[int] = ()


def _tell(transaction: Transaction, renewed: Mapping[int, _Renewed], compared: "_Compared", now: datetime) -> None:
    """Tell chats which subscriptions became one, and, if they are active, which find more or leave out more."""
    chats = stored_chats.chats_by_id(transaction, renewed)
    compared.read_vectors(
        transaction, (one for found in renewed.values() for same in found.queries.values() for one in same)
    )
    changes = {
        one: compared.change(queries, crosslists=chats[chat_id].settings.crosslists != "out")
        for chat_id, found in renewed.items()
        for one, queries in found.queries.items()
        if chats[chat_id].is_active and one.is_active
    }
    papers = {compared.known[at].id for one in changes.values() for at in one.more}
    delivered = planner.delivered(transaction, list(renewed), papers)
    for chat_id, found in renewed.items():
        more, left_out, leaves_out = list[FoundMore](), set[int](), list[str]()
        for one, queries in sorted(found.queries.items(), key=lambda pair: pair[0].number):
            change = changes.get(one, _Change())
            if new := [at for at in change.more if compared.known[at].id not in delivered[chat_id]]:
                more.append(FoundMore(one, compared.example(queries[0], new), len(new), compared.days))
            if change.left_out:
                left_out.update(change.left_out)
                leaves_out.append(one.label)
        joined = {stays.number: [one.number for one in goes] for stays, goes in found.joined.items()}
        is_told = chats[chat_id].state in (ChatState.ACTIVE, ChatState.PAUSED)
        if is_told and (more or left_out or joined):
            notice = words_changed(chats[chat_id], words.VERSION, more, joined, (len(left_out), leaves_out))
            notifying.tell(transaction, chats[chat_id], notice, now)


class _Compared:
    """The papers of the last days: what queries find among them now, and what version 1.0.0 found."""

    def __init__(self, transaction: Transaction, now: datetime) -> None:
        after = last = known_papers.last_sequence(transaction)
        if renewed_words.version(transaction) == OF_1_0_0:  # else it is not known what was found before
            after = max(known_papers.sequence_before(transaction, now - COMPARED), last - MOST_COMPARED)
        self._after = after
        self.known = known_papers.window(transaction, after, last)
        self.days = len({one.day for one in self.known})
        papers = TokenizedPapers.of(one.paper for one in self.known)
        self._index = PaperIndex(papers)
        self._before = FoundBefore(papers, self._index)
        self._vectors: dict[Term, bytes] = {}
        self._new = sum(1 << at for at, one in enumerate(self.known) if one.sequence_as_new > after)
        self._finder = lru_cache(maxsize=256)(lambda at: HitFinder(self.known[at].paper))
        self._examples: dict[tuple[str, tuple[int, ...]], str] = {}

    def read_vectors(self, transaction: Transaction, queries: Iterable[Query]) -> None:
        """Read the vectors that queries need, as far as they are known."""
        asked = {term for query in queries for term in query.nearness_terms}
        self._vectors = nearness.vectors_of(transaction, asked)

    def change(self, queries: Sequence[Query], *, crosslists: bool) -> _Change:
        """Return what a query changed. `queries`: the same query, as it was typed in each subscription that is one now."""
        queries = [rewriting.with_vectors(one, self._vectors) if self._vectors else one for one in queries]
        now, before = self._index.found_by(queries[0]), 0
        for one in queries:
            before |= self._before.found_by(one.tree)
        among = -1 if crosslists else self._new
        return _Change(*([*PaperIndex.positions(found & among)][::-1] for found in (now & ~before, before & ~now)))

    def example(self, query: Query, papers: Sequence[int]) -> str:
        """Return the most frequent words that a query did not find before, as papers write them; "" if there are none."""
        key = query.canonical, tuple(papers[:_EXAMPLES])
        if key not in self._examples:
            hits = (hit for at in key[1] for hit in self._finder(at).why(query))
            found = Counter(word for hit in hits for word in hit.words if not is_same(word, query.tree))
            self._examples[key] = max(found, key=found.__getitem__, default="")
        return self._examples[key]
