"""Writes a value so that it is read alike: what has to be in quotes, such as a word that looks like an operator."""

import re
from collections.abc import Iterator
from dataclasses import replace

from subscriptions.query import FIELDS, Fields, ValueKind, commas
from subscriptions.query.links import without_owner
from subscriptions.query.parse import query_of
from subscriptions.query.tree import Leaf, Term

PLAIN = re.compile(r"[^\W_][\w.'’+#/-]*")
# such a word is in quotes, so that it is read as a word
_LIKE_OPERATOR = re.compile(rf"(?:and|or|且|或)$|{commas.EXCLUDES}", re.VERBOSE)


def written_value(leaf: Leaf) -> str:
    """Returns the value of a leaf as people type it after the field; "" if it cannot be typed."""
    return next((form for form in _forms(leaf) if _means(leaf.term.field.prefix + form, leaf.term)), "")


def _forms(leaf: Leaf) -> Iterator[str]:
    """Yields ways to write a value. The first is the most similar to the typed value."""
    words = " ".join(leaf.words.replace('"', " ").split())
    if leaf.term.field.kind.needs_vectors:
        yield from (words, f'"{words}"')
        return
    forms = ["-".join(words.split())] if leaf.term.prefix else [words, f'"{words}"']
    if leaf.quoted or not PLAIN.fullmatch(words) or _LIKE_OPERATOR.match(words):
        forms.reverse()
    exact = "=" * leaf.term.exact
    yield from (exact + form for form in forms)
    yield leaf.canonical.removeprefix(leaf.term.field.canonical_prefix)


def _means(text: str, term: Term) -> bool:
    """Returns whether a text is a query of one value with exactly this term."""
    field = term.field
    fields = FIELDS if field.is_bare or field in FIELDS else Fields(*FIELDS, field)
    if field.kind is ValueKind.NEARNESS:
        term = replace(term, value=without_owner(term.value))
    query = query_of(text, fields)
    return query is not None and isinstance(query.tree, Leaf) and query.tree.term == replace(term, question=b"")
