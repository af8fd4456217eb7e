"""Matches all queries of a set with all papers of an index, a column at a time.

A set of papers is an integer, a bit for each. So a column of slots becomes a column of sets of papers, and two columns are
intersected in one step:

1. the papers of each word and phrase: the texts of the papers are gone through once, from each word to the next;
2. of each feature: the features of the papers are looked up, not those of the queries;
3. of each beginning of words: each word of the papers is cut to all lengths;
4. of each two parts of a name: the parts of the authors are looked up;
5. of each term that is to be checked: columns of its features give the few papers in which it is looked for;
6. of each nearness: the weights of the words that a paper has are added up;
7. of each term of several fields;
8. of each query: columns of its slots.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from operator import and_, invert

from subscriptions.matching.columns import NO_PAPER, Columns
from subscriptions.matching.features import HEAD
from subscriptions.matching.paper_index import Numbered, PaperIndex
from subscriptions.matching.query_set import QuerySet
from subscriptions.matching.slots import SLOT_BITS, Nearness, Slots
from subscriptions.matching.terms import LEAST_NEARNESS, predicate
from subscriptions.normalize.tokenizers import is_initial


def match(queries: QuerySet, index: PaperIndex) -> Mapping[int, int]:
    """Returns handle -> the papers that a query finds, as bits of the index; without queries that find none."""
    if not index.papers or not len(queries):
        return {}
    slots = queries.slots
    papers = [0] * len(slots)  # by slot
    _put(papers, _said(slots, index))
    _put(papers, _begun(slots.beginnings, index))
    _put(papers, _named(slots, index))
    _put(papers, _checked(slots, index, _fulfilled(papers, slots.candidates)))
    _put(papers, _near(papers, slots.nearness, index))
    _put(papers, ((slot, _any_of(papers, parts)) for slot, parts in slots.parts.items()))
    found: dict[int, int] = {}
    for handle, having in _fulfilled(papers, queries.clauses):
        found[handle] = found.get(handle, 0) | having
    return found


def _put(papers: list[int], found: Iterable[tuple[int, int]]) -> None:
    """Adds (slot, papers that have it)."""
    for slot, having in found:
        papers[slot] |= having


def _fulfilled(papers: list[int], clauses: Columns) -> Iterator[tuple[int, int]]:
    """Yields (handle, papers) of each clause that some paper fulfils."""
    of = papers.__getitem__
    for table in clauses:
        first, *others = table.wanted
        found = map(of, first)
        for column in others:
            found = map(and_, found, map(of, column))
        for column in table.unwanted:
            found = map(and_, found, map(invert, map(of, column)))
        yield from [(handle, having) for handle, having in zip(table.handles, found, strict=True) if having]


def _said(slots: Slots, index: PaperIndex) -> Iterator[tuple[int, int]]:
    """Yields (slot of a word, phrase or feature, a paper that has it)."""
    begins = {step >> SLOT_BITS for step in slots.steps}
    of_papers = zip(_by_paper(index.words, slots.words), _by_paper(index.features, slots.features), strict=True)
    for place, (words, features) in enumerate(of_papers):
        for slot in {*words, *_phrases(words, slots.steps, begins), *features} - {NO_PAPER}:
            yield slot, 1 << place


def _by_paper(texts: Numbered, slot_of: Mapping[str, int]) -> Iterator[list[int]]:
    """Yields the slots of the texts of each paper."""
    slots = [slot_of.get(text, NO_PAPER) for text in texts.number_of]
    begin = 0
    for end in texts.ends:
        yield [slots[number] for number in texts.sequence[begin:end]]
        begin = end


def _phrases(words: list[int], steps: Mapping[int, int], begins: Container[int]) -> Iterator[int]:
    """Yields the slots of the phrases in a sequence of words."""
    for start in [place for place, word in enumerate(words) if word in begins]:
        slot, end = words[start], start + 1
        while slot in begins and (step := slot << SLOT_BITS | words[end]) in steps:
            slot, end = steps[step], end + 1
            yield slot


def _begun(beginnings: Mapping[str, int], index: PaperIndex) -> Iterator[tuple[int, int]]:
    """Yields (slot of a beginning, papers that have such a word)."""
    for word, papers in index.spellings.items() if beginnings else ():
        for length in range(HEAD, len(word) + 1):
            slot = beginnings.get(word[:length])
            if slot is not None:
                yield slot, papers


def _named(slots: Slots, index: PaperIndex) -> Iterator[tuple[int, int]]:
    """Yields (slot of two parts of a name, a paper with such an author)."""
    for field, wanted in slots.names.items():
        for place, paper in enumerate(index.tokenized):
            for name in paper.names[field]:
                for at, part in enumerate(name):
                    for slot in _other_parts(wanted[part], name[:at] + name[at + 1 :]) if part in wanted else ():
                        yield slot, 1 << place


def _other_parts(slot_of: Mapping[str, int], parts: tuple[str, ...]) -> Iterator[int]:
    """Yields the slots of the other parts of a name, and of their initials."""
    initials = filter(is_initial, (part[0] for part in parts))
    return (slot_of[part] for part in (*parts, *initials) if part in slot_of)


def _checked(slots: Slots, index: PaperIndex, candidates: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yields the candidates, each a term and papers, with those of the papers that fulfil the term."""
    for slot, papers in candidates:
        fulfils = predicate(slots.checked[slot])
        yield slot, sum(1 << place for place in index.positions(papers) if fulfils(index.tokenized[place]))


def _near(papers: list[int], wanted: Mapping[int, Nearness], index: PaperIndex) -> Iterator[tuple[int, int]]:
    """Yields (slot of nearness, papers that are near enough). The papers of each word are looked up once."""
    having: dict[int, list[int]] = {}
    for slot, (words, own) in wanted.items():
        near = [0] * len(index.papers)
        for word, weight in words:
            places = having.get(word)
            if places is None:
                places = having[word] = list(index.positions(papers[word]))
            for place in places:
                near[place] += weight
        enough = sum([1 << place for place, sum_ in enumerate(near) if sum_ >= LEAST_NEARNESS])
        yield slot, enough & ~_any_of(papers, own)


def _any_of(papers: list[int], slots: Iterable[int]) -> int:
    united = 0
    for slot in slots:
        united |= papers[slot]
    return united
