"""The conditions of queries on papers. Each different one has a number, its *slot*, so a match computes its papers once.

graph "graph neural" =RAG   words and phrases in any text, as folded or as written
ti:graph author:doe         words in one field; a part of a name
author:"J. Doe"             two parts of a name
neur* author:schm*          the beginning of a word or of a part of a name
cat:cs.LG source:daily      labels of papers
graph-neur*                 no look-up decides: `Checked` in the papers that fulfil other conditions
all:graph                   any of several conditions (`AnyOf`)
like:2601.15529             words that together have enough weight (`Near`)
about:"protein folding"     near in meaning to a text (`About`)
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import NamedTuple, TypeAlias

from subscriptions.matching import fulfilment
from subscriptions.matching.paper_index import PaperIndex, Space
from subscriptions.normalize import is_initial
from subscriptions.query import ABOUT, TEXT, ValueKind
from subscriptions.query.tree import Term

MOST_PARTS = 2  # parts of a name that are looked up together
LONGEST = 8  # words of a phrase that are looked up; longer phrases are checked in the papers that have the first words


class Checked(NamedTuple):
    """A term that is checked in each paper that fulfils the conditions it needs."""

    needs: tuple[int, ...]
    term: Term

    def papers(self, of: Sequence[int], index: PaperIndex) -> int:
        """Returns the papers that fulfil the condition. `of`: slot -> its papers, for all lower slots."""
        candidates = index.every
        for slot in self.needs:
            candidates &= of[slot]
        if candidates:
            return index.fulfilling(self.term, candidates)
        return 0


class AnyOf(NamedTuple):
    """A term of several fields: any of its parts is enough."""

    parts: tuple[int, ...]

    def papers(self, of: Sequence[int], _: PaperIndex) -> int:
        """Returns the papers that fulfil the condition. `of`: slot -> its papers, for all lower slots."""
        united = 0
        for slot in self.parts:
            united |= of[slot]
        return united


class Near(NamedTuple):
    """A term of nearness (`like:`): the words of a paper must have enough weight together."""

    words: tuple[tuple[int, int], ...]  # (the slot of a word, its weight)
    own: AnyOf  # the named papers, which do not count as near to themselves

    def papers(self, of: Sequence[int], index: PaperIndex) -> int:
        """Returns the papers that fulfil the condition. `of`: slot -> its papers, for all lower slots."""
        near = [0] * len(index.papers)
        for slot, weight in self.words:
            for place in index.positions(of[slot]):
                near[place] += weight
        enough = index.set_of(place for place, weight in enumerate(near) if weight >= fulfilment.LEAST_NEARNESS)
        return enough & ~self.own.papers(of, index)


class About(NamedTuple):
    """A term of meaning (`about:`): the papers whose vector is near to that of the text."""

    text: str
    questions: Mapping[str, bytes]  # text -> its vector (`Conditions.questions`)

    def papers(self, _: Sequence[int], index: PaperIndex) -> int:
        """Returns the papers that fulfil the condition."""
        return index.fulfilling(Term(ABOUT, value=self.text, question=self.questions[self.text]), index.every)


Condition: TypeAlias = Checked | AnyOf | Near | About


class Conditions:
    """The different conditions of many queries. They only become more."""

    def __init__(self) -> None:
        self.questions: dict[str, bytes] = {}  # text of a term of meaning -> its vector; b"" if it is not known
        # for each space: phrase -> slot; for each phrase also its beginnings, so that it is found word by word
        self._phrases = defaultdict[Space, dict[str, int]](dict)
        self._names = defaultdict[Space, dict[str, int]](dict)  # for each space: one or two parts of a name -> slot
        self._beginnings = defaultdict[Space, dict[str, int]](dict)  # for each space: beginning of a word -> slot
        self._labels: dict[str, int] = {}
        self._others: dict[int, Condition] = {}  # slot -> condition; those that it needs have lower slots
        self._slots: dict[Term, int] = {}  # term -> slot, for these others
        self._count = 0

    def slot(self, term: Term) -> int:
        """Returns the slot of a term."""
        kind, space = term.field.kind, (term.field, term.exact)
        if kind in (ValueKind.CATEGORY, ValueKind.PAPER_ID, ValueKind.LABEL):
            return self._slot(self._labels, fulfilment.label_of(term))
        if kind in (ValueKind.WORDS, ValueKind.NAME):
            if term.prefix and len(term.tokens) == 1:
                return self._slot(self._beginnings[space], term.tokens[0])
            if kind is ValueKind.NAME and (parts := _parts(term)):
                return self._slot(self._names[space], parts)
            if kind is ValueKind.WORDS and not term.prefix and len(term.tokens) <= LONGEST:
                return self._phrase(self._phrases[space], term.tokens)
        if kind is ValueKind.MEANING and not self.questions.get(term.value):
            self.questions[term.value] = term.question
        slot = self._slots.get(term)
        if slot is None:
            condition = self._condition(term)  # first takes the slots that it needs, so these are lower
            slot = self._slots[term] = self._new()
            self._others[slot] = condition
        return slot

    def papers(self, index: PaperIndex) -> list[int]:
        """Returns slot -> the papers that fulfil its condition."""
        of = [0] * self._count
        for space, phrases in self._phrases.items():
            _put_phrases(of, phrases, index, space)
        for space, names in self._names.items():
            _put_names(of, names, index, space)
        for space, beginnings in self._beginnings.items():
            _put_beginnings(of, beginnings, index.words(space).having)
        for place, paper in enumerate(index.tokenized):
            for label in self._labels.keys() & paper.labels:
                of[self._labels[label]] |= 1 << place
        for slot, condition in self._others.items():
            of[slot] = condition.papers(of, index)
        return of

    def _new(self) -> int:
        self._count += 1
        return self._count - 1

    def _slot(self, slots: dict[str, int], text: str) -> int:
        slot = slots.get(text)
        if slot is None:
            slot = slots[text] = self._new()
        return slot

    def _phrase(self, slots: dict[str, int], words: Sequence[str]) -> int:
        phrase = " ".join(words)
        if phrase not in slots:
            for end in range(1, len(words) + 1):
                self._slot(slots, " ".join(words[:end]))
        return slots[phrase]

    def _condition(self, term: Term) -> Condition:
        if term.field.kind is ValueKind.COMBINED:
            return AnyOf(tuple(map(self.slot, fulfilment.simple_terms(term))))
        if term.field.kind is ValueKind.NEARNESS:
            words = tuple((self.slot(Term(TEXT, tuple(word.split()))), weight) for word, weight in term.near)
            return Near(words, AnyOf(tuple(map(self.slot, fulfilment.papers_of(term)))))
        if term.field.kind is ValueKind.MEANING:
            return About(term.value, self.questions)
        return Checked(tuple(map(self.slot, _needed_by(term))), term)


def _parts(term: Term) -> str:
    """Returns the one or two parts of a name that a term asks for, as `_parts_of` has them; "" for other terms."""
    if term.prefix or len(term.tokens) > MOST_PARTS:
        return ""
    whole, *others = sorted(term.tokens, key=is_initial)
    if is_initial(whole):
        return ""
    return " ".join([whole, *(f"{part}." if is_initial(part) else part for part in others)])


def _parts_of(name: Iterable[str]) -> Iterator[str]:
    """Yields what queries ask for of a name: "doe", "doe jane", "doe j."."""
    yield from name
    for part, other in permutations(name, MOST_PARTS):
        yield f"{part} {other}"
        yield f"{part} {other[0]}."


def _needed_by(term: Term) -> Iterator[Term]:
    """Yields terms that a look-up decides, and that a paper must fulfil to fulfil this one."""
    whole, begun = (term.tokens[:-1], term.tokens[-1:]) if term.prefix else (term.tokens, ())
    if term.field.kind is ValueKind.NAME:
        yield from (Term(term.field, (part,), exact=term.exact) for part in whole if not is_initial(part))
    elif whole:
        yield Term(term.field, whole[:LONGEST], exact=term.exact)
    if begun:
        yield Term(term.field, begun, prefix=True, exact=term.exact)


def _put_phrases(of: list[int], wanted: Mapping[str, int], index: PaperIndex, space: Space) -> None:
    """Stores the papers of words and phrases. `wanted`: phrase -> slot, for each phrase also its beginnings."""
    words = index.words(space)
    for word in wanted.keys() & words.having.keys():
        of[wanted[word]] = words.having[word]
    for place, text in enumerate(words.of):
        bit = 1 << place
        for phrase in _phrases(text, wanted):
            of[wanted[phrase]] |= bit


def _phrases(words: Sequence[str], wanted: Mapping[str, int]) -> set[str]:
    """Returns the wanted phrases of two words or more in a text."""
    found: set[str] = set()
    for place, word in enumerate(words, 1):
        if word in wanted:
            end, phrase = place, f"{word} {words[place]}"
            while phrase in wanted:
                found.add(phrase)
                end += 1
                phrase = f"{phrase} {words[end]}"
    return found


def _put_names(of: list[int], wanted: Mapping[str, int], index: PaperIndex, space: Space) -> None:
    """Stores the papers of names. `wanted`: parts of a name (`_parts`) -> slot."""
    field, exact = space
    for place, paper in enumerate(index.tokenized):
        for name in fulfilment.names_of(field, paper, exact=exact):
            for parts in wanted.keys() & _parts_of(name):
                of[wanted[parts]] |= 1 << place


def _put_beginnings(of: list[int], wanted: Mapping[str, int], having: Mapping[str, int]) -> None:
    """Stores the papers of beginnings of words. `wanted`: beginning -> slot, `having`: word -> its papers."""
    longest = max(map(len, wanted))
    for word, papers in having.items():
        for length in range(1, min(len(word), longest) + 1):
            if word[:length] in wanted:
                of[wanted[word[:length]]] |= papers
