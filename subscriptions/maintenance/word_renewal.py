"""Renew the words on disk after an upgrade, a slice at a time, and tell chats what changes for them (rule 17).

Until it is done, nothing may be planned or searched: the words of queries and of papers are of different versions.
Only the process that has the role may renew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database.store import Step, Store, Transaction
from subscriptions.errors import QueryError
from subscriptions.language import Language
from subscriptions.maintenance.found_besides import Compared
from subscriptions.maintenance.stored import renewed_words
from subscriptions.maintenance.stored.renewed_words import CHATS, PAPERS, Place
from subscriptions.model import ChatState, Subscription
from subscriptions.outbox import notify as notifying
from subscriptions.outbox.notices import words_changed
from subscriptions.papers.stored import feedback as interests
from subscriptions.query.links import LIBRARY
from subscriptions.query.parse import parse_canonical, query_of
from subscriptions.query.tree import Query, Term
from subscriptions.text import stems as words

SLICE: Mapping[str, int] = {PAPERS: 300, CHATS: 100}  # how many are renewed in one transaction


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
    compared: Compared | None = None

    @property
    def next_step(self) -> "Step[Progress | None]":
        """The next step, which returns how far the renewal is then; None if nothing is left."""
        if self.must_compare:
            return Step(lambda transaction: _compare(transaction, self), writes=False)
        return Step(lambda transaction: renew_slice(transaction, self))

    @property
    def must_compare(self) -> bool:
        """Whether the papers of the last days have to be read before the next chats are renewed."""
        return self.is_at_chats and self.compared is None


def renew(store: Store, *, now: datetime) -> Iterator[Progress]:
    """Renew slice after slice, and yield the progress after each. The caller must have the role."""
    renewal = Renewal(now)
    while progress := store.step_now(renewal.next_step):
        yield progress


def progress(transaction: Transaction) -> Progress | None:
    """Return how far the renewal is; None if the words on disk are of this version."""
    if not renewed_words.are_old(transaction):
        return None
    place = renewed_words.place(transaction)
    return Progress(place.of, *renewed_words.count(transaction, place))


def _compare(transaction: Transaction, renewal: Renewal) -> Progress | None:
    """Read the papers of the last days, which takes seconds: so others can write meanwhile."""
    renewal.compared = Compared(transaction, renewal.now)
    return progress(transaction)


def renew_slice(transaction: Transaction, renewal: Renewal) -> Progress | None:
    """Renew the next papers or chats. Return how far it is now; None if nothing is left."""
    if not renewed_words.are_old(transaction):
        return None
    place = renewed_words.place(transaction)
    renewal.is_at_chats = place.of == CHATS
    if renewal.must_compare:
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


def _renew_chats(transaction: Transaction, ids: Sequence[int], compared: Compared | None, now: datetime) -> None:
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


def _tell(transaction: Transaction, renewed: Mapping[int, _Renewed], compared: Compared, now: datetime) -> None:
    """Tell chats which subscriptions became one, and, if they are active, which find more or leave out more."""
    chats = stored_chats.chats_by_id(transaction, renewed)
    changes = compared.changes(transaction, chats, {chat_id: found.queries for chat_id, found in renewed.items()})
    for chat_id, found in renewed.items():
        chat, change = chats[chat_id], changes[chat_id]
        joined = {stays.number: [one.number for one in goes] for stays, goes in found.joined.items()}
        if chat.state in (ChatState.ACTIVE, ChatState.PAUSED) and (change or joined):
            notice = words_changed(chat, words.VERSION, joined=joined, **change._asdict())
            notifying.tell(transaction, chat, notice, now)
