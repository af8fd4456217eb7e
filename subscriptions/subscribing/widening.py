"""Find what a query misses: papers by an author's initials where the family name is common, the words of an acronym."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from subscriptions.database.store import Transaction
from subscriptions.model import Chat
from subscriptions.papers import search as paper_search
from subscriptions.papers.stored import words as paper_words
from subscriptions.papers.stored.words import Among
from subscriptions.plan import previews
from subscriptions.query import AUTHOR, TEXT, parse, rewriting
from subscriptions.query.tree import Leaf, Node, Or, Query, Term, leaves
from subscriptions.query.typed_names import also_initials
from subscriptions.text import words as normalize
from subscriptions.text.acronyms import Definition, acronym_of, definition_in

_MOST_READ = 500  # newest papers with an acronym in which its definition is looked for; each takes some 30 µs
_MOST_READ_OF_SMALL = 100  # likewise of a word in small letters, which is rarely an acronym
_FEWEST_DEFINING = 10  # papers
_LEAST_PERCENT = 95  # of the definitions of an acronym that agree


class Initials(NamedTuple):
    """An author whom a query wants by the full name only, and stored papers have by initials."""

    name: str  # such as "W. Zhang"
    text: str  # the query that also finds these papers
    more: int  # how many they are


def by_initials(transaction: Transaction, query: Query) -> Initials | None:
    """Return the first author of a query whom stored papers have by initials; None if there is none."""
    for leaf in leaves(query.tree, also_excluded=False):
        if leaf.term.field is not AUTHOR or leaf.term.exact or leaf.term.prefix:
            continue
        name, wider = also_initials(leaf.words)
        if text := name and _with(query, leaf, replace(leaf, words=wider, quoted=True)):
            found = _found(transaction, parse.parse_query(text, query.chat))
            if more := len(found - _found(transaction, query)):
                return Initials(name, text, more)
    return None


class Acronym(NamedTuple):
    """An acronym in a query, and the words for which it stands in nearly all papers that define it."""

    acronym: str  # as these papers write it
    words: str
    agreeing: int  # papers that define it so
    defining: int  # papers that define it
    text: str = ""  # the query that also finds these words
    more: int = 0  # papers of the last days that this query finds, and the other one does not


def by_words_of_acronym(
    transaction: Transaction, query: Query, chat: Chat, *, found: int, now: datetime
) -> Acronym | None:
    """Return the first acronym of a query whose words find more papers of the last days; None if there is none.

    `found`: how many papers of these days the query finds.
    """
    for leaf in leaves(query.tree, also_excluded=False):
        acronym = acronym_of(leaf.words) if _is_single_word(leaf) else ""
        known = spelled_out(transaction, acronym) if acronym else None
        if known is None:
            continue
        text = _with(query, leaf, Or((leaf, replace(leaf, words=known.words, quoted=True))))
        if text:
            wider = previews.recent(transaction, now).find(transaction, parse.parse_query(text, query.chat), chat)
            if (more := len(wider.papers) - found) > 0:
                return known._replace(text=text, more=more)
    return None


def spelled_out(transaction: Transaction, acronym: str) -> Acronym | None:
    """Return for what an acronym stands in the newest papers that define it; None if these are few or disagree."""
    term = Term(TEXT, tuple(normalize.tokens(acronym)))
    texts = paper_words.newest_with(transaction, term, _MOST_READ_OF_SMALL if acronym.islower() else _MOST_READ)
    definitions = [found for title, text in texts if (found := definition_in(f"{title}\n{text}", acronym))]
    alike = defaultdict[str, Counter[Definition]](Counter)  # what definitions have in common → the definitions
    for one, count in Counter(definitions).items():
        alike[_meaning(one)][one] += count
    agreeing = max(alike.values(), key=Counter.total, default=Counter())
    if len(definitions) < _FEWEST_DEFINING or 100 * agreeing.total() < _LEAST_PERCENT * len(definitions):
        return None
    return Acronym(agreeing.most_common(1)[0][0].acronym, _words(agreeing), agreeing.total(), len(definitions))


def _is_single_word(leaf: Leaf) -> bool:
    term = leaf.term
    return (term.field is TEXT or term.field.in_any_text) and not (leaf.quoted or term.exact or term.prefix)


def _meaning(definition: Definition) -> str:
    """Return what is equal for definitions that differ only in letter case, hyphens and plural."""
    return "".join(normalize.tokens(definition.words))


def _words(definitions: Counter[Definition]) -> str:
    """Return the shortest words of definitions that are alike, which are singular; in small letters, if papers have them."""
    plain = [one for one in definitions if one.words.islower()] or [*definitions]
    return min(plain, key=lambda one: (len(one.words), -definitions[one], one.words)).words


def _with(query: Query, leaf: Leaf, instead: Node) -> str:
    """Return the text of a query with a node instead of a value; "" if that makes no difference."""

    def change(node: Node) -> Node:
        return rewriting.changed(node, lambda one: instead if one is leaf else one)

    return rewriting.rewritten(query, change)


def _found(transaction: Transaction, query: Query) -> set[int]:
    return set(paper_search.find(transaction, query, Among()).papers)
