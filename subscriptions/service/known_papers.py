"""Finds stored papers by a query: among how many of the newest, and how many it reads where the index cannot decide."""

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from heapq import nlargest
from typing import TypeVar

from subscriptions import meaning
from subscriptions.matching.fulfilment import papers_of, simple_terms
from subscriptions.matching.paper_index import matching_papers
from subscriptions.model import KnownPaper
from subscriptions.query.tree import Alternative, Query, Term
from subscriptions.service.questions import with_known_vectors
from subscriptions.store import kept_values, known_papers, meanings, paper_words
from subscriptions.store.database.store import Store, Transaction

K = TypeVar("K")
V = TypeVar("V")

MOST_COUNTED = 50_000  # newest papers among which matches are counted; takes some 15 ms for each word of a query
MOST_READ = 250  # papers that are read because the index cannot decide about them; each takes half a millisecond
MOST_TERMS = 500  # terms that are cached, up to 7 KB each
_NUMBER_BITS = 40  # the low bits of a paper's key are its id, the bits above them its day
_NUMBERS = (1 << _NUMBER_BITS) - 1


@dataclass(frozen=True, slots=True)
class Hits:
    """The papers that a query finds among some Entries."""

    bits: int  # the papers that it finds, as a set (see Entries)
    end: int = 0  # the key of the newest paper that was not checked; 0: all were checked


@dataclass(slots=True)
class Entries:
    """The entries of some papers in the full-text index. The place of an entry is its number minus `first`.

    A set of papers is an int: bit n is set if the paper at place n is in the set.
    """

    first: int
    # place -> key of the paper (`key_of`), which sorts by day, then by id; 0: not one of these papers
    keys: "array[int]"
    sequences: "array[int]"  # place -> sequence; 0: not announced
    papers: int  # all papers, as a set
    crosslisted: int  # the papers that were only cross-listed, as a set
    days: tuple[date, ...]  # the days of the papers, ascending, each once
    whole: bool  # whether these papers are all papers of these days
    in_time: bool = False  # whether late codes do not count, as in planning
    having: dict[Term, tuple[int, int]] = field(default_factory=dict)
    # (alternatives of a query, the last entry of codes of papers that was known then, 0 if they do not matter) -> hits
    hits: dict[tuple[tuple[Alternative, ...], int], Hits] = field(default_factory=dict)
    near: dict[tuple[Term, int], Mapping[int, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[paper_words.IndexEntry], *, whole: bool, in_time: bool = False) -> "Entries":
        """Returns the Entries for some rows of the index."""
        first = min((row.entry for row in rows), default=1)
        size = max((row.entry for row in rows), default=0) - first + 1
        keys, sequences = array("q", bytes(8 * size)), array("q", bytes(8 * size))
        days = {row.day: row.day.toordinal() << _NUMBER_BITS for row in rows}
        for entry, paper, day, sequence, _ in rows:
            keys[entry - first] = days[day] | paper
            sequences[entry - first] = sequence or 0
        entries = cls(first, keys, sequences, 0, 0, tuple(sorted(days)), whole, in_time)
        entries.papers = entries.set_of(row.entry for row in rows)
        entries.crosslisted = entries.set_of(row.entry for row in rows if row.cross)
        return entries

    @property
    def last(self) -> int:
        """The number of the last of these entries."""
        return self.first + len(self.keys) - 1

    def set_of(self, entries: Iterable[int]) -> int:
        """Returns the set of the papers with these numbers of entries. Ignores numbers out of range."""
        size, last = len(self.keys), self.last
        if not size:
            return 0
        digits = bytearray(b"0") * size
        for entry in entries:
            if self.first <= entry <= last:
                digits[last - entry] = 49  # "1"; the last digit is the lowest bit
        return int(digits, 2)

    def newest_first(self, papers: int, most: int | None = None) -> list[int]:
        """Returns the keys of a set of papers, or of the newest `most` of them, newest first."""
        keys = map(self.keys.__getitem__, places(papers))
        if most is None:
            return sorted(keys, reverse=True)
        return nlargest(most, keys)

    def newer_than(self, key: int) -> int:
        """Returns the set of the papers with a higher key: of a later day, or of the same day with a higher id."""
        return self.set_of(self.first + place for place, other in enumerate(self.keys) if other > key)

    def sequenced_after(self, sequence: int) -> int:
        """Returns the set of the papers with a higher sequence than this one."""
        return self.set_of(self.first + place for place, other in enumerate(self.sequences) if other > sequence)

    def newest_sequence(self, papers: int) -> int:
        """Returns the highest sequence in a set of papers; 0 if none has a sequence."""
        return max(map(self.sequences.__getitem__, places(papers)), default=0)


def find(transaction: Transaction, entries: Entries, query: Query, *, most_read: int | None) -> Hits:
    """Returns the papers that a query finds.

    Reads the papers about which the index cannot decide, at most `most_read` of them; None: all of them.
    """
    query = with_known_vectors(transaction, query)
    key = query.alternatives, meanings.last_entry(transaction) if query.nearness_terms else 0
    hits = entries.hits.get(key)
    if hits is None:
        hits = _find(transaction, entries, query, most_read)
        _remember(entries.hits, key, hits)
    return hits


def number_of(key: int) -> int:
    """Returns the id of the paper with this key."""
    return key & _NUMBERS


def day_of(key: int) -> date:
    """Returns the day of the paper with this key."""
    return date.fromordinal(key >> _NUMBER_BITS)


def key_of(day: date, paper: int) -> int:
    """Returns the key of a paper, by which newer papers come last."""
    return day.toordinal() << _NUMBER_BITS | paper


def read(transaction: Transaction, keys: Iterable[int]) -> tuple[KnownPaper, ...]:
    """Returns the papers with these keys, in the same order."""
    numbers = [number_of(key) for key in keys]
    known = known_papers.stored_papers(transaction, numbers)
    return tuple(known[number] for number in numbers)


def places(papers: int) -> Iterator[int]:
    """Yields the places of a set of papers, descending."""
    digits = f"{papers:b}"
    top, at = len(digits) - 1, digits.find("1")
    while papers and at >= 0:
        yield top - at
        at = digits.find("1", at + 1)


def _find(transaction: Transaction, entries: Entries, query: Query, most_read: int | None) -> Hits:
    sure, maybe = _bounds(transaction, entries, query)
    doubtful = entries.newest_first(maybe & ~sure)
    asked = read(transaction, doubtful[:most_read])
    fitting = {asked[place].id for place in matching_papers(query, [known.paper for known in asked])}
    found = sure | set_of_papers(entries, fitting)
    if most_read is None or len(doubtful) <= most_read:
        return Hits(found)
    end = doubtful[most_read]
    return Hits(found & entries.newer_than(end), end)


def set_of_papers(entries: Entries, numbers: Collection[int]) -> int:
    """Returns the set of the papers with these ids."""
    if not numbers:
        return 0
    return entries.set_of(entries.first + at for at, key in enumerate(entries.keys) if number_of(key) in numbers)


def certain(transaction: Transaction, entries: Entries, query: Query) -> int:
    """Returns the papers that a query certainly finds, as a set. Reads no papers."""
    return _bounds(transaction, entries, query)[0]


def _bounds(transaction: Transaction, entries: Entries, query: Query) -> tuple[int, int]:
    """Returns two sets: the papers that a query certainly finds, and all papers that it may find."""
    sure = maybe = 0
    for alternative in query.alternatives:
        these = those = entries.papers
        for term in alternative.positive:
            certain, possible = having(transaction, entries, term)
            these, those = these & certain, those & possible
        for term in alternative.negative:
            certain, possible = having(transaction, entries, term)
            these, those = these & ~possible, those & ~certain
        sure, maybe = sure | these, maybe | those
    return sure, maybe


def having(transaction: Transaction, entries: Entries, term: Term) -> tuple[int, int]:
    """Returns two sets: the papers that certainly match a term, and all papers that may match it."""
    if term.field.kind.needs_vectors:
        return _near(transaction, entries, term)
    known = entries.having.get(term)
    if known is not None:
        return known
    sure, maybe = _any_of(transaction, entries, simple_terms(term))
    found = sure & entries.papers, maybe & entries.papers
    _remember(entries.having, term, found)
    return found


def _any_of(transaction: Transaction, entries: Entries, terms: Iterable[Term]) -> tuple[int, int]:
    """Returns two sets: the papers that certainly match any of these simple terms, and all that may match one."""
    sure = maybe = 0
    for part in terms:
        posting = paper_words.having(transaction, part, entries.first, entries.last)
        certain = entries.set_of(posting.sure)
        possible = certain
        if posting.maybe is None:
            possible = entries.papers
        elif posting.maybe is not posting.sure:
            possible = entries.set_of(posting.maybe)
        sure, maybe = sure | certain, maybe | possible
    return sure, maybe


def _near(transaction: Transaction, entries: Entries, term: Term) -> tuple[int, int]:
    """Returns two sets: the papers that are certainly near to the text or the papers of a term, and all that may be.

    The papers that the term itself names do not match. The index cannot always tell which papers these are. So each
    paper that may be one of them is only in the second set.
    """
    found = entries.set_of(entries.first + at for at in places_near(transaction, entries, term))
    own = 0
    for paper in papers_of(term):
        own |= having(transaction, entries, paper)[1]
    return found & ~own, found


def places_near(transaction: Transaction, entries: Entries, term: Term) -> Mapping[int, float]:
    """Returns place → nearness for the papers that are near to the text or the papers of a term; {} if it has no vector.

    Reads the codes of all papers, which takes some 10 µs for each. The result is cached until papers or codes come.
    """
    if not term.question:
        return {}
    key = term, meanings.last_entry(transaction)
    near = entries.near.get(key)
    if near is None:
        questions = meaning.read_questions(term.question)
        places_of = {number_of(key): place for place, key in enumerate(entries.keys) if key}
        found = meanings.each_code(transaction, list(places_of), in_time=entries.in_time)
        near = {
            places_of[paper]: nearness
            for paper, codes in found
            if (nearness := meaning.nearness_to_any(questions, meaning.read_paper(codes))) >= meaning.NEAR
        }
        _remember(entries.near, key, near)
    return near


def _remember(cache: dict[K, V], key: K, value: V) -> None:
    """Adds a value to a cache of at most MOST_TERMS entries. A full cache is emptied first.

    Several threads share the caches of Entries. So callers must not read their value from the cache afterwards, since
    another thread may have emptied it.
    """
    if len(cache) >= MOST_TERMS:
        cache.clear()
    cache[key] = value


# kind of cached Entries: key of the newest paper of a range (None: the newest paper) → this range
_SEARCHED = "searched"


def entries_of_day(transaction: Transaction, day: date) -> Entries:
    """Returns the papers that were announced on a day."""
    return kept_values.keep(
        transaction,
        "day",
        day,
        lambda: Entries.of(paper_words.news(transaction, None, since=day, until=day), whole=True),
    )


def entries_after(transaction: Transaction, after: int, upto: int) -> Entries:
    """Returns all papers with after < sequence <= upto, and perhaps some with lower or higher sequences."""
    spans = list(kept_values.kept(transaction, "span"))
    span = next(((start, end) for start, end in spans if start <= after and upto <= end), (after, upto))
    return kept_values.keep(
        transaction,
        "span",
        span,
        lambda: Entries.of(paper_words.sequenced(transaction, *span), whole=True, in_time=True),
    )


def searched_range(transaction: Transaction, upto: int | None = None) -> tuple[Entries, int | None]:
    """Returns (the newest papers up to the key `upto`, the key of the next older paper or None)."""
    return kept_values.keep(transaction, _SEARCHED, upto, lambda: _look(transaction, upto))


def _look(transaction: Transaction, upto: int | None) -> tuple[Entries, int | None]:
    begin = None if upto is None else (day_of(upto), number_of(upto))
    rows = paper_words.newest(transaction, MOST_COUNTED + 1, upto=begin)
    if len(rows) <= MOST_COUNTED:
        return Entries.of(rows, whole=True), None
    older = rows.pop()
    return Entries.of(rows, whole=False), key_of(older.day, older.paper)


def keep_searched(store: Store) -> None:
    """Updates the cache of the newest papers, if this process has ever searched them."""
    if kept_values.is_used(store, _SEARCHED):
        with store.read() as transaction:
            searched_range(transaction)
