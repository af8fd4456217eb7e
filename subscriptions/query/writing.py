"""A value as it can be typed: in the person's words, and read as the same again."""

import re
from collections.abc import Iterator

from subscriptions.errors import QueryError
from subscriptions.query.parsing.commas import EXCLUDES
from subscriptions.query.parsing.parse import parse_query
from subscriptions.query.syntax import Leaf, Term

PLAIN = re.compile(r"[^\W_][\w.'’+#/-]*")
FIELD_LABELS = {
    "title": "ti:",
    "abstract": "abs:",
    "summary": "summary:",
    "author": "author:",
    "category": "cat:",
    "primary": "primary:",
    "id": "id:",
    "doi": "doi:",
    "source": "source:",
    "all": "all:",
}  # of a bare word, and of a bare arXiv id, there is none
_LIKE_OPERATOR = re.compile(rf"(?:and|or)$|{EXCLUDES}", re.VERBOSE)  # such a word is seen to be a word in quotes


def written_value(leaf: Leaf) -> str:
    """The value of a leaf as it is typed behind its field; "" when there is no way to type it."""
    label = FIELD_LABELS.get(leaf.term.field, "")
    return next((form for form in _forms(leaf) if _term(label + form) == leaf.term), "")


def _forms(leaf: Leaf) -> Iterator[str]:
    """Ways to write a value, the one most like what was typed first."""
    words = " ".join(leaf.words.replace('"', " ").split())
    forms = ["-".join(words.split())] if leaf.term.prefix else [words, f'"{words}"']
    if leaf.quoted or not PLAIN.fullmatch(words) or _LIKE_OPERATOR.match(words):
        forms.reverse()
    exact = "=" * leaf.term.exact
    yield from (exact + form for form in forms)
    yield leaf.canonical.removeprefix(f"{leaf.term.field}:").removeprefix(FIELD_LABELS.get(leaf.term.field, ""))


def _term(text: str) -> Term | None:
    """What a text asks for, if it is one value."""
    try:
        tree = parse_query(text).tree
    except QueryError:
        return None
    return tree.term if isinstance(tree, Leaf) else None
