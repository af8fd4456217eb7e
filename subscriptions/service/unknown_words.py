"""Words of a query that no stored paper has, and known words that are spelled nearly like them: with how many typing errors."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from subscriptions import normalize
from subscriptions.normalize import plurals
from subscriptions.query import AUTHOR, TEXT, ValueKind, rewriting
from subscriptions.query.tree import Leaf, Node, Not, Query, Term
from subscriptions.service import known_papers
from subscriptions.store import paper_words
from subscriptions.store.database.store import Transaction, reads

_WORD = re.compile(r"(?<![\w*])[A-Za-z]{4,24}(?![\w*])")
_ACRONYM = re.compile(r"[A-Z]{4,6}")  # CRISPR is not a wrong spelling of crisp
_SHORT = 8  # letters; for a shorter word one typing error is corrected, for others two


@dataclass(frozen=True, slots=True)
class Spelling:
    """The words of a query that no stored paper has, as typed, and the query with similar words that papers have."""

    unknown: tuple[str, ...]
    meant: str  # the query that was probably meant; "" if no unknown word is close to a word of a paper


@reads
def spelling(transaction: Transaction, query: Query) -> Spelling:
    """Returns which words of a query no stored paper has, and the query that was probably meant."""
    typed = {word: dict.fromkeys((form, plurals.fold_plural(form))) for word, form in _unknown_words(query.tree)}
    known = paper_words.spelled(transaction, [form for forms in typed.values() for form in forms])
    unknown = {word: next(iter(forms)) for word, forms in typed.items() if known.isdisjoint(forms)}
    words = {word: form for word, form in unknown.items() if not _ACRONYM.fullmatch(word)}
    close = {word: found for word, form in words.items() if (found := _nearest_words(transaction, form))}
    meant = ""
    if close:
        meant = rewriting.rewritten(query, lambda node: rewriting.changed(node, lambda leaf: _respelled(leaf, close)))
    return Spelling(tuple(unknown), meant)


def _unknown_words(node: Node) -> Iterator[tuple[str, str]]:
    """Yields (word as typed, word in the form of `spellings`) for each word that the query does not exclude."""
    if isinstance(node, Leaf):
        is_name = node.term.field is AUTHOR
        if is_name or node.term.field.kind is ValueKind.WORDS:
            for word in _WORD.findall(node.words):
                yield word, f"@{''.join(normalize.author_tokens(word))}" if is_name else word.lower()
    elif not isinstance(node, Not):
        for part in node.nodes:
            yield from _unknown_words(part)


def _nearest_words(transaction: Transaction, word: str) -> str:
    """Returns the most similar word of a stored paper, of several the most common one; "" if none is similar enough."""
    from rapidfuzz import distance, process  # noqa: PLC0415 - takes 30 ms of the start, and 3 MB of memory

    most = 1 if len(word) < _SHORT else 2
    alike = paper_words.spelled_alike(transaction, word, most)
    found = process.extract(word, alike, scorer=distance.OSA.distance, score_cutoff=most, limit=None)
    least = min((errors for _, errors, _ in found), default=0)
    nearest = sorted(form for form, errors, _ in found if errors == least)
    best = max(nearest, key=lambda form: _papers_with(transaction, form), default="")
    return best[1:].title() if best[:1] == "@" else best


def _papers_with(transaction: Transaction, form: str) -> int:
    """Returns how many of the newest papers have a word or a part of a name, in the form of `spellings`."""
    entries, _ = known_papers.searched_range(transaction)
    term = Term(AUTHOR, (form[1:],)) if form[:1] == "@" else Term(TEXT, (plurals.fold_plural(form),))
    return known_papers.having(transaction, entries, term)[0].bit_count()


def _respelled(leaf: Leaf, close: Mapping[str, str]) -> Leaf:
    """Returns a leaf in which unknown words are replaced. `close` is unknown word → word of a paper."""
    return replace(leaf, words=_WORD.sub(lambda word: close.get(word[0], word[0]), leaf.words))
