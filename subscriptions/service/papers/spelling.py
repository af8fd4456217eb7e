"""Words that no stored paper has, and the words of papers to which they are close."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from subscriptions.matching.distinctive import STOP_WORDS
from subscriptions.normalize.plurals import fold_plural
from subscriptions.normalize.tokenizers import author_tokens
from subscriptions.query.changing import rewritten
from subscriptions.query.fields import AUTHOR, ValueKind
from subscriptions.query.syntax import Leaf, Node, Not, Query
from subscriptions.service.papers.word_counts import counted_words_of_all
from subscriptions.store import Transaction, reads
from subscriptions.store.papers import index

_WORD = re.compile(r"(?<![\w*])[A-Za-z]{4,24}(?![\w*])")
_SHORT = 8  # letters; a shorter word may have one wrong, a longer one two


@dataclass(frozen=True, slots=True)
class Spelling:
    """The words of a query that no stored paper has, as typed, and the query with words of papers in their places."""

    unknown: tuple[str, ...]
    meant: str  # "" if no unknown word is close to a word of a paper


@reads
def spelling(transaction: Transaction, query: Query) -> Spelling:
    """Returns which words of a query no stored paper has, and what was probably meant."""
    typed = {word: dict.fromkeys((form, fold_plural(form))) for word, form in _words(query.tree)}
    known = index.spelled(transaction, [form for forms in typed.values() for form in forms])
    unknown = {word: next(iter(forms)) for word, forms in typed.items() if known.isdisjoint(forms)}
    close = {word: found for word, form in unknown.items() if (found := _nearest(transaction, form))}
    meant = rewritten(query, lambda node: _respelled(node, close)) if close else ""
    return Spelling(tuple(unknown), meant)


def _words(node: Node) -> Iterator[tuple[str, str]]:
    """Yields the words that a query wants, each as typed and as `spellings` has it."""
    if isinstance(node, Leaf):
        is_name = node.term.field is AUTHOR
        if is_name or node.term.field.kind is ValueKind.WORDS:
            for word in _WORD.findall(node.words):
                yield word, f"@{''.join(author_tokens(word))}" if is_name else word.lower()
    elif not isinstance(node, Not):
        for part in node.nodes:
            yield from _words(part)


def _nearest(transaction: Transaction, word: str) -> str:
    """Returns the word of a paper that is closest to a word that none has, of several the commonest; "" if none is close."""
    from rapidfuzz import distance, process  # noqa: PLC0415 - 30 ms of a start, and 3 MB of a process at rest

    most = 1 if len(word) < _SHORT else 2
    alike = index.spelled_alike(transaction, word, most)
    found = process.extract(word, alike, scorer=distance.OSA.distance, score_cutoff=most, limit=None)
    rarity = counted_words_of_all(transaction)
    having = {**rarity.having, **dict.fromkeys(STOP_WORDS, rarity.papers)}  # those are not counted
    ranked = sorted(found, key=lambda one: (one[1], -having.get(fold_plural(one[0]), 0), one[0]))
    best = ranked[0][0] if ranked else ""
    return best[1:].title() if best[:1] == "@" else best


def _respelled(node: Node, close: Mapping[str, str]) -> Node:
    """Returns a node with these words in place of those that no paper has."""
    if isinstance(node, Leaf):
        return replace(node, words=_WORD.sub(lambda word: close.get(word[0], word[0]), node.words))
    return node if isinstance(node, Not) else type(node)(tuple(_respelled(part, close) for part in node.nodes))
