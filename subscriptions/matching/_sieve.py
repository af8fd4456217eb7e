"""A quick look that lets pass every paper that a query may fit, and keeps back most others.

Reading a paper takes half a millisecond, a look at its letters a twentieth of that. Who looks at thousands of papers for
one person reads only those that pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from subscriptions.matching._reading import TEXT_FIELDS, category_labels, simple_terms
from subscriptions.normalize import is_initial, sieve_root, sieved, sieved_names
from subscriptions.query import Alternative, Query, Term


@dataclass(slots=True)
class Glance:
    """What of a paper can be seen without reading it."""

    texts: str  # titles, abstracts and summaries, one below the other
    authors: str  # likewise
    categories: Sequence[str]
    primary: str | None
    ids: Sequence[str]  # arXiv id or key, and DOI, in any letter case


Look = Callable[["_Letters"], bool]


class _Letters:
    """The letters of a paper, worked out when somebody looks at them."""

    def __init__(self, glance: Glance) -> None:
        self.glance = glance

    @cached_property
    def texts(self) -> str:
        return sieved(self.glance.texts)

    @cached_property
    def names(self) -> str:
        return sieved_names(self.glance.authors)


class Sieve:
    """A query, as papers are looked at for it."""

    def __init__(self, query: Query) -> None:
        self._looks = tuple(map(_wanting, query.alternatives))

    def passes(self, glance: Glance) -> bool:
        """False: the query does not fit this paper. True: read it."""
        letters = _Letters(glance)
        return any(all(look(letters) for look in looks) for looks in self._looks)


def _wanting(alternative: Alternative) -> tuple[Look, ...]:
    """What each wanted term asks for, the cheapest first. What is excluded keeps nothing back: a look cannot prove it."""
    return tuple(_asking(term) for term in sorted(alternative.positive, key=lambda term: term.field in TEXT_FIELDS))


def _asking(term: Term) -> Look:
    looks = [_asking_simply(part) for part in simple_terms(term)]
    return looks[0] if len(looks) == 1 else lambda letters: any(look(letters) for look in looks)


def _asking_simply(term: Term) -> Look:
    if term.field in TEXT_FIELDS:
        roots = _roots(term)
        return lambda letters: all(root in letters.texts for root in roots)
    if term.field == "author":
        parts = [sieved_names(part) for part in term.tokens if not is_initial(part)]
        return lambda letters: all(part in letters.names for part in parts)
    if term.field in ("category", "primary"):
        return _asking_for_category(term)
    if term.field in ("id", "doi"):
        return lambda letters: term.value in map(str.lower, letters.glance.ids)
    return lambda _: True


def _roots(term: Term) -> list[str]:
    if term.exact:
        return [sieved(token) for token in term.tokens]
    last = len(term.tokens) - 1
    return [sieve_root(token, prefix=term.prefix and place == last) for place, token in enumerate(term.tokens)]


def _asking_for_category(term: Term) -> Look:
    label = f"{term.field}:{term.value}"

    def look(letters: _Letters) -> bool:
        of_paper = letters.glance.categories
        if term.field == "primary":
            of_paper = [letters.glance.primary] if letters.glance.primary else of_paper[:1]
        return any(label in category_labels(term.field, code) for code in of_paper)

    return look
