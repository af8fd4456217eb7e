"""A quick reader of short queries: words, phrases, exclusions and fields, and OR between them.

Most queries consist of a few hundred thousand different pieces such as `diffusion`, `-survey`, `ti:"graph neural"` and
`cat:cs.LG`. A piece means the same next to any other piece. So the careful reader (`parse_query`) reads each different
piece once, and reading a query means looking up its pieces. Texts with anything that could change what a piece means
(brackets, commas, links) go to the careful reader. A test checks that both readers agree.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from subscriptions.query import DOI, FIELDS, sentences
from subscriptions.query.parse import query_of
from subscriptions.query.tree import Alternative, Leaf, Query, Term

_NAMES = "|".join(sorted(name for name, field in FIELDS.by_name.items() if field is not DOI))
_PIECE = re.compile(rf"""(?:(?:{_NAMES}):)?(?:=?[^\W_]+(?:[-.][^\W_]+)*\*?|"[ .'-]*[^\W_](?:[^\W_]|[ .'-])*")""")
_PIECES = re.compile(r'-?(?:\w+:)?"[^"]*"(?!\S)|\S+')
_OR = frozenset({"OR", "|", "或"})


class _Piece(NamedTuple):
    """The meaning of a piece. Sorts as in canonical texts: by text, excluded pieces last."""

    excluded: bool
    text: str  # canonical, with the minus
    term: Term


def read_quickly(text: str) -> Query | None:
    """Returns the query in a text, without its tree; None if the careful reader must read the text, and may refuse it."""
    if len(text) > sentences.MAX_QUERY_LENGTH:
        return None
    found: dict[str, Alternative] = {}
    pieces: dict[str, _Piece] = {}
    for written in (*(_PIECES.findall(text) if '"' in text else text.split()), "OR"):
        if written not in _OR:
            piece = _piece(written)
            if piece is None:
                return None
            pieces[piece.text] = piece
            continue
        in_order = sorted(pieces.values())
        if not in_order or in_order[0].excluded:
            return None
        found[" ".join([piece.text for piece in in_order])] = Alternative(
            frozenset([piece.term for piece in in_order if not piece.excluded]),
            frozenset([piece.term for piece in in_order if piece.excluded]),
        )
        pieces = {}
    if len(found) > sentences.MAX_ALTERNATIVES:
        return None
    return Query(text, " OR ".join(sorted(found)), tuple(found.values()))


@lru_cache(maxsize=1 << 17)
def _piece(written: str) -> _Piece | None:
    """Returns the meaning of a piece as the careful reader reads it alone; None if that is not a single term."""
    value = written.removeprefix("-")
    query = query_of(value) if _PIECE.fullmatch(value) else None
    if query is None or not isinstance(query.tree, Leaf):
        return None
    excluded = value != written
    return _Piece(excluded, "-" * excluded + query.canonical, query.tree.term)
