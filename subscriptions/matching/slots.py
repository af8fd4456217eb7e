"""The conditions of queries on papers. Each different condition gets a slot, which is a small number.

    graph                a word of any text
    "graph neural net"   a phrase: the slot of "graph neural", then the slot of "net"
    neur*                the beginning of a word: the papers with a word that begins so
    ti:graph cat:cs.LG   two features of papers; each of them alone decides its term
    author:"J. Doe"      two parts of a name: the papers with an author who has both
    graph-neur*          a term that no feature decides: it is checked in the papers that have its features
    all:graph            a term of several fields: the papers that fulfil any of its parts
    like:2601.15529      nearness to papers: the papers whose words have enough weight together

A match computes the papers of each slot once (`batch`), even if many queries have it.

A clause wants some slots and excludes others. All clauses with the same two counts share a table, where each of them is
a row of slots:

    graph neural                   wanted 17   wanted 4
    "diffusion model" cat:cs.LG    wanted 90   wanted 31

So one step of a match works on a whole column, and not on a single query.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from subscriptions.matching import hits, paper_index
from subscriptions.normalize import is_initial
from subscriptions.query import TEXT, Field, Term, ValueKind

SLOT_BITS = 32  # the key of a step is two slots in one number


class Nearness(NamedTuple):
    """The condition of a term of nearness (`like:`) on a paper."""

    words: tuple[tuple[int, int], ...]  # (the slot of a word, its weight)
    own: tuple[int, ...]  # the slots of the named papers, which do not count as near to themselves


class Slots:
    """The slots of the terms of many queries. Counts how many clauses use each slot."""

    def __init__(self) -> None:
        self.words: dict[str, int] = {}
        # (slot of a phrase, slot of the next word) as one number -> slot of both together
        self.steps: dict[int, int] = {}
        self.features: dict[str, int] = {}
        self.beginnings: dict[str, int] = {}  # beginning of a word of any text -> the slot
        # a part of a name -> another part, or its initial -> the slot
        self.names: dict[Field, dict[str, dict[str, int]]] = {}
        self.checked: dict[int, Term] = {}
        self.candidates = Columns()  # a clause for each checked term: it wants the features that the term needs
        self.parts: dict[int, tuple[int, ...]] = {}  # slot of a term of several fields -> the slots of its parts
        self.nearness: dict[int, Nearness] = {}
        self.changes = 0  # number of changes of `steps`
        self._terms: dict[Term, int] = {}  # any other term -> the slot
        # slot -> its key in one of these mappings; for a phrase its last step
        self._keys: list[str | int | Term] = [""]
        self._uses = array("q", [1])  # slot -> its number of uses; the slot NO_PAPER is always used
        self._places: dict[int, int] = {}  # slot of a checked term -> the place of its clause in `candidates`
        self._free: list[int] = []

    def __len__(self) -> int:
        """Returns the number of slots, including free ones; every slot is lower."""
        return len(self._keys)

    @property
    def used(self) -> int:
        """How many slots are used, without NO_PAPER."""
        return len(self._keys) - len(self._free) - 1

    def take(self, term: Term) -> int:
        """Returns the slot of a term, and counts one more use of it."""
        if hits.is_phrase(term):
            slot = self._phrase(term.tokens)
        else:
            feature = _deciding_feature(term)
            slot = self._term(term) if feature is None else self._slot(self.features, feature)
        self._uses[slot] += 1
        return slot

    def take_again(self, slots: Iterable[int]) -> None:
        """Counts one more use of each of these slots."""
        uses = self._uses
        for slot in slots:
            uses[slot] += 1

    def release(self, slot: int) -> bool:
        """Counts one use less of a slot. Returns True if it was the last use, which frees the number of the slot."""
        self._uses[slot] -= 1
        if self._uses[slot]:
            return False
        forgotten = [slot]  # a loop instead of recursion, since a phrase may have hundreds of words
        for unused in forgotten:
            for needed in self._forget(unused):
                self._uses[needed] -= 1
                if not self._uses[needed]:
                    forgotten.append(needed)
        return True

    def _forget(self, slot: int) -> tuple[int, ...]:
        """Removes a slot. Returns the slots that its condition used, so that the caller can release them."""
        key, self._keys[slot] = self._keys[slot], ""
        self._free.append(slot)
        if isinstance(key, int):
            del self.steps[key]
            self.changes += 1
            return divmod(key, 1 << SLOT_BITS)
        if isinstance(key, str):
            del (self.features if self.features.get(key) == slot else self.words)[key]
            return ()
        del self._terms[key]
        if slot in self.parts:
            return self.parts.pop(slot)
        if slot in self.nearness:
            words, own = self.nearness.pop(slot)
            return (*(word for word, _ in words), *own)
        if slot in self.checked:
            del self.checked[slot]
            return tuple(self.candidates.remove(self._places.pop(slot)))
        if pair := _two_parts(key):
            part, other = pair
            del self.names[key.field][part][other]
        else:
            del self.beginnings[key.tokens[0]]
        return ()

    def _slot(self, slots: dict[str, int], text: str) -> int:
        """Returns the slot of a word or feature in the mapping `slots`. A new text gets a new slot."""
        slot = slots.get(text)
        if slot is None:
            slot = slots[text] = self._new(text)
        return slot

    def _phrase(self, words: tuple[str, ...]) -> int:
        slot = self._slot(self.words, words[0])
        for word in words[1:]:
            following = self._slot(self.words, word)
            step = slot << SLOT_BITS | following
            both = self.steps.get(step)
            if both is None:
                both = self.steps[step] = self._new(step)
                self.changes += 1
                self._uses[slot] += 1
                self._uses[following] += 1
            slot = both
        return slot

    def _term(self, term: Term) -> int:
        slot = self._terms.get(term)
        if slot is None:
            slot = self._terms[term] = self._new(term)
            parts = hits.simple_terms(term)
            if len(parts) > 1:
                self.parts[slot] = tuple(map(self.take, parts))
            elif term.field.kind is ValueKind.NEARNESS:
                self.nearness[slot] = self._nearness(term)
            elif _is_beginning(term):
                self.beginnings[term.tokens[0]] = slot
            elif pair := _two_parts(term):
                part, other = pair
                self.names.setdefault(term.field, {}).setdefault(part, {})[other] = slot
            else:
                self.checked[slot] = term
                self._places[slot] = self.candidates.add(slot, self._needed_by(term))
        return slot

    def _nearness(self, term: Term) -> Nearness:
        words = tuple((self._phrase(tuple(word.split())), weight) for word, weight in term.near)
        own = tuple(self._slot(self.features, hits.label_of(paper)) for paper in hits.papers_of(term))
        for slot in (*(word for word, _ in words), *own):
            self._uses[slot] += 1
        return Nearness(words, own)

    def _needed_by(self, term: Term) -> list[int]:
        """Returns slots that a paper must have to fulfil a simple term, and counts one more use of each."""
        slots = [self._slot(self.features, feature) for feature in dict.fromkeys(paper_index.needed_by(term))]
        if term.field.in_any_text and not term.exact:
            whole = term.tokens[:-1] if term.prefix else term.tokens
            slots += [self._phrase(whole)] if whole else []
            beginning = Term(TEXT, term.tokens[-1:], prefix=True)
            slots += [self._term(beginning)] if term.prefix and _is_beginning(beginning) else []
        slots = slots or [self._slot(self.features, paper_index.EVERY_PAPER)]
        for slot in slots:
            self._uses[slot] += 1
        return slots

    def _new(self, key: str | int | Term) -> int:
        if self._free:
            slot = self._free.pop()
            self._keys[slot] = key
        else:
            slot = len(self._keys)
            self._keys.append(key)
            self._uses.append(0)
        return slot


@lru_cache(maxsize=1 << 14)
def _deciding_feature(term: Term) -> str | None:
    return None if len(hits.simple_terms(term)) > 1 else paper_index.deciding_feature(term)


def _two_parts(term: Term) -> tuple[str, str] | None:
    """Returns the two parts of the name that a term asks for, the first not an initial; None for other terms."""
    if term.field.kind is not ValueKind.NAME or term.prefix or term.exact or len(term.tokens) != 2:  # noqa: PLR2004
        return None
    other, part = sorted(term.tokens, key=lambda token: not is_initial(token))
    return None if is_initial(part) else (part, other)


def _is_beginning(term: Term) -> bool:
    """Returns whether a term is the beginning of a single word in any text, and long enough to be looked up."""
    is_one_word = term.field is TEXT and term.prefix and not term.exact and len(term.tokens) == 1
    return is_one_word and paper_index.head_of(term.tokens[0]) != ""


# -------------------------------------------------------------------------------------------------------------- columns


NO_PAPER = 0  # a slot that no paper fulfils; removed rows want it
_ROW_BITS = 32  # the lowest bits of a place are the row, the bits above them the number of the table


class Table:
    """The clauses of one shape. A removed row wants NO_PAPER until another clause takes its place."""

    __slots__ = ("_free", "columns", "handles", "is_single", "unwanted", "wanted")

    def __init__(self, wanted: int, unwanted: int, *, is_single: bool) -> None:
        self.is_single = is_single  # whether each handle is in one row of one table only
        self.handles = array("i")
        self.wanted = [array("i") for _ in range(wanted)]
        self.unwanted = [array("i") for _ in range(unwanted)]
        self.columns = (*self.wanted, *self.unwanted)
        self._free: list[int] = []

    def __len__(self) -> int:
        """Returns the number of rows, including removed ones."""
        return len(self.handles)

    def add(self, handle: int, slots: Iterable[int]) -> int:
        """Adds a clause of a handle, wanted slots first, and returns its row."""
        columns = zip((self.handles, *self.columns), (handle, *slots), strict=True)
        if self._free:
            row = self._free.pop()
            for column, number in columns:
                column[row] = number
            return row
        for column, number in columns:
            column.append(number)
        return len(self.handles) - 1

    def remove(self, row: int) -> list[int]:
        """Removes a row and returns its slots."""
        slots = [column[row] for column in self.columns]
        self.wanted[0][row] = NO_PAPER
        self._free.append(row)
        return slots


class Columns:
    """The tables of all shapes. A *place* is one number that names a table and a row in it."""

    def __init__(self) -> None:
        self.tables: list[Table] = []
        self._number_of: dict[tuple[int, int, bool], int] = {}

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables)

    def __len__(self) -> int:
        """Returns the number of rows."""
        return sum(map(len, self.tables))

    def add(self, handle: int, slots: Sequence[int], unwanted: int = 0, *, is_single: bool = True) -> int:
        """Adds a clause and returns its place. The clause excludes the last `unwanted` slots, and wants the others.

        `is_single`: the handle has no other clause.
        """
        shape = len(slots), unwanted, is_single
        number = self._number_of.get(shape)
        if number is None:
            number = self._number_of[shape] = len(self.tables)
            self.tables.append(Table(len(slots) - unwanted, unwanted, is_single=is_single))
        return number << _ROW_BITS | self.tables[number].add(handle, slots)

    def remove(self, place: int) -> list[int]:
        """Removes the clause at a place and returns its slots."""
        number, row = divmod(place, 1 << _ROW_BITS)
        return self.tables[number].remove(row)
