"""Counts the stored papers of some days that match a query, by the index of their words.

A set of papers is an int: bit n is entry `first + n` of the index. The papers of a term are looked up once and
cached until papers come, so that a list of subscriptions, or the variants of an advice, share most of the work. Papers
that the index cannot decide are read, the newest first. If they are too many, only the newest papers are counted, and
`Hits.end` tells which.
"""

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from heapq import nlargest
from typing import TypeVar

from subscriptions.matching.paper_index import matching_papers
from subscriptions.matching.terms import LEAST_NEARNESS, papers_of, simple_terms
from subscriptions.model import KnownPaper
from subscriptions.query.syntax import TEXT, Query, Term, ValueKind, WordsOfPapers
from subscriptions.store.database.store import Transaction
from subscriptions.store.papers import index, known_papers
from subscriptions.store.papers.index import IndexEntry

K = TypeVar("K")
V = TypeVar("V")

MOST_COUNTED = 50_000  # papers, the newest: some 15 ms for each different word of a query
MOST_READ = 250  # papers that the index cannot decide, half a millisecond each
MOST_TERMS = 500  # terms that are cached, up to 7 KB each
_NUMBER_BITS = 40  # the low bits of a key: the number of the paper; the day is above them
_NUMBERS = (1 << _NUMBER_BITS) - 1


@dataclass(frozen=True, slots=True)
class Hits:
    """The papers that a query finds among entries."""

    bits: int  # those that were counted, as a set
    end: int = 0  # the key of the newest paper that was not counted; 0: all were


@dataclass(slots=True)
class Entries:
    """Papers of some days in the index. The place of an entry is its number less `first`."""

    first: int
    keys: "array[int]"  # by place; papers are ordered by key: the day, then the number of the paper; 0: no paper of these days
    sequences: "array[int]"  # by place; 0: not announced
    papers: int  # all of them, as a set
    crosslisted: int  # those that got their sequence by a cross-list, as a set
    days: tuple[date, ...]  # the different ones, ascending
    whole: bool  # these are all papers of these days
    having: dict[Term, tuple[int, int]] = field(default_factory=dict)
    hits: dict[str, Hits] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[IndexEntry], *, whole: bool) -> "Entries":
        """The entries in rows of the index."""
        first = min((row.entry for row in rows), default=1)
        size = max((row.entry for row in rows), default=0) - first + 1
        keys, sequences = array("q", bytes(8 * size)), array("q", bytes(8 * size))
        days = {row.day: row.day.toordinal() << _NUMBER_BITS for row in rows}
        for entry, paper, day, sequence, _ in rows:
            keys[entry - first] = days[day] | paper
            sequences[entry - first] = sequence or 0
        entries = cls(first, keys, sequences, 0, 0, tuple(sorted(days)), whole)
        entries.papers = entries.set_of(row.entry for row in rows)
        entries.crosslisted = entries.set_of(row.entry for row in rows if row.cross)
        return entries

    @property
    def last(self) -> int:
        """The number of the last entry."""
        return self.first + len(self.keys) - 1

    def set_of(self, entries: Iterable[int]) -> int:
        """The set of the papers with these entries; entries of other papers are left out."""
        size, last = len(self.keys), self.last
        if not size:
            return 0
        digits = bytearray(b"0") * size
        for entry in entries:
            if self.first <= entry <= last:
                digits[last - entry] = 49  # "1"; the last digit is the lowest bit
        return int(digits, 2)

    def newest_first(self, papers: int, most: int | None = None) -> list[int]:
        """The keys of a set of papers, or of the newest `most` of them."""
        keys = map(self.keys.__getitem__, places(papers))
        return sorted(keys, reverse=True) if most is None else nlargest(most, keys)

    def newer_than(self, key: int) -> int:
        """The papers with a higher key, as a set: the newer ones."""
        return self.set_of(self.first + place for place, other in enumerate(self.keys) if other > key)

    def sequenced_after(self, sequence: int) -> int:
        """The papers with a higher sequence than this one, as a set."""
        return self.set_of(self.first + place for place, other in enumerate(self.sequences) if other > sequence)

    def newest_sequence(self, papers: int) -> int:
        """The highest sequence in a set of papers; 0: none has one."""
        return max(map(self.sequences.__getitem__, places(papers)), default=0)


def find(transaction: Transaction, entries: Entries, query: Query, *, most_read: int | None) -> Hits:
    """The papers that a query finds. At most `most_read` that the index cannot decide are read; None: all of them."""
    hits = entries.hits.get(query.canonical)
    if hits is None:
        hits = _find(transaction, entries, query, most_read)
        _remember(entries.hits, query.canonical, hits)
    return hits


def number_of(key: int) -> int:
    """The number of a paper, by its key."""
    return key & _NUMBERS


def day_of(key: int) -> date:
    """The day of a paper, by its key."""
    return date.fromordinal(key >> _NUMBER_BITS)


def key_of(day: date, paper: int) -> int:
    """The key of a paper."""
    return day.toordinal() << _NUMBER_BITS | paper


def read(transaction: Transaction, keys: Iterable[int]) -> tuple[KnownPaper, ...]:
    """The papers with these keys, in their order."""
    numbers = [number_of(key) for key in keys]
    known = known_papers.stored_papers(transaction, numbers)
    return tuple(known[number] for number in numbers)


def places(papers: int) -> Iterator[int]:
    """The places of a set of papers, descending."""
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
    """The set of the papers with these ids."""
    if not numbers:
        return 0
    return entries.set_of(entries.first + at for at, key in enumerate(entries.keys) if number_of(key) in numbers)


def _bounds(transaction: Transaction, entries: Entries, query: Query) -> tuple[int, int]:
    """The papers that a query certainly finds, and those that it may find."""
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
    """The papers in which a term certainly stands, and those in which it may."""
    known = entries.having.get(term)
    if known is not None:
        return known
    if term.field.kind is ValueKind.NEARNESS:
        sure, maybe = _near(transaction, entries, term)
    else:
        sure, maybe = _any_of(transaction, entries, simple_terms(term))
    found = sure & entries.papers, maybe & entries.papers
    _remember(entries.having, term, found)
    return found


def _any_of(transaction: Transaction, entries: Entries, terms: Iterable[Term]) -> tuple[int, int]:
    """The papers that certainly fulfil some of these simple terms, and those that may."""
    sure = maybe = 0
    for part in terms:
        posting = index.having(transaction, part, entries.first, entries.last)
        certain = entries.set_of(posting.sure)
        possible = certain if posting.maybe is posting.sure else entries.papers if posting.maybe is None else entries.set_of(posting.maybe)  # fmt: skip
        sure, maybe = sure | certain, maybe | possible
    return sure, maybe


def _near(transaction: Transaction, entries: Entries, term: Term) -> tuple[int, int]:
    """The papers that are certainly near to those of a term, and those that may be.

    The index decides every word. It does not decide which papers are those that the term names.
    """
    found = entries.set_of(entries.first + at for at in near_places(transaction, entries, term.near))
    own = 0
    for paper in papers_of(term):
        own |= having(transaction, entries, paper)[1]
    return found & ~own, found


def near_places(transaction: Transaction, entries: Entries, words: WordsOfPapers) -> dict[int, int]:
    """The places of the papers that are near by weighted words, each with its nearness: the sum of the weights."""
    near = array("i", bytes(4 * len(entries.keys)))
    for word, weight in words:
        there = index.having(transaction, Term(TEXT, tuple(word.split())), entries.first, entries.last)
        for entry in there.sure:
            near[entry - entries.first] += weight
    return {at: weight for at, weight in enumerate(near) if weight >= LEAST_NEARNESS}


def _remember(cache: dict[K, V], key: K, value: V) -> None:
    """Adds to a cache of at most MOST_TERMS entries; a full cache is emptied first.

    Several threads share the caches of Entries, so no caller reads back what it added: another thread may empty the
    cache.
    """
    if len(cache) >= MOST_TERMS:
        cache.clear()
    cache[key] = value
