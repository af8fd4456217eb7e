"""A quick reader of short queries: words, phrases, exclusions and fields, OR between them, and one choice in brackets.

The quick reader compiles the million queries of `bench.matching` in 8 s; the careful reader (`parse_query`) takes 30 s
(2026-11-23).

Most queries consist of a few hundred thousand different pieces such as `diffusion`, `-survey`, `ti:"graph neural"` and
`cat:cs.LG`. A piece means the same next to any other piece. So the careful reader reads each different piece once, and
reading a query means looking up its pieces. Texts with anything that could change what a piece means (other brackets,
commas, links) go to the careful reader. A test checks that both readers agree.
"""

import re
from operator import attrgetter
from typing import NamedTuple

from subscriptions.query import DOI, FIELDS, TEXT, Leaf, Term, ValueKind, sentences
from subscriptions.query.lexer import KEYWORDS
from subscriptions.query.parse import query_of
from subscriptions.query.values import Meaning, words_meaning

MOST_PIECES = 1 << 17  # pieces that are cached, about 400 bytes each

_NAMES = "|".join(sorted(name for name, field in FIELDS.by_name.items() if field is not DOI))
_PIECE = re.compile(rf"""(?:(?:{_NAMES}):)?(?:=?[^\W_]+(?:[-.][^\W_]+)*\*?|"[ .'-]*[^\W_](?:[^\W_]|[ .'-])*")""")
_WORDS = "|".join(sorted(name for name, field in FIELDS.by_name.items() if field.kind is ValueKind.WORDS))
_PHRASE = re.compile(
    rf"""(?:(?P<field>{_WORDS}):)?(?:(?P<word>(?!(?:{"|".join(KEYWORDS)})\Z)[^\W_]+)|"(?P<words>[^\W_]+(?:[ -][^\W_]+)*)")"""
)
_CHOICE = re.compile(r"(?:(?P<before>[^()]*)\s)?\((?P<choice>[^()]*)\)(?:\s(?P<after>[^()]*))?")
_PIECES = re.compile(r'-?(?:\w+:)?"[^"]*"(?!\S)|\S+')
_OR = frozenset({"OR", "|", "或"})
_END = ""


class Piece:
    """The meaning of a piece. There is one object for each meaning, so pieces are compared by identity."""

    __slots__ = ("excluded", "order", "term", "text")

    def __init__(self, text: str, term: Term, *, excluded: bool) -> None:
        self.text = text  # canonical, with the minus
        self.term = term
        self.excluded = excluded
        self.order = f"{excluded:d}{text}"  # sorts wanted pieces first


class ShortQuery(NamedTuple):
    """What a text asks for: its canonical text (`Query.canonical`), and the sorted pieces of each alternative."""

    canonical: str
    alternatives: tuple[tuple[Piece, ...], ...]


_order_of = attrgetter("order")
_known: dict[str, Piece | None] = {}  # piece as typed -> its meaning; None: the careful reader must read the text
_of_text: dict[str, Piece] = {}  # canonical text of a piece -> the piece


def read_quickly(text: str) -> ShortQuery | None:
    """Returns the query in a text; None if the careful reader must read the text, which it may refuse."""
    if len(text) > sentences.MAX_QUERY_LENGTH:
        return None
    if "(" in text:
        return _with_choice(text)
    written = _split(text)
    pieces = list(map(_known.get, written))
    if None not in pieces:
        return _one_alternative(pieces)  # type: ignore[arg-type]  # there is no None in it
    return _read(written)


def _split(text: str) -> list[str]:
    return _PIECES.findall(text) if '"' in text else text.split()


def _one_alternative(pieces: list[Piece]) -> ShortQuery | None:
    if len(pieces) > 1:
        pieces = sorted(set(pieces), key=_order_of)
    if not pieces or pieces[0].excluded:
        return None
    return ShortQuery(" ".join([piece.text for piece in pieces]), (tuple(pieces),))


def _read(written: list[str]) -> ShortQuery | None:
    """Like `read_quickly`, but for a text with new pieces or with OR."""
    if len(_known) >= MOST_PIECES:
        _known.clear()
        _of_text.clear()
    found: dict[str, tuple[Piece, ...]] = {}
    pieces: list[Piece] = []
    for one in (*written, _END):
        if one in _OR or one is _END:
            alternative = _one_alternative(pieces)
            if alternative is None:
                return None
            found[alternative.canonical] = alternative.alternatives[0]
            pieces = []
        elif piece := _piece(one):
            pieces.append(piece)
        else:
            return None
    return (
        ShortQuery(" OR ".join(sorted(found)), tuple(found.values()))
        if len(found) <= sentences.MAX_ALTERNATIVES
        else None
    )


def _with_choice(text: str) -> ShortQuery | None:
    """Like `read_quickly`, but for a text with brackets around one choice of two or more alternatives: `a (b OR c) -d`."""
    parts = _CHOICE.fullmatch(text)
    choice = _read(_split(parts["choice"])) if parts else None
    if parts is None or choice is None or len(choice.alternatives) == 1:
        return None
    pieces = [_piece(one) for side in ("before", "after") for one in _split(parts[side] or "")]
    if None in pieces:
        return None
    around = [piece for piece in set(pieces) if piece]
    if not around:
        return choice
    in_order = sorted(
        [(piece.order, piece.text) for piece in around] + [(f"0{choice.canonical}", f"({choice.canonical})")]
    )
    alternatives = [tuple(sorted({*around, *one}, key=_order_of)) for one in choice.alternatives]
    return ShortQuery(" ".join([part for _, part in in_order]), tuple(dict.fromkeys(alternatives)))


def _piece(written: str) -> Piece | None:
    """Returns the meaning of a piece as the careful reader reads it alone; None if that is not a single term."""
    if written in _known:
        return _known[written]
    value = written.removeprefix("-")
    meaning = _meaning(value)
    piece = None
    if meaning:
        text = "-" * (value != written) + meaning.canonical
        piece = _of_text.setdefault(text, Piece(text, meaning.term, excluded=value != written))
    _known[written] = piece
    return piece


def _meaning(value: str) -> Meaning | None:
    """Returns the meaning of a value with its field; None if its neighbours could change the meaning."""
    if phrase := _PHRASE.fullmatch(value):  # this shorter way saves a third of the time to compile queries
        return words_meaning(
            FIELDS.by_name[phrase["field"]] if phrase["field"] else TEXT, phrase["word"] or phrase["words"]
        )
    if not _PIECE.fullmatch(value):
        return None
    query = query_of(value)
    return Meaning(query.tree.term, query.tree.canonical) if query and isinstance(query.tree, Leaf) else None
