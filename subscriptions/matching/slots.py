"""What queries ask of a paper, each different thing once: a slot, known by a small number.

    graph                a word of any text
    "graph neural net"   a phrase: the slot of "graph neural", then the slot of "net"
    neur*                a beginning of words: the papers with such a word
    ti:graph cat:cs.LG   a feature that decides the term
    author:"J. Doe"      two parts of a name: the papers with such an author
    graph-neur*          a term that no feature decides: checked in the papers that have its features
    all:graph            a term of several fields: the papers of any of its parts
    like:2601.15529      nearness to papers: the papers in which the weights of their words sum up to enough

A match computes the papers of each slot once (`batch`), however many queries have it.

Clauses are columns of numbers, one table for each shape. A clause wants some slots and excludes others. Clauses with equal
numbers of both share a table, one row each:

    graph neural                   wanted 17   wanted 4
    "diffusion model" cat:cs.LG    wanted 90   wanted 31

So one step of a match works on a whole column, and not on a query.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from subscriptions.matching import hits, paper_index
from subscriptions.normalize import is_initial
from subscriptions.query import TEXT, Field, Term, ValueKind

SLOT_BITS = 32  # a step of a phrase is two slots in one number


class Nearness(NamedTuple):
    """What a term of nearness asks of a paper."""

    words: tuple[tuple[int, int], ...]  # (the slot of a word, its weight)
    own: tuple[int, ...]  # the slots of the papers themselves, which are not near to themselves


class Slots:
    """The slots of the terms of many queries, with their uses counted."""

    def __init__(self) -> None:
        self.words: dict[str, int] = {}
        self.steps: dict[int, int] = {}  # the slot of a phrase and that of a next word -> the slot of both together
        self.features: dict[str, int] = {}
        self.beginnings: dict[str, int] = {}  # of one word of any text
        self.names: dict[
            Field, dict[str, dict[str, int]]
        ] = {}  # a part of a name -> another part, or its initial -> the slot
        self.checked: dict[int, Term] = {}
        self.candidates = Columns()  # a clause for each of these terms: it wants what each of its papers has
        self.parts: dict[int, tuple[int, ...]] = {}  # of the terms of several fields
        self.nearness: dict[int, Nearness] = {}
        self.changes = 0  # of `steps`, counted
        self._terms: dict[Term, int] = {}  # all that is no word, phrase or feature
        self._keys: list[str | int | Term] = [""]  # by slot; a phrase has its last step
        self._uses = array("q", [1])  # by slot; the slot NO_PAPER is always used
        self._places: dict[int, int] = {}  # of the clauses in `candidates`
        self._free: list[int] = []

    def __len__(self) -> int:
        """Returns a number above every slot."""
        return len(self._keys)

    @property
    def used(self) -> int:
        """How many slots are used."""
        return len(self._keys) - len(self._free) - 1

    def take(self, term: Term) -> int:
        """Returns the slot of a term, used once more."""
        if hits.is_phrase(term):
            slot = self._phrase(term.tokens)
        else:
            feature = _deciding_feature(term)
            slot = self._term(term) if feature is None else self._slot(self.features, feature)
        self._uses[slot] += 1
        return slot

    def take_again(self, slots: Iterable[int]) -> None:
        """Counts one use more of each of some slots."""
        uses = self._uses
        for slot in slots:
            uses[slot] += 1

    def release(self, slot: int) -> bool:
        """Counts one use of a slot less. A slot without uses is forgotten, and another may get its number: returns True."""
        self._uses[slot] -= 1
        if self._uses[slot]:
            return False
        forgotten = [slot]  # no recursion: a phrase may have hundreds of words
        for unused in forgotten:
            for needed in self._forget(unused):
                self._uses[needed] -= 1
                if not self._uses[needed]:
                    forgotten.append(needed)
        return True

    def _forget(self, slot: int) -> tuple[int, ...]:
        """Removes a slot. Returns the slots that it has used."""
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
            del self.names[key.field][pair.part][pair.other]
        else:
            del self.beginnings[key.tokens[0]]
        return ()

    def _slot(self, slots: dict[str, int], text: str) -> int:
        """Returns the slot of a word or feature, by the mapping that has it."""
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
                self._put_name(term.field, pair, slot)
            else:
                self.checked[slot] = term
                self._places[slot] = self.candidates.add(slot, self._needed_by(term))
        return slot

    def _put_name(self, field: Field, pair: "_TwoParts", slot: int) -> None:
        self.names.setdefault(field, {}).setdefault(pair.part, {})[pair.other] = slot

    def _nearness(self, term: Term) -> Nearness:
        words = tuple((self._phrase(tuple(word.split())), weight) for word, weight in term.near)
        own = tuple(self._slot(self.features, hits.label_of(paper)) for paper in hits.papers_of(term))
        for slot in (*(word for word, _ in words), *own):
            self._uses[slot] += 1
        return Nearness(words, own)

    def _needed_by(self, term: Term) -> list[int]:
        """Returns slots that every paper has that fulfils a simple term, each used once more."""
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

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_keys"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._keys = [""] * len(self._uses)  # made again, with the keys that the mappings hold
        keyed: Iterable[Mapping[str, int] | Mapping[int, int] | Mapping[Term, int]]
        keyed = (self.words, self.features, self.steps, self._terms)
        for mapping in keyed:
            for key, slot in mapping.items():
                self._keys[slot] = key

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


class _TwoParts(NamedTuple):
    """Two parts of one name."""

    part: str  # no initial
    other: str  # may be an initial


def _two_parts(term: Term) -> _TwoParts | None:
    """Returns what a term asks of a name if that is two parts in any order, not both initials; else None."""
    if term.field.kind is not ValueKind.NAME or term.prefix or term.exact or len(term.tokens) != len(_TwoParts._fields):
        return None
    other, part = sorted(term.tokens, key=lambda token: not is_initial(token))
    return None if is_initial(part) else _TwoParts(part, other)


def _is_beginning(term: Term) -> bool:
    """Whether a term is the beginning of one word of any text, long enough to be looked up."""
    is_one_word = term.field is TEXT and term.prefix and not term.exact and len(term.tokens) == 1
    return is_one_word and paper_index.head_of(term.tokens[0]) != ""


# -------------------------------------------------------------------------------------------------------------- columns


NO_PLACE = -1
NO_PAPER = 0  # a slot that no paper fulfils; removed rows want it
_ROW_BITS = 32  # of a place; the bits above them are the number of the table


class Table:
    """The clauses of one shape. A row that was removed wants NO_PAPER, and is used again."""

    __slots__ = ("_free", "columns", "following", "handles", "is_single", "unwanted", "wanted")

    def __init__(self, wanted: int, unwanted: int, *, is_single: bool) -> None:
        self.is_single = is_single  # whether each handle is in one row of one table only
        self.handles = array("i")
        self.following = array("q")  # unless single: the place of the next clause of the same handle
        self.wanted = [array("i") for _ in range(wanted)]
        self.unwanted = [array("i") for _ in range(unwanted)]
        self.columns = (*self.wanted, *self.unwanted)
        self._free: list[int] = []

    def __len__(self) -> int:
        """Returns the number of rows, removed ones too."""
        return len(self.handles)

    def add(self, handle: int, slots: Iterable[int], following: int) -> int:
        """Adds a clause of a handle, wanted slots first, and returns its row."""
        if self._free:
            row = self._free.pop()
            self.handles[row] = handle
            if not self.is_single:
                self.following[row] = following
            for column, slot in zip(self.columns, slots, strict=True):
                column[row] = slot
            return row
        self.handles.append(handle)
        if not self.is_single:
            self.following.append(following)
        for column, slot in zip(self.columns, slots, strict=True):
            column.append(slot)
        return len(self.handles) - 1

    def remove(self, row: int) -> list[int]:
        """Removes a row and returns its slots."""
        slots = [column[row] for column in self.columns]
        self.wanted[0][row] = NO_PAPER
        self._free.append(row)
        return slots


class Columns:
    """Tables of all shapes. A place is the number of a table and a row in it, in one number."""

    def __init__(self) -> None:
        self.tables: list[Table] = []
        self._number_of: dict[tuple[int, int, bool], int] = {}

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables)

    def __len__(self) -> int:
        """Returns the number of rows."""
        return sum(map(len, self.tables))

    def add(self, handle: int, slots: Sequence[int], unwanted: int = 0, following: int | None = None) -> int:
        """Adds a clause that wants slots, apart from the last `unwanted` ones, which it excludes. Returns its place.

        `following` is the place of the next clause of the same handle, NO_PLACE for the last one of several, None for the
        only one.
        """
        is_single = following is None
        shape = len(slots), unwanted, is_single
        number = self._number_of.get(shape)
        if number is None:
            number = self._new(shape)
        return number << _ROW_BITS | self.tables[number].add(
            handle, slots, NO_PLACE if following is None else following
        )

    def following(self, place: int) -> int:
        """Returns the place of the next clause of the same handle, NO_PLACE if there is none."""
        number, row = divmod(place, 1 << _ROW_BITS)
        table = self.tables[number]
        return NO_PLACE if table.is_single else table.following[row]

    def remove(self, place: int) -> list[int]:
        """Removes the clause at a place and returns its slots."""
        number, row = divmod(place, 1 << _ROW_BITS)
        return self.tables[number].remove(row)

    def _new(self, shape: tuple[int, int, bool]) -> int:
        slots, unwanted, is_single = shape
        number = self._number_of[shape] = len(self.tables)
        self.tables.append(Table(slots - unwanted, unwanted, is_single=is_single))
        return number
