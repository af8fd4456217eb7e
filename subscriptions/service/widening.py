"""Find what a query misses: papers by an author's initials where the family name is common, the words of an acronym."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from subscriptions import normalize
from subscriptions.model import Chat
from subscriptions.query import AUTHOR, TEXT, parse, rewriting
from subscriptions.query.tree import Leaf, Node, Or, Query, Term, leaves
from subscriptions.query.typed_names import also_initials
from subscriptions.service import paper_search, previews
from subscriptions.store import paper_words
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.paper_words import Among
from subscriptions.texts.acronyms import Definition, acronym_of, definition_in

_MOST_READ = 1_500  # newest papers with an acronym in which its definition is looked for; each takes some 20 µs
_FEWEST_DEFINING = 10  # papers
_ALIKE = 0.95  # least share of the definitions of an acronym that agree


class Initials(NamedTuple):
    """An author whom a query wants by the full name only, and stored papers have by initials."""

    name: str  # such as "W. Zhang"
    text: str  # the query that also finds these papers
    more: int  # how many they are


@reads
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
    text: str  # the query that also finds these words
    more: int  # papers of the last days that this query finds, and the other one does not


@reads
def by_words_of_acronym(transaction: Transaction, query: Query, chat: Chat, *, now: datetime) -> Acronym | None:
    """Return the first acronym of a query whose words find more papers of the last days; None if there is none."""
    for leaf in leaves(query.tree, also_excluded=False):
        acronym = acronym_of(leaf.words) if _is_single_word(leaf) else ""
        known = spelled_out(transaction, acronym) if acronym else None
        if known is None:
            continue
        text = _with(query, leaf, Or((leaf, replace(leaf, words=known.words, quoted=True))))
        window = previews.recent(transaction, now)
        if text and (more := set(window.find(transaction, parse.parse_query(text, query.chat), chat).papers)):
            more -= set(window.find(transaction, query, chat).papers)
            if more:
                return known._replace(text=text, more=len(more))
    return None


def spelled_out(transaction: Transaction, acronym: str) -> Acronym | None:
    """Return for what an acronym stands in the newest papers that define it; None if these are few or disagree."""
    term = Term(TEXT, tuple(normalize.tokens(acronym)))
    texts = paper_words.newest_with(transaction, term, _MOST_READ)
    definitions = [found for title, text in texts if (found := definition_in(f"{title}\n{text}", acronym))]
    alike = Counter(map(_meaning, definitions)).most_common(1)
    if len(definitions) < _FEWEST_DEFINING or alike[0][1] < _ALIKE * len(definitions):
        return None
    agreeing = [one for one in definitions if _meaning(one) == alike[0][0]]
    written = Counter(one.acronym for one in agreeing).most_common(1)[0][0]
    return Acronym(written, _words(agreeing), len(agreeing), len(definitions), "", 0)


def _is_single_word(leaf: Leaf) -> bool:
    term = leaf.term
    return (term.field is TEXT or term.field.in_any_text) and not (leaf.quoted or term.exact or term.prefix)


def _meaning(definition: Definition) -> str:
    """Return what is equal for definitions that differ only in letter case, hyphens and plural."""
    return "".join(normalize.tokens(definition.words))


def _words(definitions: Sequence[Definition]) -> str:
    """Return the shortest form of words that are alike, which is the singular; without capitals, if papers write it so."""
    forms = Counter(one.words for one in definitions)
    plain = [words for words in forms if words.islower()] or [*forms]
    return min(plain, key=lambda words: (len(words), -forms[words], words))


def _with(query: Query, leaf: Leaf, instead: Node) -> str:
    """Return the text of a query with a node instead of a value; "" if that makes no difference."""

    def change(node: Node) -> Node:
        return rewriting.changed(node, lambda one: instead if one is leaf else one)

    return rewriting.rewritten(query, change)


def _found(transaction: Transaction, query: Query) -> set[int]:
    return set(paper_search.find(transaction, query, Among()).papers)
