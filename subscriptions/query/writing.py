"""The value of a leaf in the words of the person, such that it is parsed into the same term."""

import re
from collections.abc import Iterator

from subscriptions.errors import QueryError
from subscriptions.query.fields import FIELDS, ValueKind
from subscriptions.query.parsing.commas import EXCLUDES
from subscriptions.query.parsing.parse import parse_query
from subscriptions.query.syntax import Leaf, Term

PLAIN = re.compile(r"[^\W_][\w.'’+#/-]*")
_LIKE_OPERATOR = re.compile(rf"(?:and|or|且|或)$|{EXCLUDES}", re.VERBOSE)  # quotes show that such a word is a word


def written_value(leaf: Leaf) -> str:
    """Returns the value of a leaf as people type it after the field; "" if it cannot be typed."""
    return next((form for form in _forms(leaf) if _means(leaf.term.field.prefix + form, leaf.term)), "")


def _forms(leaf: Leaf) -> Iterator[str]:
    """Yields ways to write a value, the one most like the typed value first."""
    words = " ".join(leaf.words.replace('"', " ").split())
    if leaf.term.field.kind is ValueKind.NEARNESS:
        yield from (words, f'"{words}"')
        return
    forms = ["-".join(words.split())] if leaf.term.prefix else [words, f'"{words}"']
    if leaf.quoted or not PLAIN.fullmatch(words) or _LIKE_OPERATOR.match(words):
        forms.reverse()
    exact = "=" * leaf.term.exact
    yield from (exact + form for form in forms)
    yield leaf.canonical.removeprefix(leaf.term.field.canonical_prefix)


def _means(text: str, term: Term) -> bool:
    """Whether a text is parsed into one value with this term."""
    field = term.field
    fields = FIELDS if field.is_bare or field in FIELDS else FIELDS.also(field)
    fields = fields.knowing({term.value: term.near}) if term.near else fields
    try:
        tree = parse_query(text, fields).tree
    except QueryError:
        return False
    return isinstance(tree, Leaf) and tree.term == term
